"""FirecREST's operations on files: each is a command on the login node, with that command's manners.

`tail?bytes=N&skipHeading=true` is `tail --bytes=+N`: everything from the Nth byte on, exactly. Text is decoded before
it is sent, so that bytes which are no UTF-8 arrive as U+FFFD; `view` counts characters where it says bytes. No answer
may be as long as the limit, whichever command it comes from, and `download` is sent as base64 inside: what it can fetch
is three quarters of what is announced.
"""

import hashlib
import posixpath
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime

from naru_client.mock.files import DEVICE, ROOTS, Entry, Failure, Files
from naru_client.mock.firecrest_request import Refused, Request, remote
from naru_client.mock.wire_values import Body
from naru_client.mock.work_kinds import KOREA

MOST = 5 * 1024 * 1024  # bytes an operation may move: max_ops_file_size
NO_LOGIN = "Unable to establish SSH connection."
_LARGEST = (1 << 64) - 1  # what fits a coreutils number
_SEEKABLE = (1 << 63) - 1
_TOO_LARGE = "Value too large for defined data type"

Operation = Callable[["Shell", Request], Body | bytes]


def check_path(request: Request) -> str:
    """The path a request is about. Raises Refused for none, and for one outside the file systems that are served."""
    path = request.query.get("path")
    if path is None:
        raise Refused(400, "Unable to decode request and retreive the required path or source_path parameter.")
    if not path.startswith("/"):
        raise Refused(400, f"The provided path ({path}) is not an absolute path.")
    clean = posixpath.normpath(path)
    if not any(clean == root or clean.startswith(root + "/") for root in ROOTS):
        raise Refused(
            400,
            f"The provided path ({clean}) does not match any of the defined filesystem paths for the requested system "
            f"({request.system}).",
        )
    return path


