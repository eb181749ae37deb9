"""How far the work has come by what a line reports, in the shapes that the common frameworks print. Pure.

Numbers are taken as they are printed; what a line does not say is None.
"""

import math
import re
from collections.abc import Callable, Iterable
from functools import cache

from msgspec import Struct, structs

LONGEST = 4096  # characters of a line that are looked at


class Progress(Struct, frozen=True):
    """What a line reports. `step` counts within `epoch` where `in_epoch`, and from the beginning elsewhere.

    `percent` 0 to 100; `rate` with its unit as printed ("5.55it/s"); `eta` seconds; `sim_time` the time that a
    simulation has reached, in its own unit; `what` is a bar's own label.
    """

    step: int | None = None
    steps: int | None = None
    epoch: float | None = None
    epochs: int | None = None
    loss: float | None = None
    percent: float | None = None
    rate: str | None = None
    eta: float | None = None
    tokens_per_second: float | None = None
    sim_time: float | None = None
    in_epoch: bool = False
    what: str = ""

    @property
    def total_step(self) -> int | None:
        """Steps since the beginning, where the line says enough to tell."""
        if not self.in_epoch or self.step is None:
            return self.step
        if self.epoch is None or self.steps is None:
            return None
        return int(self.epoch) * self.steps + self.step

    @property
    def is_aside(self) -> bool:
        """Whether it counts something on the way (shards that are loaded, a validation), not the work itself."""
        return _aside(self.what) is not None


def _shape(pattern: str) -> Callable[[str], "re.Match[str] | None"]:
    """A search made when first used: a log is of one framework, seldom of two."""

    @cache
    def search() -> Callable[[str], "re.Match[str] | None"]:
        return re.compile(pattern).search

    return lambda text: search()(text)


_aside = _shape(
    r"(?i)load|fetch|download|map\b|filter|tokeniz|validat|sanity|saving|resolv|extract|generating \w+ split|\bval\b"
    r"|cach|compil|captur|prepar|\.(?:safetensors|bin|parquet|json|jsonl|gz|tar|zip|pt)\b|불러오|검증|컴파일"
)
_N = r"[-+]?(?:[0-9][0-9,_]{0,24}\.?[0-9]{0,24}(?:[eE][-+]?[0-9]{1,3})?|nan|NaN|NAN|inf|Inf)"
_I = r"([0-9][0-9,_]{0,17})"
_COUNT = r"([0-9]{1,9})"

# tqdm, and whoever draws as it does: "Epoch 3: 37%|███▋ | 371/1000 [01:07<01:53, 5.55it/s, loss=1.2]".
_bar = _shape(
    r"([0-9]{1,3})%\|[^|]*\| *([0-9]{1,18}(?:\.[0-9]{1,9})?)([kMGT]?)/([0-9]{1,18}(?:\.[0-9]{1,9})?)([kMGT]?) "
    r"\[[^<\]]{1,40}<([0-9]{1,9} days?, [0-9:]{1,20}|[0-9:?]{1,20})(?:, *([0-9.?]+ ?[^\],]{1,24}))?"
)
_uncertain_bar = _shape(r"(?:^|: ?)([0-9]{1,18})[a-zA-Z]{1,12} \[[0-9:]+, *([0-9.?]+ ?[^\],]{1,24})")
_losses = re.compile(rf"[Ll]oss['\"]?\s*[:=]?\s*['\"]?({_N})").finditer
_other_loss = re.compile(r"(?i)(?:eval|val|valid|validation|test|aux)[ _/.]*$").search
_epoch_of = _shape(r"[Ee]poch\W{1,4}([0-9]{1,9}(?:\.[0-9]{1,9})?)(?: ?(?:/|of) ?([0-9]{1,9}))?(?![0-9])")
_tokens = _shape(
    rf"(?:tps|tgs|[Tt]ok(?:ens?)?[/_](?:s|per_sec)(?:ec)?(?:ond)?|generation throughput)['\"]?\s*[:=]\s*({_N})"
)
_tokens_after = _shape(rf"({_N}) ?(?:tok|tokens?)/s(?! ?[:=])")
_units = {"": 1, "k": 1_000, "M": 1_000_000, "G": 10**9, "T": 10**12}


def progress_of(text: str) -> Progress | None:
    """What a cleaned line reports of the progress of the work; None for a line that reports none."""
    if len(text) > LONGEST:
        text = text[:LONGEST]
    for words, shape, read in _SHAPES:
        for word in words:
            if word in text:
                if (found := shape(text)) is not None:
                    return read(found, text)
                break
    return None


def latest(lines: Iterable[str], before: Progress | None = None) -> Progress | None:
    """The progress after some lines, in their order: the last that each of them said, since no line says all."""
    for line in lines:
        if (new := progress_of(line)) is not None:
            before = joined(before, new)
    return before


