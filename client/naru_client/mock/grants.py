"""The contracts of a simulated site's accounts, as a profile would have them of a real one."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from naru_client.mock.contract_spans import contract_days
from naru_client.mock.scenario import SitePlan
from naru_client.model import Grant


class Grants(Mapping[str, Grant]):
    """The contracts of a site's accounts by account, and those of a profile over them. Worked out when first asked
    for: making up a site's tenants takes longer than opening it."""

    def __init__(self, plan: SitePlan, seed: int, opened: float, over: Mapping[str, Grant]) -> None:
        self._plan, self._seed, self._over = plan, seed, over
        self._today = datetime.fromtimestamp(opened, UTC).date()
        self._known: dict[str, Grant] | None = None

    def __bool__(self) -> bool:
        return True  # without working anything out

    def __getitem__(self, account: str) -> Grant:
        return self._grants()[account]

    def __iter__(self) -> Iterator[str]:
        return iter(self._grants())

    def __len__(self) -> int:
        return len(self._grants())

    def _grants(self) -> dict[str, Grant]:
        if self._known is None:
            from naru_client.mock.workload import with_tenants

            spans = (
                (account.name, contract_days(account, self._seed))
                for account in with_tenants(self._plan, self._seed).accounts
            )
            known = {name: Grant(start=self._day(span[0]), end=self._day(span[1])) for name, span in spans if span}
            self._known = known | dict(self._over)
        return self._known

    def _day(self, days: int) -> date:
        return self._today + timedelta(days=days)
