"""The form in which a job is told in numbers: a few short fields in a grid, quick from the keyboard.

Tab goes on to the next field, the arrows up and down step through what the live sites propose for it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

from msgspec import Struct
from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal
from textual.message import Message
from textual.widgets import Input

from naru.widgets.text_lines import TextLines
from naru_client.i18n import _, mark

MOST_TYPED = 200  # characters of a field: account names of some sites are long, but nothing is longer


class Field(Struct, frozen=True):
    """One field: its id, its title, and what may be typed, for a person who sees it empty."""

    id: str
    title: str
    example: str = ""


FIELDS = (
    Field("count", mark("Number"), mark("none")),
    Field("kind", mark("Kind"), "gpu"),
    Field("model", mark("Model"), mark("any")),
    Field("nodes", mark("Nodes"), mark("any")),
    Field("time", mark("Time"), mark("the pool's")),
    Field("array", mark("Array"), mark("none")),
    Field("cpus", "CPUs", mark("usual")),
    Field("memory", mark("Memory"), mark("usual")),
    Field("account", mark("Account"), mark("usual")),
    Field("qos", "QOS", mark("usual")),
)

Propose = Callable[[str], Sequence[str]]


class PlanField(Input):
    """One field of the form. What is typed stays the person's own: an arrow takes a proposal, nothing else does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "propose(1)", _("Next proposal"), show=False, id="plan.next-proposal"),
        Binding("up", "propose(-1)", _("Previous proposal"), show=False, id="plan.previous-proposal"),
        Binding("tab", "app.focus_next", _("Next field"), id="plan.next-field"),
        Binding("enter", "leave", _("To the table"), id="plan.done"),
        Binding("escape", "leave", _("To the table"), show=False, id="plan.leave"),
    ]

    class Left(Message):
        """The person is done with the form."""

    def __init__(self, field: Field, propose: Propose) -> None:
        super().__init__(
            placeholder=_(field.example) if field.example else "", compact=True, max_length=MOST_TYPED, id=field.id
        )
        self.cursor_blink = False  # it would write to an idle terminal
        self.field = field
        self._propose = propose
        self._typed: str | None = None  # what was typed before an arrow took its place
        self._put = ""  # what the arrow put there

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_propose(self, by: int) -> None:
        """The next of the proposals that begin with what was typed; of all of them where none does."""
        if self._typed is None or self.value != self._put:
            self._typed = self.value
        found = self.proposals()
        if not found:
            return
        at = found.index(self.value) if self.value in found else -1 if by > 0 else 0
        self._put = self.value = found[(at + by) % len(found)]
        self.cursor_position = len(self.value)

    def proposals(self) -> Sequence[str]:
        """What may be taken here, given what was typed."""
        every = self._propose(self.field.id)
        stepping = self._typed is not None and self.value == self._put
        typed = (self._typed or "" if stepping else self.value).casefold().strip()
        if any(one.casefold() == typed for one in every):
            return every
        return [one for one in every if one.casefold().startswith(typed)] or every

    def on_focus(self) -> None:
        self._typed = None


class PlanForm(Grid):
    """All fields. `Changed` when one of them says something else, `Entered` when another one has the keys."""

    DEFAULT_CSS = """
    PlanForm {
        height: 3; grid-size: 4; grid-rows: 1; grid-gutter: 0 1; padding: 0 1;
        & Horizontal { height: 1; }
        & TextLines { height: 1; }
        & PlanField { height: 1; width: 1fr; border: none; padding: 0; background: $surface; color: $foreground; }
        & PlanField:focus { border: none; background: $panel; }
        & PlanField.-wrong { color: $state-failed; }
    }
    """

    class Changed(Message):
        """Another value, of any field."""

    class Entered(Message):
        """The keys are a field's from now on; None: they are no field's any more."""

        def __init__(self, field: Field | None) -> None:
            super().__init__()
            self.field = field

    def __init__(self, propose: Propose, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._propose = propose
        self._told: dict[str, str] = {}  # the values that were told of last

    def compose(self) -> ComposeResult:
        width = max(cell_len(_(field.title)) for field in FIELDS) + 1
        for field in FIELDS:
            with Horizontal():
                label = TextLines(wrapped=False)
                label.styles.width = width
                label.show([((_(field.title), "label"),)])
                yield label
                yield PlanField(field, self._propose)

    @property
    def values(self) -> dict[str, str]:
        """What stands in each field, by its id."""
        return {box.field.id: box.value for box in self.query(PlanField)}

    def fill(self, values: Mapping[str, str]) -> None:
        """Put these values into their fields; the others become empty."""
        for box in self.query(PlanField):
            box.value = values.get(box.field.id, "")
            box.cursor_position = len(box.value)

    def put(self, field: str, value: str) -> None:
        """Put a value into one field."""
        self.query_one(f"#{field}", PlanField).value = value

    def show_usual(self, field: str, value: str) -> None:
        """What holds where a field is left empty."""
        box = self.query_one(f"#{field}", PlanField)
        if box.placeholder != value:
            box.placeholder = value

    def enter(self, field: str = "count") -> None:
        """Give the keys to a field, at once: the next key is already its own."""
        self.screen.set_focus(self.query_one(f"#{field}", PlanField))

    def show_wrong(self, fields: Iterable[str]) -> None:
        """Mark the fields that cannot be read."""
        wrong = set(fields)
        for box in self.query(PlanField):
            box.set_class(box.field.id in wrong, "-wrong")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if (now := self.values) != self._told:
            self._told = now
            self.post_message(self.Changed())

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, PlanField):
            self.post_message(self.Entered(event.widget.field))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self.post_message(self.Entered(None))
