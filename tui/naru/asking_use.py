"""Asking for the use by day of some accounts: accounting, an account after the other, a slice of time at a time."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from naru_client.centre import RECENT_EVERYBODY, Centre
from naru_client.errors import NaruError, NotProvided, UsageError
from naru_client.i18n import _
from naru_client.insight.daily_use import TOLD, Key, use_by_day
from naru_client.insight.history import Pace, next_span
from naru_client.insight.quota import Quota, chain
from naru_client.model import Job

DAYS = 28  # the longest span of `insight.burndown`
MOST_ACCOUNTS = 8  # that are asked for because others bind them
MOST_CALLS = 40  # to accounting, for all the accounts together
MOST_JOBS = 100_000
PACE = Pace(timedelta(days=14), timedelta(hours=6), timedelta(days=DAYS))
CRUMB = timedelta(days=1)  # less than this at the far end is not worth a question of its own
AHEAD = timedelta(minutes=1)  # clocks differ: what ended "in a moment" has ended by now


class Use(Struct, frozen=True, kw_only=True):
    """What was used on each whole UTC day, by (holder, resource), in resource × seconds.

    A holder is in it only where all that ran under it is told: the accounts asked for and those above them whose every
    account was asked for, their users, not QOS. `whole` is False where only one's own jobs came back although others
    use the account too: then only one's own use is told. `jobs` are those that the use was added up from, the running
    ones among them. `as_of` is None where accounting told nothing: `warnings` say why.
    """

    daily: dict[Key, dict[date, int]] = {}
    whole: bool = True
    jobs: tuple[Job, ...] = ()
    as_of: datetime | None = None
    source: str = ""
    warnings: tuple[str, ...] = ()


def own_accounts(quotas: Iterable[Quota], user: str | None) -> tuple[str, ...]:
    """The accounts that a user may charge, in the quotas' order."""
    return tuple(dict.fromkeys(q.account for q in quotas if user and q.user == user and q.account is not None))


def accounts_to_ask(quotas: Sequence[Quota], accounts: Sequence[str]) -> tuple[str, ...]:
    """These accounts and, where one above them is granted something over time, all that draw on it: unless those are
    more than MOST_ACCOUNTS, as it is then not worth so many questions."""
    above = _above(quotas)
    limited = {q.holder for q in quotas if q.unit == "seconds" and q.granted is not None}
    used = _used(quotas)
    asked = dict.fromkeys(accounts)
    for account in accounts:
        tops = [one for one in chain(account, above) if one in limited]
        if tops:
            more = [one for one in _under(tops[-1], quotas, above) if one in used]
            if len({*asked, *more}) <= max(MOST_ACCOUNTS, len(accounts)):
                asked |= dict.fromkeys(more)
    return tuple(asked)


def others_run(quotas: Sequence[Quota], accounts: Collection[str], user: str | None) -> bool:
    """Whether anybody else's jobs run in these accounts or below, by what running jobs have claimed."""
    if user is None:
        return False
    above = _above(quotas)
    own: dict[Key, int] = {}
    for quota in quotas:
        if quota.user == user and quota.account is not None and quota.unit == "seconds":
            for holder in chain(quota.account, above):
                own[holder, quota.resource] = own.get((holder, quota.resource), 0) + (quota.committed or 0)
    return any(
        (quota.committed or 0) > own.get((quota.holder, quota.resource), 0)
        for quota in quotas
        if quota.user is None and quota.account in accounts and _told(quota)
    )


async def read_use(
    centre: Centre,
    quotas: Sequence[Quota],
    accounts: Sequence[str],
    *,
    now: datetime,
    days: int = DAYS,
    live: Sequence[Job] | None = None,
) -> Use:
    """The use by day of these accounts over the last `days` days, by everybody in them. Never raises a NaruError.

    `quotas` say who stands above whom and who else uses an account. `live` are everybody's jobs in the queue, as known
    already: what running ones have used is in no accounting yet. Without it the queue is asked for. At most one call a
    slice and account, and MOST_CALLS in all.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    asking = _Asking(centre, now, midnight - timedelta(days=days))
    try:
        if live is None:
            live = (await centre.jobs(user=None)).value if accounts else ()
        for account in accounts:
            await asking.account(account)
    except NaruError as error:
        asking.note(error)
    if live is None or not asking.told:
        return asking.use({}, whole=True, jobs=())
    try:
        whole = await _sees_others(asking, quotas, live)
    except NaruError as error:
        asking.note(error)
        whole = False
    jobs = (*asking.known(), *_running(live, asking.jobs, accounts))
    keys = _keys(quotas, frozenset(asking.told), None if whole else centre.user)
    daily = use_by_day(jobs, keys, above=_above(quotas), since=asking.whole_days(), now=now)
    return asking.use(daily, whole, jobs)


class _Asking:
    """One round of questions to accounting."""

    def __init__(self, centre: Centre, now: datetime, since: datetime) -> None:
        self.centre, self.now, self.since = centre, now, since
        self.jobs: dict[tuple[int, int | None, datetime | None], Job] = {}
        self.told: list[str] = []  # accounts that all was told of
        self.reached = since  # from then on all of them is told
        self.calls = 0
        self.as_of: datetime | None = None
        self.sources: dict[str, None] = {}
        self.warnings: dict[str, None] = {}

    def note(self, error: NaruError) -> None:
        reason = error.message
        self.warnings[reason if isinstance(error, NotProvided) else _("use by day: {why}").format(why=reason)] = None

    async def account(self, account: str) -> None:
        """Read an account's past backwards. What was read before a failure counts. Raises a NaruError."""
        until, span = self.now, PACE.first
        try:
            while until > self.since:
                if self.calls >= MOST_CALLS or len(self.jobs) >= MOST_JOBS:
                    self.warnings[_("use by day: there are too many jobs to ask for")] = None
                    break
                since = until - span
                if since - self.since < CRUMB:
                    since = self.since
                jobs = await self.ask(since, until + AHEAD if until == self.now else until, account)
                until, span = since, next_span(span, len(jobs), PACE)
        except UsageError as error:  # a name that cannot be asked for: the other accounts' can
            self.note(error)
        finally:
            if until < self.now:
                self.told.append(account)
                self.reached = max(self.reached, until)

    async def ask(self, since: datetime, until: datetime, account: str | None) -> tuple[Job, ...]:
        self.calls += 1
        reading = await self.centre.history(since=since, until=until, user=None, account=account, ran=True)
        self.as_of = reading.as_of if self.as_of is None else min(self.as_of, reading.as_of)
        self.sources[reading.source] = None
        self.warnings |= dict.fromkeys(reading.warnings)
        for job in reading.value:
            if job.finished and account is not None:
                self.jobs[_run(job)] = job
        return reading.value

    def known(self) -> list[Job]:
        """The jobs; where accounting counts accelerators at all, those that name none had none."""
        counts = any(job.accelerators for job in self.jobs.values())
        return [replace(j, accelerators=()) if counts and j.accelerators is None else j for j in self.jobs.values()]

    def whole_days(self) -> date:
        """The first day of which all is told."""
        return (self.reached.astimezone(UTC) + timedelta(days=1, microseconds=-1)).date()

    def use(self, daily: dict[Key, dict[date, int]], whole: bool, jobs: tuple[Job, ...]) -> Use:
        return Use(
            daily=daily, whole=whole, jobs=jobs, as_of=self.as_of if self.told else None,
            source="; ".join(self.sources), warnings=tuple(self.warnings),
        )  # fmt: skip


