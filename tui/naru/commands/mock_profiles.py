"""Settings for a served centre: a config.toml with a profile for each site, and the tokens in files of their own."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.text import clean

if TYPE_CHECKING:
    from naru.commands.mock_serve import ServedSite

MARK = "# Written by `naru mock serve --profile-file`: profiles of a simulated centre. It overwrites this file.\n"
TOKENS = "mock-tokens"


def place_of(told: str) -> Path:
    """The config.toml that is meant: the path itself, or the one for which it is the XDG_CONFIG_HOME.

    Raises UsageError for a file that Naru would not find, and for one that it did not write.
    """
    if not told.strip():
        raise UsageError(_("--{name} is empty").format(name="profile-file"))
    path = Path(told).expanduser()
    if path.suffix != ".toml":
        path = path / "naru" / "config.toml"
    path = Path(os.path.abspath(path))
    shown = clean(str(path))
    if path.parts[-2:] != ("naru", "config.toml"):
        raise UsageError(
            _("{path} is no place where Naru finds its settings").format(path=shown),
            _("name a folder, or a path that ends in naru/config.toml"),
        )
    try:
        with path.open(encoding="utf-8") as stream:
            ours = stream.readline() == MARK
    except FileNotFoundError:
        return path
    except (OSError, UnicodeDecodeError):
        ours = False
    if not ours:
        raise UsageError(
            _("{path} is there already, and not ours to overwrite").format(path=shown), _("name another folder")
        )
    return path


def write(path: Path, sites: "Sequence[ServedSite]", firecrest: str) -> None:
    """Write the settings, and beside them a file for each token; all of it for the owner alone.

    A profile is named as its site, with the user's name after it for all but the demo's own user; it reads logs from
    FirecREST, which is served at the address `firecrest`. Raises UsageError when they cannot be written there.
    """
    import tomli_w

    folder = path.parent / TOKENS
    profiles: dict[str, Any] = {}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for site in sites:
            for token in site.tokens:
                name = site.name if token.user == site.user else f"{site.name}-{token.user}"
                _write(folder / name, token.token + "\n")
                profiles[name] = {
                    "url": site.url, "user": token.user, "token-file": str(folder / name),
                    "firecrest-url": firecrest, "firecrest-system": site.name,
                }  # fmt: skip
        settings = {"default-profile": sites[0].name, "profiles": profiles}
        _write(path, MARK + tomli_w.dumps(settings))
    except OSError as error:
        raise UsageError(
            _("cannot write {path}: {why}").format(path=clean(str(path)), why=clean(error.strerror or str(error))),
            _("name another folder"),
        ) from None


def _write(path: Path, text: str) -> None:
    """Put a file in place whole, readable by its owner alone from its first moment on."""
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(passing, path)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise
