"""What comes with Naru as TOML and what a person has of one's own: found by name, or by path."""

from pathlib import Path

from naru_client.errors import UsageError
from naru_client.files import read_regular, why_unreadable
from naru_client.i18n import _
from naru_client.text import clean


def names_in(folder: Path) -> list[str]:
    """What comes with Naru, by name."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def read_named(named: str, folder: Path, unknown: str) -> tuple[str, Path]:
    """The text behind a name in the folder, or in a `.toml` file, and where it lies. Raises UsageError; `unknown` says
    that there is no such {name}."""
    path = Path(named).expanduser()
    if not named.endswith(".toml"):
        names = names_in(folder)
        if named not in names:
            raise UsageError(
                unknown.format(name=repr(clean(named))),
                _("those there are: {names}; or give a file that ends in .toml").format(names=", ".join(names)),
            )
        path = folder / f"{named}.toml"
    try:
        return read_regular(path).decode("utf-8"), path
    except (OSError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        raise UsageError(
            _("cannot read {path}: {why}").format(path=clean(str(path)), why=clean(why_unreadable(error)))
        ) from None
