"""Calls written down and played back: the call log, captures in a folder, and centres made of recordings.

A capture is a folder with one file for each answer and `manifest.json`, which says what was asked, when, and how it was
answered. It holds what the centre said and nothing of how one signs in there: tokens are in neither calls nor answers.
"""

import errno
import os
import re
import stat
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from naru_client.centre import RECENT, Centre
from naru_client.errors import BadAnswer, NaruError, NotProvided, UsageError
from naru_client.exchange import Answer, Call, CallLog, CallRecord, Transport
from naru_client.i18n import _
from naru_client.slurm.centre import SlurmCentre
from naru_client.text import clean

if TYPE_CHECKING:
    from naru_client.slurm.centre import Source

SCHEMA = "naru.capture/1"
MANIFEST = "manifest.json"
LARGEST_FILE = 1 << 30
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

Moment = Annotated[datetime, Meta(tz=True)]


class LoggedTransport:
    """Puts every call that goes through another transport into a call log, with the site it went to where given."""

    def __init__(self, inner: Transport, log: CallLog, site: str = "") -> None:
        self._inner, self._log, self._site = inner, log, site

    @property
    def source(self) -> str:
        return self._inner.source

    async def send(self, call: Call) -> Answer:
        at = datetime.now(UTC)
        try:
            answer = await self._inner.send(call)
        except NaruError as error:
            self._add(at, call, (datetime.now(UTC) - at).total_seconds(), 0, error.message)
            raise
        except BaseException as error:  # cancelled: written down, then passed on
            self._add(at, call, (datetime.now(UTC) - at).total_seconds(), 0, type(error).__name__)
            raise
        self._add(at, call, answer.seconds, len(answer.body), outcome(answer))
        return answer

    async def close(self) -> None:
        await self._inner.close()

    def _add(self, at: datetime, call: Call, seconds: float, size: int, said: str) -> None:
        self._log.add(CallRecord(at, clean(call.shown, 2000), seconds, size, said, self._site))


def outcome(answer: Answer) -> str:
    """How a call ended, in a word: "ok", or the status that was not."""
    if answer.call.argv:
        return "ok" if answer.status == 0 else f"exit code {answer.status}"
    return "ok" if 200 <= answer.status < 300 else f"HTTP {answer.status}"


class RecordedAnswer(Struct, frozen=True, kw_only=True):
    """An answer as a manifest lists it; its body is in `file`."""

    key: str
    shown: str
    file: str
    status: int
    as_of: Moment
    seconds: float = 0.0
    content_type: str = ""
    separator: str = ""
    stderr: str = ""
    argv0: str = ""


class Manifest(Struct, frozen=True, kw_only=True):
    """What a capture holds. `form` says which questions were asked: "commands", or "rest" in the version `contract`."""

    schema: str = SCHEMA
    form: str
    site: str
    user: str | None = None
    contract: str = ""
    no_history: str = ""
    made: Moment
    answers: tuple[RecordedAnswer, ...] = ()


class RecordingTransport:
    """Writes every answer that another transport brings into a folder; `finish` completes it with its manifest."""

    def __init__(self, inner: Transport, folder: Path) -> None:
        self._inner, self._folder = inner, folder
        self._answers: dict[str, RecordedAnswer] = {}
        _make_folder(folder)

    @property
    def source(self) -> str:
        return self._inner.source

    async def send(self, call: Call) -> Answer:
        answer = await self._inner.send(call)
        name = f"{len(self._answers) + 1:02}-{re.sub(r'[^a-z0-9]+', '-', call.key.lower())[:40].strip('-')}"
        name += ".json" if answer.body.lstrip()[:1] in (b"{", b"[") else ".txt"
        _write(self._folder / name, answer.body)
        self._answers.setdefault(
            call.key,
            RecordedAnswer(
                key=call.key,
                shown=clean(call.shown, 2000),
                file=name,
                status=answer.status,
                as_of=answer.as_of,
                seconds=answer.seconds,
                content_type=answer.content_type,
                separator=call.separator,
                stderr=answer.stderr[:4096].decode("utf-8", "replace"),
                argv0=call.argv[0] if call.argv else "",
            ),
        )
        return answer

    async def close(self) -> None:
        """The inner transport belongs to whoever opened it."""

    def finish(self, manifest: Manifest) -> None:
        complete = replace(manifest, answers=tuple(self._answers.values()))
        _write(self._folder / MANIFEST, msgspec.json.format(msgspec.json.encode(complete), indent=1) + b"\n")


