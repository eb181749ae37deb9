"""What a person arranged in the terminal and finds again: `$XDG_STATE_HOME/naru/views.json`, which Naru alone writes.

Nothing of it is needed to start: an unreadable file is told of once and set aside with the next change, and where
nothing can be written everything holds until Naru is left.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from naru_client.errors import UsageError
from naru_client.files import read_regular, why_unreadable
from naru_client.i18n import _
from naru_client.text import clean

VERSION = 1  # raised with every new field: an older Naru would lose it when it writes
WIDEST = 200
MOST_FILTERS, LONGEST_NAME, LONGEST_FILTER = 200, 40, 1000  # together far below what `read_regular` takes

_NAME = re.compile(rf"[\w-]{{1,{LONGEST_NAME}}}")


class KeptColumn(Struct, frozen=True, omit_defaults=True):
    """A column that is shown, and how wide; None leaves the width to the table."""

    id: str
    width: Annotated[int, Meta(ge=1, le=WIDEST)] | None = None


class KeptView(Struct, frozen=True, omit_defaults=True):
    """How a table is arranged. No columns: as it is built or set; `sort` is a column's id, "" the usual order."""

    columns: tuple[KeptColumn, ...] = ()
    sort: str = ""
    reverse: bool = False


class _Stamp(Struct, frozen=True):
    version: Annotated[int, Meta(ge=1)]


class _File(Struct, frozen=True, kw_only=True):
    version: int = VERSION
    views: dict[str, KeptView] = field(default_factory=dict)
    filters: dict[str, str] = field(default_factory=dict)


