"""`naru estimate`: a script or a shape, pool by pool, with the scheduler's own answer and the site's own rules."""

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
from tests.tui.fake import NOW, FakeCentre, at, job, node

from naru import session
from naru.__main__ import main
from naru.commands.estimate_data import sheet_of
from naru.planning import Plan, load_site_rules
from naru.session import Opened
from naru.terminal import Paper
from naru_client.config import Profile, Settings
from naru_client.errors import NotProvided, Refused, UsageError
from naru_client.exchange import Answer, Call, CallLog
from naru_client.insight.limits_ahead import After
from naru_client.insight.offers import Offer
from naru_client.insight.quota import Quota
from naru_client.insight.request import Asked, shape
from naru_client.model import NodeAccelerators, Pool
from naru_client.site_rules_file import load_rules
from naru_client.slurm.batch_script import read_job
from naru_client.slurm.test_only import decode_start, start_argv

Over = Callable[..., None]
Capture = pytest.CaptureFixture[str]

SCRIPT = """#!/bin/bash
#SBATCH --job-name=train
#SBATCH --partition=h100
#SBATCH --gres=gpu:h100:4
#SBATCH --time=2:00:00
#SBATCH --mem=64G
srun python train.py
"""


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> Over:
    """Makes the verb ask these centres, with these settings of the profile."""

    def use(*centres: FakeCentre, **profile: Any) -> None:
        async def opened(args: argparse.Namespace, settings: Settings, paper: Paper) -> Opened:
            told = Profile(name="test", **profile)
            return Opened(centres, told, CallLog(), clock=lambda: NOW, glyphs=paper.glyphs, no_colour=True)

        monkeypatch.setattr(session, "open_session", opened)

    return use


def centre() -> FakeCentre:
    """A pool of H100, one of B200, and one that is down."""
    found = FakeCentre(
        nodes=(
            node("h1", memory=1 << 40),
            node("b1", memory=1 << 40, pools=("b200",), accelerators=(NodeAccelerators("gpu", "b200", 8, 2),)),
        )
    )
    found.held_pools = tuple(
        Pool(site="test", name=name, state=state, max_time=86400, default_time=3600)
        for name, state in (("h100", "UP"), ("b200", "UP"), ("closed", "DOWN"))
    )
    return found


def limited(granted: int, used: int = 0) -> tuple[Quota, ...]:
    left = granted - used
    of_account = Quota(
        site="test", holder="lab", account="lab", resource="gpu", granted=granted, used_decayed=used, committed=0,
        remaining=left, available=left, binds="lab",
    )  # fmt: skip
    return of_account, replace(of_account, holder="lab/me", above="lab", user="me", granted=None, unlimited=True)


def told(capsys: Capture, *argv: str, code: int = 0) -> dict[str, Any]:
    assert main(["estimate", "--json", *argv]) == code
    whole = json.loads(capsys.readouterr().out)
    assert whole["schema"] == "naru.estimate/1"
    data = whole["data"]
    assert isinstance(data, dict)
    return data