class Shell:
    """What a user's commands find on the login node as of now; `files` is None for who cannot log in there."""

    def __init__(self, files: Files | None, now: float) -> None:
        self._files = files
        self._now = now

    def find(self, request: Request, complaint: str, *, status: int = 1) -> Entry:
        """What the path of a request names. Raises Refused with what the command says of it."""
        files, path = self._log_in(request)
        try:
            return files.find(path)
        except Failure as failure:
            raise remote(status, complaint.format(path=path, why=failure.words)) from None

    def _log_in(self, request: Request) -> tuple[Files, str]:
        """The files, and the path of a request as the shell there sees it."""
        path = check_path(request)
        if self._files is None:
            raise Refused(424, NO_LOGIN)
        # FirecREST puts the path between single quotes and never looks for more of them in it.
        if "\0" in path or path.count("'") % 2:
            raise remote(2, "bash: -c: line 1: unexpected EOF while looking for matching `''")
        return self._files, path.replace("'", "")

    def content(self, request: Request, complaint: str, reading: str) -> bytes:
        """What stands in the file that a request names."""
        entry = self.find(request, complaint)
        if entry.log is None:
            raise remote(1, reading.format(path=entry.path))
        return entry.log.read(self._now)

    def ls(self, request: Request) -> Body:
        numeric, deep = request.boolean("numericUid"), request.boolean("recursive")
        for name in ("showHidden", "dereference"):
            request.boolean(name)
        check_path(request)
        request.check()
        entry = self.find(request, "ls: cannot access '{path}': {why}", status=2)
        if not entry.folder:
            return {"output": [_listed(entry, entry.path, numeric)]}
        told: list[Body] = []
        folders = [(entry, "")]
        while folders:
            folder, before = folders.pop(0)
            try:
                children = self._log_in(request)[0].children(folder)
            except Failure as failure:
                raise remote(2, f"ls: cannot open directory '{folder.path}': {failure.words}") from None
            told += [_listed(child, before + child.name, numeric) for child in children]
            if deep:
                folders = [(c, f"{before}{c.name}/") for c in children if c.folder] + folders
        return {"output": told}

    def stat(self, request: Request) -> Body:
        request.boolean("dereference")
        check_path(request)
        request.check()
        entry = self.find(request, "stat: cannot statx '{path}': {why}")
        when = int(entry.modified)
        return {
            "output": {
                "mode": entry.mode, "ino": entry.number, "dev": DEVICE, "nlink": 2 if entry.folder else 1,
                "uid": entry.uid, "gid": entry.gid, "size": entry.size, "atime": when, "ctime": when, "mtime": when,
            }
        }  # fmt: skip

    def head(self, request: Request) -> Body:
        size, lines, rest = self._numbers(request, "skipTrailing")
        written = f"{'-' if rest else ''}{size or lines or 10}"
        content = self._part(request, "head", "bytes" if size else "lines", written)
        end = 10
        if lines is not None:
            end = -lines if rest else lines
        elif size is not None:
            end = -size if rest else size
        return _content(content, bool(size), 0, end)

    def tail(self, request: Request) -> Body:
        size, lines, rest = self._numbers(request, "skipHeading")
        written = f"{'+' if rest else ''}{size or lines or 10}"
        content = self._part(request, "tail", "bytes" if size else "lines", written)
        start = 10
        if lines is not None:
            start = lines if rest else -lines
        elif size is not None:
            start = size if rest else -size
        return _content(content, bool(size), start, -1)

    def _numbers(self, request: Request, opposite: str) -> tuple[int | None, int | None, bool]:
        size, lines = request.integer("bytes"), request.integer("lines")
        rest = request.boolean(opposite)
        check_path(request)
        request.check()
        if size and lines:
            raise Refused(400, "Only one of `bytes` or `lines` can be specified.")
        return size, lines, rest

    def _part(self, request: Request, command: str, what: str, written: str) -> bytes:
        """What head or tail prints for a number as it is written on their command line."""
        if not (request.integer("bytes") or request.integer("lines")):
            written = "10"  # without a number there is no option, and nothing to turn round
        _check_number(command, what, written)
        data = self.content(
            request, command + ": cannot open '{path}' for reading: {why}",
            command + ": error reading '{path}': Is a directory",
        )  # fmt: skip
        return (_head if command == "head" else _tail)(data, what, written)

    def view(self, request: Request) -> Body:
        size, offset = request.integer("size", MOST) or 0, request.integer("offset") or 0
        check_path(request)
        request.check()
        if offset < 0:
            raise Refused(400, "`offset` value must be an integer value equal or greater than 0")
        if size <= 0:
            raise Refused(400, "`size` value must be an integer value greater than 0")
        if size > MOST:
            raise Refused(400, f"`size` value must be less than {MOST} bytes")
        blocks = offset // size  # two blocks are fetched, and cut to size as characters
        if blocks > _SEEKABLE:
            raise remote(1, f"dd: invalid number: ‘{blocks}’: {_TOO_LARGE}")
        data = self.content(request, "dd: failed to open '{path}': {why}", "dd: error reading '{path}': Is a directory")
        if blocks * size > _SEEKABLE - size:
            raise remote(1, f"dd: {request.query['path']}: cannot skip: Invalid argument")
        text = _text(data[blocks * size : (blocks + 2) * size])
        return {"output": text[offset % size : offset % size + size]}

    def checksum(self, request: Request) -> Body:
        data = self.content(request, "sha256sum: {path}: {why}", "sha256sum: {path}: Is a directory")
        return {"output": {"algorithm": "SHA256", "checksum": hashlib.sha256(data).hexdigest()}}

    def file(self, request: Request) -> Body:
        files, path = self._log_in(request)
        try:
            entry = files.find(path)
        except Failure as failure:  # `file` says so on standard output, and that all went well
            return {"output": f"cannot open `{path}' ({failure.words})"}
        return {"output": "directory" if entry.log is None else _type(entry.log.read(self._now))}

    def download(self, request: Request) -> bytes:
        data = self.content(request, "base64: {path}: {why}", "base64: read error: Is a directory")
        _limited(b64encode(data))
        return data


