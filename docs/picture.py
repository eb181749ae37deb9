"""Draws docs/demo.svg: the Overview of the simulated centre at a fixed moment, by the program itself.

python docs/picture.py
"""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

from naru.app import NaruApp
from naru.format import Glyphs
from naru.screens.overview import OverviewScreen
from naru_client.config import Settings
from naru_client.exchange import CallLog
from naru_client.mock.open import demo_profile, open_sites

MOMENT = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
SIZE = (144, 30)
PICTURE = Path(__file__).parent / "demo.svg"


async def draw() -> str:
    log = CallLog()
    sites = await open_sites(demo_profile(), log, clock=MOMENT.timestamp)
    app = NaruApp(sites, Settings(), log, name="demo", glyphs=Glyphs(ascii_only=False), clock=lambda: MOMENT)
    async with app.run_test(size=SIZE) as pilot:
        while not all(getattr(part, topic) for part in app.state.parts for topic in OverviewScreen.TOPICS):
            await pilot.pause()
        await pilot.pause()
        return app.export_screenshot(title="naru demo")


def without_fonts_from_elsewhere(svg: str) -> str:
    """The picture with the reader's own monospaced font: nothing is fetched to look at it."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "ui-monospace")
    return re.sub(r"terminal-\d+", "terminal", svg)


if __name__ == "__main__":
    PICTURE.write_text(without_fonts_from_elsewhere(asyncio.run(draw())), encoding="utf-8")
