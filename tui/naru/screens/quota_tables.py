"""The table of who uses what on the Quota screen: by which key, in which order, what it costs, and its export."""

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct
from textual.binding import Binding, BindingType

from naru.commands.quota_billing import billing_unit
from naru.cost_lines import facts_wanted
from naru.exporting import Export, export_of
from naru.pricing import DEFAULT, Pricing
from naru.quota_words import resource_name, unit_words
from naru.screens.base import ALWAYS, NaruScreen
from naru.screens.gpu_rows import in_order
from naru.screens.quota_columns import member_columns, row_key, spent_columns
from naru.screens.quota_rows import Claims, GaugeRow
from naru.screens.quota_spent import MEMBERS, WAYS, Member, SpentRow, account_jobs, members, spent_rows, unpriced_words
from naru.screens.quota_use import UseBySite
from naru.state import Part
from naru.widgets.choices import Choices
from naru.widgets.line_table import LineTable
from naru.widgets.text_lines import Line, TextLines
from naru_client.config import Profile
from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.insight.quota import Quota


class UseTable(LineTable):
    """Nothing opens behind these rows."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return False if action == "open" else super().check_action(action, parameters)


class _Priced(Struct, frozen=True):
    """What an account's jobs cost by one key; `error` says why the tariff cannot be used: then only hours are told."""

    rows: tuple[SpentRow, ...]
    unit: str = ""
    title: str = ""
    example: bool = False
    error: str = ""


