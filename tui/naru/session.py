"""From arguments and settings to an open centre: which profile is meant, and what every verb gets to work with."""

import argparse
import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from msgspec.structs import replace

from naru.format import Glyphs
from naru.terminal import Paper
from naru_client.arriving import Listener, told_early
from naru_client.centre import Centre, close_all, open_centres
from naru_client.config import Profile, Settings, find_profile
from naru_client.errors import NaruError, Unreachable, UsageError
from naru_client.exchange import CallLog, Patience, patient
from naru_client.i18n import _
from naru_client.model import Job
from naru_client.reading import Reading
from naru_client.text import clean

if TYPE_CHECKING:
    from naru.output import Result

Clock = Callable[[], datetime]

FIRST_FRAME_WAIT = 0.06  # seconds; a slower centre answers while Textual is imported, or into a later frame


class Opened:
    """A profile's open sites, the home site first, and what belongs to them.

    `loop` is the event loop in which they were opened, if that lives on.
    """

    def __init__(
        self,
        centres: Sequence[Centre],
        profile: Profile,
        log: CallLog,
        *,
        clock: Clock,
        glyphs: Glyphs,
        no_colour: bool,
        recorded: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.centres = tuple(centres)
        self.profile = profile
        self.log = log
        self.clock = clock
        self.glyphs = glyphs
        self.no_colour = no_colour
        self.recorded = recorded
        self.loop = loop
        self.first_jobs: asyncio.Future[Reading[tuple[Job, ...]]] | None = None
        self.first_patience: Patience | None = None
        self.first_part: tuple[Sequence[Job], datetime] | None = None  # the first of a list that is still coming
        self.part_wanted: Listener | None = None  # who is told of it instead, once there is somebody

    @property
    def home(self) -> Centre:
        """The home site: the only one there is, but in a programme of several."""
        return self.centres[0]

    @property
    def several(self) -> bool:
        """Whether more than one site is open: only then is it said which one something is about."""
        return len(self.centres) > 1

    @property
    def name(self) -> str:
        """What is open: the site's id, or the profile's name where that opens several."""
        return clean(self.profile.name) if self.several else self.home.id


class Context:
    """What a verb is given: its arguments, the settings, where it writes, and the way to the centres."""

    def __init__(
        self,
        *,
        args: argparse.Namespace,
        settings: Settings,
        settings_error: NaruError | None,
        environ: Mapping[str, str],
        paper: Paper,
        stdin: IO[str] | None,
    ) -> None:
        self.args = args
        self.settings = settings
        self.settings_error = settings_error
        self.environ = environ
        self.paper = paper
        self.stdin = stdin
        self._opened: Opened | None = None

    async def open(self) -> Opened:
        """The sites that the arguments mean, opened once. Raises UsageError when none is meant."""
        if self._opened is None:
            self._opened = await open_session(self.args, self.settings, self.paper)
        return self._opened

    async def run(self, verb: "Callable[[Context], Awaitable[Result]]") -> "Result":
        """Run a verb and give up whatever it opened."""
        try:
            return await verb(self)
        finally:
            if self._opened is not None:
                await close_all(self._opened.centres)

    async def _open_or_wait(self) -> Opened:
        """The centre, opened; where it does not answer yet, one that the terminal goes on trying to open."""
        try:
            return await self.open()
        except Unreachable as error:
            profile = choose_profile(self.args, self.settings)
            if self.args.replay or by_commands(profile):  # what is not on this machine will not come by waiting
                raise
            from naru_client.late import LateCentre
            from naru_client.sharing_open import minding_manners

            log = CallLog()
            centre = LateCentre(profile, log, error, opener=minding_manners(self.settings.poll))
            self._opened = _opened(self.args, self.paper, log, (centre,), profile)
            return self._opened

    def open_terminal(self) -> int:
        """Open the terminal on the centre that is meant, until the person leaves it; the exit code."""
        from naru_client.sharing_open import mind_manners

        with asyncio.Runner() as runner:
            opened = runner.run(self._open_or_wait())
            opened.loop = runner.get_loop()
            try:
                if not opened.recorded:
                    for centre in opened.centres:
                        mind_manners(centre, opened.profile, self.settings.poll, opened.log)
                runner.run(_begin(opened, self.settings.everybody, self.settings.poll.jobs))
                from naru.app import run

                gc.freeze()  # what is loaded by now stays: no collection need look at it again
                gc.set_threshold(20_000, 20, 20)  # drawing makes much that lives for a frame: looked at at its end
                gc.enable()
                return run(opened, self.settings)
            finally:
                runner.run(close_all(opened.centres))


async def open_session(args: argparse.Namespace, settings: Settings, paper: Paper) -> Opened:
    """Open what `--demo`, `--replay`, `--profile` or the settings mean. Raises UsageError when that is nothing."""
    log = CallLog()
    if args.replay:
        from naru_client.slurm.recording import open_replay

        profile = Profile(name=clean(args.replay))
        return _opened(args, paper, log, (open_replay(Path(args.replay), log),), profile, recorded=True)
    profile = choose_profile(args, settings)
    return _opened(args, paper, log, await open_centres(profile, log), profile)


def _opened(
    args: argparse.Namespace,
    paper: Paper,
    log: CallLog,
    centres: Sequence[Centre],
    profile: Profile,
    *,
    recorded: bool = False,
) -> Opened:
    return Opened(centres, profile, log, clock=_now, glyphs=paper.glyphs, no_colour=args.no_colour, recorded=recorded)


def by_commands(profile: Profile) -> bool:
    """Whether a profile's centre is asked by Slurm's commands on this machine."""
    return profile.dialect == "slurm" and (
        profile.reach == "commands" or (profile.reach == "auto" and not (profile.url or profile.socket))
    )


def choose_profile(args: argparse.Namespace, settings: Settings) -> Profile:
    """The profile asked for, the default one, the Slurm commands on PATH, or the only one there is; `--site` in it."""
    profile = _chosen(args, settings)
    site = getattr(args, "site", None)
    if not site or args.demo:
        return profile
    if profile.dialect != "mock":
        raise UsageError(
            _("--site is for a centre of several sites, and {profile} is one").format(profile=clean(profile.name)),
            _("leave it out"),
        )
    return replace(profile, site=site)


def _chosen(args: argparse.Namespace, settings: Settings) -> Profile:
    if args.demo:
        return demo_profile(args)
    if args.profile:
        return find_profile(settings, args.profile)
    if settings.default_profile:
        return settings.profiles[settings.default_profile]
    from naru_client.slurm.processes import slurm_commands_available

    local = Profile(name="local")
    if slurm_commands_available(local):
        return local
    if len(settings.profiles) == 1:
        return next(iter(settings.profiles.values()))
    if settings.profiles:
        names = ", ".join(map(clean, settings.profiles))
        raise UsageError(_("which profile? none is the default"), _("--profile, one of: {names}").format(names=names))
    raise UsageError(
        _("no centre to ask: Slurm's commands are not on PATH, and no profile is configured"),
        _("`naru demo` shows a simulated centre; --profile https://… or unix:/path reaches slurmrestd"),
    )


def demo_profile(args: argparse.Namespace) -> Profile:
    """The simulated centre, with what was asked for of it; its own defaults for the rest."""
    from naru_client.mock.open import demo_profile as profile_of

    asked = {name: getattr(args, name, None) for name in ("scenario", "seed", "speed", "site")}
    return profile_of(**{name: value for name, value in asked.items() if value is not None})


async def _begin(opened: Opened, everybody: bool, max_age: float) -> None:
    """Ask for the first jobs while Textual is still to be imported; what comes at once stands in the first frame.

    What another Naru of the user has from less than `max_age` seconds ago will do.

    Of several sites only the home site is asked yet: the others would only keep its jobs from coming at once.
    """
    heard = asyncio.Event()

    def hear(jobs: Sequence[Job], as_of: datetime) -> None:
        if opened.part_wanted is not None:
            opened.part_wanted(jobs, as_of)
        else:
            opened.first_part = jobs, as_of
            heard.set()

    with patient(max_age) as opened.first_patience, told_early(hear):
        opened.first_jobs = asyncio.ensure_future(opened.home.jobs(user=None if everybody else opened.home.user))
    hearing = asyncio.ensure_future(heard.wait())
    await asyncio.wait(
        {opened.first_jobs, hearing}, timeout=FIRST_FRAME_WAIT, return_when=asyncio.FIRST_COMPLETED
    )  # fmt: skip
    hearing.cancel()


def _now() -> datetime:
    return datetime.now(UTC)