class ReplayTransport:
    """Answers calls by their key, from a capture."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self._answers = {a.key: a for a in manifest.answers}
        self._made = manifest.made

    @property
    def source(self) -> str:
        return _("recorded {when}").format(when=f"{self._made:%Y-%m-%d %H:%M} UTC")

    async def send(self, call: Call) -> Answer:
        recorded = self._answers.get(call.key)
        if recorded is None:
            held = ", ".join(sorted(k for k in self._answers)) or _("nothing")
            raise NotProvided(
                _("this recording does not hold {what}").format(what=clean(call.key, 60)),
                _("it holds: {what}").format(what=clean(held, 300)),
            )
        argv = (clean(recorded.argv0, 60), *call.argv[1:]) if recorded.argv0 else call.argv
        return Answer(
            call=replace(call, argv=argv, separator=recorded.separator or call.separator),
            status=recorded.status,
            body=_read(self._folder / recorded.file, os.O_NOFOLLOW),
            content_type=recorded.content_type,
            stderr=recorded.stderr.encode("utf-8", "replace"),
            as_of=recorded.as_of,
            seconds=recorded.seconds,
        )

    async def close(self) -> None:
        """There is nothing to close."""


async def capture(centre: Centre, folder: Path) -> tuple[tuple[str, str], ...]:
    """Ask a centre every list once and keep its answers in `folder`, which must be new or empty.

    Gives (collection, "" or why it is not in the capture). Raises UsageError for the folder, NotProvided for a centre
    whose dialect cannot be captured, and whatever the first question raises.
    """
    if not isinstance(centre, SlurmCentre):
        raise NotProvided(_("a centre of this kind cannot be captured yet"))
    recorder = RecordingTransport(centre.source.transport, folder)
    recorded = centre.over(recorder)
    questions: tuple[tuple[str, Callable[[], Awaitable[Any]]], ...] = (
        ("site", recorded.site),
        ("jobs", recorded.jobs),
        ("nodes", recorded.nodes),
        ("pools", recorded.pools),
        ("reservations", recorded.reservations),
        ("quotas", recorded.quotas),
        ("history", lambda: recorded.history(since=datetime.now(UTC) - RECENT, user=None)),
    )
    told: list[tuple[str, str]] = []
    for name, ask in questions:
        try:
            await ask()
            told.append((name, ""))
        except NaruError as error:
            if not told:
                raise
            told.append((name, error.message))
    source = centre.source
    recorder.finish(
        Manifest(
            form="rest" if hasattr(source, "version") else "commands",
            site=centre.id,
            user=centre.user,
            contract=getattr(source, "version", ""),
            no_history=centre.no_history,
            made=datetime.now(UTC),
        )
    )
    return tuple(told)


def open_replay(path: Path, log: CallLog) -> Centre:
    """A centre that answers from a recording: a folder made by `capture`, or a file holding one answer.

    Raises UsageError when it cannot be read, BadAnswer when it is not a recording.
    """
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if not is_folder:
        from naru_client.slurm.single_answer import open_single

        return open_single(path, _read(path))
    manifest = _read_manifest(path)
    transport = LoggedTransport(ReplayTransport(path, manifest), log)
    source: Source
    if manifest.form == "commands":
        from naru_client.slurm.commands import SlurmCommands

        source = SlurmCommands(transport, site=manifest.site)
    else:
        from naru_client.slurm.restd import SlurmRest

        source = SlurmRest(transport, site=manifest.site, version=manifest.contract)
    return SlurmCentre(source, user=manifest.user, reached_by="recording", no_history=manifest.no_history)


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not os.path.lexists(path):
        raise UsageError(
            _("{folder} is not a capture: there is no {name} in it").format(folder=clean(str(folder)), name=MANIFEST),
            _("`naru capture FOLDER` makes one"),
        )
    try:
        manifest = msgspec.json.decode(_read(path, os.O_NOFOLLOW), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(
            _("{path} cannot be read: {why}").format(path=clean(str(path)), why=clean(str(error), 200)),
            _("record it again with `naru capture`"),
        ) from None
    if manifest.schema != SCHEMA or manifest.form not in ("commands", "rest"):
        raise BadAnswer(
            _("{path} is of a form this version does not know ({schema})").format(
                path=clean(str(path)), schema=clean(f"{manifest.schema}, {manifest.form}", 60)
            )
        )
    for answer in manifest.answers:
        if os.path.basename(answer.file) != answer.file or answer.file in ("", ".", ".."):
            raise BadAnswer(_("{path} names a file outside its folder").format(path=clean(str(path))))
        if not answer.file.isprintable():
            raise BadAnswer(_("{path} names a file that cannot be one").format(path=clean(str(path))))
    if not all(EARLIEST < at < LATEST for at in (manifest.made, *(a.as_of for a in manifest.answers))):
        raise BadAnswer(_("{path} says that it was made at an impossible time").format(path=clean(str(path))))
    return replace(
        manifest,
        site=clean(manifest.site, 100),
        user=clean(manifest.user, 64) if manifest.user else None,
        contract=clean(manifest.contract, 20),
        no_history=clean(manifest.no_history, 300),
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(
                _("{folder} is not empty").format(folder=clean(str(folder))), _("give a new folder for the capture")
            )
        folder.chmod(0o700)
    except OSError as error:
        raise UsageError(
            _("cannot make the folder {folder}: {why}").format(
                folder=clean(str(folder)), why=clean(error.strerror or str(error))
            )
        ) from None


def _write(path: Path, body: bytes) -> None:
    """Other users must not read it: job names and paths are nobody's business but the reader's."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as stream:
            stream.write(body)
    except OSError as error:
        raise UsageError(
            _("cannot write {path}: {why}").format(path=clean(str(path)), why=clean(error.strerror or str(error)))
        ) from None


def _read(path: Path, flags: int = 0) -> bytes:
    """A regular file, never a pipe or a device, which could wait or go on for ever."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | flags)
        with os.fdopen(number, "rb") as stream:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise UsageError(
                    _("{path} is not a regular file").format(path=clean(str(path), 200)),
                    _("write the answer into a file first, and give that"),
                )
            body = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if len(body) > LARGEST_FILE:
        raise UsageError(_("{path} is too large to be a recording").format(path=clean(str(path))))
    return body


def _unreadable(path: Path, error: OSError | ValueError) -> UsageError:
    why = (error.strerror or str(error)) if isinstance(error, OSError) else _("no file can have that name")
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        why = _("it is a link, which no file of a capture is")
    return UsageError(
        _("cannot read {path}: {why}").format(path=clean(str(path), 200), why=clean(why)),
        _("`--replay` takes a folder made by `naru capture`, or a file with one answer"),
    )
