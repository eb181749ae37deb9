"""What a job costs, in words: for its page and for `naru job`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from naru.pricing import Pricing
from naru_client.errors import UsageError
from naru_client.i18n import _, mark, n_
from naru_client.insight.cost import Cost, cost_of
from naru_client.insight.exact import Amount
from naru_client.insight.fold import group_key, task_count
from naru_client.insight.reckoning import facts_needed
from naru_client.insight.run_times import RunTimes
from naru_client.insight.tariff import Tariff, Terms
from naru_client.model import Job, Node, Pool

EXAMPLE = "*"  # stands behind an amount by prices that nobody published
_UNITS = (mark("accelerator-hours"),)  # the preset's own word; other centres' stay theirs

# On a page, and in the lower case of the command line.
LABELS = {
    "tariff": (mark("Tariff"), mark("tariff")),
    "cost": (mark("Cost"), mark("cost")),
    "so_far": (mark("So far"), mark("cost so far")),
    "taken": (mark("Taken"), mark("taken")),
    "expected": (mark("Likely cost"), mark("likely cost")),
    "at_most": (mark("At most"), mark("at most")),
    "whole": (mark("All of it"), mark("all of it")),
    "settled": (mark("  ended"), mark("  ended")),
    "in_flight": (mark("  so far"), mark("  so far")),
    "all_expected": (mark("  likely"), mark("  likely")),
    "all_at_most": (mark("  at most"), mark("  at most")),
    "unpriced": (mark("No price"), mark("no price")),
    "example": (mark("Example"), mark("example")),
    "note": (mark("Note"), mark("note")),
}


class JobCost(Struct, frozen=True, kw_only=True):
    """What a job costs: by which tariff, on which terms, itself, and all that is listed of its array or het job.

    `cost` is None, and `error` says why, where the tariff cannot be used. `whole` is None for a job that is no part of
    anything, or the only part that is listed. `priced`: a tariff was named; else accelerator-hours are counted.
    """

    job: Job
    tariff: Tariff | None = None
    terms: Terms = Terms()
    priced: bool = False
    cost: Cost | None = None
    whole: Cost | None = None
    tasks: int = 1
    error: str = ""
    hint: str = ""


class Fact(Struct, frozen=True):
    """One line: the key of its label in LABELS, what it says, and in which style ("", "quiet", "warning")."""

    key: str
    text: str
    style: str = ""


def facts_wanted(pricing: Pricing) -> frozenset[Literal["nodes", "pools"]]:
    """What a site must tell before its jobs have a price; nothing where the tariff cannot be used anyway."""
    try:
        return facts_needed(pricing.tariff())
    except UsageError:
        return frozenset()


def job_cost(
    pricing: Pricing,
    job: Job,
    listed: Iterable[Job],
    now: datetime,
    *,
    nodes: Sequence[Node] = (),
    pools: Sequence[Pool] = (),
    run_times: RunTimes | None = None,
) -> JobCost:
    """The cost of a job and of the array or het job it belongs to, as far as `listed` holds it. Raises nothing."""
    try:
        reckoner = pricing.reckoner(nodes, pools)
    except UsageError as error:
        return JobCost(job=job, priced=pricing.priced, error=error.message, hint=error.hint)
    expected = None if run_times is None else run_times.expected(job)
    seconds = None if run_times is None else run_times.seconds
    key = group_key(job)
    family = [one for one in listed if group_key(one) == key and one.site == job.site] if key else []
    open_one = next((one for one in family if not one.finished), None)
    likely = run_times.expected(open_one) if run_times and open_one else None
    whole = cost_of(family, reckoner, now, seconds, likely.basis if likely else "") if len(family) > 1 else None
    return JobCost(
        job=job,
        tariff=reckoner.tariff,
        terms=reckoner.terms,
        priced=pricing.priced,
        cost=cost_of(job, reckoner, now, seconds, expected.basis if expected else ""),
        whole=whole,
        tasks=sum(map(task_count, family)),
    )


def cost_facts(told: JobCost) -> list[Fact]:
    """All that is to be said of it, line by line."""
    if told.tariff is None or told.cost is None:
        facts = [Fact("cost", told.error, "warning")]
        return [*facts, Fact("cost", told.hint, "quiet")] if told.hint else facts
    facts = [Fact("tariff", tariff_words(told))]
    if told.cost.unpriced:
        facts += [Fact("unpriced", why, "warning") for why, _count in told.cost.why]
    elif told.job.finished:
        facts.append(Fact("cost", money(told.cost.settled, told.cost), "strong"))
        if told.tariff.taken != "end":
            facts.append(Fact("taken", _("what was taken up front beyond this has been given back"), "quiet"))
    else:
        facts += _open_facts(told.job, told.cost, told.tariff)
    if told.whole is not None:
        facts += _whole_facts(told.whole, told.tasks)
    return [*facts, *_remarks(told.cost, told.tariff)]


def whole_facts(told: JobCost) -> list[Fact]:
    """The same of all that is listed of its array or het job, without the one job."""
    if told.tariff is None or told.whole is None:
        return cost_facts(told)
    return [
        Fact("tariff", tariff_words(told)),
        *_whole_facts(told.whole, told.tasks),
        *_remarks(told.whole, told.tariff),
    ]


def cost_data(told: JobCost) -> dict[str, Any]:
    """The same for JSON: amounts are texts, so that no reader makes binary fractions of them."""
    tariff = told.tariff
    return {
        "tariff": None if tariff is None else tariff.name,
        "title": None if tariff is None else tariff.title,
        "note": None if tariff is None else tariff.note or None,
        "price": told.priced,
        "customer": told.terms.customer or (tariff.default_class if tariff else "") or None,
        "service": told.terms.service or None,
        "error": told.error or None,
        "job": told.cost,
        "whole": told.whole,
    }


def tariff_words(told: JobCost) -> str:
    """The tariff's title, for which class and service; or that none is named."""
    if told.tariff is None:
        return "–"
    if not told.priced:
        return _("none is named: hours of accelerators are counted, and that is no price")
    words = [told.tariff.title]
    if customer := told.terms.customer or told.tariff.default_class:
        words.append(_("class {name}").format(name=customer))
    if told.terms.service:
        words.append(_("service {name}").format(name=told.terms.service))
    return " · ".join(words)


