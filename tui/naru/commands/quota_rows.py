"""Which quotas of an account are shown, and in which order. Pure."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from naru.commands.quota_reading import Survey
from naru.quota_words import ORDER, rank
from naru_client.insight.quota import Quota, account_holder
from naru_client.insight.standing import Standing, used_of


class Row(Struct, frozen=True, kw_only=True):
    """One quota of the account itself, of a user in it, or of a holder above whose limit binds it (`role`).

    `waits` is what queued jobs would take: of everybody, or of the one who asks where only that is known.
    """

    site: str
    account: str
    role: str  # "own", "user", "above", "qos"
    quota: Quota
    standing: Standing | None = None
    waits: int | None = None

    @property
    def limited(self) -> bool:
        """It was granted so much, or may have been: what is not told is not without a limit."""
        return not self.quota.unlimited


class AccountRows(Struct, frozen=True, kw_only=True):
    """What is shown of one account: what limits it, and what it used of that nobody limits."""

    site: str
    account: str
    limits: tuple[Row, ...]
    free: tuple[Row, ...]


def account_rows(survey: Survey) -> Iterator[AccountRows]:
    """The accounts of a survey, in its order, with the limits on each: its own, those above that bind, its users'."""
    known = {(q.holder, q.resource, q.unit): q for q in survey.quotas}
    standings = {(s.quota.holder, s.quota.resource): s for s in survey.standings}
    of: dict[str, list[Quota]] = {account: [] for account in survey.accounts}
    for quota in survey.quotas:
        if quota.account is not None and quota.account in of:
            of[quota.account].append(quota)
    for account, quotas in of.items():

        def row(quota: Quota, role: str, account: str = account) -> Row:
            key = quota.holder, quota.resource
            standing = standings.get(key) if quota.unit == "seconds" else None
            own = known.get((account_holder(account, survey.user), *key[1:], quota.unit)) if survey.own else None
            waits = own.reserved if own is not None and quota.reserved is None and role == "own" else quota.reserved
            return Row(
                site=survey.site, account=account, role=role, quota=quota, standing=standing, waits=waits
            )  # fmt: skip

        limits: list[Row] = []
        free: list[Row] = []
        for quota in sorted((q for q in quotas if q.user is None), key=rank):
            higher = known.get((quota.binds or "", quota.resource, quota.unit)) if quota.binds != account else None
            if not quota.unlimited or quota.binds is not None:
                limits.append(row(quota, "own"))
                if higher is not None:
                    limits.append(row(higher, "above"))
            elif quota.unit == "seconds" and quota.resource.partition(":")[0] in ORDER[:-1] and used_of(quota):
                free.append(row(quota, "own"))
        for quota in sorted((q for q in quotas if q.user is not None and q.granted is not None), key=rank):
            limits.append(row(quota, "user"))
        yield AccountRows(site=survey.site, account=account, limits=tuple(limits), free=tuple(free))


def qos_rows(survey: Survey) -> Iterator[Row]:
    """The limits of QOS, which hold for all that run under them."""
    standings = {(s.quota.holder, s.quota.resource): s for s in survey.standings}
    for quota in survey.quotas:
        if quota.account is None and quota.granted is not None:
            standing = standings.get((quota.holder, quota.resource)) if quota.unit == "seconds" else None
            yield Row(
                site=survey.site, account="", role="qos", quota=quota, standing=standing, waits=quota.reserved
            )  # fmt: skip


class UserRow(Struct, frozen=True, kw_only=True):
    """What one user used of a resource of an account; `share` is of all that the account used, None if not known."""

    site: str
    account: str
    user: str
    quota: Quota
    share: float | None


def user_rows(survey: Survey) -> Iterator[UserRow]:
    """Who used how much of what limits each account, or of its accelerators, else cores, where nothing does; most
    first."""
    accounts = {(q.account, q.resource): q for q in survey.quotas if q.user is None and q.unit == "seconds"}
    users: dict[tuple[str, str], list[Quota]] = {}
    for quota in survey.quotas:
        if quota.user is not None and quota.account is not None and quota.unit == "seconds":
            users.setdefault((quota.account, quota.resource), []).append(quota)
    for account in survey.accounts:
        for resource in _telling(account, accounts.values()):
            whole = used_of(accounts[account, resource])
            found = [q for q in users.get((account, resource), ()) if used_of(q) or q.committed or q.reserved]
            for quota in sorted(found, key=lambda q: -(used_of(q) or 0)):
                used = used_of(quota)
                share = used / whole if used is not None and whole else None
                yield UserRow(site=survey.site, account=account, user=quota.user or "", quota=quota, share=share)


def _telling(account: str, quotas: Iterable[Quota]) -> list[str]:
    own = sorted((q for q in quotas if q.account == account), key=rank)
    limited = [q.resource for q in own if not q.unlimited or q.binds is not None]
    kinds = [q.resource for q in own if q.resource in ("gpu", "npu")]
    return limited or kinds or [q.resource for q in own if q.resource == "cpu"]
