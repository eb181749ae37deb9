"""What FirecREST's answers hold, and what its refusals mean. Pure: bytes in, structs and errors out."""

import stat
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from naru_client.errors import BadAnswer, NaruError, NotFound, NotProvided, Refused, SignInNeeded, Unreachable
from naru_client.exchange import Answer
from naru_client.i18n import _
from naru_client.logs.source import LogStat
from naru_client.text import clean

LATEST = 253_402_300_799  # the last second that a datetime can hold
BUSY = (408, 424, 429, 502, 503, 504)


class TooLong(Refused):
    """What was asked for is more than one answer may hold; less of it may be had."""


class FileFacts(Struct, frozen=True):
    """What `stat` tells of a path: size in bytes, times in epoch seconds."""

    size: int
    mode: int | None = None
    ino: int | None = None
    dev: int | None = None
    mtime: float | None = None

    @property
    def kind(self) -> str:
        """What it is instead of a regular file, in words; empty where it is one, or where that is not told."""
        if self.mode is None or stat.S_IFMT(self.mode) == 0 or stat.S_ISREG(self.mode):
            return ""
        if stat.S_ISDIR(self.mode):
            return _("it is a folder")
        if stat.S_ISFIFO(self.mode):
            return _("it is a pipe")
        if stat.S_ISCHR(self.mode) or stat.S_ISBLK(self.mode):
            return _("it is a device")
        if stat.S_ISSOCK(self.mode):
            return _("it is a socket")
        return _("it is no regular file")

    def as_log(self) -> LogStat:
        """The same as a log's reader knows it."""
        modified = None
        if self.mtime is not None and 0 <= self.mtime <= LATEST:
            modified = datetime.fromtimestamp(self.mtime, UTC)
        identity = None if self.ino is None or self.dev is None else (self.dev, self.ino)
        return LogStat(self.size, modified, identity)


class JobFiles(Struct, frozen=True, rename="camel"):
    """What FirecREST tells of a job beside its state."""

    job_id: str | int | None = None
    script: str | None = None
    standard_output: str | None = None
    standard_error: str | None = None


class _Stat(Struct):
    output: FileFacts


class _Content(Struct):
    content: str


class _Tail(Struct):
    output: _Content


class _View(Struct):
    output: str


class _Metadata(Struct):
    jobs: list[JobFiles] = []


class _Failure(Struct):
    message: Any = ""


def facts_in(body: bytes) -> FileFacts:
    """What `ops/stat` answers. Raises BadAnswer for what is none, and for a size that no file has."""
    facts: FileFacts = _decoded(body, _Stat).output
    if facts.size < 0:
        raise _garbled()
    return facts


def tail_in(body: bytes) -> str:
    """The text that `ops/tail` answers. Raises BadAnswer for what is none."""
    return _encodable(_decoded(body, _Tail).output.content)


def view_in(body: bytes) -> str:
    """The text that `ops/view` answers. Raises BadAnswer for what is none."""
    return _encodable(_decoded(body, _View).output)


def job_files_in(body: bytes, job_id: str) -> JobFiles | None:
    """What `jobs/{id}/metadata` answers of a job; None where it holds nothing of it."""
    jobs: list[JobFiles] = _decoded(body, _Metadata).jobs
    return next((job for job in jobs if job.job_id is None or str(job.job_id) == job_id), None)


def error_in(answer: Answer, what: str) -> NaruError | None:
    """What the status of an answer means; `what` is the cleaned path, or job, that was asked about.

    It knows for how long the centre asked to be left alone, whatever the status it asked that with.
    """
    error = _error(answer.status, answer.body, what)
    if error is not None and answer.retry_after is not None:
        error.retry_after = answer.retry_after
    return error


def refused_token() -> SignInNeeded:
    """The error for a token that FirecREST takes no longer; it says nothing of the token."""
    return SignInNeeded(
        _("FirecREST does not accept the token"),
        _("it may have expired: get a new one where the profile has its token from"),
    )


def _error(status: int, body: bytes, what: str) -> NaruError | None:
    if 200 <= status < 300:
        return None
    if status in (401, 511):
        return refused_token()
    words = _message(body)
    if status == 404 or "Not a directory" in words:
        return _missing(words, what)
    if status == 403:
        return Refused(
            _about(what, _("you may not read it")), _("its owner or a group of yours would have to allow it")
        )
    if status == 413 or (status == 400 and "value must be less than" in words):
        return TooLong(_about(what, _("it is more than FirecREST gives in one answer")))
    if status in BUSY:
        return Unreachable(
            _("FirecREST did not get an answer (HTTP {status}): {words}").format(status=status, words=words or "–"),
            _("it is asked again; if that lasts, the centre's support can say why"),
        )
    if 300 <= status < 400:
        return BadAnswer(
            _("FirecREST's address only redirects elsewhere (HTTP {status})").format(status=status),
            _("set `firecrest-url` in the profile to where FirecREST itself answers"),
        )
    if status == 400 and "filesystem paths" in words:
        return Refused(
            _about(what, _("FirecREST does not serve the file system it is on")),
            _("read it on a login node of the centre"),
        )
    if status in (400, 405, 422, 500):
        return Refused(_("FirecREST refused (HTTP {status}): {words}").format(status=status, words=words or "–"))
    if status > 500:
        return Unreachable(
            _("FirecREST did not get an answer (HTTP {status}): {words}").format(status=status, words=words or "–"),
            _("it is asked again; if that lasts, the centre's support can say why"),
        )
    return BadAnswer(_("FirecREST answered what it should not (HTTP {status})").format(status=status))


def _missing(words: str, what: str) -> NaruError:
    if "System not found" in words:
        return NotProvided(
            _("FirecREST knows no system of that name"),
            _("`firecrest-system` in the profile is the centre's name there"),
        )
    if "No such file" in words or "Not a directory" in words:
        return NotFound(_about(what, _("there is no such file")), _("it comes when the job writes for the first time"))
    if "Job not found" in words:
        return NotFound(_about(what, _("FirecREST knows no such job")))
    return NotProvided(
        _("FirecREST v2 does not answer at its address"),
        _("`firecrest-url` in the profile is where FirecREST answers, as in https://api.example.org/firecrest"),
    )


def _about(path: str, what: str) -> str:
    return _("{path}: {what}").format(path=path, what=what)


def _message(body: bytes) -> str:
    """What a refusal says, as one clean line; nothing where it is none of FirecREST's."""
    try:
        told = msgspec.json.decode(body[: 1 << 16], type=_Failure).message
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if not isinstance(told, str):
        return ""
    return clean(told.rpartition("error message:")[2] or told, 200).strip()


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _garbled() from None


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _garbled() from None
    return text


def _garbled() -> BadAnswer:
    return BadAnswer(
        _("what FirecREST answered cannot be read"), _("it is asked again; something in between may have cut it short")
    )
