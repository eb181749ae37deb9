"""A tariff at work: what one job comes to after so many seconds. Pure and exact: fractions until the very end."""

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import Literal, TypeVar

from naru_client.errors import NotProvided, UsageError
from naru_client.i18n import _
from naru_client.insight.billing import BadWeights, NotTold, billing, parse_weights
from naru_client.insight.exact import Rounding, Span, rounded
from naru_client.insight.tariff import (
    ANY_POOL,
    ONE,
    Factor,
    NodeShape,
    Period,
    PoolRule,
    Rate,
    SiteFacts,
    Tariff,
    Terms,
)
from naru_client.model import Job, Node, Pool
from naru_client.text import clean

T = TypeVar("T")


class Unpriced(NotProvided):
    """This job has no price by this tariff; the message says why."""


def site_facts(nodes: Iterable[Node], pools: Iterable[Pool]) -> SiteFacts:
    """What live nodes and pools tell; a pool of unlike nodes, or with one that does not tell, has no shape."""
    shapes: dict[str, set[NodeShape]] = {}
    for node in nodes:
        shape = NodeShape(sum(a.total for a in node.accelerators), node.cpus, node.memory)
        for pool in node.pools:
            shapes.setdefault(pool, set()).add(shape)
    return SiteFacts(
        shapes={
            pool: shape
            for pool, found in shapes.items()
            if len(found) == 1 and None not in ((shape := next(iter(found))).cpus, shape.memory)
        },
        weights={pool.name: pool.billing_weights for pool in pools if pool.billing_weights is not None},
    )


def facts_needed(tariff: Tariff) -> frozenset[Literal["nodes", "pools"]]:
    """Which of a live site's figures the tariff leans on: its nodes' shapes, its partitions' billing weights."""
    rules = [rule for period in tariff.periods for rule in period.pools.values()]
    needed: set[Literal["nodes", "pools"]] = set()
    if any(rule.by == "share" and rule.node is None for rule in rules):
        needed.add("nodes")
    if any(rule.by == "billing" and rule.weights is None for rule in rules):
        needed.add("pools")
    return frozenset(needed)


class Reckoner:
    """A tariff on given terms at one site. Jobs of one shape are worked out once.

    Raises UsageError for terms that the tariff does not have.
    """

    def __init__(self, tariff: Tariff, terms: Terms | None = None, facts: SiteFacts | None = None) -> None:
        terms = terms or Terms()
        self.tariff, self.terms = tariff, terms
        self.facts = facts or SiteFacts()
        name = terms.customer or tariff.default_class
        factor = _named(tariff.classes, name, _("class of customer"), tariff) if name else Factor(ONE, ONE)
        service = _named(tariff.services, terms.service, _("service"), tariff) if terms.service else 1
        self._service = Fraction(service)
        price = _named(tariff.prices, terms.price, _("price"), tariff) if terms.price else None
        money = Fraction(price.amount) / Fraction(price.units) if price else Fraction(1)
        self._least, self._most = Fraction(factor.low) * money, Fraction(factor.high) * money
        self._elapsed_part = Fraction(tariff.elapsed_part)
        self.unit = price.currency if price else tariff.unit
        self.rounding: Rounding = price.rounding if price else tariff.rounding
        self.example = tariff.example or (price is not None and price.example)
        self._rates: dict[tuple[object, ...], tuple[Fraction, ...]] = {}

    def charge(self, job: Job, seconds: int, at: datetime) -> Span:
        """What the job comes to once it has run so many seconds, by the rules that hold at that moment.

        Waiting in several pools it has the span of their charges. Raises Unpriced.
        """
        tariff = self.tariff
        time = self._elapsed_part * max(seconds, tariff.minimum_seconds, 0)
        if tariff.asked_part:
            if job.time_limit is None:
                raise Unpriced(_("the time asked for counts, and is not told"))
            time += Fraction(tariff.asked_part) * job.time_limit
        charges = [self._one(rate * time) for rate in self._rate(job, at)]
        low, high = (charges[0],) * 2 if len(charges) == 1 else (min(charges), max(charges))
        least = low * self._least
        return Span(least, least if low is high and self._least == self._most else high * self._most)

    def _one(self, amount: Fraction) -> Fraction:
        if self.tariff.job_rounding is not None:
            amount = rounded(amount, self.tariff.job_rounding)
        return max(amount, Fraction(self.tariff.minimum_charge)) if self.tariff.minimum_charge else amount

    def _rate(self, job: Job, at: datetime) -> tuple[Fraction, ...]:
        """What a second costs, in each pool the job may run in."""
        period = next((i for i, one in enumerate(self.tariff.periods) if one.holds(at)), None)
        if period is None:
            raise Unpriced(_("no rates are given for that date"))
        key = (period, job.pool, job.qos, job.nodes, job.cpus, job.memory, job.accelerators)
        found = self._rates.get(key)
        if found is None:
            factor = self._qos(job) * self._service / self.tariff.per
            rules = self._rules(job, self.tariff.periods[period])
            found = self._rates[key] = tuple(factor * self._quantity(rule, pool, job) for pool, rule in rules)
        return found

    def _qos(self, job: Job) -> Fraction:
        """1 where the tariff has no factor for it."""
        if not self.tariff.qos:
            return Fraction(1)
        if job.qos is None:
            raise Unpriced(_("the QOS counts, and is not told"))
        return Fraction(self.tariff.qos.get(job.qos, 1))

    def _rules(self, job: Job, period: Period) -> list[tuple[str, PoolRule]]:
        if job.pool is None and len(period.pools) > 1:
            raise Unpriced(_("the pool counts, and is not told"))
        pools = (job.pool or "").split(",")
        rules = [(pool, period.pools.get(pool, period.pools.get(ANY_POOL))) for pool in pools]
        known = [(pool, rule) for pool, rule in rules if rule is not None]
        if len(known) < len(rules):
            missing = next(pool for pool, rule in rules if rule is None)
            raise Unpriced(_("no rate is given for pool {pool}").format(pool=missing or "?"))
        return known

    def _quantity(self, rule: PoolRule, pool: str, job: Job) -> Fraction:
        """Units of the tariff that `per` seconds in that pool cost, before factors."""
        try:
            if rule.by == "nodes":
                return Fraction(rule.each) * _known(job.nodes, "node")
            if rule.by == "share":
                return Fraction(rule.each) * _share(job, rule.node or self.facts.shapes.get(pool))
            if rule.by == "billing":
                weights = rule.weights if rule.weights is not None else self.facts.weights.get(pool, "")
                return Fraction(rule.each) * billing(parse_weights(weights), job, rule.combine)
            parts = _parts(rule.rates, job)
        except NotTold as error:
            raise Unpriced(_("{resource} counts, and is not told").format(resource=clean(error.resource, 60))) from None
        except BadWeights as error:
            raise Unpriced(_("the billing weights say {word}").format(word=repr(clean(error.word, 60)))) from None
        return max(parts) if rule.by == "max" else sum(parts, Fraction(0))


