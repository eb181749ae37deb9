"""`naru quota`: what a newcomer reads, what a login script gets, and what programs get."""

import argparse
import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.lab.real import Lab
from tests.tui.fake import HOSTILE, NOW, FakeCentre, at, job, waiting
from tests.tui.quotas import END, HOUR, START, bound, centre, lab, quota, ran

from naru import session
from naru.__main__ import main
from naru.commands import quota as verb
from naru.commands.quota_billing import billing_unit
from naru.format import Glyphs
from naru.quota_words import course
from naru.screens.quota_words import quota_lines
from naru.session import Opened
from naru.terminal import Paper
from naru_client.config import Profile, Settings
from naru_client.errors import NotProvided, Unreachable
from naru_client.exchange import CallLog
from naru_client.insight.quota import Quota
from naru_client.insight.standing import Standing, standings
from naru_client.model import Accelerators, Job
from naru_client.reading import Reading
from naru_client.text import clean

Capture = pytest.CaptureFixture[str]
Over = Callable[..., None]


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> Over:
    """Makes the verb ask these centres, with these settings of the profile."""

    def use(*centres: FakeCentre, **settings: Any) -> None:
        async def opened(args: argparse.Namespace, _settings: Settings, paper: Paper) -> Opened:
            profile = Profile(name="here", **settings)
            return Opened(centres, profile, CallLog(), clock=lambda: NOW, glyphs=paper.glyphs, no_colour=True)

        monkeypatch.setattr(session, "open_session", opened)

    return use


def said(capsys: Capture, *argv: str, code: int = 0) -> str:
    assert main(["quota", *argv]) == code
    return capsys.readouterr().out


def told(capsys: Capture, *argv: str) -> dict[str, Any]:
    envelope = json.loads(said(capsys, "--json", *argv))
    assert envelope["schema"] == "naru.quota/1"
    data: dict[str, Any] = envelope["data"]
    return data


def months(each: int, user: str = "me") -> tuple[Job, ...]:
    """So many GPU-hours on each of the last 28 days."""
    return tuple(ran(n, n, each, user) for n in range(1, 29))


def test_a_newcomer_reads_what_is_left_and_how_it_goes(over: Over, capsys: Capture) -> None:
    over(centre(lab(1000, 500), months(10, "bob"), (waiting(1, time_limit=2 * HOUR),)))
    lines = said(capsys).splitlines()
    assert lines[0] == "lab"
    assert lines[1].split() == ["OF", "GRANTED", "USED", "RUNNING", "WAITING", "LEFT"]
    assert lines[2].split() == ["GPU-hours", "1,000", "500", "0", "8.00", "500"]  # 4 GPUs for two hours
    text = " ".join(lines[3:])
    assert "39 days left · pace 100% of an even use · lasts to the contract's end" in text
    assert "(means of the last 7, 14, 28 days)" in text
    assert "GPU-hours a day: ▇▇▇▇" in text


def test_a_run_out_is_a_span_and_says_what_happens_then(over: Over, capsys: Capture) -> None:
    history = (*(ran(n, n, 20, "bob") for n in range(1, 8)), ran(90, 20, 4))
    over(centre(lab(1000, 900), history), exhausted="free-queue")
    first = said(capsys).splitlines()[0]
    assert first == "⚠ lab GPU: runs out 03-07–03-21 at the recent pace; jobs go to the free queue then"


@pytest.mark.parametrize(
    ("quotas", "line"),
    [
        (lab(1000, 1000), "lab GPU: all that was granted is used"),
        (lab(1000, 1002), "lab GPU: 2.00 GPU-hours more are used than were granted"),
        (
            lab(1000, 500, committed=600 * HOUR),
            "lab GPU: what runs and waits would take 100 GPU-hours more than is left",
        ),
        (lab(1000, 100), "lab GPU: used 20% of an even use; unused grants are reclaimed"),
        (
            lab(1000, 900, period_start=START - timedelta(days=30), period_end=NOW + timedelta(days=5)),
            "lab GPU: the contract ends on 2026-03-07 with 100 GPU-hours left",
        ),
    ],
)  # fmt: skip
def test_check_has_a_line_for_each_warning_and_exits_1(
    over: Over, capsys: Capture, quotas: tuple[Quota, ...], line: str
) -> None:
    over(centre(quotas))
    assert said(capsys, "--check", code=1).splitlines() == [line]


