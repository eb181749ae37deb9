"""Which of a site's rules a request breaks, and the line to write instead. Pure."""

import posixpath
from collections.abc import Iterable, Iterator

import msgspec

from naru_client import i18n
from naru_client.i18n import _
from naru_client.insight.request import Given, Origin, Request, totals
from naru_client.insight.site_rules import (
    AnyRule,
    Checked,
    CoresPerAccelerator,
    Effect,
    Fields,
    NotGiven,
    RuleFinding,
    SiteRules,
    Submission,
    SubmitFrom,
    WallTime,
    holds_for,
)
from naru_client.text import clean

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")


def check(rules: SiteRules, requests: Iterable[Request], submission: Submission | None = None) -> Checked:
    """Every rule against every part, in the order of the file."""
    where = submission or Submission()
    findings: list[RuleFinding] = []
    unchecked: dict[str, str] = {}
    for request in requests:
        for rule in rules.rules:
            if not holds_for(rule, request, where) or (isinstance(rule, SubmitFrom) and request.part):
                continue
            try:
                findings += _breaches(rule, request, where)
            except _NotKnownError as error:
                unchecked[rule.id] = str(error)
    return Checked(tuple(findings), tuple(unchecked.items()))


class _NotKnownError(Exception):
    """What a rule asks about is not known; the words say what."""


def _breaches(rule: AnyRule, request: Request, where: Submission) -> Iterator[RuleFinding]:
    match rule:
        case SubmitFrom():
            yield from _submit_from(rule, where)
        case NotGiven():
            yield from _not_given(rule, request)
        case Fields():
            yield from _fields(rule, request)
        case CoresPerAccelerator():
            yield from _cores(rule, request)
        case WallTime():
            yield from _wall_time(rule, request)


def _found(
    rule: AnyRule,
    text: str,
    *,
    part: int = 0,
    origin: Origin | None = None,
    instead: str | None = None,
    effect: Effect | None = None,
) -> RuleFinding:
    why = rule.why.get(i18n.language) or rule.why.get("en", "")
    return RuleFinding(
        rule=rule.id,
        effect=effect or rule.effect,
        text=text,
        part=part,
        origin=origin,
        instead=None if instead is None else clean(instead),
        why=clean(why),
        source=clean(rule.source),
    )


def _submit_from(rule: SubmitFrom, where: Submission) -> Iterator[RuleFinding]:
    if where.directory is None:
        raise _NotKnownError(_("from which folder it is submitted is not known"))
    if where.user is None and any("{user}" in folder for folder in rule.under):
        raise _NotKnownError(_("who submits it is not known"))
    folders = [posixpath.normpath(folder.replace("{user}", where.user or "")) for folder in rule.under]
    here = posixpath.normpath(where.directory)
    if not any(here == folder or here.startswith(folder.rstrip("/") + "/") for folder in folders):
        text = _("jobs are submitted only from {folders}, and this is {here}").format(
            folders=", ".join(map(clean, folders)), here=clean(here)
        )
        yield _found(rule, text, instead=f"cd {quoted(folders[0])}")


def _not_given(rule: NotGiven, request: Request) -> Iterator[RuleFinding]:
    for one in (*request.overruled, *request.given):
        if one.option in rule.options:
            text = (
                _("{word} should not be given here") if rule.effect == "advice" else _("{word} may not be given here")
            )
            yield _found(
                rule,
                text.format(word=one.origin.word),
                part=request.part,
                origin=one.origin,
                instead=rewritten(one, None),
            )


def _fields(rule: Fields, request: Request) -> Iterator[RuleFinding]:
    one = request.option(rule.option)
    value = (one.value or "") if one else ""
    told, stray = _pairs(value)
    missing = [key for key in rule.fields if not told.get(key)]
    odd = [key for key, word in told.items() if word and key in rule.fields and word not in rule.fields[key]]
    better = f'--{rule.option}="{_filled(rule, told, value)}"'
    instead = f"#SBATCH {better}" if one is None else rewritten(one, better)
    if one is None:
        text = _("--{option} is missing: it must hold {keys}").format(option=rule.option, keys=_keys(rule))
        yield _found(rule, text, part=request.part, instead=instead)
        return
    if missing or stray:
        text = _("--{option} must hold {keys}, and is {value}").format(
            option=rule.option, keys=_keys(rule), value=clean(value) or "''"
        )
        yield _found(rule, text, part=request.part, origin=one.origin, instead=instead)
    for key in odd:
        text = (
            _("{key}={word} is none of those that this site takes")
            if rule.complete
            else _("{key}={word} is none of those known here; the site may take it")
        ).format(key=key, word=clean(told[key]))
        if rule.look_up:
            text += _(" (`{command}` lists them)").format(command=clean(rule.look_up))
        effect = rule.effect if rule.complete else "check"
        yield _found(rule, text, part=request.part, origin=one.origin, effect=effect)