def _run(job: Job) -> tuple[int, int | None, datetime | None]:
    return job.job_id, job.het_offset, job.started


def _running(
    live: Iterable[Job], ended: Collection[tuple[int, int | None, datetime | None]], accounts: Sequence[str]
) -> Iterator[Job]:
    """The running jobs of these accounts, without those that ended since they were listed."""
    for job in live:
        if job.running and _run(job) not in ended and (job.account is None or job.account in accounts):
            yield job


async def _sees_others(asking: _Asking, quotas: Sequence[Quota], live: Sequence[Job]) -> bool:
    """Whether this user is told of others' jobs. Accounting is asked for that only where nothing else shows it."""
    me = asking.centre.user
    if others_run(quotas, asking.told, me) and all(job.user == me for job in live):
        return False
    if me is None or any(job.user != me for job in asking.jobs.values()):
        return True
    if not _others_use(quotas, frozenset(asking.told), me):
        return True
    jobs = await asking.ask(asking.now - RECENT_EVERYBODY, asking.now + AHEAD, None)
    return any(job.user != me for job in jobs)


def _others_use(quotas: Sequence[Quota], accounts: frozenset[str], me: str) -> bool:
    """Whether anybody but this user has used these accounts, also somebody who is not told of."""
    for quota in quotas:
        if _told(quota) and quota.user not in (None, me) and quota.account in accounts:
            if quota.used_decayed or quota.committed:
                return True
    return bool(accounts & _unaccounted(quotas))


def _unaccounted(quotas: Iterable[Quota]) -> frozenset[str]:
    """The accounts of which more was used than by all who are told of below them: somebody is hidden, or has left."""
    own: dict[Key, int] = {}
    below: dict[Key, int] = {}
    for quota in quotas:
        if _told(quota):
            if quota.user is None:
                own[quota.holder, quota.resource] = (quota.used_decayed or 0) - quota.step
            if quota.above is not None:
                key = quota.above, quota.resource
                below[key] = below.get(key, 0) + (quota.used_decayed or 0) + quota.step
    return frozenset(holder for (holder, resource), used in own.items() if used > below.get((holder, resource), 0))


def _told(quota: Quota) -> bool:
    """It is of something that jobs tell of."""
    return quota.unit == "seconds" and quota.resource.partition(":")[0] in TOLD


def _above(quotas: Iterable[Quota]) -> dict[str, str | None]:
    return {q.holder: q.above for q in quotas}


def _used(quotas: Iterable[Quota]) -> frozenset[str]:
    """The accounts in which anything was used, so far as is known."""
    return frozenset(
        q.account
        for q in quotas
        if q.account is not None and (q.used_decayed or q.committed or (q.unit == "seconds" and q.used_decayed is None))
    )


def _under(account: str, quotas: Iterable[Quota], above: dict[str, str | None]) -> Iterator[str]:
    """An account and those below it."""
    for one in dict.fromkeys(q.account for q in quotas if q.user is None and q.account is not None):
        if account in chain(one, above):
            yield one


def _keys(quotas: Sequence[Quota], told: frozenset[str], only: str | None) -> Iterator[Key]:
    """The holders of whom all is told; with `only` that user's own."""
    above = _above(quotas)
    parents = {q.above for q in quotas if q.user is None}
    users = _used(q for q in quotas if q.user is not None)
    untold = {one for one in _used(quotas) - told if one not in parents or one in users}
    partly = {one for account in untold for one in chain(account, above)}
    hidden = _unaccounted(quotas) - told
    covered = {one for account in told for one in chain(account, above)} - partly - hidden
    for quota in quotas:
        if quota.unit != "seconds":
            continue
        if quota.user is not None:
            if quota.account in told and only in (None, quota.user):
                yield quota.holder, quota.resource
        elif only is None and quota.holder in covered:
            yield quota.holder, quota.resource
