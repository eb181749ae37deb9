"""A table's columns while a person arranges them: which are shown, in what order, how wide, sorted by which. Pure."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from naru.kept import WIDEST, KeptColumn, KeptView
from naru.widgets.columns import Column, given_width

NARROWEST = 2  # cells; of a Hangul text one character


class Entry(Struct, frozen=True):
    """A column in the list: whether it is shown, and its width where a person gave one."""

    column: Column
    shown: bool
    width: int | None = None


class Draft(Struct, frozen=True):
    """Every column there is, in the order they stand; `usual` are the ids shown as built in or set."""

    entries: tuple[Entry, ...]
    usual: tuple[str, ...]
    sort: str = ""
    reverse: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns shown, as the table takes them."""
        return tuple(e.column if e.width is None else given_width(e.column, e.width) for e in self.entries if e.shown)

    @property
    def chosen(self) -> bool:
        """Whether other columns are shown than the usual, or in another order: then none of them gives way."""
        return tuple(e.column.id for e in self.entries if e.shown) != self.usual

    @property
    def own(self) -> bool:
        """Whether the columns, or their widths, are other than the usual."""
        return self.chosen or any(e.width is not None for e in self.entries if e.shown)

    @property
    def view(self) -> KeptView:
        """What to keep of it; without columns when they are the usual, so that these may still change."""
        columns = tuple(KeptColumn(e.column.id, e.width) for e in self.entries if e.shown) if self.own else ()
        return KeptView(columns, self.sort, self.reverse)

    def toggled(self, index: int) -> "Draft":
        """Shown, or hidden; the last that is shown stays."""
        entry = self.entries[index]
        if entry.shown and sum(e.shown for e in self.entries) == 1:
            return self
        return self._with(index, replace(entry, shown=not entry.shown))

    def moved(self, index: int, to: int) -> "Draft":
        """With that column at another place."""
        entries = list(self.entries)
        entries.insert(max(0, min(to, len(entries) - 1)), entries.pop(index))
        return replace(self, entries=tuple(entries))

    def widened(self, index: int, by: int) -> "Draft":
        """Wider, or narrower, than it is; from then on of a given width."""
        entry = self.entries[index]
        now = entry.column.width if entry.width is None else entry.width
        return self._with(index, replace(entry, width=max(NARROWEST, min(now + by, WIDEST))))

    def automatic(self, index: int) -> "Draft":
        """As wide as the table thinks."""
        return self._with(index, replace(self.entries[index], width=None))

    def sorted_by(self, index: int) -> "Draft":
        """Sorted by that column, then the other way round, then as usual; unchanged where it has no order."""
        column = self.entries[index].column
        if column.sort_key is None:
            return self
        if self.sort != column.id:
            return replace(self, sort=column.id, reverse=False)
        return replace(self, sort="" if self.reverse else column.id, reverse=not self.reverse)

    def default(self) -> "Draft":
        """As built in or set, in the usual order."""
        columns = {e.column.id: e.column for e in self.entries}
        return draft_of(tuple(columns.values()), KeptView(), self.usual)

    def _with(self, index: int, entry: Entry) -> "Draft":
        return replace(self, entries=(*self.entries[:index], entry, *self.entries[index + 1 :]))


def draft_of(known: Sequence[Column], view: KeptView, usual: Sequence[str] = ()) -> Draft:
    """What a kept view says of the columns there are: those shown first, the others after them.

    `usual` are the ids shown as built in or set, in their order; all when there are none. Ids that no column has are
    passed over.
    """
    columns = {column.id: column for column in known}
    usual = tuple(dict.fromkeys(i for i in usual if i in columns)) or tuple(columns)
    shown = {k.id: k.width for k in view.columns if k.id in columns} or dict.fromkeys(usual)
    entries = [Entry(columns[i], True, width) for i, width in shown.items()]
    entries += [Entry(column, False) for i, column in columns.items() if i not in shown]
    sort = view.sort if view.sort in columns and columns[view.sort].sort_key else ""
    return Draft(tuple(entries), usual, sort, view.reverse and bool(sort))