def _pairs(value: str) -> tuple[dict[str, str], bool]:
    """`key=value;key=value` as a table; and whether anything in it is no such pair."""
    told: dict[str, str] = {}
    stray = False
    for item in value.split(";"):
        key, equals, word = item.partition("=")
        if equals:
            told[key.strip()] = word.strip()
        elif item.strip():
            stray = True
    return told, stray


def _filled(rule: Fields, told: dict[str, str], value: str) -> str:
    """What the option should hold: what was told where it fits, and `<key>` where a person must choose."""
    pairs = []
    for key, known in rule.fields.items():
        word = told.get(key) or (value.strip() if value.strip() in known else "")
        pairs.append(f"{key}={word or f'<{key}>'}")
    return ";".join(pairs)


def _keys(rule: Fields) -> str:
    return ";".join(f"{key}=…" for key in rule.fields)


def _cores(rule: CoresPerAccelerator, request: Request) -> Iterator[RuleFinding]:
    if not request.accelerators:
        return
    one = request.option("cpus-per-gpu")
    if request.cpus_per_gpu and one:
        if request.cpus_per_gpu > rule.most:
            text = _cores_text(rule, str(request.cpus_per_gpu))
            instead = rewritten(one, f"--cpus-per-gpu={rule.most}")
            yield _found(rule, text, part=request.part, origin=one.origin, instead=instead)
        return
    shared = totals(_without_exclusive(request))
    if shared.accelerators is None or shared.tasks is None:
        if request.cpus_per_task or request.tasks or request.tasks_per_node:
            raise _NotKnownError(_("how many processors and accelerators it comes to is not known"))
        return
    count = sum(device.count for device in shared.accelerators)
    cpus = shared.tasks * (request.cpus_per_task or 1)
    if not count or cpus <= rule.most * count:
        return
    fit = rule.most * count // shared.tasks
    one = request.option("cpus-per-task") or request.option("ntasks") or request.option("ntasks-per-node")
    mended = one is not None and one.option == "cpus-per-task" and fit >= 1
    yield _found(
        rule,
        _cores_text(rule, f"{cpus / count:g}"),
        part=request.part,
        origin=one.origin if one else None,
        instead=rewritten(one, f"--cpus-per-task={fit}") if one and mended else None,
    )


def _cores_text(rule: CoresPerAccelerator, cores: str) -> str:
    return _("it asks for {cores} processors for each accelerator, and at most {most} are given here").format(
        cores=cores, most=rule.most
    )


def _without_exclusive(request: Request) -> Request:
    return msgspec.structs.replace(request, exclusive=None)


def _wall_time(rule: WallTime, request: Request) -> Iterator[RuleFinding]:
    asked = request.time_limit
    one = request.option("time")
    if one is None and asked is None:
        return
    if not request.unlimited and (asked is None or asked <= rule.hours * 3600):
        return
    text = _("it asks for a time limit above {hours} hours").format(hours=rule.hours)
    better = f"--time={rule.hours}:00:00"
    yield _found(
        rule,
        text,
        part=request.part,
        origin=one.origin if one else None,
        instead=rewritten(one, better) if one else better,
    )


def rewritten(one: Given, better: str | None) -> str:
    """The line of that option with `better` in its place, or without it where that is None; "" for no line at all."""
    origin = one.origin
    if origin.source == "environment":
        variable = origin.word.partition("=")[0]
        return f"unset {variable}" if better is None else f"export {variable}={quoted(better.partition('=')[2])}"
    if origin.source == "option" or origin.line is None:
        return better or ""
    before, after = origin.before.rstrip(), origin.after.lstrip()
    parts = [part for part in (before, better or "", after) if part]
    if better is None and before.upper() in ("#SBATCH", "#SLURM") and (not after or after.startswith("#")):
        return ""
    return " ".join(parts)


def quoted(word: str) -> str:
    """A word as a shell and sbatch both read it back: in quotes where it holds more than plain characters."""
    bare = word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word
    if bare and set(bare) <= _PLAIN:
        return bare
    return "'" + bare.replace("'", "'\\''") + "'"
