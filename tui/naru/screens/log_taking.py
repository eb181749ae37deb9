"""Taking something out of a log that is shown: into the clipboard, into a file, into one's own pager."""

import os

from naru.clipboard import copy
from naru.format import size
from naru.log_leaving import page, save_log
from naru.log_reading import LogReading
from naru.screens.base import NaruScreen
from naru_client.errors import NaruError
from naru_client.i18n import _, n_
from naru_client.text import clean


class LogTakingScreen(NaruScreen):
    """A screen that shows a log; subclasses give `changed()`. `_here` is where the line starts that was found last."""

    def __init__(self) -> None:
        super().__init__()
        self.reading: LogReading | None = None
        self._here: int | None = None
        self._save_as = ""

    def changed(self) -> None:
        """There is something new to draw."""
        raise NotImplementedError

    def in_sight(self, start: int) -> bool:
        """Whether the line that starts there is on the screen."""
        reading = self.reading
        return reading is not None and any(line.start == start for line, _row in reading.window.shown())

    def save_as(self, path: str) -> None:
        self._save_as = path
        self.work_on(self._save, "save", "saves a log")

    def action_copy(self) -> None:
        """The lines in sight; only the one that was found last while it is in sight."""
        if self.reading is None:
            return
        lines = list(dict.fromkeys(line for line, _row in self.reading.window.shown()))
        if self._here is not None and self.in_sight(self._here):
            lines = [line for line in lines if line.start == self._here]
        if lines:
            told = n_("copied {n} line", "copied {n} lines", len(lines)).format(n=len(lines))
            copy(self.app, "\n".join(line.text for line in lines), told, lines=True)

    async def _save(self) -> None:
        assert self.reading is not None
        reading = self.reading

        def told(done: int, whole: int) -> None:
            reading.busy, reading.busy_share = _("saving"), done / max(1, whole)
            self.changed()

        try:
            saved = await save_log(reading.source.inner, self._save_as, told)
        except NaruError as error:
            self.app.notify(f"{error.message}{': ' + error.hint if error.hint else ''}", severity="error", markup=False)
        else:
            told_saved = _("saved {size} to {path}").format(size=size(saved[1]), path=clean(saved[0]))
            if not reading.source.exact:
                told_saved += ": " + _("some bytes were lost on the way")
            self.app.notify(told_saved, markup=False)
        finally:
            reading.busy, reading.busy_share = "", None
            self.changed()

    def action_pager(self) -> None:
        """Leave the screen to the person's own pager."""
        if self.reading is None:
            return
        path = self.reading.source.local_path
        if path is None:
            self.app.notify(_("it is not on this machine; s saves it here first"), severity="warning", markup=False)
            return
        with self.app.suspend():
            told = page(path, os.environ)
        if told:
            self.app.notify(told, severity="warning", markup=False)
