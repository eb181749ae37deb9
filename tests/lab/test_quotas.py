"""Quotas beside what a real slurmctld says and does: the same figures, and the same verdict on a job."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.lab.real import HERE, Lab, running_in

from naru_client.config import Profile
from naru_client.exchange import CallLog
from naru_client.insight.quota import Demand, Quota, account_holder, by_key, predict
from naru_client.reading import Reading
from naru_client.slurm import tres
from naru_client.slurm.centre import SlurmCentre
from naru_client.slurm.open import open_profile
from naru_client.slurm.quotas import quotas, resource_name
from naru_client.slurm.text_limits import LIMITS_ARGV, Limits, decode_limits
from naru_client.slurm.text_records import CONFIG_ARGV, decode_settings
from naru_client.slurm.text_shares import SHARES_ARGV, Share, decode_shares
from naru_client.slurm.text_values import duration

pytestmark = pytest.mark.slurm

MINUTE = 60
PATIENCE = 25  # seconds until slurmctld has looked at a job and said why it waits


def read(lab: Lab) -> Limits:
    return decode_limits(lab.start(*LIMITS_ARGV).stdout)


def at_one_moment(lab: Lab) -> tuple[Limits, tuple[Share, ...]]:
    """Limits and shares between which nothing changed: usage is brought up to date now and then, and as jobs end."""
    for _ in range(50):
        before = read(lab)
        shares = decode_shares(lab.start(*SHARES_ARGV).stdout)
        if read(lab) == before:
            return before, shares
    raise AssertionError("usage never stood still")


def test_every_figure_equals_sshare(lab: Lab) -> None:
    limits, shares = at_one_moment(lab)
    known = by_key(quotas(limits))
    assert len(shares) == len(limits.associations)
    compared = 0
    for share in shares:
        holder = account_holder(share.account, share.user)
        assert share.used is not None
        assert share.run_minutes is not None
        for name, used in share.used.items():
            quota = known.get((holder, resource_name(name), "seconds"))
            limit = (share.limits or {}).get(name)
            if quota is None:  # left out: neither limited nor used, or of no interest
                assert limit is None
                assert name in ("energy", "fs/disk", "vmem", "pages") or not (used or share.run_minutes[name])
                continue
            scale = quota.step
            assert quota.used_decayed == used * scale, (holder, name)
            assert quota.committed == share.run_minutes[name] * scale, (holder, name)
            assert quota.granted == (None if limit is None else limit * scale), (holder, name)
            assert quota.unlimited == (limit is None)
            compared += 1
    assert compared > 100


def test_raw_usage_is_more_than_the_billing_that_limits_are_held_against(lab: Lab) -> None:
    """RawUsage is in seconds, but of fractions of billing units: nobody's billing use may be taken from it."""
    limits, shares = at_one_moment(lab)
    known = by_key(quotas(limits))
    above = {}
    for share in shares:
        billing = known.get((account_holder(share.account, share.user), "billing", "seconds"))
        if billing is not None and billing.used_decayed:
            assert share.raw_usage is not None
            assert share.raw_usage + 1 >= billing.used_decayed
            above[billing.holder] = share.raw_usage - billing.used_decayed
    assert max(above.values()) > MINUTE, "more than what is cut off"


# By every transport


@asynccontextmanager
async def centre(lab: Lab, way: str, user: str, folder: Path) -> AsyncIterator[tuple[SlurmCentre, CallLog]]:
    """The lab by slurmrestd as that user, or by the commands as whoever runs the tests."""
    token = folder / f"token-{user}"
    token.touch(mode=0o600)
    token.write_text(lab.token(user))
    profile = {
        "commands": Profile(name="commands", slurm_conf=lab.env["SLURM_CONF"]),
        "socket": Profile(name="socket", socket=lab.socket, token_file=str(token)),
        "http": Profile(name="http", url=lab.rest_url, token_file=str(token)),
    }[way]
    log = CallLog()
    opened = await open_profile(profile, log)
    assert isinstance(opened, SlurmCentre)
    try:
        yield opened, log
    finally:
        await opened.close()


async def test_the_commands_tell_what_sshare_tells(lab: Lab, tmp_path: Path) -> None:
    async with centre(lab, "commands", "oper", tmp_path) as (opened, _log):
        for _ in range(20):
            limits, shares = at_one_moment(lab)
            reading = await opened.quotas()
            if read(lab) == limits:
                break
    assert not reading.warnings
    known = by_key(reading.value)
    for share in shares:
        for name, used in (share.used or {}).items():
            quota = known.get((account_holder(share.account, share.user), resource_name(name), "seconds"))
            if quota is not None:
                assert (quota.used_decayed, quota.as_of) == (used * quota.step, reading.as_of)
    assert {q.used for q in reading.value if q.unit == "seconds"} == {None}, "use decays here: not all is told"