class Kept:
    """What is kept, as read at start-up, with what this Naru changed since.

    A change is merged into the file under a lock: of several Naru the last to change a view has it, and none loses
    another's. What cannot be written stays in memory and goes along with the next change that can be.
    """

    def __init__(self, path: Path | None, file: _File, configured: Mapping[str, str] | None = None) -> None:
        self._path = path
        self._file = file
        self._configured = dict(configured or {})
        self._changed_views: dict[str, KeptView | None] = {}  # not yet in the file; None: forgotten
        self._changed_filters: dict[str, str | None] = {}
        self._problems: list[str] = []
        self._quiet = False

    @classmethod
    def load(cls, path: Path | None = None, configured: Mapping[str, str] | None = None) -> "Kept":
        """Read the file, if there is one; `configured` are the filters of `config.toml`. Raises nothing."""
        path = path or kept_path()
        kept = cls(path, _File(), configured)
        if path is not None:
            try:
                kept._file = _read(path)
            except FileNotFoundError:
                pass
            except (OSError, ValueError) as error:
                kept._told(
                    _("{what}; your columns and filters there are not used").format(what=_complaint(path, error))
                )
        return kept

    @classmethod
    def nowhere(cls, configured: Mapping[str, str] | None = None) -> "Kept":
        """One that reads and writes nothing: what is kept holds until Naru is left, and nobody is told."""
        kept = cls(None, _File(), configured)
        kept._quiet = True
        return kept

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong so far: one line each, each once."""
        return tuple(self._problems)

    def view(self, name: str) -> KeptView | None:
        """How the table of that name was arranged; None when it was not."""
        return self._merged(self._file).views.get(name)

    def keep_view(self, name: str, view: KeptView) -> str:
        """Keep an arrangement; an empty one forgets. What to tell of it in one line, "" when nothing is new."""
        view = _cleaned(view)
        self._changed_views[name] = view if view != KeptView() else None
        return self._write()

    @property
    def filters(self) -> Mapping[str, str]:
        """The saved filters by name, those of `config.toml` before those saved in the terminal."""
        return {**self._configured, **{n: t for n, t in self._own_filters().items() if n not in self._configured}}

    def keep_filter(self, name: str, text: str) -> str:
        """Save a filter under a name. Tells what `keep_view` tells; raises UsageError for a name it cannot have."""
        name, text = clean(name.strip(), 200), clean(text.strip(), LONGEST_FILTER + 1)
        if not _NAME.fullmatch(name):
            shape = _("a name is up to {n} letters, digits, - and _").format(n=LONGEST_NAME)
            raise UsageError(_("{name} cannot name a filter").format(name=repr(clean(name, 60))), shape)
        self._check_own(name)
        if not text:
            raise UsageError(_("the filter is empty"), _("type one, then save it"))
        if len(text) > LONGEST_FILTER:
            raise UsageError(_("the filter is too long"), _("{n} characters are kept").format(n=LONGEST_FILTER))
        own = self._own_filters()
        if name not in own and len(own) >= MOST_FILTERS:
            raise UsageError(_("{n} filters are saved already").format(n=len(own)), _("forget one first"))
        self._changed_filters[name] = text
        return self._write()

    def forget_filter(self, name: str) -> str:
        """Forget a saved filter. Tells what `keep_view` tells; raises UsageError for one that is not there."""
        self._check_own(name)
        own = self._own_filters()
        if name not in own:
            known = _("saved filters: {names}").format(names=", ".join(sorted(own)) or _("none"))
            raise UsageError(_("there is no filter {name}").format(name=clean(name, 60)), known)
        self._changed_filters[name] = None
        return self._write()

    def _check_own(self, name: str) -> None:
        if name in self._configured:
            raise UsageError(
                _("the filter {name} is set in config.toml").format(name=clean(name, 60)),
                _("change it there, or save under another name"),
            )

    def _own_filters(self) -> Mapping[str, str]:
        return self._merged(self._file).filters

    def _merged(self, file: _File) -> _File:
        """That file with what was changed here and is not in it yet."""
        if not self._changed_views and not self._changed_filters:
            return file
        views = _without_none({**file.views, **self._changed_views})
        return _File(views=views, filters=_without_none({**file.filters, **self._changed_filters}))

    def _write(self) -> str:
        if self._path is None:
            return self._told(_("there is no folder to keep columns and filters in; they last until you leave"))
        from naru.kept_writing import rewrite  # most runs change nothing

        try:
            aside = rewrite(self._path, self._renew)
        except (OSError, ValueError) as error:
            told = _("cannot write {path}: {why}").format(path=clean(str(self._path)), why=clean(why_unreadable(error)))
            return self._told(_("{what}; columns and filters last until you leave").format(what=told))
        self._changed_views.clear()
        self._changed_filters.clear()
        if aside is None:
            return ""
        return self._told(_("what could not be read is now {path}").format(path=clean(str(aside))))

    def _renew(self, path: Path) -> tuple[bytes, bool]:
        """The bytes to write in place of what lies at `path`, and whether that must be set aside. Under the lock."""
        unreadable = False
        try:
            file = _read(path)
        except FileNotFoundError:
            file = _File()
        except (OSError, ValueError):
            file, unreadable = self._file, True
        self._file = self._merged(file)
        return msgspec.json.format(msgspec.json.encode(self._file), indent=2) + b"\n", unreadable

    def _told(self, problem: str) -> str:
        """Remember a problem; its line the first time, "" after that."""
        if self._quiet or problem in self._problems:
            return ""
        self._problems.append(problem)
        return problem


def kept_path() -> Path | None:
    """Where the file lies; None where there is no home to have it in."""
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # a relative one is to be passed over, says the XDG standard
        base = os.path.join(os.path.expanduser("~"), ".local", "state")
    return Path(base) / "naru" / "views.json" if os.path.isabs(base) else None


def _read(path: Path) -> _File:
    """The file, cleaned. Raises OSError or ValueError with words for people."""
    raw = read_regular(path)
    try:
        version = msgspec.json.decode(raw, type=_Stamp).version
    except (msgspec.MsgspecError, RecursionError):
        raise ValueError(_("it is not what Naru wrote")) from None
    if version > VERSION:
        raise ValueError(_("a newer Naru wrote it"))
    try:
        file = msgspec.json.decode(raw, type=_File)
    except (msgspec.MsgspecError, RecursionError):
        raise ValueError(_("it is not what Naru wrote")) from None
    filters = {name: text for name, text in file.filters.items() if _NAME.fullmatch(name)}
    return _File(
        views={clean(name, 60): _cleaned(view) for name, view in file.views.items()},
        filters={name: clean(text, LONGEST_FILTER) for name, text in filters.items()},
    )


def _cleaned(view: KeptView) -> KeptView:
    columns = {name: KeptColumn(name, _bounded(c.width)) for c in view.columns if (name := clean(c.id, 60))}
    sort = clean(view.sort, 60)
    return KeptView(tuple(columns.values()), sort, view.reverse and bool(sort))


def _bounded(width: int | None) -> int | None:
    return None if width is None else max(1, min(width, WIDEST))


def _complaint(path: Path, error: Exception) -> str:
    return _("cannot read {path}: {why}").format(path=clean(str(path)), why=clean(why_unreadable(error)))


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
