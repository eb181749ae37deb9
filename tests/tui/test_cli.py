"""The verbs, in this process, over a centre of plain values."""

import argparse
import csv
import io
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from tests.tui.fake import HOSTILE, NOW, FakeCentre, job, node, waiting

from naru import session
from naru.__main__ import main
from naru.session import Opened, choose_profile
from naru.terminal import Paper
from naru_client.config import Profile, Settings
from naru_client.errors import BadAnswer, NotFound, NotProvided, SignInNeeded, Unreachable, UsageError
from naru_client.exchange import CallLog
from naru_client.mock.open import demo_profile
from naru_client.model import Exit, Job, Pool, Reservation
from naru_client.slurm import processes
from naru_client.text import clean

Open = Callable[[FakeCentre], FakeCentre]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Makes every verb ask the centre given."""

    def use(centre: FakeCentre, *, recorded: bool = False) -> FakeCentre:
        async def opened(args: argparse.Namespace, settings: Settings, paper: Paper) -> Opened:
            return Opened(
                (centre,),
                Profile(name="test"),
                CallLog(),
                clock=lambda: NOW,
                glyphs=paper.glyphs,
                no_colour=True,
                recorded=recorded,
            )

        monkeypatch.setattr(session, "open_session", opened)
        return centre

    return use


def ended(number: int, **changes: object) -> Job:
    return job(number, **{"state": "COMPLETED", "ended": NOW - timedelta(hours=1), "exit": Exit(0), **changes})


def told(capsys: Capture, *argv: str, code: int = 0) -> dict[str, Any]:
    assert main([*argv, "--json"]) == code
    envelope = json.loads(capsys.readouterr().out)
    assert isinstance(envelope, dict)
    return envelope


def ids(envelope: dict[str, Any]) -> list[str]:
    return [one["id"] for one in envelope["data"]]


def test_the_envelope_carries_where_and_when(over: Open, capsys: Capture) -> None:
    over(FakeCentre((job(1),)))
    envelope = told(capsys, "jobs")
    assert list(envelope) == ["schema", "ok", "site", "source", "as_of", "data", "warnings"]
    assert envelope["schema"] == "naru.jobs/1"
    assert envelope["ok"] is True
    assert (envelope["site"], envelope["source"], envelope["as_of"]) == ("test", "a test", "2026-03-02T09:30:00Z")
    assert set(envelope["data"][0]) == set(Job.__struct_fields__)
    assert envelope["data"][0]["submitted"] == "2026-03-02T06:30:00Z"
    assert envelope["data"][0]["time_limit"] == 86400
    assert envelope["data"][0]["comment"] is None


def test_own_jobs_unless_told_otherwise(over: Open, capsys: Capture) -> None:
    over(FakeCentre((job(1), job(2, user="other"))))
    assert ids(told(capsys, "jobs")) == ["1"]
    assert ids(told(capsys, "jobs", "--all")) == ["1", "2"]


def test_everybody_with_a_warning_where_nobody_knows_who_asks(over: Open, capsys: Capture) -> None:
    centre = over(FakeCentre((job(1), job(2, user="other"))))
    centre.user = None
    envelope = told(capsys, "jobs")
    assert ids(envelope) == ["1", "2"]
    assert "who you are" in envelope["warnings"][0]


def test_finished_jobs_are_merged_in_once(over: Open, capsys: Capture) -> None:
    centre = over(FakeCentre((job(2), ended(1))))
    centre.held_history = (ended(1), ended(7))
    assert ids(told(capsys, "jobs")) == ["2", "1", "7"]


@pytest.mark.parametrize(
    ("options", "hours"), [((), 24), (("--all",), 1), (("--since", "3d"), 72), (("--since", "90m", "--all"), 1.5)]
)
def test_how_far_back_finished_jobs_are_read(
    over: Open, capsys: Capture, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], hours: float
) -> None:
    centre = over(FakeCentre((job(1),)))
    asked: list[Any] = []
    history = centre.history

    async def watched(**question: Any) -> Any:
        asked.append(question)
        return await history(**question)

    monkeypatch.setattr(centre, "history", watched)
    told(capsys, "jobs", *options)
    assert asked == [{"since": NOW - timedelta(hours=hours), "user": None if "--all" in options else "me"}]


def test_no_history_is_asked_for_when_none_is_wanted(over: Open, capsys: Capture) -> None:
    centre = over(FakeCentre((job(1),)))
    told(capsys, "jobs", "--since", "0")
    assert centre.calls == ["jobs"]


@pytest.mark.parametrize("error", [NotProvided("no accounting"), Unreachable("slurmdbd is away"), BadAnswer("odd")])
def test_jobs_are_shown_without_their_history(over: Open, capsys: Capture, error: Exception) -> None:
    centre = over(FakeCentre((job(1),)))
    centre.errors["history"] = error  # type: ignore[assignment]  # parametrised as Exception
    envelope = told(capsys, "jobs")
    assert ids(envelope) == ["1"]
    assert envelope["warnings"] == [f"no finished jobs: {error}"]


def test_a_recording_of_history_alone_gives_its_jobs(over: Callable[..., FakeCentre], capsys: Capture) -> None:
    centre = over(FakeCentre(), recorded=True)
    centre.errors["jobs"] = NotProvided("no queue in it")
    centre.held_history = (ended(1), job(2))
    assert ids(told(capsys, "jobs", "--all")) == ["1", "2"]


def test_a_recording_without_history_is_no_reason_to_warn(over: Callable[..., FakeCentre], capsys: Capture) -> None:
    centre = over(FakeCentre((job(1),)), recorded=True)
    centre.errors["history"] = NotProvided("not in it")
    assert told(capsys, "jobs", "--all")["warnings"] == []


def test_the_filter_takes_the_words_of_the_command_line(over: Open, capsys: Capture) -> None:
    over(FakeCentre((job(1), waiting(2), waiting(3, name="other"))))
    assert ids(told(capsys, "jobs", "state:pd", "--all", "!other")) == ["2"]


def test_me_in_a_filter_is_who_asks(over: Open, capsys: Capture) -> None:
    over(FakeCentre((job(1), job(2, user="other"))))
    assert ids(told(capsys, "jobs", "--all", "user:me")) == ["1"]


def test_me_in_a_filter_where_nobody_knows_who_asks_is_told_plainly(
    over: Callable[..., FakeCentre], capsys: Capture
) -> None:
    over(FakeCentre((job(1),)), recorded=True).user = None
    assert main(["jobs", "--all", "user:me"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("naru: ")
    assert "me" in err.splitlines()[0]
    assert "internal" not in err


def test_words_after_two_dashes_are_no_options(over: Open, capsys: Capture) -> None:
    over(FakeCentre((job(1, name="run-x"), job(2, name="other"))))
    assert main(["jobs", "--json", "--", "-x"]) == 0
    assert ids(json.loads(capsys.readouterr().out)) == ["1"]
    assert main(["jobs", "--csv", "--", "--json"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_a_pipe_is_not_flooded_by_a_long_name(over: Open, capsys: Capture) -> None:
    name = "나" * 3000
    over(FakeCentre((job(1, name=name, pool="p" * 200),)))
    assert main(["jobs"]) == 0
    (_title, line) = capsys.readouterr().out.splitlines()
    assert "나" * 29 in line
    assert "…" in line
    assert "나" * 30 not in line
    assert "p" * 60 not in line
    assert "h100-01" in line
    assert told(capsys, "jobs")["data"][0]["name"] == name
    assert main(["jobs", "--csv"]) == 0
    assert name in capsys.readouterr().out


def test_a_bad_filter_is_told_before_anybody_is_asked(over: Open, capsys: Capture) -> None:
    centre = over(FakeCentre())
    assert main(["jobs", "gpus>>3"]) == 2
    assert capsys.readouterr().err.startswith("naru: ")
    assert centre.calls == []


def test_text_folds_arrays_and_json_does_not(over: Open, capsys: Capture) -> None:
    tasks = tuple(job(100 + n, id=f"100_{n}", array_id=100, array_task=n) for n in range(4))
    over(FakeCentre(tasks))
    assert len(told(capsys, "jobs")["data"]) == 4
    assert main(["jobs"]) == 0
    folded = capsys.readouterr().out.splitlines()
    assert len(folded) == 2
    assert folded[1].startswith("100_×4 ")
    assert main(["jobs", "--tasks"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_text_names_what_a_person_triages_by(over: Open, capsys: Capture) -> None:
    soon = NOW + timedelta(hours=2)
    held = waiting(4, "QOSMaxGRESPerUser", expected_start=soon)
    over(FakeCentre((waiting(5, "Priority", expected_start=soon, priority=7), held, job(6))))
    assert main(["jobs"]) == 0
    titles, running, pending, capped = capsys.readouterr().out.splitlines()
    assert titles.split() == [
        "JOB",
        "NAME",
        "POOL",
        "STATE",
        "GPUS",
        "NODES",
        "ELAPSED",
        "LIMIT",
        "START",
        *"WHERE OR WHY".split(),
    ]
    assert running.split() == [
        "6",
        "job6",
        "h100",
        "RUNNING",
        "4×H100",
        "1",
        "2h",
        "00m",
        "1d",
        "00h",
        "07:30",
        "h100-01",
    ]
    assert pending.split()[-2:] == ["~11:30", "Priority"]
    assert capped.split()[-2:] == ["–", "QOSMaxGRESPerUser"], "no estimate where a cap makes it worthless"


def test_nothing_to_show_is_said_beside_the_result(over: Open, capsys: Capture) -> None:
    over(FakeCentre())
    assert main(["jobs"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "naru: no jobs of yours; --all shows everybody's\n"


def test_csv_has_every_field_and_no_formula(over: Open, capsys: Capture) -> None:
    over(FakeCentre((job(1, name="=HYPERLINK(1)"), job(2, name='a,"b"'))))
    assert main(["jobs", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert list(rows[0]) == list(Job.__struct_fields__)
    assert [row["name"] for row in rows] == ["'=HYPERLINK(1)", 'a,"b"']
    assert rows[0]["accelerators"] == "gpu:h100:4"
    assert rows[0]["started"] == "2026-03-02T07:30:00Z"
    assert rows[0]["ended"] == ""


@pytest.mark.parametrize(
    "verb", [["jobs"], ["nodes"], ["gpus"], ["gpus", "--pools"], ["sites"], ["job", "1"], ["why", "1"], []]
)
def test_no_verb_lets_a_control_byte_through(over: Open, capsys: Capture, verb: list[str]) -> None:
    """Even for text that was not cleaned at the wire, as it always is."""
    dirty = {"name": HOSTILE, "comment": HOSTILE, "reason": HOSTILE, "work_dir": HOSTILE, "node_list": HOSTILE}
    centre = over(FakeCentre((job(1, **dirty),), (node("n1", reason=HOSTILE, pools=(HOSTILE,)),)))
    centre.held_pools = (Pool(site="test", name=HOSTILE, state=HOSTILE),)
    centre.held_reservations = (
        Reservation(site="test", name=HOSTILE, start=NOW, end=None, node_list=HOSTILE, flags=("MAINT",)),
    )
    for form in ([], ["--json"]) if verb[:1] in ([], ["job"], ["why"]) else ([], ["--json"], ["--csv"]):
        assert main([*verb, *form]) == 0
        out, err = capsys.readouterr()
        assert out
        assert (out + err).replace("\r\n", "\n").replace("\n", "").isprintable()


def test_gpus_tells_used_free_and_away(over: Open, capsys: Capture) -> None:
    drained = node("h2", 0, condition="drained", states=("IDLE", "DRAIN"))
    over(FakeCentre(nodes=(node("h1", 6), drained, node("h3", 0))))
    data = told(capsys, "gpus")["data"]
    assert data == [
        {
            "site": "test",
            "kind": "gpu",
            "model": "h100",
            "total": 24,
            "used": 6,
            "free": 10,
            "unavailable": 8,
            "largest_free_block": 8,
            "free_by_node": [[8, 1], [2, 1]],
            "pools": ["h100"],
            "could_start": {
                "jobs": [[8, 1], [4, 2], [2, 5], [1, 10]],
                "whole_nodes": 1,
                "untold_nodes": 0,
                "no_cores": 0,
                "no_memory": 0,
                "allocated": 0,
                "planned": 0,
                "reserved": 0,
                "asleep": 0,
            },
            "remarks": [],
        }
    ]
    assert main(["gpus"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split() == "test H100 gpu 24 6 10 8 8×1 4×2 2×5 1×10 h100".split()


def test_gpus_by_pool(over: Open, capsys: Capture) -> None:
    over(FakeCentre(nodes=(node("h1", 6),)))
    data = told(capsys, "gpus", "--pools")["data"]
    assert data[0]["name"] == "h100"
    assert data[0]["accelerators"][0]["free"] == 2
    assert main(["gpus", "--pools", "--csv"]) == 0
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert (row["name"], row["model"], row["total"], row["free"]) == ("h100", "h100", "8", "2")


def test_use_that_is_not_told_is_not_zero(over: Open, capsys: Capture) -> None:
    from naru_client.model import NodeAccelerators

    over(FakeCentre(nodes=(node("h1", 1, accelerators=(NodeAccelerators("gpu", "h100", 8, None),)),)))
    one = told(capsys, "gpus")["data"][0]
    assert (one["used"], one["free"], one["largest_free_block"]) == (None, None, None)
    assert main(["gpus"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[3:6] == ["8", "–", "–"]


def test_nodes_tells_why_one_is_away(over: Open, capsys: Capture) -> None:
    away = node(
        "h2", 0, condition="drained", states=("IDLE", "DRAIN"), reason="Xid 79", reason_user="ops", reason_since=NOW
    )
    over(FakeCentre(nodes=(node("h1", 3), away)))
    assert [one["name"] for one in told(capsys, "nodes")["data"]] == ["h1", "h2"]
    assert [one["name"] for one in told(capsys, "nodes", "--drained")["data"]] == ["h2"]
    assert main(["nodes"]) == 0
    out = capsys.readouterr().out
    assert "3/8 H100" in out
    assert "Xid 79 (ops, 09:30)" in out


@pytest.mark.parametrize(
    ("condition", "states", "shown"),
    [
        ("idle", ("IDLE", "POWERED_DOWN", "CLOUD"), "idle, powered down"),
        ("mixed", ("MIXED", "POWERING_UP", "NOT_RESPONDING"), "mixed, powering up, not responding"),
        ("draining", ("MIXED", "DRAIN"), "draining"),
        ("down", ("DOWN", "SOMETHING_NEW"), "down, something new"),
    ],
)
def test_nodes_tells_slurms_own_flags(
    over: Open, capsys: Capture, condition: str, states: tuple[str, ...], shown: str
) -> None:
    over(FakeCentre(nodes=(node("h1", 3, condition=condition, states=states),)))
    assert main(["nodes"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split("  ")[1:] != []
    assert shown in [part.strip() for part in line.split("  ")]


def test_conditions_of_nodes_are_translated(over: Open, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    over(FakeCentre(nodes=(node("h1", condition="idle", states=("IDLE", "POWERED_DOWN")),)))
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    assert main(["nodes"]) == 0
    out = capsys.readouterr().out
    assert "idle" not in out
    assert "유휴" in out


def test_sites_tells_announced_maintenance(over: Open, capsys: Capture) -> None:
    centre = over(FakeCentre())
    centre.held_reservations = (
        Reservation(
            site="test", name="정기점검", start=NOW + timedelta(days=1), end=None, node_list="h[1-2]", flags=("MAINT",)
        ),
    )
    site = told(capsys, "sites")["data"][0]
    assert site["name"] == "testsite"
    assert site["notices"][0]["text"] == "정기점검 on h[1-2]"
    centre.errors["reservations"] = NotProvided("none")
    assert told(capsys, "sites")["warnings"] == []


def test_job_tells_every_record(over: Open, capsys: Capture) -> None:
    over(FakeCentre((job(3, comment="나루"),)))
    assert told(capsys, "job", "3")["data"][0]["comment"] == "나루"
    assert main(["job", "3"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("3  job3\n")
    assert "time limit    1d 00h\n" in out
    assert "None" not in out


def test_job_raw_is_the_sources_own_words(over: Open, capsys: Capture) -> None:
    over(FakeCentre())
    assert main(["job", "3", "--raw"]) == 0
    assert capsys.readouterr().out == "JobId=3\nEverything=else\n"


def test_why_gives_words(over: Open, capsys: Capture) -> None:
    over(FakeCentre((waiting(3, "Priority"),)))
    answer = told(capsys, "why", "3")["data"][0]
    assert (answer["id"], answer["state"], answer["reason"]) == ("3", "PENDING", "Priority")
    assert main(["why", "3"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("3  PENDING  job3\n")
    for sentence in answer["words"]:
        assert f"  {sentence}\n" in out


@pytest.mark.parametrize("verb", ["job", "why"])
def test_an_unknown_job_is_not_found(over: Open, capsys: Capture, verb: str) -> None:
    over(FakeCentre((job(1),)))
    assert told(capsys, verb, "99", code=1)["error"]["kind"] == "not_found"


@pytest.mark.parametrize("text", ["--help;ls", "$(ls)", "abc", "1 2", "", "1;2", "1\n2", "-1"])
def test_what_cannot_be_a_job_is_a_mistake_of_usage(over: Open, capsys: Capture, text: str) -> None:
    centre = over(FakeCentre())
    assert main(["job", "--", text]) == 2
    assert centre.calls == []


@pytest.mark.parametrize("text", ["1", "123_4", "123_[5-9%2]", "123+1", "123.batch"])
def test_ids_as_slurm_writes_them_are_taken(text: str) -> None:
    from naru.commands.job_ids import checked

    assert checked(text) == text


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (SignInNeeded("no token", "get one"), 3, "sign_in"),
        (Unreachable("no answer", "wait"), 4, "unreachable"),
        (NotProvided("not here"), 6, "not_provided"),
        (NotFound("nothing"), 1, "not_found"),
        (BadAnswer("not JSON"), 1, "bad_answer"),
    ],
)
@pytest.mark.parametrize("verb", [["jobs"], ["nodes"], ["gpus"], ["sites"], ["job", "1"], ["why", "1"], []])
def test_an_error_is_an_envelope_a_line_and_an_exit_code(
    over: Open, capsys: Capture, verb: list[str], error: Any, code: int, kind: str
) -> None:
    over(FakeCentre()).error = error
    assert main([*verb, "--json"]) == code
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "schema": f"naru.{verb[0] if verb else 'snapshot'}/1",
        "ok": False,
        "error": {"kind": kind, "message": error.message, "hint": error.hint},
    }
    assert err == f"naru: {error.message}\n" + (f"hint: {error.hint}\n" if error.hint else "")


def test_the_centre_is_closed_whatever_happens(over: Open, capsys: Capture) -> None:
    centre = over(FakeCentre((job(1),)))
    assert main(["jobs"]) == 0
    assert centre.closed
    centre = over(FakeCentre())
    centre.error = Unreachable("no")
    assert main(["jobs"]) == 4
    assert centre.closed


def test_a_mistake_of_ours_is_one_line_without_its_words(
    over: Open, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = over(FakeCentre())

    async def broken(**_question: object) -> None:
        raise RuntimeError("token eyJhbGciOi")

    monkeypatch.setattr(centre, "jobs", broken)
    assert main(["jobs"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    first, hint = err.splitlines()
    assert first.startswith("naru: internal error: RuntimeError at test_cli.py:")
    assert hint.startswith("hint: NARU_DEBUG=1 ")
    assert "eyJ" not in err
    monkeypatch.setenv("NARU_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main(["jobs"])


def test_an_interrupt_is_quiet(over: Open, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    centre = over(FakeCentre())

    async def interrupted(**_question: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(centre, "jobs", interrupted)
    assert main(["jobs"]) == 130
    assert capsys.readouterr() == ("", "")


def test_the_snapshot_is_one_page(over: Open, capsys: Capture) -> None:
    centre = over(FakeCentre((job(1), waiting(2, expected_start=NOW + timedelta(hours=1))), (node("h1", 6),)))
    centre.held_reservations = (
        Reservation(site="test", name="m", start=NOW, end=None, node_list="h1", flags=("MAINT",)),
    )
    assert main([]) == 0
    out = capsys.readouterr().out
    for text in (
        "testsite",
        "H100",
        "1 running, 1 waiting, 0 ended",
        "job1",
        "Next start: 2, expected at 10:30",
        "m on h1",
    ):
        assert text in out
    for line in out.splitlines():
        assert len(line) <= 100
    data = told(capsys)["data"]
    assert data["next_start"] == {"id": "2", "at": "2026-03-02T10:30:00Z"}
    assert [one["id"] for one in data["jobs"]] == ["1", "2"]
    assert data["accelerators"][0]["used"] == 6


def test_the_snapshot_does_without_what_is_not_provided(over: Open, capsys: Capture) -> None:
    centre = over(FakeCentre((job(1),)))
    centre.errors = {"nodes": NotProvided("none"), "site": NotProvided("none"), "reservations": Unreachable("slow")}
    envelope = told(capsys)
    assert envelope["data"]["accelerators"] is None
    assert envelope["warnings"] == ["slow"]
    assert main(["--once"]) == 0
    assert "accelerators are not provided" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["jbos"], "no verb named 'jbos'"),
        (["jobs", "--nope"], "--nope"),
        (["jobs", "--json", "--csv"], "--json and --csv"),
        (["job", "1", "--csv"], "not a table"),
        (["why", "1", "--csv"], "not a table"),
        (["doctor", "--csv"], "not a table"),
        (["--csv"], "not a table"),
        (["jobs", "--demo", "--profile", "x"], "cannot be had together"),
        (["demo", "--replay", "x"], "cannot be had together"),
        (["job"], "ID"),
        (["jobs", "--since", "tuesday"], "tuesday"),
        (["jobs", "--profile"], "--profile"),
        (["jobs", "--since", "999999w"], "--since 999999w is too long ago"),
        (["jobs", "--since", "2601w"], "--since 2601w is too long ago"),
        (["jobs", "--replay", ""], "--replay is empty"),
        (["jobs", "--replay="], "--replay is empty"),
        (["jobs", "--profile", ""], "--profile is empty"),
        (["jobs", "--profile", " "], "--profile is empty"),
        (["--replay", ""], "--replay is empty"),
    ],
)
def test_mistakes_of_usage(over: Open, capsys: Capture, argv: list[str], words: str) -> None:
    over(FakeCentre())
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert (out == "") is ("--json" not in argv)
    first = err.splitlines()[0]
    assert first.startswith("naru: ")
    assert words in first
    assert err.replace("\n", "").isprintable()


def test_near_verbs_are_suggested(capsys: Capture) -> None:
    assert main(["jbos"]) == 2
    assert capsys.readouterr().err.endswith("hint: did you mean jobs?\n")


def test_which_centre_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(settings: Settings, **asked: object) -> Profile:
        return choose_profile(argparse.Namespace(**{"demo": False, "profile": "", **asked}), settings)

    one, two = Profile(name="one", url="https://one"), Profile(name="two")
    monkeypatch.setattr(processes, "slurm_commands_available", lambda _profile: True)
    assert chosen(Settings()) == Profile(name="local")
    assert chosen(Settings(profiles={"one": one, "two": two}, default_profile="one")) == one
    assert chosen(Settings(profiles={"one": one, "two": two}, default_profile="one"), profile="two") == two
    assert chosen(Settings(), profile="https://there/").url == "https://there"
    demo = chosen(Settings(), demo=True, scenario=None, seed=7)
    assert (demo.dialect, demo.scenario, demo.seed) == ("mock", demo_profile().scenario, 7)
    monkeypatch.setattr(processes, "slurm_commands_available", lambda _profile: False)
    assert chosen(Settings(profiles={"one": one})) == one
    with pytest.raises(UsageError, match="which profile"):
        chosen(Settings(profiles={"one": one, "two": two}))


@pytest.mark.parametrize("argv", [["--all", "jobs"], ["jobs", "--all"], ["--json", "jobs", "--all"]])
def test_global_options_stand_before_or_after_the_verb(over: Open, capsys: Capture, argv: list[str]) -> None:
    over(FakeCentre((job(1), job(2, user="other"))))
    assert main(argv if "--json" in argv else [*argv, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["data"]) == 2


@pytest.mark.parametrize(
    "verb", ["", "gpus", "jobs", "job", "nodes", "sites", "why", "doctor", "demo", "capture", "themes"]
)
def test_every_verb_has_help(capsys: Capture, verb: str) -> None:
    assert main([verb, "--help"] if verb else ["--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: naru {verb}")
    assert "--profile NAME" in out


def test_themes_lists_ours_and_the_broken_ones(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "naru" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('name = "mine"\nprimary = "nope"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    data = {one["name"]: one for one in told(capsys, "themes")["data"]}
    assert data["naru-dark"] == {"name": "naru-dark", "source": "naru", "error": None}
    assert data["mine"]["error"]
    assert data["mine"]["source"] == clean(str(folder / "mine.toml"))
    assert main(["themes"]) == 0
    assert "mine" in capsys.readouterr().out


def test_a_wrong_filter_is_shown_with_a_caret_below_its_fault(over: Open, capsys: Capture) -> None:
    centre = over(FakeCentre())
    assert main(["jobs", "학습", "gpus>=many"]) == 2
    first, text, caret, *_hint = capsys.readouterr().err.splitlines()
    assert first.startswith("naru: many is not a number")
    assert text == "  학습 gpus>=many"
    assert caret == " " * (2 + cell_len("학습 gpus>=")) + "^"
    assert centre.calls == []


def test_a_saved_filter_is_used_by_its_name(over: Open, capsys: Capture) -> None:
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "naru" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('[filters]\nwaits = "state:pd !other"\n', encoding="utf-8")
    over(FakeCentre((job(1), waiting(2), waiting(3, name="other"))))
    assert ids(told(capsys, "jobs", "--all", "@waits")) == ["2"]
    assert main(["jobs", "@wait"]) == 2
    assert "did you mean @waits?" in capsys.readouterr().err
