"""Where a job that is not submitted yet could run, and what it would cost and leave there."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from naru_client.insight.limits_ahead import After
from naru_client.insight.offers import Offer, offers, only_account, ordered
from naru_client.insight.placing import place
from naru_client.insight.quota import Quota
from naru_client.insight.reckoning import Reckoner
from naru_client.insight.request import ArrayWish, MemoryWish, Request, Span, shape, totals
from naru_client.insight.run_times import RunTimes
from naru_client.insight.tariff import Period, PoolRule, Rate, Tariff
from naru_client.model import Accelerators, Job, Node, NodeAccelerators, Pool
from naru_client.slurm.batch_script import read_job

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOUR, GIB = 3600, 1 << 30


def nodes(count: int, model: str | None = "h100", *, pool: str = "h100", per: int = 8, **more: Any) -> list[Node]:
    """Nodes of 64 processors and 1024 GiB; `model` None: without accelerators."""
    have = (NodeAccelerators("gpu", model, per, 0),) if model else ()
    base = Node(
        site="lab", name="x", states=("IDLE",), condition="idle", pools=(pool,), accelerators=have, cpus=64,
        cpus_used=0, memory=1024 * GIB,
    )  # fmt: skip
    return [replace(base, name=f"{pool}-{n:02}", **more) for n in range(1, count + 1)]


def pool(name: str = "h100", **more: Any) -> Pool:
    return replace(
        Pool(site="lab", name=name, state="UP", max_time=48 * HOUR, default_time=HOUR),
        **more,
    )


def asked(*options: str) -> tuple[Request, ...]:
    return read_job(None, options=options).requests


TARIFF = Tariff(
    name="t", title="T", unit="SU",
    periods=(
        Period(
            pools={
                "*": PoolRule(by="sum", rates=(Rate(resource="gpu", each=Decimal(1)),)),
                "b200": PoolRule(by="sum", rates=(Rate(resource="gpu", each=Decimal(3)),)),
            }
        ),
    ),
)  # fmt: skip


def quota(holder: str, granted: int | None, used: int | None = 0, **more: Any) -> Quota:
    left = None if granted is None or used is None else granted - used
    account, _slash, user = holder.partition("/")
    return replace(
        Quota(
            site="lab", holder=holder, above=None, account=account, user=user or None, resource="gpu", granted=granted,
            unlimited=granted is None, used_decayed=used, committed=0, remaining=left, available=left,
            binds=None if left is None else holder,
        ),
        **more,
    )  # fmt: skip


def offered(
    requests: tuple[Request, ...],
    pools: list[Pool],
    all_nodes: list[Node],
    quotas: tuple[Quota, ...] = (),
    account: str | None = "lab",
    run_times: RunTimes | None = None,
) -> dict[str, Offer]:
    found = offers(
        requests, pools=pools, nodes=all_nodes, quotas=quotas, reckoner=lambda _site: Reckoner(TARIFF),
        account=account, user="me", now=NOW, run_times=run_times,
    )  # fmt: skip
    return {offer.pool: offer for offer in found}


def one(*options: str, **more: Any) -> Offer:
    return offered(asked(*options), [pool()], nodes(4), **more)["h100"]


# ---- what a pool's nodes have ------------------------------------------------------------------------------------


def test_a_job_that_fits_says_what_it_would_be_and_cost() -> None:
    offer = one("--gpus=8", "--nodes=1", "--time=240")
    assert (offer.fits, offer.why_not, offer.unsure) == (True, (), ())
    (job,) = offer.jobs
    assert (job.nodes, job.accelerators, job.time_limit) == (1, (Accelerators("gpu", "h100", 8),), 4 * HOUR)
    assert offer.cost is not None
    assert offer.cost.at_most is not None
    assert offer.cost.at_most.high == 32
    assert offer.cost.expected is None
    assert offer.free == 32


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--gpus=b200:1",), "it has no B200, but H100"),
        (("--gpus=33",), "4 nodes here have at most 32 GPU together, and 33 are asked for"),
        (("--gpus=9", "-N1"), "1 node here has at most 8 GPU, and 9 are asked for"),
        (("--gres=gpu:h100:9",), "a node here has at most 8 H100, and 9 are asked for on one"),
        (("--gres=npu:1",), "it has no NPU, but H100"),
        (("-N5",), "it needs 5 nodes, and 4 here could run it"),
        (("-c65",), "a node here has at most 64 processors, and 65 are asked for on one"),
        (("-n257",), "4 nodes here have room for 256 of its tasks at most, and there are 257"),
        (("--mem=2T",), "a node here has at most 1,024 GiB of memory, and 2,048 GiB is asked for on one"),
        (("--mem-per-cpu=64G", "-c32"),
         "a node here has at most 1,024 GiB of memory, and 2,048 GiB is asked for on one"),
        (("-C", "nvme"), "no node here has the features nvme"),
        (("-w", "elsewhere-1"), "no node here could be given to it"),
        (("-t", "3-0"), "a job here may run for 48 hours at most, and 72 hours are asked for"),
    ],
)  # fmt: skip
def test_what_can_never_run_says_why(options: tuple[str, ...], why: str) -> None:
    offer = one(*options)
    assert offer.fits is False
    assert offer.why_not == (why,)


def test_nodes_that_are_away_are_told_apart_from_those_that_are_not_there() -> None:
    there = [*nodes(1), *nodes(3, condition="down", states=("DOWN",))]
    two = offered(asked("--gpus=16", "-N2"), [pool()], there)["h100"]
    assert two.why_not == ("it needs more than 1 node, and of 4 here that could run it no more is up now",)
    none = offered(asked("--gpus=8", "-N1"), [pool()], nodes(2, condition="drained"))["h100"]
    assert none.why_not == ("2 nodes here could run it, and are away now",)


def test_nodes_are_as_few_as_suffice() -> None:
    assert one("--gpus=17").jobs[0].nodes == 3
    assert one("-n100").jobs[0].nodes == 2
    assert one("--gpus=17", "-N4").jobs[0].nodes == 4


def test_a_whole_node_is_charged_whole() -> None:
    (job,) = one("--exclusive", "-N2", "--gpus-per-node=1").jobs
    assert job.accelerators == (Accelerators("gpu", "h100", 16),)
    assert job.cpus == 128


def test_what_is_not_told_of_nodes_is_not_taken_for_enough() -> None:
    untold = offered(asked("-c8"), [pool()], nodes(1, cpus=None))["h100"]
    assert (untold.fits, untold.unsure) == (None, ("how many processors its nodes have is not told",))
    no_nodes = offered(asked("-c8"), [pool()], [])["h100"]
    assert (no_nodes.fits, no_nodes.unsure) == (None, ("what nodes there are is not told",))
    model = offered(asked("--gpus=h100:1"), [pool()], nodes(1, None, accelerators=(NodeAccelerators("gpu", None, 8),)))
    assert model["h100"].fits is None


SIZES = st.integers(1, 20)


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 64)), min_size=1, max_size=6), SIZES, SIZES, st.booleans())
def test_who_is_placed_has_what_was_asked_for(have: list[tuple[int, int]], gpus: int, tasks: int, spread: bool) -> None:
    there = [n for per, cpus in have for n in nodes(1, per=per, cpus=cpus)]
    request = shape(accelerators=gpus, tasks=tasks, cpus_per_task=2)
    if not spread:
        request = replace(request, nodes=Span(1, 1))
    placed = place(request, there)
    most_gpus = sum(per for per, _cpus in have)
    most_tasks = sum(cpus // 2 for _per, cpus in have)
    if placed.fits:
        assert placed.totals.nodes is not None
        assert placed.totals.nodes <= len(there)
        best = sorted((per for per, _cpus in have), reverse=True)[: placed.totals.nodes]
        assert sum(best) >= gpus
        assert most_tasks >= tasks
    elif spread:  # no node is given without a task for it
        able = [(per, cpus) for per, cpus in have if cpus >= 2]
        best = sorted((per for per, _cpus in able), reverse=True)[: min(tasks, len(able))]
        assert sum(best) < gpus or sum(cpus // 2 for _per, cpus in able) < tasks
    else:
        assert placed.why_not
    assert most_gpus >= gpus or not placed.fits


@given(SIZES, SIZES, st.integers(1, 6))
def test_more_nodes_of_a_kind_never_take_a_pool_away(gpus: int, tasks: int, count: int) -> None:
    request = shape(accelerators=gpus, tasks=tasks)
    if place(request, nodes(count)).fits:
        assert place(request, nodes(count + 1)).fits


# ---- what the pool and its limits say ------------------------------------------------------------------------------


STRICT: dict[str, dict[str, Any]] = {
    "down": {"state": "DOWN"},
    "accounts": {"allow_accounts": ("other",)},
    "qos": {"allow_qos": ("normal",)},
    "size": {"max_nodes": 0},
}


def test_a_pool_that_is_down_or_for_others_is_no_offer() -> None:
    said = {
        name: offered(asked("-n1", "-q", "long"), [pool(**more)], nodes(1))["h100"] for name, more in STRICT.items()
    }
    assert {name: offer.why_not for name, offer in said.items()} == {
        "down": ("the pool is down",),
        "accounts": ("account lab may not run here; these may: other",),
        "qos": ("QOS long may not run here; these may: normal",),
        "size": ("it needs 1 nodes, and a job here has 0 at most",),
    }


def test_who_may_run_is_not_known_where_it_is_not_told_who() -> None:
    offer = offered(asked("-n1"), [pool(allow_qos=("normal",))], nodes(1))["h100"]
    assert (offer.fits, offer.unsure) == (None, ("the QOS is not told, and only some may run here",))
    assert offer.limits_unsure == ()


def test_without_a_time_limit_the_pools_own_counts_and_is_said() -> None:
    default = one("--gpus=1")
    assert (default.limit, default.limit_from) == (HOUR, "default")
    assert default.notes == ("no time limit is asked for: the pool's default counts",)
    most = one("--gpus=1", "--time=0")
    assert (most.limit, most.limit_from) == (48 * HOUR, "most")
    endless = offered(asked("--gpus=1", "-t0"), [pool(max_time=None, unlimited_time=True)], nodes(1))["h100"]
    assert endless.limit is None
    assert endless.cost is not None
    assert endless.cost.at_most is None


def test_a_limit_that_would_hold_it_is_told_before_and_what_is_left_after() -> None:
    enough = one("--gpus=8", "--time=60", quotas=(quota("lab", 10 * HOUR),))
    assert enough.fits
    assert enough.after == (After(holder="lab", resource="gpu", available=10 * HOUR, left=2 * HOUR),)
    short = one("--gpus=8", "--time=60", quotas=(quota("lab", 10 * HOUR, 5 * HOUR),))
    assert short.fits is False
    assert short.why_not == ("5 GPU-hours remain to account lab of 10 GPU-hours, and this may take 8 GPU-hours",)
    assert short.after[0].left == -3 * HOUR
    never = one("--gpus=8", "--time=240", quotas=(quota("lab", 10 * HOUR),))
    assert never.why_not == ("account lab was granted 10 GPU-hours, and this may take 32 GPU-hours",)
    spent = one("--gpus=8", "--time=60", quotas=(quota("lab", 10 * HOUR, 10 * HOUR),))
    assert spent.why_not == ("account lab has used up its 10 GPU-hours",)


def test_a_limit_at_once_that_others_hold_only_makes_it_wait() -> None:
    held = quota("lab", 8, 4, unit="count")
    assert one("--gpus=8", quotas=(held,)).fits
    assert one("--gpus=8", quotas=(held,)).notes[0] == (
        "account lab may hold 8 GPU at once, of which 4 are left now: this needs 8"
    )
    assert one("--gpus=9", "-N2", quotas=(held,)).fits is False


def test_what_is_not_told_of_a_limit_is_not_known_but_too_much_is_too_much() -> None:
    untold = quota("lab", 10 * HOUR, None)
    assert one("--gpus=1", quotas=(untold,)).fits is None
    assert one("--gpus=1", quotas=(untold,)).limits_unsure
    assert one("--gpus=8", "--time=240", quotas=(untold,)).fits is False
    at_once = quota("lab", 10, None, unit="count", remaining=None)
    assert one("--gpus=8", quotas=(at_once,)).fits


def test_what_was_agreed_outside_the_scheduler_holds_nothing_back() -> None:
    offer = one("--gpus=8", "--time=240", quotas=(quota("lab", 10 * HOUR, enforced=False),))
    assert offer.fits
    assert offer.notes == (
        "account lab agreed on 10 GPU-hours, of which 10 GPU-hours remain: this may take 32 GPU-hours",
    )
    assert offer.after[0].left == -22 * HOUR


def test_an_unknown_account_leaves_limits_unknown_and_an_only_one_is_taken() -> None:
    limited = quota("lab", 10 * HOUR)
    assert one("--gpus=1", quotas=(limited,), account=None).fits is None
    mine = (limited, quota("lab/me", None, above="lab", available=10 * HOUR, binds="lab"))
    assert only_account(mine, "me") == "lab"
    offer = one("--gpus=1", quotas=mine, account=None)
    assert (offer.fits, offer.jobs[0].account) == (True, "lab")
    assert only_account((*mine, quota("other/me", None)), "me") is None


def test_a_model_that_is_not_named_uses_up_its_own_grant_but_is_not_held_by_it() -> None:
    of_model = quota("lab", HOUR, resource="gpu:h100")
    offer = one("--gpus=8", "--time=60", quotas=(of_model,))
    assert offer.fits
    assert offer.after == (After(holder="lab", resource="gpu:h100", available=HOUR, left=-7 * HOUR),)
    assert one("--gpus=h100:8", "--time=60", quotas=(of_model,)).fits is False


# ---- arrays, parts, order ----------------------------------------------------------------------------------------


def test_an_array_costs_all_its_tasks_and_each_is_held_by_itself() -> None:
    limited = quota("lab", 10 * HOUR)
    offer = one("--gpus=1", "--time=60", "--array=1-100%10", quotas=(limited,))
    assert (offer.tasks, offer.at_once, offer.fits) == (100, 10, True)
    assert offer.cost is not None
    assert offer.cost.at_most is not None
    assert offer.cost.at_most.high == 100
    assert offer.after[0].left == -90 * HOUR


def test_parts_are_told_together_in_the_pools_they_name() -> None:
    parts = read_job(None, options=("-n1", "-p", "cpu", "-t60", ":", "--gpus=2", "-t60")).requests
    there = [*nodes(2, None, pool="cpu"), *nodes(2), *nodes(2, "b200", pool="b200")]
    found = offered(parts, [pool("cpu"), pool("h100"), pool("b200")], there, (quota("lab", HOUR),))
    assert set(found) == {"cpu", "cpu+h100", "cpu+b200"}
    best = found["cpu+h100"]
    assert (best.part, best.fits, len(best.jobs)) == (None, False, 2)
    assert best.why_not == ("part 1: account lab was granted 1 GPU-hours, and this may take 2 GPU-hours",)
    assert best.cost is not None
    assert best.cost.at_most is not None
    assert best.cost.at_most.high == 2
    assert best.after == (After(holder="lab", resource="gpu", available=HOUR, left=-HOUR),)
    assert found["cpu"].why_not[0] == "part 1: it has no accelerators"


def test_the_cheapest_that_fits_comes_first_and_of_equals_the_one_that_is_named() -> None:
    there = [*nodes(1), *nodes(1, "b200", pool="b200"), *nodes(1, pool="two"), *nodes(1, None, pool="cpu")]
    found = offered(asked("--gpus=1", "-p", "two"), [pool("cpu"), pool("b200"), pool(), pool("two")], there)
    assert list(found) == ["two", "h100", "b200", "cpu"]
    assert [offer.named for offer in found.values()] == [True, False, False, False]


@given(st.permutations([(True, 1), (True, 3), (None, 1), (False, 0), (None, None)]))
def test_no_order_of_pools_makes_another_order_of_offers(mixed: list[tuple[bool | None, int | None]]) -> None:
    def offer(fits: bool | None, gpus: int | None) -> Offer:
        found = one("--time=60", f"--gpus={gpus or 1}")
        return replace(found, fits=fits, cost=found.cost if gpus is not None else None, pool=f"{fits}{gpus}")

    made = ordered(offer(*each) for each in mixed)
    assert [each.pool for each in made] == ["True1", "True3", "None1", "NoneNone", "False0"]


def test_what_is_expected_rests_on_what_ran_before() -> None:
    ran = [
        Job(
            site="lab", id=str(n), job_id=n, name="train", user="me", account="lab", state="COMPLETED", elapsed=HOUR,
            ended=NOW, accelerators=(), nodes=1,
        )
        for n in range(5)
    ]  # fmt: skip
    offer = offered(asked("-J", "train", "--gpus=2", "-t600"), [pool()], nodes(1), run_times=RunTimes(ran))["h100"]
    assert offer.cost is not None
    assert offer.cost.expected is not None
    assert offer.cost.expected.high == 2
    assert "5" in offer.cost.basis


def test_what_was_not_all_read_adds_up_to_nothing() -> None:
    requests = read_job("#!/bin/sh\n#PBS -l nodes=2\n#SBATCH --gpus=1\n").requests
    offer = offered(requests, [pool()], nodes(2))["h100"]
    assert offer.fits is None
    assert offer.jobs[0].accelerators is None


def test_totals_are_those_of_the_request_where_nodes_tell_nothing_more() -> None:
    request = replace(shape(accelerators=4, model="h100", nodes=1, tasks=2, cpus_per_task=3),
                      memory=MemoryWish(8 * GIB, "node"), array=ArrayWish("0-3", 4))  # fmt: skip
    assert place(request, nodes(2)).totals == totals(request)


def test_parts_that_ask_for_the_same_are_reckoned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from naru_client.insight import offers as module

    reckoned: list[int] = []
    one_offer = module._offer

    def counted(request: Request, pool: Pool, site: Any) -> Offer:
        reckoned.append(request.part)
        return one_offer(request, pool, site)

    monkeypatch.setattr(module, "_offer", counted)
    one, other = shape(accelerators=1, seconds=600), shape(accelerators=2, seconds=600)
    parts = [replace(other if part == 7 else one, part=part, parts=500) for part in range(500)]
    (offer, *_more) = module.offers(
        parts, pools=[pool(), pool("b200")], nodes=(), quotas=(), reckoner=lambda _site: None, account=None,
        user="me", now=NOW,
    )  # fmt: skip
    assert len(offer.jobs) == 500
    assert len(reckoned) == 4


def test_of_equal_pools_the_one_with_the_most_free_comes_first() -> None:
    some = [Offer(site="s", pool=name, fits=True, free=free) for name, free in (("a", 0), ("b", 3), ("c", None))]
    assert [offer.pool for offer in ordered(some)] == ["b", "a", "c"]
    named = Offer(site="s", pool="named", fits=True, free=0, named=True)
    assert [offer.pool for offer in ordered([*some, named])] == ["named", "b", "a", "c"]
