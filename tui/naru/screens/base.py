"""What every screen shares: the first line, the banner, the hints, and how a new state reaches it."""

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker

from naru.format import Glyphs, duration, when
from naru.joining import named
from naru.kept import Kept, KeptView
from naru.pricing import Pricing
from naru.state import NOT_PROVIDED, Failure, Part, State, Topic
from naru.widgets.hints import Hints
from naru.widgets.text_lines import Line, TextLines
from naru.widgets.top_line import TopLine
from naru_client.config import Profile, Settings
from naru_client.i18n import _, mark, n_
from naru_client.insight.quota_left import part_left

if TYPE_CHECKING:
    from naru.planning import Plan
    from naru_client.insight.history import Past
    from naru_client.insight.quota import Quota
    from naru_client.logs.source import LogSource
    from naru_client.model import Job

TABS = (
    ("overview", mark("Overview")),
    ("jobs", mark("Jobs")),
    ("gpus", mark("GPUs")),
    ("quota", mark("Quota")),
    ("plan", mark("Plan")),
)
ALWAYS: tuple[Topic, ...] = ("quotas",)  # what the first line tells on every screen
WIDE = 100  # columns from which panes stand side by side
OLD = 3  # a reading this many times older than its interval is shown as old
MOST_TROUBLES = 3  # so many sites that do not answer are named in the banner


class Terminal(Protocol):
    """What screens may ask of the app."""

    state: State
    glyphs: Glyphs
    settings: Settings

    profile: Profile
    pricing: Pricing
    recorded: bool
    speed: float
    kept: Kept

    @property
    def asleep(self) -> bool: ...

    def now(self) -> datetime: ...
    def calls_per_minute(self) -> int: ...
    def calls_used_up(self) -> bool: ...
    def show_tab(self, tab: str) -> None: ...
    def want(self, topics: tuple[Topic, ...]) -> None: ...
    def want_raw(self, site: str, job_id: str) -> None: ...
    def want_job(self, site: str, job_id: str, post: Callable[[Message], object]) -> None: ...
    def want_script(self, site: str, job_id: str, post: Callable[[Message], object]) -> None: ...
    def open_log(self, site: str, path: str) -> "LogSource": ...
    def want_history(self, past: "Past", post: Callable[[Message], object]) -> None: ...
    def stop_history(self) -> None: ...
    def want_use(
        self,
        site: str,
        quotas: Sequence["Quota"],
        accounts: tuple[str, ...],
        live: Sequence["Job"] | None,
        post: Callable[[Message], object],
    ) -> None: ...
    def want_finished(self, post: Callable[[Message], object]) -> None: ...
    def want_starts(self, plan: "Plan", script: str | None, post: Callable[[Message], object]) -> None: ...
    def set_everybody(self, everybody: bool) -> None: ...
    def keep_view(self, name: str, view: KeptView) -> None: ...
    def keep_sort(self, name: str, column_id: str, reverse: bool) -> None: ...
    def keep_filter(self, name: str, text: str) -> str: ...


