"""What goes wrong on the way to a simulated centre: when, how often, how it is written, what the client makes of it."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.client.mock_world import NOON, TINY

from naru_client.config import Profile
from naru_client.credentials import Secret
from naru_client.errors import BadAnswer, NaruError, SignInNeeded, Unreachable, UsageError
from naru_client.exchange import Call, CallLog
from naru_client.mock import fault_bodies
from naru_client.mock.fault_syntax import BUNDLES, KINDS, parse_fault, with_faults, written
from naru_client.mock.faults import Faults, SiteLine, Verdict, WorldLine, check, contracts_of, next_release
from naru_client.mock.scenario import Fault, parse_scenario
from naru_client.mock.world import SteppedClock, World
from naru_client.slurm.open import open_rest
from naru_client.slurm.rest import HttpTransport
from naru_client.slurm.restd import SlurmRest

import httpx  # isort: skip  # after slurm.rest, which keeps it from importing its command line

from naru_client.mock.fault_transport import FaultyTransport  # isort: skip

DATA = Path(__file__).parents[1] / "data" / "slurm"
JOBS = "/slurm/v0.0.44/jobs"
NODES = "/slurm/v0.0.44/nodes"
TOKEN = "eyJh.hush-hush.1"


def faults(*told: str, seed: int = 1) -> Faults:
    return Faults(with_faults((), told), seed)


def kinds(found: Faults, path: str = JOBS, *, count: int = 100, since: float = 0) -> list[str]:
    return [found.verdict(path, since).what for _ in range(count)]


# When, and how often


def test_without_faults_an_answer_is_an_answer() -> None:
    assert Faults().verdict(JOBS, 0) == Verdict("answer")


def test_a_fault_befalls_the_paths_it_names() -> None:
    found = faults("reset@*/jobs")
    assert found.verdict(JOBS, 0).what == found.verdict(JOBS + "/", 0).what == "reset"
    assert found.verdict(NODES, 0).what == "answer"
    assert faults("reset@jobs").verdict("/slurmdb/v0.0.44/jobs", 0).what == "reset"
    assert faults("reset@jobs").verdict("/slurm/v0.0.44/jobs/state", 0).what == "answer"


def test_a_share_is_drawn_from_the_seed_and_comes_out_about_right() -> None:
    drawn = kinds(faults("reset#0.3"), count=2000)
    assert drawn == kinds(faults("reset#0.3"), count=2000)
    assert drawn != kinds(faults("reset#0.3", seed=2), count=2000)
    assert 500 < drawn.count("reset") < 700
    assert kinds(faults("reset#30%"), count=2000) == drawn


def test_what_befalls_one_endpoint_does_not_depend_on_what_is_asked_of_others() -> None:
    alone, between = faults("half#0.5"), faults("half#0.5")
    wanted = kinds(alone)
    found = []
    for _ in range(100):
        found.append(between.verdict(JOBS, 0).what)
        between.verdict(NODES, 0)
    assert found == wanted


def test_paths_that_a_client_makes_up_do_not_fill_the_memory() -> None:
    found = faults("half#0.5")
    for number in range(3000):
        found.verdict("/" + "x" * 100 + chr(0x3041 + number), 0)
        found.verdict(f"/slurm/v0.0.44/job/{number}", 0)
    assert len(found._asked) < 300


def test_a_fault_has_its_time() -> None:
    found = faults("reset,after=60,for=1m")
    assert [found.verdict(JOBS, since).what for since in (0, 59.9, 60, 119.9, 120)] == [
        "answer", "answer", "reset", "reset", "answer",
    ]  # fmt: skip
    assert faults("reset,after=1h").verdict(JOBS, 1e7).what == "reset"


def test_delays_add_up_and_of_the_others_the_first_counts() -> None:
    found = faults("latency:1", "latency:0.5+0.5", "status:503/7", "reset")
    verdicts = [found.verdict(JOBS, 0) for _ in range(50)]
    assert {(v.what, v.status, v.retry_after) for v in verdicts} == {("status", 503, 7)}
    assert all(1.5 <= v.delay < 2 for v in verdicts)
    assert len({v.delay for v in verdicts}) == 50


def test_a_hang_without_a_time_lasts() -> None:
    assert faults("hang").verdict(JOBS, 0).seconds == math.inf
    assert faults("hang:2m").verdict(JOBS, 0).seconds == 120


# How they are written


def test_each_form_of_the_docstring_is_understood() -> None:
    from naru_client.mock import fault_syntax

    assert fault_syntax.__doc__ is not None
    shown = [line.split()[0] for line in fault_syntax.__doc__.splitlines() if line.startswith("    ") and ":" in line]
    told = [word for word in shown if word != "KIND[:VALUE][@PATHS][#SHARE][,after=TIME][,for=TIME]" and word[0] != "-"]
    assert len(told) >= 7
    for word in told:
        parse_fault(word)


def test_all_parts_are_read() -> None:
    assert parse_fault("status:503/30@*/nodes#0.3,after=2m,for=1h") == Fault(
        kind="status", status=503, retry_after=30, paths="*/nodes", share=0.3, after_seconds=120, for_seconds=3600
    )
    assert parse_fault("status=401") == Fault(kind="status", status=401)
    assert parse_fault("latency=0.5+0.2@*/jobs") == Fault(kind="latency", seconds=0.5, jitter=0.2, paths="*/jobs")
    assert parse_fault("skew:-90") == Fault(kind="skew", seconds=-90)
    assert parse_fault("upgrade:30/26.05.0,after=5") == Fault(
        kind="upgrade", seconds=30, release="26.05.0", after_seconds=5
    )
    assert parse_fault("wrong-types") == Fault(kind="wrong-types")


def test_every_kind_can_be_written() -> None:
    assert set(KINDS) == set(get_args(get_type_hints(Fault)["kind"]))
    for _needed, example, _pattern in KINDS.values():
        parse_fault(example)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("latncy:1", "did you mean latency"),
        ("", "there is no fault named ''"),
        ("teapot", "faults: latency, status"),
        ("latency", "latency needs a value, as in latency:0.5"),
        ("latency:", "latency needs a value"),
        ("latency:soon", "'soon' is no time"),
        ("latency:-1", "`seconds` must lie between 0"),
        ("latency:1e3", "'1e3' is no time"),
        ("latency:nan", "'nan' is no time"),
        ("latency:9999999999", "must lie between"),
        ("status", "status needs a value"),
        ("status:99", "status is written as in status:503/30"),
        ("status:200", "between 300 and 599"),
        ("status:503/soon", "status is written as in"),
        ("reset:3", "reset takes no value"),
        ("reset#2", "`share` must be above 0"),
        ("reset#0", "`share` must be above 0"),
        ("reset#nan", "`share` must be above 0"),
        ("reset#often", "'often' is no share"),
        ("reset@", "`paths` must be a pattern"),
        ("reset,sometimes", "'sometimes' is neither after=TIME nor for=TIME"),
        ("reset,for=-5", "must lie between 0"),
        ("skew:10@*/jobs", "about the whole site"),
        ("upgrade:30#0.5", "about the whole site"),
        ("upgrade:0", "`seconds` must be given"),
        ("upgrade:30/next", "where 26.05.0 or the like is wanted"),
        ("reset\x1b[31m", "there is no fault named"),
    ],
)
def test_what_cannot_be_understood_is_told(told: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_faults((), (told,))
    said = caught.value.message + "\n" + caught.value.hint
    assert words in said
    assert said.replace("\n", "").isprintable()


@given(st.text(max_size=60))
def test_no_text_is_worse_than_a_usage_error(text: str) -> None:
    said = ""
    try:
        Faults(with_faults((), (text,))).verdict(JOBS, 0)
    except UsageError as error:
        said = error.message + error.hint
    assert not said or said.isprintable()


@given(
    st.sampled_from(sorted(KINDS)), st.text("0123456789.+-/smhd", max_size=8), st.text("*/jobs[]!?", max_size=8),
    st.text("0.5%", max_size=5), st.text("0123456789.smhd", max_size=5),
)  # fmt: skip
def test_no_fault_is_worse_than_a_usage_error(kind: str, value: str, paths: str, share: str, time: str) -> None:
    try:
        found = Faults([parse_fault(f"{kind}:{value}@{paths}#{share},after={time}")])
    except UsageError:
        return
    assert found.verdict(JOBS, 1).delay >= 0


@pytest.mark.parametrize(
    "text",
    ["latency:0.5+0.2@*/jobs", "status:503/30@*/nodes#0.3,after=120,for=3600", "reset", "hang:60", "hang", "skew:-90",
     "upgrade:30/26.05.0,after=5", "wrong-types#0.4"],
)  # fmt: skip
def test_what_is_written_is_what_was_read(text: str) -> None:
    assert written(parse_fault(text)) == text


def test_sets_have_names_and_none_takes_all_away() -> None:
    own = (Fault(kind="reset"),)
    assert with_faults(own, ()) == own
    assert with_faults(own, ("none",)) == ()
    assert with_faults(own, ("half", "none", "hang")) == (Fault(kind="hang"),)
    assert with_faults(own, ("half",)) == (*own, Fault(kind="half"))
    for name, parts in BUNDLES.items():
        assert len(with_faults((), (name,))) == len(parts) > 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="latency", seconds=math.nan),
        Fault(kind="latency", seconds=math.inf),
        Fault(kind="status", status=1000),
        Fault(kind="reset", share=-1),
        Fault(kind="reset", paths=""),
        Fault(kind="hang", after_seconds=-1),
        Fault(kind="upgrade", seconds=3, release="2605"),
    ],
)
def test_a_fault_of_a_scenario_is_checked_too(fault: Fault) -> None:
    with pytest.raises(UsageError, match="is not right"):
        check(fault)


# Clocks and releases


def a_world(*told: str) -> tuple[World, SteppedClock]:
    import msgspec

    scenario = parse_scenario(TINY, "tiny")
    plan = msgspec.structs.replace(scenario.sites[0], faults=with_faults((), told), release="25.11.0")
    clock = SteppedClock(NOON)
    return World(msgspec.structs.replace(scenario, sites=(plan,)), 1, clock), clock


def test_a_clock_that_is_ahead_is_so_in_all_that_the_site_does() -> None:
    world, clock = a_world("skew:90")
    site = world.site()
    assert site.at_present().now == NOON + 90
    clock.step(10)
    assert (site.now(), site.at_present().now, world.now()) == (NOON + 100, NOON + 100, NOON + 10)


def test_a_clock_that_is_put_back_stands_still() -> None:
    world, clock = a_world("skew:60,for=100")
    site = world.site()
    clock.step(99)
    assert site.at_present().now == NOON + 159
    clock.step(1)
    assert (site.now(), site.at_present().now) == (NOON + 100, NOON + 159)
    clock.step(100)
    assert site.at_present().now == NOON + 200


def test_each_release_has_its_contracts() -> None:
    assert contracts_of("24.05.8") == ("v0.0.41", "v0.0.40", "v0.0.39")
    assert contracts_of("24.11.5") == ("v0.0.42", "v0.0.41", "v0.0.40")
    assert contracts_of("25.05.0") == ("v0.0.43", "v0.0.42", "v0.0.41", "v0.0.40")
    assert contracts_of("25.11.0") == ("v0.0.44", "v0.0.43", "v0.0.42", "v0.0.41")
    assert contracts_of("26.05.3") == ("v0.0.45", "v0.0.44", "v0.0.43", "v0.0.42")
    assert contracts_of("24.08.1") is contracts_of("next") is contracts_of("25.11.x") is None
    assert (next_release("25.05.2"), next_release("25.11.0")) == ("25.11.0", "26.05.0")


class Upgraded:
    """A face that remembers what it was upgraded to."""

    def __init__(self) -> None:
        self.to: list[tuple[str, tuple[str, ...]]] = []

    def upgrade(self, release: str, contracts: tuple[str, ...]) -> None:
        self.to.append((release, contracts))


def test_an_upgrade_takes_its_time_and_then_is_there_once() -> None:
    world, clock = a_world("upgrade:30,after=60", "upgrade:10/27.05.1,after=200")
    face = Upgraded()
    line = SiteLine(world.site(), face)
    assert line.closes
    assert (line.out(), line.verdict(JOBS).what) == (False, "answer")
    clock.step(60)
    assert (line.out(), line.verdict(JOBS).what) == (True, "refused")
    assert face.to == []
    clock.step(30)
    assert [line.verdict(JOBS).what, line.verdict(JOBS).what] == ["answer", "answer"]
    [(release, contracts)] = face.to
    assert release == "26.05.0"
    assert "v0.0.44" in contracts
    assert set(contracts) <= set(contracts_of(release) or ())
    clock.step(1000)
    line.verdict(JOBS)
    assert [release for release, _ in face.to] == ["26.05.0", "27.05.1"]


def test_a_face_of_all_sites_has_the_faults_of_the_site_that_is_asked_for() -> None:
    scenario = parse_scenario(
        TINY.replace('cluster = "tiny"\n', "")
        + '[[sites]]\ncluster = "one"\n[[sites]]\ncluster = "two"\nfaults = [{ kind = "upgrade", seconds = 60 }]\n',
        "two",
    )
    world = World(scenario, 1, SteppedClock(NOON))
    line = WorldLine(world)
    assert line.verdict("/compute/one/jobs").what == "answer"
    assert line.verdict("/compute/two/jobs") == Verdict("status", status=503)
    assert (line.verdict("/status/systems").what, line.closes, line.out()) == ("answer", False, False)


# What bodies become


BODY = json.dumps(
    {"jobs": [{"job_id": n, "name": "a", "tres": {"set": True, "number": n}} for n in range(60)], "meta": {}}
).encode()


def test_bodies_are_spoilt_in_the_same_way_every_time() -> None:
    for spoil in (fault_bodies.malformed, fault_bodies.wrong_types):
        assert spoil(BODY, "1") == spoil(BODY, "1") != BODY
        assert spoil(BODY, "1") != spoil(BODY, "2")


@given(st.sampled_from([BODY, b"{}", b"[1]", b'{"a": "b"}', b""]), st.text(max_size=3))
def test_a_malformed_body_is_never_json(body: bytes, draw: str) -> None:
    assert not _is_json(fault_bodies.malformed(body, draw))


@given(st.binary(max_size=100), st.text(max_size=3))
def test_any_body_can_be_spoilt(body: bytes, draw: str) -> None:
    fault_bodies.malformed(body, draw)
    fault_bodies.wrong_types(body, draw)


def test_wrong_types_leave_json_and_change_some_of_it() -> None:
    changed = json.loads(fault_bodies.wrong_types(BODY, "1"))
    assert isinstance(changed, dict)
    for draw in map(str, range(50)):
        small = json.loads(fault_bodies.wrong_types(b'{"jobs": [], "errors": []}', draw))
        assert small != {"jobs": [], "errors": []}
        assert list(small) == ["jobs", "errors"]
    assert fault_bodies.wrong_types(b"not json", "1") == b"not json"
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    assert isinstance(json.loads(fault_bodies.wrong_types(deep, "1")), dict)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


# What the client makes of them, inside the process


class Slept:
    """A clock that only counts."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class TableLine:
    """A line with these faults, at a time that a test sets."""

    def __init__(self, *told: str) -> None:
        self.faults = faults(*told)
        self.since = 0.0

    @property
    def closes(self) -> bool:
        return self.faults.upgrades

    def verdict(self, path: str) -> Verdict:
        return self.faults.verdict(path, self.since)

    def out(self) -> bool:
        return self.faults.out(self.since)

    def now(self) -> float:
        return NOON + self.since


