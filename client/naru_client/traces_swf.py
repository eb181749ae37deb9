"""The Standard Workload Format: https://www.cs.huji.ac.il/labs/parallel/workload/swf.html

Eighteen numbers a line, -1 for unknown, `;` before comments and the header. Some traces go on after the eighteenth:
where a node list in braces follows, the queue's name and the node request come after it (MetaCentrum's).
"""

from naru_client.i18n import _
from naru_client.insight.forecast.asked import Ask
from naru_client.insight.forecast.replay import Happened
from naru_client.traces_words import Trace, refuse, shown

_COLUMNS = (
    "job number", "submit time", "wait time", "run time", "allocated processors", "average CPU time", "used memory",
    "requested processors", "requested time", "requested memory", "status", "user", "group", "executable", "queue",
    "partition", "preceding job", "think time",
)  # fmt: skip
_SUBMIT, _WAIT, _RUN, _PROCS, _WANTED, _LIMIT, _STATUS, _USER, _PROGRAM, _QUEUE = 1, 2, 3, 4, 7, 8, 10, 11, 13, 14
_PARTIAL = frozenset({2, 3, 4})  # status of a piece of a job that is told whole elsewhere
_CANCELLED = 5
_MOST = 10**15


def read_swf(text: str, path: str) -> Trace:
    """The jobs of the text. Raises UsageError with file, line and column for what is not in the format."""
    jobs: list[Happened] = []
    left_out = doubtful = 0
    doubtful_line = None
    capacity = None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith(";"):
            capacity = _told(stripped, "MaxProcs", capacity)
            continue
        if not stripped:
            continue
        values, extra, wrong = _numbers(stripped, path, number)
        if wrong:
            doubtful += wrong
            doubtful_line = doubtful_line or number
        job = _job(values, extra, len(jobs))
        if job is None:
            left_out += 1
        else:
            jobs.append(job)
    return Trace(
        form="swf",
        jobs=tuple(jobs),
        capacity=capacity,
        left_out=left_out,
        doubtful=doubtful,
        doubtful_line=doubtful_line,
    )


def _numbers(line: str, path: str, number: int) -> tuple[list[int], list[str], int]:
    """The eighteen numbers, what follows them, and how many could not be and are -1 now."""
    words = line.split()
    if len(words) < len(_COLUMNS):
        refuse(path, number, _("{n} columns, where the format has {wanted}").format(n=len(words), wanted=len(_COLUMNS)))
    values = []
    wrong = 0
    for name, word in zip(_COLUMNS, words, strict=False):
        try:
            value = int(word) if word.lstrip("-").isdecimal() else int(float(word))
        except (ValueError, OverflowError):
            refuse(path, number, _("{column}: {word} is not a number").format(column=name, word=shown(word)))
        if value < -1 or value > _MOST:
            value = -1
            wrong += 1
        values.append(value)
    return values, words[len(_COLUMNS) :], wrong


def _job(values: list[int], extra: list[str], number: int) -> Happened | None:
    submitted, wait, run = values[_SUBMIT], values[_WAIT], values[_RUN]
    amount = values[_WANTED] if values[_WANTED] > 0 else values[_PROCS]
    if submitted < 0 or wait < 0 or amount <= 0 or values[_STATUS] in _PARTIAL:
        return None
    given_up = values[_STATUS] == _CANCELLED and run <= 0  # its wait is how long it waited in vain
    queue, program = str(values[_QUEUE]), str(values[_PROGRAM])
    if extra and extra[0].startswith("{"):
        queue = extra[1] if len(extra) > 1 else queue
        program += " " + " ".join(extra[2:3])
    ask = Ask(
        id=number,
        submitted=submitted,
        amount=amount,
        queue=queue,
        user=str(values[_USER]),
        name=program,
        limit=values[_LIMIT] if values[_LIMIT] > 0 else None,
    )
    begun = submitted + wait
    return Happened(
        ask=ask, started=None if given_up else begun, ended=begun if given_up else begun + run if run >= 0 else None
    )


def _told(line: str, name: str, before: int | None) -> int | None:
    """The number of a header line of that name; what was told before where this is another line."""
    label, _colon, value = line.lstrip("; ").partition(":")
    words = value.split()
    if label.strip() != name or not words or not words[0].isdecimal() or len(words[0]) > 12:
        return before
    return int(words[0]) or before