def granted(lab: Lab) -> dict[tuple[str, str, str], int]:
    """Every limit of an account or user by the accounting store's own command: minutes as seconds, and counts."""
    told = lab.run("sacctmgr", "-n", "-P", "show", "assoc", "format=Account,User,GrpTRES,GrpTRESMins")
    found = {}
    for line in told.splitlines():
        account, user, held, minutes = line.split("|")
        holder = account_holder(account, user or None)
        for text, unit, each in ((held, "count", 1), (minutes, "seconds", MINUTE)):
            for name, amount in tres.resources(text).items():
                found[holder, resource_name(name), unit] = int(amount) * each
    return found


@pytest.mark.parametrize("way", ["commands", "socket", "http"])
async def test_every_limit_is_that_of_sacctmgr(lab: Lab, way: str, tmp_path: Path) -> None:
    async with centre(lab, way, "oper", tmp_path) as (opened, _log):
        reading = await opened.quotas()
    limits = {
        (q.holder, q.resource, q.unit): q.granted for q in reading.value if q.account is not None and not q.unlimited
    }
    assert limits == granted(lab)
    assert by_key(reading.value)["qos:high", "gpu", "count"].granted == 16


@pytest.mark.parametrize("way", ["socket", "http"])
async def test_slurmrestd_tells_use_to_the_second_or_not_at_all(lab: Lab, way: str, tmp_path: Path) -> None:
    async with centre(lab, way, "oper", tmp_path) as (opened, log):
        before = by_key(quotas(read(lab)))
        reading = await opened.quotas()
        after = by_key(quotas(read(lab)))
        asked = [record.shown for record in log.records if "/ping" not in record.shown]
    timed = [q for q in reading.value if q.unit == "seconds" and q.account is not None]
    assert timed
    if not any("/shares" in line for line in asked):  # before v0.0.40
        assert any("what was used is not known" in words for words in reading.warnings)
        for quota in reading.value:
            assert (quota.used, quota.used_decayed, quota.committed, quota.remaining) == (None, None, None, None)
            assert quota.available is None
            assert quota.binds is not None
        return
    for quota in timed:
        key = (quota.holder, quota.resource, quota.unit)
        earlier, later = before[key], after[key]
        if earlier == later:
            for seconds, minutes in (
                (quota.used_decayed, earlier.used_decayed), (quota.committed, earlier.committed)
            ):  # fmt: skip
                assert seconds is not None
                assert seconds // earlier.step * earlier.step == minutes, key


# Where things are kept private


PRIVATE = "PrivateData=accounts,usage,users,jobs"


