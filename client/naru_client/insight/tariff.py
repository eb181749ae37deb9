"""What a centre charges, as data: rates by pool and resource, minimums, factors, classes, prices. Pure.

    quantity = nodes | the largest share of a node | the largest or the sum of resource rates | Slurm's billing
    time     = elapsed part x max(seconds, minimum) + asked part x time limit
    charge   = quantity x time / `per` x QOS factor x service factor, rounded as the centre rounds a job,
               at least the minimum charge; then the factor of the customer's class, and last the price in money

`naru_client.tariff_file` reads one from TOML, `naru_client.insight.reckoning` applies it to a job.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from naru_client.insight.billing import Combine
from naru_client.insight.exact import Rounding

Method = Literal["nodes", "share", "max", "sum", "billing"]
Taken = Literal["end", "start", "submission"]

ONE, ZERO = Decimal(1), Decimal(0)
ANY_POOL = "*"


class NodeShape(Struct, frozen=True, gc=False):
    """What one node of a pool has, memory in bytes; what is None or 0 does not count for a share."""

    accelerators: int | None = None
    cpus: int | None = None
    memory: int | None = None


class Rate(Struct, frozen=True, kw_only=True):
    """A rate of one resource: "node", "cpu", "memory" (bytes), "accelerator", a kind ("npu") or a model ("gpu:h200").

    `each` is for every `slice` of it; a slice begun counts whole where `whole` is set. The rate of a model goes before
    that of its kind, and that before "accelerator".
    """

    resource: str
    each: Decimal
    slice: Decimal = ONE
    whole: bool = False


class PoolRule(Struct, frozen=True, kw_only=True):
    """How jobs of one pool are charged.

    `each` is for a node ("nodes", "share") or a unit of billing; `rates` are for "max" and "sum". `node` goes before
    what the live nodes tell; `weights` go before those of the live partition.
    """

    by: Method
    each: Decimal = ONE
    rates: tuple[Rate, ...] = ()
    node: NodeShape | None = None
    weights: str | None = None
    combine: Combine = "sum"


class Period(Struct, frozen=True, kw_only=True):
    """Rules that hold from `start` until before `end`; None is open. "*" is every pool that has no rule of its own."""

    start: datetime | None = None
    end: datetime | None = None
    pools: dict[str, PoolRule]

    def holds(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


class Factor(Struct, frozen=True):
    """What a class of customer pays of the charge; a range where only a range was published."""

    low: Decimal
    high: Decimal


class Price(Struct, frozen=True, kw_only=True):
    """`amount` of a currency for `units` of what the tariff counts."""

    currency: str
    amount: Decimal
    units: Decimal = ONE
    rounding: Rounding = Rounding(0, "half-even")
    example: bool = False


class Tariff(Struct, frozen=True, kw_only=True):
    """All that is needed to reckon a charge. `example`: nobody published these prices, and every screen says so.

    `per` is the seconds a rate is for. `taken` is when points leave the account: at the end, or at the start or at
    submission for the whole time limit, the rest given back. `dated_by` is which moment of a job picks the period.
    `rounding` is for what is shown, once; `job_rounding` is the centre's own, of every job.
    """

    name: str
    title: str
    unit: str
    periods: tuple[Period, ...]
    sources: tuple[str, ...] = ()
    note: str = ""
    example: bool = False
    per: int = 3600
    taken: Taken = "end"
    dated_by: Literal["start", "end"] = "start"
    elapsed_part: Decimal = ONE
    asked_part: Decimal = ZERO
    minimum_seconds: int = 0
    minimum_charge: Decimal = ZERO
    job_rounding: Rounding | None = None
    rounding: Rounding = Rounding(6, "half-even")
    qos: dict[str, Decimal] = {}
    services: dict[str, Decimal] = {}
    classes: dict[str, Factor] = {}
    default_class: str = ""
    prices: dict[str, Price] = {}


class Terms(Struct, frozen=True, kw_only=True):
    """What a job does not tell: the customer's class, the service it runs under, and in which of the tariff's prices
    to answer. Empty: the tariff's default class, no service factor, the tariff's own unit."""

    customer: str = ""
    service: str = ""
    price: str = ""


class SiteFacts(Struct, frozen=True, kw_only=True):
    """What the live centre tells by pool: the shape of its nodes, where they are all alike, and its billing weights."""

    shapes: dict[str, NodeShape] = {}
    weights: dict[str, str] = {}
