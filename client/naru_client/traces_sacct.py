"""What `sacct --parsable2 -a -X -o …` printed: a first line of column names, then a job a line, parted by `|`."""

from collections.abc import Mapping

from naru_client.i18n import _
from naru_client.insight.forecast.asked import Ask
from naru_client.insight.forecast.replay import Happened
from naru_client.slurm.text_values import NOTHING, duration, moment, whole_number
from naru_client.slurm.tres import accelerators, number_of
from naru_client.traces_words import Trace, refuse, shown

_NEEDED = ("jobid", "submit", "start", "end")
_HINT = "sacct -a -X --parsable2 -S … -o JobID,User,Partition,JobName,Submit,Eligible,Start,End,Timelimit,ReqTRES,State"


def looks_like_sacct(text: str) -> bool:
    first = text.lstrip("\ufeff\r\n")[:4096].split("\n", 1)[0].lower()
    return "|" in first and "jobid" in first.split("|")


def read_sacct(text: str, path: str) -> Trace:
    """The jobs of the text. Raises UsageError with file, line and column for what is not in the form.

    A partition in which jobs have accelerators is measured in those, any other in processors. A job waits from when it
    could start (Eligible), where that is told.
    """
    lines = text.lstrip("\ufeff").splitlines()
    first = next(i for i, line in enumerate(lines) if line.strip())
    names = [name.strip().lower().split("%")[0] for name in lines[first].split("|")]
    if names and not names[-1]:
        names.pop()  # --parsable ends every line with one
    for name in _NEEDED:
        if name not in names:
            refuse(path, first + 1, _("the column {name} is missing").format(name=name), _HINT)
    last = names.index("jobname") if "jobname" in names else len(names) - 1  # only a name may hold a `|`
    rows: list[tuple[int, Mapping[str, str]]] = []
    left_out = 0
    for number, line in enumerate(lines[first + 1 :], first + 2):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split("|")
        if len(cells) > len(names) and cells[-1] == "":
            cells.pop()
        if len(cells) > len(names):
            more = len(cells) - len(names)
            cells[last : last + more + 1] = ["|".join(cells[last : last + more + 1])]
        if len(cells) != len(names):
            refuse(
                path,
                number,
                _("{n} columns, where the first line has {wanted}").format(n=len(cells), wanted=len(names)),
            )
        row: Mapping[str, str] = dict(zip(names, cells, strict=True))
        if "." in row["jobid"]:
            left_out += 1  # a step of a job
            continue
        rows.append((number, row))
    counted = {row.get("partition", "") for _number, row in rows if _accelerators(row)}
    jobs: list[Happened] = []
    for number, row in rows:
        job = _job(row, path, number, len(jobs), counted)
        if job is None:
            left_out += 1
        else:
            jobs.append(job)
    return Trace(form="sacct", jobs=tuple(jobs), left_out=left_out)


def _job(row: Mapping[str, str], path: str, line: int, number: int, counted: set[str]) -> Happened | None:
    submitted, start, end = (_when(row, name, path, line) for name in ("submit", "start", "end"))
    eligible = _when(row, "eligible", path, line)
    if submitted is None:
        return None
    if eligible is not None and eligible > submitted and (start is None or eligible <= start):
        submitted = eligible
    if (start is not None and start < submitted) or (start is None and end is None):
        return None  # started before it was submitted: requeued; neither started nor ended: it waits still
    queue = row.get("partition", "")
    of_accelerators = queue in counted
    amount = _accelerators(row) if of_accelerators else _processors(row)
    ask = Ask(
        id=number,
        submitted=submitted,
        amount=max(amount or 1, 1),
        pool="accelerators" if of_accelerators else "processors",
        queue=queue,
        user=row.get("user", "") or row.get("uid", ""),
        name=row.get("jobname", ""),
        limit=_limit(row, path, line),
    )
    if end is not None and start is not None and end < start:
        end = None
    return Happened(ask=ask, started=start, ended=end)


def _when(row: Mapping[str, str], name: str, path: str, line: int) -> int | None:
    word = row.get(name, "").strip()
    if word in NOTHING:
        return None
    told = moment(word)
    if told is None:
        refuse(path, line, _("{column}: {word} is not a time").format(column=name, word=shown(word)))
    return int(told.timestamp())


def _limit(row: Mapping[str, str], path: str, line: int) -> int | None:
    minutes = row.get("timelimitraw", "").strip()
    if minutes.isdecimal() and len(minutes) < 12:
        return int(minutes) * 60 or None
    word = row.get("timelimit", "").strip()
    if word in NOTHING or word.upper() in ("UNLIMITED", "PARTITION_LIMIT"):
        return None
    seconds = duration(word)
    if seconds is None:
        refuse(path, line, _("{column}: {word} is not a span of time").format(column="timelimit", word=shown(word)))
    return seconds or None


def _accelerators(row: Mapping[str, str]) -> int | None:
    for name in ("reqtres", "alloctres"):
        found = accelerators(row.get(name, ""))
        if found:
            return sum(one.count for one in found)
    return None


def _processors(row: Mapping[str, str]) -> int | None:
    for name in ("reqcpus", "alloccpus", "ncpus"):
        if (count := whole_number(row.get(name, "").strip())) is not None and count:
            return count
    return number_of(row.get("reqtres", ""), "cpu") or number_of(row.get("alloctres", ""), "cpu")
