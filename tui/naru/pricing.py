"""The tariff that a profile names, read once, and at work for a site."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from naru_client.config import Profile, config_folder
from naru_client.model import Node, Pool

if TYPE_CHECKING:
    from naru_client.insight.reckoning import Reckoner
    from naru_client.insight.tariff import Tariff

DEFAULT = "accelerator-hours"  # what is counted where nobody named a tariff: no price, and nothing made up


def beside_settings(named: str) -> str:
    """What a profile names: a preset as it is, a `.toml` file by its whole path, from the settings' folder on."""
    if not named.endswith(".toml"):
        return named
    return str(config_folder() / Path(named).expanduser())


class Pricing:
    """What jobs cost by the profile's tariff, or by another that is named."""

    def __init__(self, profile: Profile, tariff: str = "") -> None:
        self._profile = profile
        self._named = tariff or beside_settings(profile.tariff)
        self._tariff: Tariff | None = None

    @property
    def priced(self) -> bool:
        """Whether a tariff is named; else accelerator-hours are counted."""
        return bool(self._named)

    def tariff(self) -> "Tariff":
        """The tariff. Raises UsageError, with the file, line and word, for one that cannot be read."""
        if self._tariff is None:
            from naru_client.tariff_file import load_tariff

            self._tariff = load_tariff(self._named or DEFAULT)
        return self._tariff

    def reckoner(self, nodes: Iterable[Node] = (), pools: Iterable[Pool] = ()) -> "Reckoner":
        """The tariff at work, with what a site's nodes and pools tell. Raises UsageError also for terms of the profile
        that the tariff does not have."""
        from naru_client.insight.reckoning import Reckoner, site_facts
        from naru_client.insight.tariff import Terms

        profile = self._profile
        terms = Terms(customer=profile.customer, service=profile.service, price=profile.price)
        return Reckoner(self.tariff(), terms, site_facts(nodes, pools))
