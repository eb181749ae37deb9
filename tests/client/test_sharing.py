"""Several Naru of one user ask like one: what is shared, with whom, for how long, and what is never shared."""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.budget import Budget, BudgetedTransport
from naru_client.errors import NaruError, Unreachable
from naru_client.exchange import Answer, Call, CallLog, patient
from naru_client.sharing import LONGEST_PAUSE, SharingTransport
from naru_client.sharing_folder import open_folder

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Centre:
    """Answers every call with a body of its own, counts them, and fails as told."""

    source = "a test"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.calls: list[Call] = []
        self.error: NaruError | None = None
        self.status: int | None = None
        self.retry_after: float | None = None
        self.body: bytes | None = None
        self.called, self.free = asyncio.Event(), asyncio.Event()
        self.free.set()

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        self.called.set()
        number = len(self.calls)
        await self.free.wait()
        if self.error is not None:
            raise self.error
        body = b'{"n": %d}' % number if self.body is None else self.body
        if call.separator:
            body = call.separator.encode() + body
        status = (0 if call.argv else 200) if self.status is None else self.status
        return Answer(
            call=call, status=status, body=body, content_type="" if call.argv else "application/json",
            retry_after=self.retry_after, as_of=self.clock(),
        )  # fmt: skip

    async def close(self) -> None:
        """Nothing to close."""


