"""The tokens of a simulated centre: JSON web tokens signed with HS256, as `scontrol token` makes them.

The key follows from the seed, so that a token can be made beside a running centre; it opens nothing but simulations.
Claims are Slurm's: `sun` the user, `iat` and `exp` epoch seconds by the clock of the centre.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

LIFESPAN = 1800.0  # seconds, Slurm's default
_HEADER = {"alg": "HS256", "typ": "JWT"}


class Keyring:
    """Makes and checks tokens with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of(cls, scenario: str, seed: int) -> "Keyring":
        """The key of a scenario and seed."""
        return cls(hashlib.sha256(f"naru-simulation/{scenario}/{seed}".encode()).digest())

    def __repr__(self) -> str:
        return "Keyring(…)"

    def mint(self, user: str, now: float, lifespan: float = LIFESPAN) -> str:
        """A token for a user, good for so many seconds from now."""
        claims = {"exp": int(now + lifespan), "iat": int(now), "sun": user}
        text = ".".join(_encoded(msgspec.json.encode(part)) for part in (_HEADER, claims))
        return f"{text}.{_encoded(self._sign(text))}"

    def user(self, token: str, now: float) -> str | None:
        """Whom a token belongs to; None when it is none of ours, not in force, or none at all."""
        text, _, signature = token.rpartition(".")
        try:
            head, claims = (msgspec.json.decode(_decoded(part)) for part in text.split("."))
            genuine = hmac.compare_digest(_decoded(signature), self._sign(text))
        except (ValueError, RecursionError, msgspec.DecodeError):  # deeply nested on purpose
            return None
        if not genuine or not isinstance(head, dict) or not isinstance(claims, dict) or head.get("alg") != "HS256":
            return None
        return _user(claims, now)

    def _sign(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()


def _user(claims: dict[str, Any], now: float) -> str | None:
    user, expires = claims.get("sun"), claims.get("exp")
    if not isinstance(user, str) or not user or not isinstance(expires, int | float):
        return None
    return user if now < expires else None


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
