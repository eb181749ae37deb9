"""Values that mean more than their letters: states and groups of them, people and `me`, ids of arrays, hostlists."""

import re
from collections.abc import Callable, Iterable, Mapping

from naru_client.i18n import _
from naru_client.insight.filter_columns import STATE_CODES, one, places
from naru_client.insight.filter_text import FilterError, Token, folded
from naru_client.insight.reasons import held
from naru_client.model import FINISHED_STATES, WAITING_STATES, Job

Choice = Callable[[Job], bool]
Me = str | Mapping[str, str] | None  # one's user name, or that at each site (site id → name)
Choose = Callable[[Token, bool, Me], Choice]  # value, whether it came from `:` (loose), me

KNOWN_STATES = frozenset(STATE_CODES.values()) | FINISHED_STATES | WAITING_STATES
STATE_GROUPS: dict[str, Choice] = {
    "waiting": lambda job: job.waiting,
    "active": lambda job: job.running,
    "finished": lambda job: job.finished,
    "held": held,
}


def choose_state(value: Token, loose: bool, me: Me) -> Choice:
    word = value.text.lower()
    if word in STATE_GROUPS:
        return STATE_GROUPS[word]
    name = word.upper().replace("-", "_")
    if word in STATE_CODES:
        wanted = {STATE_CODES[word]}
    elif name in KNOWN_STATES or not loose:  # `state=NAME` reaches states that are newer than this table
        wanted = {name}
    else:
        wanted = {state for state in KNOWN_STATES if state.startswith(name)}
    if not wanted:
        raise FilterError(
            _("there is no state {state}").format(state=value.text),
            value.start,
            _("states: {names}").format(names=" ".join([*STATE_CODES, *STATE_GROUPS])),
        )
    return lambda job: job.state in wanted or any(flag in wanted for flag in job.state_flags)


def choose_whole(read: Callable[[Job], Iterable[str]]) -> Choose:
    """A whole name, whatever its case, and never a part of one."""

    def choose(value: Token, loose: bool, me: Me) -> Choice:
        wanted = folded(value.text)
        return lambda job: any(folded(name) == wanted for name in read(job))

    return choose


_choose_name = choose_whole(one("user"))


def choose_user(value: Token, loose: bool, me: Me) -> Choice:
    if value.plain.lower() != "me":
        return _choose_name(value, loose, me)
    if not me:
        raise FilterError(_("your user name at this centre is not known"), value.start, _("write it out: user:NAME"))
    if isinstance(me, str):
        return lambda job: job.user == me
    names = dict(me)
    return lambda job: job.user is not None and names.get(job.site) == job.user


def choose_id(value: Token, loose: bool, me: Me) -> Choice:
    """`123` is the job, the array with all its tasks, or the het job with all its components."""
    wanted = value.text
    below = (wanted + "_", wanted + "+")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None
    return lambda job: job.id == wanted or job.id.startswith(below) or job.job_id == number


def node_test(value: Token, loose: bool) -> Callable[[str], bool]:
    """Whether a folded list of nodes holds this one; loose, also whether it is written with these letters."""
    wanted = folded(value.text)

    def holds(names: str) -> bool:
        if wanted in names:
            return loose or in_hostlist(wanted, names)
        return "[" in names and in_hostlist(wanted, names)

    return holds


def choose_node(value: Token, loose: bool, me: Me) -> Choice:
    holds = node_test(value, loose)
    return lambda job: any(holds(folded(names)) for names in places(job))


_HOST_PART = re.compile(r"(?:\[[^\]]*\]|[^,\[])+")


def in_hostlist(name: str, hostlist: str) -> bool:
    """Whether `h200-02` is one of `h200-[01-04,07],cpu-1`."""
    head, bracket, rest = hostlist.partition("[")
    if not bracket:
        return bool(name) and name in hostlist.split(",")
    if "," not in head and rest.find("]") == len(rest) - 1:  # as most are: `h200-[01-04,07]`
        if not name.startswith(head):
            return False
        number = name[len(head) :]
        if not (number.isascii() and number.isdigit()):
            return False
        for span in rest[:-1].split(","):
            first, dash, last = span.partition("-")
            if dash and len(first) == len(last) == len(number) and not first <= number <= last:
                continue  # written alike, and outside
            if _in_span(number, span):
                return True
        return False
    return any(_is_one_of(name, part) for part in _HOST_PART.findall(hostlist))


def _is_one_of(name: str, part: str) -> bool:
    if not name.startswith(part.partition("[")[0]):
        return False
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
    if not (number.isdecimal() and first.isdecimal() and last.isdecimal()):
        return False
    padded = number == number.lstrip("0").zfill(len(first))  # `08` is one of `[01-12]` and none of `[1-12]`
    return padded and int(first) <= int(number) <= int(last)