class Bench:
    """A centre, and as many Naru of one user in front of it as are wanted."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.clock = Clock()
        self.centre = Centre(self.clock)
        self.logs: list[CallLog] = []
        self._separators = 0

    def naru(self, *identity: str, centre: Centre | None = None) -> SharingTransport:
        folder = open_folder(None, str(self.place))
        assert folder is not None
        self.logs.append(CallLog())
        who = identity or ("slurm", "me")
        return SharingTransport(centre or self.centre, folder, who, self.logs[-1], site=lambda: "lab", now=self.clock)

    def squeue(self, *more: str) -> Call:
        self._separators += 1
        separator = f"z{self._separators:016x}"
        return Call(key="jobs", argv=("squeue", *more, "-O", f"Name:{separator}"), separator=separator, timeout=5)

    @property
    def asked(self) -> int:
        return len(self.centre.calls)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "share")


def rest(key: str, path: str, **query: str) -> Call:
    return Call(key=key, method="GET", path=path, query=tuple(query.items()))


async def ask(transport: SharingTransport, call: Call, max_age: float = 15.0) -> Answer:
    with patient(max_age):
        return await transport.send(call)


async def test_the_second_reads_what_the_first_was_told(bench: Bench) -> None:
    one, other = bench.naru(), bench.naru()
    mine = await ask(one, bench.squeue())
    bench.clock.turn(10)
    with patient(15.0) as patience:
        theirs = await other.send(bench.squeue())
    assert bench.asked == 1
    assert (theirs.body, theirs.as_of, theirs.call.separator) == (mine.body, mine.as_of, mine.call.separator)
    assert theirs.call.argv == mine.call.argv  # its separator parts the fields of this answer
    assert patience.age == 10
    (record,) = bench.logs[1].records
    assert (record.shared, record.site, record.size) == (True, "lab", len(mine.body))
    assert (bench.logs[1].total, bench.logs[1].calls_in_last_minute(bench.clock())) == (0, 0)


async def test_what_is_too_old_is_asked_anew_and_then_serves_both(bench: Bench) -> None:
    one, other = bench.naru(), bench.naru()
    await ask(one, bench.squeue())
    bench.clock.turn(15.1)
    await ask(other, bench.squeue())
    assert bench.asked == 2
    bench.clock.turn(10)
    assert (await ask(one, bench.squeue())).body.endswith(b'{"n": 2}')
    assert (await ask(one, bench.squeue(), 3.0)).body.endswith(b'{"n": 3}')  # a person who pressed a key
    assert bench.asked == 3


async def test_without_patience_everybody_asks_and_leaves_nothing(bench: Bench) -> None:
    one = bench.naru()
    await ask(one, bench.squeue())
    await one.send(bench.squeue())
    await ask(one, bench.squeue(), 0.0)
    assert bench.asked == 3
    assert len(list(bench.place.glob("*.answer"))) == 1


@pytest.mark.parametrize(
    "call",
    [
        Call(key="job 12", argv=("squeue", "-j", "12")),
        Call(key="raw job 12", argv=("scontrol", "show", "job", "12")),
        Call(key="history of job 12", argv=("sacct", "-j", "12")),
        rest("job 12", "/slurm/v0.0.42/job/12"),
        Call(key="jobs", method="DELETE", path="/slurm/v0.0.42/jobs"),
        Call(key="jobs", method="POST", path="/slurm/v0.0.42/jobs"),
        Call(key="cancel", argv=("scancel", "12")),
    ],
)
async def test_one_job_and_whatever_changes_something_is_never_shared(bench: Bench, call: Call) -> None:
    await ask(bench.naru(), call)
    await ask(bench.naru(), call)
    assert bench.asked == 2
    assert list(bench.place.iterdir()) == []


async def test_other_questions_other_people_and_other_centres_have_answers_of_their_own(bench: Bench) -> None:
    await ask(bench.naru(), bench.squeue())
    await ask(bench.naru(), bench.squeue("-u", "me"))
    await ask(bench.naru("slurm", "you"), bench.squeue())
    await ask(bench.naru("slurm", "me", "elsewhere"), bench.squeue())
    assert bench.asked == 4


async def test_of_several_that_need_it_at_once_one_asks(bench: Bench) -> None:
    bench.centre.free.clear()
    asking = [asyncio.create_task(ask(bench.naru(), bench.squeue())) for _n in range(6)]
    await bench.centre.called.wait()
    bench.centre.free.set()
    bodies = {(await task).body for task in asking}
    assert (bench.asked, len(bodies)) == (1, 1)


async def test_who_waits_too_long_for_another_asks_for_itself(bench: Bench) -> None:
    stuck = Centre(bench.clock)
    stuck.free.clear()
    first = asyncio.create_task(ask(bench.naru(centre=stuck), bench.squeue()))
    await stuck.called.wait()
    call = bench.squeue()
    short = Call(key=call.key, argv=call.argv, separator=call.separator, timeout=0.05)
    other = bench.naru()
    assert await ask(other, short)
    assert bench.asked == 1
    bench.clock.turn(60)
    patient_call = Call(key=call.key, argv=call.argv, separator=call.separator, timeout=3600)
    assert await asyncio.wait_for(ask(other, patient_call), 30)  # and does not wait again
    assert bench.asked == 2
    assert await ask(bench.naru(), bench.squeue())  # what it was told serves others all the same
    assert bench.asked == 2
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    bench.clock.turn(60)
    assert await ask(bench.naru(), bench.squeue())  # who is cancelled holds nothing


async def test_a_rest_that_the_centre_asks_for_is_kept_by_all_for_all_questions(bench: Bench) -> None:
    one, other = bench.naru(), bench.naru()
    bench.centre.status, bench.centre.retry_after = 503, 120.0
    await ask(one, rest("nodes", "/slurm/v0.0.42/nodes"))
    bench.clock.turn(20)
    for max_age in (60.0, 3.0):  # a person's key does not break it either
        with pytest.raises(Unreachable, match="left alone") as caught:
            await ask(other, rest("jobs", "/slurm/v0.0.42/jobs"), max_age)
        assert caught.value.retry_after == 100.0
    assert bench.asked == 1
    bench.centre.status = bench.centre.retry_after = None
    bench.clock.turn(100.1)
    await ask(other, rest("jobs", "/slurm/v0.0.42/jobs"))
    assert bench.asked == 2


async def test_a_failure_is_no_answer_but_a_pause_that_grows_and_a_key_breaks(bench: Bench) -> None:
    one, other = bench.naru(), bench.naru()
    bench.centre.error = Unreachable("down")
    pauses = []
    with pytest.raises(Unreachable, match="down"):
        await ask(one, bench.squeue())
    for _failure in range(10):
        pause = 0
        while True:
            bench.clock.turn(1)
            pause += 1
            asked = bench.asked
            with pytest.raises(Unreachable) as caught:
                await ask(other, bench.squeue())
            if bench.asked > asked:
                break
            assert caught.value.retry_after is None
            assert "another Naru" in caught.value.message
        pauses.append(pause)
    assert pauses[0] == 15  # seconds, like the patience it failed with
    assert pauses == sorted(pauses)
    assert pauses[-1] <= LONGEST_PAUSE
    asked = bench.asked
    with pytest.raises(Unreachable, match="down"):
        await ask(other, bench.squeue(), 3.0)
    assert bench.asked == asked + 1
    bench.centre.error = None
    await ask(other, bench.squeue(), 3.0)
    await ask(one, bench.squeue())
    assert bench.asked == asked + 2


@pytest.mark.parametrize("status", [1, 401, 404])
async def test_a_refusal_is_everybodys_own(bench: Bench, status: int) -> None:
    bench.centre.status, bench.centre.body = status, b"no such thing"
    call = rest("nodes", "/nodes") if status > 1 else Call(key="jobs", argv=("squeue",))
    await ask(bench.naru(), call)
    await ask(bench.naru(), call)
    assert bench.asked == 2
    assert not list(bench.place.glob("*.answer"))


async def test_an_error_inside_a_good_status_is_not_shared(bench: Bench) -> None:
    bench.centre.body = b'{"jobs": [], "errors": [{"error_number": 9001, "error": "no"}]}'
    await ask(bench.naru(), rest("jobs", "/jobs"))
    await ask(bench.naru(), rest("jobs", "/jobs"))
    assert bench.asked == 2


UNCHANGED = (b"", b'{"nodes": [], "warnings": [{"description": "No change in data since update_time"}]}')


@pytest.mark.parametrize("unchanged", UNCHANGED)
async def test_who_knows_the_list_as_it_was_takes_the_whole_one_or_the_word_that_nothing_changed(
    bench: Bench, unchanged: bytes
) -> None:
    one, other = bench.naru(), bench.naru()
    whole = await ask(one, rest("nodes", "/nodes"), 60)
    assert await ask(other, rest("nodes", "/nodes"), 60) == whole
    bench.clock.turn(61)
    bench.centre.body = unchanged
    same = await ask(one, rest("nodes", "/nodes", update_time="100"), 60)
    assert same.body == unchanged
    assert (await ask(other, rest("nodes", "/nodes", update_time="100"), 60)).body == unchanged
    assert bench.asked == 2
    bench.centre.body = b'{"nodes": [1]}'
    newcomer = await ask(bench.naru(), rest("nodes", "/nodes"), 60)  # never answered by "nothing changed"
    assert (bench.asked, newcomer.body) == (3, b'{"nodes": [1]}')
    since = await ask(other, rest("nodes", "/nodes", update_time="200"), 60)  # nor one that knows another state
    assert (bench.asked, since.body) == (3, b'{"nodes": [1]}')


async def test_the_history_has_one_file_whenever_it_begins(bench: Bench) -> None:
    one, other = bench.naru(), bench.naru()
    for span in range(5):
        call = Call(key="history", argv=("sacct", "-S", f"uts{span}", "-E", f"uts{span + 10}"))
        await ask(one, call)
        await ask(other, call)
    assert bench.asked == 5
    assert len(list(bench.place.glob("*.answer"))) == 1


async def test_a_large_answer_is_written_beside_and_read_whole(bench: Bench) -> None:
    bench.centre.body = b"row\n" * 1_000_000
    one, other = bench.naru(), bench.naru()
    mine = await ask(one, rest("jobs", "/jobs"))
    theirs = await ask(other, rest("jobs", "/jobs"))  # waits until it is written
    assert bench.asked == 1
    assert theirs.body == mine.body
    await one.close()
    await other.close()


async def test_a_broken_file_is_as_good_as_none(bench: Bench) -> None:
    await ask(bench.naru(), bench.squeue())
    (path,) = bench.place.glob("*.answer")
    path.write_bytes(path.read_bytes()[:-3])
    await ask(bench.naru(), bench.squeue())
    assert bench.asked == 2
    await ask(bench.naru(), bench.squeue())
    assert bench.asked == 2


async def test_a_folder_that_cannot_be_written_makes_everybody_ask(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = bench.naru(), bench.naru()

    def refuse(*_arguments: object, **_more: object) -> int:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr("naru_client.sharing_folder.os.open", refuse)
        await ask(one, bench.squeue())
        await ask(other, bench.squeue())
    assert bench.asked == 2


async def test_a_clock_that_was_set_back_makes_no_answer_young(bench: Bench) -> None:
    await ask(bench.naru(), bench.squeue())
    bench.clock.turn(-100)
    await ask(bench.naru(), bench.squeue())
    assert bench.asked == 2


async def test_nothing_of_how_it_was_asked_lies_in_the_folder(bench: Bench) -> None:
    one = bench.naru("slurm", "http", "https://secret-host.example", "secret-user")
    await ask(one, rest("jobs", "/secret-path", secret="secret-value"))
    await ask(one, Call(key="jobs", argv=("squeue", "--secret")))
    files = list(bench.place.iterdir())
    assert files
    for path in files:
        assert b"secret" not in path.read_bytes()
        assert "secret" not in path.name


async def test_the_budget_counts_no_shared_answer(bench: Bench) -> None:
    budget = Budget(10, monotonic=lambda: 0.0)
    folder = open_folder(None, str(bench.place))
    assert folder is not None
    one = SharingTransport(BudgetedTransport(bench.centre, budget), folder, ("slurm", "me"), CallLog(), now=bench.clock)
    for _n in range(50):
        await ask(one, bench.squeue())
    assert (bench.asked, budget.wait()) == (1, 0.0)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),  # which Naru
        st.sampled_from(["jobs", "nodes"]),
        st.sampled_from([0.0, 3.0, 15.0, 60.0]),  # its patience
        st.sampled_from([0.0, 1.0, 2.9, 3.1, 14.0, 16.0, 61.0]),  # seconds that pass before
    ),
    max_size=30,
)


@given(STEPS)
@settings(max_examples=150, deadline=None)
def test_an_answer_is_shared_when_and_only_when_one_is_young_enough(
    steps: list[tuple[int, str, float, float]],
) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as place:
            bench = Bench(Path(place) / "share")
            all_of_them = [bench.naru() for _n in range(3)]
            left: dict[str, tuple[float, bytes]] = {}  # the model: when each list was last asked with patience
            time = 0.0
            for who, key, max_age, passed in steps:
                time += passed
                bench.clock.turn(passed)
                before = bench.asked
                answer = await ask(all_of_them[who], rest(key, f"/{key}"), max_age)
                age = time - left[key][0] if key in left else None
                hit = max_age > 0 and age is not None and age <= max_age
                assert bench.asked == before + (not hit)
                if hit:
                    assert answer.body == left[key][1]
                elif max_age > 0:
                    left[key] = (time, answer.body)
            for one in all_of_them:
                await one.close()

    asyncio.run(run())
