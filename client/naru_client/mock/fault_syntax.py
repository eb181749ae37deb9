"""Faults as they are written on a command line and in tests.

    KIND[:VALUE][@PATHS][#SHARE][,after=TIME][,for=TIME]

    latency:0.5           every answer comes half a second late
    latency:0.5+0.2       and up to a fifth of a second later than that
    status:503            HTTP 503 instead of an answer
    status:503/30         the same, with `Retry-After: 30`
    reset                 the connection is reset
    half                  the answer breaks off in the middle
    malformed             the answer is no JSON
    wrong-types           the answer is JSON with values of other types than the contract says
    hang:60               no answer for a minute, then the connection is closed; `hang`: for as long as one waits
    skew:90               the centre's clock is 90 seconds ahead; `skew:-90`: behind
    upgrade:30            nobody answers for 30 seconds, then the next release does; `upgrade:30/26.05.0`: that one

PATHS is a pattern that the request's path must match (`*/jobs`; a bare word is the end of a path: `jobs`), SHARE the
part of those requests that it befalls (`0.3`, or `30%`), drawn from the seed. TIME is in seconds, or with a unit
(`90s`, `5m`, `2h`, `1d`), by the centre's own clock, which a speed makes run faster: `after` counts from the opening,
`for` from there. `=` may stand for the `:`. Shells take `*` for themselves: quote a fault that has one.

Whole sets have names: `slow`, `flaky`, `overloaded`, `broken`, `signed-out`, `upgrade`. `none` takes away all that were
told before it, those of the scenario too. What is told is added to the faults that the scenario has.

    --faults slow --faults 'status:503/30@*/nodes#0.3' --faults none
"""

import re
from collections.abc import Iterable

import msgspec

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.mock.faults import check
from naru_client.mock.scenario import Fault
from naru_client.text import clean

BUNDLES = {
    "slow": ("latency:1.5+1.5",),
    "flaky": ("latency:0.1+0.4", "reset#0.1", "half#0.05", "status:502#0.05"),
    "overloaded": ("latency:1+3", "status:503/30#0.3", "status:429/15#0.1", "hang:60@jobs#0.1"),
    "broken": ("malformed#0.2", "wrong-types#0.4"),
    "signed-out": ("status:511,after=30",),
    "upgrade": ("upgrade:30,after=30",),
}
NONE = "none"

