"""Taking a token out of what a centre sends back, in the forms that an echo may have. Pure."""

import re

from naru_client.credentials import Secret

SHOWN = "…"
SHORTEST = 6  # a token of fewer characters is none, and taking it out would take words apart


class Redaction:
    """Puts `…` where a token stands: as it is, quoted for a URL, and escaped for JSON or HTML."""

    def __init__(self, token: Secret | None) -> None:
        value = token.reveal() if token is not None else ""
        self._pattern = _pattern(value) if len(value) >= SHORTEST else None
        # no form changes letters and digits, and looking for them is what costs little in a long body
        self._unchanged = max(re.findall(r"[A-Za-z0-9]+", value), key=len, default="").encode()

    def body(self, body: bytes) -> bytes:
        if self._pattern is None or self._unchanged not in body:
            return body
        return self._pattern.sub(SHOWN.encode(), body)

    def text(self, text: str) -> str:
        return self.body(text.encode("utf-8", "replace")).decode()

    def __repr__(self) -> str:
        return "Redaction(…)"


def _pattern(token: str) -> re.Pattern[bytes]:
    return re.compile("".join(c if c.isalnum() else _forms(c) for c in token).encode())


def _forms(character: str) -> str:
    plain, code = re.escape(character), ord(character)
    return rf"(?:\\?{plain}|(?i:%{code:02x}|\\u{code:04x}|&#{code};|&#x{code:x};|&[a-z]{{2,6}};))"
