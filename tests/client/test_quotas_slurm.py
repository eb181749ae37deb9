"""Quotas from Slurm's associations, QOS and queue."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from naru_client.insight.claims import with_claims
from naru_client.insight.quota import Demand, Quota, by_key, predict
from naru_client.model import Accelerators, Job
from naru_client.slurm.commands import use_decays
from naru_client.slurm.quotas import quotas
from naru_client.slurm.text_limits import Association, Limits, QosLimits, decode_limits

HOUR = 3600


def association(
    account: str, parent: str | None, *, user: str | None = None, gpu: str = "N(0)", run: int = 0, more: str = ""
) -> Association:
    return Association(
        cluster="lab", account=account, user=user, partition=None, id=1, parent=account if user else parent,
        held="cpu=N(0),gres/gpu=N(0)", minutes=f"cpu=N(0),gres/gpu={gpu}{more}",
        run_minutes=f"cpu=N(0),gres/gpu=N({run})",
    )  # fmt: skip


def one(found: tuple[Quota, ...], holder: str, resource: str = "gpu") -> Quota:
    return by_key(found)[holder, resource, "seconds"]


TREE = (
    association("root", None, gpu="N(90)", run=30),
    association("univ", "root", gpu="6000(90)", run=30),
    association("lab", "univ", gpu="60000(60)", run=30),
    association("lab", None, user="alice", gpu="N(60)", run=30),
)


def job(id: str, state: str, **more: object) -> Job:
    fields = {
        "account": "lab", "user": "alice", "qos": "long", "cpus": 4, "nodes": 1, "time_limit": HOUR,
        "accelerators": (Accelerators("gpu", "h100", 2),), **more,
    }  # fmt: skip
    return Job(site="s", id=id, job_id=int(id.partition("_")[0]), state=state, **fields)  # type: ignore[arg-type]


def test_minutes_become_seconds_and_nothing_unknown_is_invented() -> None:
    lab = one(quotas(Limits(TREE, ())), "lab")
    assert (lab.granted, lab.used_decayed, lab.committed) == (60000 * 60, 60 * 60, 30 * 60)
    assert (lab.remaining, lab.step, lab.unlimited) == ((60000 - 90) * 60, 60, False)
    assert (lab.used, lab.reserved, lab.committed_expected, lab.period_end) == (None, None, None, None)
    assert one(quotas(Limits(TREE, ()), decays=False), "lab").used == 60 * 60


def test_the_parents_limit_binds_for_all_below_it() -> None:
    found = quotas(Limits(TREE, ()))
    for holder in ("univ", "lab", "lab/alice"):
        assert (one(found, holder).binds, one(found, holder).available) == ("univ", (6000 - 120) * 60)
    alice, root = one(found, "lab/alice"), one(found, "root")
    assert (alice.granted, alice.unlimited, alice.remaining) == (None, True, None)
    assert (root.binds, root.available) == (None, None)


def test_a_parent_that_is_not_shown_leaves_what_is_available_unknown() -> None:
    found = quotas(Limits((TREE[0], *TREE[2:]), ()))
    lab = one(found, "lab")
    assert (lab.remaining, lab.available, lab.binds) == ((60000 - 90) * 60, None, "univ")
    request = Demand(account="lab", user="alice", accelerators=(Accelerators("gpu", None, 1),), seconds=HOUR)
    assert [(s.holder, s.kind) for s in predict(found, request) if s.unit == "seconds"] == [("univ", "not-known")]


def test_queued_jobs_reserve_up_to_their_limits_for_all_above() -> None:
    queue = (
        job("1", "PENDING"),
        job("2_[5-9]", "PENDING", array_tasks="5-9", array_pending=5),
        job("3", "RUNNING", elapsed=600),
    )
    long = QosLimits(name="long", held="", minutes="gres/gpu=600(0)", run_minutes="gres/gpu=N(0)")
    found = with_claims(quotas(Limits(TREE, (long,))), queue, expected={"3": 1800})
    for holder in ("root", "univ", "lab", "lab/alice", "qos:long"):
        assert one(found, holder).reserved == 6 * 2 * HOUR
        assert one(found, holder).committed_expected == 2 * 1200
    assert one(with_claims(quotas(Limits(TREE, ())), ()), "lab").reserved == 0
    own = with_claims(quotas(Limits(TREE, ())), queue, user="alice")
    assert (one(own, "lab/alice").reserved, one(own, "lab").reserved) == (6 * 2 * HOUR, None)


def test_what_is_held_at_once_is_counted_where_no_source_tells_it() -> None:
    found = quotas(Limits(TREE, ()))
    untold = replace(one(found, "lab"), unit="count", granted=16, used=None, used_decayed=None, remaining=None)
    queue = (job("1", "RUNNING", elapsed=600), job("2", "RUNNING", elapsed=60), job("3", "PENDING"))
    (told,) = (q for q in with_claims((*found, untold), queue) if q.unit == "count" and q.holder == "lab" and q.granted)
    assert (told.used_decayed, told.remaining) == (4, 12)
    untold = replace(untold, available=None, binds="lab")  # as a source without figures tells it
    below = replace(
        one(found, "lab/alice"), unit="count", unlimited=True, used_decayed=None, available=None, binds="lab"
    )
    smaller = replace(untold, holder="univ", above="root", account="univ", granted=10, binds="univ")
    for limits, left in (((), (12, "lab")), ((smaller,), (6, "univ"))):
        counts = [q for q in with_claims((*found, untold, below, *limits), queue) if q.unit == "count"]
        assert {(q.available, q.binds) for q in counts if q.holder in ("lab", "lab/alice") and q.binds} == {left}
    missing = (q for q in with_claims((*found[1:], untold), queue) if q.unit == "count" and q.holder == "lab")
    assert [q.available for q in missing if q.granted] == [None]  # what holds above is not all told
    (own,) = (q for q in with_claims((*found, untold), queue, user="alice") if q.unit == "count" and q.granted == 16)
    assert own.used_decayed is None


def test_use_that_is_reset_each_month_is_not_all_that_was_ever_used() -> None:
    never, week = "00:00:00", "7-00:00:00"
    assert use_decays({}) is None
    assert use_decays({"PriorityDecayHalfLife": never}) is False
    assert use_decays({"PriorityDecayHalfLife": never, "PriorityUsageResetPeriod": "NONE"}) is False
    assert use_decays({"PriorityDecayHalfLife": never, "PriorityUsageResetPeriod": "MONTHLY"}) is True
    assert use_decays({"PriorityDecayHalfLife": week, "PriorityUsageResetPeriod": "NONE"}) is True


def test_a_job_that_hides_its_part_makes_the_sum_unknown() -> None:
    hidden = (
        {"time_limit": None}, {"accelerators": None}, {"account": None}, {"account": "elsewhere"},
        {"array_tasks": "1-9"},
    )  # fmt: skip
    for more in hidden:
        found = with_claims(quotas(Limits(TREE, ())), (job("1", "PENDING"), job("2", "PENDING", **more)))
        assert one(found, "lab").reserved is None, more
    bare = (Accelerators("gpu", None, 2),)
    named = (*TREE[:2], association("lab", "univ", more=",gres/gpu:h100=60(0)"))
    found = with_claims(quotas(Limits(named, ())), (job("1", "PENDING", accelerators=bare),))
    assert one(found, "lab").reserved == 2 * HOUR
    assert one(found, "lab", "gpu:h100").reserved is None


def test_only_those_asked_for_and_what_is_above_them() -> None:
    other = association("other", "root", gpu="5(0)")
    found = quotas(Limits((*TREE, other), ()), holders=["lab"])
    assert {q.holder for q in found} == {"lab", "univ", "root"}


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8), st.integers(0, 10**8))
def test_children_make_up_their_parent_and_never_have_more_than_it(
    children: list[tuple[int, int]], granted: int
) -> None:
    used, run = sum(u for u, _ in children), sum(r for _, r in children)
    rows = [association("top", None, gpu=f"{granted}({used})", run=run)]
    rows += [association(f"a{i}", "top", gpu=f"{10**7}({u})", run=r) for i, (u, r) in enumerate(children)]
    found = quotas(Limits(tuple(rows), ()))
    top = one(found, "top")
    below = [one(found, f"a{i}") for i in range(len(children))]
    assert sum(q.used_decayed or 0 for q in below) == top.used_decayed
    assert sum(q.committed or 0 for q in below) == top.committed
    assert top.remaining is not None
    for q in below:
        assert q.remaining is not None
        assert q.available == min(q.remaining, top.remaining)
        assert q.binds == ("top" if top.remaining < q.remaining else q.holder)


def test_of_a_user_are_those_of_the_accounts_that_user_is_in_used_or_not() -> None:
    other = association("other", "root", gpu="5(0)")
    bob, carol = association("lab", None, user="bob"), association("other", None, user="carol")
    found = quotas(Limits((*TREE, bob, other, carol), ()), user="bob")
    assert {q.holder for q in found} == {"lab", "lab/alice", "lab/bob", "univ", "root"}
    assert quotas(Limits(TREE, ()), user="nobody") == ()


def test_an_entry_that_cannot_be_read_is_a_limit_without_a_figure() -> None:
    gpu = one(quotas(Limits((association("lab", None, gpu="SPARKLING"),), ())), "lab")
    assert (gpu.granted, gpu.unlimited, gpu.used_decayed, gpu.remaining, gpu.binds) == (None, False, None, None, "lab")


@pytest.mark.parametrize("figure", ["9" * 19, "9" * 5000, "18446744073709551615"])
def test_a_figure_that_no_number_holds_is_unknown_and_stops_nothing(figure: str) -> None:
    answer = f"""Association Records

ClusterName=c Account=root UserName= Partition= Priority=0 ID={figure}
    ParentAccount= Lft=1

ClusterName=c Account=lab UserName= Partition= Priority=0 ID=2
    ParentAccount= Lft=1
    GrpTRES=cpu=N({figure})
    GrpTRESMins=gres/gpu={figure}(5),node=7({figure})
    GrpTRESRunMins=
"""
    told = {(one.resource, one.unit): one for one in quotas(decode_limits(answer.encode()))}
    gpu, node = told["gpu", "seconds"], told["node", "seconds"]
    assert (gpu.granted, gpu.unlimited, gpu.remaining) == (None, False, None)
    assert (node.used_decayed, node.remaining) == (None, None)
