"""What is asked of the sites to plan a job before it is submitted, for the command and for the tab.

`plan` needs no network: a screen gives it what it holds already. `read_plan` asks every site, each question once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from naru.joining import join_sources, lines_of
from naru.pricing import Pricing, beside_settings
from naru_client.centre import Centre
from naru_client.config import Profile
from naru_client.errors import NaruError, NotProvided, Refused
from naru_client.i18n import _
from naru_client.insight.offers import Offer, offers, only_account, ordered
from naru_client.insight.quota import Quota
from naru_client.insight.request import Asked
from naru_client.insight.run_times import RunTimes
from naru_client.insight.site_check import check
from naru_client.insight.site_rules import Checked, SiteRules, Submission
from naru_client.model import Node, Pool
from naru_client.reading import Reading

T = TypeVar("T")

TESTS = 8  # at most so many pools are asked for the scheduler's own answer, the best first
PAST = timedelta(days=30)  # of one's own finished jobs, for how long such a job is expected to run


class SiteKnown(Struct, frozen=True, kw_only=True):
    """What is known of one site. `quotas` and `nodes` are None where they are not provided or could not be read."""

    site: str
    pools: tuple[Pool, ...]
    nodes: tuple[Node, ...] | None = None
    quotas: tuple[Quota, ...] | None = None
    user: str | None = None
    run_times: RunTimes | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """What was asked for, where it could run, and which of the site's own rules it breaks (None: there are none).

    `accounts` are those that count at each site, by its id: that asked for, or the user's only one.
    """

    asked: Asked
    offers: tuple[Offer, ...]
    checked: Checked | None = None
    accounts: dict[str, str] = {}
    warnings: tuple[str, ...] = ()
    as_of: datetime | None = None
    source: str | None = None


def plan(
    asked: Asked,
    known: Sequence[SiteKnown],
    pricing: Pricing,
    *,
    now: datetime,
    account: str | None = None,
    rules: SiteRules | None = None,
    submission: Submission | None = None,
) -> Plan:
    """The plan from what is known already. Raises UsageError for a tariff or terms that cannot be used."""
    found: list[Offer] = []
    accounts: dict[str, str] = {}
    for one in known:
        reckoner = pricing.reckoner(one.nodes or (), one.pools)
        whose = asked.requests[0].account or account or only_account(one.quotas or (), one.user)
        if whose is not None:
            accounts[one.site] = whose
        found += offers(
            asked.requests, pools=one.pools, nodes=one.nodes or (), quotas=one.quotas or (),
            reckoner=lambda _site, found=reckoner: found,  # type: ignore[misc]
            account=whose, user=one.user, now=now, run_times=one.run_times,
        )  # fmt: skip
    checked = None if rules is None else check(rules, asked.requests, submission)
    return Plan(asked=asked, offers=ordered(found), checked=checked, accounts=accounts)


def load_site_rules(profile: Profile) -> SiteRules | None:
    """The site's own rules that the profile names (reads a file: in a thread, or in a command). Raises UsageError."""
    if not profile.site_rules:
        return None
    from naru_client.site_rules_file import load_rules

    return load_rules(beside_settings(profile.site_rules))


async def read_plan(
    centres: Sequence[Centre],
    pricing: Pricing,
    profile: Profile,
    asked: Asked,
    *,
    now: datetime,
    account: str | None = None,
    submission: Submission | None = None,
    history: bool = True,
    tests: int = TESTS,
    script: str | None = None,
    only: Sequence[str] = (),
) -> Plan:
    """Ask every site for its pools, nodes, quotas and one's own finished jobs, and the scheduler for its own answer.

    Raises the first site's error where none tells its pools, and what `plan` raises. `script` is the path of the batch
    script, where there is one; `tests` is how many pools the scheduler is asked about. With `only`, no other pools are
    looked at.
    """
    rules = load_site_rules(profile)
    pricing.tariff()
    read = await asyncio.gather(*(_read(centre, now, history=history) for centre in centres))
    told = [one for one in read if not isinstance(one, NaruError)]
    if not told:
        raise next(one for one in read if isinstance(one, NaruError))
    failed = [(c.id, one.message) for c, one in zip(centres, read, strict=True) if isinstance(one, NaruError)]
    several = len(centres) > 1
    said = [(one.known.site, text) for one in told for text in one.warnings]
    found = plan(
        asked, [one.known for one in told], pricing, now=now, account=account, rules=rules, submission=submission
    )
    found = replace(
        found,
        offers=tuple(one for one in found.offers if not only or one.pool in only),
        warnings=tuple(lines_of([*failed, *said]) if several else dict.fromkeys(text for _site, text in said)),
        as_of=min(one.as_of for one in told),
        source=join_sources(source for one in told for source in one.sources),
    )
    return await with_starts(found, centres, script=script, tests=tests)


