"""Themes as Textual has them: ours and the user's, in place of its own."""

from typing import Any

from textual.app import App
from textual.theme import Theme

from naru import theming
from naru_client.i18n import _


def register(app: App[Any], wanted: str) -> list[str]:
    """Give the app the themes there are and have it use the wanted one; what is wrong with the broken ones, by line."""
    found = theming.available()
    usable = theming.usable(found)
    for theme in usable.values():
        app.register_theme(textual_theme(theme))
    problems = [f"{t.name}: {t.error}" for t in found if t.error]
    if wanted not in usable:
        problems.append(_("there is no theme {name}").format(name=wanted))
        wanted = theming.DEFAULT
    app.theme = wanted
    for name in set(app.available_themes) - set(usable):
        app.unregister_theme(name)
    return problems


def textual_theme(theme: theming.ThemeFile) -> Theme:
    """Textual's own kind of theme."""
    colours = theme.colours()
    return Theme(
        name=theme.name,
        dark=theme.dark,
        primary=theme.primary,
        secondary=theme.secondary,
        accent=theme.accent,
        foreground=theme.foreground,
        background=theme.background,
        surface=theme.surface,
        panel=theme.panel,
        success=theme.success,
        warning=theme.warning,
        error=theme.error,
        variables={name: colours[name] for name in theming.EXTRA},
    )
