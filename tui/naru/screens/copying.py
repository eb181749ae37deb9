"""`Y`: what of the chosen jobs to copy: ids, names, the rows as they read, folders, commands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from naru.clipboard import Copy, copies_of, copy
from naru.format import accelerators
from naru.widgets.columns import Column
from naru.widgets.line_table import LineTable
from naru.widgets.text_lines import TextLines
from naru_client.i18n import _, mark

if TYPE_CHECKING:
    from naru.format import Glyphs
    from naru_client.insight.fold import Row
    from naru_client.model import Job

COLUMNS = (
    Column(id="key", title=mark("Key"), width=3, text=lambda c: c.key),
    Column(id="what", title=mark("What"), width=18, most=32, text=lambda c: c.title),
    Column(id="text", title=mark("Text"), width=20, grow=1, text=lambda c: c.text, style=lambda c: "quiet"),
)


class CopyScreen(ModalScreen[None]):
    """Rows are jobs, or rows that stand for some; `columns` are those of the table, for the row as text."""

    CSS_PATH = "copying.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,Y", "dismiss", _("Close"), id="copy.close")]

    def __init__(self, rows: "Sequence[Row | Job]", columns: Sequence[Column] = ()) -> None:
        super().__init__()
        terminal: Any = self.app
        texts = [row_text(row, columns) for row in rows]
        self._copies = copies_of(rows, texts, terminal.state.several)
        self._glyphs: Glyphs = terminal.glyphs

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield TextLines(id="head")
            yield LineTable(COLUMNS, lambda c: c.key, self._glyphs, id="copies")

    def on_mount(self) -> None:
        table = self.query_one(LineTable)
        table.set_rows(self._copies)
        table.styles.height = len(self._copies) + 1
        table.focus()
        hint = _("its key, or Enter; y the id; Esc closes")
        self.query_one("#head", TextLines).show([((_("Copy"), "heading"), (f"  {hint}", "quiet"))])

    def on_key(self, event: events.Key) -> None:
        key = "i" if event.key == "y" else event.key
        found = next((one for one in self._copies if one.key == key), None)
        if found is not None:
            event.stop()
            self._take(found)

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        self._take(message.row)

    def _take(self, one: Copy) -> None:
        self.dismiss()
        copy(self.app, one.text, _("copied {what}").format(what=one.title))


def row_text(row: "Row | Job", columns: Sequence[Column]) -> str:
    """A row as it reads in its table; without columns what people name a job by."""
    if columns:
        return "  ".join(filter(None, (column.text(row).strip() for column in columns)))
    job = row if not hasattr(row, "job") else row.job
    told = (job.id, job.name, job.user, job.state, accelerators(job.accelerators), job.pool)
    return "  ".join(filter(None, told))
