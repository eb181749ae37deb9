"""The fields a filter knows: what they are called, what they read of a job, and how a value for them is understood."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from naru_client.i18n import _, mark
from naru_client.insight.filter_text import FilterError, Token, count, seconds, size
from naru_client.insight.reasons import held
from naru_client.model import FINISHED_STATES, WAITING_STATES, Job

Choice = Callable[[Job], bool]


class Figure(Struct, frozen=True):
    """A field with a number: how it is read (None: not told), and how a typed one is understood."""

    read: Callable[[Job, datetime], float | None]
    parse: Callable[[Token], float] = count


class Text(Struct, frozen=True):
    """A field with text: the texts that may match. `choose` replaces the usual search where values mean more."""

    read: Callable[[Job], Iterable[str]]
    choose: Callable[[Token, bool, str | None], Choice] | None = None  # value, from `:` (loose), me


class Field(Struct, frozen=True):
    """One field: its id, what else it is called, one line of help (translate it when shown), and an example."""

    id: str
    help: str
    example: str
    reads: Figure | Text
    aliases: tuple[str, ...] = ()


# ---- states ---------------------------------------------------------------------------------------------------------

STATE_CODES = {
    "pd": "PENDING", "r": "RUNNING", "s": "SUSPENDED", "cg": "COMPLETING", "cf": "CONFIGURING", "cd": "COMPLETED",
    "ca": "CANCELLED", "f": "FAILED", "to": "TIMEOUT", "nf": "NODE_FAIL", "pr": "PREEMPTED", "bf": "BOOT_FAIL",
    "dl": "DEADLINE", "oom": "OUT_OF_MEMORY", "rq": "REQUEUED", "rh": "REQUEUE_HOLD", "rf": "REQUEUE_FED",
    "se": "SPECIAL_EXIT", "rs": "RESIZING", "rv": "REVOKED", "si": "SIGNALING", "so": "STAGE_OUT", "st": "STOPPED",
    "rd": "RESV_DEL_HOLD",
}  # fmt: skip
_CODE_OF = {state: code for code, state in STATE_CODES.items()}
_KNOWN_STATES = frozenset(STATE_CODES.values()) | FINISHED_STATES | WAITING_STATES
_STATE_GROUPS: dict[str, Choice] = {
    "waiting": lambda job: job.waiting,
    "active": lambda job: job.running,
    "finished": lambda job: job.finished,
    "held": held,
}


def _states(job: Job) -> Sequence[str]:
    return (job.state, *job.state_flags)


def _choose_state(value: Token, loose: bool, me: str | None) -> Choice:
    word = value.text.lower()
    if word in _STATE_GROUPS:
        return _STATE_GROUPS[word]
    name = word.upper().replace("-", "_")
    if word in STATE_CODES:
        wanted = {STATE_CODES[word]}
    elif name in _KNOWN_STATES or not loose:  # `state=NAME` reaches states that are newer than this table
        wanted = {name}
    else:
        wanted = {state for state in _KNOWN_STATES if state.startswith(name)}
    if not wanted:
        raise FilterError(
            _("there is no state {state}").format(state=value.text),
            value.start,
            _("states: {names}").format(names=" ".join([*STATE_CODES, *_STATE_GROUPS])),
        )
    return lambda job: job.state in wanted or any(flag in wanted for flag in job.state_flags)


# ---- identities: a whole name, never a part of one ------------------------------------------------------------------


def _choose_whole(read: Callable[[Job], Iterable[str]]) -> Callable[[Token, bool, str | None], Choice]:
    def choose(value: Token, loose: bool, me: str | None) -> Choice:
        wanted = value.text.casefold()
        return lambda job: any(name.casefold() == wanted for name in read(job))

    return choose


def _choose_user(value: Token, loose: bool, me: str | None) -> Choice:
    if value.plain.lower() != "me":
        return _choose_whole(_user)(value, loose, me)
    if me is None:
        raise FilterError(_("your user name at this centre is not known"), value.start, _("write it out: user:NAME"))
    return lambda job: job.user == me


def _choose_id(value: Token, loose: bool, me: str | None) -> Choice:
    """`123` is the job, the array with all its tasks, or the het job with all its components."""
    wanted = value.text
    below = (wanted + "_", wanted + "+")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None
    return lambda job: job.id == wanted or job.id.startswith(below) or job.job_id == number


def _choose_node(value: Token, loose: bool, me: str | None) -> Choice:
    wanted = value.text.casefold()

    def on_it(job: Job) -> bool:
        lists = [names.casefold() for names in _nodes(job)]
        return any((loose and wanted in names) or in_hostlist(wanted, names) for names in lists)

    return on_it


_HOST_PART = re.compile(r"(?:\[[^\]]*\]|[^,\[])+")


def in_hostlist(name: str, hostlist: str) -> bool:
    """Whether `h200-02` is one of `h200-[01-04,07],cpu-1`."""
    return any(_is_one_of(name, part) for part in _HOST_PART.findall(hostlist))


def _is_one_of(name: str, part: str) -> bool:
    literals = re.split(r"\[([^\]]*)\]", part)  # text, what stood in brackets, text, …
    for nth, piece in enumerate(literals):
        if nth % 2 == 0:
            if not name.startswith(piece):
                return False
            name = name[len(piece) :]
        else:
            digits = re.match("[0-9]*", name)
            number = digits[0] if digits else ""
            if not any(_in_span(number, span) for span in piece.split(",")):
                return False
            name = name[len(number) :]
    return not name


def _in_span(number: str, span: str) -> bool:
    first, dash, last = span.partition("-")
    if not dash:
        return number == first
    if not (number.isdigit() and first.isdigit() and last.isdigit()):
        return False
    padded = number == number.lstrip("0").zfill(len(first))  # `08` is one of `[01-12]` and none of `[1-12]`
    return padded and int(first) <= int(number) <= int(last)


# ---- what is read of a job ------------------------------------------------------------------------------------------


def _site(job: Job) -> Iterable[str]:
    return (job.site,) if job.site else ()


def _user(job: Job) -> Iterable[str]:
    return (job.user,) if job.user else ()


def _account(job: Job) -> Iterable[str]:
    return (job.account,) if job.account else ()


def _qos(job: Job) -> Iterable[str]:
    return (job.qos,) if job.qos else ()


def _pools(job: Job) -> Iterable[str]:
    return job.pool.split(",") if job.pool else ()


def _reason(job: Job) -> Iterable[str]:
    return [text for text in (job.reason, job.reason_detail) if text]


def _nodes(job: Job) -> Iterable[str]:
    places = job.node_list or job.planned_nodes
    return (places,) if places else ()


def _comment(job: Job) -> Iterable[str]:
    return (job.comment,) if job.comment else ()


def _models(kind: str) -> Callable[[Job], Iterable[str]]:
    return lambda job: [a.model for a in job.accelerators or () if a.kind == kind and a.model and a.count]


def _how_many(kind: str) -> Callable[[Job, datetime], float | None]:
    def read(job: Job, now: datetime) -> float | None:
        return None if job.accelerators is None else sum(a.count for a in job.accelerators if a.kind == kind)

    return read


def _wait(job: Job, now: datetime) -> float | None:
    until = now if job.waiting else job.started or job.ended
    return None if until is None or job.submitted is None else (until - job.submitted).total_seconds()


def _elapsed(job: Job, now: datetime) -> float | None:
    if job.waiting:
        return None
    if job.elapsed is not None or job.started is None:
        return job.elapsed
    return ((job.ended or now) - job.started).total_seconds()


def _limit(job: Job, now: datetime) -> float | None:
    return float("inf") if job.unlimited else job.time_limit


FIELDS: tuple[Field, ...] = (
    Field("id", mark("job, array or het job number"), "id:4711", Text(lambda j: (j.id,), _choose_id), ("job",)),
    Field("name", mark("part of the name"), "name:train", Text(lambda j: (j.name,)), ("n",)),
    Field("user", mark("who submitted it; me is you"), "user:me", Text(_user, _choose_user), ("u",)),
    Field("account", mark("account it counts for"), "account:vision", Text(_account, _choose_whole(_account)), ("a",)),
    Field("pool", mark("partition"), "pool:h100", Text(_pools, _choose_whole(_pools)), ("partition", "p", "queue")),
    Field("site", mark("part of the site's name"), "site:neuron", Text(_site), ("cluster",)),
    Field("qos", mark("quality of service"), "qos:high", Text(_qos, _choose_whole(_qos)), ("q",)),
    Field("state", mark("state: code, word or its beginning"), "state:pd,r", Text(_states, _choose_state), ("s", "st")),
    Field("reason", mark("part of the reason for waiting"), "reason:qos", Text(_reason)),
    Field("gpu", mark("part of the GPU model"), "gpu:h100", Text(_models("gpu"))),
    Field("npu", mark("part of the NPU model"), "npu:rngd", Text(_models("npu"))),
    Field("gpus", mark("number of GPUs"), "gpus>=8", Figure(_how_many("gpu"))),
    Field("npus", mark("number of NPUs"), "npus>=8", Figure(_how_many("npu"))),
    Field("nodes", mark("number of nodes"), "nodes>1", Figure(lambda j, now: j.nodes)),
    Field("node", mark("node it runs or is planned on"), "node:b200-02", Text(_nodes, _choose_node), ("host",)),
    Field("cpus", mark("number of processors"), "cpus>=64", Figure(lambda j, now: j.cpus)),
    Field("memory", mark("memory"), "memory>=1T", Figure(lambda j, now: j.memory, size), ("mem",)),
    Field("wait", mark("time from submission to start, so far"), "wait>2h", Figure(_wait, seconds)),
    Field("elapsed", mark("time it has run"), "elapsed>1d", Figure(_elapsed, seconds), ("time",)),
    Field("limit", mark("time limit"), "limit<=4h", Figure(_limit, seconds)),
    Field("priority", mark("priority"), "priority>10k", Figure(lambda j, now: j.priority), ("prio",)),
    Field("comment", mark("part of the comment"), "comment:retry", Text(_comment)),
)

_BY_NAME = {name: field for field in FIELDS for name in (field.id, *field.aliases)}


def field_named(name: str) -> Field | None:
    return _BY_NAME.get(name.lower())


def near_names(name: str) -> list[str]:
    """Fields that may have been meant."""
    from difflib import get_close_matches  # only ever needed for a mistake

    return get_close_matches(name.lower(), [field.id for field in FIELDS], 3, 0.6)


def column_text(job: Job) -> str:
    """All that the columns of a job say, folded, one line each: what a bare word is looked for in."""
    models = [a.model or a.kind for a in job.accelerators or ()]
    parts = (
        job.id, job.name, job.user, job.account, job.pool, job.qos, job.state, _CODE_OF.get(job.state), job.reason,
        job.reason_detail, job.node_list, job.reservation, job.comment, *models,
    )  # fmt: skip
    return "\n".join([part for part in parts if part]).casefold()
