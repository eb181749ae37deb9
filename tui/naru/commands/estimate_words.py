"""What `naru estimate` is told: a batch script, sbatch's own options, and shorter words for a shape; as sbatch's words.

Every option of sbatch can be given, long or short, before the script or after it. What Naru has an option of its own
for (`--profile`, `--version`, `--help`) and what only a site knows goes after `--`.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.slurm.batch_options import LONG, SHORT, Option
from naru_client.text import clean

OWN = ("profile", "version", "help", "usage")

_PLAIN_TIME = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m(?:in)?)?", re.IGNORECASE)
_NO_FILE = re.compile(r"[+-]?\d+|user|mcs|topo|exclusive|oversubscribe|off|no|set|[A-Z,]+", re.IGNORECASE)


class Told(Struct, frozen=True):
    """The script's name as it was typed ("-" is standard input, None for a shape) and the words of sbatch."""

    script: str | None
    words: tuple[str, ...]


class _Collect(argparse.Action):
    """Keeps an option as a word, in the order of all of them: the later of two wins, whichever it is."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        from naru.cli import Plain

        name, value = self.dest, values if isinstance(values, str) else None
        kept = list(getattr(namespace, "sbatch", ()))
        loose = isinstance(value, Plain) or (value is not None and not _NO_FILE.fullmatch(value))
        if self.nargs == "?" and loose:
            namespace.strays = [*getattr(namespace, "strays", ()), value]  # it needs no value: this is the next word
            value = None
        namespace.sbatch = [*kept, (name, value)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("script", nargs="*", metavar=_("SCRIPT"), help=_("a batch script; - is standard input"))
    shape = parser.add_argument_group(_("the shape of a job; any other option of sbatch is taken too"))
    takes = {"value": None, "maybe": "?", "nothing": 0}
    texts = {
        "gpus": ("[MODEL:]N", _("GPUs of the whole job")),
        "nodes": ("N[-M]", _("how many nodes")),
        "time": (_("TIME"), _("its time limit: 4h, 90m, 2d, or as sbatch has it")),
        "mem": (_("SIZE"), _("memory of each node: 64G")),
        "array": (_("INDEXES"), _("as an array: 1-100%%10 is of 100 tasks, 10 at once")),
        "account": (_("NAME"), _("whose grant it takes from")),
        "qos": (_("NAME"), _("its QOS")),
        "partition": (_("NAME"), _("the pool it names; the others are told too")),
    }
    shorts: dict[str, list[str]] = {}
    for letter, option in SHORT.items():
        if option.name not in OWN and letter != "h":
            shorts.setdefault(option.name, []).append(f"-{letter}")
    by_name: dict[str, tuple[Option, list[str]]] = {}
    for name, option in LONG.items():
        if name not in OWN and option.name not in OWN:
            by_name.setdefault(option.name, (option, shorts.get(option.name, [])))[1].append(f"--{name}")
    for name in (*texts, *(name for name in by_name if name not in texts)):
        option, flags = by_name[name]
        metavar, help_ = texts.get(name, (None, argparse.SUPPRESS))
        more: dict[str, Any] = {} if option.takes == "nothing" else {"metavar": metavar}
        shape.add_argument(
            *flags, action=_Collect, dest=name, nargs=takes[option.takes], default=argparse.SUPPRESS, help=help_, **more
        )
    shape.add_argument("--model", metavar=_("MODEL"), help=_("the model of its accelerators"))
    shape.add_argument("--npus", metavar="[MODEL:]N", help=_("NPUs of the whole job"))
    shape.add_argument("--cpus", metavar="N", help=_("processors on each node"))


def told(args: argparse.Namespace) -> Told:
    """Raises UsageError for what is no shape, several scripts, or nothing at all."""
    from naru.cli import Plain

    loose = [*getattr(args, "strays", ()), *args.script]
    scripts = [word for word in loose if not isinstance(word, Plain)]
    if len(scripts) > 1:
        raise UsageError(
            _("one script at a time: {names}").format(names=", ".join(map(clean, scripts))),
            _("arguments of the script itself are left out"),
        )
    given: list[tuple[str, str | None]] = list(getattr(args, "sbatch", ()))
    words = [*_shape(args, given), *(str(word) for word in loose if isinstance(word, Plain))]
    if not scripts and not words:
        raise UsageError(
            _("there is nothing to estimate"),
            _("name a batch script, or a shape: naru estimate --gpus 8 --model h100 --time 4h"),
        )
    return Told(scripts[0] if scripts else None, tuple(words))


def _shape(args: argparse.Namespace, given: Sequence[tuple[str, str | None]]) -> Iterator[str]:
    """The words of sbatch, what Naru has shorter words for put in its terms."""
    model: str | None = args.model
    wanted = [name for name, _value in given if name.startswith("gpus")]
    if model is not None and not re.fullmatch(r"[A-Za-z0-9_.-]+", model):
        raise UsageError(_("--model {name} is no model").format(name=repr(clean(model, 40))))
    if model is not None and not wanted and args.npus is None:
        raise UsageError(_("--model says nothing without --gpus or --npus"), _("as in --gpus 8 --model h100"))
    if model is not None and wanted and args.npus is not None:
        raise UsageError(_("--model may be that of --gpus or of --npus"), _("as in --gpus h100:8 --npus rngd:4"))
    nodes = 1
    for name, value in given:
        if name == "nodes" and value and value.isascii() and value.isdecimal():
            nodes = max(int(value[:9]), 1)
        if name.startswith("gpus") and model is not None and value is not None and ":" not in value:
            value = f"{model}:{value}"
        if name in ("time", "time-min") and value is not None:
            value = _time(value)
        yield f"--{name}" if value is None else f"--{name}={value}"
    if args.npus is not None:
        yield f"--gres={_npus(args.npus, model, nodes)}"
    if args.cpus is not None:
        yield f"--cpus-per-task={args.cpus}"


def _time(text: str) -> str:
    """`4h`, `90m`, `1d12h` in minutes; anything else as it is."""
    found = _PLAIN_TIME.fullmatch(text)
    if not text or found is None:
        return text
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return str((days * 24 + hours) * 60 + minutes)


def _npus(text: str, model: str | None, nodes: int) -> str:
    """NPUs of the whole job, as Slurm takes them: so many on each node."""
    named, colon, count = text.rpartition(":")
    if not (count.isascii() and count.isdecimal() and 0 < len(count) < 10 and int(count)):
        raise UsageError(_("--npus {text}: this must be a whole number above 0").format(text=repr(clean(text, 40))))
    number = int(count)
    if number % nodes:
        raise UsageError(
            _("{count} NPUs cannot be spread evenly over {nodes} nodes").format(count=number, nodes=nodes),
            _("Slurm takes NPUs by the node: give a multiple"),
        )
    name = named if colon else model
    return ":".join(filter(None, ("npu", name, str(number // nodes))))
