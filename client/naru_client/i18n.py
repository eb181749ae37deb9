"""Translation of everything a person reads. English is the source; a catalogue is chosen once, at start-up."""

from collections.abc import Callable
from pathlib import Path

_translate: Callable[[str], str] | None = None
_translate_plural: Callable[[str, str, int], str] | None = None
language = "en"


def _(message: str) -> str:
    """The message in the chosen language. Look it up when it is shown, not when a module is loaded."""
    return message if _translate is None else _translate(message)


def n_(one: str, many: str, count: int) -> str:
    """The form that fits `count`; the caller formats the number in."""
    if _translate_plural is None:
        return one if count == 1 else many
    return _translate_plural(one, many, count)


def mark(message: str) -> str:
    """Marks a string for the catalogue where it stands in a table; `_` translates it later."""
    return message


def use(wanted: str, folder: Path) -> bool:
    """Choose a language ("ko") from `folder/<language>/LC_MESSAGES/naru.mo`. False, and English, when there is none."""
    global _translate, _translate_plural, language
    _translate = _translate_plural = None
    language = "en"
    if wanted in ("", "en"):
        return wanted == "en"
    catalogue = folder / wanted / "LC_MESSAGES" / "naru.mo"
    if not catalogue.is_file():
        return False
    import gettext

    with catalogue.open("rb") as stream:
        translations = gettext.GNUTranslations(stream)
    _translate, _translate_plural = translations.gettext, translations.ngettext
    language = wanted
    return True


def wanted_language(setting: str, environ: dict[str, str]) -> str:
    """The language to use: the setting, else what the locale variables say ("ko_KR.UTF-8" → "ko"), else English."""
    if setting:
        return setting
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(name, "")
        if value:
            code = value.split(":")[0].split(".")[0].split("@")[0].split("_")[0].lower()
            return "en" if code in ("c", "posix", "") else code
    return "en"
