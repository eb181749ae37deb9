"""Finding something in a log that is shown: what is searched for, a place that is named, the next problem."""

from textual.widgets import Input

from naru.format import local_zone
from naru.log_search import LogSearch
from naru.screens.log_taking import LogTakingScreen
from naru.widgets.log_view import LogView
from naru.widgets.word_box import WordBox
from naru_client.errors import NaruError, UsageError
from naru_client.i18n import _
from naru_client.logs.pattern import read_pattern
from naru_client.logs.problem_search import next_problem
from naru_client.logs.seeking import read_wanted


class LogFindingScreen(LogTakingScreen):
    """Adds the line of words in which one says what to look for. Subclasses give `show_log()`, which draws at once."""

    def __init__(self) -> None:
        super().__init__()
        self.search: LogSearch | None = None
        self._typing = ""  # what the words are for, while they are typed
        self._pattern_error = ""
        self._from: int | None = None  # where one was when the search began; None at the end, following
        self._wanted = (0, True)
        self._either = False  # whether a match on the other side will do

    def show_log(self) -> None:
        raise NotImplementedError

    def action_type(self, what: str) -> None:
        """Ask for words: to search for, to go to, to save as."""
        if self.reading is None or self.reading.text is None:
            return
        self._typing = what
        box = self.query_one(WordBox)
        box.border_title = ""
        box.placeholder = {
            "find": _("search: words, or a regular expression after ~; lower case finds both cases"),
            "seek": _("go to: a line 1200, a share 50%, a time 09:30"),
            "save": _("save as: a file that does not exist yet"),
        }[what]
        window = self.reading.window
        self._from = None if self.reading.sticking else window.top.start if window.top is not None else 0
        box.open("")
        self.set_focus(box)

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._typing == "find" and self.focused is event.input:
            self.search_for(event.value, jump=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typing, text = self._typing, event.value
        if typing == "find":
            if self._pattern_error:
                return
            if not text:
                self.end_search()
        elif text.strip() and not self._take_words(typing, text.strip()):
            return
        self._close_words()

    def on_word_box_cancelled(self) -> None:
        if self._typing == "find":
            self.end_search()
            if self.reading is not None:
                self.reading.back_to(self._from)
        self._close_words()
        self.show_log()

    def _close_words(self) -> None:
        self._typing = self._pattern_error = ""
        self.set_focus(self.query_one(LogView))
        self.query_one(WordBox).close()

    def _take_words(self, typing: str, text: str) -> bool:
        """Do what was asked for with these words; False when they are wrong."""
        assert self.reading is not None
        if typing == "save":
            self.save_as(text)
            return True
        try:
            self.reading.seek(read_wanted(text, self.reading.last_stamp or self.terminal.now(), local_zone()))
        except UsageError as error:
            self.app.notify(f"{error.message}: {error.hint}", severity="warning", markup=False)
            return False
        return True

    # ---- searching ---------------------------------------------------------------------------------------------

    def search_for(self, words: str, *, jump: bool) -> None:
        """Search for these words instead: what is in sight is marked at once, the rest is counted beside."""
        self._pattern_error = ""
        self.end_search()
        reading = self.reading
        if not words or reading is None or reading.text is None:
            self.show_log()
            return
        try:
            pattern = read_pattern(words[1:], regex=True) if words.startswith("~") else read_pattern(words)
        except UsageError as error:
            self._pattern_error = error.message
            self.show_log()
            return
        self.search = LogSearch(reading, reading.text, pattern, self.changed, words)
        self.work_on(self.search.count, "count", "counts")
        if jump:
            top = reading.window.top
            begin = self._from if self._from is not None else top.start if top is not None else 0
            self._find(begin, True, either=True)
        self.show_log()

    def action_next(self, by: int) -> None:
        """The next match, or the next problem where nothing is searched for."""
        if self.search is None:
            self.action_problem(by)
        else:
            self._find(self._after() if by > 0 else self._before(), by > 0)

    def _after(self) -> int:
        """From where on the next one is looked for: after the one found last, while that is in sight."""
        assert self.reading is not None
        window = self.reading.window
        if self._here is not None and (line := window.line_at(self._here)) is not None and self.in_sight(line.start):
            return line.raw.until
        return window.top.start if window.top is not None else 0

    def _before(self) -> int:
        assert self.reading is not None
        window = self.reading.window
        if self._here is not None and self.in_sight(self._here):
            return self._here
        return window.bottom.raw.until if window.bottom is not None else 0

    def _find(self, offset: int, forwards: bool, *, either: bool = False) -> None:
        self._wanted, self._either = (offset, forwards), either
        if self.reading is not None:
            self.reading.told = ""
        self.work_on(self._find_match, "find", "searches")

    async def _find_match(self) -> None:
        search, reading = self.search, self.reading
        if search is None or reading is None:
            return
        try:
            found = await search.find(*self._wanted, either=self._either)
        except NaruError as error:
            search.nothing = error.message
            self.changed()
            return
        if found is not None and search is self.search:
            self._here = found
            reading.to_offset(found)
        self.changed()

    def end_search(self) -> None:
        self.workers.cancel_group(self, "count")
        self.workers.cancel_group(self, "find")
        if self.search is not None:
            self.search.end()
            if self.reading is not None and self.reading.only is not None:
                self.reading.show_only(None)
        self.search = None
        self._here = None

    def search_anew(self) -> None:
        """Count again, and show only what matches if that is how it was: the log is another one, or is back."""
        search, reading = self.search, self.reading
        if search is None or reading is None:
            return
        narrowed = reading.only is not None
        self.search_for(search.typed, jump=False)
        if narrowed and self.search is not None:
            reading.show_only(self.search.lines)

    def action_only(self) -> None:
        """Show only the lines that match, or all again."""
        if self.reading is None:
            return
        if self.search is None:
            self.app.notify(_("search first: / and then & shows only what matches"), timeout=3, markup=False)
        elif self.reading.only is not None:
            self.reading.show_only(None)
        else:
            self.reading.show_only(self.search.lines)

    # ---- problems ----------------------------------------------------------------------------------------------

    def action_problem(self, by: int) -> None:
        """The next line that tells of a problem, of any kind."""
        if self.reading is None or self.reading.text is None:
            return
        self._wanted = (self._after(), True) if by > 0 else (self._before(), False)
        self.work_on(self._find_problem, "find", "searches")

    async def _find_problem(self) -> None:
        reading = self.reading
        if reading is None or reading.text is None:
            return
        offset, forwards = self._wanted

        def moved(at: int) -> None:
            whole = max(1, reading.size or 1)
            reading.busy_share = at / whole
            self.changed()

        reading.busy = _("looking for a problem")
        self.changed()
        try:
            found = await next_problem(
                reading.text, reading.source.inner, offset, "next" if forwards else "previous", reading.size or 0, moved
            )
        except NaruError as error:
            reading.told = error.message
            return
        finally:
            reading.busy, reading.busy_share = "", None
            self.changed()
        reading.told = ""
        if found is None:
            reading.told = _("no problem below") if forwards else _("no problem above")
        else:
            self._here, problem = found
            reading.told = _(problem.kind.name)
            reading.to_offset(self._here)
