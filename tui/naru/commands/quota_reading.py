"""What `naru quota` asks a site for, in as few questions as what is to be told needs."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from naru.asking_use import DAYS, MOST_ACCOUNTS, Use, accounts_to_ask, others_run, own_accounts, read_use
from naru_client.centre import Centre
from naru_client.errors import NaruError
from naru_client.i18n import _
from naru_client.insight import standing
from naru_client.insight.burndown import BEHIND
from naru_client.insight.claims import with_claims
from naru_client.insight.daily_use import TOLD
from naru_client.insight.quota import Quota, chain
from naru_client.insight.run_times import RunTimes
from naru_client.insight.standing import Standing, used_of
from naru_client.model import Job
from naru_client.reading import Reading

MUCH = 0.5  # of a grant: with more used a login script asks when it runs out


class Wanted(Struct, frozen=True, kw_only=True):
    """What is asked for: of these accounts, or with `everybody` of all, else of one's own. `brief`: for a login script,
    that asks only for what it may have to warn of."""

    accounts: tuple[str, ...] = ()
    everybody: bool = False
    brief: bool = False
    within: int = standing.DAYS
    days: int = DAYS
    least_pace: float = BEHIND


class Survey(Struct, frozen=True, kw_only=True):
    """How the quotas of a site stand. `accounts` are those that are meant, in the site's order; `own` where they are
    meant as one's own, and only one's own jobs are known to wait."""

    site: str
    user: str | None
    accounts: tuple[str, ...]
    own: bool
    quotas: tuple[Quota, ...]
    standings: tuple[Standing, ...]
    use: Use
    source: str
    as_of: datetime
    warnings: tuple[str, ...] = ()


async def survey(centre: Centre, wanted: Wanted, now: datetime) -> Survey:
    """Ask a site and reckon. Raises what its quotas raise; the queue and accounting may fail with a warning."""
    user = centre.user
    mine = not wanted.accounts and not wanted.everybody and user is not None
    reading = await centre.quotas(user=user if mine else None)
    quotas = reading.value
    if wanted.accounts:
        accounts = tuple(dict.fromkeys(a for a in wanted.accounts if any(q.account == a for q in quotas)))
    elif mine:
        accounts = own_accounts(quotas, user)
    else:
        accounts = tuple(dict.fromkeys(q.account for q in quotas if q.account is not None))
    warnings = list(reading.warnings)
    asked = _forecast(quotas, accounts, brief=wanted.brief)
    if len(accounts) > MOST_ACCOUNTS and not wanted.accounts and not mine:
        asked = ()  # not worth so many questions to accounting: a person names the accounts
    asked = accounts_to_ask(quotas, asked)
    alone = mine and not (asked and others_run(quotas, asked, user))
    jobs: Reading[tuple[Job, ...]] | None = None
    if accounts:
        try:
            jobs = await centre.jobs(user=user if alone else None)
        except NaruError as error:
            warnings.append(_("what waits is not known: {why}").format(why=error.message))
    use, claimant = Use(), user if mine else None
    if asked and jobs is not None:
        use = await read_use(centre, quotas, asked, now=now, days=wanted.days, live=jobs.value)
    if jobs is not None:
        warnings += jobs.warnings
        if others_run(quotas, accounts, user) and all(job.user == user for job in jobs.value):
            claimant = user  # others' jobs are hidden
        queue = [job for job in jobs.value if claimant in (None, job.user)]
        quotas = with_claims(quotas, queue, user=claimant, expected=_expected(use, queue))
    found = standing.standings(
        quotas,
        use.daily,
        now=now,
        user=user if mine else None,
        accounts=frozenset(accounts) if wanted.accounts else None,  # of everybody the QOS, which have none, too
        within=wanted.within,
        least_pace=wanted.least_pace,
        whole=use.whole,
    )
    if not use.whole:
        warnings.append(_("accounting tells only your own jobs: no run-out is foretold for a whole account"))
    sources, times = [reading.source, use.source], [reading.as_of]
    if jobs is not None:
        sources.insert(1, jobs.source)
        times.append(jobs.as_of)
    return Survey(
        site=centre.id, user=user, accounts=accounts, own=claimant is not None, quotas=quotas, standings=found, use=use,
        source="; ".join(dict.fromkeys(filter(None, sources))), as_of=min(times),
        warnings=tuple(dict.fromkeys((*warnings, *use.warnings))),
    )  # fmt: skip


def _expected(use: Use, queue: Sequence[Job]) -> dict[str, int] | None:
    """How long each running job is expected to take in all; None where accounting was not asked, or told nothing."""
    running = [job for job in queue if job.running]
    if use.as_of is None or not running:
        return None
    times = RunTimes(use.jobs)
    return {job.id: seconds for job in running if (seconds := times.seconds(job)) is not None}


def _forecast(quotas: Sequence[Quota], accounts: Sequence[str], *, brief: bool) -> tuple[str, ...]:
    """The accounts whose run-out may be foretold: something over time is granted to them, or above them.

    For a login script only where much of it is used, or where it is granted for a period.
    """
    above = {q.holder: q.above for q in quotas}
    limited = {q.holder for q in quotas if _foretold(q) and (not brief or _pressing(q))}
    users = {q.account for q in quotas if q.user is not None and q.holder in limited}
    return tuple(a for a in accounts if a in users or any(one in limited for one in chain(a, above)))


def _foretold(quota: Quota) -> bool:
    kind = quota.resource.partition(":")[0]
    return quota.unit == "seconds" and bool(quota.granted) and quota.used is not None and kind in TOLD


def _pressing(quota: Quota) -> bool:
    if quota.period_end is not None:
        return True
    return (used_of(quota) or 0) > MUCH * (quota.granted or 0)
