"""Running the app without a terminal, and reading what it drew."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from tests.tui.fake import NOW, FakeCentre
from textual.keys import _character_to_key
from textual.pilot import Pilot

from naru.app import NaruApp
from naru.format import Glyphs
from naru.kept import Kept
from naru_client.config import Settings
from naru_client.exchange import CallLog


class Screen:
    """A running app: what it shows as lines of text, and keys."""

    def __init__(self, app: NaruApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def line_with(self, words: str) -> str:
        """The first line that holds these words; an empty one when none does."""
        return next((line for line in self.lines if words in line), "")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Press the keys of a text, one after the other."""
        await self.press(*(_character_to_key(character) for character in text))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the app work until a condition holds; fails when it has not after many turns."""
        for _turn in range(200):
            if condition():
                return
            await self.pilot.pause()
        raise AssertionError(f"never came true; the screen shows:\n{self.text}")

    async def refreshed(self) -> None:
        """Ask the centre anew, as the schedule would, and draw what came."""
        for poller in self.app.pollers._all.values():
            poller._refreshed = float("-inf")
        self.app.pollers.refresh()
        await self.pilot.pause()
        await self.pilot.pause()


@asynccontextmanager
async def opened(
    centre: FakeCentre | Sequence[FakeCentre],
    size: tuple[int, int] = (80, 24),
    *,
    settings: Settings | None = None,
    ascii_only: bool = False,
    now: datetime = NOW,
    no_colour: bool = False,
    kept: Kept | None = None,
) -> AsyncIterator[Screen]:
    """The app on one site, or on several of which the first is home."""
    app = NaruApp(
        [centre] if isinstance(centre, FakeCentre) else centre,
        settings or Settings(),
        CallLog(),
        glyphs=Glyphs(ascii_only),
        clock=lambda: now,
        name="programme",
        no_colour=no_colour,
        kept=kept,
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        yield Screen(app, pilot)
