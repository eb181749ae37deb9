"""What an offer says, in words and figures. Pure; unknown is a dash or said, never a zero."""

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len

from naru.cost_lines import EXAMPLE, figure
from naru.format import Glyphs, accelerators, duration, fit, size, when
from naru.widgets.text_lines import Line
from naru_client.i18n import _, n_
from naru_client.insight.amount_words import hours, shortfall_words
from naru_client.insight.cost import Cost
from naru_client.insight.exact import Amount
from naru_client.insight.offers import After, Offer
from naru_client.insight.request import AcceleratorWish, Request
from naru_client.insight.site_rules import Checked
from naru_client.model import Job
from naru_client.text import clean


def amount(value: Amount | None, example: bool = False) -> str:
    """`1,234.5`, `100–200` for a range, a dash where unknown; a star behind prices that nobody published."""
    if value is None:
        return "–"
    told = figure(value.low)
    if value.high != value.low:
        told += "–" + figure(value.high)
    return told + (EXAMPLE if example else "")


def short_unit(unit: str) -> str:
    """A tariff's unit as it stands in a narrow column."""
    short = {"accelerator-hours": _("acc-h"), "GPU-hour": "GPU-h", "core-hour": "core-h", "billing-hour": _("bill-h")}
    return short.get(unit) or fit(clean(unit), min(8, cell_len(clean(unit))))


def resource_word(resource: str) -> str:
    """`gpu:h100` as people call it."""
    kind, _colon, model = resource.partition(":")
    words = {"cpu": _("CPU"), "node": _("node"), "billing": _("billing unit")}
    return clean(model.upper() or words.get(kind) or (kind.upper() if len(kind) < 4 else kind))


def left_word(after: After) -> str:
    """`412 H100-h`: what remains of one quota."""
    return _("{n} {resource}-h").format(n=hours(after.left), resource=resource_word(after.resource))


def asked_words(request: Request, glyphs: Glyphs) -> str:
    """A request in a few words: `8×H100 · 2 nodes · 4h 00m · 16 tasks`."""
    parts = [_wished(wish) for wish in request.accelerators]
    if request.nodes is not None:
        least, most = request.nodes.least, request.nodes.most
        shown = str(least) if least == most else f"{least}–{'' if most is None else most}"
        parts.append(n_("{n} node", "{n} nodes", most or least).format(n=shown))
    if request.tasks:
        parts.append(n_("{n} task", "{n} tasks", request.tasks).format(n=request.tasks))
    if request.cpus_per_task:
        parts.append(_("{n} CPUs").format(n=request.cpus_per_task))
    if request.memory is not None:
        parts.append(_("all memory") if request.memory.amount is None else size(request.memory.amount))
    if request.unlimited:
        parts.append(_("no limit"))
    elif request.time_limit is not None:
        parts.append(duration(request.time_limit))
    if request.array is not None:
        told = n_("array of {n}", "array of {n}", request.array.tasks).format(n=f"{request.array.tasks:,}")
        parts.append(told + (f"%{request.array.at_once}" if request.array.at_once else ""))
    return f" {glyphs.dot} ".join(parts) or _("nothing in particular")


def _wished(wish: AcceleratorWish) -> str:
    each = {"node": _("a node"), "task": _("a task"), "socket": _("a socket")}.get(wish.per)
    told = f"{wish.count}×{(wish.model or wish.kind).upper()}"
    return told if each is None else f"{told} {each}"


def detail_lines(offer: Offer, several: bool, glyphs: Glyphs) -> list[Line]:
    """Everything about one offer."""
    name = f"{offer.site}:{offer.pool}" if several else offer.pool
    lines: list[Line] = [((clean(name), "heading"), ("  ", ""), _verdict(offer))]
    lines += [((f"{glyphs.dot} ", "bad"), (clean(why), "")) for why in offer.why_not]
    told = set(offer.why_not) | set(offer.unsure) | set(offer.notes)
    lines += [((f"{glyphs.dot} ", "warning"), (clean(why), "")) for why in offer.unsure]
    shortfalls = [words for one in offer.shortfalls if (words := shortfall_words(one)) not in told]
    lines += [((f"{glyphs.dot} ", "warning"), (words, "")) for words in shortfalls]
    lines += [((f"{glyphs.dot} ", "quiet"), (clean(note), "quiet")) for note in offer.notes]
    lines.append(())
    lines += _cost_lines(offer.cost)
    lines += _job_lines(offer)
    lines += after_lines(offer)
    lines.append(())
    free = _("not known") if offer.free is None else f"{offer.free:,}"
    lines.append(_pair(_("Free now"), free))
    return lines


