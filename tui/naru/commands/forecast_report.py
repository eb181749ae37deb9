"""How a backtest is printed: a table of predictors for each group of jobs, and what the ranges covered."""

from collections.abc import Sequence

from naru.output import Page, Sheet
from naru.plain_table import Column, Span
from naru_client.i18n import _, mark
from naru_client.insight.forecast.replay import CEILING, OURS
from naru_client.insight.forecast.scores import ALL, LEVELS, TOLD, WAITED, Group, Score
from naru_client.insight.forecast.simple import LAST, LIMITS, MEDIAN, TEN, ZERO

_PREDICTORS = {
    OURS: mark("Naru's forecast"),
    CEILING: mark("the same, knowing the run times"),
    ZERO: mark("no wait"),
    TEN: mark("always ten minutes"),
    LAST: mark("last start in the queue"),
    MEDIAN: mark("median of the last 50"),
    LIMITS: mark("plan by limits"),
}
_GROUPS = {
    ALL: mark("All jobs"),
    WAITED: mark("Jobs that waited for more than a minute"),
    TOLD: mark("Jobs that were told to wait for more than a minute"),
}


def show(page: Page, jobs: int, forecast: int, found: Sequence[Group]) -> None:
    page.line(_("{n} jobs of {jobs} forecast at their submission").format(n=forecast, jobs=jobs))
    for group in found:
        page.line()
        title = _("{group}: {n}").format(group=_(_GROUPS[group.name]), n=group.coverage.jobs)
        page.line(Span(title, "title"))
        page.table(_columns(), group.scores, indent=2)
        cover = group.coverage
        page.paragraph(
            _("started by the p50: {p50}; a tie in the minute counted half: {half}; by the p90: {p90}").format(
                p50=_share(cover.p50), half=_share(cover.p50_ties_half), p90=_share(cover.p90)
            )
        )
        gains = ", ".join(f"{_(_PREDICTORS[name])} {_times(gain)}" for name, gain in group.gains.items())
        page.paragraph(_("within ten minutes, as a multiple of: {gains}").format(gains=gains))


def sheet(found: Sequence[Group]) -> Sheet:
    quantiles = tuple(f"error_p{round(level * 100)}" for level in LEVELS)
    return Sheet(
        ("group", "predictor", "jobs", "within_1_min", "within_10_min", *quantiles, "p50_coverage", "p90_coverage"),
        tuple(
            (
                group.name, score.predictor, score.jobs, round(score.within_minute, 4), round(score.within_ten, 4),
                *(score.errors or (None,) * len(LEVELS)),
                round(group.coverage.p50, 4) if score.predictor == OURS else None,
                round(group.coverage.p90, 4) if score.predictor == OURS else None,
            )
            for group in found
            for score in group.scores
        ),
    )  # fmt: skip


def _columns() -> tuple[Column[Score], ...]:
    return (
        Column(
            title=_("PREDICTOR"),
            cell=lambda s: _(_PREDICTORS[s.predictor]),
            least=16,
            style=lambda s: "strong" if s.predictor == OURS else "dim" if s.predictor == CEILING else "",
        ),
        Column(title=_("≤ 1 MIN"), cell=lambda s: _share(s.within_minute), right=True),
        Column(title=_("≤ 10 MIN"), cell=lambda s: _share(s.within_ten), right=True),
        Column(title=_("ERROR P50"), cell=lambda s: _error(s, 0), right=True),
        Column(title=_("P75"), cell=lambda s: _error(s, 1), right=True),
        Column(title=_("P90"), cell=lambda s: _error(s, 2), right=True),
    )


def _times(gain: float | None) -> str:
    return "–" if gain is None else f"{gain:.2f}"


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _error(score: Score, place: int) -> str:
    if score.errors is None:
        return "–"
    seconds = score.errors[place]
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"