def _open_facts(job: Job, cost: Cost, tariff: Tariff) -> list[Fact]:
    """Of a job that has not ended."""
    facts = []
    if job.waiting:
        facts.append(Fact("so_far", _("nothing: it has not started"), "quiet"))
    else:
        facts.append(Fact("so_far", money(cost.in_flight, cost), "strong"))
    if cost.expected is not None:
        facts.append(Fact("expected", _with_basis(cost)))
    else:
        facts.append(Fact("expected", _("not known: too few jobs like it have ended"), "quiet"))
    if cost.at_most is not None:
        facts.append(Fact("at_most", _("{amount}, if it runs to its limit").format(amount=money(cost.at_most, cost))))
        if cost.at_most.low != cost.at_most.high and "," in (job.pool or ""):
            facts.append(Fact("at_most", _("by the pool in which it comes to run"), "quiet"))
    elif job.unlimited:
        facts.append(Fact("at_most", _("no bound: it has no time limit"), "warning"))
    else:
        facts.append(Fact("at_most", _("not known: the time limit or the number of tasks is not told"), "quiet"))
    if tariff.taken != "end":
        facts.append(Fact("taken", _taken(job, cost, tariff)))
    return facts


def _with_basis(cost: Cost) -> str:
    return money(cost.expected, cost) + (f"  ({cost.basis})" if cost.basis else "")


def _taken(job: Job, cost: Cost, tariff: Tariff) -> str:
    if tariff.taken == "start" and job.waiting:
        return _("when it starts, for its whole time limit; what it does not use is given back at its end")
    return _("{amount}, up front; what it does not use is given back at its end").format(amount=money(cost.taken, cost))


def _whole_facts(whole: Cost, tasks: int) -> list[Fact]:
    """Of an array or a het job, as far as it is listed."""
    facts = [Fact("whole", n_("{n} task or part is listed", "{n} tasks or parts are listed", tasks).format(n=tasks))]
    if whole.settled is not None:
        facts.append(Fact("settled", money(whole.settled, whole)))
    if whole.in_flight is not None:
        facts.append(Fact("in_flight", money(whole.in_flight, whole)))
    if whole.expected is not None:
        facts.append(Fact("all_expected", _with_basis(whole)))
    if whole.at_most is not None:
        facts.append(Fact("all_at_most", money(whole.at_most, whole)))
    for why, count in whole.why:
        facts.append(Fact("unpriced", _("{why} ({n} of them)").format(why=why, n=count), "warning"))
    return facts


def _remarks(cost: Cost, tariff: Tariff) -> list[Fact]:
    facts = []
    if cost.example and cost.unpriced < cost.jobs:
        words = _("* nobody published these prices; they only show how a charge is reckoned")
        facts.append(Fact("example", words, "warning"))
    if tariff.note:
        facts.append(Fact("note", tariff.note, "quiet"))
    return facts


def money(value: Amount | None, cost: Cost) -> str:
    """`1,234.5 SU`, `100–200 KRW *` for a range of prices that nobody published; a dash where unknown."""
    if value is None:
        return "–"
    told = figure(value.low)
    if value.high != value.low:
        told += "–" + figure(value.high)
    return " ".join((told, _(cost.unit) if cost.unit in _UNITS else cost.unit, *([EXAMPLE] if cost.example else [])))


def figure(value: Decimal) -> str:
    """All its digits, without the zeros that only rounding put there."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
