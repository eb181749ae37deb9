"""What both readers of traces make, and how they complain."""

from typing import NoReturn

from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.insight.forecast.replay import Happened
from naru_client.text import clean


class Trace(Struct, frozen=True, kw_only=True):
    """The jobs of a trace. `capacity` is how much there was in all, None where it is not told.

    `left_out` counts rows that are no job of their own, or do not tell enough; `doubtful` values that could not be and
    were taken for unknown, the first on line `doubtful_line`.
    """

    form: str  # "swf" or "sacct"
    jobs: tuple[Happened, ...]
    capacity: int | None = None
    left_out: int = 0
    doubtful: int = 0
    doubtful_line: int | None = None


def refuse(path: str, line: int, what: str, hint: str = "") -> NoReturn:
    place = _("{where}, line {line}").format(where=path, line=line)
    raise UsageError(f"{place}: {what}", clean(hint))


def shown(word: str) -> str:
    """A word of the file as a message may show it."""
    return repr(clean(word, 40))
