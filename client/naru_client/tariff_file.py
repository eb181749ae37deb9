"""Tariffs as TOML: those that come with Naru, and a person's or a site's own. docs/tariffs.md describes the keys."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import get_args

from naru_client.i18n import _
from naru_client.insight.billing import BadWeights, Combine, parse_weights
from naru_client.insight.exact import Mode, Rounding
from naru_client.insight.tariff import (
    ONE,
    ZERO,
    Factor,
    Method,
    NodeShape,
    Period,
    PoolRule,
    Price,
    Rate,
    Taken,
    Tariff,
)
from naru_client.presets import names_in, read_named
from naru_client.text import clean
from naru_client.toml_table import Table, read_toml

PRESETS = Path(__file__).parent / "tariffs"

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?) ?(B|[kMGTP]B|[KMGTP]iB)", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})", re.ASCII)
_RESOURCE = re.compile(r"node|cpu|memory|accelerator|[a-z][a-z0-9_]*(:[a-z0-9_.-]+)?", re.ASCII)


def preset_names() -> list[str]:
    """The tariffs that come with Naru, by name."""
    return names_in(PRESETS)


def load_tariff(named: str) -> Tariff:
    """A tariff by its name, or from a `.toml` file. Raises UsageError with the file, the line and the word."""
    text, path = read_named(named, PRESETS, _("no tariff named {name}"))
    return parse_tariff(text, clean(str(path)), clean(path.stem))


def parse_tariff(text: str, where: str, name: str) -> Tariff:
    """A tariff from TOML text; `where` names it in errors. Raises UsageError."""
    top = read_toml(text, where)
    zone = _zone(top)
    tariff = Tariff(
        name=name,
        title=clean(top.text("title", name)),
        unit=clean(top.text("unit")),
        sources=tuple(map(clean, top.texts("sources"))),
        note=clean(top.text("note", "")),
        example=top.flag("example"),
        per=_SECONDS[top.choice("per", tuple(_SECONDS), "hour")],
        taken=top.choice("taken", get_args(Taken), "end"),
        dated_by=top.choice("dated-by", ("start", "end"), "start"),
        elapsed_part=top.number("elapsed-part", ONE),
        asked_part=top.number("asked-part", ZERO),
        minimum_seconds=top.integer("minimum-seconds", 0),
        minimum_charge=top.number("minimum-charge", ZERO),
        job_rounding=_rounding(top, "job-rounding", None),
        rounding=_rounding(top, "rounding", None) or Rounding(6),
        qos=_factors(top, "qos"),
        services=_factors(top, "services"),
        classes={key: _class(top.table("classes").table(key)) for key in top.table("classes")},
        default_class=top.text("default-class", ""),
        prices={key: _price(top.table("prices").table(key)) for key in top.table("prices")},
        periods=_periods(top, zone),
    )
    if tariff.default_class and tariff.default_class not in tariff.classes:
        top.refuse("default-class", _("names {name}, which is not in [classes]").format(name=tariff.default_class))
    top.done()
    return tariff


def _periods(top: Table, zone: timezone) -> tuple[Period, ...]:
    """`[pools]` at the top for one period, or `[[periods]]`; no two may hold at one moment."""
    tables = top.tables("periods")
    if bool(tables) == ("pools" in top):
        top.refuse(None, _("give either [pools] or [[periods]]"))
    found = [(_period(table, zone), table) for table in tables or [top]]
    if tables:
        for table in tables:
            table.done()
    dated = sorted(found, key=lambda one: one[0].start or datetime.min.replace(tzinfo=zone))
    for (before, _table), (after, table) in pairwise(dated):
        if before.end is None or after.start is None or after.start < before.end:
            table.refuse("from", _("begins before the period before it has ended"))
    return tuple(period for period, _table in dated)


def _period(table: Table, zone: timezone) -> Period:
    start, end = _moment(table, "from", zone), _moment(table, "until", zone)
    if start is not None and end is not None and end <= start:
        table.refuse("until", _("is not after `from`"))
    pools = table.table("pools")
    rules = {name: _pool(pools.table(name)) for name in pools}
    if not rules:
        table.refuse("pools", _("holds no pool"))
    return Period(start=start, end=end, pools=rules)


def _pool(table: Table) -> PoolRule:
    by: Method = table.choice("by", get_args(Method))
    listed = table.tables("rates")
    if bool(listed) != (by in ("max", "sum")):
        table.refuse("rates" if listed else None, _("rates go with by = max or sum, and only with these"))
    weights = table.text("weights") if "weights" in table else None
    if weights is not None:
        try:
            parse_weights(weights)
        except BadWeights as error:
            table.refuse("weights", _("{word} is no weight").format(word=repr(clean(error.word))))
    rule = PoolRule(
        by=by,
        each=ONE if listed else table.number("each", ONE if by == "billing" else None),
        rates=tuple(_rate(one) for one in listed),
        node=_node(table.table("node")) if "node" in table else None,
        weights=weights,
        combine=table.choice("combine", get_args(Combine), "sum"),
    )
    names = [rate.resource for rate in rule.rates]
    for i, name in enumerate(names):
        if name in names[:i]:
            listed[i].refuse("resource", _("{name} is given twice").format(name=repr(name)))
    table.done()
    return rule


def _rate(table: Table) -> Rate:
    resource = table.text("resource").lower()
    if not _RESOURCE.fullmatch(resource):
        table.refuse(
            "resource",
            _("{word} is no resource").format(word=repr(clean(resource))),
            _("node, cpu, memory, accelerator, a kind (npu) or a model (gpu:h200)"),
        )
    if resource == "memory":
        amount = Decimal(_size(table, "slice"))
    else:
        amount = table.number("slice", ONE)
    if not amount:
        table.refuse("slice", _("must be above {n}").format(n=0))
    rate = Rate(resource=resource, each=table.number("each"), slice=amount, whole=table.flag("whole"))
    table.done()
    return rate


def _node(table: Table) -> NodeShape:
    shape = NodeShape(
        accelerators=table.integer("accelerators", 0),
        cpus=table.integer("cpus", 0),
        memory=_size(table, "memory") if "memory" in table else None,
    )
    if not any((shape.accelerators, shape.cpus, shape.memory)):
        table.refuse(None, _("a node has accelerators, cpus or memory"))
    table.done()
    return shape


def _class(table: Table) -> Factor:
    if "factor" in table:
        factor = table.number("factor")
        low = high = factor
    else:
        low, high = table.number("low"), table.number("high")
    if high < low:
        table.refuse("high", _("is below `low`"))
    table.done()
    return Factor(low, high)


def _price(table: Table) -> Price:
    price = Price(
        currency=clean(table.text("currency")),
        amount=table.number("amount"),
        units=table.number("units", ONE),
        rounding=_rounding(table, "rounding", None) or Rounding(0),
        example=table.flag("example"),
    )
    if not price.units:
        table.refuse("units", _("must be above {n}").format(n=0))
    table.done()
    return price


def _factors(top: Table, key: str) -> dict[str, Decimal]:
    table = top.table(key)
    return {name: table.number(name) for name in table}


def _rounding(top: Table, key: str, default: Rounding | None) -> Rounding | None:
    if key not in top:
        return default
    table = top.table(key)
    found = Rounding(table.integer("decimals", most=18), table.choice("mode", get_args(Mode), "half-even"))
    table.done()
    return found


def _size(table: Table, key: str) -> int:
    """Bytes of "864 GiB"."""
    told = table.text(key)
    match = _SIZE.fullmatch(told)
    if match is None:
        table.refuse(key, _("{word} is no size: write it as 864 GiB").format(word=repr(clean(told))))
    unit = match[2]
    power = 0 if unit == "B" else "KMGTP".index(unit[0].upper()) + 1
    size = Decimal(match[1]) * (1024 if "i" in unit else 1000) ** power
    if size != size.to_integral_value():
        table.refuse(key, _("{word} is no whole number of bytes").format(word=repr(clean(told))))
    return int(size)


def _zone(top: Table) -> timezone:
    told = top.text("utc-offset", "+00:00")
    match = _OFFSET.fullmatch(told)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        top.refuse("utc-offset", _("{word} is no offset: write it as +09:00").format(word=repr(clean(told))))
    span = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-span if match[1] == "-" else span)


def _moment(table: Table, key: str, zone: timezone) -> datetime | None:
    """A date is its midnight by the tariff's own clock."""
    value = table.take(key)
    if value is None:
        return None
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    elif isinstance(value, date):
        moment = datetime.combine(value, time(), zone)
    else:
        table.refuse(key, _("must be a date such as 2026-03-01"))
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        table.refuse(key, _("must be a date such as 2026-03-01"))
