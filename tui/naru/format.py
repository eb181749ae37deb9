"""How figures are written: one place for the command line and the screens. Pure; unknown is a dash, never a zero."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from rich.cells import cell_len, set_cell_size

from naru_client.i18n import _
from naru_client.model import Accelerators, Job

STATE_CODES = {
    "PENDING": "PD", "RUNNING": "R", "SUSPENDED": "S", "COMPLETING": "CG", "CONFIGURING": "CF", "COMPLETED": "CD",
    "CANCELLED": "CA", "FAILED": "F", "TIMEOUT": "TO", "NODE_FAIL": "NF", "PREEMPTED": "PR", "BOOT_FAIL": "BF",
    "DEADLINE": "DL", "OUT_OF_MEMORY": "OOM", "REQUEUED": "RQ", "REQUEUE_HOLD": "RH", "REQUEUE_FED": "RF",
    "SPECIAL_EXIT": "SE", "RESIZING": "RS", "REVOKED": "RV", "SIGNALING": "SI", "STAGE_OUT": "SO", "STOPPED": "ST",
    "RESV_DEL_HOLD": "RD",
}  # fmt: skip


# One cell for one cell: what Naru writes, and the lines and blocks that Textual draws of its own.
_PLAIN = {ord(fancy): plain for fancy, plain in zip("–×…·≤≥→←↑↓▲▼●•⚠‹›", "-x~|<>><^v^v**!<>", strict=True)}
_PLAIN |= dict.fromkeys(range(0x2500, 0x2580), "+") | dict.fromkeys(range(0x2580, 0x25A0), "#")
_PLAIN |= dict.fromkeys(map(ord, "─━╌╍═╴╶╸╺▔▁"), "-") | dict.fromkeys(map(ord, "│┃╎╏║╵╷▏▎▍▌▐▕"), "|")


class Glyphs:
    """The characters that draw: Unicode, or ASCII where the locale is not UTF-8."""

    def __init__(self, ascii_only: bool) -> None:
        self.ascii_only = ascii_only
        self.dash = "-" if ascii_only else "–"
        self.times = "x" if ascii_only else "×"
        self.ellipsis = "~" if ascii_only else "…"
        self.used, self.free, self.away = ("#", ".", "x") if ascii_only else ("█", "░", "╳")
        self.dot = "|" if ascii_only else "·"
        self.left, self.right = ("<", ">") if ascii_only else ("‹", "›")
        self.up, self.down = ("^", "v") if ascii_only else ("▲", "▼")
        self.folded, self.unfolded = ("+", "-") if ascii_only else ("▸", "▾")
        self.warn = "!" if ascii_only else "⚠"
        self.mark = "*" if ascii_only else "●"
        self.cell = "#" if ascii_only else "■"

    def text(self, value: str) -> str:
        """A text as this terminal can show it: unchanged, or with every other character as `?` under ASCII."""
        if not self.ascii_only or value.isascii():
            return value
        value = value.translate(_PLAIN)
        return value if value.isascii() else "".join(c if c.isascii() else "?" * max(1, cell_len(c)) for c in value)


def ascii_wanted(setting: str, environ: dict[str, str]) -> bool:
    """Whether to draw in ASCII: as set, else when the locale's character set is not UTF-8."""
    if setting != "auto":
        return setting == "ascii"
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environ.get(name, "")
        if value:
            return "utf-8" not in value.lower() and "utf8" not in value.lower()
    return True


def duration(seconds: float | None) -> str:
    """Two significant units: `12s`, `45m`, `2h 05m`, `3d 04h`; a dash when unknown."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    if whole < 0:
        return "0s"
    if whole < 60:
        return f"{whole}s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if hours < 1:
        return f"{minutes}m"
    if days < 1:
        return f"{hours}h {minutes % 60:02d}m"
    return f"{days}d {hours % 24:02d}h" if days < 100 else f"{days}d"


def time_limit(job: Job) -> str:
    return _("no limit") if job.unlimited else duration(job.time_limit)


def when(moment: datetime | None, now: datetime) -> str:
    """A moment in the reader's own time zone, as short as its distance from `now` allows."""
    if moment is None:
        return "–"
    local, today = moment.astimezone(), now.astimezone()
    if local.date() == today.date():
        return local.strftime("%H:%M")
    if abs((local.date() - today.date()).days) < 300:
        return local.strftime("%m-%d %H:%M")
    return local.strftime("%Y-%m-%d")


def local_zone() -> tzinfo:
    """The reader's own time zone: stamps that name none are taken to be in it."""
    return datetime.now().astimezone().tzinfo or UTC


def span(start: datetime | None, end: datetime | None, now: datetime) -> str:
    """A span of time, its date told once where it ends on the day it begins."""
    if start and end and start.astimezone().date() == end.astimezone().date():
        return f"{when(start, now)}–{end.astimezone():%H:%M}"
    return "–".join(when(moment, now) for moment in (start, end) if moment)


def progress_bar(share: float, glyphs: Glyphs, cells: int = 10) -> str:
    """How far something is, `share` being 0 to 1: `████░░░░░░ 43 %`."""
    share = min(max(share, 0.0), 1.0)
    done = int(share * cells)
    return f"{glyphs.used * done}{glyphs.free * (cells - done)} {share * 100:.0f} %"


def size(count: int | None) -> str:
    """Bytes in binary units: `512 MiB`, `1.5 TiB`."""
    if count is None:
        return "–"
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        del units[0]
    return f"{value:.0f} {units[0]}" if value >= 100 or value == int(value) else f"{value:.1f} {units[0]}"


def accelerators(items: Iterable[Accelerators] | None) -> str:
    """`8×H100`, `4×B200+2×RNGD`, `2×GPU` without a model; a dash for none, `?` for not told."""
    if items is None:
        return "?"
    return "+".join(f"{a.count}×{(a.model or a.kind).upper()}" for a in items if a.count) or "–"


def state_code(state: str) -> str:
    """squeue's short code of a state; an unknown state's first letters."""
    return STATE_CODES.get(state, state[:4])


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Exactly `width` terminal cells of `text`, cut with an ellipsis or padded; wide characters are never halved."""
    if text.isascii():
        if len(text) <= width:
            return text + " " * (width - len(text))
    elif (cells := cell_len(text)) <= width:
        return text + " " * (width - cells)
    if width <= 1:
        return ellipsis[:width]
    return set_cell_size(text, width - 1).rstrip("\0") + ellipsis


def where_or_why(job: Job) -> str:
    """Of a waiting job its reason, of one that holds nodes which, of a failed one how: `exit 1`, `signal 9`.

    What a state says by itself (a time limit, out of memory, cancelled) needs no exit code beside it.
    """
    if job.waiting:
        return " ".join(filter(None, (job.reason, job.reason_detail))) or "–"
    if not job.finished:
        return job.node_list or "–"
    if job.state not in ("FAILED", "NODE_FAIL", "BOOT_FAIL", "LAUNCH_FAILED") or job.exit is None:
        return "–"
    if job.exit.signal:
        return _("signal {signal}").format(signal=job.exit.signal)
    return _("exit {code}").format(code=job.exit.code) if job.exit.code else "–"