@pytest.fixture(scope="module")
def private_lab(lab: Lab) -> Iterator[Lab]:
    """An empty lab of its own beside the other, in which nobody sees what is another's."""
    folder = Path(tempfile.mkdtemp(prefix="naru-private-"))
    env = {
        **os.environ, "LAB": str(folder), "LAB_PORT": "auto", "LAB_CLUSTER": "private", "LAB_NODES": "cpu-01",
        "LAB_EXTRA": PRIVATE,
    }  # fmt: skip
    try:
        done = subprocess.run(
            [HERE / "slurm-up"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        with (folder / "etc" / "slurmdbd.conf").open("a") as file:
            file.write(PRIVATE + "\n")
        private = running_in(folder)
        private.run("sacctmgr", "-i", "modify", "account", "univ_a", "set", "grptresmins=cpu=100000")
        private.run("sacctmgr", "reconfigure")
        yield private
    finally:
        subprocess.run([HERE / "slurm-down", "--purge"], env=env, stdin=subprocess.DEVNULL, timeout=120, check=True)
        shutil.rmtree(folder, ignore_errors=True)


def test_by_commands_a_user_sees_own_use_and_that_more_is_hidden(private_lab: Lab) -> None:
    everything = by_key(quotas(read(private_lab)))
    body = private_lab.start(*LIMITS_ARGV, user="alice").stdout
    found = quotas(decode_limits(body))
    assert {q.holder for q in found if q.account is not None} == {"univ_a/alice", "inst_a/alice"}
    own = by_key(found)["univ_a/alice", "gpu", "seconds"]
    assert (own.unlimited, own.used_decayed) == (True, 0), "nothing is used here, and that is told"
    assert (own.available, own.binds, own.above) == (None, "univ_a", "univ_a")
    assert everything["univ_a/alice", "gpu", "seconds"].available == 600_000 * MINUTE
    demand = Demand(account="univ_a", user="alice", accelerators=tres.accelerators("gpu:b200:1"), seconds=MINUTE)
    assert {(s.holder, s.kind) for s in predict(found, demand)} == {("univ_a", "not-known")}


async def test_by_slurmrestd_a_user_sees_own_accounts_and_no_others(private_lab: Lab, tmp_path: Path) -> None:
    readings: dict[str, Reading[tuple[Quota, ...]]] = {}
    for user in ("root", "alice"):
        for _ in range(50):  # until the accounting store has read its configuration again
            async with centre(private_lab, "socket", user, tmp_path) as (opened, _log):
                readings[user] = await opened.quotas()
            if user == "root" or "startup_a" not in {q.account for q in readings[user].value}:
                break
            await asyncio.sleep(0.1)
    everything, mine = (by_key(readings[user].value) for user in ("root", "alice"))
    assert {"univ_a", "univ_a/alice", "univ_a/bob", "startup_a"} <= {holder for holder, _, _ in everything}
    others = {q.holder for q in mine.values() if q.account is not None}
    assert others == {"univ_a", "univ_a/alice", "inst_a", "inst_a/alice"}
    for key, quota in mine.items():
        assert (quota.granted, quota.unlimited) == (everything[key].granted, everything[key].unlimited)
    assert mine["univ_a", "gpu", "seconds"].granted == 600_000 * MINUTE


# Jobs foretold


def waiting(lab: Lab) -> dict[str, list[str]]:
    """The pending jobs by id: reason, account, user, QOS, cpus, nodes, time limit, accelerators per node."""
    told = lab.run("squeue", "--noheader", "--states=PENDING", "--format=%A|%r|%a|%u|%q|%C|%D|%l|%b")
    return {row[0]: row[1:] for row in (line.split("|") for line in told.splitlines())}


def request(row: Sequence[str]) -> Demand:
    _reason, account, user, qos, cpus, nodes, limit, gres = row
    seconds = duration(limit)
    assert seconds is not None
    return Demand(
        account=account, user=user, qos=(qos,), cpus=int(cpus), nodes=int(nodes), seconds=seconds,
        accelerators=tres.times(tres.accelerators(gres), int(nodes)),
    )  # fmt: skip


def of_startup(gpus: int, minutes: int) -> Demand:
    accelerators = tres.accelerators(f"gpu:b200:{gpus}")
    return Demand(
        account="startup_b", user="grace", qos=("normal",), accelerators=accelerators, seconds=minutes * MINUTE
    )


def over_time(found: Sequence[Quota], wanted: Demand) -> set[str]:
    return {s.holder for s in predict(found, wanted) if s.unit == "seconds"}


def test_limits_are_safe_here(lab: Lab) -> None:
    settings = decode_settings(lab.start(*CONFIG_ARGV).stdout)
    assert "safe" in settings["AccountingStorageEnforce"].split(",")


def test_jobs_that_wait_for_a_grant_are_those_foretold(lab: Lab) -> None:
    found = quotas(read(lab))
    rows = [row for row in waiting(lab).values() if "Minutes" in row[0]]
    assert len(rows) >= 3
    for row in rows:
        holders = over_time(found, request(row))
        assert (f"qos:{row[3]}" if row[0].startswith("QOS") else row[1]) in holders, row


def test_a_job_is_foretold_before_it_is_submitted(lab: Lab) -> None:
    found = quotas(read(lab))
    submit = ("sbatch", "--parsable", "-A", "startup_b", "-p", "b200", "--output=/dev/null", "--wrap=exit 0")
    shapes = {"over": (4, 60), "within": (1, 5)}  # GPUs and minutes; the account was granted 100 GPU-minutes
    ids: dict[str, str] = {}
    try:
        (shortfall,) = (s for s in predict(found, of_startup(*shapes["over"])) if s.unit == "seconds")
        assert (shortfall.holder, shortfall.kind) == ("startup_b", "larger-than-granted")
        assert shortfall.over == (4 * 60 - 100) * MINUTE
        assert over_time(found, of_startup(*shapes["within"])) == set()
        for name, (gpus, minutes) in shapes.items():
            extra = (f"--gres=gpu:b200:{gpus}", f"--time={minutes}")
            ids[name] = lab.run(*submit[:-1], *extra, submit[-1], user="grace").strip()
        until = time.monotonic() + PATIENCE
        while "Minutes" not in waiting(lab).get(ids["over"], [""])[0] and time.monotonic() < until:
            pass
        assert waiting(lab)[ids["over"]][0] == "AssocGrpGRESMinutes"
        assert "Minutes" not in waiting(lab).get(ids["within"], [""])[0]
    finally:
        if ids:
            lab.run("scancel", *ids.values())
