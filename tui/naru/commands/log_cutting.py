"""Bytes of a log as they come, cut into whole lines: each byte once, in bounded memory whatever the lines are. Pure."""

from naru_client.logs.encoding import Codec, detect, rfind_newline

LONGEST = 1 << 16  # bytes of a line without an end that are kept; then it goes on in pieces
_STATE = 1 << 10  # bytes that the state of a progress bar may have


class Cutter:
    """Takes chunks that follow one another and gives what is whole. A first chunk from offset 0 tells the encoding
    where `codec` is not given.

    Of a line that is longer than `longest` the beginning is given without its end; where carriage returns rewrite it,
    its earlier states are dropped instead.
    """

    def __init__(self, codec: Codec | None, *, longest: int = LONGEST) -> None:
        self._codec = codec
        self._longest = longest
        self._rest = b""
        self._at = 0  # the offset of the rest's first byte

    @property
    def codec(self) -> Codec:
        return self._codec or Codec("utf-8")

    @property
    def rest(self) -> bytes:
        """What there is of a line that has no end yet."""
        return self._rest

    def feed(self, offset: int, data: bytes) -> bytes:
        """What is whole after one more chunk: lines with their newlines, at times the beginning of a very long one."""
        if self._codec is None:
            self._codec = detect(data, data, offset)
        codec = self._codec
        if offset == 0:
            data, offset = data[codec.bom :], codec.bom
        if not self._rest:
            self._at = offset
        whole = self._rest + data if self._rest else data
        newline = rfind_newline(whole, codec, None, self._at)
        end = newline + len(codec.newline) if newline >= 0 else 0
        self._rest = whole[end:]
        self._at += end
        if len(self._rest) <= self._longest:
            return whole[:end]
        self._forget_states()
        extra = b""
        if len(self._rest) > self._longest:
            cut = self._boundary(len(self._rest))
            extra, self._rest = self._rest[:cut], self._rest[cut:]
            self._at += cut
        return whole[:end] + extra

    def take_rest(self, *, whole_characters: bool = False) -> bytes:
        """The line without an end, as far as it has come, not to be given again; but for half a character at its end,
        where that is wanted."""
        cut = self._boundary(len(self._rest)) if whole_characters else len(self._rest)
        taken, self._rest = self._rest[:cut], self._rest[cut:]
        self._at += cut
        return taken

    def begin_anew(self, codec: Codec | None = None) -> None:
        """What comes next is another file's."""
        self._codec = codec
        self._rest, self._at = b"", 0

    def _forget_states(self) -> None:
        """Keep the last states of a progress bar only."""
        unit = self.codec.unit
        if unit > 1:
            return
        cut = self._rest.rfind(b"\r", 0, max(0, len(self._rest) - _STATE)) + 1
        self._rest = self._rest[cut:]
        self._at += cut

    def _boundary(self, end: int) -> int:
        """The last place up to `end` where no character is cut in two."""
        codec, rest = self.codec, self._rest
        if codec.unit > 1:
            end -= (self._at + end) % codec.unit
            high = end - 1 if codec.name == "utf-16-le" else end - 2
            return end - 2 if end >= 2 and 0xD8 <= rest[high] <= 0xDB else end
        if codec.name == "cp949":
            lead = end
            while lead and rest[lead - 1] >= 0x80:
                lead -= 1
            return end - (end - lead) % 2
        for back in range(1, min(4, end) + 1):
            byte = rest[end - back]
            if byte & 0xC0 != 0x80:
                long = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
                return end - back if long > back else end
        return end
