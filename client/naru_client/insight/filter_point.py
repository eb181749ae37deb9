"""Pointing at a place in a filter: the text, and a line with a caret below the character at fault."""

import unicodedata
from collections.abc import Callable

from naru_client.text import MARK


def cells(text: str) -> int:
    """How many terminal cells a text takes; where a terminal's own table is at hand, use that instead."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def pointer(
    text: str, position: int, width: int, *, ellipsis: str = "…", measure: Callable[[str], int] = cells
) -> tuple[str, str]:
    """The text as it can be shown in `width` cells, and the line to put below it: blanks and a caret.

    `position` may be the text's length: the caret then stands behind its end. A text that is too long is cut so that
    the place is in view, with an ellipsis where something is missing. What is not printable is shown as U+FFFD.
    """
    shown = "".join(char if char.isprintable() else MARK for char in text)
    position = max(0, min(position, len(shown)))
    width = max(width, 4)
    if measure(shown[:position]) + max(1, measure(shown[position : position + 1])) <= width and (
        measure(shown) <= width
    ):
        return shown, " " * measure(shown[:position]) + "^"
    start = position
    room = width - 2 * measure(ellipsis)
    before = max(1, room * 2 // 3)  # what stands before the place says more than what follows
    while start > 0 and measure(shown[start - 1 : position + 1]) <= before:
        start -= 1
    end = position
    while end < len(shown) and measure(shown[start : end + 1]) <= room:
        end += 1
    head = ellipsis if start > 0 else ""
    tail = ellipsis if end < len(shown) else ""
    return head + shown[start:end] + tail, " " * measure(head + shown[start:position]) + "^"