def pools(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {offer["pool"]: offer for offer in data["offers"]}


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "train.sh"
    path.write_text(SCRIPT)
    return str(path)


def test_a_script_is_told_pool_by_pool(over: Over, capsys: Capture, script: str) -> None:
    one = centre()
    one.held_quotas = limited(100 * 3600)
    over(one)
    found = pools(told(capsys, script))
    assert found["h100"]["fits"]
    assert found["h100"]["at_most"] == {"low": "8.00", "high": "8.00"}
    assert found["h100"]["unit"] == "accelerator-hours"
    assert found["h100"]["left"] == [{"holder": "lab", "resource": "gpu", "available": 360000, "left": 331200}]
    assert found["b200"]["why_not"] == ["it has no H100, but B200"]
    assert found["closed"]["fits"] is False
    assert sorted(one.calls) == ["history", "nodes", "pools", "quotas"]
    assert main(["estimate", script]) == 0
    out = capsys.readouterr().out
    assert "train: 4×H100 a node · 2h 00m · pool h100" in out
    assert "92 GPU-hours of 100 GPU-hours left to account lab" in out
    assert "closed: the pool is down" in out


def test_options_go_over_the_script_and_what_naru_has_no_word_for_after_two_dashes(
    over: Over, capsys: Capture, script: str
) -> None:
    over(centre())
    data = told(capsys, script, "--gres=gpu:8", "-t", "30", "--exclusive", "--", "--site-only=1", "-N1")
    options = {one["option"]: one for one in data["asked"][0]["options"]}
    assert (options["gres"]["value"], options["gres"]["origin"]["source"]) == ("gpu:8", "option")
    assert (options["time"]["value"], options["nodes"]["value"]) == ("30", "1")
    assert "exclusive" in options
    assert any("no Slurm knows" in note["text"] for note in data["notes"])
    assert pools(data)["b200"]["fits"]


def test_an_option_without_a_value_does_not_take_the_script_for_one(over: Over, capsys: Capture, script: str) -> None:
    over(centre())
    (part,) = told(capsys, "--exclusive", script)["asked"]
    assert next(one for one in part["options"] if one["option"] == "exclusive")["value"] is None


def test_a_shape_is_told_in_short_words(over: Over, capsys: Capture) -> None:
    over(centre())
    data = told(capsys, "--gpus", "8", "--model", "h100", "--time", "4h", "--nodes", "1", "--cpus", "16", "--mem=64G")
    (part,) = pools(data)["h100"]["parts"]
    assert part == {
        "pool": "h100", "nodes": 1, "cpus": 16, "memory": 64 << 30,
        "accelerators": [{"kind": "gpu", "model": "h100", "count": 8}], "time_limit": 4 * 3600,
    }  # fmt: skip
    npus = told(capsys, "--npus", "8", "--model", "rngd", "--nodes=2", "-t1d")
    assert [one["value"] for one in npus["asked"][0]["options"]] == ["2", "1440", "npu:rngd:4"]
    assert told(capsys, "--gpus=1", "--pool", "b200")["offers"][0]["pool"] == "b200"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "there is nothing to estimate"),
        (["--model", "h100"], "--model says nothing without --gpus or --npus"),
        (["--gpus=1", "--npus=1", "--model=x"], "--model may be that of --gpus or of --npus"),
        (["--npus=3", "-N2"], "3 NPUs cannot be spread evenly over 2 nodes"),
        (["--npus=none"], "--npus 'none': this must be a whole number above 0"),
        (["a.sh", "b.sh"], "one script at a time: a.sh, b.sh"),
        (["/nowhere/a.sh"], "cannot read /nowhere/a.sh: No such file or directory"),
        (["--time=4x"], "the options: --time=4x: a time is minutes"),
        (["--gpus=1", "--tariff=nosuch"], "no tariff named 'nosuch'"),
    ],
)
def test_what_is_told_wrongly_is_said_and_asks_nobody(over: Over, capsys: Capture, argv: list[str], words: str) -> None:
    one = centre()
    over(one)
    assert main(["estimate", *argv]) == 2
    assert words in capsys.readouterr().err
    assert one.calls == []


def test_a_malformed_script_is_told_with_file_line_and_word(over: Over, capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "bad.sh"
    path.write_text("#!/bin/bash\n#SBATCH -N2 --time=four\n")
    over(centre())
    assert main(["estimate", str(path)]) == 2
    assert f"{path}, line 2: --time=four: a time is minutes" in capsys.readouterr().err


def test_a_script_comes_from_standard_input_too(over: Over, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    over(centre())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SCRIPT.encode() + b"# \xb0\xa1\n")))
    assert pools(told(capsys, "-"))["h100"]["fits"]


def test_a_pool_of_that_name_must_be_there(over: Over, capsys: Capture) -> None:
    over(centre())
    assert main(["estimate", "--gpus=1", "--pool=nowhere"]) == 1
    assert "there is no pool named nowhere" in capsys.readouterr().err