GOOD = b'{"jobs": [], "meta": {}, "errors": [], "warnings": []}'


def _answering(body: bytes = GOOD) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(200, headers={"content-type": "application/json"}, content=body)


async def ask(*told: str, body: bytes = GOOD) -> tuple[bytes, Slept]:
    slept = Slept()
    inner = FaultyTransport(httpx.MockTransport(_answering(body)), TableLine(*told), sleep=slept)
    transport = HttpTransport(Profile(), Secret(TOKEN), inner=inner)
    try:
        answer = await transport.send(Call(key="jobs", method="GET", path=JOBS))
        return answer.body, slept
    finally:
        await transport.close()


async def test_a_delay_is_waited_for_and_no_longer() -> None:
    body, slept = await ask("latency:2.5")
    assert (body, slept.seconds) == (GOOD, [2.5])


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("reset", "it closed the connection"),
        ("half", "breaks off"),
        ("hang:3", "breaks off"),
        ("hang", "did not answer within 30 s"),
        ("latency:40", "did not answer within 30 s"),
        ("upgrade:30", "connection refused"),
    ],
)
async def test_what_keeps_an_answer_away_is_told_in_one_line(told: str, words: str) -> None:
    with pytest.raises(Unreachable, match=words) as caught:
        await ask(told)
    assert caught.value.exit_code == 4
    assert TOKEN not in caught.value.message + caught.value.hint


