"""The way from a client to the files of simulated sites: FirecREST before all of them, in this process.

Nothing of it is made, and neither FirecREST nor httpx imported, before the first question.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from naru_client.firecrest.files import FirecrestFiles
from naru_client.i18n import _

if TYPE_CHECKING:
    from naru_client.config import Profile
    from naru_client.exchange import CallLog, Transport
    from naru_client.mock.firecrest import Firecrest
    from naru_client.mock.world import Site, World

LIFESPAN = 1e9  # seconds that a token is good for where nobody says otherwise, whatever the speed
CALLS_PER_MINUTE = 6000  # nobody is to be spared


class Gateway:
    """One FirecREST before a world; faults are those of the site that is asked about, waited for by `sleep`."""

    def __init__(self, world: "World", *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._world, self._sleep = world, sleep
        self._face: Firecrest | None = None

    def files(
        self, profile: "Profile", log: "CallLog", site: "Site", user: str, *, token: Callable[[], str] | None = None
    ) -> FirecrestFiles:
        """The files of a site as a user reads them, with the calls in a log under the site's name. `token` gives
        another token than one of the user's that lasts."""

        async def connect() -> "Transport":
            from naru_client.firecrest.open import logged

            found = token() if token is not None else self._world.keyring.mint(user, self._world.now(), LIFESPAN)
            return logged(self._transport(replace(profile, user=user), found), log, site.name, CALLS_PER_MINUTE)

        return FirecrestFiles(connect, lambda: site.name, _("FirecREST (simulated)"), timeout=profile.timeout)

    def _transport(self, profile: "Profile", token: str) -> "Transport":
        from naru_client.credentials import Secret
        from naru_client.firecrest.transport import FirecrestTransport

        import httpx  # isort: skip  # not before `slurm.rest`, which keeps it from importing its command line

        from naru_client.mock.fault_transport import FaultyTransport
        from naru_client.mock.faults import WorldLine
        from naru_client.mock.firecrest import Firecrest

        self._face = self._face or Firecrest(self._world)
        inner = FaultyTransport(httpx.ASGITransport(app=self._face), WorldLine(self._world), sleep=self._sleep)
        return FirecrestTransport(
            profile, Secret(token), inner=inner, now=lambda: datetime.fromtimestamp(self._world.now(), UTC)
        )
