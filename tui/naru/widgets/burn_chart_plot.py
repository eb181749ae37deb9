"""A burn-down as lines of text: what was left on each day, the plan, where it goes, today, and the dates. Pure."""

import math
from datetime import datetime, timedelta

from msgspec import Struct
from rich.cells import cell_len

from naru.format import Glyphs, fit
from naru.past_format import hours
from naru.widgets.text_lines import Line
from naru_client.i18n import _

LEAST_WIDTH, LEAST_HEIGHT = 16, 3  # cells of the drawing itself
AHEAD, AHEAD_MOST = timedelta(days=28), timedelta(days=180)  # shown of what is to come where no contract ends it
_DAY = 86_400
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_STYLES = {"left": "good", "band": "warning", "plan": "link", "today": "strong", "out": "bad"}


class Burn(Struct, frozen=True, kw_only=True):
    """What is drawn, in resource × seconds: `points` are what was left at moments, the oldest first, the last one now.

    `start` and `end` are the contract's; with both there is a plan line. `slowest` and `fastest` are an amount a day,
    None where nothing can be foretold. `per` is what one unit of the labels is.
    """

    granted: int
    points: tuple[tuple[datetime, int], ...]
    now: datetime
    start: datetime | None = None
    end: datetime | None = None
    slowest: float | None = None
    fastest: float | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    per: int = 3600

    @property
    def left(self) -> int:
        return self.points[-1][1]


class _Drawn(Struct, frozen=True):
    """The glyphs of each part."""

    full: str
    band: str
    plan: str
    today: str
    corner: str
    line: str
    tick: str
    out: str


_FANCY = _Drawn("█", "░", "•", "│", "└", "─", "┴", "━")
_ASCII = _Drawn("#", ":", "o", "|", "+", "-", "+", "=")


def span_of(burn: Burn) -> tuple[datetime, datetime]:
    """From when to when it is drawn: the contract, else the days that are told and what is foretold."""
    first = burn.points[0][0]
    start = burn.start or min(first, burn.now - AHEAD / 2)
    end = burn.end
    if end is None or end <= burn.now:
        foretold = burn.latest or burn.earliest
        usual = burn.now + AHEAD
        end = usual if foretold is None else min(max(usual, foretold), burn.now + AHEAD_MOST)
    return min(start, burn.now), end


