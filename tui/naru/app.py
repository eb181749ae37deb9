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

from rich.text import Text
from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen

from naru import textual_themes, theming
from naru.format import Glyphs
from naru.guard import TerminalGuard
from naru.messages import RawArrived, ReadingArrived, ReadingFailed
from naru.poller import Poller
from naru.pollers import Pollers
from naru.screens.base import NaruScreen
from naru.screens.overview import OverviewScreen
from naru.state import (
    State,
    Topic,
    fold_everybody,
    fold_failure,
    fold_paused,
    fold_raw,
    fold_reading,
    fold_user,
    opening_state,
)
from naru_client.centre import Centre, close_all
from naru_client.config import PollSettings, Settings
from naru_client.errors import NaruError
from naru_client.exchange import CallLog
from naru_client.i18n import _
from naru_client.model import Job
from naru_client.reading import Reading

if TYPE_CHECKING:
    from naru.session import Opened


LEAVE_WITHIN = 3.0  # seconds after a signal; a terminal that is gone may keep the last write from ever ending

STILL = PollSettings(jobs=1e9, others=1e9)  # a recording does not change: each topic is read once


def _jobs_screen() -> Screen[Any]:
    from naru.screens.jobs import JobsScreen

    return JobsScreen()


def _gpus_screen() -> Screen[Any]:
    from naru.screens.gpus import GpusScreen

    return GpusScreen()


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
    }
    DEFAULT_MODE = "overview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "show_tab('overview')", _("Overview"), show=False, id="app.overview"),
        Binding("2", "show_tab('jobs')", _("Jobs"), show=False, id="app.jobs"),
        Binding("3", "show_tab('gpus')", _("GPUs"), show=False, id="app.gpus"),
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
        name: str = "",
        speed: float = 1.0,
        no_colour: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        recorded: bool = False,
        first_jobs: "asyncio.Future[Reading[tuple[Job, ...]]] | None" = None,
    ) -> None:
        self.glyphs = glyphs
        self._guard = TerminalGuard(glyphs)
        super().__init__()
        self.centres = {centre.id: centre for centre in centres}  # in the order of opening, the home site first
        self.settings = settings
        self.log_of_calls = log
        self._clock = clock
        self._opened_at = clock()
        self.speed = speed
        self._no_colour = no_colour
        self.recorded = recorded
        self.state = opening_state(name, [(site, centre.user) for site, centre in self.centres.items()])
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
        if first_jobs is not None:
            home = next(iter(self.centres))
            self.pollers[home].begin("jobs", first_jobs)
            if first_jobs.done() and not first_jobs.cancelled() and first_jobs.exception() is None:
                self.state = fold_reading(self.state, home, "jobs", first_jobs.result())
        self._theme_problems = textual_themes.register(self, theming.WITHOUT_COLOUR if no_colour else settings.theme)

    # ---- start and end -----------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        if self.settings.keys:
            self.set_keymap(self.settings.keys)
        if self._theme_problems:
            text = "\n".join(self._theme_problems)
            self.notify(text, title=_("Themes"), severity="warning", timeout=10, markup=False)
        self.pollers.begin_home()
        if not self.is_headless and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self._leave, number)

    def _leave(self, number: int) -> None:
        """Told to go, or the terminal is gone: put it back as it was, end what was started, and go in any case."""
        last_resort = threading.Timer(LEAVE_WITHIN, os._exit, (128 + number,))
        last_resort.daemon = True
        last_resort.start()
        self.exit(return_code=128 + number)

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
        now = self._clock()
        return sum(1 for r in self.log_of_calls.records if (now - r.at).total_seconds() <= 60)

    def want(self, topics: tuple[Topic, ...]) -> None:
        self.pollers.want(topics)

    def set_everybody(self, everybody: bool) -> None:
        self.pollers.set_everybody(everybody)
        self._fold(fold_everybody(self.state, everybody))

    @work(group="raw", exclusive=True, exit_on_error=False, description="asks what the source says of one job")
    async def want_raw(self, site: str, job_id: str) -> None:
        home = next(iter(self.centres.values()))
        try:
            reading = await self.centres.get(site, home).raw_job(job_id)
        except NaruError as error:
            reading = Reading("", "", self.now(), error=error.message)
        self.post_message(RawArrived(site, job_id, reading))

    # ---- what arrives ------------------------------------------------------------------------------------------

    def on_reading_arrived(self, message: ReadingArrived) -> None:
        site, user = message.site, self.centres[message.site].user
        poller = self.pollers[site]
        if poller.user is None and user is not None:  # a centre that opened late knows it only now
            self.state = fold_user(self.state, site, user)
            poller.user = user
        self._fold(fold_reading(self.state, site, message.topic, message.reading))
        self._told(site)

    def on_reading_failed(self, message: ReadingFailed) -> None:
        self._fold(fold_failure(self.state, message.site, message.topic, message.failure))
        self._told(message.site)

    def _told(self, site: str) -> None:
        """The other sites wait until what the home site said first is drawn."""
        if self.pollers.is_home(site):
            self.call_after_refresh(self.pollers.begin_others)

    def on_raw_arrived(self, message: RawArrived) -> None:
        self._fold(fold_raw(self.state, message.site, message.job_id, message.reading))

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
        elif not self.pollers.refresh():
            self.notify(_("refreshed a moment ago"), timeout=2, markup=False)

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

        self.push_screen(CallsScreen(lambda: tuple(self.log_of_calls.records), self.glyphs))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        yield SystemCommand(
            _("Overview"), _("What is free, what is mine, what is next"), lambda: self.show_tab("overview")
        )
        yield SystemCommand(_("Jobs"), _("The queue"), lambda: self.show_tab("jobs"))
        yield SystemCommand(_("GPUs"), _("Pools, nodes and the node map"), lambda: self.show_tab("gpus"))
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
        name=opened.name,
        speed=opened.profile.speed or 1.0,
        no_colour=opened.no_colour,
        recorded=opened.recorded,
        first_jobs=opened.first_jobs,
    )
    app.run(mouse=settings.mouse, loop=opened.loop)
    return app.return_code or 0
