"""`e`: the rows in view as a file: in which format, under which name, and not over another file unasked."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from naru.exporting import (
    Exists,
    Export,
    Format,
    Stopped,
    export_of_history,
    export_of_jobs,
    shown,
    target,
    usual_name,
    with_suffix,
    write_view,
)
from naru.format import size
from naru.widgets.choices import Choices
from naru.widgets.text_lines import Line, TextLines
from naru_client.errors import NaruError
from naru_client.i18n import _, n_
from naru_client.model import Job

TITLES = (("csv", "CSV"), ("json", "JSON"))


class ExportScreen(ModalScreen[Path | None]):
    """Asks for a file and writes an `Export` to it, on a thread of its own; gives the path, None when left."""

    CSS_PATH = "export.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,down,up,shift+tab", "format", _("CSV or JSON"), id="export.format", priority=True),
        Binding("escape", "leave", _("Close"), id="export.close", priority=True),
    ]

    def __init__(self, export: Export, *, now: datetime | None = None) -> None:
        super().__init__()
        self._export = export
        self._now = now
        self._format: Format = "csv"
        self._asked: Path | None = None  # the file of which it was said that it exists
        self._writing = threading.Event()
        self._given_up = threading.Event()

    @classmethod
    def of_jobs(cls, jobs: Sequence[Job], *, marked: bool = False, **told: Any) -> "ExportScreen":
        """For a list of jobs in their order; `told` is what the envelope says (`site`, `source`, `as_of`)."""
        return cls(export_of_jobs(jobs, marked=marked, **told))

    @classmethod
    def of_history(cls, jobs: Sequence[Job], *, marked: bool = False, **told: Any) -> "ExportScreen":
        return cls(export_of_history(jobs, marked=marked, **told))

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield TextLines(id="head")
            yield Choices(TITLES, self._format, lead=_("Format") + "  ", id="format")
            yield Input(value=self._usual(), select_on_focus=False, compact=True, id="file")
            yield TextLines(id="told")

    def on_mount(self) -> None:
        count = len(self._export.rows)
        rows = n_("{n} row", "{n} rows", count).format(n=f"{count:,}")
        which = _("the marked ones") if self._export.marked else _("as filtered and sorted")
        head: Line = ((_("Export"), "heading"), (f"  {rows}, {which}", ""))
        self.query_one("#head", TextLines).show([head])
        box = self.query_one(Input)
        box.cursor_position = len(box.value)
        box.cursor_blink = False  # it would write to an idle terminal
        box.focus()
        self._say_how()

    def action_format(self) -> None:
        self._take_format(cast(Format, self.query_one(Choices).beside(1)))

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        self._take_format(cast(Format, message.choice))

    def on_input_changed(self) -> None:
        self._asked = None
        if not self._writing.is_set():
            self._say_how()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if self._writing.is_set():
            return
        try:
            path = target(event.value, self._usual())
        except NaruError as error:
            self._say(error.message, "bad")
            return
        overwrite = self._asked == path
        self._writing.set()
        self._say(_("writing …"), "quiet")
        self.run_worker(self._write(path, overwrite), exclusive=True, description="writes a file")

    def action_leave(self) -> None:
        self._given_up.set()  # the thread sees it with its next rows, and takes away what it has written
        if not self._writing.is_set():
            self.dismiss(None)

    async def _write(self, path: Path, overwrite: bool) -> None:
        try:
            written = await asyncio.to_thread(
                write_view,
                path,
                self._format,
                self._export,
                overwrite=overwrite,
                wanted=lambda: not self._given_up.is_set(),
            )
        except Exists as error:
            self._asked = path
            self._say(_("{error}; Enter again replaces it").format(error=error.message), "warning")
        except Stopped:
            self.dismiss(None)
        except NaruError as error:
            self._say(error.message, "bad")
        else:
            count = len(self._export.rows)
            text = n_("wrote {n} row, {size}: {path}", "wrote {n} rows, {size}: {path}", count)
            self.app.notify(text.format(n=f"{count:,}", size=size(written), path=shown(path)), markup=False)
            self.dismiss(path)
        finally:
            self._writing.clear()

    def on_unmount(self) -> None:
        self._given_up.set()

    def _take_format(self, form: Format) -> None:
        self._format = form
        self.query_one(Choices).show(TITLES, form)
        box = self.query_one(Input)
        box.value = with_suffix(box.value, form)
        box.cursor_position = len(box.value)

    def _usual(self) -> str:
        moment = self._now or cast(Any, self.app).now()
        return usual_name(self._export.name, self._format, moment)

    def _say_how(self) -> None:
        folder = shown(Path.cwd())
        self._say(_("in {folder}; Enter writes, Tab the other format, Esc leaves").format(folder=folder), "quiet")

    def _say(self, text: str, style: str) -> None:
        self.query_one("#told", TextLines).show([((text, style),)])