def plot(burn: Burn, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """The drawing in `height` lines of at most `width` cells: rows, axis, dates, and what the glyphs mean."""
    top = max(burn.granted, *(left for _at, left in burn.points), 1)
    figures = [hours(top * part / burn.per / 2) for part in (2, 1)] + ["0"]
    margin = max(map(cell_len, figures)) + 1
    columns, rows = width - margin - 1, height - 3
    if columns < LEAST_WIDTH or rows < LEAST_HEIGHT:
        no_room: list[Line] = [((_("too little room for the burn-down"), "quiet"),)]
        return no_room[:height]
    rows -= rows % 2  # then the label in the middle is the half
    drawn = _ASCII if glyphs.ascii_only else _FANCY
    grid = _grid(burn, columns, rows, top, drawn, glyphs.ascii_only)
    labels = {0: figures[0], rows // 2: hours(top * (rows - rows // 2) / rows / burn.per)}
    side = "|" if glyphs.ascii_only else "┤"
    lines: list[Line] = []
    for row in range(rows):
        label = labels.get(row, "")
        edge = side if label else drawn.today
        lines.append(((label.rjust(margin - 1) + " ", "quiet"), (edge, "quiet"), *_runs(grid[row])))
    lines.append((("0".rjust(margin - 1) + " " + drawn.corner, "quiet"), *_axis(burn, columns, drawn)))
    lines.append(((" " * (margin + 1), ""), (_dates(burn, columns), "quiet")))
    lines.append(_legend(burn, width, drawn))
    return lines


Cell = tuple[str, str]  # glyph, style


def _grid(burn: Burn, columns: int, rows: int, top: int, drawn: _Drawn, ascii_only: bool) -> list[list[Cell]]:
    grid: list[list[Cell]] = [[(" ", "")] * columns for _row in range(rows)]
    today = place_of(burn.now, burn, columns)
    for column in range(columns):
        moment = moment_of(column, burn, columns)
        if column == today:
            moment = burn.now
            for row in range(rows):
                grid[row][column] = (drawn.today, _STYLES["today"])
        if column <= today:
            left = left_at(burn, moment)
            if left is not None:
                _fill(grid, column, max(0.0, left / top * rows), drawn, ascii_only)
        elif (band := band_at(burn, moment)) is not None and band[1] > 0:
            low, high = (min(rows - 1, int(value / top * rows)) for value in band)
            for level in range(low, high + 1):
                grid[rows - 1 - level][column] = (drawn.band, _STYLES["band"])
        if (plan := plan_at(burn, moment)) is not None:
            level = max(0, min(rows - 1, int(plan / top * rows)))  # below nought is no row
            grid[rows - 1 - level][column] = (drawn.plan, _STYLES["plan"])
    return grid


def _fill(grid: list[list[Cell]], column: int, level: float, drawn: _Drawn, ascii_only: bool) -> None:
    """What is left, from the bottom up to `level` rows; what is not nothing is seen."""
    rows = len(grid)
    eighths = min(rows * 8, max(round(level * 8), 1 if level > 0 else 0))
    for up in range(rows):
        part = min(8, max(0, eighths - 8 * up))
        if part:
            glyph = ("#" if part > 3 else "_") if ascii_only else _EIGHTHS[part]
            grid[rows - 1 - up][column] = (glyph, _STYLES["left"])


def place_of(moment: datetime, burn: Burn, columns: int) -> int:
    """The column in which a moment stands, at the edge where it is beyond it."""
    start, end = span_of(burn)
    share = (moment - start) / (end - start) if end > start else 0.0
    return min(columns - 1, max(0, int(share * columns)))


def moment_of(column: int, burn: Burn, columns: int) -> datetime:
    """The moment in the middle of a column."""
    start, end = span_of(burn)
    return start + (end - start) * ((column + 0.5) / columns)


def left_at(burn: Burn, moment: datetime) -> float | None:
    """What was left at a moment, between the two told ones beside it; None before the first of them."""
    before: tuple[datetime, int] | None = None
    for at, left in burn.points:
        if at >= moment:
            if before is None:
                return float(left) if at == moment else None
            share = (moment - before[0]) / (at - before[0]) if at > before[0] else 1.0
            return before[1] + (left - before[1]) * share
        before = (at, left)
    return float(burn.left)


def band_at(burn: Burn, moment: datetime) -> tuple[float, float] | None:
    """The least and the most that is expected to be left at a moment to come."""
    if burn.slowest is None or burn.fastest is None or moment < burn.now:
        return None
    days = (moment - burn.now).total_seconds() / _DAY
    low, high = (max(0.0, burn.left - rate * days) for rate in (burn.fastest, burn.slowest))
    return low, high


def plan_at(burn: Burn, moment: datetime) -> float | None:
    """What an even use over the contract would leave at a moment."""
    if burn.start is None or burn.end is None or burn.end <= burn.start:
        return None
    share = (burn.end - moment) / (burn.end - burn.start)
    return burn.granted * min(1.0, max(0.0, share))


def _runs(cells: list[Cell]) -> list[Cell]:
    """Cells of one style together."""
    runs: list[Cell] = []
    for glyph, style in cells:
        if runs and (runs[-1][1] == style or glyph == " "):
            runs[-1] = (runs[-1][0] + glyph, runs[-1][1])
        else:
            runs.append((glyph, style))
    return runs


def _axis(burn: Burn, columns: int, drawn: _Drawn) -> list[Cell]:
    """The line under the drawing: a tick for today, and where it may run out."""
    cells: list[Cell] = [(drawn.line, "quiet")] * columns
    if found := _out(burn):
        first, last = (place_of(moment, burn, columns) for moment in found)
        for column in range(first, last + 1):
            cells[column] = (drawn.out, "bad")
    cells[place_of(burn.now, burn, columns)] = (drawn.tick, "strong")
    return _runs(cells)


def _out(burn: Burn) -> tuple[datetime, datetime] | None:
    """The part of the run-out range that is in view."""
    end = span_of(burn)[1]
    if burn.earliest is None or burn.earliest > end:
        return None
    return burn.earliest, min(burn.latest or end, end)


def _dates(burn: Burn, columns: int) -> str:
    """Dates under their places, the ends' first; one that would touch another is left out."""
    start, end = span_of(burn)
    wanted = [(start, _date(start, burn.now), 0.0), (end, _date(end - timedelta(seconds=1), burn.now), 1.0)]
    wanted.append((burn.now, _("today"), 0.5))
    if found := _out(burn):
        wanted.append((found[0], _date(found[0], burn.now), 0.5))
    taken: list[tuple[int, int, str]] = []
    for moment, label, anchor in wanted:
        length = cell_len(label)
        at = min(columns - length, max(0, place_of(moment, burn, columns) - math.floor(length * anchor)))
        if at >= 0 and not any(at <= last and first <= at + length for first, last, _label in taken):
            taken.append((at, at + length, label))
    text = ""
    for at, _last, label in sorted(taken):
        text = fit(text, at) + label
    return text


def _date(moment: datetime, now: datetime) -> str:
    local = moment.astimezone()
    return f"{local:%m-%d}" if local.year == now.astimezone().year else f"{local:%Y-%m-%d}"


def _legend(burn: Burn, width: int, drawn: _Drawn) -> Line:
    """What the glyphs mean, of those that are drawn; what has no room is left out."""
    words = [(drawn.full, "left", _("left"))]
    if burn.start is not None and burn.end is not None:
        words.append((drawn.plan, "plan", _("even use")))
    if burn.slowest is not None and burn.end != burn.now and burn.left > 0:
        words.append((drawn.band, "band", _("forecast")))
    if _out(burn):
        words.append((drawn.out, "out", _("runs out")))
    line: list[Cell] = []
    used = 0
    for glyph, part, text in words:
        length = cell_len(glyph + text) + 3
        if used + length > width:
            break
        used += length
        line += [(glyph, _STYLES[part]), (f" {text}  ", "quiet")]
    return tuple(line)
