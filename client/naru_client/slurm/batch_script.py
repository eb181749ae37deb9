"""A batch script, the options beside it and the environment, as the requests that sbatch would make of them. Pure.

The rules are sbatch's (https://slurm.schedmd.com/sbatch.html): directives stand before the first command, at the start
of a line; the environment goes over the script, options over both; the later of two options wins; `#SBATCH hetjob` and
a `:` among the options begin the next part of a heterogeneous job, for which some options go on and some do not.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from naru_client.i18n import _
from naru_client.insight.request import Asked, Given, Note, Origin
from naru_client.slurm.batch_options import OF_ONE_PART, Word, read_environment, read_words, wrong
from naru_client.slurm.batch_request import request_of
from naru_client.text import clean

_DIRECTIVES = ("#SBATCH", "#SLURM")
_FOREIGN = ("#BSUB", "#PBS")  # in the order in which sbatch looks for them; it heeds one kind
_SPACE = " \t\v\f\r"
MOST_PARTS = 1024  # of a heterogeneous job; Slurm takes more than anybody has asked for yet
_FOREIGN_REACH = 100  # lines that are no comment, up to which sbatch looks for them


class Directives(Struct, frozen=True):
    """The directives of a script: the words of each part, and what there is to say about the script."""

    parts: tuple[tuple[Word, ...], ...]
    foreign: Origin | None = None
    notes: tuple[Note, ...] = ()


def read_job(
    script: str | None,
    *,
    file: str = "",
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Asked:
    """What `sbatch OPTIONS FILE` would ask for. `options` are its words, without the script's name.

    Raises UsageError, with the file, line and word, for what sbatch could not read.
    """
    told = read_directives(script, file) if script is not None else Directives(((),))
    beside = _parts_of(options)
    from_environment, off = read_environment(environment or {})
    count = max(len(told.parts), len(beside))
    requests = []
    kept: list[Given] = []
    notes = list(told.notes)
    for part in range(count):
        # sbatch's own way: to parts beyond their own the last options apply again, and the script's do not.
        written, unknown = read_words(told.parts[part], file) if part < len(told.parts) else ([], [])
        given, more_unknown = read_words(beside[min(part, len(beside) - 1)])
        kept = [one for one in kept if one.option not in OF_ONE_PART] + written
        kept = [one for one in kept if one.option not in off] + from_environment + given
        unknown += more_unknown
        heeded = told.foreign if not any(one.option == "ignore-pbs" for one in kept) else None
        requests.append(request_of(kept, unknown, part, count, _word(heeded), notes))
        notes += [_unknown(one) for one in unknown if not any(note.origin == one.origin for note in notes)]
        if part == 0 and heeded is not None:
            notes.append(_foreign_note(heeded))
    if count > 1 and (made := next((one for one in requests if one.array), None)):
        raise wrong(made.origins["array"], _("a job of several parts cannot be an array"))
    return Asked(tuple(requests), tuple(notes))


def read_directives(script: str, file: str = "") -> Directives:
    """The `#SBATCH` lines of a script that count, as words. Raises UsageError for an open quote or a stray colon."""
    lines = script.split("\n")
    parts: list[list[Word]] = [[]]
    notes = list(_refusals(script, file))
    for at, line in enumerate(lines, 1):
        mark = next((one for one in _DIRECTIVES if line.startswith(one)), None)
        if mark is None:
            if _is_command(line):
                notes += _late(lines, at, file)
                break
            continue
        if mark == "#SLURM":
            notes.append(Note(_("#SLURM is read as #SBATCH, and was given up long ago"), _line(file, at, line)))
        if line[len(mark) :].lower().split()[:1] in (["hetjob"], ["packjob"]):
            parts.append([])
            if len(parts) > MOST_PARTS:
                raise wrong(
                    _line(file, at, line), _("Naru reads no more than {most} parts of a job").format(most=MOST_PARTS)
                )
        parts[-1] += _words(line, len(mark), at, file)
    return Directives(tuple(map(tuple, parts)), _foreign(lines, file), tuple(notes))


def _words(line: str, start: int, number: int, file: str) -> Iterator[Word]:
    """Words as sbatch cuts them: quotes of both kinds, a backslash before any character, and `#` begins a comment."""
    at = start
    while True:
        while at < len(line) and line[at] in _SPACE:
            at += 1
        if at == len(line) or line[at] == "#":
            return
        if line[at] == ":":
            raise wrong(_line(file, number, line), _("a colon cannot stand here: the next part begins with hetjob"))
        begin, value, quote = at, list[str](), ""
        while at < len(line) and (quote or line[at] not in _SPACE):
            letter = line[at]
            if letter == "\\":
                value.append(line[at + 1 : at + 2])
                at += 2
                continue
            if letter == quote:
                quote = ""
            elif quote:
                value.append(letter)
            elif letter in "\"'":
                quote = letter
            elif letter == "#":
                break
            else:
                value.append(letter)
            at += 1
        if quote:
            raise wrong(_line(file, number, line), _("the quote {quote} is not closed").format(quote=quote))
        at = min(at, len(line))
        if line[begin:at].lower() not in ("hetjob", "packjob"):
            yield Word("".join(value), number, line.rstrip("\r"), begin, at)


def _parts_of(options: Sequence[str]) -> list[list[Word]]:
    parts: list[list[Word]] = [[]]
    for word in options:
        if word == ":":
            parts.append([])
        else:
            parts[-1].append(Word(word))
    return parts


def _refusals(script: str, file: str) -> Iterator[Note]:
    """What sbatch looks at before it reads a word."""
    if not script.strip():
        yield Note(_("the script is empty: sbatch refuses it"), Origin("script", "", clean(file), 1), True)
        return
    first = script.split("\n", 1)[0]
    if not script.startswith("#!"):
        hint = _("the first line must begin with #! and name what runs the script: sbatch refuses it")
        yield Note(hint, _line(file, 1, first), True)
    if (nul := script.find("\0")) >= 0:
        yield Note(_("there is a NUL character in the script: sbatch refuses it"), _at(script, nul, file), True)
    if (dos := script.find("\r\n")) >= 0:
        yield Note(
            _("its lines end as on Windows (CR LF): sbatch refuses it. `dos2unix` or `sed -i 's/\\r$//'` mends it"),
            _at(script, dos, file),
            True,
        )


def _late(lines: Sequence[str], command: int, file: str) -> Iterator[Note]:
    for at, line in enumerate(lines[command:], command + 1):
        if line.startswith("#SBATCH"):
            text = _("this does not count: it stands after the first command, on line {line}").format(line=command)
            yield Note(text, _line(file, at, line))


def _foreign(lines: Sequence[str], file: str) -> Origin | None:
    for mark in _FOREIGN:
        commands = 0
        for at, line in enumerate(lines, 1):
            if line.startswith(mark):
                return _line(file, at, line)
            commands += not line.startswith("#")
            if commands > _FOREIGN_REACH:
                break
    return None


def _foreign_note(origin: Origin) -> Note:
    text = _(
        "sbatch heeds lines of {mark} too, and Naru does not read them: what the job comes to is not known. "
        "Write them as #SBATCH, or give --ignore-pbs"
    )
    return Note(text.format(mark=_word(origin)), origin)


def _word(origin: Origin | None) -> str | None:
    return None if origin is None else next(mark for mark in _FOREIGN if origin.word.startswith(mark))


def _unknown(one: Given) -> Note:
    text = _("no Slurm knows this option by itself: it is refused unless the site has added it")
    return Note(text, one.origin)


def _is_command(line: str) -> bool:
    bare = line.lstrip(_SPACE)
    return bool(bare) and not bare.startswith("#")


def _at(script: str, offset: int, file: str) -> Origin:
    number = script.count("\n", 0, offset) + 1
    return _line(file, number, script.split("\n")[number - 1])


def _line(file: str, number: int, line: str) -> Origin:
    return Origin("script", clean(line.strip(), 200), clean(file), number)
