"""The tables of the GPUs screen as a person has them: columns, order, marks, and what is done with rows."""

from collections.abc import Sequence
from typing import Any

from textual.binding import Binding, BindingType

from naru.joining import addressed
from naru.screens.arranging import Arrangement, arranged, ask_arrangement
from naru.screens.base import NaruScreen
from naru.screens.gpu_columns import NODE_COLUMNS, POOL_COLUMNS, with_site
from naru.widgets.columns import Column
from naru.widgets.line_table import LineTable
from naru_client.i18n import _, n_
from naru_client.insight.queue_view import Sorting


class GpuTables(NaruScreen):
    """Subclasses have a `LineTable`, say which table it holds in `view` ("pools" or "nodes"), and sort it."""

    TABLE_BINDINGS: tuple[BindingType, ...] = (
        Binding("o", "sort", _("Sort"), show=False, id="gpus.sort"),
        Binding("O", "reverse", _("Reverse the order"), show=False, id="gpus.reverse"),
        Binding("c", "columns", _("Columns"), show=False, id="gpus.columns"),
        Binding("e", "export", _("Export"), show=False, id="gpus.export"),
        Binding("y", "copy", _("Copy the name"), show=False, id="gpus.copy"),
    )

    view = "pools"

    def order_changed(self) -> None:
        """Show the rows in another order."""
        raise NotImplementedError

    # ---- columns and order -------------------------------------------------------------------------------------

    @property
    def sorting(self) -> tuple[str, bool] | None:
        """The column that sorts, and whether the other way round; None for the usual order."""
        kept = self.terminal.kept.view(self.view)
        return (kept.sort, kept.reverse) if kept is not None and kept.sort else None

    def all_columns(self) -> dict[str, Column]:
        columns = with_site(POOL_COLUMNS if self.view == "pools" else NODE_COLUMNS, True)
        return {column.id: column for column in columns}

    def arrange_table(self) -> None:
        """Give the table its columns."""
        found = self._arrangement()
        table = self.query_one(LineTable)
        table.set_columns(found.columns, pinned=found.pinned, arranged=found.own)
        table.set_sorted(*(self.sorting or (None, False)))

    def _arrangement(self) -> Arrangement:
        usual = [column.id for column in (POOL_COLUMNS if self.view == "pools" else NODE_COLUMNS)]
        return arranged(self.terminal, self.view, self.all_columns(), usual, self.terminal.state.several)

    def action_columns(self) -> None:
        def done() -> None:
            self.arrange_table()
            self.order_changed()

        now = self.sorting
        order = Sorting(now[0], lambda row: None, now[1]) if now else None
        title = _("pools") if self.view == "pools" else _("nodes")
        sample = self.query_one(LineTable).current
        ask_arrangement(
            self, self.terminal, self.view, title, self.all_columns(), self._arrangement(), order, sample, done
        )  # fmt: skip

    def action_sort(self) -> None:
        """The next column to sort by, then the usual order."""
        ids = [c.id for c in self.query_one(LineTable).columns_shown if c.sort_key]
        now = self.sorting
        at = ids.index(now[0]) + 1 if now and now[0] in ids else 0
        self._sort_by(ids[at] if at < len(ids) else "", False)

    def action_reverse(self) -> None:
        if now := self.sorting:
            self._sort_by(now[0], not now[1])

    def on_line_table_header_clicked(self, message: LineTable.HeaderClicked) -> None:
        column, now = message.column, self.sorting
        if column.sort_key:
            self._sort_by(column.id, now is not None and now[0] == column.id and not now[1])

    def _sort_by(self, column_id: str, reverse: bool) -> None:
        self.terminal.keep_sort(self.view, column_id, reverse)
        table = self.query_one(LineTable)
        table.to_the_top()
        table.set_sorted(column_id or None, reverse)
        self.order_changed()

    # ---- what is done with rows --------------------------------------------------------------------------------

    def _chosen(self) -> Sequence[Any]:
        """The marked rows, else the one under the cursor."""
        table = self.query_one(LineTable)
        return table.marked_rows() or ([table.current] if table.current is not None else [])

    def action_copy(self) -> None:
        from naru.clipboard import copy

        several = self.terminal.state.several
        names = list(dict.fromkeys(addressed(row.site, row.name, several) for row in self._chosen()))
        if names:
            told = names[0] if len(names) == 1 else n_("{n} name", "{n} names", len(names)).format(n=len(names))
            copy(self.app, " ".join(names), _("copied {what}").format(what=told))

    def action_export(self) -> None:
        from naru.exporting import export_of_nodes, export_of_pools
        from naru.screens.export import ExportScreen

        table, state = self.query_one(LineTable), self.terminal.state
        rows = table.marked_rows()
        told: dict[str, Any] = {"marked": bool(rows), "site": state.name or None}
        reading = state.pools if self.view == "pools" else state.nodes
        if reading is not None:
            told |= {"source": reading.source, "as_of": reading.as_of}
        if self.view == "nodes":
            export = export_of_nodes(rows or list(table.rows), **told)
        else:  # a pool with several models has a row for each
            pools = dict.fromkeys(row.pool for row in rows or table.rows)
            export = export_of_pools(list(pools), **told)
        self.app.push_screen(ExportScreen(export))
