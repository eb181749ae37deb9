"""The terminal, wired: the poller's messages into the state, the state into the screen in front, keys into actions."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import structs
from rich.text import Text
from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter, Monochrome, NoColor
from textual.message import Message
from textual.screen import Screen

from naru import textual_themes, theming
from naru.format import Glyphs
from naru.guard import TerminalGuard
from naru.kept import Kept, KeptView
from naru.leaving import leave_for_good_after, terminal_gone
from naru.messages import FirstJobsArrived, RawArrived, ReadingArrived, ReadingFailed
from naru.poller import Poller
from naru.pollers import Pollers
from naru.pricing import Pricing
from naru.screens.base import NaruScreen
from naru.screens.overview import OverviewScreen
from naru.state import (
    State,
    Topic,
    fold_everybody,
    fold_failure,
    fold_first_jobs,
    fold_paused,
    fold_raw,
    fold_reading,
    fold_user,
    opening_state,
)
from naru_client.centre import Centre, close_all
from naru_client.config import PollSettings, Profile, Settings
from naru_client.errors import NaruError
from naru_client.exchange import CallLog, Patience
from naru_client.i18n import _
from naru_client.model import Job
from naru_client.reading import Reading

if TYPE_CHECKING:
    from naru.planning import Plan
    from naru.session import Opened
    from naru_client.insight.history import Past
    from naru_client.insight.quota import Quota
    from naru_client.logs.source import LogSource


LEAVE_WITHIN = 3.0  # seconds after a signal; a terminal that is gone may keep the last write from ever ending
LOOK_EVERY = 2.0  # seconds between two looks whether the terminal is still there

STILL = PollSettings(jobs=1e9, others=1e9)  # a recording does not change: each topic is read once


def _jobs_screen() -> Screen[Any]:
    from naru.screens.jobs import JobsScreen

    return JobsScreen()


def _gpus_screen() -> Screen[Any]:
    from naru.screens.gpus import GpusScreen

    return GpusScreen()


def _quota_screen() -> Screen[Any]:
    from naru.screens.quota import QuotaScreen

    return QuotaScreen()


def _plan_screen() -> Screen[Any]:
    from naru.screens.plan import PlanScreen

    return PlanScreen()


class NaruApp(App[None]):
    """A centre, or several sites as one, on a terminal.

    `centres` are the open sites, the home site first, `name` what they are called together. `speed` is how fast time
    passes at a simulated centre. Each tab is a mode with its own stack, made when it is first shown.
    """

    TITLE = "naru"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "overview": OverviewScreen,
        "jobs": _jobs_screen,
        "gpus": _gpus_screen,
        "quota": _quota_screen,
        "plan": _plan_screen,
    }
    DEFAULT_MODE = "overview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "show_tab('overview')", _("Overview"), show=False, id="app.overview"),
        Binding("2", "show_tab('jobs')", _("Jobs"), show=False, id="app.jobs"),
        Binding("3", "show_tab('gpus')", _("GPUs"), show=False, id="app.gpus"),
        Binding("4", "show_tab('quota')", _("Quota"), show=False, id="app.quota"),
        Binding("5", "show_tab('plan')", _("Plan"), show=False, id="app.plan"),
        Binding("r", "refresh_now", _("Refresh"), show=True, id="app.refresh"),
        Binding("p", "pause", _("Pause"), show=False, id="app.pause"),
        Binding("question_mark", "help", _("Help"), show=True, id="app.help"),
        Binding("at", "calls", _("Calls made"), show=False, id="app.calls"),
        Binding("colon", "command_palette", _("Commands"), show=False, id="app.palette"),
        Binding("q", "quit", _("Quit"), show=True, id="app.quit"),
    ]

    def __init__(
        self,
        centres: Sequence[Centre],
        settings: Settings,
        log: CallLog,
        *,
        glyphs: Glyphs,
        clock: Callable[[], datetime],
        profile: Profile | None = None,
        name: str = "",
        speed: float = 1.0,
        no_colour: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        recorded: bool = False,
        kept: Kept | None = None,
        first_jobs: "asyncio.Future[Reading[tuple[Job, ...]]] | None" = None,
        first_patience: Patience | None = None,
        first_part: "tuple[Sequence[Job], datetime] | None" = None,
    ) -> None:
        self.glyphs = glyphs
        self._guard = TerminalGuard(glyphs)
        super().__init__()
        self.centres = {centre.id: centre for centre in centres}  # in the order of opening, the home site first
        self.settings = settings
        self.profile = profile or Profile()
        self.pricing = Pricing(self.profile)
        self.log_of_calls = log
        self._clock = clock
        self._opened_at = clock()
        self.speed = speed
        self._no_colour = no_colour
        self._leaving = False
        self.recorded = recorded
        self.kept = kept or Kept.nowhere(settings.filters)
        self.state = opening_state(name, [(site, centre.user) for site, centre in self.centres.items()])
        if settings.everybody:
            self.state = fold_everybody(self.state, True)
        self.pollers = Pollers(
            [
                Poller(
                    centre,
                    STILL if recorded else settings.poll,
                    self.post_message,
                    user=centre.user,
                    monotonic=monotonic,
                    now=self._site_clock,
                )
                for centre in self.centres.values()
            ],
            lambda poller: self.run_worker(poller.run(), group="poll", description="asks a site on schedule"),
            self.set_timer,
        )
        self.pollers.set_everybody(settings.everybody)
        if first_jobs is not None:
            home = next(iter(self.centres))
            self.pollers[home].begin("jobs", first_jobs, first_patience)
            if first_jobs.done() and not first_jobs.cancelled() and first_jobs.exception() is None:
                self.state = fold_reading(self.state, home, "jobs", first_jobs.result())
            elif first_part is not None and not first_jobs.done():
                jobs, as_of = first_part
                self.state = fold_first_jobs(self.state, home, Reading(tuple(jobs), "", as_of))
        self._theme_problems = textual_themes.register(self, theming.WITHOUT_COLOUR if no_colour else settings.theme)

    # ---- start and end -----------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        if self.settings.keys:
            self.set_keymap(self.settings.keys)
        if self._theme_problems:
            text = "\n".join(self._theme_problems)
            self.notify(text, title=_("Themes"), severity="warning", timeout=10, markup=False)
        for problem in self.kept.problems:
            self._tell_trouble(problem)
        if self.settings.tab != self.DEFAULT_MODE:
            self.show_tab(self.settings.tab)
        self.pollers.begin_home()
        if not self.is_headless and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self._leave, number)
            self.set_interval(LOOK_EVERY, self._look_for_terminal)

    def _leave(self, number: int) -> None:
        """Told to go, or the terminal is gone: put it back as it was, end what was started, and go in any case."""
        if self._leaving:
            return
        self._leaving = True
        leave_for_good_after(LEAVE_WITHIN, 128 + number)
        self.exit(return_code=128 + number)

    def _look_for_terminal(self) -> None:
        """A terminal may go without a signal, or with one that is ignored: its end of file would be read for ever."""
        if terminal_gone(0):
            self._leave(signal.SIGHUP)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: object) -> None:
        keys = ", ".join(sorted({b.key for b in clashed_bindings}))
        self.notify(_("the keys setting gives {keys} two meanings").format(keys=keys), severity="warning", markup=False)

    async def on_unmount(self) -> None:
        await close_all(self.centres.values())

    def get_line_filters(self) -> Sequence[LineFilter]:
        filters = super().get_line_filters()
        if self._no_colour:  # Textual's own answer to NO_COLOR is greys
            filters = [*(f for f in filters if not isinstance(f, Monochrome)), NoColor()]
        return [*filters, self._guard]

    def _set_pointer_shape(self, shape: str) -> None:
        """Nothing: the sequence is kitty's own, ends in a bell, and old terminals, screen and tmux ring or print it."""

    def _fatal_error(self) -> None:
        """One line instead of Textual's traceback: that one shows every frame's locals, whatever they hold."""
        if os.environ.get("NARU_DEBUG") == "1":
            super()._fatal_error()
            return
        kind = type(self._exception).__name__
        text = _("naru: internal error: {kind}").format(kind=kind)
        told = _("hint: {text}").format(text=_("NARU_DEBUG=1 shows the whole traceback; please report it"))
        self._exit_renderables.append(Text(f"{text}\n{told}"))
        self._close_messages_no_wait()

    # ---- what screens ask --------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The time that ages and waits are measured against: of a recording, when it was made."""
        told = self.state.newest
        if told is None or self.recorded:
            return told or self._site_clock()
        return max(told, self._site_clock())  # a simulated site's clock may run ahead of ours

    def _site_clock(self) -> datetime:
        """The time at the sites: ours, but where a simulation's is faster or slower."""
        now = self._clock()
        return now if self.speed == 1.0 else self._opened_at + (now - self._opened_at) * self.speed

    def calls_per_minute(self) -> int:
        return self.log_of_calls.calls_in_last_minute(self._clock())

    def calls_used_up(self) -> bool:
        """Whether what is asked now may have to wait for its turn."""
        return self.calls_per_minute() >= 0.8 * self.settings.poll.calls_per_minute * len(self.centres)

    @property
    def asleep(self) -> bool:
        """Whether nothing is asked because nobody has touched the terminal for long."""
        return self.pollers.asleep and not self.recorded

    def want(self, topics: tuple[Topic, ...]) -> None:
        self.pollers.want(topics)

    def keep_view(self, name: str, view: KeptView) -> None:
        """Keep how a table is arranged."""
        self._tell_trouble(self.kept.keep_view(name, view))

    def keep_sort(self, name: str, column_id: str, reverse: bool) -> None:
        """Keep by which column a table is sorted."""
        view = self.kept.view(name) or KeptView()
        self._tell_trouble(self.kept.keep_view(name, structs.replace(view, sort=column_id, reverse=reverse)))

    def keep_filter(self, name: str, text: str) -> str:
        """Save a filter under a name; why that is not possible, "" where it was."""
        try:
            self._tell_trouble(self.kept.keep_filter(name, text))
        except NaruError as error:
            return f"{error.message}: {error.hint}" if error.hint else error.message
        return ""

    def _tell_trouble(self, told: str) -> None:
        if told:
            self.notify(told, severity="warning", markup=False)

    def set_everybody(self, everybody: bool) -> None:
        self.pollers.set_everybody(everybody)
        self._fold(fold_everybody(self.state, everybody))

    @work(group="raw", exclusive=True, exit_on_error=False, description="asks what the source says of one job")
    async def want_raw(self, site: str, job_id: str) -> None:
        try:
            reading = await self._centre(site).raw_job(job_id)
        except NaruError as error:
            reading = Reading("", "", self.now(), error=error.message)
        self.post_message(RawArrived(site, job_id, reading))

    @work(group="job", exclusive=True, exit_on_error=False, description="asks for the records of one job")
    async def want_job(self, site: str, job_id: str, post: Callable[[Message], object]) -> None:
        from naru.asking_job import ask_for_job

        await ask_for_job(self._centre(site), job_id, post)

    @work(group="script", exclusive=True, exit_on_error=False, description="asks for a batch script")
    async def want_script(self, site: str, job_id: str, post: Callable[[Message], object]) -> None:
        from naru.asking_job import ask_for_script

        await ask_for_script(self._centre(site), job_id, post)

    def open_log(self, site: str, path: str) -> "LogSource":
        """A file at a site as a log. Raises NotProvided where there is no way to read it."""
        return self._centre(site).open_log(path)

    def _centre(self, site: str) -> Centre:
        return self.centres.get(site) or next(iter(self.centres.values()))

    @work(group="history", exclusive=True, exit_on_error=False, description="asks accounting for a slice of the past")
    async def want_history(self, past: "Past", post: Callable[[Message], object]) -> None:
        """Ask for the next slice of the past, in place of one that is still asked for; answers go to `post`."""
        from naru.asking_history import ask_for

        await ask_for(self.centres, past, post)

    def stop_history(self) -> None:
        self.workers.cancel_group(self, "history")

    @work(group="use", exit_on_error=False, description="asks accounting for the use by day")
    async def want_use(
        self,
        site: str,
        quotas: Sequence["Quota"],
        accounts: tuple[str, ...],
        live: Sequence[Job] | None,
        post: Callable[[Message], object],
    ) -> None:
        """Ask for the use by day of some accounts of a site; the answer goes to `post`. `live` are everybody's jobs in
        the queue, None where they are not listed."""
        from naru.asking_use import Use, read_use
        from naru.screens.quota_use import UseArrived

        try:
            use = await read_use(self._centre(site), quotas, accounts, now=self._site_clock(), live=live)
        except Exception as error:  # a mistake of ours must not leave a reader waiting for ever
            use = Use(warnings=(_("internal error: {kind}").format(kind=type(error).__name__),))
        post(UseArrived(site, accounts, use))

    @work(group="finished", exclusive=True, exit_on_error=False, description="asks accounting for one's own jobs")
    async def want_finished(self, post: Callable[[Message], object]) -> None:
        from naru.asking_plan import ask_finished

        await ask_finished(list(self.centres.values()), self._site_clock(), post)

    @work(group="starts", exclusive=True, exit_on_error=False, description="asks the scheduler when a job would start")
    async def want_starts(self, plan: "Plan", script: str | None, post: Callable[[Message], object]) -> None:
        """Ask for the scheduler's own answers to a plan, of the batch script of that path where it is one's."""
        from naru.asking_plan import ask_starts

        await ask_starts(list(self.centres.values()), plan, script, post)

    # ---- what arrives ------------------------------------------------------------------------------------------

    def on_reading_arrived(self, message: ReadingArrived) -> None:
        site, user = message.site, self.centres[message.site].user
        poller = self.pollers[site]
        if poller.user is None and user is not None:  # a centre that opened late knows it only now
            self.state = fold_user(self.state, site, user)
            poller.user = user
        self._fold(fold_reading(self.state, site, message.topic, message.reading))
        self._told(site)

    def on_first_jobs_arrived(self, message: FirstJobsArrived) -> None:
        self._fold(fold_first_jobs(self.state, message.site, message.reading))

    def on_reading_failed(self, message: ReadingFailed) -> None:
        self._fold(fold_failure(self.state, message.site, message.topic, message.failure))
        self._told(message.site)

    def _told(self, site: str) -> None:
        """The other sites wait until what the home site said first is drawn."""
        if self.pollers.is_home(site):
            self.call_after_refresh(self.pollers.begin_others)

    def on_raw_arrived(self, message: RawArrived) -> None:
        self._fold(fold_raw(self.state, message.site, message.job_id, message.reading))

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent):
            self.pollers.touch()
        await super().on_event(event)

    def on_app_focus(self) -> None:
        self.pollers.set_focused(True)

    def on_app_blur(self) -> None:
        self.pollers.set_focused(False)

    def _fold(self, state: State) -> None:
        self.state = state
        for screen in reversed(self.screen_stack):
            if isinstance(screen, NaruScreen) and screen.is_mounted:
                with self.batch_update():
                    screen.new_state()
                return

    # ---- actions -----------------------------------------------------------------------------------------------

    def action_show_tab(self, tab: str) -> None:
        self.show_tab(tab)

    def show_tab(self, tab: str) -> None:
        """Bring a tab's own screen to the front, closing the pages that lie over it."""
        self.switch_mode(tab)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_refresh_now(self) -> None:
        if self.state.paused:
            self.notify(_("paused; p goes on"), timeout=2, markup=False)
        elif (left := self.pollers.resting) > 0:
            self.pollers.refresh()  # other sites may be asked
            told = _("the centre asked to be left alone for {n:.0f} s yet").format(n=max(1.0, left))
            self.notify(told, timeout=4, markup=False)
        elif not self.pollers.refresh():
            self.notify(_("refreshed a moment ago"), timeout=2, markup=False)
        elif self.calls_used_up():
            self.notify(_("this minute's calls are used up; it is asked as soon as it may be"), timeout=4, markup=False)

    def action_pause(self) -> None:
        paused = not self.state.paused
        self.pollers.set_paused(paused)
        self._fold(fold_paused(self.state, paused))

    def action_help_quit(self) -> None:
        self.notify(_("q leaves Naru"), timeout=2, markup=False)

    def action_help(self) -> None:
        from naru.screens.help import HelpScreen, help_lines

        self.push_screen(HelpScreen(help_lines(self.screen)))

    def action_calls(self) -> None:
        from naru.screens.calls import CallsScreen

        several = len(self.centres) > 1
        self.push_screen(
            CallsScreen(self.log_of_calls, self.glyphs, self._clock, self.settings.poll.calls_per_minute, several)
        )

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        yield SystemCommand(
            _("Overview"), _("What is free, what is mine, what is next"), lambda: self.show_tab("overview")
        )
        yield SystemCommand(_("Jobs"), _("The queue"), lambda: self.show_tab("jobs"))
        yield SystemCommand(_("History"), _("Finished jobs, out of accounting"), self._show_history)
        yield SystemCommand(_("GPUs"), _("Pools, nodes and the node map"), lambda: self.show_tab("gpus"))
        yield SystemCommand(_("Quota"), _("What was granted, used and is left"), lambda: self.show_tab("quota"))
        yield SystemCommand(_("Plan"), _("What a job would cost, and where it fits"), lambda: self.show_tab("plan"))
        yield SystemCommand(
            _("My jobs or everybody's"),
            _("Whose jobs are asked for"),
            lambda: self.set_everybody(not self.state.everybody),
        )
        yield SystemCommand(_("Refresh"), _("Ask the centre now"), self.action_refresh_now)
        yield SystemCommand(_("Pause"), _("Ask the centre nothing until told to go on"), self.action_pause)
        yield SystemCommand(
            _("Calls made"), _("Every call to the centre, with its time and outcome"), self.action_calls
        )
        for name in sorted(self.available_themes):
            title = _("Theme {name}").format(name=name)
            yield SystemCommand(title, _("Change the colours"), partial(self._take_theme, name))
        yield SystemCommand(_("Keys"), _("Every key that does something here"), self.action_help)
        yield SystemCommand(_("Quit"), _("Leave Naru"), self.exit)

    def _show_history(self) -> None:
        from naru.screens.history import HistoryScreen

        self.push_screen(HistoryScreen())

    def _take_theme(self, name: str) -> None:
        self.theme = name
        self.notify(_('to keep it: theme = "{name}" in config.toml').format(name=name), markup=False)


def run(opened: "Opened", settings: Settings) -> int:
    """Open the terminal on what was opened until the person leaves it; the exit code."""
    app = NaruApp(
        opened.centres,
        settings,
        opened.log,
        glyphs=opened.glyphs,
        clock=opened.clock,
        profile=opened.profile,
        name=opened.name,
        speed=opened.profile.speed or 1.0,
        no_colour=opened.no_colour,
        recorded=opened.recorded,
        kept=Kept.load(configured=settings.filters),
        first_jobs=opened.first_jobs,
        first_patience=opened.first_patience,
        first_part=opened.first_part,
    )
    opened.part_wanted = app.pollers[opened.home.id].first_jobs
    app.run(mouse=settings.mouse, loop=opened.loop)
    return app.return_code or 0
