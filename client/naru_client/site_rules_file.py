"""A site's own rules for what is submitted, as TOML: those that come with Naru, and a person's or a site's own."""

from pathlib import Path

from naru_client.i18n import _
from naru_client.insight.site_rules import SiteRules, read_rules
from naru_client.presets import names_in, read_named

PRESETS = Path(__file__).parent / "site_rules"


def preset_names() -> list[str]:
    """The rules that come with Naru, by name."""
    return names_in(PRESETS)


def load_rules(named: str) -> SiteRules:
    """Rules by their name, or from a `.toml` file. Raises UsageError with the file, the line and what is wrong."""
    text, path = read_named(named, PRESETS, _("no site rules named {name}"))
    return read_rules(text, str(path))
