"""Who may be given a token for a simulated centre: its people, those that are made from the seed, and its operators."""

from collections.abc import Iterable, Sequence

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.mock.scenario import SitePlan
from naru_client.mock.workload import with_tenants
from naru_client.text import clean


def users_of(plan: SitePlan, seed: int) -> frozenset[str]:
    """Everybody whom a site knows."""
    return frozenset((plan.user, *(user.name for user in with_tenants(plan, seed).users), *plan.operators))


def check_users(plans: Sequence[SitePlan], seed: int, names: Iterable[str]) -> None:
    """Raise UsageError for a name that no site knows."""
    known = frozenset[str]().union(*(users_of(plan, seed) for plan in plans))
    for name in names:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=3) or sorted(dict.fromkeys(plan.user for plan in plans))
            raise UsageError(
                _("the scenario has no user named {name}").format(name=repr(clean(name, 60))),
                _("users there: {names} …").format(names=", ".join(near)),
            )
