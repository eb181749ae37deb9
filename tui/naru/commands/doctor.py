"""`naru doctor`: what works here, what does not, and what to do about it. Works with broken settings too."""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len

from naru import format as form
from naru.commands.check import Check
from naru.output import Page, Result
from naru.plain_table import Span
from naru.session import Context
from naru_client.i18n import _, n_

CSV = False
WORKS_WITHOUT_SETTINGS = True

STYLES = {"ok": "running", "warn": "warn", "problem": "failed"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own."""


async def run(context: Context) -> Result:
    from naru.commands import check_centre, check_machine

    checks = tuple(await asyncio.to_thread(check_machine.checks, context))
    checks += tuple(await check_centre.checks(context))
    problems = sum(1 for one in checks if one.state == "problem")
    return Result(
        schema="doctor",
        as_of=datetime.now(UTC),
        data=checks,
        show=lambda page: _show(page, checks),
        exit_code=1 if problems else 0,
    )


def _show(page: Page, checks: Sequence[Check]) -> None:
    words = {"ok": _("ok"), "warn": _("warn"), "problem": _("problem")}
    widest = max(cell_len(word) for word in words.values())
    for one in checks:
        state = form.fit(words[one.state], widest)
        page.hanging([Span(state, STYLES[one.state]), "  ", Span(one.subject + "  ", "strong")], one.found)
        if one.remedy:
            page.hanging([" " * widest, "  ", Span(page.glyphs.text("→ "), "dim")], one.remedy)
    problems = sum(1 for one in checks if one.state == "problem")
    warnings = sum(1 for one in checks if one.state == "warn")
    page.line()
    if not problems and not warnings:
        page.line(Span(_("All is well."), "running"))
        return
    told = [n_("{count} problem", "{count} problems", problems).format(count=problems)] if problems else []
    told += [n_("{count} warning", "{count} warnings", warnings).format(count=warnings)] if warnings else []
    page.line(Span(", ".join(told), "failed" if problems else "warn"))
