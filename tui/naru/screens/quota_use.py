"""The use by day behind the burn-downs: asked of accounting once when the screen opens, and again when told to."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from naru.state import Part

if TYPE_CHECKING:
    from naru.asking_use import Use
    from naru.screens.base import Terminal


class UseArrived(Message):
    """What accounting told of some accounts of a site."""

    def __init__(self, site: str, accounts: tuple[str, ...], use: "Use") -> None:
        super().__init__()
        self.site = site
        self.accounts = accounts
        self.use = use


class UseBySite:
    """What accounting was asked for, and what it told, of each site."""

    def __init__(self) -> None:
        self._asked: dict[str, tuple[str, ...]] = {}
        self._told: dict[str, Use] = {}
        self._under_way: set[str] = set()

    def of(self, site: str) -> "Use | None":
        """The newest answer; an earlier one as long as it is asked for anew."""
        return self._told.get(site)

    def asking(self, site: str) -> bool:
        return site in self._under_way

    def asked(self, site: str, account: str | None) -> bool:
        return account is not None and account in self._asked.get(site, ())

    def ask(
        self, part: Part, user: str | None, more: Sequence[str], terminal: "Terminal", post: Callable[[Message], object]
    ) -> None:
        """Ask for one's own accounts of a site and for `more`; nothing where that is still under way."""
        from naru.asking_use import accounts_to_ask, own_accounts

        if part.quotas is None or part.id in self._under_way:
            return
        quotas = part.quotas.value
        accounts = accounts_to_ask(quotas, (*own_accounts(quotas, user), *more))
        self._asked[part.id] = accounts
        if accounts:
            self._under_way.add(part.id)
            live = part.jobs.value if part.jobs is not None and part.everybody_listed else None
            terminal.want_use(part.id, quotas, accounts, live, post)

    def begun(self, site: str) -> bool:
        return site in self._asked

    def take(self, message: UseArrived) -> None:
        self._under_way.discard(message.site)
        self._told[message.site] = message.use