class NaruScreen(Screen[None]):
    """A screen of the terminal. Subclasses give `body()` and `show_state()`; they never wait for anything."""

    TAB: ClassVar[str] = ""
    TOPICS: ClassVar[tuple[Topic, ...]] = ()
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 (Textual's own declaration)
    DEFAULT_CSS = """
    NaruScreen { background: $background; color: $foreground; }
    NaruScreen > #banner { dock: top; margin-top: 1; background: $panel; display: none; }
    NaruScreen > #banner.-shown { display: block; }
    """

    @property
    def tab(self) -> str:
        """The tab this screen belongs to."""
        return self.TAB

    @property
    def terminal(self) -> Terminal:
        return cast(Terminal, self.app)

    def compose(self) -> ComposeResult:
        # The breakpoint's class comes with the first size otherwise, and styles the whole screen a second time.
        self.add_class("-wide" if self.app.size.width >= WIDE else "-narrow", update=False)
        yield TopLine(TABS, self.tab, self.terminal.glyphs)
        yield TextLines(id="banner")
        yield from self.body()
        yield Hints(self.terminal.glyphs)

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def show_state(self, state: State) -> None:
        raise NotImplementedError

    def on_mount(self) -> None:
        self.new_state()
        self.set_interval(5.0, self.tick)

    def on_screen_resume(self) -> None:
        self.terminal.want((*self.TOPICS, *(t for t in ALWAYS if t not in self.TOPICS)))
        self.new_state()

    def tick(self) -> None:
        """Ages grow although nothing arrives."""
        if self.is_current:
            self._show_top(self.terminal.state)

    def new_state(self) -> None:
        """The app has a new state."""
        state = self.terminal.state
        self._show_top(state)
        self._show_banner(state)
        self.show_state(state)

    def list_in_turns(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Worker[None]:
        """Set the listing of a long queue going, in place of one that is still under way."""
        worker: Worker[None] = self.run_worker(work, group="listing", exclusive=True, description="lists a long queue")
        return worker

    def work_on(
        self, work: Callable[[], Coroutine[Any, Any, None]], group: str, description: str, *, alone: bool = True
    ) -> None:
        """Set something going; `alone` in place of what goes on under the same name."""
        _worker: Worker[None] = self.run_worker(
            work, group=group, exclusive=alone, exit_on_error=False, description=description
        )

    def plan_like(self, job: "Job") -> None:
        """Go to the plan of one more job like this one."""
        from naru.screens.plan import PlanScreen

        self.terminal.show_tab("plan")
        if isinstance(screen := self.app.screen, PlanScreen):
            screen.take(job)

    def on_top_line_tab_clicked(self, message: TopLine.TabClicked) -> None:
        self.terminal.show_tab(message.tab)

    def _show_top(self, state: State) -> None:
        facts, alarm = top_facts(
            state,
            self.TOPICS,
            self.terminal.now(),
            self.terminal.calls_per_minute(),
            self.terminal.settings,
            self.terminal.recorded,
            self.terminal.speed,
            self.terminal.asleep,
        )
        self.query_one(TopLine).show(facts, alarm)

    def _show_banner(self, state: State) -> None:
        banner = self.query_one("#banner", TextLines)
        lines = banner_lines(state, self.TOPICS, self.terminal.now(), self.terminal.glyphs)
        banner.show(lines)
        banner.set_class(bool(lines), "-shown")


def oldest(told: State | Part, topics: tuple[Topic, ...]) -> datetime | None:
    """When the oldest reading that a screen shows was made; the site itself does not count."""
    times = [reading.as_of for t in topics if t != "site" and (reading := getattr(told, t)) is not None]
    return min(times, default=None)


def top_facts(
    state: State,
    topics: tuple[Topic, ...],
    now: datetime,
    calls: int,
    settings: Settings,
    recorded: bool = False,
    speed: float = 1.0,
    asleep: bool = False,
) -> tuple[tuple[str, ...], bool]:
    """The facts of the first line, least important first, and whether they are alarming."""
    name = state.site.value.name if state.site else ""
    if state.several:
        name = _("{name}: {n} sites").format(name=state.name, n=len(state.parts))
    as_of = oldest(state, topics)
    age = (now - as_of).total_seconds() / speed if as_of else None  # in our seconds, as the intervals are
    slowest = max(settings.poll.others, settings.poll.jobs * (settings.poll.everybody_factor if state.everybody else 1))
    old = age is not None and age > OLD * slowest
    facts = [
        n_("{n} call/min", "{n} calls/min", calls).format(n=calls),
        quota_fact(state),
        name,
        _("asleep: any key wakes it") if asleep else _("paused") if state.paused else "",
        _("no data yet") if age is None else _("{age} ago").format(age=duration(max(0, age))),
    ]
    if recorded and as_of is not None:
        facts = [name, _("recording of {time}").format(time=f"{as_of.astimezone():%Y-%m-%d %H:%M}")]
    return tuple(f for f in facts if f), old or state.outage is not None


def quota_fact(state: State) -> str:
    """How much is left of one's own quota that runs short first; "" where none is known."""
    quota = state.tightest
    if quota is None:
        return ""
    return _("{resource} quota: {part} left").format(
        resource=quota.resource.partition(":")[0].upper(), part=f"{int(part_left(quota) * 100)}%"
    )


def banner_lines(state: State, topics: tuple[Topic, ...], now: datetime, glyphs: Glyphs) -> list[Line]:
    """What a person must know before reading on: which site does not answer, and how old its figures are."""
    troubles = [(part, failure) for part in state.parts if (failure := trouble(part, topics)) is not None]
    lines: list[Line] = []
    for part, failure in troubles[:MOST_TROUBLES]:
        text = _told(failure, oldest(part, topics), now, glyphs)
        if state.several:
            text = named(part.id, text)
        lines.append(((f" {glyphs.warn} ", "warning"), (text, "warning")))
    if len(troubles) == 1 and (hint := troubles[0][1].hint):
        lines.append(((f"   {hint}", "quiet"),))
    if (more := len(troubles) - MOST_TROUBLES) > 0:
        text = n_("and {n} more site does not answer", "and {n} more sites do not answer", more).format(n=more)
        lines.append(((f"   {text}", "warning"),))
    return lines


def trouble(part: Part, topics: tuple[Topic, ...]) -> Failure | None:
    """The oldest failure of a site in what a screen shows; what is not provided is none."""
    failed = [f for t, f in part.failures.items() if t in topics and f.kind != NOT_PROVIDED]
    return min(failed, key=lambda f: f.since, default=None)


def _told(failure: Failure, as_of: datetime | None, now: datetime, glyphs: Glyphs) -> str:
    why = failure.message
    if failure.kind == "sign_in":
        why = _("sign-in needed") + ": " + why
    age = _("nothing to show yet") if as_of is None else _("showing data of {time}").format(time=when(as_of, now))
    told = _("{why} (since {time})").format(why=why, time=when(failure.since, now))
    return f"{told} {glyphs.dot} {age}"
