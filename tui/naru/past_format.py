"""How what a finished job took is written, on the command line and on screens. Pure; unknown is a dash."""


def hours(value: float | None) -> str:
    """Accelerator hours: two figures behind the point for little ones, none for many; a dash where not known."""
    if value is None:
        return "–"
    if value < 0.005:
        return "<0.01" if value else "0"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def percent(share: float | None) -> str:
    """A part of a whole as `42%`; a dash where not known, `>999%` for what ran far beyond."""
    if share is None:
        return "–"
    return f"{share:.0%}" if share < 10 else ">999%"