def _share(job: Job, node: NodeShape | None) -> Fraction:
    """Nodes' worth of whatever the job takes the largest part of."""
    if node is None:
        raise Unpriced(_("what a node has is not told"))
    parts = [Fraction(0)]
    if node.accelerators:
        parts.append(Fraction(_known(job.accelerator_count, "accelerator"), node.accelerators))
    if node.cpus:
        parts.append(Fraction(_known(job.cpus, "cpu"), node.cpus))
    if node.memory:
        parts.append(Fraction(_known(job.memory, "memory"), node.memory))
    return max(parts)


def _parts(rates: tuple[Rate, ...], job: Job) -> list[Fraction]:
    """What each resource comes to, the accelerators together."""
    by_name = {rate.resource: rate for rate in rates}
    amounts = {"node": job.nodes, "cpu": job.cpus, "memory": job.memory}
    parts = [
        _sliced(by_name.pop(name), _known(amount, name)) for name, amount in amounts.items() if name in by_name
    ] or [Fraction(0)]
    if by_name:
        if job.accelerators is None:
            raise NotTold("accelerator")
        parts.append(
            sum(
                (_sliced(_rate_of(by_name, one.kind, one.model), one.count) for one in job.accelerators if one.count),
                Fraction(0),
            )
        )
    return parts


def _rate_of(rates: dict[str, Rate], kind: str, model: str | None) -> Rate:
    kind = kind.lower()
    if model is None and any(name.startswith(f"{kind}:") for name in rates):
        raise NotTold(f"{kind}:?")
    for name in (f"{kind}:{(model or '').lower()}", kind, "accelerator"):
        if name in rates:
            return rates[name]
    raise Unpriced(_("no rate is given for {resource}").format(resource=f"{kind}:{model or '?'}"))


def _sliced(rate: Rate, amount: int) -> Fraction:
    slices = Fraction(amount) / Fraction(rate.slice)
    return Fraction(rate.each) * (-(-slices.numerator // slices.denominator) if rate.whole else slices)


def _known(amount: int | None, resource: str) -> int:
    if amount is None:
        raise NotTold(resource)
    return amount


def _named(table: dict[str, T], name: str, what: str, tariff: Tariff) -> T:
    if name not in table:
        raise UsageError(
            _("tariff {tariff} has no {what} named {name}").format(
                tariff=tariff.name, what=what, name=repr(clean(name))
            ),
            _("those it has: {names}").format(names=", ".join(map(clean, table)) or _("none")),
        )
    return table[name]
