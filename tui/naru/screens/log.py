"""The log of a job: opened at its end, followed, searched; of an array each task's, or all of them as one."""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from naru.format import local_zone
from naru.joining import addressed
from naru.log_reading import LogReading
from naru.log_window import LogWindow
from naru.messages import JobArrived, ScriptArrived
from naru.screens.log_facts import shown_share, status_line, title_line
from naru.screens.log_finding import LogFindingScreen
from naru.state import State, Topic
from naru.widgets.log_view import LogView
from naru.widgets.text_lines import Line, TextLines
from naru.widgets.word_box import WordBox
from naru_client.errors import NaruError, NotFound
from naru_client.i18n import _
from naru_client.logs.memory import TextLog
from naru_client.logs.merged import MergedLog
from naru_client.logs.names import LogFile, files_of_many
from naru_client.logs.source import LogSource
from naru_client.model import Job

HELD = 0.1  # seconds after which a blank screen is better than none


class LogScreen(LogFindingScreen):
    """`jobs` are the records whose logs these are: of one job, or of an array's tasks or a het job's parts."""

    TOPICS: ClassVar[tuple[Topic, ...]] = ("jobs", "history")
    # A file of its own would be parsed, with all others, when the first log is opened.
    DEFAULT_CSS = """
    LogScreen #title { padding: 0 1; margin-top: 1; height: 1; }
    LogScreen #status { padding: 0 1; height: 1; background: $surface; }
    LogScreen WordBox { margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", _("Back"), id="log.back"),
        Binding("q", "leave", _("Back"), show=False, id="log.leave"),
        Binding("slash", "type('find')", _("Search"), id="log.search", priority=True),
        Binding("n", "next(1)", _("Next"), id="log.next"),
        Binding("N", "next(-1)", _("The one before"), show=False, id="log.previous"),
        Binding("e", "problem(1)", _("Problem"), id="log.problem"),
        Binding("E", "problem(-1)", _("The problem before"), show=False, id="log.problem-before"),
        Binding("ampersand", "only", _("Only what matches"), show=False, id="log.only"),
        Binding("number_sign,ctrl+g", "type('seek')", _("Go to a line, share or time"), show=False, id="log.seek"),
        Binding("w", "wrap", _("Wrap"), id="log.wrap"),
        Binding("r", "look", _("Look again"), show=False, id="log.look"),
        Binding("o", "stream", _("Output, errors, script"), show=False, id="log.stream"),
        Binding("right_square_bracket", "task(1)", _("Next task"), show=False, id="log.next-task"),
        Binding("left_square_bracket", "task(-1)", _("Task before"), show=False, id="log.previous-task"),
        Binding("m", "merge", _("All tasks as one"), show=False, id="log.merge"),
        Binding("y", "copy", _("Copy what is shown"), show=False, id="log.copy"),
        Binding("s", "type('save')", _("Save as"), show=False, id="log.save"),
        Binding("v", "pager", _("Open in the pager"), show=False, id="log.pager"),
    ]

    def __init__(self, jobs: Sequence[Job], tab: str) -> None:
        super().__init__()
        self._jobs = tuple(jobs)
        self._tab = tab
        self._stream = "out"
        self._files: tuple[LogFile, ...] = ()
        self._chosen = 0
        self._asked = False  # the centre was asked for what the list did not tell
        self._trouble: NaruError | None = None
        self._held = ExitStack()  # nothing is drawn before the first lines are there
        self._drawing = False
        self._merged = False
        self._together = self._left_out = 0  # how many logs are shown as one, and how many could not be

    @property
    def tab(self) -> str:
        return self._tab

    @property
    def job(self) -> Job:
        """The job whose log is shown."""
        return self._jobs[0]

    def body(self) -> ComposeResult:
        yield TextLines(wrapped=False, id="title")
        yield LogView(self.terminal.glyphs, id="log")
        yield TextLines(wrapped=False, id="status")
        yield WordBox(id="words")

    def on_mount(self) -> None:
        # What is drawn first are the lines, and not a blank: it is drawn twice otherwise, and sent over the network.
        self._held.enter_context(self.app.batch_update())
        self.set_timer(HELD, self._held.close)
        self.query_one(LogView).focus()
        self._find_files()

    async def on_unmount(self) -> None:
        self._held.close()
        await self._close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While words are typed every key is their own."""
        return not (action == "type" and isinstance(self.focused, WordBox))

    def tick(self) -> None:
        super().tick()
        if self.is_current:
            self.show_log()

    def show_state(self, state: State) -> None:
        self._jobs = state.renewed(self._jobs)
        if self.reading is None and self._stream != "script" and files_of_many(self._jobs) != self._files:
            self._find_files()  # it has started meanwhile
        else:
            self.show_log()

    # ---- which log ---------------------------------------------------------------------------------------------

    def _find_files(self) -> None:
        """What the jobs write to; the centre is asked once where the list did not tell."""
        self._files = tuple(files_of_many(self._jobs))
        wanted = [nth for nth, file in enumerate(self._files) if file.path and self._fits(file)]
        if not any(file.path for file in self._files) and not self._asked:
            self._asked = True
            self.terminal.want_job(self.job.site, self._number, self.post_message)
        self._chosen = wanted[0] if wanted else 0
        self._open()

    @property
    def _number(self) -> str:
        """What the jobs are known by together."""
        job = self.job
        return job.id if len(self._jobs) == 1 else str(job.array_id or job.het_id or job.id)

    def _fits(self, file: LogFile) -> bool:
        return file.stream in (self._stream, "both")

    @property
    def _file(self) -> LogFile | None:
        return self._files[self._chosen] if self._files else None

    def on_job_arrived(self, message: JobArrived) -> None:
        """The centre told of the jobs."""
        if message.error is not None:
            self._trouble = message.error
            self.show_log()
        elif message.jobs:
            self._jobs = message.jobs
            self._find_files()
        else:
            self._trouble = NotFound(_("the centre does not know this job"))
            self.show_log()

    def on_script_arrived(self, message: ScriptArrived) -> None:
        if self._stream != "script":
            return
        if message.error is not None:
            self._trouble = message.error
            self.show_log()
        else:
            self._read(TextLog(self.job.command or self._number, message.text))

    def _open(self) -> None:
        """Open the chosen file in place of the one that is open."""
        self._trouble, self._merged = None, False
        file = self._file
        if self._stream == "script":
            self._leave_log()
            self.terminal.want_script(self.job.site, self.job.id, self.post_message)
        elif file is None or not file.path:
            self._leave_log()
            if file is not None and file.why:
                self._trouble = NotFound(file.why)
        else:
            try:
                self._read(self.terminal.open_log(self.job.site, file.path))
            except NaruError as error:
                self._leave_log()
                self._trouble = error
        self.show_log()

    def _read(self, source: LogSource) -> None:
        self._leave_log()
        reading = LogReading(source, self.changed, now=self.terminal.now, zone=local_zone(), resting=self._nobody_looks)
        view = self.query_one(LogView)
        view.take(reading.window)
        self.reading = reading
        self.work_on(reading.run, "log", "reads a log")

    def _nobody_looks(self) -> bool:
        return self.terminal.asleep or self.terminal.state.paused

    def _leave_log(self) -> None:
        self.workers.cancel_group(self, "log")
        self.end_search()
        if self.reading is not None:
            self.work_on(self.reading.close, "closing", "closes a log", alone=False)
            self.reading = None
            self.query_one(LogView).take(LogWindow())  # what comes next, or why nothing does, is not about those lines
        self._here = None

    async def _close(self) -> None:
        self.end_search()
        if self.reading is not None:
            await self.reading.close()

    # ---- what is shown -----------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Something was read; what came together is drawn together."""
        if not self._drawing:
            self._drawing = True
            self.call_later(self.show_log)

    def show_log(self) -> None:
        self._drawing = False
        if not self.is_mounted:
            return
        job, reading = self.job, self.reading
        state = self.terminal.state
        file = self._file if self._stream != "script" and not self._merged else None
        job = next((one for one in self._jobs if file is not None and one.id == file.label), job)
        label = addressed(
            job.site, file.label if file is not None and len(self._jobs) > 1 else self._number, state.several
        )
        place = f" {self._chosen + 1}/{len(self._files)}" if len(self._files) > 2 and not self._merged else ""
        if self._merged and self._left_out:
            place = " " + _("({n} of {count})").format(n=self._together, count=self._together + self._left_out)
        progress = reading.summary.progress if reading is not None else None
        stream = "merged" if self._merged else file.stream if file is not None else self._stream
        title = title_line(label, job, file, stream, place, progress, self.terminal.glyphs)
        self.query_one("#title", TextLines).show([title])
        status: list[Line] = []
        if reading is not None:
            find = self.search.pattern.spans if self.search is not None else None
            self.query_one(LogView).show(find, self._here, shown_share(reading))
            if self.search is not None:
                if self.search.outlived:
                    self.search_anew()
                    return
                self.search.grown_to(reading.size or 0)
            found = self.search.words(self.terminal.glyphs) if self.search is not None else ""
            if file is not None and file.guessed and isinstance(reading.trouble, NotFound):
                reading.trouble = NotFound(_("the centre no longer tells where it wrote to"))
            status = [status_line(reading, self.terminal.now(), self.terminal.glyphs, found)]
        elif self._trouble is not None:
            status = [((f"{self.terminal.glyphs.warn} {self._trouble.message}", "warning"),)]
        elif self._asked:
            status = [((_("asking …"), "quiet"),)]
        if self._pattern_error:
            status = [((f"{self.terminal.glyphs.warn} {self._pattern_error}", "warning"),)]
        self.query_one("#status", TextLines).show(status)
        if reading is None or reading.window.lines or reading.trouble is not None or reading.size == 0:
            self._held.close()

    def on_log_view_moved(self, message: LogView.Moved) -> None:
        if self.reading is not None:
            self.reading.scroll(message.rows)

    def on_log_view_to_start(self) -> None:
        if self.reading is not None:
            self.reading.to_start()

    def on_log_view_to_end(self) -> None:
        if self.reading is not None:
            self.reading.to_end()

    def on_log_view_sized(self) -> None:
        if self.reading is not None:
            self.reading.wake()

    # ---- files -------------------------------------------------------------------------------------------------

    def action_stream(self) -> None:
        """The output, then the errors where they are in a file of their own, then the batch script."""
        there = ["out"] + (["err"] if any(file.stream == "err" for file in self._files) else []) + ["script"]
        now = there.index(self._stream) if self._stream in there else 0
        self._stream = there[(now + 1) % len(there)]
        label = self._file.label if self._file is not None else None
        for nth, file in enumerate(self._files):
            if self._fits(file) and file.label == label:
                self._chosen = nth
        self._open()

    def action_merge(self) -> None:
        """All of them as one, by time; or again the one that was shown."""
        if self._merged:
            self._open()
            return
        parts = []
        for file in self._files:
            if file.path and self._fits(file):
                with suppress(NaruError):
                    parts.append((file.label, self.terminal.open_log(self.job.site, file.path)))
        if len(parts) < 2:
            self.app.notify(_("there is no other task's log"), timeout=2, markup=False)
            return
        merged = MergedLog(parts, path=self._number, now=self.terminal.now, zone=local_zone())
        if merged.left_out:
            told = _("these are the first {n} of {count} logs").format(n=len(parts) - merged.left_out, count=len(parts))
            self.app.notify(told, timeout=4, markup=False)
        self._read(merged)
        self._merged, self._left_out, self._together = True, merged.left_out, len(parts) - merged.left_out
        self.show_log()

    def action_task(self, by: int) -> None:
        """The log of the next task that has one."""
        fitting = [nth for nth, file in enumerate(self._files) if file.path and self._fits(file)]
        if len(fitting) < 2:
            self.app.notify(_("there is no other task's log"), timeout=2, markup=False)
            return
        now = fitting.index(self._chosen) if self._chosen in fitting else 0
        self._chosen = fitting[(now + by) % len(fitting)]
        self._open()

    # ---- moving ------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Out of what goes on, then out of the search, then out of the log."""
        if self.reading is not None and self.reading.give_up():
            for group in ("find", "save"):
                self.workers.cancel_group(self, group)
            return
        if self.search is not None:
            self.end_search()
            self.show_log()
            return
        self.app.pop_screen()

    def action_look(self) -> None:
        if self.reading is not None:
            self.reading.look_now()

    def action_leave(self) -> None:
        self.app.pop_screen()

    def action_wrap(self) -> None:
        view = self.query_one(LogView)
        window = view.window
        window.wrapped, window.left = not window.wrapped, 0
        window.scroll(0)
        if self.reading is not None and self.reading.sticking:
            window.to_end()
        self.show_log()
