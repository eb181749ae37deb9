"""Quotas beside what a real slurmctld says and does: the same figures, and the same verdict on a job."""

import time
from collections.abc import Sequence

import pytest
from tests.lab.real import Lab

from naru_client.insight.quota import Quota, Request, account_holder, by_key, predict
from naru_client.slurm import tres
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


def waiting(lab: Lab) -> dict[str, list[str]]:
    """The pending jobs by id: reason, account, user, QOS, cpus, nodes, time limit, accelerators per node."""
    told = lab.run("squeue", "--noheader", "--states=PENDING", "--format=%A|%r|%a|%u|%q|%C|%D|%l|%b")
    return {row[0]: row[1:] for row in (line.split("|") for line in told.splitlines())}


def request(row: Sequence[str]) -> Request:
    _reason, account, user, qos, cpus, nodes, limit, gres = row
    seconds = duration(limit)
    assert seconds is not None
    return Request(
        account=account, user=user, qos=(qos,), cpus=int(cpus), nodes=int(nodes), seconds=seconds,
        accelerators=tres.times(tres.accelerators(gres), int(nodes)),
    )  # fmt: skip


def of_startup(gpus: int, minutes: int) -> Request:
    accelerators = tres.accelerators(f"gpu:b200:{gpus}")
    return Request(
        account="startup_b", user="grace", qos=("normal",), accelerators=accelerators, seconds=minutes * MINUTE
    )


def over_time(found: Sequence[Quota], wanted: Request) -> set[str]:
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
