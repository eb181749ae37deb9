"""The verbs over several sites: one answer of all of them, and which site knows a job."""

import argparse
import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.tui.fake import HOSTILE, NOW, FakeCentre, at, job, node, waiting

from naru import session
from naru.__main__ import main
from naru.session import Opened
from naru.terminal import Paper
from naru_client.config import Profile, Settings
from naru_client.errors import NaruError, NotFound, NotProvided, SignInNeeded, Unreachable
from naru_client.exchange import CallLog
from naru_client.model import Job, Pool, Reservation
from naru_client.reading import Reading

Open = Callable[[Sequence[FakeCentre]], Sequence[FakeCentre]]
Capture = pytest.CaptureFixture[str]


class Exact(FakeCentre):
    """A centre that knows some jobs and says of others that it does not."""

    async def job(self, job_id: str) -> Reading[tuple[Job, ...]]:
        reading = await super().job(job_id)
        if not reading.value:
            raise NotFound(f"no job {job_id} here")
        return reading

    async def raw_job(self, job_id: str) -> Reading[str]:
        await self.job(job_id)
        return await super().raw_job(job_id)


def exact(site: str, *jobs: Job) -> FakeCentre:
    centre = Exact(at(site, jobs).held_jobs)
    centre.id = site
    return centre


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Makes every verb ask these sites."""

    def use(centres: Sequence[FakeCentre]) -> Sequence[FakeCentre]:
        async def opened(args: argparse.Namespace, settings: Settings, paper: Paper) -> Opened:
            return Opened(
                centres, Profile(name="programme"), CallLog(), clock=lambda: NOW, glyphs=paper.glyphs, no_colour=True
            )

        monkeypatch.setattr(session, "open_session", opened)
        return centres

    return use


def three() -> list[FakeCentre]:
    return [
        at("neuron", (job(1), waiting(2)), (node("n1", 6),)),
        at("nhn-b200", (job(1, name="other-one"),), (node("n1", 0), node("n2", 0))),
        at("gist", (job(3),), (node("g1", 8),)),
    ]


def told(capsys: Capture, *argv: str, code: int = 0) -> dict[str, Any]:
    assert main([*argv, "--json"]) == code
    envelope = json.loads(capsys.readouterr().out)
    assert isinstance(envelope, dict)
    return envelope


def lines(capsys: Capture, *argv: str) -> list[str]:
    assert main([*argv]) == 0
    return capsys.readouterr().out.splitlines()


LISTS = [["jobs"], ["nodes"], ["gpus"], ["gpus", "--pools"], ["sites"]]


@pytest.mark.parametrize("verb", LISTS)
def test_every_list_is_of_all_sites_under_the_programmes_name(over: Open, capsys: Capture, verb: list[str]) -> None:
    over(three())
    envelope = told(capsys, *verb)
    key = "id" if verb == ["sites"] else "site"
    assert list(dict.fromkeys(row[key] for row in envelope["data"])) == ["neuron", "nhn-b200", "gist"]
    assert envelope["site"] == "programme"
    assert envelope["warnings"] == []
    assert main([*verb, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert {row[key] for row in rows} == {"neuron", "nhn-b200", "gist"}
    assert "nhn-b200" in "\n".join(lines(capsys, *verb))


@pytest.mark.parametrize("verb", [["jobs"], ["nodes"], ["gpus", "--pools"]])
def test_the_site_is_a_column_only_where_there_are_several(over: Open, capsys: Capture, verb: list[str]) -> None:
    over(three())
    assert lines(capsys, *verb)[0].split()[0] == "SITE"
    over(three()[:1])
    assert "SITE" not in lines(capsys, *verb)[0]
    assert told(capsys, *verb)["site"] == "neuron"


@pytest.mark.parametrize("verb", [*LISTS, []])
def test_a_site_that_fails_is_a_warning_and_the_others_are_told(over: Open, capsys: Capture, verb: list[str]) -> None:
    sites = over(three())
    sites[1].error = Unreachable("connection refused", "is it up?")
    envelope = told(capsys, *verb)
    assert envelope["ok"] is True
    assert envelope["warnings"] == ["nhn-b200: connection refused"]
    assert main(verb) == 0
    out, err = capsys.readouterr()
    assert "gist" in out
    assert err == "naru: warning: nhn-b200: connection refused\n"


@pytest.mark.parametrize("verb", [*LISTS, []])
def test_where_all_sites_fail_the_first_ones_error_is_told(over: Open, capsys: Capture, verb: list[str]) -> None:
    sites = over(three())
    errors: list[NaruError] = [SignInNeeded("no token", "get one"), Unreachable("no"), NotProvided("not here")]
    for site, error in zip(sites, errors, strict=True):
        site.error = error
    assert told(capsys, *verb, code=3)["error"] == {"kind": "sign_in", "message": "no token", "hint": "get one"}


def test_sites_with_the_same_warning_share_a_line(over: Open, capsys: Capture) -> None:
    for site in over(three()):
        site.errors["history"] = Unreachable("slurmdbd is away")
    assert told(capsys, "jobs")["warnings"] == ["neuron, nhn-b200, gist: no finished jobs: slurmdbd is away"]


def test_a_list_is_as_old_as_its_oldest_part(over: Open, capsys: Capture) -> None:
    sites = over(three())
    sites[2].now = NOW - timedelta(minutes=2)
    assert told(capsys, "nodes")["as_of"] == "2026-03-02T09:28:00Z"


def test_jobs_are_ones_own_at_each_site(over: Open, capsys: Capture) -> None:
    sites = over(three())
    sites[1].user = "m001"
    sites[1].held_jobs = (job(8, user="m001", site="nhn-b200"), job(9, user="me", site="nhn-b200"))
    found = [(row["site"], row["id"]) for row in told(capsys, "jobs")["data"]]
    assert found == [("neuron", "1"), ("neuron", "2"), ("nhn-b200", "8"), ("gist", "3")]
    found = [(row["site"], row["id"]) for row in told(capsys, "jobs", "--all", "user:me")["data"]]
    assert found == [("neuron", "1"), ("neuron", "2"), ("nhn-b200", "8"), ("gist", "3")]
    sites[1].user = None
    assert told(capsys, "jobs")["warnings"][0].startswith("nhn-b200: it is not known who you are")


def test_jobs_of_one_site_by_the_filter(over: Open, capsys: Capture) -> None:
    over(three())
    assert [row["site"] for row in told(capsys, "jobs", "site:nhn")["data"]] == ["nhn-b200"]
    assert [row["site"] for row in told(capsys, "jobs", "!site=neuron")["data"]] == ["nhn-b200", "gist"]


def test_gpus_by_site_and_pools_of_one_name_stay_apart(over: Open, capsys: Capture) -> None:
    over(three())
    assert [(row["site"], row["used"]) for row in told(capsys, "gpus")["data"]] == [
        ("neuron", 6), ("nhn-b200", 0), ("gist", 8),
    ]  # fmt: skip
    pools = told(capsys, "gpus", "--pools")["data"]
    assert [(pool["site"], pool["name"], pool["accelerators"][0]["free"]) for pool in pools] == [
        ("neuron", "h100", 2), ("nhn-b200", "h100", 16), ("gist", "h100", 0),
    ]  # fmt: skip


def test_the_snapshot_is_of_all_sites(over: Open, capsys: Capture) -> None:
    sites = over(three())
    sites[1].held_jobs = (waiting(5, site="nhn-b200", expected_start=NOW + timedelta(hours=1)),)
    sites[1].held_reservations = (
        Reservation(site="nhn-b200", name="maint", start=NOW, end=None, node_list="n1", flags=("MAINT",)),
    )
    data = told(capsys)["data"]
    assert data["site"]["id"] == "neuron"
    assert [site["id"] for site in data["sites"]] == ["neuron", "nhn-b200", "gist"]
    assert [line["site"] for line in data["accelerators"]] == ["neuron", "nhn-b200", "gist"]
    assert [(j["site"], j["id"]) for j in data["jobs"]] == [
        ("neuron", "1"), ("neuron", "2"), ("nhn-b200", "5"), ("gist", "3"),
    ]  # fmt: skip
    assert data["next_start"] == {"id": "5", "at": "2026-03-02T10:30:00Z", "site": "nhn-b200"}
    assert data["notices"][0]["text"] == "nhn-b200: maint on n1"
    out = "\n".join(lines(capsys))
    for text in ("programme  3 sites", "nhn-b200", "2 running, 2 waiting", "Next start: nhn-b200:5", "maint on n1"):
        assert text in out
    bars = [line for line in out.splitlines() if line.startswith("H100")]
    assert [line.split()[2:5] for line in bars] == [["14", "18", "–"]]  # one bar a model


def test_a_snapshot_of_one_site_says_nothing_of_several(over: Open, capsys: Capture) -> None:
    over([at("only", (waiting(5, expected_start=NOW + timedelta(hours=1)),), (node("n1", 3),))])
    data = told(capsys)["data"]
    assert set(data) == {"site", "accelerators", "jobs", "next_start", "notices"}
    assert set(data["next_start"]) == {"id", "at"}
    out = lines(capsys)
    assert out[0].startswith("only  ")
    assert "Next start: 5, expected" in "\n".join(out)


def test_the_snapshot_names_a_site_that_does_not_answer(over: Open, capsys: Capture) -> None:
    sites = over(three())
    sites[0].error = Unreachable("no answer at all")
    assert told(capsys)["data"]["site"] is None
    out = lines(capsys)
    assert next(line for line in out if "neuron" in line).split()[1:] == ["no", "answer"]


@pytest.mark.parametrize("verb", [["job"], ["why"], ["job", "--raw"]])
def test_a_job_is_found_at_the_site_that_knows_it(over: Open, capsys: Capture, verb: list[str]) -> None:
    sites = over([exact("a", job(1)), exact("b", job(2)), exact("c")])
    envelope = told(capsys, *verb, "2")
    assert (envelope["site"], envelope["warnings"]) == ("b", [])
    assert all(site.calls for site in sites)


@pytest.mark.parametrize("verb", [["job"], ["why"], ["job", "--raw"]])
def test_an_id_that_two_sites_know_is_a_question_with_both_answers(
    over: Open, capsys: Capture, verb: list[str]
) -> None:
    sites = over([exact("a", job(7, name="at-a")), exact("b", job(7, name="at-b")), exact("c")])
    error = told(capsys, *verb, "7", code=2)["error"]
    assert (error["kind"], error["hint"]) == ("usage", "one of: a:7, b:7")
    for site in sites:
        site.calls.clear()
    assert told(capsys, *verb, "b:7")["site"] == "b"
    assert sites[0].calls == sites[2].calls == []


def test_a_job_is_told_with_its_site_in_front(over: Open, capsys: Capture) -> None:
    over([exact("a", job(7)), exact("b", waiting(8))])
    assert lines(capsys, "job", "7")[0] == "a:7  job7"
    assert lines(capsys, "why", "8")[0].startswith("b:8  PENDING")
    over([exact("a", job(7))])
    assert lines(capsys, "job", "7")[0] == "7  job7"
    assert lines(capsys, "job", "a:7")[0] == "7  job7"


def test_a_job_nobody_knows_is_not_found(over: Open, capsys: Capture) -> None:
    over([exact("a"), at("b")])  # one says so, the other reads nothing
    assert told(capsys, "job", "7", code=1)["error"] == {"kind": "not_found", "message": "no job 7", "hint": ""}


def test_a_job_that_a_silent_site_may_have_is_not_said_to_be_missing(over: Open, capsys: Capture) -> None:
    sites = over([exact("a", job(1)), exact("b")])
    sites[1].error = Unreachable("no answer", "wait")
    assert told(capsys, "job", "1")["warnings"] == ["b: no answer"]
    error = told(capsys, "job", "2", code=4)["error"]
    assert error == {"kind": "unreachable", "message": "b: no answer", "hint": "wait"}


@pytest.mark.parametrize("text", ["c:1", "A:1", "7:1"])
def test_a_site_that_is_not_open_is_named_with_those_that_are(over: Open, capsys: Capture, text: str) -> None:
    for sites in ([exact("a", job(1)), exact("b")], [exact("a", job(1))]):
        over(sites)
        error = told(capsys, "job", text, code=2)["error"]
        assert error["hint"] == "sites: " + ", ".join(site.id for site in sites)
        assert sites[0].calls == []


def test_a_single_site_that_learns_its_name_late_is_asked_and_then_compared(over: Open, capsys: Capture) -> None:
    class Late(FakeCentre):
        async def job(self, job_id: str) -> Reading[tuple[Job, ...]]:
            self.id = "lab"
            return await super().job(job_id)

    for asked, code in (("lab:1", 0), ("other:1", 2)):
        centre = Late((job(1),))
        centre.id = ""
        over([centre])
        assert told(capsys, "why", asked, code=code)["ok"] is (code == 0)


@pytest.mark.parametrize("text", ["a:", ":1", "a:b", "a:$(ls)", "a b:1", "--help:1", "a:-1", "a:1\n"])
def test_what_cannot_be_a_job_at_a_site_is_told_before_anybody_is_asked(over: Open, capsys: Capture, text: str) -> None:
    sites = over([exact("a"), exact("b")])
    assert main(["job", "--", text]) == 2
    assert all(site.calls == [] for site in sites)


def test_a_capture_is_of_one_site(over: Open, capsys: Capture, tmp_path: Path) -> None:
    over(three())
    assert main(["capture", str(tmp_path / "new")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[1] == "hint: --site, one of: neuron, nhn-b200, gist"
    assert not (tmp_path / "new").exists()


def test_doctor_looks_at_every_site(over: Open, capsys: Capture) -> None:
    sites = over(three())
    sites[1].error = Unreachable("connection refused", "is it up?")
    checks = told(capsys, "doctor", "--demo", code=1)["data"]
    centres = [(one["subject"], one["state"]) for one in checks if one["id"] == "centre"]
    assert centres == [("site neuron", "ok"), ("site nhn-b200", "problem"), ("site gist", "ok")]


@pytest.mark.parametrize("verb", [*LISTS, ["job", "1"], []])
def test_no_verb_lets_a_control_byte_of_a_site_through(over: Open, capsys: Capture, verb: list[str]) -> None:
    sites = over([at(HOSTILE, (job(1, name=HOSTILE),), (node("n1", reason=HOSTILE),)), at("b")])
    sites[0].held_pools = (Pool(site=HOSTILE, name=HOSTILE, state=HOSTILE),)
    sites[1].error = Unreachable(HOSTILE)
    for form in ([], ["--json"]):
        assert main([*verb, *form]) == 0
        out, err = capsys.readouterr()
        assert (out + err).replace("\n", "").isprintable()


def test_every_site_is_closed_whatever_happens(over: Open, capsys: Capture) -> None:
    sites = over(three())
    assert main(["jobs"]) == 0
    assert all(site.closed for site in sites)
