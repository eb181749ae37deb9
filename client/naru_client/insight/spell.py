"""How this folder's sentences write times, spans and amounts; the screens have their own, shorter ways."""

from datetime import datetime, timedelta

LONGEST = timedelta(days=365_000)  # beyond that a moment from now may be in no calendar


def lasting(seconds: int) -> timedelta:
    """So many seconds, as a source told them: absurdly many are LONGEST."""
    return timedelta(seconds=min(seconds, int(LONGEST.total_seconds())))


def span(time: timedelta) -> str:
    """Two significant units: `12s`, `2h 05m`, `3d 04h`. Never negative: the clocks of two machines may differ."""
    seconds = max(0, int(time.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if hours < 1:
        return f"{minutes}m"
    if days < 1:
        return f"{hours}h {minutes % 60:02d}m"
    return f"{days}d {hours % 24:02d}h"


def clock(moment: datetime, now: datetime) -> str:
    """A moment in the reader's time zone: `14:20` today, `11-24 14:20` in the months around, else with the year."""
    local, today = moment.astimezone(), now.astimezone()
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if abs((local.date() - today.date()).days) < 300 else "%Y-%m-%d %H:%M")


def amount(count: int) -> str:
    """Bytes in binary units: `512 MiB`, `1.5 TiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if value == int(value) or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} PiB"
