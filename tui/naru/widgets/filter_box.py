"""The line in which a filter is typed, with what may be put in above it and what is wrong below it.

It is always there, out of sight: keys typed after `/` must not go elsewhere.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Input

from naru.format import Glyphs, fit
from naru.widgets.filter_lines import Line, calm_line, candidate_line, error_line, half_typed, text_column, tips
from naru.widgets.filter_menu import MOST_LINES, FilterHistory, Menu
from naru_client.i18n import _
from naru_client.insight.corpus import Corpus
from naru_client.insight.filter_choices import Me
from naru_client.insight.filter_complete import Completion, complete
from naru_client.insight.filter_text import FilterError

NAME = re.compile(r"[\w-]{1,40}")
LEAST_TYPED = 2  # letters of a bare word before fields are proposed unasked: a word is no field most of the time
LEFT_ALONE = 10  # lines of the screen that proposals leave to what is filtered


class FilterBox(Input):
    """A filter being typed. The screen feeds it, opens it, and tells it what is wrong.

    Messages: `Changed` and `Submitted` as an Input's (a filter that is wrong is not submitted), `Cancelled`, `Save`.
    """

    STYLES: ClassVar[tuple[str, ...]] = ("list", "chosen", "help", "count", "caret", "error", "calm", "tip")
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"filter-box--{name}" for name in STYLES}

    DEFAULT_CSS = """
    FilterBox {
        display: none; dock: bottom; height: 2; margin-bottom: 1; padding: 0 1; border: none; background: $surface;
        &:focus { border: none; background-tint: $foreground 0%; }
        & .filter-box--list { background: $panel; color: $foreground; }
        & .filter-box--chosen { background: $primary 40%; color: $foreground; text-style: bold; }
        & .filter-box--help { background: $panel; color: $state-done; }
        & .filter-box--count { background: $panel; color: $accent; }
        & .filter-box--caret { color: $state-failed; text-style: bold; }
        & .filter-box--error { color: $warning; }
        & .filter-box--calm { color: $state-done; }
        & .filter-box--tip { color: $state-done; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", _("Keep"), id="filter.keep"),
        Binding("escape", "cancel", _("Undo"), id="filter.undo"),
        Binding("tab", "complete(1)", _("Complete"), id="filter.complete"),
        Binding("shift+tab", "complete(-1)", _("The proposal before"), show=False, id="filter.complete-back"),
        Binding("ctrl+s", "save", _("Save"), id="filter.save"),
        Binding("up", "step(-1)", _("Proposal or earlier filter"), show=False, id="filter.up"),
        Binding("down", "step(1)", _("Proposal or later filter"), show=False, id="filter.down"),
    ]

    class Cancelled(Message):
        """The person wants the filter back that was there before."""

    class Save(Message):
        """The filter is to be kept under a name."""

        def __init__(self, name: str, text: str) -> None:
            super().__init__()
            self.name = name
            self.text = text

    def __init__(
        self, glyphs: Glyphs, *, history: FilterHistory | None = None, placeholder: str = "", id: str | None = None
    ) -> None:
        self._glyphs = glyphs
        self._usual_placeholder = placeholder or _("words, state:pd, gpu:h100, gpus>=8, wait>2h, !text, name=~re")
        self._history = history or FilterHistory()
        self._corpus: Corpus | None = None
        self._saved: Mapping[str, str] = {}
        self._me: Me = None
        self._menu = Menu()
        self._settled = False  # the text was not typed just now but put there: nothing is proposed unasked
        self._putting = False
        self._error: FilterError | None = None
        self._insisted = False  # Enter was pressed on a filter that is wrong
        self._naming: str | None = None  # the filter for which a name is being typed
        self._note = ""
        super().__init__(placeholder=self._usual_placeholder, select_on_focus=False, id=id)
        self.cursor_blink = False  # a blinking cursor would be the only thing that writes to an idle terminal

    # ---- what a screen does with it ----------------------------------------------------------------------------

    def feed(self, corpus: Corpus | None, saved: Mapping[str, str] | None = None, me: Me = None) -> None:
        """What proposals come from: the jobs, the saved filters, and who one is."""
        self._corpus, self._saved, self._me = corpus, saved or {}, me

    def open(self, text: str) -> None:
        """Show it with this filter, the cursor behind it, and give it the keys at once."""
        self._naming, self._error, self._insisted = None, None, False
        self._history.rewind()
        self.placeholder = self._usual_placeholder
        self.display = True
        self._put(text, len(text))
        self.screen.set_focus(self)

    def close(self) -> None:
        """Put it out of sight; the screen gives the keys to something else."""
        self._leave_naming()
        self.display = False
        self._corpus = None  # of 100,000 jobs one reading is enough to hold

    def show_error(self, error: FilterError | None) -> None:
        """What is wrong with the filter, or that nothing is."""
        self._error = error
        if error is None:
            self._insisted = False
        self._draw()

    # ---- keys --------------------------------------------------------------------------------------------------

    def action_cancel(self) -> None:
        if self._naming is not None:
            self._leave_naming()
        else:
            self.post_message(self.Cancelled())

    async def action_submit(self) -> None:
        if self._naming is not None:
            self._take_name(self._naming)
        elif self._menu.chosen is not None and self._menu.text == self.value:
            self._take(self._menu)
        elif self._error is not None:
            self._insisted, self._note = True, ""
            self._draw()
        else:
            self._history.remember(self.value)
            await super().action_submit()

    def action_complete(self, by: int) -> None:
        """Put in what is proposed first; pressed again, the next one in its place."""
        if self._naming is not None:
            return
        menu = self._menu
        if menu.chosen is not None and menu.text == self.value:  # marked with the arrows
            self._take(menu)
            return
        if menu.chosen is None or menu.applied()[0] != self.value:
            menu = Menu(self.value, self._completion())
        menu = menu.moved(by)
        if len(menu.candidates) == 1:
            self._take(menu)
        elif menu.candidates:
            self._menu = menu
            self._put(*menu.applied(), keep_menu=True)

    def action_step(self, by: int) -> None:
        """Through what is proposed, or through the filters used before."""
        if self._naming is not None:
            return
        if self._menu.candidates:
            taken = self._menu.chosen is not None and self._menu.text != self.value
            self._menu = self._menu.moved(by)
            if taken:  # Tab has put one in: go on as Tab would
                self._put(*self._menu.applied(), keep_menu=True)
            self._draw()
        elif (text := self._history.step(by, self.value)) is not None:
            self._put(text, len(text))

    def action_save(self) -> None:
        """Ask for a name under which the filter is kept."""
        if self._naming is not None:
            return
        if not self.value.strip() or self._error is not None:
            self._note = _("only a filter that is right can be saved")
            self._draw()
            return
        self._naming, self._note, self._menu = self.value, "", Menu()
        self.placeholder = _("a name for it: letters, digits, - and _")
        with self.prevent(Input.Changed):
            self.value = ""

    def _take_name(self, text: str) -> None:
        name = self.value.strip().removeprefix("@")
        if not NAME.fullmatch(name):
            self._note = _("a name is of letters, digits, - and _, at most 40")
        elif name in self._saved and self._note != (again := _("@{name} is there; Enter again replaces it")):
            self._note = again
        else:
            self._leave_naming()
            self.post_message(self.Save(name, text))
        self._draw()

    def _leave_naming(self) -> None:
        text, self._naming, self._note = self._naming, None, ""
        self.placeholder = self._usual_placeholder
        if text is not None:
            with self.prevent(Input.Changed):
                self._put(text, len(text))

    def on_input_changed(self, event: Input.Changed) -> None:
        """A name is none of the screen's business."""
        if self._naming is not None and event.value != self._naming:
            event.stop()

    # ---- proposals ---------------------------------------------------------------------------------------------

    def _completion(self) -> Completion:
        return complete(self.value, self.cursor_position, self._corpus, self._saved, self._me)

    def _take(self, menu: Menu) -> None:
        """Put the marked one in for good, and propose what may follow it."""
        self._put(*menu.applied())
        self._settled = False
        self._look()

    def _put(self, text: str, cursor: int, *, keep_menu: bool = False) -> None:
        """Set the text as if typed, without proposing anything for it."""
        self._putting, self._settled = True, True
        try:
            self.value = text
            self.cursor_position = cursor
        finally:
            self._putting = False
        if not keep_menu:
            self._menu = Menu()
        self._note = ""
        self._draw()

    def watch_value(self) -> None:
        if not self._putting:
            self._settled, self._insisted, self._note = False, False, ""
            self._history.rewind()
            self._look()

    def watch_selection(self) -> None:
        if not self._putting:
            self._look()

    def _look(self) -> None:
        """Propose anew, for the text and the cursor as they are now."""
        self._menu = Menu()
        if self._naming is None and not self._settled and self.is_mounted:
            told = self._completion()
            word = self.value[told.start : told.end]
            bare = told.start == 0 or self.value[told.start - 1] in " !"
            if len(word) >= LEAST_TYPED or not bare or word.startswith("@"):
                self._menu = Menu(self.value, told)
        self._draw()

    # ---- drawing -----------------------------------------------------------------------------------------------

    @property
    def list_lines(self) -> int:
        """How many lines of proposals stand above the one that is typed in."""
        return max(0, self.size.height - 2)

    def _draw(self) -> None:
        if not self.is_attached:
            return
        room = min(MOST_LINES, max(0, self.screen.size.height - LEFT_ALONE))
        height = 2 + min(room, len(self._menu.candidates))
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        self.refresh()

    def render_line(self, y: int) -> Strip:
        lines = self.list_lines
        if y == lines or self.size.height < 2:
            return super().render_line(0)
        if y > lines:
            return self._strip(self._said())
        start, shown = self._menu.window(lines)
        if y >= len(shown):
            return self._strip((("", "list"),))
        chosen = self._menu.chosen == start + y
        texts = text_column(self._menu.candidates)
        return self._strip(candidate_line(shown[y], chosen, self.size.width, texts, self._glyphs))

    def _said(self) -> Line:
        """The line below: what is wrong, what is missing, what the field at the cursor is, or the grammar."""
        width, glyphs = self.size.width, self._glyphs
        if self._note:
            text = self._note.format(name=self.value.strip().removeprefix("@"))
            return ((fit(text, width, glyphs.ellipsis), "error"),)
        if self._naming is not None:
            name = self.value.strip().removeprefix("@")
            text = _("Enter saves {filter} as @{name}").format(filter=self._naming.strip(), name=name)
            return ((fit(text, width, glyphs.ellipsis), "calm"),)
        error = self._error
        if error is not None:
            if not self._insisted and half_typed(error, self.value, self.cursor_position):
                return calm_line(error, width, glyphs)
            cell = self._position_to_cell(error.position) - int(self.scroll_offset.x)
            return error_line(error, cell if cell >= 0 else None, width, glyphs)
        return ((fit(tips(glyphs), width, glyphs.ellipsis), "tip"),)

    def _strip(self, line: Line) -> Strip:
        base = self.rich_style
        segments = [Segment(text, base + self._look_of(style)) for text, style in line if text]
        end = base + self._look_of(line[-1][1]) if line else base
        return Strip(segments).adjust_cell_length(self.size.width, end)

    def _look_of(self, style: str) -> Style:
        return self.get_component_rich_style(f"filter-box--{style}", partial=True) if style else Style()

    @property
    def cursor_screen_offset(self) -> Offset:
        return super().cursor_screen_offset + Offset(0, self.list_lines)

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        y = event.get_content_offset_capture(self).y
        if y == self.list_lines:
            return  # where the text is: the Input's own
        event.prevent_default()
        event.stop()
        start, shown = self._menu.window(self.list_lines)
        if 0 <= y < len(shown):
            self._take(Menu(self._menu.text, self._menu.completion, start + y))
