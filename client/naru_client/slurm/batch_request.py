"""The options that count for one job, as its request. Pure."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from naru_client.i18n import _
from naru_client.insight.request import AcceleratorWish, Given, MemoryWish, Note, Origin, Per, Request
from naru_client.slurm import batch_values as values
from naru_client.slurm.batch_options import place, wrong
from naru_client.text import clean

_TEXTS = {
    "job-name": "name", "account": "account", "qos": "qos", "constraint": "constraint", "reservation": "reservation",
    "nodelist": "node_list", "exclude": "exclude", "licenses": "licenses", "begin": "begin", "deadline": "deadline",
    "dependency": "dependency", "comment": "comment", "output": "stdout", "error": "stderr", "chdir": "work_dir",
}  # fmt: skip
_NUMBERS = {
    "ntasks": "tasks", "ntasks-per-node": "tasks_per_node", "ntasks-per-gpu": "tasks_per_gpu",
    "cpus-per-task": "cpus_per_task", "cpus-per-gpu": "cpus_per_gpu", "sockets-per-node": "sockets_per_node",
}  # fmt: skip
_GPUS: dict[str, Per] = {
    "gpus": "job", "gpus-per-node": "node", "gpus-per-task": "task", "gpus-per-socket": "socket",
}  # fmt: skip
_MEMORY: dict[str, Any] = {"mem": "node", "mem-per-cpu": "cpu", "mem-per-gpu": "gpu"}
_ONE_OF = (tuple(_MEMORY), ("cpus-per-task", "cpus-per-gpu"))
_SHARING = ("exclusive", "oversubscribe")
_EXCLUSIVE = {None: "node", "exclusive": "node", "user": "user", "mcs": "mcs", "topo": "topo"}


def request_of(
    given: Sequence[Given],
    unknown: Sequence[Given],
    part: int,
    parts: int,
    foreign: str | None,
    notes: list[Note],
) -> Request:
    """The request that these options make, the later before the earlier; what there is to say goes to `notes`.

    Raises UsageError, with file, line and word, for a value that sbatch or the controller refuses, and for two options
    of which only one may be given.
    """
    last: dict[str, Given] = {}
    overruled: list[Given] = []
    for one in given:
        if one.option in last:
            overruled.append(last.pop(one.option))
        last[one.option] = one
    for options in _ONE_OF:
        overruled += _only_one(last, options)
    overruled += _settle_sharing(last, notes)
    reader = _Reader(notes)
    for one in last.values():
        reader.read(one)
    reader.accelerators(last)
    return Request(
        part=part,
        parts=parts,
        given=tuple(_cleaned(one) for one in last.values()),
        overruled=tuple(_cleaned(one) for one in overruled),
        unknown=tuple(_cleaned(one) for one in unknown),
        origins=reader.origins,
        foreign=foreign,
        **reader.fields,
    )


class _Reader:
    """Collects the fields of a request, and where each comes from."""

    def __init__(self, notes: list[Note]) -> None:
        self.fields: dict[str, Any] = {}
        self.origins: dict[str, Origin] = {}
        self.notes = notes

    def read(self, one: Given) -> None:
        option, value = one.option, one.value or ""
        if field := _TEXTS.get(option):
            self.put(field, clean(value) or None, one)
        elif field := _NUMBERS.get(option):
            self.put(field, _value(one, values.number), one)
        elif option in _MEMORY:
            self.put("memory", MemoryWish(_value(one, values.memory), _MEMORY[option]), one)
        elif option == "nodes":
            self.put("nodes", _value(one, values.nodes), one)
        elif option == "time":
            limit = _value(one, values.duration)
            self.put("time_limit", limit, one)
            self.put("unlimited", limit is None, one)
        elif option == "time-min":
            self.put("least_time", _value(one, values.duration), one)
        elif option == "partition":
            self.put("pools", tuple(clean(name) for name in value.split(",") if name), one)
        elif option == "array":
            self.put("array", _value(one, values.array), one)
        elif option == "exclusive":
            self.exclusive(one)
        elif option in ("oversubscribe", "hold"):
            self.put(option, True, one)

    def put(self, field: str, value: Any, one: Given) -> None:
        self.fields[field] = value
        self.origins[field] = one.origin

    def exclusive(self, one: Given) -> None:
        how = one.value.lower() if one.value else None
        if how == "oversubscribe":
            self.put("oversubscribe", True, one)
        elif how in _EXCLUSIVE:
            self.put("exclusive", _EXCLUSIVE[how], one)
        else:
            raise wrong(one.origin, _("it may be user, mcs or topo, or have no value"))

    def accelerators(self, last: dict[str, Given]) -> None:
        wishes: list[AcceleratorWish] = []
        for option, per in _GPUS.items():
            if one := last.get(option):
                wishes += _value(one, partial(values.gpus, per=per, origin=one.origin))
        if gres := last.get("gres"):
            found, others = _value(gres, partial(values.resources, per="node", origin=gres.origin))
            wishes += self.not_twice(found, gres, last.get("gpus-per-node"))
            if others:
                self.put("other_resources", others, gres)
        if each := last.get("tres-per-task"):
            cpus, found = _value(each, partial(values.tres_per_task, origin=each.origin))
            wishes += found
            if cpus is not None and "cpus-per-task" not in last:
                self.put("cpus_per_task", cpus, each)
        if wishes:
            _one_way(wishes)
            self.fields["accelerators"] = tuple(wishes)
            self.origins["accelerators"] = wishes[0].origin or Origin("option", "")

    def not_twice(
        self, found: Sequence[AcceleratorWish], gres: Given, per_node: Given | None
    ) -> tuple[AcceleratorWish, ...]:
        """--gres=gpu beside --gpus-per-node: older versions count them once, newer ones refuse them."""
        if per_node is None or not any(wish.kind == "gpu" for wish in found):
            return tuple(found)
        text = _("newer versions of Slurm refuse this beside {other}").format(other=per_node.origin.word)
        self.notes.append(Note(text, gres.origin))
        return tuple(wish for wish in found if wish.kind != "gpu")


def _one_way(wishes: Sequence[AcceleratorWish]) -> None:
    """The controller refuses a kind that is asked for with a model here and without one there."""
    for wish in wishes:
        for other in wishes:
            if wish.kind == other.kind and wish.model and not other.model and wish.origin and other.origin:
                raise wrong(
                    other.origin,
                    _("it names no model, and {other} ({place}) does: Slurm takes only one way").format(
                        other=wish.origin.word, place=place(wish.origin)
                    ),
                )


def _only_one(last: dict[str, Given], options: Sequence[str]) -> list[Given]:
    """Those of the script and the command exclude each other, and put those of the environment aside: the answer."""
    found = [last[option] for option in options if option in last]
    firm = [one for one in found if one.origin.source != "environment"] or found
    if len(firm) > 1:
        first, second = firm[:2]
        raise wrong(
            second.origin,
            _("it cannot be given together with {other} ({place})").format(
                other=first.origin.word, place=place(first.origin)
            ),
        )
    aside = [one for one in found if one not in firm]
    for one in aside:
        del last[one.option]
    return aside


def _settle_sharing(last: dict[str, Given], notes: list[Note]) -> list[Given]:
    """Older versions take the later of --exclusive and --oversubscribe, newer ones refuse both together."""
    found = [one for one in last.values() if one.option in _SHARING]
    if len(found) < 2:
        return []
    text = _("newer versions of Slurm refuse this beside {other}").format(other=found[0].origin.word)
    notes.append(Note(text, found[1].origin))
    del last[found[0].option]
    return found[:1]


def _value(one: Given, read: Callable[[str], Any]) -> Any:
    try:
        return read(one.value or "")
    except ValueError as error:
        hint = _("a short option takes its value without =") if (one.value or "").startswith("=") else ""
        raise wrong(one.origin, str(error), hint) from None


def _cleaned(one: Given) -> Given:
    return Given(one.option, None if one.value is None else clean(one.value), one.origin)
