"""Lists that are decoded some at a time. Pure: how long each slice may take is for whoever takes them."""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

Slices = Generator[list[T], None, R]  # gives some of a list at a time, and returns what is to be said of the whole


def at_once(slices: Slices[T, R]) -> tuple[list[T], R]:
    """The whole list, and what its slices return."""
    found: list[T] = []
    while True:
        try:
            found += next(slices)
        except StopIteration as stop:
            return found, stop.value
