"""A log outside the screen: saved byte by byte, or in the person's own pager."""

import asyncio
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from naru_client.errors import NaruError, Refused, UsageError
from naru_client.i18n import _
from naru_client.logs.encoding import decode_line, detect
from naru_client.logs.looks import plain
from naru_client.logs.source import LogSource
from naru_client.text import clean

LONGEST_LINE = 1 << 16  # bytes; what is longer is given in pieces
CHUNK = 1 << 20  # bytes that are copied at a time


async def save_log(source: LogSource, path: str, told: Callable[[int, int], None]) -> tuple[str, int]:
    """Write a log as it stands to a new file, readable by its owner; its path, and how many bytes those were.

    `told` is given how far that has come, and of how much. Raises NaruError when it cannot be read or written; a file
    that was begun is then taken away again, as it is when this is cancelled.
    """
    size = (await source.stat()).size
    try:
        path = _absolute(path)
        fd = await asyncio.to_thread(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(_("{path} is there already").format(path=clean(path)), _("choose another name")) from None
    except (OSError, ValueError) as error:
        raise _not_written(path, error) from None
    done = 0
    try:
        while done < size:
            chunk = await source.read(done, min(CHUNK, size - done))
            if not chunk.data:
                break
            writing = asyncio.ensure_future(asyncio.to_thread(_write, fd, chunk.data))
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:  # the thread goes on, and the number of a closed file may be another's
                await asyncio.wait({writing})
                raise
            done = chunk.until
            told(done, size)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(path)
        if isinstance(error, OSError):
            raise _not_written(path, error) from None
        raise
    finally:
        os.close(fd)
    return path, done


def page(path: str, environ: Mapping[str, str]) -> str:
    """Show a file in `$PAGER`, `less` where that is not set; why that was not possible, "" where it was.

    No control sequence of the log's reaches the terminal by it. `less` shows them as text when it is told to, and is
    (with -R, too, it lets links through); any other program is given the cleaned text.
    """
    try:
        words = shlex.split(environ.get("PAGER", "")) or ["less"]
    except ValueError:
        return _("PAGER cannot be read: {text}").format(text=clean(environ.get("PAGER", ""), 80))
    told = {name: value for name, value in environ.items() if name not in ("LESSOPEN", "LESSCLOSE")}
    before = signal.signal(signal.SIGINT, lambda *_told: None)  # Ctrl+C is the pager's; ignored, it would be there too
    try:
        if os.path.basename(words[0]) == "less":
            told["LESS"] = ""
            options = [word for word in words[1:] if not _lets_through(word)]
            subprocess.run([words[0], *options, "+G", "--", path], env=told, check=False)
        else:
            _page_cleaned(words, path, told)
    except OSError as error:
        return _("{program} cannot be started: {why}").format(program=clean(words[0]), why=clean(error.strerror or ""))
    finally:
        signal.signal(signal.SIGINT, before)
    return ""


def _lets_through(option: str) -> bool:
    """Whether an option of `less` may let control characters through (-r and -R, also among others), or runs a command
    of its own, which may."""
    if option.startswith("--"):
        return option[2:3] in ("r", "R", "")
    return option.startswith("+") or (option.startswith("-") and any(letter in option for letter in "rR"))


def _page_cleaned(words: Sequence[str], path: str, environ: Mapping[str, str]) -> None:
    """Give a program the lines of a file, cleaned, for as long as it reads them."""
    with open(path, "rb") as log, subprocess.Popen(list(words), env=environ, stdin=subprocess.PIPE) as pager:
        assert pager.stdin is not None
        with suppress(BrokenPipeError):
            codec = detect(log.read(4096))
            log.seek(codec.bom)
            if codec.unit > 1:  # its lines end in other bytes
                text = log.read().decode(codec.name, "replace").split("\n")
                pager.stdin.writelines(plain(line).encode() + b"\n" for line in text)
            else:
                while line := log.readline(LONGEST_LINE):
                    pager.stdin.write(plain(decode_line(line.rstrip(b"\n"), codec)).encode() + b"\n")
            pager.stdin.close()


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _not_written(path: str, error: OSError | ValueError) -> NaruError:
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return Refused(_("{path} cannot be written: {why}").format(path=clean(path), why=clean(why)))
