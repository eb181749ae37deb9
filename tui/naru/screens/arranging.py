"""How a table's columns are arranged: as the person left them, else as set in config.toml, else as they are built."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from naru.screens.job_columns import chosen
from naru.widgets.columns import Column, given_width
from naru_client.insight.queue_view import Sorting

if TYPE_CHECKING:
    from textual.screen import Screen

    from naru.screens.base import Terminal


class Arrangement(Struct, frozen=True):
    """Columns, how many of them stay in view when the rest scrolls, and the order.

    `own`: a person's choice, so that none gives way. `ahead` are the first columns, which are there in any case,
    `usual` the ids that stand after them when nothing is kept, `usual_own` whether these are a person's choice too.
    """

    columns: tuple[Column, ...]
    ahead: tuple[Column, ...]
    usual: tuple[str, ...]
    usual_own: bool
    own: bool = False
    sort: str = ""
    reverse: bool = False

    @property
    def pinned(self) -> int:
        return len(self.ahead) + 1


def arranged(
    terminal: "Terminal", name: str, known: Mapping[str, Column], usual: Sequence[str], several: bool
) -> Arrangement:
    """The arrangement of the table of that name (`jobs`, `jobs-everybody`)."""
    settings = terminal.settings.columns
    configured = chosen(dict(known), settings.get(name, ()) or settings.get(name.partition("-")[0], ()))
    built = chosen(dict(known), usual, several)
    known = {**known, **{column.id: column for column in built}}  # beside a site some are narrower
    ahead = (known["site"],) if several and not configured else ()  # a person's own are taken as they are
    before = {column.id for column in ahead}
    columns = tuple(column for column in configured or built if column.id not in before)
    ids, usual_own, own = tuple(column.id for column in columns), bool(configured), bool(configured)
    kept = terminal.kept.view(name)
    if kept is not None:
        widths = {one.id: one.width for one in kept.columns if one.id in known and one.id not in before}
        if widths:
            columns = tuple(known[i] if width is None else given_width(known[i], width) for i, width in widths.items())
            own = usual_own or tuple(widths) != ids  # widths alone make no column scroll that gave way before
    sort, reverse = (kept.sort, kept.reverse) if kept else ("", False)
    return Arrangement(ahead + columns, ahead, ids, usual_own, own, sort, reverse)


def ask_arrangement(
    screen: "Screen[None]", terminal: "Terminal", name: str, title: str, known: Mapping[str, Column],
    now: Arrangement, sorting: Sorting | None, sample: Any | None, done: Callable[[], None],
) -> None:  # fmt: skip
    """Let the person arrange the columns of a table, keep what they choose, and call back when it is kept."""
    from msgspec.structs import replace

    from naru.kept import KeptView
    from naru.screens.columns import ColumnsScreen

    kept = terminal.kept.view(name) or KeptView()
    order = (sorting.id, sorting.reverse) if sorting else ("", False)

    def take(view: KeptView | None) -> None:
        if view is not None:
            terminal.keep_view(name, view)
            done()

    screen.app.push_screen(
        ColumnsScreen(
            tuple(known.values()),
            replace(kept, sort=order[0], reverse=order[1]),
            title,
            usual=now.usual,
            ahead=now.ahead,
            gives_way=not now.usual_own,
            sample=sample,
        ),
        take,
    )
