"""What `naru doctor` finds without asking anybody: Python, settings, themes, the terminal, the locale, the keyring."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from naru import theming
from naru.commands.check import Check
from naru.session import Context
from naru.terminal import Paper, locale_variables
from naru_client import __version__
from naru_client.config import config_folder
from naru_client.i18n import _
from naru_client.text import clean

PARTS = ("textual", "rich", "httpx", "msgspec")
COLUMNS, LINES = 80, 24  # what every screen is made to fit


def checks(context: Context) -> Iterator[Check]:
    yield _python()
    yield _naru()
    yield _settings(context)
    yield from _columns(context.settings.columns)
    yield from _kept()
    yield from _themes(context.settings.theme)
    yield from _terminal(context.paper, context.environ)
    yield _locale(context.paper, context.environ)
    yield _keyring()
    yield _home()


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check(id="python", state="ok", subject="Python", found=f"{found}, {clean(sys.executable)}")


def _naru() -> Check:
    versions = []
    missing = []
    for part in PARTS:
        try:
            versions.append(f"{part} {metadata.version(part)}")
        except metadata.PackageNotFoundError:
            missing.append(part)
    found = f"{__version__} ({', '.join(versions)})"
    if missing:
        names = ", ".join(missing)
        return Check(
            id="naru",
            state="problem",
            subject="Naru",
            found=_("{found}; not installed: {names}").format(found=found, names=names),
            remedy=_("install it again: pip install naru-tui"),
        )
    return Check(id="naru", state="ok", subject="Naru", found=found)


def _settings(context: Context) -> Check:
    path = config_folder() / "config.toml"
    error = context.settings_error
    if error is not None:
        return Check(id="settings", state="problem", subject=_("settings"), found=error.message, remedy=error.hint)
    shown = clean(str(path))
    if not path.exists():
        return Check(
            id="settings", state="ok", subject=_("settings"), found=_("the defaults; no {path}").format(path=shown)
        )
    return Check(id="settings", state="ok", subject=_("settings"), found=shown)


def _columns(wanted: Mapping[str, Sequence[str]]) -> Iterator[Check]:
    """What `[columns]` names that is not there: the screens pass it over without a word."""
    if not wanted:
        return
    from naru.format import Glyphs
    from naru.screens.gpu_columns import NODE_COLUMNS, POOL_COLUMNS
    from naru.screens.history_columns import history_columns
    from naru.screens.job_columns import job_columns

    glyphs = Glyphs(ascii_only=False)
    jobs = tuple(job_columns(_now, glyphs))
    tables = {
        "jobs": jobs,
        "jobs-everybody": jobs,
        "history": tuple(history_columns(_now, glyphs)),
        "pools": ("site", *(column.id for column in POOL_COLUMNS)),
        "nodes": ("site", *(column.id for column in NODE_COLUMNS)),
    }
    for table, ids in wanted.items():
        subject = clean(f"columns.{table}", 60)
        known = tables.get(table)
        if known is None:
            found = _("there is no table {name}").format(name=clean(table, 60))
            remedy = _("tables: {names}").format(names=", ".join(tables))
        elif unknown := [name for name in ids if name not in known]:
            found = _("there is no column {name}").format(name=clean(", ".join(unknown), 200))
            remedy = _("columns: {names}").format(names=", ".join(known))
        else:
            continue
        yield Check(id="columns", state="warn", subject=subject, found=found, remedy=remedy)


def _kept() -> Iterator[Check]:
    """What was arranged in the terminal, where it cannot be read."""
    from naru.kept import Kept

    for problem in Kept.load().problems:
        remedy = _("the next change there sets it aside")
        yield Check(id="kept", state="warn", subject=_("arranged columns"), found=problem, remedy=remedy)


def _now() -> datetime:
    return datetime.now(UTC)


def _themes(chosen: str) -> Iterator[Check]:
    found = theming.available()
    broken = [theme for theme in found if theme.error]
    for theme in broken:
        yield Check(
            id="themes",
            state="warn",
            subject=_("theme {name}").format(name=theme.name),
            found=theme.error,
            remedy=_("correct {path}, or take it away").format(path=theme.source),
        )
    names = sorted(theming.usable(found))
    if chosen not in names:
        yield Check(
            id="themes",
            state="warn",
            subject=_("themes"),
            found=_("there is no theme {name}").format(name=clean(chosen)),
            remedy=_("set `theme` to one of: {names}").format(names=", ".join(names)),
        )
    elif not broken:
        yield Check(id="themes", state="ok", subject=_("themes"), found=", ".join(names))


def _terminal(paper: Paper, environ: Mapping[str, str]) -> Iterator[Check]:
    subject = _("terminal")
    term = clean(environ.get("TERM", ""))
    inside = " ".join(name for name, variable in (("tmux", "TMUX"), ("screen", "STY")) if environ.get(variable))
    if not paper.terminal:
        yield Check(id="terminal", state="ok", subject=subject, found=_("none here: the output goes elsewhere"))
        return
    if term in ("", "dumb"):
        yield Check(
            id="terminal",
            state="warn",
            subject=subject,
            found=_("TERM is {term}: only plain pages can be shown").format(term=term or _("not set")),
            remedy="export TERM=xterm-256color",
        )
        return
    size = _size()
    if size is not None and not size.columns:
        size = None  # a terminal that does not tell
    told = ", ".join(filter(None, (f"{term}", _colours(term, environ), size and f"{size[0]}×{size[1]}", inside)))
    if size and (size[0] < COLUMNS or size[1] < LINES):
        yield Check(
            id="terminal",
            state="warn",
            subject=subject,
            found=told,
            remedy=_("make the window at least {columns}×{lines}").format(columns=COLUMNS, lines=LINES),
        )
        return
    yield Check(id="terminal", state="ok", subject=subject, found=told)


def _size() -> os.terminal_size | None:
    try:
        return os.get_terminal_size(1)
    except OSError:
        return None


def _colours(term: str, environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return _("no colours (NO_COLOR)")
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return _("16 million colours")
    return _("256 colours") if "256" in term or "direct" in term else _("16 colours")


def _locale(paper: Paper, environ: Mapping[str, str]) -> Check:
    environ = locale_variables(environ)
    name = next((f"{v}={environ[v]}" for v in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(v)), "")
    told = clean(name) or _("no locale is set")
    if paper.glyphs.ascii_only:
        return Check(
            id="locale",
            state="warn",
            subject=_("locale"),
            found=_("{locale}: bars and names are drawn in ASCII").format(locale=told),
            remedy=_('export LC_ALL=C.UTF-8, or set glyphs = "unicode" where the terminal can show it'),
        )
    return Check(id="locale", state="ok", subject=_("locale"), found=told)


def _keyring() -> Check:
    """Imported here alone: it takes longer than everything else of a start together."""
    subject = _("keyring")
    advice = _("tokens can come from `token-file` (mode 600) or `token-command` instead")
    try:
        import keyring

        backend = keyring.get_keyring()
        name, usable = type(backend).__module__.removeprefix("keyring.backends."), backend.priority > 0
    except Exception as error:  # backends raise whatever their desktop raises
        return Check(id="keyring", state="warn", subject=subject, found=type(error).__name__, remedy=advice)
    if not usable:
        found = _("none that works here ({name})").format(name=clean(name))
        return Check(id="keyring", state="warn", subject=subject, found=found, remedy=advice)
    return Check(id="keyring", state="ok", subject=subject, found=clean(name))


def _home() -> Check:
    folder = config_folder()
    there: Path = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
        return Check(
            id="home",
            state="warn",
            subject=_("home"),
            found=_("{path} cannot be written").format(path=clean(str(there))),
            remedy=_("set XDG_CONFIG_HOME to a folder of yours"),
        )
    return Check(id="home", state="ok", subject=_("home"), found=clean(str(folder)))