def joined(before: Progress | None, new: Progress) -> Progress:
    """Progress with what a later line reports. What counts something on the way does not stand for the work."""
    if before is None or before.is_aside:
        return new
    if new.is_aside:
        return before
    if new.step is None or (new.steps, new.what) == (before.steps, before.what):
        said = {name: value for name, value in structs.asdict(new).items() if value is not None and value is not False}
        return structs.replace(before, **{**said, "what": new.what or before.what})
    if before.step is not None:
        return new if new.loss is not None or new.in_epoch else structs.replace(new, loss=before.loss)
    return structs.replace(
        new,
        loss=new.loss if new.loss is not None else before.loss,
        epoch=new.epoch if new.epoch is not None else before.epoch,
        tokens_per_second=new.tokens_per_second if new.tokens_per_second is not None else before.tokens_per_second,
    )


def _whole(text: str | None) -> int | None:
    return int(re.sub("[,_]", "", text)) if text else None


def _real(text: str | None) -> float | None:
    return float(re.sub("[,_]", "", text)) if text else None


def _seconds(text: str) -> float | None:
    """A duration as bars write it: `01:53`, `1:01:07`, `2 days, 1:01:07`, `12s`; None for `?`."""
    days, _, clock = text.rpartition(", ")
    total = 0.0
    for part in clock.rstrip("s").split(":"):
        if not part.isdigit():
            return None
        total = total * 60 + int(part)
    return total + (86_400 * int(days.split()[0]) if days else 0)


def _with_rest(text: str, *, step: int | None = None, steps: int | None = None, **known: object) -> Progress:
    """Progress with what stands elsewhere in the line: loss, tokens, epoch."""
    if "epoch" not in known and "poch" in text and (epoch := _epoch_of(text)) is not None:
        known |= {"epoch": float(epoch[1]), "epochs": _whole(epoch[2])}
    if step is not None and steps and "percent" not in known:
        known["percent"] = min(100.0, 100 * step / steps)
    return structs.replace(Progress(step, steps, loss=_loss_in(text), tokens_per_second=_tokens_in(text)), **known)


def _loss_in(text: str) -> float | None:
    """The loss of training: not that of a validation."""
    if "oss" not in text:
        return None
    for found in _losses(text):
        if _other_loss(text, max(0, found.start() - 16), found.start()) is None:
            return _real(found[1])
    return None


def _tokens_in(text: str) -> float | None:
    if "tok" not in text and "Tok" not in text and "tps" not in text and "tgs" not in text:
        return None
    found = _tokens(text) or _tokens_after(text)
    return None if found is None else _real(found[1])


def _read_bar(found: "re.Match[str]", text: str) -> Progress:
    percent, done, unit, total, total_unit, left, rate = found.groups()
    label = text[: found.start()].strip(" |-").removesuffix(":")
    if text.count("%|") > 1:  # drawn over itself and not resolved: the last state counts
        return progress_of(text[found.end() :]) or Progress(percent=float(percent), what=label)
    return _with_rest(
        text, step=int(float(done) * _units[unit]), steps=int(float(total) * _units[total_unit]),
        percent=float(percent), rate=None if rate is None or "?" in rate else rate.strip(), eta=_seconds(left),
        in_epoch=label.casefold().startswith("epoch"), what=label,
    )  # fmt: skip


def _read_uncertain(found: "re.Match[str]", text: str) -> Progress:
    done, rate = found.groups()
    label = text[: found.start()].strip(" |-")
    return _with_rest(text, step=int(done), rate=None if "?" in rate else rate.strip(), what=label)


def _read_dict(found: "re.Match[str]", text: str) -> Progress | None:
    values = dict(re.findall(rf"['\"]([a-zA-Z_/]+)['\"]: ?['\"]?({_N})", text))
    step = _real(values.get("step") or values.get("global_step") or values.get("iteration"))
    loss = values.get("loss") or values.get("train_loss") or values.get("train/loss")
    if loss is None and step is None:
        return None
    tokens = values.get("tokens_per_second") or values.get("tps") or values.get("tgs")
    return Progress(
        step=int(step) if step is not None and math.isfinite(step) else None,
        epoch=_real(values.get("epoch")),
        loss=_real(loss),
        tokens_per_second=_real(tokens),
    )


def _read_steps(found: "re.Match[str]", text: str) -> Progress | None:
    if "validation" in text:
        return None
    numbers = [_whole(number) for number in found.groups() if number]
    return _with_rest(text, step=numbers[0], steps=numbers[1] if len(numbers) > 1 else None)


def _read_batches(found: "re.Match[str]", text: str) -> Progress:
    epoch, step, steps = found.groups()
    return _with_rest(text, step=_whole(step), steps=_whole(steps), epoch=float(epoch), in_epoch=True)


def _read_keras(found: "re.Match[str]", text: str) -> Progress:
    left = re.search(r"ETA: ([0-9:]{1,20}s?)", text)
    return _with_rest(
        text, step=int(found[1]), steps=int(found[2]), in_epoch=True, eta=_seconds(left[1]) if left else None
    )


def _read_epoch(found: "re.Match[str]", text: str) -> Progress:
    return _with_rest(text, epoch=float(found[1]), epochs=_whole(found[2]))


