"""Tariffs against the worked examples of the centres' own pages, and the laws that hold for every tariff.

Where a page works no example, the figures follow its published formula and rates, and the table says "formula": no
example was found for Neuron, ARCHER2, TSUBAME3's points and Anvil's shared nodes.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.errors import UsageError
from naru_client.insight.billing import BadWeights, NotTold, billing, parse_weights
from naru_client.insight.exact import Mode, Rounding, Span, to_decimal
from naru_client.insight.reckoning import Reckoner, Unpriced, site_facts
from naru_client.insight.tariff import NodeShape, Period, PoolRule, Rate, SiteFacts, Tariff, Terms
from naru_client.model import Accelerators, Job, Node, NodeAccelerators, Pool
from naru_client.tariff_file import load_tariff, preset_names

HOUR, DAY = 3600, 86400
GIB = 1 << 30
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def job(pool: str | None = "p", **told: object) -> Job:
    if isinstance(count := told.pop("gpus", None), int):
        model = told.pop("model", None)
        told["accelerators"] = (Accelerators("gpu", str(model) if model else None, count),) if count else ()
    return Job(site="s", id="1", job_id=1, pool=pool, **{"qos": "normal", **told})  # type: ignore[arg-type]


def charged(name: str, one: Job, seconds: int, at: datetime = AT, **terms: str) -> tuple[Decimal, Decimal]:
    reckoner = Reckoner(load_tariff(name), Terms(**terms))
    amount = reckoner.charge(one, seconds, at).rounded(reckoner.rounding)
    return amount.low, amount.high


IN_2023 = datetime(2023, 5, 1, tzinfo=UTC)

EXAMPLES = {
    # github.com/aistabci/abci-docs en/docs/faq.md at 95081db9: points an hour at priority -500 and -400
    "ABCI rt_AF": ("abci-2", job("rt_AF", nodes=1), HOUR, {"service": "spot"}, "3.0"),
    "ABCI rt_AF, -400": ("abci-2", job("rt_AF", nodes=1), HOUR, {"service": "priority-400"}, "4.5"),
    "ABCI rt_AG.small": ("abci-2", job("rt_AG.small", nodes=1), HOUR, {}, "0.5"),
    "ABCI rt_AG.small, -400": ("abci-2", job("rt_AG.small", nodes=1), HOUR, {"service": "priority-400"}, "0.75"),
    # the same, ja/docs/job-execution.md: what is beyond four decimals is cut off. Formula: 0.3 x 1000 / 3600
    "ABCI cut off": ("abci-2", job("rt_G.small", nodes=1), 1000, {}, "0.0833"),
    # github.com/wjnadia/neuron-guide system/user-environment.md at 1b13a791: rates; formula
    "Neuron, whole H200 node": ("kisti-neuron", job("amd_h200nv_8", gpus=8, cpus=64), HOUR, {}, "0.90848"),
    "Neuron, one GPU of it": ("kisti-neuron", job("amd_h200nv_8", gpus=1, cpus=8), HOUR, {}, "0.11356"),
    "Neuron, more cores than GPUs": ("kisti-neuron", job("cas_v100_4", gpus=1, cpus=20), 2 * HOUR, {}, "0.14263"),
    "Neuron, two nodes": ("kisti-neuron", job("amd_a100nv_8", gpus=16, cpus=128), 48 * HOUR, {}, "32.00256"),
    "Neuron, one core": ("kisti-neuron", job("cpu", gpus=0, cpus=1), HOUR, {}, "0.00044"),
    # github.com/ARCHER2-HPC/archer2-docs docs/user-guide/scheduler.md at 7a5396d4: 1 CU = 1 node hour; whole nodes
    "ARCHER2": ("archer2", job("standard", nodes=1, qos="standard", cpus=1), HOUR, {}, "1"),
    "ARCHER2, whole nodes": ("archer2", job("standard", nodes=4, qos="short", cpus=5), 20 * 60, {}, "1.333"),
    "ARCHER2, low priority": ("archer2", job("standard", nodes=64, qos="lowpriority"), DAY, {}, "0"),
    # github.com/Lumi-supercomputer/lumi-userguide docs/runjobs/lumi_env/billing.md at 6c3a26c0
    "LUMI 32 cores, 2 h": ("lumi-c", job("small", cpus=32, memory=32 * GIB), 2 * HOUR, {}, "64"),
    "LUMI 16 nodes, 12 h": ("lumi-c", job("standard", nodes=16), 12 * HOUR, {}, "24576"),
    "LUMI 4 cores, 4 GB, a day": ("lumi-c", job("small", cpus=4, memory=4 * GIB), DAY, {}, "96"),
    "LUMI 4 cores, 32 GB, a day": ("lumi-c", job("small", cpus=4, memory=32 * GIB), DAY, {}, "384"),
    "LUMI 4 GPU nodes, a day": ("lumi-g", job("standard-g", nodes=4), DAY, {}, "384"),
    "LUMI 2 GCDs, a day": ("lumi-g", job("small-g", gpus=2, cpus=16, memory=128 * GIB), DAY, {}, "24"),
    "LUMI 1 GCD, 128 GB, a day": ("lumi-g", job("dev-g", gpus=1, cpus=8, memory=128 * GIB), DAY, {}, "24"),
    # https://docs.isambard.ac.uk/user-documentation/guides/accounting
    "Isambard 5 nodes, 10 h": (
        "isambard-ai", job("workq", gpus=20, cpus=1440, memory=4320 * GIB), 10 * HOUR, {}, "50",
    ),
    "Isambard half a node, 3 h": (
        "isambard-ai", job("workq", gpus=2, cpus=144, memory=432 * GIB), 3 * HOUR, {}, "1.5",
    ),
    "Isambard 1 GPU": ("isambard-ai", job("workq", gpus=1, cpus=72, memory=216 * GIB), HOUR, {}, "0.25"),
    "Isambard 1 core and 1 GPU": ("isambard-ai", job("workq", gpus=1, cpus=1, memory=GIB), HOUR, {}, "0.25"),
    "Isambard 2 GPUs, all cores": ("isambard-ai", job("workq", gpus=2, cpus=288, memory=GIB), HOUR, {}, "1"),
    # https://cvw.cac.cornell.edu/frontera/running-jobs/introduction: 4 nodes x 2 hours x 1.0 = 8 SUs
    "Frontera 4 nodes, 2 h": ("tacc-frontera", job("normal", nodes=4), 2 * HOUR, {}, "8"),
    # https://www.rcac.purdue.edu/knowledge/anvil/run/accounting: all 128 cores, 4 SU a core, at least 1 SU
    "Anvil whole node": ("anvil", job("wholenode", nodes=1, cpus=1), HOUR, {}, "128"),
    "Anvil large memory": ("anvil", job("highmem", cpus=3), 2 * HOUR, {}, "24"),
    "Anvil memory counts": ("anvil", job("shared", cpus=1, memory=16 * GIB), HOUR, {}, "8"),
    "Anvil at least 1 SU": ("anvil", job("shared", cpus=1, memory=GIB), 60, {}, "1"),
    "Anvil 4 GPUs": ("anvil-gpu", job("gpu", gpus=4, memory=64 * GIB), HOUR, {}, "4"),
    # http://www.t3.gsic.titech.ac.jp/en/node/182; formula: 0.7 x max(actual, 300) + 0.1 x asked, rounded up
    "TSUBAME3 an hour of an hour": ("tsubame3", job("f_node", nodes=1, time_limit=HOUR), HOUR, {}, "2880"),
    "TSUBAME3 asking for a day": ("tsubame3", job("f_node", nodes=1, time_limit=DAY), HOUR, {}, "11160"),
    "TSUBAME3 the least time": ("tsubame3", job("f_node", nodes=2, time_limit=600), 1, {"service": "high"}, "1080"),
    "TSUBAME3 rounded up": ("tsubame3", job("f_node", nodes=1, time_limit=301), 301, {}, "241"),
    # https://www.t3.gsic.titech.ac.jp/en/fare_overview: 1,000 node hours of 3,600 points for 110,000 yen
    "TSUBAME3 in yen": (
        "tsubame3", job("f_node", nodes=1000, time_limit=4500), 4500, {"price": "JPY"}, "110000",
    ),
    # github.com/ncsa/Delta_doc docs/source/user_guide/job_accounting.rst at 07744bb7, the listing of `jobcharge`
    "Delta 291 s": ("ncsa-delta", job("gpuMI100x8", gpus=1, model="mi100", cpus=2), 291, {}, "0.08"),
    "Delta 614 s": ("ncsa-delta", job("gpuMI100x8", gpus=1, model="mi100", cpus=2), 614, {}, "0.17"),
    "Delta 446 s": ("ncsa-delta", job("gpuMI100x8", gpus=1, model="mi100", cpus=2), 446, {}, "0.12"),
    "Delta 760 s of 8": ("ncsa-delta", job("gpuMI100x8", gpus=8, model="mi100", cpus=2), 760, {}, "1.69"),
    "Delta 1521 s": ("ncsa-delta", job("gpuMI100x8-interactive", gpus=8, model="mi100"), 1521, {}, "6.76"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_examples(name: str) -> None:
    tariff, one, seconds, terms, expected = EXAMPLES[name]
    at = IN_2023 if tariff == "abci-2" else AT
    assert charged(tariff, one, seconds, at, **terms) == (Decimal(expected), Decimal(expected))


def test_every_preset_reads_and_names_its_source() -> None:
    for name in preset_names():
        tariff = load_tariff(name)
        assert tariff.sources or name == "accelerator-hours"  # it is its own definition
        assert tariff.unit
        assert tariff.example == (name == "korea-ai-programme")
    assert len(preset_names()) >= 8


BILLED = [
    # https://slurm.schedmd.com/tres.html: one core and 8 GB
    ("CPU=1.0,Mem=0.25G,GRES/gpu=2.0", "sum", 3),
    ("CPU=1.0,Mem=0.25G,GRES/gpu=2.0", "max", 2),
    ("Mem=.25", "sum", 2048),
    ("Mem=.25G", "sum", 2),
    ("", "sum", 1),
    ("cpu=0.5", "sum", 0),
]


@pytest.mark.parametrize(("weights", "combine", "expected"), BILLED)
def test_slurm_billing_as_its_page_works_it(weights: str, combine: str, expected: int) -> None:
    one = job(cpus=1, memory=8 * GIB, gpus=0)
    assert billing(parse_weights(weights), one, combine) == expected  # type: ignore[arg-type]


def test_billing_counts_models_kinds_and_what_is_not_told() -> None:
    weights = parse_weights("CPU=1,GRES/gpu=10,GRES/gpu:h100=5")
    told = job(cpus=4, gpus=2, model="H100")
    assert billing(weights, told) == 4 + 20 + 10
    assert billing(weights, told, "max") == 20
    assert billing(weights, told, "max-and-gres") == 34
    with pytest.raises(NotTold, match="gpu"):
        billing(weights, job(cpus=4, gpus=2))
    with pytest.raises(NotTold, match="license/ansys"):
        billing(parse_weights("license/ansys=1"), told)
    with pytest.raises(NotTold, match="cpu"):
        billing((), job())


@pytest.mark.parametrize("text", ["CPU", "CPU=x", "=1", "CPU=1,,Mem=-1", "Mem=1K", "CPU=1e9", "cpu=1.0.0", "cpu=١"])
def test_weights_that_slurm_would_not_take_name_the_word(text: str) -> None:
    with pytest.raises(BadWeights) as caught:
        parse_weights(text)
    assert caught.value.word in text.lower()


def test_live_weights_and_node_shapes_are_used_where_the_tariff_has_none() -> None:
    nodes = [
        Node(
            site="s", name=f"n{i}", states=("IDLE",), condition="idle", pools=("a", "mixed"), cpus=64,
            accelerators=(NodeAccelerators("gpu", "h100", 8),), memory=512 * GIB,
        )
        for i in range(2)
    ]  # fmt: skip
    odd = Node(site="s", name="odd", states=("IDLE",), condition="idle", pools=("mixed",), cpus=8, memory=GIB)
    pools = [
        Pool(site="s", name="a", state="UP", billing_weights="GRES/gpu=30.0"),
        Pool(site="s", name="b", state="UP"),
    ]
    facts = site_facts([*nodes, odd], pools)
    assert facts == SiteFacts(shapes={"a": NodeShape(8, 64, 512 * GIB)}, weights={"a": "GRES/gpu=30.0"})
    billed = Reckoner(load_tariff("slurm-billing"), facts=facts)
    assert billed.charge(job("a", gpus=2, cpus=1), HOUR, AT).low == 60
    assert billed.charge(job("b", gpus=2, cpus=7), HOUR, AT).low == 7
    by_share = plain(PoolRule(by="share", each=Decimal(1)))
    assert Reckoner(by_share, facts=facts).charge(job("a", gpus=1, cpus=64, memory=GIB), HOUR, AT).low == 1
    with pytest.raises(Unpriced, match="what a node has"):
        Reckoner(by_share, facts=facts).charge(job("mixed", gpus=1, cpus=64, memory=GIB), HOUR, AT)


def plain(*rules: PoolRule, **told: object) -> Tariff:
    pools = {"*": rules[0]} if len(rules) == 1 else {f"p{i}": rule for i, rule in enumerate(rules)}
    return Tariff(name="t", title="t", unit="SU", periods=(Period(pools=pools),), **told)  # type: ignore[arg-type]


def won(low: int, high: int) -> tuple[Decimal, Decimal]:
    return Decimal(low), Decimal(high)


def test_classes_pay_their_part_and_a_range_stays_a_range() -> None:
    eight = job("any", gpus=8, model="H200")  # 8 x 5,000 won an hour, a made-up price
    assert charged("korea-ai-programme", eight, HOUR) == won(40000, 40000)
    assert charged("korea-ai-programme", eight, HOUR, customer="academia") == won(0, 0)
    assert charged("korea-ai-programme", eight, HOUR, customer="sme") == won(2000, 4000)
    assert charged("korea-ai-programme", eight, HOUR, customer="youth") == won(1000, 2000)
    assert charged("korea-ai-programme", eight, 1, customer="youth") == won(0, 1)  # 0.28 to 0.56 won
    with pytest.raises(UsageError, match="no class of customer named 'nobody'") as caught:
        Reckoner(load_tariff("korea-ai-programme"), Terms(customer="nobody"))
    assert "youth" in caught.value.hint


def test_a_job_waiting_in_two_pools_has_the_span_of_both() -> None:
    tariff = plain(PoolRule(by="nodes", each=Decimal(2)), PoolRule(by="nodes", each=Decimal("0.5")))
    span = Reckoner(tariff).charge(job("p0,p1", nodes=2), HOUR, AT)
    assert span == Span(Fraction(1), Fraction(4))


UNPRICED = [
    ("archer2", job("nowhere", nodes=1), "no rate is given for pool nowhere"),
    ("archer2", job(None, nodes=1), "the pool counts, and is not told"),
    ("archer2", job("standard"), "node counts, and is not told"),
    ("archer2", job("standard", nodes=1, qos=None), "the QOS counts, and is not told"),
    ("kisti-neuron", job("cas_v100_4", cpus=4), "accelerator counts, and is not told"),
    ("kisti-neuron", job("cas_v100_4", gpus=4), "cpu counts, and is not told"),
    ("korea-ai-programme", job("x", gpus=4), "gpu:? counts, and is not told"),
    ("korea-ai-programme", job("x", gpus=4, model="a100"), "no rate is given for gpu:a100"),
    ("korea-ai-programme", job("x"), "accelerator counts, and is not told"),
    ("tsubame3", job("f_node", nodes=1), "the time asked for counts, and is not told"),
]


@pytest.mark.parametrize(("name", "one", "why"), UNPRICED)
def test_what_is_not_told_has_no_price_and_says_why(name: str, one: Job, why: str) -> None:
    with pytest.raises(Unpriced) as caught:
        Reckoner(load_tariff(name)).charge(one, HOUR, AT)
    assert caught.value.message == why


def test_periods_meet_without_a_gap_and_end() -> None:
    turn = datetime(2026, 1, 1, tzinfo=UTC)
    old, new = (Period(pools={"*": PoolRule(by="nodes", each=Decimal(each))}) for each in (1, 3))
    tariff = Tariff(
        name="t", title="t", unit="SU",
        periods=(Period(end=turn, pools=old.pools), Period(start=turn, end=AT, pools=new.pools)),
    )  # fmt: skip
    reckoner = Reckoner(tariff)
    one = job(nodes=1)
    assert reckoner.charge(one, HOUR, turn - timedelta(microseconds=1)).low == 1
    assert reckoner.charge(one, HOUR, turn).low == 3
    with pytest.raises(Unpriced, match="no rates are given for that date"):
        reckoner.charge(one, HOUR, AT)


def test_resource_rates_add_up_and_the_nearest_name_goes_first() -> None:
    rates = (
        Rate(resource="node", each=Decimal("0.5")),
        Rate(resource="accelerator", each=Decimal(1)),
        Rate(resource="npu", each=Decimal(2)),
        Rate(resource="gpu:h200", each=Decimal(7)),
    )
    kinds = (Accelerators("gpu", "h200", 1), Accelerators("gpu", "l4", 1), Accelerators("npu", "x", 10))
    one = job(nodes=2, accelerators=kinds)
    assert Reckoner(plain(PoolRule(by="sum", rates=rates))).charge(one, HOUR, AT).low == 1 + 7 + 1 + 20
    assert Reckoner(plain(PoolRule(by="max", rates=rates))).charge(one, HOUR, AT).low == 28


PLACES = st.sampled_from((0, 1, 4, 12))
MODES: st.SearchStrategy[Mode] = st.sampled_from(("half-even", "half-up", "up", "down"))


@given(st.fractions(min_value=-(10**15), max_value=10**15, max_denominator=10**9), PLACES, MODES)
def test_rounding_is_exact_and_less_than_a_step_away(amount: Fraction, places: int, mode: Mode) -> None:
    shown = to_decimal(amount, Rounding(places, mode))
    step = Fraction(1, 10**places)
    away = abs(Fraction(shown)) - abs(amount)
    assert -shown.as_tuple().exponent == places  # type: ignore[operator]
    assert abs(away) < step
    assert mode != "up" or away >= 0
    assert mode != "down" or away <= 0
    assert not mode.startswith("half") or abs(away) * 2 <= step


def test_halves() -> None:
    shown = {
        mode: str(to_decimal(Fraction(5, 2), Rounding(0, mode))) for mode in ("half-even", "half-up", "up", "down")
    }
    assert shown == {"half-even": "2", "half-up": "3", "up": "3", "down": "2"}
    big = Fraction(10**40 + 1, 10)
    assert str(to_decimal(big, Rounding(1))) == "1" + "0" * 39 + ".1"  # beyond what a decimal context keeps


SHAPES = st.builds(
    lambda nodes, gpus, cpus, memory, limit: job(
        "p", nodes=nodes, gpus=gpus, cpus=cpus, memory=memory, time_limit=limit
    ),
    st.integers(1, 64), st.integers(0, 512), st.integers(1, 8192), st.integers(0, 1 << 45), st.integers(60, 30 * DAY),
)  # fmt: skip
RULES = st.sampled_from(
    (
        PoolRule(by="nodes", each=Decimal("0.33336")),
        PoolRule(by="share", each=Decimal("0.90848"), node=NodeShape(8, 72, 700 * GIB)),
        PoolRule(by="sum", rates=(Rate(resource="gpu", each=Decimal("7.77")), Rate(resource="cpu", each=Decimal(1)))),
        PoolRule(by="max", rates=(Rate(resource="memory", slice=Decimal(7 * GIB), each=Decimal("0.1"), whole=True),)),
        PoolRule(by="billing", each=Decimal("0.001"), weights="CPU=1.0,Mem=0.25G,GRES/gpu=30.0", combine="max"),
    )
)


@settings(max_examples=60)
@given(SHAPES, RULES, st.lists(st.integers(0, DAY), min_size=1, max_size=6))
def test_a_linear_tariff_charges_the_parts_as_the_whole(one: Job, rule: PoolRule, parts: list[int]) -> None:
    reckoner = Reckoner(plain(rule))
    whole = reckoner.charge(one, sum(parts), AT).low
    assert sum(reckoner.charge(one, part, AT).low for part in parts) == whole
    assert whole >= 0


ODD = [
    {"minimum_seconds": 300},
    {"minimum_charge": Decimal(1)},
    {"asked_part": Decimal("0.1"), "elapsed_part": Decimal("0.7")},
    {"job_rounding": Rounding(0, "up")},
]


@settings(max_examples=60)
@given(SHAPES, RULES, st.sampled_from(ODD), st.integers(0, DAY), st.integers(0, DAY))
def test_a_longer_job_is_never_cheaper(one: Job, rule: PoolRule, odd: dict[str, object], a: int, b: int) -> None:
    reckoner = Reckoner(plain(rule, **odd))
    assert 0 <= reckoner.charge(one, min(a, b), AT).low <= reckoner.charge(one, max(a, b), AT).low
