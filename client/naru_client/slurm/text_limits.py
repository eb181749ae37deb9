"""The limits and what counts against them, from the text of `scontrol show assoc_mgr`, in every version. Pure.

`GrpTRESMins=gres/gpu=600000(37),cpu=N(144)` is limit(usage), N for no limit. All of it is told in whole minutes, cut
off: what is shown as 37 is 37 minutes to 37 minutes and 59 seconds. The usage decays as the site has set.

A large site's answer is ten megabytes, nearly all of it noughts: amounts are read only of those that are looked at.
"""

import re
from functools import lru_cache

from msgspec import Struct

from naru_client.errors import BadAnswer
from naru_client.i18n import _
from naru_client.text import clean

LIMITS_ARGV = ("scontrol", "show", "assoc_mgr")

_AMOUNT = re.compile(r"([^=,\s]+)=(N|[0-9]{1,18})\(([0-9]{1,18})(?:\.[0-9]+)?\)")
_FIRST = re.compile(r"(\S*) Account=(.*?) UserName=(.*?)(?:\(\d+\))? Partition=(.*?) Priority=.* ID=([0-9]{1,18})\b")
_PARENT = re.compile(r"(.+)\((\d+)\)")
_QOS = re.compile(r"(.+)\(\d+\)\s*")


class Amount(Struct, frozen=True):
    """A limit, None for no limit, and what counts against it, both as told: minutes of a resource, or how many."""

    limit: int | None
    used: int


class Association(Struct, frozen=True, kw_only=True):
    """An account (`user` is None) or a user in it. The amounts are texts still, for `amounts`."""

    cluster: str
    account: str
    user: str | None
    partition: str | None
    id: int
    parent: str | None  # the account above an account; of a user it is the account
    held: str  # GrpTRES: how many at once
    minutes: str  # GrpTRESMins: used since the start, decayed
    run_minutes: str  # GrpTRESRunMins: what running jobs may still use up to their time limits


class QosLimits(Struct, frozen=True, kw_only=True):
    """The limits of a QOS over all its jobs, as those of an association."""

    name: str
    held: str
    minutes: str
    run_minutes: str


class Limits(Struct, frozen=True):
    """What one answer tells."""

    associations: tuple[Association, ...]
    qos: tuple[QosLimits, ...]


@lru_cache(maxsize=16384)
def amounts(text: str) -> dict[str, Amount]:
    """The amounts by resource, as Slurm names it ("gres/gpu:h100"). Not to be changed: the answer is shared."""
    return {
        clean(name): Amount(None if limit == "N" else int(limit), int(used))
        for name, limit, used in _AMOUNT.findall(text)
    }


def decode_limits(body: bytes) -> Limits:
    """The associations and QOS of LIMITS_ARGV.

    Raises BadAnswer for what is not such an answer. A record that cannot be read is left out: what it limits is then
    unknown, and its children say so by a parent that is not there.
    """
    text = body.decode("utf-8", "replace")
    upper, found, lower = text.partition("\nQOS Records")
    if "Association Records" not in upper and not found:
        raise BadAnswer(
            _("this is not what `scontrol show assoc_mgr` prints"),
            _("`naru doctor` says which Slurm answers here"),
        )
    associations = (_association(record) for record in upper.split("\nClusterName=")[1:])
    qos = (_qos(record) for record in lower.split("\nQOS=")[1:])
    return Limits(tuple(a for a in associations if a is not None), tuple(q for q in qos if q is not None))


def _association(record: str) -> Association | None:
    found = _FIRST.match(record)
    if found is None:
        return None
    cluster, account, user, partition, number = found.groups()
    parent = _PARENT.fullmatch(_line(record, "\n    ParentAccount=").partition(" L")[0])
    return Association(
        cluster=clean(cluster),
        account=clean(account),
        user=clean(user) or None,
        partition=clean(partition) or None,
        id=int(number),
        parent=clean(account) if user else (clean(parent[1]) if parent else None),
        held=_line(record, "\n    GrpTRES="),
        minutes=_line(record, "\n    GrpTRESMins="),
        run_minutes=_line(record, "\n    GrpTRESRunMins="),
    )


def _qos(record: str) -> QosLimits | None:
    name = _QOS.fullmatch(record.partition("\n")[0])
    if name is None:
        return None
    return QosLimits(
        name=clean(name[1]),
        held=_line(record, "\n    GrpTRES="),
        minutes=_line(record, "\n    GrpTRESMins="),
        run_minutes=_line(record, "\n    GrpTRESRunMins="),
    )


def _line(record: str, name: str) -> str:
    start = record.find(name)
    if start < 0:
        return ""
    start += len(name)
    end = record.find("\n", start)
    return record[start : end if end >= 0 else len(record)]