def _read_time(found: "re.Match[str]", text: str) -> Progress:
    return Progress(sim_time=float(found[1]))


def _read_gromacs(found: "re.Match[str]", text: str) -> Progress:
    return Progress(step=int(found[1]), sim_time=float(found[2]))


def _read_tokens(found: "re.Match[str]", text: str) -> Progress:
    return Progress(tokens_per_second=_tokens_in(text))


Read = Callable[["re.Match[str]", str], Progress | None]


_LEAD = r"^(?:.{0,60}[ \]])?"
_NAMED_STEP = r"(?:(?:[Gg]lobal|[Tt]raining|[Tt]rain)[ _])?[Ss]tep"
# The first shape that fits is read, looked for only where one of its words stands.
_SHAPES: tuple[tuple[tuple[str, ...], Callable[[str], "re.Match[str] | None"], Read], ...] = (
    (("%|",), _bar, _read_bar),
    (("loss'", 'loss"'), _shape(r"\{.*['\"](?:train[_/])?loss['\"]: ?"), _read_dict),
    (
        ("iteration", "Iteration"),
        _shape(rf"(?:^|[ \]])[Ii]teration\s*:?\s+{_I}(?:\s*/\s*{_I})?(?=\s*[|,:]|$| \()"),
        _read_steps,
    ),
    (
        ("Epoch", "epoch"),
        _shape(_LEAD + rf"[Ee]poch:? ?\[?{_COUNT}\]?(?:/[0-9]+\])?[ ,:]*\[ *{_COUNT}/ ?{_COUNT}(?: \([0-9]+%\))?\]"),
        _read_batches,
    ),
    (
        ("step", "Step"),
        _shape(
            rf"(?:^|[ \[({{|,:]){_NAMED_STEP}s?['\"]?"
            rf"(?:\s*[:=]\s*\[?{_I}(?:\s*(?:/|of)\s*{_I})?|\s+\[?{_I}\s*(?:/|of)\s*{_I})(?=[\s,;|:\])}}-]|$)"
            rf"|(?:^|[\])] |- |[0-9]:[0-9]{{2}} ){_NAMED_STEP}\s+{_I}(?=[,:| ]|$)"
        ),
        _read_steps,
    ),
    (("iter",), _shape(_LEAD + rf"iter(?: |: ?|=)\[?{_I}(?:/{_I})?(?=[\s,:\]])"), _read_steps),
    (("/",), _shape(rf"^ *{_COUNT}/{_COUNT} *(?:\[[=>.]+\]|[━╸ ]{{5,}})"), _read_keras),
    (("/",), _shape(rf"^(?:.{{0,40}}[\] ])?(?:shard|batch|Batch|chunk|sample) {_I}/{_I}(?![0-9])"), _read_steps),
    (
        ("Epoch", "epoch"),
        _shape(_LEAD + rf"[Ee]poch[: ]+\[?{_COUNT}(?: ?(?:/|of) ?{_COUNT})?(?=[\s,:\]]|$)"),
        _read_epoch,
    ),
    (("Time = ",), _shape(r"^Time = ([0-9]{1,18}(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,3})?)s?$"), _read_time),
    (("  ",), _shape(r"^ {3,}([0-9]{1,18}) {3,}([0-9]{1,18}\.[0-9]{5})$"), _read_gromacs),
    (("tok", "tps"), _shape("tok(?:ens?)?/s|tps:"), _read_tokens),
    (("it [", "s ["), _uncertain_bar, _read_uncertain),
)


_checkpoint = _shape(
    r"(?i)(?:"
    r"(?:successfully )?saved (?:a )?(?:model |training )?(?:checkpoint|state|weights)(?: from iteration +[0-9]+)?"
    r"(?: to| at| in)?:? +"
    r"|saving model checkpoint (?:to|in):? +"
    r"|saving model to +"
    r"|(?:checkpoint|model|weights|state) (?:was |has been )?(?:saved|written) (?:to|in|at|as):? +"
    r"|saving checkpoint to +"
    r"|\[Torch\] saved "
    r"|saving the final checkpoint at (?=step )"
    r"|writing (?:checkpoint, |fields at step [0-9]+ → )"
    r"|(?:체크포인트|모델)(?:을|를)? ?저장(?:했습니다|함|됨| 완료):? +"
    r")['\"`]?((?:step [0-9]+)|[^\s'\"`,;]+)"
)
_named = re.compile("[A-Za-z가-힣]").search
_CHECKPOINT_WORDS = ("aved ", "aving ", "riting ", "aved: ", "저장", "ritten ")


def checkpoint_of(text: str) -> str | None:
    """The checkpoint that a cleaned line says was saved, by its path or step as printed. Of frameworks that say both
    when they begin and when they are done, only the latter counts."""
    for word in _CHECKPOINT_WORDS:
        if word in text:
            found = _checkpoint(text[:LONGEST])
            name = "" if found is None else found[1].rstrip(".:")
            return name if _named(name) is not None and name not in ("in", "at", "to", "with", "and", "for") else None
    return None
