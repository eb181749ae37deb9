"""The half of the Plan tab that reads a batch script: which file, what it asks for, what the site says of it."""

import asyncio
import os
from typing import Any

from textual.widgets import Input

from naru.plan_reading import Script, read_script, sbatch_environment
from naru.screens.base import NaruScreen
from naru.screens.plan_columns import SCRIPT_COLUMNS, script_key
from naru.screens.plan_script_rows import ScriptRow, script_rows
from naru.widgets.line_table import LineTable
from naru.widgets.plan_path import PathBox, common_start, completions, shown_path
from naru.widgets.text_lines import Line, TextLines
from naru_client.errors import NaruError
from naru_client.i18n import _, n_
from naru_client.insight.site_rules import Checked
from naru_client.text import clean

MOST_LINES = 6  # of the script that are in view on a small terminal
NAMES_SHOWN = 8


class PlanScriptScreen(NaruScreen):
    """Subclasses have a `PathBox`, the lines `#path-said`, the table `#script`, and plan anew in `script_changed()`."""

    def __init__(self) -> None:
        super().__init__()
        self.script: Script | None = None
        self._path = ""  # of the script that is read, or was last
        self._completed: tuple[str, ...] = ()  # the paths that Tab steps through
        self._completed_at = -1
        self._put = ""  # what Tab put into the box last
        self._by = 1

    def script_changed(self) -> None:
        """Another script, or none, is what is planned."""
        raise NotImplementedError

    @property
    def script_table(self) -> LineTable:
        return self.query_one("#script", LineTable)

    def make_script_table(self) -> LineTable:
        return LineTable(SCRIPT_COLUMNS, script_key, self.terminal.glyphs, id="script")

    # ---- which file --------------------------------------------------------------------------------------------

    def action_script(self) -> None:
        box = self.query_one(PathBox)
        self._completed, self._completed_at = (), -1
        box.open(self._path)
        self.set_focus(box)  # at once, not with the next message: the next key is already its own
        self._say_folder()

    def on_path_box_cancelled(self) -> None:
        self._close_path()

    def on_path_box_completing(self, message: PathBox.Completing) -> None:
        box = self.query_one(PathBox)
        if len(self._completed) > 1 and box.value == self._put:
            self._step(message.by)
            return
        self._by = message.by
        self.work_on(self._complete, "complete", "looks into a folder")

    async def _complete(self) -> None:
        """As far as all candidates agree, then one after the other."""
        box = self.query_one(PathBox)
        typed = box.value
        found = await asyncio.to_thread(completions, typed)
        if not box.display or box.value != typed:
            return
        self._completed, self._completed_at = found, -1
        shared = common_start(found)
        if len(found) > 1 and len(shared) > len(typed):
            self._put = shared
            box.put(shared)
        elif found:
            self._step(self._by)
        self._say_names(typed)

    def _step(self, by: int) -> None:
        at = self._completed_at + by if self._completed_at >= 0 else (0 if by > 0 else len(self._completed) - 1)
        self._completed_at = at % len(self._completed)
        self._put = self._completed[self._completed_at]
        self.query_one(PathBox).put(self._put)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if isinstance(event.input, PathBox) and event.value.strip():
            self._path = event.value.strip()
            self._say_path([((_("reading …"), "quiet"),)])
            self.work_on(self._read_script, "script", "reads a batch script")

    async def _read_script(self) -> None:
        try:
            script = await asyncio.to_thread(read_script, self._path, sbatch_environment())
        except NaruError as error:
            self._say_path([((error.message, "bad"),), *([((error.hint, "quiet"),)] if error.hint else [])])
            return
        self._close_path()
        self.take_script(script)

    def take_script(self, script: Script | None) -> None:
        """Plan this batch script; None: what the form says."""
        self.script = script
        self.set_class(script is not None, "-script")
        self.show_script(None)
        self.set_focus(self.query_one("#offers", LineTable) if script is None else self.script_table)
        self.script_changed()

    def _close_path(self) -> None:
        self.query_one(PathBox).close()
        self._say_path([])
        self.set_focus(self.query_one("#offers", LineTable) if self.script is None else self.script_table)

    # ---- what is shown -----------------------------------------------------------------------------------------

    def show_script(self, checked: Checked | None) -> None:
        """Show the script's requests, with what the rules found."""
        if self.script is None:
            return
        table = self.script_table
        rows = script_rows(self.script.asked, checked)
        table.set_rows(rows, _("the script asks for nothing: the site's defaults hold"))
        most = MOST_LINES if self.size.height < 30 else self.size.height // 3
        table.styles.height = max(2, min(len(rows), most) + 1)

    def script_head(self, checked: Checked | None) -> list[tuple[str, str]]:
        """The name of the script, and how much there is to change in it."""
        assert self.script is not None
        head = [(clean(os.path.basename(self.script.path)), "heading")]
        found = len(checked.findings) if checked else 0
        notes = len(self.script.asked.notes)
        if found:
            told = n_("{n} site rule broken", "{n} site rules broken", found).format(n=found)
            head.append((f"  {told}", "warning"))
        elif checked is not None:
            head.append(("  " + _("keeps the site's rules"), "good"))
        if checked is not None and checked.unchecked:
            told = n_("{n} rule not checked", "{n} rules not checked", len(checked.unchecked))
            head.append(("  " + told.format(n=len(checked.unchecked)), "quiet"))
        if notes:
            head.append(("  " + n_("{n} remark", "{n} remarks", notes).format(n=notes), "warning"))
        return head

    def mended(self, row: ScriptRow) -> str:
        """What `y` copies of a line: what to write instead of it, else the line's own word."""
        return row.instead or row.word

    def _say_names(self, typed: str) -> None:
        names = [
            clean(os.path.basename(one.rstrip("/")) + ("/" if one.endswith("/") else "")) for one in self._completed
        ]
        if not names:
            self._say_path([((_("nothing there begins with {path}").format(path=clean(typed)), "warning"),)])
            return
        more = len(names) - NAMES_SHOWN
        told = "  ".join(names[:NAMES_SHOWN])
        if more > 0:
            told += "  " + n_("and {n} more", "and {n} more", more).format(n=more)
        self._say_path([((told, "quiet"),)])

    def _say_folder(self) -> None:
        told = _("a file on this machine, in {folder}; at most 1 MiB").format(folder=shown_path(os.getcwd()))
        self._say_path([((told, "quiet"),)])

    def _say_path(self, lines: list[Line]) -> None:
        said: Any = self.query_one("#path-said", TextLines)
        said.show(lines)
        said.display = bool(lines)