def test_the_schedulers_own_answer_is_the_start_and_its_refusal_the_last_word(
    over: Over, capsys: Capture, script: str
) -> None:
    one = centre()
    start = NOW + timedelta(hours=3)
    one.held_starts = {"h100": start, "b200": Refused("Invalid qos specification")}
    over(one)
    found = pools(told(capsys, script, "--gres=gpu:4"))
    assert found["h100"]["start"] == start.isoformat().replace("+00:00", "Z")
    assert found["b200"]["fits"] is False
    assert found["b200"]["why_not"] == ["the scheduler refuses it: Invalid qos specification"]
    assert [(name, path) for _request, name, path, _account in one.tested] == [("h100", script), ("b200", script)]
    one.tested.clear()
    assert pools(told(capsys, script, "--no-start"))["h100"]["start"] is None
    assert one.tested == []


def test_the_scheduler_is_asked_about_so_many_pools_at_most_and_not_again_where_it_cannot_be(
    over: Over, capsys: Capture
) -> None:
    one = centre()
    one.held_pools = tuple(replace(one.held_pools[0], name=f"p{n:02}") for n in range(20))
    one.held_nodes = (replace(one.held_nodes[0], pools=tuple(pool.name for pool in one.held_pools)),)
    one.held_starts = {pool.name: NOW for pool in one.held_pools}
    over(one)
    found = pools(told(capsys, "--gpus=1"))
    assert len(one.tested) == 8
    assert sum(offer["start"] is not None for offer in found.values()) == 8
    assert found["p19"]["no_start"] == "the scheduler is asked about 8 pools at most"
    mute = centre()
    over(mute)
    assert pools(told(capsys, "--gpus=1"))["h100"]["no_start"] == "this centre tells no starts"
    assert len(mute.tested) == 1


def test_the_sites_own_rules_are_told_with_the_line_to_write(over: Over, capsys: Capture, script: str) -> None:
    over(centre(), site_rules="kisti", tariff="korea-ai-programme")
    assert main(["estimate", script]) == 0
    out = capsys.readouterr().out
    assert f"{script}, line 6: --mem=64G  (not allowed here)" in out
    assert "leave the line out" in out
    assert 'add: #SBATCH --comment="' in out
    assert "* example prices: nobody published them" in out
    findings = told(capsys, script)["rules"]["findings"]
    assert {one["rule"] for one in findings} >= {"no-mem", "comment", "submit-from-scratch"}
    assert told(capsys, script, "--strict", code=1)["rules"]["findings"]


def test_strict_fails_where_nothing_fits(over: Over, capsys: Capture) -> None:
    over(centre())
    assert main(["estimate", "--gpus=99"]) == 0
    assert main(["estimate", "--gpus=99", "--strict"]) == 1
    assert main(["estimate", "--gpus=1", "--strict"]) == 0
    assert "No pool could run it." in capsys.readouterr().out


def test_what_is_expected_and_what_a_site_does_not_tell(over: Over, capsys: Capture, script: str) -> None:
    one = centre()
    done = [job(n, name="train", state="COMPLETED", ended=NOW, elapsed=3600) for n in range(4)]
    one.held_history = tuple(done)
    one.errors = {"quotas": NotProvided("no quotas here")}
    over(one)
    assert main(["estimate", script]) == 0
    seen = capsys.readouterr()
    assert "median of the last 4 jobs of me named train" in seen.out
    assert "quotas: no quotas here" in seen.err
    one.errors = {"pools": NotProvided("no pools here")}
    assert main(["estimate", script]) == 6
    assert "no pools here" in capsys.readouterr().err


def test_several_sites_stand_in_one_list(over: Over, capsys: Capture) -> None:
    over(at("a", nodes=(node("h1"),)), at("b", nodes=(node("h1"),)))
    found = told(capsys, "--gpus=4", "--no-start")["offers"]
    assert [(one["site"], one["fits"]) for one in found] == [("a", True), ("b", True)]
    assert main(["estimate", "--gpus=b200:4"]) == 0
    assert "  it has no B200, but H100\n" in capsys.readouterr().out


