"""One finding of `naru doctor`."""

from typing import Literal

from msgspec import Struct


class Check(Struct, frozen=True, kw_only=True):
    """What was looked at, what was found, and what to do where that is not well. Holds no secret."""

    id: str
    state: Literal["ok", "warn", "problem"]
    subject: str
    found: str
    remedy: str = ""