async def with_starts(plan: Plan, centres: Sequence[Centre], *, script: str | None = None, tests: int = TESTS) -> Plan:
    """The plan with the scheduler's own answer for its best pools, where a site can be asked.

    A pool whose scheduler would not take the job does not fit, whatever else was known; it says so in its words.
    """
    by_site = {centre.id: centre for centre in centres}
    request = plan.asked.requests[0]
    mute: dict[str, str] = {}  # sites that cannot be asked at all, and why

    async def tested(offer: Offer, place: int) -> Offer:
        centre = by_site.get(offer.site)
        if offer.fits is False or centre is None:
            return offer
        if len(plan.asked.requests) > 1:
            return replace(offer, starts_why=_("the scheduler is not asked about a job of several parts"))
        if request.foreign:
            return replace(offer, starts_why=_("what it asks for is not all read"))
        if tests <= 0:
            return replace(offer, starts_why=_("the scheduler was not asked"))
        if place >= tests:
            return replace(offer, starts_why=_("the scheduler is asked about {n} pools at most").format(n=tests))
        if offer.site in mute:
            return replace(offer, starts_why=mute[offer.site])
        try:
            start = await centre.test_start(
                request, offer.pool, script=script, account=plan.accounts.get(offer.site)
            )  # fmt: skip
        except Refused as error:
            text = _("the scheduler refuses it: {words}").format(words=error.message)
            return replace(offer, fits=False, why_not=(text,), cost=offer.cost)
        except NotProvided as error:
            mute[offer.site] = error.message
            return replace(offer, starts_why=error.message)
        except NaruError as error:
            return replace(offer, starts_why=error.message)
        unsure = offer.limits_unsure  # what else was open, the scheduler has settled
        return replace(offer, starts=start.value, unsure=unsure, fits=None if unsure else True)

    found = []
    place = 0
    for offer in plan.offers:  # one after the other: each makes the scheduler try the whole queue
        found.append(await tested(offer, place))
        place += offer.fits is not False and offer.site not in mute
    return replace(plan, offers=ordered(found))


class _Read(Struct, frozen=True):
    known: SiteKnown
    as_of: datetime
    sources: tuple[str, ...]
    warnings: tuple[str, ...]


async def _read(centre: Centre, now: datetime, *, history: bool) -> _Read | NaruError:
    """What one site tells; its error where it does not even tell its pools."""
    user = centre.user
    pools, nodes, quotas, past = await asyncio.gather(
        _ask(centre.pools),
        _ask(centre.nodes),
        _ask(lambda: centre.quotas(user=user)),
        _ask(lambda: centre.history(since=now - PAST, user=user)) if history and user else _nothing(),
    )
    if isinstance(pools, NaruError):
        return pools
    warnings = list(pools.warnings)
    for what, answer in ((_("nodes"), nodes), (_("quotas"), quotas), (_("finished jobs"), past)):
        if isinstance(answer, NaruError):
            warnings.append(_("{what}: {why}").format(what=what, why=answer.message))
        elif answer is not None:
            warnings += answer.warnings
    given = [one for one in (pools, nodes, quotas, past) if isinstance(one, Reading)]
    known = SiteKnown(
        site=centre.id,
        pools=pools.value,
        nodes=None if isinstance(nodes, NaruError) else nodes.value,
        quotas=None if isinstance(quotas, NaruError) else quotas.value,
        user=user,
        run_times=RunTimes(past.value) if isinstance(past, Reading) else None,
    )
    return _Read(known, min(one.as_of for one in given), tuple(one.source for one in given), tuple(warnings))


async def _ask(question: Callable[[], Awaitable[T]]) -> T | NaruError:
    try:
        return await question()
    except NaruError as error:
        return error


async def _nothing() -> None:
    return None