def test_csv_has_a_row_for_each_pool(over: Over, capsys: Capture, script: str) -> None:
    over(centre())
    assert main(["estimate", script, "--csv"]) == 0
    rows = {row["pool"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))}
    assert (rows["h100"]["at_most_high"], rows["h100"]["accelerators"]) == ("8.00", "gpu:h100:4")
    assert rows["b200"]["why_not"] == "it has no H100, but B200"


# ---- the question to Slurm ---------------------------------------------------------------------------------------


def test_the_question_holds_what_counts_and_nothing_that_acts() -> None:
    (request,) = read_job(
        SCRIPT, options=("--get-user-env", "--wait", "-M", "other", "-o", "/x", "--qos=long")
    ).requests
    argv = start_argv(request, "b200", script="/home/me/train.sh", account="lab")
    assert argv[:2] == ("sbatch", "--test-only")
    assert set(argv[2:-2]) == {
        "--qos=long", "--job-name=train", "--gres=gpu:h100:4", "--time=2:00:00", "--mem=64G", "--account=lab",
    }  # fmt: skip
    assert argv[-2:] == ("--partition=b200", "/home/me/train.sh")


def test_a_shape_is_put_in_sbatchs_words() -> None:
    asked = shape(accelerators=8, model="h100", nodes=2, cpus_per_task=4, memory_per_node=1 << 30, seconds=90, qos="q")
    assert start_argv(asked, "h100") == (
        "sbatch", "--test-only", "--nodes=2", "--cpus-per-task=4", "--qos=q", "--gpus=h100:8", "--mem=1024M",
        "--time=2", "--partition=h100", "--wrap=exit 0",
    )  # fmt: skip
    assert "--gres=npu:rngd:4" in start_argv(shape(accelerators=8, kind="npu", model="rngd", nodes=2), "npu")
    with pytest.raises(NotProvided):
        start_argv(shape(accelerators=7, kind="npu", nodes=2), "npu")


def answer(status: int, said: str) -> Answer:
    return Answer(call=Call(key="start", argv=("sbatch",)), status=status, body=b"", stderr=said.encode(), as_of=NOW)


def test_the_answer_is_a_moment_or_a_refusal_in_its_own_words() -> None:
    said = "sbatch: Job 85 to start at 1795605088 using 1 processors on nodes b200-02 in partition b200"
    assert decode_start(answer(0, said)).timestamp() == 1795605088
    refusals = {
        "allocation failure: Requested node configuration is not available": "Requested node configuration",
        "sbatch: error: invalid partition: x\nallocation failure: Invalid partition name": "Invalid partition name",
        "allocation failure: \x1b[31mno": "no",
    }
    for said, words in refusals.items():
        with pytest.raises(Refused) as refused:
            decode_start(answer(1, said))
        assert words in refused.value.message
        assert refused.value.message.isprintable()


def test_rules_are_found_by_name_or_by_file(tmp_path: Path) -> None:
    assert load_rules("kisti").rules
    path = tmp_path / "own.toml"
    path.write_text('name = "own"\n')
    assert load_rules(str(path)).rules == ()
    for wrong in ("nosuch", str(tmp_path / "none.toml"), "../kisti"):
        with pytest.raises(UsageError):
            load_rules(wrong)


def test_rules_that_a_profile_names_lie_beside_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "naru").mkdir()
    (tmp_path / "naru" / "own.toml").write_text('name = "own"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for named in ("own.toml", str(tmp_path / "naru" / "own.toml"), "kisti"):
        assert load_site_rules(Profile(site_rules=named)) is not None


def test_of_what_is_left_the_same_quota_stands_in_the_table_and_in_csv() -> None:
    most, tight = (
        After(holder=holder, resource="gpu", available=available, left=left)
        for holder, available, left in (("lab", 1_000, 900), ("univ", 100_000, 1_000))
    )
    offer = Offer(site="s", pool="p", fits=True, after=(most, tight))
    assert offer.tightest is tight
    sheet = sheet_of(Plan(asked=Asked(()), offers=(offer,)))
    assert dict(zip(sheet.names, sheet.rows[0], strict=True))["left_holder"] == "univ"
