"""`naru forecast backtest TRACE`: how the start forecast would have done on what really happened."""

import argparse
from pathlib import Path

from naru.commands.forecast_report import sheet, show
from naru.output import Result
from naru.session import Context
from naru_client.errors import UsageError
from naru_client.i18n import _

CSV = True
WORKS_WITHOUT_SETTINGS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("backtest",), help=_("replay a trace and hold the forecasts against it"))
    parser.add_argument(
        "trace",
        metavar=_("TRACE"),
        help=_("a file in the Standard Workload Format, or printed by `sacct -a -X --parsable2`; plain or gzip"),
    )
    parser.add_argument(
        "--capacity",
        metavar=_("NUMBER"),
        help=_("how much there was of what jobs ask for, where the trace does not say"),
    )
    parser.add_argument("--first", metavar=_("NUMBER"), help=_("only the first so many jobs"))
    parser.add_argument("--seed", metavar=_("NUMBER"), default="0", help=_("the seed of the draws"))
    parser.add_argument("--no-ceiling", action="store_true", help=_("without the forecast that knows the run times"))


async def run(context: Context) -> Result:
    from naru_client.insight.forecast.replay import replay
    from naru_client.insight.forecast.scores import groups
    from naru_client.traces import read_trace

    args = context.args
    capacity = None if args.capacity is None else _number("--capacity", args.capacity, 1)
    first = None if args.first is None else _number("--first", args.first, 1)
    seed = _number("--seed", args.seed, 0)
    trace = read_trace(Path(args.trace))
    jobs = sorted(trace.jobs, key=lambda one: (one.ask.submitted, one.ask.id))[:first]
    outcomes = list(replay(jobs, capacity=capacity or trace.capacity, seed=seed, ceiling=not args.no_ceiling))
    if not outcomes:
        raise UsageError(_("none of these jobs started and could be forecast"))
    found = groups(outcomes)
    warnings = []
    if trace.doubtful:
        warnings.append(
            _("{n} values cannot be and were taken for unknown, the first on line {line}").format(
                n=trace.doubtful, line=trace.doubtful_line
            )
        )
    if trace.left_out:
        warnings.append(
            _("{n} rows left out: parts of jobs, or not telling when they were submitted and began").format(
                n=trace.left_out
            )
        )
    return Result(
        schema="forecast",
        source=trace.form,
        data={"jobs": len(jobs), "forecast": len(outcomes), "seed": seed, "groups": found},
        show=lambda page: show(page, len(jobs), len(outcomes), found),
        sheet=sheet(found),
        warnings=tuple(warnings),
    )


def _number(option: str, word: str, least: int) -> int:
    if not (word.isascii() and word.isdecimal()) or len(word) > 12 or int(word) < least:
        raise UsageError(_("{option} must be a whole number of at least {n}").format(option=option, n=least))
    return int(word)