OPERATIONS: dict[str, Operation] = {
    "ls": Shell.ls, "stat": Shell.stat, "head": Shell.head, "tail": Shell.tail, "view": Shell.view,
    "checksum": Shell.checksum, "file": Shell.file, "download": Shell.download,
}  # fmt: skip


def _content(found: bytes, counted_bytes: bool, start: int, end: int) -> Body:
    kind = "bytes" if counted_bytes else "lines"
    return {"output": {"content": _text(found), "contentType": kind, "startPosition": start, "endPosition": end}}


def _check_number(command: str, what: str, written: str) -> None:
    """Raise Refused for a number that head and tail do not take."""
    shown = written[1:] if written.startswith("-") else written
    digits = shown[1:] if shown.startswith("+") and command == "tail" else shown
    if not digits.isdecimal():
        raise remote(1, f"{command}: invalid number of {what}: ‘{shown}’")
    if int(digits) > _LARGEST:
        raise remote(1, f"{command}: invalid number of {what}: ‘{shown}’: {_TOO_LARGE}")


def _head(data: bytes, what: str, written: str) -> bytes:
    count, rest = abs(int(written)), written.startswith("-")
    if what == "bytes":
        return data[: max(0, len(data) - count)] if rest else data[:count]
    lines = _lines(data)
    return b"".join(lines[: max(0, len(lines) - count)] if rest else lines[:count])


def _tail(data: bytes, what: str, written: str) -> bytes:
    count, onward = abs(int(written)), written.startswith("+")
    if what == "bytes":
        return data[max(0, count - 1) :] if onward else data[max(0, len(data) - count) :]
    lines = _lines(data)
    return b"".join(lines[max(0, count - 1) :] if onward else lines[max(0, len(lines) - count) :])


def _lines(data: bytes) -> list[bytes]:
    """Lines with their newlines, as head and tail count them: by nothing but newlines."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _limited(output: bytes) -> bytes:
    if len(output) >= MOST:
        raise Refused(413, "Command output exceeded buffer limit.")
    return output


def _text(output: bytes) -> str:
    return _limited(output).decode("utf-8", "replace")


def _type(data: bytes) -> str:
    """What `file` takes a log for."""
    if not data:
        return "empty"
    escapes = ", with escape sequences" if b"\x1b" in data else ""
    overstriking = ", with overstriking" if b"\x08" in data else ""
    try:
        data.decode("ascii")
        kind = "ASCII text"
    except UnicodeDecodeError:
        try:
            data.decode("utf-8")
            kind = "Unicode text, UTF-8 text"
        except UnicodeDecodeError:
            kind = "Non-ISO extended-ASCII text"
    if b"\0" in data:
        return "data"
    long = ", with very long lines" if any(len(line) > 300 for line in data.split(b"\n")) else ""
    returns = ", with CR, LF line terminators" if b"\r" in data else ""
    return kind + long + returns + escapes + overstriking


def _listed(entry: Entry, name: str, numeric: bool) -> Body:
    """One line of `ls -l`. Its time is that of the site's clock and says nothing of the zone."""
    mode = entry.mode & 0o777
    letters = "".join(c if mode >> (8 - i) & 1 else "-" for i, c in enumerate("rwxrwxrwx"))
    return {
        "name": _quoted(name), "type": "d" if entry.folder else "-", "linkTarget": None,
        "user": str(entry.uid) if numeric else entry.owner, "group": str(entry.gid) if numeric else entry.group,
        "permissions": letters,
        "lastModified": datetime.fromtimestamp(int(entry.modified) + KOREA, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "size": str(entry.size),
    }  # fmt: skip


def _quoted(name: str) -> str:
    """A name as `ls --quoting-style=c` escapes it and FirecREST half unescapes it: controls stay escaped."""
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
    return "".join(known.get(c, f"\\{ord(c):03o}") if c < " " or c == "\x7f" else c for c in name)