# What stands after the colon of each kind: whether it must, an example of it, and what its parts are.
KINDS = {
    "latency": (True, "latency:0.5+0.2", r"(?P<seconds>[^+]+)(?:\+(?P<jitter>.+))?"),
    "status": (True, "status:503/30", r"(?P<status>\d{3})(?:/(?P<retry_after>\d{1,7}))?"),
    "reset": (False, "reset", ""),
    "half": (False, "half", ""),
    "malformed": (False, "malformed", ""),
    "wrong-types": (False, "wrong-types", ""),
    "hang": (False, "hang:60", r"(?P<seconds>.+)"),
    "skew": (True, "skew:90", r"(?P<seconds>.+)"),
    "upgrade": (True, "upgrade:30/26.05.0", r"(?P<seconds>[^/]+)(?:/(?P<release>.+))?"),
}
_HEAD = re.compile(r"(?P<kind>[^:=@#]*)(?:[:=](?P<value>[^@#]*))?(?:@(?P<paths>[^#]*))?(?:#(?P<share>.*))?", re.DOTALL)
_TIME = re.compile(r"(-?\d+(?:\.\d*)?|-?\.\d+)([smhd]?)", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def with_faults(own: Iterable[Fault], told: Iterable[str]) -> tuple[Fault, ...]:
    """The faults of a scenario and those told besides, in order. Raises UsageError for one that cannot be read."""
    found = list(own)
    for text in told:
        if text == NONE:
            found.clear()
        elif text in BUNDLES:
            found += [parse_fault(part) for part in BUNDLES[text]]
        else:
            found.append(parse_fault(text))
    return tuple(found)


def parse_fault(text: str) -> Fault:
    """One fault as it is written. Raises UsageError saying what is wrong."""
    head, *options = text.split(",")
    parts = _HEAD.fullmatch(head)
    if parts is None:
        raise _wrong(text, _("it cannot be read"))
    kind = parts["kind"].strip()
    if kind not in KINDS:
        raise _no_kind(kind, text)
    told: dict[str, object] = {"kind": kind}
    told |= _value(kind, parts["value"], text)
    if parts["paths"] is not None:
        told["paths"] = _pattern(parts["paths"])
    if parts["share"] is not None:
        told["share"] = _share(parts["share"], text)
    for option in options:
        name, equals, value = option.partition("=")
        if name not in ("after", "for") or not equals:
            raise _wrong(text, _("{option} is neither after=TIME nor for=TIME").format(option=repr(clean(option, 60))))
        told[f"{name}-seconds"] = _time(value, text)
    try:
        return check(msgspec.convert(told, Fault))
    except UsageError as error:
        raise UsageError(error.message, _in(text)) from None


def written(fault: Fault) -> str:
    """A fault as `parse_fault` reads it."""
    parts: list[str] = [fault.kind]
    if fault.kind == "status":
        parts.append(f":{fault.status}" + (f"/{fault.retry_after}" if fault.retry_after is not None else ""))
    elif fault.seconds or fault.jitter:
        parts.append(f":{_number(fault.seconds)}" + (f"+{_number(fault.jitter)}" if fault.jitter else ""))
        parts.append(f"/{fault.release}" if fault.release else "")
    parts.append(f"@{fault.paths}" if fault.paths != "*" else "")
    parts.append(f"#{_number(fault.share)}" if fault.share != 1 else "")
    parts.append(f",after={_number(fault.after_seconds)}" if fault.after_seconds else "")
    parts.append(f",for={_number(fault.for_seconds)}" if fault.for_seconds is not None else "")
    return "".join(parts)


def _number(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _value(kind: str, value: str | None, text: str) -> dict[str, object]:
    needed, example, pattern = KINDS[kind]
    if value is None or not value.strip():
        if needed or value is not None:
            raise _wrong(text, _("{kind} needs a value, as in {example}").format(kind=kind, example=example))
        return {}
    if not pattern:
        raise _wrong(text, _("{kind} takes no value").format(kind=kind))
    match = re.fullmatch(pattern, value, re.ASCII)
    if match is None:
        raise _wrong(text, _("{kind} is written as in {example}").format(kind=kind, example=example))
    told: dict[str, object] = {}
    for name, part in match.groupdict().items():
        if part is None:
            continue
        if name in ("seconds", "jitter"):
            told[name] = _time(part, text)
        elif name == "release":
            told[name] = part
        else:
            told[name.replace("_", "-")] = int(part)
    return told


def _pattern(text: str) -> str:
    return text if not text or any(c in text for c in "*?[/") else f"*/{text}"


def _share(text: str, whole: str) -> float:
    number, percent = (text[:-1], True) if text.endswith("%") else (text, False)
    try:
        return float(number) / (100 if percent else 1)
    except ValueError:
        raise _wrong(whole, _("{share} is no share: write 0.3, or 30%").format(share=repr(clean(text, 60)))) from None


def _time(text: str, whole: str) -> float:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise _wrong(whole, _("{time} is no time: write 90, 90s, 5m, 2h or 1d").format(time=repr(clean(text, 60))))
    return float(match[1]) * _UNITS[match[2]]


def _no_kind(kind: str, text: str) -> UsageError:
    from difflib import get_close_matches

    known = (*KINDS, *BUNDLES, NONE)
    near = get_close_matches(kind.lower(), known, n=1)
    return UsageError(
        _("there is no fault named {name}").format(name=repr(clean(kind or text, 60))),
        _("did you mean {name}?").format(name=near[0])
        if near
        else _("faults: {kinds}; sets of them: {sets}").format(
            kinds=", ".join(KINDS), sets=", ".join((*BUNDLES, NONE))
        ),
    )


def _wrong(text: str, why: str) -> UsageError:
    return UsageError(_("the fault {text} is not right: {why}").format(text=repr(clean(text, 80)), why=why), form())


def _in(text: str) -> str:
    return _("it was told as {text}; {form}").format(text=repr(clean(text, 80)), form=form())


def form() -> str:
    return _("a fault is written KIND[:VALUE][@PATHS][#SHARE][,after=TIME][,for=TIME]")