async def test_a_long_wait_is_cut_at_the_client_s_patience() -> None:
    slept = Slept()
    inner = FaultyTransport(httpx.MockTransport(_answering()), TableLine("hang"), sleep=slept)
    transport = HttpTransport(Profile(timeout=5.0), Secret(TOKEN), inner=inner)
    with pytest.raises(Unreachable, match="within 5 s"):
        await transport.send(Call(key="jobs", method="GET", path=JOBS, timeout=5.0))
    assert slept.seconds == [5.0]
    await transport.close()


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        ("status:401", SignInNeeded, "does not accept the token"),
        ("status:511", SignInNeeded, "does not accept the token"),
        ("status:503/30", Unreachable, "too busy"),
        ("status:429/7", Unreachable, "too busy"),
        ("status:502", Unreachable, "HTTP 502"),
        ("status:302", UsageError, "redirects"),
        ("malformed", BadAnswer, "cut off|not JSON|broken"),
    ],
)
async def test_what_stands_in_for_an_answer_is_told_in_one_line(told: str, kind: type[NaruError], words: str) -> None:
    transport = HttpTransport(
        Profile(), Secret(TOKEN), inner=FaultyTransport(httpx.MockTransport(_answering()), TableLine(told))
    )
    with pytest.raises(kind, match=words) as caught:
        await open_rest(Profile(contract="v0.0.44"), transport, CallLog())
    assert "\n" not in caught.value.message
    if "/" in told:
        assert f"{told.rpartition('/')[2]} s" in caught.value.hint


