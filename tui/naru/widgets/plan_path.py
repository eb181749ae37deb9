"""The line in which the path of a batch script is typed, with the names in its folder. Out of sight until asked for."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from naru_client.i18n import _
from naru_client.text import MARK, clean

MOST_NAMES = 2000  # entries of a folder that are looked at
MOST_SHOWN = 200


class PathBox(Input):
    """Posts `Changed` with every key, `Submitted` with Enter, `Completing` with Tab, `Cancelled` with Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", _("Read it"), id="path.keep"),
        Binding("tab", "complete(1)", _("Complete"), id="path.complete", priority=True),
        Binding("down", "complete(1)", _("Complete"), show=False, id="path.next", priority=True),
        Binding("shift+tab,up", "complete(-1)", _("Complete backwards"), show=False, id="path.back", priority=True),
        Binding("escape", "cancel", _("Undo"), id="path.undo"),
    ]

    class Cancelled(Message):
        """What was planned before stays."""

    class Completing(Message):
        """The names that the path may go on with are wanted; the one after, or before, the present one."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(placeholder=_("path of a batch script; Tab completes it"), compact=True, id=id)
        self.cursor_blink = False  # it would write to an idle terminal

    def open(self, text: str) -> None:
        self.display = True
        self.put(text)

    def close(self) -> None:
        self.display = False

    def put(self, text: str) -> None:
        """Another path, with the cursor at its end."""
        self.value = text
        self.cursor_position = len(text)

    def action_complete(self, by: int) -> None:
        self.post_message(self.Completing(by))

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled())


def completions(typed: str) -> tuple[str, ...]:
    """The paths that begin with what was typed, folders with a slash behind, scripts before other files.

    Looks into one folder; nothing where that cannot be read. Names that no terminal can show are left out.
    """
    folder, name = os.path.split(typed)
    found = []
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            for _at, entry in zip(range(MOST_NAMES), entries, strict=False):
                if not entry.name.startswith(name) or (entry.name.startswith(".") and not name):
                    continue
                if MARK in clean(entry.name) or clean(entry.name) != entry.name:
                    continue
                found.append((not entry.is_dir(), entry.name))
    except (OSError, ValueError):
        return ()
    found.sort(key=lambda one: (one[0], not one[1].endswith((".sh", ".sbatch", ".slurm", ".job")), one[1]))
    return tuple(os.path.join(folder, one) + ("" if is_file else "/") for is_file, one in found[:MOST_SHOWN])


def common_start(paths: Sequence[str]) -> str:
    """What all of them begin with."""
    first, last = min(paths, default=""), max(paths, default="")
    same = (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]


def shown_path(path: str) -> str:
    """A path as a person reads it: cleaned, one's own folder as `~`."""
    home = str(Path.home())
    return clean("~" + path[len(home) :] if path.startswith(home + "/") else path)
