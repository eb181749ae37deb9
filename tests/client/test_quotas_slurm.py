"""Quotas from Slurm's associations, QOS and queue."""

from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight.quota import Quota, Request, by_key, predict
from naru_client.model import Accelerators, Job
from naru_client.slurm.quotas import quotas
from naru_client.slurm.text_limits import Association, Limits, QosLimits

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
    request = Request(account="lab", user="alice", accelerators=(Accelerators("gpu", None, 1),), seconds=HOUR)
    assert [(s.holder, s.kind) for s in predict(found, request) if s.unit == "seconds"] == [("univ", "not-known")]


def test_queued_jobs_reserve_up_to_their_limits_for_all_above() -> None:
    queue = (
        job("1", "PENDING"),
        job("2_[5-9]", "PENDING", array_tasks="5-9", array_pending=5),
        job("3", "RUNNING", elapsed=600),
    )
    long = QosLimits(name="long", held="", minutes="gres/gpu=600(0)", run_minutes="gres/gpu=N(0)")
    found = quotas(Limits(TREE, (long,)), jobs=queue, expected={"3": 1800})
    for holder in ("root", "univ", "lab", "lab/alice", "qos:long"):
        assert one(found, holder).reserved == 6 * 2 * HOUR
        assert one(found, holder).committed_expected == 2 * 1200
    assert one(quotas(Limits(TREE, ()), jobs=()), "lab").reserved == 0


def test_a_job_that_hides_its_part_makes_the_sum_unknown() -> None:
    hidden = (
        {"time_limit": None}, {"accelerators": None}, {"account": None}, {"account": "elsewhere"},
        {"array_tasks": "1-9"},
    )  # fmt: skip
    for more in hidden:
        found = quotas(Limits(TREE, ()), jobs=(job("1", "PENDING"), job("2", "PENDING", **more)))
        assert one(found, "lab").reserved is None, more
    bare = (Accelerators("gpu", None, 2),)
    named = (*TREE[:2], association("lab", "univ", more=",gres/gpu:h100=60(0)"))
    found = quotas(Limits(named, ()), jobs=(job("1", "PENDING", accelerators=bare),))
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