def short_lines(offer: Offer) -> list[Line]:
    """The most important of it for two lines: why not, else what it rests on."""
    whys = [clean(why) for why in (*offer.why_not, *offer.unsure)]
    whys += [shortfall_words(one) for one in offer.shortfalls] if not offer.why_not else []
    told: list[Line] = [((why, "warning"),) for why in dict.fromkeys(whys)]
    told += [((clean(note), "quiet"),) for note in offer.notes]
    if offer.fits is not False:
        told += (
            [((_("no cost: {why}").format(why=clean(why)), "warning"),) for why, _n in offer.cost.why]
            if offer.cost
            else []
        )
        if offer.cost is not None and offer.cost.basis and offer.cost.expected:
            told.append(((_("expected: {basis}").format(basis=clean(offer.cost.basis)), "quiet"),))
        told += _job_lines(offer)
    return told


def after_lines(offer: Offer) -> list[Line]:
    """What remains of every quota that it counts against, once it has run to its limit."""
    if not offer.after:
        return []
    lines: list[Line] = [(), ((_("Left after it has run to its limit"), "label"),)]
    for one in offer.after:
        told = _("{left} of {available} {resource}-h").format(
            left=hours(one.left), available=hours(one.available), resource=resource_word(one.resource)
        )
        lines.append((("  " + clean(one.holder) + "  ", ""), (told, "bad" if one.left < 0 else "strong")))
    return lines


def start_word(offer: Offer, now: datetime) -> Line:
    """When the scheduler says it would start; why it does not say."""
    if offer.starts is not None:
        return _pair(_("Start"), _("{time}, says the scheduler").format(time=when(offer.starts, now)))
    return _pair(_("Start"), offer.starts_why or _("not asked; t asks the scheduler"), "quiet")


def rule_lines(checked: Checked | None) -> list[Line]:
    """What the site's own rules say of it."""
    if checked is None or not checked.findings:
        return []
    lines: list[Line] = [(), ((_("The site's rules"), "label"),)]
    for one in checked.findings:
        lines.append((("  ", ""), (one.text, "warning")))
        if one.instead:
            lines.append((("    ", ""), (one.instead, "good")))
    return lines


def _verdict(offer: Offer) -> tuple[str, str]:
    if offer.fits is None:
        return _("whether it fits is not known"), "warning"
    if not offer.fits:
        return _("cannot run here"), "bad"
    if offer.shortfalls:
        return _("fits, but a limit is in the way"), "warning"
    return _("fits"), "good"


def _cost_lines(cost: Cost | None) -> list[Line]:
    if cost is None:
        return [_pair(_("Cost"), _("not reckoned"), "quiet")]
    unit = clean(cost.unit)
    lines: list[Line] = [
        _pair(_("At most"), f"{amount(cost.at_most)} {unit}" if cost.at_most else _at_most_why(cost)),
        _pair(_("Expected"), f"{amount(cost.expected)} {unit}" if cost.expected else _expected_why(cost)),
    ]
    if cost.expected and cost.basis:
        lines.append(_pair("", clean(cost.basis), "quiet"))
    lines += [_pair("", clean(why), "warning") for why, _jobs in cost.why]
    if cost.example:
        lines.append(_pair("", _("by an example price: the centre has published none"), "warning"))
    return lines


def _at_most_why(cost: Cost) -> str:
    return _("not known: there is no time limit") if cost.unlimited else "–"


def _expected_why(cost: Cost) -> str:
    return _("not known: too few jobs like it have run")


def _job_lines(offer: Offer) -> list[Line]:
    """What it was reckoned as, part by part where there are several."""
    lines: list[Line] = []
    for at, job in enumerate(offer.jobs):
        told = [accelerators(job.accelerators)]
        if job.nodes is not None:
            told.append(n_("{n} node", "{n} nodes", job.nodes).format(n=job.nodes))
        if job.cpus is not None:
            told.append(_("{n} CPUs").format(n=job.cpus))
        if job.memory is not None:
            told.append(size(job.memory))
        told.append(_limit(offer, job) if len(offer.jobs) == 1 else duration(job.time_limit))
        if job.account:
            told.append(_("account {name}").format(name=clean(job.account)))
        if job.array_pending:
            told.append(n_("{n} task", "{n} tasks", job.array_pending).format(n=f"{job.array_pending:,}"))
        label = _("Reckoned as") if at == 0 else ""
        lines.append(_pair(label, ", ".join(told), "quiet"))
    return lines


def _limit(offer: Offer, job: Job) -> str:
    if offer.limit is None:
        return _("no limit") if job.unlimited else _("no time limit known")
    told = duration(offer.limit)
    if offer.limit_from == "default":
        return _("{time} (the pool's default)").format(time=told)
    return _("{time} (the most here)").format(time=told) if offer.limit_from == "most" else told


def _pair(label: str, value: str, style: str = "") -> Line:
    labels: Sequence[str] = (_("At most"), _("Expected"), _("Free now"), _("Cost"), _("Reckoned as"), _("Start"))
    width = max(map(cell_len, labels)) + 2
    return ((label + " " * (width - cell_len(label)), "label"), (value, style))
