"""Where `naru logs` writes: lines of a log, cleaned for people, or bytes as they are.

The third gate of the command line beside those of `naru.output`, as a log is not printed by the page: to a terminal
goes text that is printable throughout, and colours of our own making; to a pipe the text alone, in UTF-8.
"""

import re
import select
from typing import IO

from naru.terminal import Paper
from naru_client.logs.encoding import Codec, decode_line, find_newline
from naru_client.logs.looks import looks_of, to_ansi

_PLAIN = bytes(range(0x20, 0x7F)) + b"\n"
_SGR = re.compile(rb"\x1b\[[0-9:;]*m")
TAB = 8
_WHOLE = 1 << 30  # characters: a line is not cut here


class LogOutput:
    """Standard output, as a place for logs."""

    def __init__(self, stream: IO[str], paper: Paper) -> None:
        self._stream = stream
        self._buffer = getattr(stream, "buffer", None)
        self._colours = paper.colours
        self._glyphs = paper.glyphs if paper.terminal else None
        self._encoding = (getattr(stream, "encoding", None) or "utf-8") if paper.terminal else "utf-8"
        self.terminal = paper.terminal
        self.in_line = False  # what was written last did not end its line

    def raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        if data:
            self._put(data)

    def lines(self, data: bytes, codec: Codec, prefix: str = "") -> None:
        """Write bytes of whole lines, cleaned, each with a prefix; a last one without its newline stays so."""
        if not data:
            return
        if not prefix and codec.unit == 1 and self._lines_as_a_whole(data, codec):
            return
        newline = len(codec.newline)
        parts: list[str] = []
        at = 0
        while at < len(data):
            end = find_newline(data, codec, at)
            if end < 0:
                parts.append(prefix + self._line(data[at:], codec))
                break
            parts.append(prefix + self._line(data[at:end], codec) + "\n")
            at = end + newline
        self.text("".join(parts))

    def text(self, text: str) -> None:
        """Write text that is harmless already, but for what the terminal's characters are."""
        if self._glyphs is not None and self._glyphs.ascii_only and not text.isascii():
            text = "\n".join(map(self._glyphs.text, text.split("\n")))
        self._put(text.encode(self._encoding, "replace"))

    def end_line(self) -> None:
        """Begin a new line where the last one is not ended."""
        if self.in_line:
            self._put(b"\n")

    def flush(self) -> None:
        self._stream.flush()

    def nobody_reads(self) -> bool:
        """Whether the other end of a pipe is gone: a log that is silent would never tell by writing."""
        if self.terminal:
            return False
        try:
            poll = select.poll()
            poll.register(self._stream.fileno(), 0)
            return any(event & select.POLLERR for _fd, event in poll.poll(0))
        except (OSError, ValueError):
            return False

    def _line(self, data: bytes, codec: Codec) -> str:
        looks = looks_of(decode_line(data, codec), _WHOLE)
        return to_ansi(looks) if self._colours else looks.text

    def _lines_as_a_whole(self, data: bytes, codec: Codec) -> bool:
        """Write many lines at once, where looking at each would change nothing but take its colours; whether it was."""
        if b"\x1b" in data and not self._colours:
            data = _SGR.sub(b"", data)
        if b"\t" in data and data.isascii():
            data = data.expandtabs(TAB)
        if not data.translate(None, _PLAIN):
            self._put(data)
            return True
        if codec.name != "utf-8":
            return False
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return False
        flat = text.replace("\n", " ")
        if not flat.isprintable() or looks_of(flat, _WHOLE).text != flat:
            return False
        self.text(text)
        return True

    def _put(self, data: bytes) -> None:
        if self._buffer is None:  # a test's
            self._stream.write(data.decode("utf-8", "replace"))
        else:
            self._buffer.write(data)
        self.in_line = not data.endswith(b"\n")