async def test_the_whole_body_arrives_but_for_what_breaks_off() -> None:
    assert (await ask("wrong-types", body=BODY))[0] == fault_bodies.wrong_types(BODY, "1/0/wrong-types//slurm/#/jobs/1")
    with pytest.raises(Unreachable):
        await ask("half", body=b"{}")


RECORDED = {
    "jobs": "lab-24.11-v0.0.42-jobs.json",
    "nodes": "lab-24.11-v0.0.42-nodes.json",
    "partitions": "lab-26.05-v0.0.45-partitions.json",
    "reservations": "lab-26.05-v0.0.45-reservations.json",
    "ping": "lab-22.05-ping.json",
}


def _recorded(request: httpx.Request) -> httpx.Response:
    name = RECORDED[request.url.path.rpartition("/")[2]]
    return httpx.Response(200, headers={"content-type": "application/json"}, content=(DATA / name).read_bytes())


@pytest.mark.parametrize("told", ["wrong-types", "malformed"])
async def test_no_spoilt_answer_is_worse_than_an_error_of_ours(told: str) -> None:
    understood = 0
    errors: list[NaruError] = []
    for seed in range(30):
        line = TableLine()
        line.faults = faults(told, seed=seed)
        inner = FaultyTransport(httpx.MockTransport(_recorded), line)
        source = SlurmRest(HttpTransport(Profile(), Secret(TOKEN), inner=inner), site="x", version="v0.0.42")
        for question in (source.jobs(None), source.nodes(), source.pools(), source.reservations(), source.site()):
            try:
                await question
                understood += 1
            except NaruError as error:
                errors.append(error)
        await source.close()
    assert all(error.message.isprintable() for error in errors)
    if told == "malformed":
        assert not understood
        assert {type(error) for error in errors} == {BadAnswer}
    else:
        assert understood > 75
