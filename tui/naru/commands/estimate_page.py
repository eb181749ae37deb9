"""An estimate as text: what was asked for, the pools in a table, and below it what a table has no room for."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from naru import format as form
from naru.cost_lines import EXAMPLE, figure
from naru.output import Page
from naru.plain_table import Column, Span
from naru.planning import Plan
from naru.pricing import Pricing
from naru_client.i18n import _, mark, n_
from naru_client.insight.amount_words import accelerator_name, holder_words, hours_short, hours_words
from naru_client.insight.exact import Amount
from naru_client.insight.offers import Offer
from naru_client.insight.request import AcceleratorWish, Asked, Note, Origin, Request
from naru_client.insight.site_rules import Checked, Effect, RuleFinding
from naru_client.text import clean

FITS = {True: (mark("yes"), "free"), None: ("?", "warn"), False: (mark("no"), "away")}
EFFECTS: dict[Effect, str] = {
    "refused": mark("refused at once"),
    "not-allowed": mark("not allowed here"),
    "may-wait": mark("may wait for ever"),
    "check": mark("look at it"),
    "advice": mark("advice"),
}
PER = {"node": mark("a node"), "task": mark("a task"), "socket": mark("a socket")}
UNITS = (mark("accelerator-hours"), mark("Accelerator-hours"))


def show(page: Page, plan: Plan, pricing: Pricing, now: datetime, *, several: bool) -> None:
    for request in plan.asked.requests:
        page.hanging((), asked_words(request), "strong")
    _show_terms(page, plan, pricing)
    page.line()
    shown = [offer for offer in plan.offers if offer.fits is not False or offer.after]
    if shown:
        page.table(_columns(shown, now, several=several), shown)
    else:
        page.line(Span(_("No pool could run it."), "away"))
    _show_remarks(page, plan.offers, shown, several=several)
    _show_notes(page, plan.asked)
    if plan.checked is not None:
        _show_rules(page, plan.checked)


def asked_words(request: Request) -> str:
    """A request in a line: `8×H100 · 2 nodes · 4h 00m · array of 100 tasks, 10 at once`."""
    parts = [_wished(wish) for wish in request.accelerators if wish.count]
    if request.nodes is not None:
        least, most = request.nodes.least, request.nodes.most
        shown = f"{least}" if least == most else f"{least}–{'' if most is None else most}"
        parts.append(n_("{n} node", "{n} nodes", most or least).format(n=shown))
    if request.tasks:
        parts.append(n_("{n} task", "{n} tasks", request.tasks).format(n=request.tasks))
    if request.cpus_per_task:
        parts.append(n_("{n} core a task", "{n} cores a task", request.cpus_per_task).format(n=request.cpus_per_task))
    if request.unlimited:
        parts.append(_("no time limit"))
    elif request.time_limit is not None:
        parts.append(form.duration(request.time_limit))
    if request.array is not None:
        parts.append(_array_words(request))
    if request.pools:
        parts.append(_("pool {names}").format(names=", ".join(request.pools)))
    if request.qos:
        parts.append(_("QOS {name}").format(name=request.qos))
    text = " · ".join(parts) or _("nothing in particular")
    if request.parts > 1:
        text = _("part {n}: {text}").format(n=request.part, text=text)
    return f"{request.name}: {text}" if request.name else text


def _array_words(request: Request) -> str:
    array = request.array
    if array is None:
        return ""
    text = n_("array of {n} task", "array of {n} tasks", array.tasks).format(n=f"{array.tasks:,}")
    return text if array.at_once is None else _("{array}, {n} at once").format(array=text, n=array.at_once)


def _wished(wish: AcceleratorWish) -> str:
    text = f"{wish.count}×{accelerator_name(wish.kind, wish.model)}"
    return f"{text} {_(PER[wish.per])}" if wish.per in PER else text


def _show_terms(page: Page, plan: Plan, pricing: Pricing) -> None:
    """In which unit costs are told, by which tariff, and whose grant it takes from."""
    tariff = pricing.tariff()
    cost = next((offer.cost for offer in plan.offers if offer.cost), None)
    unit = cost.unit if cost else tariff.unit
    if pricing.priced:
        text = _("cost in {unit} by {title}").format(unit=unit, title=tariff.title)
    else:
        text = _("cost in {unit}: no tariff is named, and this is no price").format(unit=_unit(unit))
    page.hanging((), text, "dim")
    if cost is not None and cost.example:
        page.hanging((), _("* example prices: nobody published them"), "warn")
    accounts = tuple(dict.fromkeys(plan.accounts.values()))
    if len(accounts) == 1:
        page.hanging((), _("account {name}").format(name=accounts[0]), "dim")
    elif accounts:
        sites = {name: [site for site, whose in plan.accounts.items() if whose == name] for name in accounts}
        told = ", ".join(f"{name} ({_listed(found)})" for name, found in sites.items())
        page.hanging((), _("accounts: {names}").format(names=told), "dim")


def _unit(unit: str) -> str:
    return _(unit) if unit in UNITS else unit


def _columns(offers: Sequence[Offer], now: datetime, *, several: bool) -> list[Column[Offer]]:
    site: Column[Offer] = Column(title=_("SITE"), cell=lambda o: o.site, least=6, most=16)
    found: list[Column[Offer]] = [
        *((site,) if several else ()),
        Column(title=_("POOL"), cell=lambda o: o.pool, least=12, most=24, style=lambda o: "strong" if o.named else ""),
        Column(title=_("FITS"), cell=lambda o: _(FITS[o.fits][0]), style=lambda o: FITS[o.fits][1]),
        Column(title=_("EXPECTED"), cell=lambda o: _cost(o, o.cost.expected if o.cost else None), right=True),
        Column(title=_("AT MOST"), cell=lambda o: _cost(o, o.cost.at_most if o.cost else None), right=True),
        Column(title=_("LEFT AFTER"), cell=_left, right=True, shed=2, style=_left_style),
    ]
    if any(offer.free is not None for offer in offers):
        found.append(Column(title=_("FREE NOW"), cell=_free, right=True, shed=3))
    if any(offer.starts is not None for offer in offers):
        found.append(Column(title=_("START"), cell=lambda o: "~" + form.when(o.starts, now) if o.starts else "–"))
    return found


def _cost(offer: Offer, amount: Amount | None) -> str:
    if amount is None or offer.cost is None:
        return "–"
    text = figure(amount.low) if amount.low == amount.high else f"{figure(amount.low)}–{figure(amount.high)}"
    return f"{text} {EXAMPLE}" if offer.cost.example else text


def _left(offer: Offer) -> str:
    one = offer.tightest
    return "–" if one is None else hours_short(one.resource, one.left)


def _left_style(offer: Offer) -> str:
    one = offer.tightest
    return "failed" if one is not None and one.left < 0 else ""


def _free(offer: Offer) -> str:
    return "–" if offer.free is None else f"{offer.free:,}"


def _show_remarks(page: Page, offers: Sequence[Offer], shown: Sequence[Offer], *, several: bool) -> None:
    """What is to be said of pools, each sentence once with all the pools it is about."""
    groups: tuple[tuple[str, str, Callable[[Offer], Iterable[str]]], ...] = (
        (_("Why not"), "away", lambda o: o.why_not),
        (_("Not known"), "warn", lambda o: o.unsure),
        (_("To know"), "", lambda o: (*o.notes, *_array_note(o))),
        (_("Left after it has run to its limit"), "", _left_words),
        (_("Expected"), "", lambda o: (o.cost.basis,) if o.cost and o.cost.expected and o.cost.basis else ()),
        (_("No cost"), "warn", lambda o: (why for why, _count in o.cost.why) if o.cost else ()),
        (_("No start"), "dim", lambda o: (o.starts_why,) if o.starts_why and o.fits is not False else ()),
    )
    for title, style, said in groups:
        told: dict[str, list[Offer]] = {}
        about = offers if title == groups[0][0] else shown
        for offer in about:
            for text in said(offer):
                told.setdefault(text, []).append(offer)
        if told:
            page.line()
            page.line(Span(title, style or "title"))
        for text, found in told.items():
            everywhere = len(found) == len(about) > 1
            page.hanging(("  ",), text if everywhere else f"{_where(found, several=several)}: {text}")


def _where(offers: Sequence[Offer], *, several: bool) -> str:
    """The pools by name; of several sites `nhn (b200, spare), kakao (b200)`."""
    if not several:
        return _listed([offer.pool for offer in offers])
    sites: dict[str, list[str]] = {}
    for offer in offers:
        sites.setdefault(offer.site, []).append(offer.pool)
    return ", ".join(f"{site} ({_listed(pools)})" for site, pools in sites.items())


def _listed(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    more = len(names) - most
    return shown if more <= 0 else _("{names} and {n} more").format(names=shown, n=more)


def _array_note(offer: Offer) -> Iterable[str]:
    if offer.tasks > 1:
        yield n_("the cost is that of all {n} task", "the cost is that of all {n} tasks", offer.tasks).format(
            n=f"{offer.tasks:,}"
        )


def _left_words(offer: Offer) -> Iterable[str]:
    for one in offer.after:
        yield _("{left} of {available} left to {holder}").format(
            left=hours_words(one.resource, one.left),
            available=hours_words(one.resource, one.available),
            holder=holder_words(one.holder),
        )


def _show_notes(page: Page, asked: Asked) -> None:
    notes: dict[Note, None] = dict.fromkeys(asked.notes)
    if not notes:
        return
    page.line()
    page.line(Span(_("About what was read"), "title"))
    for note in notes:
        _show_place(page, note.origin, _("refused") if note.refused else "")
        page.hanging(("    ",), note.text, "failed" if note.refused else "")


def _show_rules(page: Page, checked: Checked) -> None:
    page.line()
    if not checked.findings:
        page.line(Span(_("Site rules"), "title"), "  ", Span(_("none is broken"), "free"))
    else:
        page.line(Span(_("Site rules"), "title"))
    for finding in checked.findings:
        _show_finding(page, finding)
    for rule, why in checked.unchecked:
        page.hanging(("  ",), _("{rule} was not checked: {why}").format(rule=clean(rule), why=why), "dim")


def _show_finding(page: Page, finding: RuleFinding) -> None:
    _show_place(page, finding.origin, _(EFFECTS[finding.effect]))
    page.hanging(("    ",), finding.text, "failed" if finding.effect in ("refused", "not-allowed") else "")
    if finding.why:
        page.hanging(("    ",), finding.why, "dim")
    if finding.instead is None:
        return
    if finding.instead == "":
        page.line("    ", Span(_("leave the line out"), "strong"))
        return
    lead = _("instead:") if finding.origin is not None else _("add:")
    if finding.instead.startswith("cd "):
        lead = _("first:")
    page.line(f"    {lead} ", Span(finding.instead, "strong"))  # never broken in two: it is there to be copied


def _show_place(page: Page, origin: Origin | None, effect: str) -> None:
    from naru_client.slurm.batch_options import place

    where = _("the job") if origin is None else place(origin)
    word = f": {origin.word}" if origin is not None and origin.word else ""
    page.line("  ", Span(f"{where}{word}", "strong"), *((f"  ({effect})",) if effect else ()))