def test_check_is_silent_when_all_is_well_and_asks_little(over: Over, capsys: Capture) -> None:
    free = centre(lab(1000, 400, period_start=None, period_end=None))
    over(free)
    assert said(capsys, "--check") == ""
    assert capsys.readouterr().err == ""
    assert free.calls == ["quotas", "jobs"]  # less than half is used, and no contract is known: no word to accounting
    spent = centre(lab(1000, 600, period_start=None, period_end=None), months(10, "bob"))
    over(spent)
    assert said(capsys, "--check") == ""
    assert spent.calls == ["quotas", "jobs", "history", "history"]


def test_within_says_how_far_ahead_is_looked(over: Over, capsys: Capture) -> None:
    over(centre(lab(1000, 700), months(10, "bob")))
    assert said(capsys, "--check", "--within", "29") == ""
    assert "runs out 04-01" in said(capsys, "--check", "--within", "30", code=1)


def test_check_gives_up_on_a_centre_that_does_not_answer(
    over: Over, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    class Mute(FakeCentre):
        async def quotas(self, *, user: str | None = None) -> Reading[tuple[Quota, ...]]:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(verb, "ANSWERS_WITHIN", 0.05)
    over(Mute())
    assert main(["quota", "--check"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "naru: the centre did not answer within 0.05 s\n"


def test_check_tells_a_refused_connection_in_one_line(over: Over, capsys: Capture) -> None:
    broken = centre(lab())
    broken.error = Unreachable("connection refused")
    over(broken)
    assert main(["quota", "--check"]) == 4
    assert capsys.readouterr().err == "naru: connection refused\n"


def test_several_sites_one_of_which_fails(over: Over, capsys: Capture) -> None:
    one, two = at("neuron"), at("nhn-b200")
    one.held_quotas = tuple(replace(q, site="neuron") for q in lab(1000, 1000))
    two.error = Unreachable("connection refused")
    over(one, two)
    assert main(["quota", "--check"]) == 1
    out, err = capsys.readouterr()
    assert out == "neuron: lab GPU: all that was granted is used\n"
    assert err == "naru: warning: nhn-b200: connection refused\n"
    one.held_quotas = tuple(replace(q, site="neuron") for q in lab(1000, 500))
    assert main(["quota", "--check"]) == 4
    capsys.readouterr()
    assert said(capsys).startswith("neuron: lab\n")
    assert said(capsys, "--all").split()[:2] == ["SITE", "WHOSE"]


def test_unknown_is_a_dash_and_unlimited_is_said(over: Over, capsys: Capture) -> None:
    hidden = quota("lab", 1000, None, committed=None, remaining=None, available=None, binds="lab")
    free = quota("lab", None, 12, resource="cpu")
    over(centre((hidden, free, quota("lab/me"))))
    lines = said(capsys).splitlines()
    assert lines[2].split() == ["GPU-hours", "1,000", "–", "–", "0", "–"]
    assert "used, without a limit: 12.0 core-hours" in lines[3]


def test_the_limit_of_a_parent_is_a_line_of_its_own(over: Over, capsys: Capture) -> None:
    quotas = bound(
        quota("root"), quota("univ", 300, 290), quota("lab", 1000, 100), quota("lab/me", None, 100),
        quota("lab/bob", 150, 0),
    )  # fmt: skip
    over(centre(quotas))
    lines = said(capsys).splitlines()
    assert lines[2].split() == ["GPU-hours", "1,000", "100", "0", "0", "10.0"]
    assert lines[3].split() == ["GPU-hours", "of", "univ", "300", "290", "0", "–", "10.0"]
    assert lines[4].split()[:4] == ["GPU-hours", "of", "bob", "150"]


def test_accelerators_at_once_have_no_course(over: Over, capsys: Capture) -> None:
    held = Quota(
        site="test", holder="lab", account="lab", resource="gpu", unit="count", granted=8, used=3, used_decayed=3,
        committed=0, remaining=5, available=5, binds="lab",
    )  # fmt: skip
    over(centre((held, quota("lab/me"))))
    assert said(capsys).splitlines()[2].split() == ["GPUs", "at", "once", "8", "3", "5"]


def test_of_a_limit_that_decays_nothing_is_foretold(over: Over, capsys: Capture) -> None:
    quotas = tuple(replace(q, used=None) for q in lab(1000, 100))
    made = centre(quotas, months(30))
    over(made)
    assert "use may count for less as it ages, so no run-out is foretold" in said(capsys)
    assert "history" not in made.calls
    assert said(capsys, "--check") == ""


def test_by_user_tells_who_uses_how_much(over: Over, capsys: Capture) -> None:
    over(centre(lab(1000, 500)))
    rows = [line.split() for line in said(capsys, "--by", "user").splitlines()]
    assert rows[0] == ["ACCOUNT", "USER", "OF", "USED", "SHARE", "RUNNING", "WAITING"]
    assert [row[:5] for row in rows[1:]] == [
        ["lab", "me", "GPU-hours", "250", "50%"], ["lab", "bob", "GPU-hours", "250", "50%"],
    ]  # fmt: skip


def test_named_accounts_are_told_with_everybody_in_them(over: Over, capsys: Capture) -> None:
    quotas = (*lab(), *bound(quota("other", 10, 11, above="univ"), quota("other/eve", None, 11)))
    over(centre(quotas, (), (waiting(3, user="eve", account="other"),)))
    assert "other GPU: 1.00 GPU-hours more are used" in said(capsys, "other")
    assert said(capsys, "--check") == ""
    assert "other GPU" in said(capsys, "--check", "--all", code=1)
    assert main(["quota", "othr"]) == 1
    err = capsys.readouterr().err
    assert "no account named 'othr' is told of" in err
    assert "did you mean other?" in err


def test_a_user_without_an_account_is_told_so(over: Over, capsys: Capture) -> None:
    over(centre((quota("lab", 10, 1), quota("lab/bob"))))
    assert main(["quota"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "no account that you may charge" in err


def test_what_accounting_or_the_queue_does_not_tell_is_a_warning(over: Over, capsys: Capture) -> None:
    made = centre(lab())
    made.errors = {"history": NotProvided("this site keeps no accounting"), "jobs": Unreachable("no queue")}
    over(made)
    assert main(["quota"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[2].split() == ["GPU-hours", "1,000", "500", "0", "–", "500"]
    assert "what waits is not known: no queue" in err
    del made.errors["jobs"]
    assert main(["quota"]) == 0
    assert "this site keeps no accounting" in capsys.readouterr().err
    made.error = NotProvided("this centre tells no quotas")
    assert main(["quota"]) == 6


def test_programs_get_resource_seconds_and_the_alerts(over: Over, capsys: Capture) -> None:
    over(centre(lab(1000, 1001), months(10, "bob")), exhausted="fails")
    data = told(capsys)
    (own,) = (q for q in data["quotas"] if q["role"] == "own")
    assert (own["quota"]["granted"], own["quota"]["used"], own["quota"]["unit"]) == (
        1000 * HOUR,
        1001 * HOUR,
        "seconds",
    )
    assert own["daily"]["2026-03-01"] == 10 * HOUR
    assert own["burndown"]["plan"] == pytest.approx(500 * HOUR, rel=0.02)
    (alert,) = data["alerts"]
    assert (alert["kind"], alert["holder"], alert["amount"], alert["binds"]) == ("overdrawn", "lab", HOUR, None)
    assert (data["within"], data["exhausted"]) == (14, "fails")
    rows = list(csv.DictReader(io.StringIO(said(capsys, "--csv"), newline="")))
    assert (rows[0]["holder"], rows[0]["granted"], rows[0]["alerts"]) == ("lab", str(1000 * HOUR), "overdrawn")
    assert rows[0]["period_end"] == END.isoformat().replace("+00:00", "Z")


def test_eighty_columns_and_hostile_names(over: Over, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    name = clean(HOSTILE, 200)
    monkeypatch.setenv("COLUMNS", "80")
    over(centre(bound(quota(name, 10**9, 10**9 + 1, above="univ"), quota("univ"), quota(f"{name}/me", above=name))))
    for argv in ([], ["--all"], ["--by", "user"], ["--csv"], ["--check"]):
        main(["quota", *argv])
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_unusable_arguments(over: Over, capsys: Capture) -> None:
    made = centre(lab())
    over(made)
    for argv in (["--within", "0"], ["--within", "x"], ["--days", "9999"], ["--check", "--csv"], ["--by", "moon"]):
        assert main(["quota", *argv]) == 2
    assert made.calls == []
    assert "is no number of days from 1 to 366" in capsys.readouterr().err


def test_a_billing_site_calls_its_units_as_its_tariff_does(over: Over, capsys: Capture) -> None:
    billed = bound(quota("lab", 100, 10, resource="billing"), quota("lab/me", None, 10, resource="billing"))
    over(centre(billed))
    assert "billing hours" in said(capsys)
    over(centre(billed), tariff="slurm-billing")
    assert "billing-hour" in said(capsys)
    spent = bound(quota("lab", 100, 110, resource="billing"), quota("lab/me", None, 110, resource="billing"))
    over(centre(spent), tariff="slurm-billing")
    assert "10.0 billing-hour more" in said(capsys, "--check", code=1)


def test_the_unit_is_that_of_a_tariff_beside_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "naru").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    text = 'title = "Ours"\nunit = "SRU"\nper = "{per}"\n[pools]\n"*" = {{ by = "billing" }}\n'
    for per, unit in (("hour", "SRU"), ("minute", "")):  # the figures are in hours
        (tmp_path / "naru" / "ours.toml").write_text(text.format(per=per))
        assert billing_unit(Profile(tariff="ours.toml")) == unit


def test_of_a_contract_that_is_over_nothing_lasts_or_runs_out() -> None:
    ended = lab(1000, 500, period_end=NOW - timedelta(days=1))
    daily = {("lab", "gpu"): {(NOW - timedelta(days=n)).date(): HOUR for n in range(1, 29)}}
    (standing,) = (s for s in standings(ended, daily, now=NOW) if s.quota.holder == "lab")
    assert standing.burndown is not None
    assert standing.burndown.earliest is not None
    for words in (" ".join(course(standing, NOW)), quota_text(standing)):
        assert ", over" in words
        assert "lasts" not in words
        assert "runs out" not in words


def quota_text(standing: Standing) -> str:
    return "".join(text for line in quota_lines(standing, 0, False, NOW, Glyphs(False)) for text, _style in line)


def test_what_running_jobs_are_expected_to_take_follows_from_those_before(over: Over, capsys: Capture) -> None:
    running = job(900, user="bob", elapsed=HOUR, time_limit=24 * HOUR, accelerators=(Accelerators("gpu", "h100", 1),))
    before = tuple(ran(n, n, 10, "bob", name=running.name) for n in range(1, 29))
    over(centre(lab(1000, 500), before, (running,)))
    (mine,) = (one["quota"] for one in told(capsys, "lab")["quotas"] if one["role"] == "own")
    assert mine["committed_expected"] == 9 * HOUR
    over(centre(lab(1000, 500, committed=23 * HOUR), before, (running,)))
    assert "what runs is expected to take 9.00 GPU-hours more" in " ".join(said(capsys, "lab").split())
    over(centre(lab(1000, 500), (), (running,)))
    (mine,) = (one["quota"] for one in told(capsys, "lab")["quotas"] if one["role"] == "own")
    assert mine["committed_expected"] is None


@pytest.mark.slurm
@pytest.mark.parametrize("user", ["alice", "grace", "heidi"])
def test_on_a_real_cluster_each_user_gets_the_figures_of_scontrol(lab: Lab, user: str) -> None:
    done = lab.naru("quota", "--json", user=user)
    assert done.returncode == 0, done.stderr
    envelope = json.loads(done.stdout)
    own = [one for one in envelope["data"]["quotas"] if one["role"] == "own" and one["quota"]["granted"] is not None]
    assert own
    limits = lab.run("sacctmgr", "-nP", "show", "assoc", "where", "user=", "format=account,grptresmins")
    known = dict(line.split("|")[:2] for line in limits.splitlines() if line.split("|")[1])
    names = {"gpu": "gres/gpu", "npu": "gres/npu"}
    for one in own:
        quota, name = one["quota"], names.get(one["quota"]["resource"], one["quota"]["resource"])
        if quota["unit"] == "seconds":
            assert f"{name}={quota['granted'] // 60}" in known[one["account"]].split(",")


def test_the_running_job_of_a_user_is_in_the_figures_for_running(over: Over, capsys: Capture) -> None:
    running = job(1, elapsed=HOUR, time_limit=3 * HOUR, account="lab")
    quotas = tuple(replace(q, committed=8 * HOUR) if q.holder in ("lab", "lab/me") else q for q in lab())
    made = centre(quotas, (), (running,))
    over(made)
    assert said(capsys).splitlines()[2].split()[3] == "8.00"


def test_what_waits_under_a_qos_is_told_and_warned_of(over: Over, capsys: Capture) -> None:
    limit = replace(quota("qos:long", 10), account=None, above=None, available=10 * HOUR, binds="qos:long")
    gpu = (Accelerators("gpu", "h100", 1),)
    late = waiting(7, qos="long", user="bob", time_limit=20 * HOUR, accelerators=gpu)
    over(centre((*lab(), limit), live=(late,)))
    row = next(line for line in said(capsys, "--all").splitlines() if line.startswith("qos:long"))
    assert row.split()[-5:] == ["0", "20.0", "10.0", "–", "–"]
    alerts = told(capsys, "--all")["alerts"]
    assert [one["kind"] for one in alerts if one["holder"] == "qos:long"] == ["committed"]


def test_a_piped_page_says_that_only_ones_own_jobs_are_counted_as_waiting(over: Over, capsys: Capture) -> None:
    over(centre(lab()))
    assert "WAITING: your own jobs alone" in said(capsys)
    assert "WAITING: your own jobs alone" not in said(capsys, "--all")
