"""The words of the start forecast: what it is told of a job, and what it answers. Times are seconds of one clock."""

from enum import Enum

from msgspec import Struct


class Ask(Struct, frozen=True, kw_only=True):
    """A job as its queue sees it. `amount` is what is scarce there (accelerators, or processors), at least 1.

    `limit` is its time limit in seconds, None where it has none or it is not told. `user`, `queue` and `name` are
    opaque: they are compared, never shown. Jobs of one `pool` share what is scarce. `priority` orders the queue, higher
    first; None leaves the order of submission.
    """

    id: int
    submitted: int
    amount: int
    pool: str = ""
    queue: str = ""
    user: str = ""
    name: str = ""
    limit: int | None = None
    priority: int | None = None


class Why(Enum):
    """Why there is no honest forecast."""

    HELD = "held"  # somebody must release it first
    CAPPED = "capped"  # a limit holds it whose end nobody can tell
    DEPENDS = "depends"  # it waits for another job that may never let it go
    NO_LIMIT = "no-limit"  # jobs before it have no time limit, and nothing like them has ended
    TOO_LARGE = "too-large"  # more than there is: it can never start
    UNKNOWN_JOB = "unknown-job"  # not among the waiting


class Refusal(Struct, frozen=True):
    """No forecast, and why. `subject` is the job or the limit that it comes from, where there is one."""

    reason: Why
    subject: str = ""


class Measured(Struct, frozen=True):
    """How forecasts like this one did: so many of the last so many."""

    hits: int  # started within ten minutes of what was said
    within: int  # started at or before the p90
    of: int


class Waits(Struct, frozen=True, kw_only=True):
    """Seconds from now until the start.

    `likely` is the middle of the ten minutes either side that hold most of what is expected; `p50` and `p90` are the
    seconds by which half and nine in ten of such jobs start, recalibrated from the forecasts made before. `basis` is
    the share of each way of forecasting in this one, most first; `measured` how those before did.
    """

    likely: int
    p50: int
    p90: int
    basis: tuple[tuple[str, float], ...]
    measured: Measured
    ahead: int  # jobs of its queue that wait before it


StartForecast = Waits | Refusal
