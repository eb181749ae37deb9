"""A value as it was read: from where, when, and whether a later attempt failed."""

from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

T = TypeVar("T")


class Reading(Struct, Generic[T], frozen=True):
    """A value with its source and age.

    `source` names how it was read ("squeue on the login node", "slurmrestd v0.0.44 at host"); `as_of` is aware UTC.
    `warnings` are the centre's own words, cleaned. `error` is why the newest refresh failed, empty when it did not:
    the value is then the last good one, and stale.
    """

    value: T
    source: str
    as_of: datetime
    warnings: tuple[str, ...] = ()
    error: str = ""

    @property
    def stale(self) -> bool:
        return bool(self.error)

    def failed(self, error: str) -> "Reading[T]":
        """The same value, marked with the error of the refresh that did not replace it."""
        return replace(self, error=error)