class QuotaTables(NaruScreen):
    """Subclasses say which gauge is chosen, and what is known of its site."""

    TABLE_BINDINGS: tuple[BindingType, ...] = (
        Binding("b", "way(1)", _("By …"), id="quota.by"),
        Binding("B", "way(-1)", _("By … backwards"), show=False, id="quota.by-back"),
        Binding("o", "sort", _("Sort"), id="quota.sort"),
        Binding("O", "reverse", _("Reverse the order"), show=False, id="quota.reverse"),
        Binding("e", "export", _("Export"), show=False, id="quota.export"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.use = UseBySite()
        self._way = MEMBERS
        self._columns_of: tuple[object, ...] = ()
        self._priced: dict[tuple[object, ...], _Priced] = {}
        self._members: tuple[tuple[object, ...], tuple[Member, ...]] = ((), ())  # for which readings and account
        self._wanted: tuple[object, ...] = ()  # the key of what is reckoned now

    # ---- what subclasses give ----------------------------------------------------------------------------------

    def chosen_gauge(self) -> GaugeRow | None:
        raise NotImplementedError

    def claims_of(self, part: Part) -> Claims:
        raise NotImplementedError

    @cached_property
    def billing(self) -> str:
        """What billing units are called here; a tariff that cannot be read names nothing, and the costs say why."""
        try:
            return billing_unit(self.terminal.profile)
        except UsageError:
            return ""

    def part_of(self, site: str) -> Part:
        state = self.terminal.state
        return next((part for part in state.parts if part.id == site), state.parts[0])

    def focus_on(self, table: LineTable) -> None:
        """Give a table the keys; where there is little room it is seen alone."""
        self.set_class(isinstance(table, UseTable), "-use")
        table.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nobody sorts a table that is out of view."""
        if action in ("sort", "reverse") and not self.has_class("-wide"):
            return self.has_class("-use")
        return True

    # ---- by which key, in which order --------------------------------------------------------------------------

    def action_way(self, by: int) -> None:
        """By the next key; where the table is out of view it is only shown."""
        if not self.query_one(UseTable).region.width:
            self.focus_on(self.query_one(UseTable))
            return
        self._take_way(self.query_one(Choices).beside(by))

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        self._take_way(message.choice)

    def _take_way(self, way: str) -> None:
        self._way = way
        self.query_one(Choices).show(ways(), way)
        self.query_one(UseTable).to_the_top()
        self.show_use()

    @property
    def sorting(self) -> tuple[str, bool] | None:
        kept = self.terminal.kept.view(f"quota-{self._way}")
        return (kept.sort, kept.reverse) if kept is not None and kept.sort else None

    def action_sort(self) -> None:
        """The next column to sort by, then the usual order."""
        ids = [c.id for c in self.query_one(UseTable).columns_shown if c.sort_key]
        now = self.sorting
        at = ids.index(now[0]) + 1 if now and now[0] in ids else 0
        self._sort_by(ids[at] if at < len(ids) else "", False)

    def action_reverse(self) -> None:
        if now := self.sorting:
            self._sort_by(now[0], not now[1])

    def on_line_table_header_clicked(self, message: LineTable.HeaderClicked) -> None:
        column, now = message.column, self.sorting
        if column.sort_key and isinstance(message.table, UseTable):
            self._sort_by(column.id, now is not None and now[0] == column.id and not now[1])

    def _sort_by(self, column_id: str, reverse: bool) -> None:
        self.terminal.keep_sort(f"quota-{self._way}", column_id, reverse)
        self.query_one(UseTable).to_the_top()
        self.show_use()

    # ---- what is shown -----------------------------------------------------------------------------------------

    def show_use(self) -> None:
        """Who uses what of the chosen quota."""
        chosen = self.chosen_gauge()
        if chosen is None or chosen.quota.account is None:
            self._show_rows((), "" if chosen is None else _("a limit of everybody's: no account is chosen"), [])
        elif self._way == MEMBERS:
            self._show_members(chosen, chosen.quota.account)
        else:
            self._show_spent(chosen, chosen.quota.account)

    def _show_members(self, chosen: GaugeRow, account: str) -> None:
        part = self.part_of(chosen.site)
        quotas = part.quotas.value if part.quotas else ()
        claims, resource = self.claims_of(part), chosen.quota.resource
        made_for = (quotas, claims.jobs, account, resource)
        if len(self._members[0]) != len(made_for) or any(
            a is not b if n < 2 else a != b for n, (a, b) in enumerate(zip(self._members[0], made_for, strict=True))
        ):
            self._members = made_for, members(chosen.site, quotas, account, resource, claims)
        rows = self._members[1]
        timed = rows[0].quota if rows else chosen.quota
        title = f"{account} {resource_name(timed.resource)}"
        said: list[Line] = [((f"{title}  ", "heading"), (unit_words(timed, self.billing), ""))] if rows else []
        self._show_rows(rows, _("nobody has used any of it"), said)

    def _show_spent(self, chosen: GaugeRow, account: str) -> None:
        from naru.asking_use import DAYS

        part = self.part_of(chosen.site)
        use = self.use.of(part.id)
        days = _("jobs of the last {n} days").format(n=DAYS)
        head: list[Line] = [((f"{account}  ", "heading"), (days, ""))]
        if use is None or not self.use.asked(part.id, account):
            empty = (
                _("asking accounting …")
                if self.use.asking(part.id)
                else _("accounting was not asked for {account}; r asks").format(account=account)
            )
            self._show_rows((), empty, [])
            return
        needed = facts_wanted(self.terminal.pricing)
        if lacking := [t for t in needed if getattr(part, t) is None and t not in part.failures]:
            self.terminal.want((*self.TOPICS, *lacking, *(t for t in ALWAYS if t not in self.TOPICS)))
        key = (part.id, account, self._way, id(use), use.as_of, *(getattr(part, topic) is None for topic in needed))
        priced = self._priced.get(key)
        if priced is None:
            self._wanted = key
            self.work_on(self._reckon, "spent", "adds up what jobs cost")
            self._show_rows((), _("adding up …"), head)
            return
        warnings = [((text, "warning"),) for text in (priced.error, *use.warnings) if text]
        if not use.whole:
            warnings.append(((_("accounting tells only your own jobs"), "warning"),))
        if priced.example:
            warnings.append(((_("* nobody published these prices: they are examples"), "warning"),))
        if priced.unit:
            head = [
                ((f"{account}  ", "heading"), (_("{days}, cost in {unit}").format(days=days, unit=priced.unit), ""))
            ]
            warnings += [((text, "quiet"),) for text in unpriced_words(priced.rows)]
        empty = (
            "; ".join(use.warnings) if use.as_of is None else _("no job of {account} is told").format(account=account)
        )
        self._show_rows(priced.rows, empty, [*head, *warnings], bool(priced.unit))

    async def _reckon(self) -> None:
        """Add up what is wanted, on a thread: an account may have a hundred thousand jobs."""
        key, now = self._wanted, self.terminal.now()
        site, account, way = map(str, key[:3])  # what was wanted: by now another row may be chosen
        part = self.part_of(site)
        use = self.use.of(site)
        if use is None or id(use) != key[3]:
            return  # newer days have come meanwhile, and were asked for anew
        pricing = self.terminal.pricing
        nodes = part.nodes.value if part.nodes else ()
        pools = part.pools.value if part.pools else ()
        above = {q.holder: q.above for q in part.quotas.value} if part.quotas else {}

        def add_up() -> _Priced:
            error = ""
            try:
                reckoner, priced = pricing.reckoner(nodes, pools), pricing.priced
            except UsageError as problem:
                error = f"{problem.message}: {problem.hint}" if problem.hint else problem.message
                reckoner, priced = Pricing(Profile(), DEFAULT).reckoner(), False
            rows = spent_rows(part.id, account_jobs(use.jobs, account, above), way, reckoner, now)
            unit = reckoner.unit if priced else ""
            return _Priced(rows, unit, reckoner.tariff.title, priced and reckoner.example, error)

        found = await asyncio.to_thread(add_up)
        self._priced = {**dict(list(self._priced.items())[-11:]), key: found}
        self.show_use()

    def _show_rows(self, rows: Sequence[Any], empty: str, said: Sequence[Line], priced: bool = False) -> None:
        table = self.query_one(UseTable)
        columns_of = (self._way, priced)
        if columns_of != self._columns_of:
            self._columns_of = columns_of
            table.set_rows(())
            table.set_columns(member_columns() if self._way == MEMBERS else spent_columns(self._way, priced))
        sort = self.sorting
        table.set_sorted(*(sort or (None, False)))
        head = rows[:1] if self._way == MEMBERS else ()
        table.set_rows([*head, *in_order(rows[len(head) :], table.columns, sort)], empty)
        self.query_one("#use-said", TextLines).show(said)

    # ---- export ------------------------------------------------------------------------------------------------

    def export_use(self) -> Export:
        rows = list(self.query_one(UseTable).rows)
        if self._way == MEMBERS:
            return self.export_quotas([row.quota for row in rows if isinstance(row, Member)])
        columns = ("site", self._way, "jobs", "accelerator_seconds", "untold", "unit", "settled_low", "settled_high",
                   "in_flight_low", "in_flight_high", "example")  # fmt: skip
        return Export(
            name=f"spent-by-{self._way}", schema="spent", columns=columns, rows=[row.spent for row in rows],
            cells=lambda spent: _spent_cells(rows[0].site, spent), **self._told(),
        )  # fmt: skip

    def export_quotas(self, quotas: Sequence[Quota]) -> Export:
        return export_of("quotas", Quota, list(quotas), **self._told())

    def _told(self) -> dict[str, Any]:
        reading, name = self.terminal.state.quotas, self.terminal.state.name or None
        return {"site": name} if reading is None else {"site": name, "source": reading.source, "as_of": reading.as_of}


def _spent_cells(site: str, spent: Any) -> list[Any]:
    settled, in_flight = spent.cost.settled, spent.cost.in_flight
    amounts = [None if one is None else (one.low, one.high) for one in (settled, in_flight)]
    flat = [value for pair in amounts for value in (pair or (None, None))]
    return [site, spent.key, spent.jobs, spent.accelerator_seconds, spent.untold, spent.cost.unit, *flat,
            spent.cost.example]  # fmt: skip


def ways() -> tuple[tuple[str, str], ...]:
    return tuple((way, _(title)) for way, title in WAYS)


def use_table(screen: NaruScreen) -> UseTable:
    return UseTable((), row_key, screen.terminal.glyphs, id="use")
