"""The fields a filter knows: what they are called, what they read of a job, and how a value for them is understood."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from naru_client.i18n import mark
from naru_client.insight import filter_columns as read
from naru_client.insight.filter_choices import (
    Choose,
    choose_id,
    choose_node,
    choose_state,
    choose_user,
    choose_whole,
    in_hostlist,
)
from naru_client.insight.filter_columns import STATE_CODES, Amount, column_text, one
from naru_client.insight.filter_text import Token, count, seconds, size
from naru_client.model import Job

__all__ = ["FIELDS", "STATE_CODES", "Field", "Figure", "Text", "column_text", "field_named", "in_hostlist"]


class Figure(Struct, frozen=True):
    """A field with a number.

    `read` gives it, or the moment since which it grows, or None where it is not told; `parse` understands a typed one.
    `key` names the attributes it is made of where jobs share few values of them and reading it is dear; `grows` tells
    that it may be a moment.
    """

    read: Callable[[Job], Amount]
    parse: Callable[[Token], float] = count
    key: tuple[str, ...] = ()
    grows: bool = False


class Text(Struct, frozen=True):
    """A field with text: the texts that may match. `choose` replaces the usual search where values mean more.

    `key` names the attributes that decide whether a job matches: jobs alike in them are looked at once. It is empty
    where nearly every job differs. `attribute` is set where the text is one attribute that nearly every job has to
    itself. `offers` gives the values to be proposed while typing.
    """

    read: Callable[[Job], Iterable[str]]
    choose: Choose | None = None
    key: tuple[str, ...] = ()
    attribute: str = ""
    offers: Callable[[Job], Iterable[str]] | None = None


class Field(Struct, frozen=True):
    """One field: its id, what else it is called, one line of help (translate it when shown), and an example."""

    id: str
    help: str
    example: str
    reads: Figure | Text
    aliases: tuple[str, ...] = ()


def _own(attribute: str) -> Text:
    """A text that nearly every job has to itself."""
    return Text(one(attribute), attribute=attribute)


def _whole(attribute: str, texts: Callable[[Job], Iterable[str]] | None = None) -> Text:
    """A name that is compared as a whole."""
    texts = texts or one(attribute)
    return Text(texts, choose_whole(texts), (attribute,), offers=texts)


def _number(attribute: str, parse: Callable[[Token], float] = count) -> Figure:
    def amount(job: Job) -> Amount:
        value: int | None = getattr(job, attribute)
        return value

    return Figure(amount, parse)


def _model(kind: str) -> Text:
    texts = read.models(kind)
    return Text(texts, key=("accelerators",), offers=texts)


def _how_many(kind: str) -> Figure:
    return Figure(read.how_many(kind), key=("accelerators",))


_ID = Text(one("id"), choose_id)
_USER = Text(one("user"), choose_user, ("site", "user"), offers=one("user"))
_SITE = Text(one("site"), key=("site",), offers=one("site"))
_STATE = Text(read.states, choose_state, ("state", "state_flags"), offers=read.states)
_REASON = Text(read.reasons, key=("reason", "reason_detail"), offers=read.reason_codes)
_NODE = Text(read.places, choose_node)

FIELDS: tuple[Field, ...] = (
    Field("id", mark("job, array or het job number"), "id:4711", _ID, ("job",)),
    Field("name", mark("part of the name"), "name:train", _own("name"), ("n",)),
    Field("user", mark("who submitted it; me is you"), "user:me", _USER, ("u",)),
    Field("account", mark("account it counts for"), "account:vision", _whole("account"), ("a",)),
    Field("pool", mark("partition"), "pool:h100", _whole("pool", read.pools), ("partition", "p", "queue")),
    Field("site", mark("part of the site's name"), "site:neuron", _SITE, ("cluster",)),
    Field("qos", mark("quality of service"), "qos:high", _whole("qos"), ("q",)),
    Field("state", mark("state: code, word or its beginning"), "state:pd,r", _STATE, ("s", "st")),
    Field("reason", mark("part of the reason for waiting"), "reason:qos", _REASON),
    Field("gpu", mark("part of the GPU model"), "gpu:h100", _model("gpu")),
    Field("npu", mark("part of the NPU model"), "npu:rngd", _model("npu")),
    Field("gpus", mark("number of GPUs"), "gpus>=8", _how_many("gpu")),
    Field("npus", mark("number of NPUs"), "npus>=8", _how_many("npu")),
    Field("nodes", mark("number of nodes"), "nodes>1", _number("nodes")),
    Field("node", mark("node it runs or is planned on"), "node:b200-02", _NODE, ("host",)),
    Field("cpus", mark("number of processors"), "cpus>=64", _number("cpus")),
    Field("memory", mark("memory"), "memory>=1T", _number("memory", size), ("mem",)),
    Field("wait", mark("time from submission to start, so far"), "wait>2h", Figure(read.wait, seconds, grows=True)),
    Field("elapsed", mark("time it has run"), "elapsed>1d", Figure(read.elapsed, seconds, grows=True), ("time",)),
    Field("limit", mark("time limit"), "limit<=4h", Figure(read.limit, seconds)),
    Field("priority", mark("priority"), "priority>10k", _number("priority"), ("prio",)),
    Field("comment", mark("part of the comment"), "comment:retry", _own("comment")),
)

_BY_NAME = {name: field for field in FIELDS for name in (field.id, *field.aliases)}


def field_named(name: str) -> Field | None:
    return _BY_NAME.get(name.lower())


def near_names(name: str) -> list[str]:
    """Fields that may have been meant."""
    from difflib import get_close_matches  # only ever needed for a mistake

    return get_close_matches(name.lower(), [field.id for field in FIELDS], 3, 0.6)
