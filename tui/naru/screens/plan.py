"""Plan: what a job would cost before it is submitted, where it could run, and what remains after; pool by pool."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.widgets import Input

from naru.plan_reading import FormRead, form_of, read_form
from naru.screens.plan_columns import OfferRow, offer_columns, offer_key
from naru.screens.plan_proposals import Proposals, field_help, usual_values
from naru.screens.plan_reckoning import PlanReckoningScreen
from naru.screens.plan_script_rows import ScriptRow, row_lines
from naru.screens.plan_words import asked_words, detail_lines, rule_lines, short_lines, start_word
from naru.state import NOT_PROVIDED, State, Topic
from naru.widgets.line_table import LineTable
from naru.widgets.plan_form import Field, PlanForm
from naru.widgets.plan_path import PathBox
from naru.widgets.text_lines import Line, TextLines
from naru_client.i18n import _, n_
from naru_client.insight.offers import Offer
from naru_client.insight.request import Asked
from naru_client.model import Job

LATE = 0.4  # seconds after which an answer to what stands no longer there is marked as such
NOT_WHILE_TYPING = ("script", "test", "copy", "back", "again")


class PlanScreen(PlanReckoningScreen):
    TAB = "plan"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("pools", "nodes", "quotas")
    CSS_PATH = "plan.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next", _("Form / table"), id="plan.form"),
        Binding("f", "script", _("Script"), id="plan.script"),
        Binding("t", "test", _("Ask start"), id="plan.test"),
        Binding("y", "copy", _("Copy"), id="plan.copy"),
        Binding("r", "again", _("Refresh"), show=False, id="plan.again"),
        Binding("escape", "back", _("Back to the form"), show=False, id="plan.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._read = FormRead(None, {})
        self._entered: Field | None = None
        self._proposals = Proposals()
        self._filled = False  # whether the form holds what it begins with
        self._ready = False  # whether there is a form
        self._taken: Job | None = None  # a job that is to be planned again as soon as there is
        self._answered: Asked | None = None  # what the answer was to that was shown last
        self._columns_for: bool | None = None  # whether they are those of several sites

    def body(self) -> ComposeResult:
        glyphs = self.terminal.glyphs
        yield TextLines(wrapped=False, id="status")
        yield PlanForm(self._propose, id="form")
        yield self.make_script_table()
        yield TextLines(id="said")
        with Container(id="body"):
            with Vertical(id="table-side"):
                yield LineTable((), offer_key, glyphs, id="offers")
                yield TextLines(id="remark")
            with VerticalScroll(id="detail-side", can_focus=False):
                yield TextLines(id="detail")
        yield PathBox(id="path")
        yield TextLines(id="path-said")

    def on_mount(self) -> None:
        self._ready = True
        self._offers.focus()
        if self._taken is not None:
            self.take(self._taken)

    def take(self, job: Job) -> None:
        """Plan one more job like this one."""
        self._taken = job
        if self._ready:
            self._taken, self._filled = None, True
            self.take_script(None)
            self.query_one(PlanForm).fill(form_of(job))

    def show_state(self, state: State) -> None:
        self._proposals.take(state)
        if not self._filled and state.nodes is not None:
            self._filled = True
            self.query_one(PlanForm).fill(usual_values(self._proposals))
        if len(state.parts) == 1 and (account := self.usual_account(state.parts[0], state)):
            self.query_one(PlanForm).show_usual("account", account)
        self._arrange(state)
        self.plan_anew()
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in NOT_WHILE_TYPING and isinstance(self.focused, Input):
            return False
        if action == "back":
            return self.script is not None
        return not (action == "test" and (self.made is None or self.testing or self.terminal.recorded))

    # ---- what is asked -----------------------------------------------------------------------------------------

    @property
    def asked(self) -> Asked | None:
        """What the form or the script asks for; None while the form is wrong."""
        return self._read.asked if self.script is None else self.script.asked

    def on_plan_form_changed(self) -> None:
        form = self.query_one(PlanForm)
        self._read = read_form(form.values)
        form.show_wrong(self._read.wrong)
        if self.plan_anew():  # its answer is there in a moment; until then nothing flickers
            self._say()
            self.set_timer(LATE, self._show_late)
        else:
            self._show()

    def _show_late(self) -> None:
        if self.stale and self.is_current:
            self._show()

    def on_plan_form_entered(self, message: PlanForm.Entered) -> None:
        self._entered = message.field
        self._say()
        self.refresh_bindings()

    def on_plan_field_left(self) -> None:
        self._offers.focus()

    def script_changed(self) -> None:
        self.plan_anew()
        self._show()

    def plan_made(self) -> None:
        self._show()

    def _propose(self, field: str) -> Sequence[str]:
        form = self.query_one(PlanForm).values
        return self._proposals.of(field, form.get("kind", ""))

    # ---- keys --------------------------------------------------------------------------------------------------

    @property
    def _offers(self) -> LineTable:
        return self.query_one("#offers", LineTable)

    def action_next(self) -> None:
        """From the table into the form, from field to field; beside a script from one table to the other."""
        if self.script is not None:
            (self._offers if self.focused is self.script_table else self.script_table).focus()
        elif isinstance(self.focused, Input):
            self.focus_next()
        else:
            self.query_one(PlanForm).enter()

    def action_back(self) -> None:
        self.take_script(None)

    async def action_again(self) -> None:
        self.terminal.want_finished(self.post_message)
        await self.run_action("app.refresh_now")

    def action_copy(self) -> None:
        """Of a script's line what to write instead; of an offer the options that ask for it."""
        from naru.clipboard import copy

        if self.focused is self.script_table:
            row = self.script_table.current
            if isinstance(row, ScriptRow) and (text := self.mended(row)):
                copy(self.app, text, _("copied {what}").format(what=text))
        elif (chosen := self._offers.current) is not None:
            text = f"--partition={chosen.offer.pool.replace('+', ',')}"
            copy(self.app, text, _("copied {what}").format(what=text))

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        from naru.screens.plan_page import PlanPage

        several = self.terminal.state.several
        if isinstance(message.row, OfferRow):
            self.app.push_screen(PlanPage(self._detail(message.row.offer, several)))
        elif isinstance(message.row, ScriptRow):
            self.app.push_screen(PlanPage(row_lines(message.row)))

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        self._show_chosen()

    def on_descendant_focus(self) -> None:
        self._show_chosen()
        self.refresh_bindings()

    # ---- what is shown -----------------------------------------------------------------------------------------

    def _arrange(self, state: State) -> None:
        if state.several != self._columns_for:
            self._columns_for = state.several
            columns = offer_columns(self.terminal.now, self.terminal.glyphs, state.several)
            self._offers.set_columns(columns, pinned=2 if state.several else 1)

    def _show(self) -> None:
        """Draw the plan as it is; while the form is wrong the last one, marked so."""
        made, stale = self.made, self.stale
        rows = [OfferRow(offer, stale) for offer in self.offers()]
        if made is not None and made.asked is not self._answered:  # another answer is read from its beginning
            self._answered = made.asked
            self._offers.to_the_top()
            self.script_table.to_the_top()
        self._offers.set_rows(rows, self._empty(self.terminal.state))
        self.show_script(made.checked if made and not stale else None)
        self.query_one("#status", TextLines).show([self._status(rows)])
        self._say()
        self._show_chosen()
        self.refresh_bindings()

    def _status(self, rows: Sequence[OfferRow]) -> Line:
        checked = self.made.checked if self.made else None
        stale = self.stale and bool(rows)
        asked = self.made.asked if self.made and stale else self.asked
        if self.script is not None:
            line = self.script_head(checked)
        else:
            line = [(_("Plan"), "heading")]
        if asked is not None:
            words = " + ".join(asked_words(one, self.terminal.glyphs) for one in asked.requests)
            line.append(
                ("  " + _("below: the last answer, to {what}").format(what=words), "warning")
                if stale
                else ("  " + words, "")
            )
        if self.testing:
            line.append(("  " + _("asking the scheduler …"), "quiet"))
        return tuple(line)

    def _say(self) -> None:
        """Below the form: what is wrong, else what the field at hand takes."""
        lines: list[Line] = []
        wrong = self._read.wrong if self.script is None else {}
        field = self._entered.id if self._entered else ""
        if wrong:
            at = field if field in wrong else next(iter(wrong))
            lines = [((f"{self._proposals.title(at)}: ", "bad"), (wrong[at], "warning"))]
        elif self.error:
            lines = [((self.error, "bad"),)]
        elif self._entered is not None and self.script is None:
            lines = [field_help(field, self._propose(field), self.terminal.glyphs, self.size.width - 2)]
        else:
            lines = [self._summary()]
        self.query_one("#said", TextLines).show(lines)

    def _summary(self) -> Line:
        """How many pools it fits, in which unit the costs are."""
        if self.made is None or not self.made.offers:
            return ()
        offers = self.offers()
        fit = sum(1 for one in offers if one.fits)
        told = n_("fits {n} of {all} pool", "fits {n} of {all} pools", len(offers)).format(n=fit, all=len(offers))
        line: list[tuple[str, str]] = [(told, "good" if fit else "warning")]
        costs = [one.cost for one in offers if one.cost is not None]
        if costs:
            line.append((f" {self.terminal.glyphs.dot} " + _("costs in {unit}").format(unit=costs[0].unit), "quiet"))
        if any(cost.example for cost in costs):
            line.append((f" {self.terminal.glyphs.dot} " + _("* an example price, not the centre's"), "warning"))
        for topic, words in (("quotas", _("quotas are not told here")), ("nodes", _("nodes are not told here"))):
            if topic in self.terminal.state.failures and getattr(self.terminal.state, topic) is None:
                line.append((f" {self.terminal.glyphs.dot} " + words, "warning"))
        return tuple(line)

    def _show_chosen(self) -> None:
        """The offer under the cursor: beside the table in full, below it in short where there is less room."""
        row = self._offers.current
        detail: list[Line] = []
        short: list[Line] = []
        if self.script is not None and self.focused is self.script_table:
            here = self.script_table.current
            detail = short = row_lines(here)[1:] if isinstance(here, ScriptRow) else []
        elif isinstance(row, OfferRow):
            detail, short = self._detail(row.offer, self.terminal.state.several), short_lines(row.offer)
        self.query_one("#detail", TextLines).show(detail)
        self.query_one("#remark", TextLines).show(short[:2])

    def _detail(self, offer: Offer, several: bool) -> list[Line]:
        lines = detail_lines(offer, several, self.terminal.glyphs)
        lines.append(start_word(offer, self.terminal.now()))
        if self.script is None and self.made is not None:
            lines += rule_lines(self.made.checked)
        return lines

    def _empty(self, state: State) -> str:
        failure = state.failures.get("pools")
        if state.pools is None:
            if failure is not None and failure.kind == NOT_PROVIDED:
                return _("this centre does not tell of its pools: nothing can be planned")
            if failure is not None:
                return failure.message
            if self.terminal.calls_used_up():  # else it looks stuck
                return _("this minute's calls are used up; it is asked as soon as it may be")
            return _("reading the pools …")
        if not state.pools.value:
            return _("no pools here")
        return _("say above what the job needs") if self.asked is None else _("reckoning …")
