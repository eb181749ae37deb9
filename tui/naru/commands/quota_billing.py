"""What a site's billing units are called, where the profile's tariff says so."""

from naru.pricing import Pricing
from naru_client.config import Profile


def billing_unit(profile: Profile) -> str:
    """The tariff's unit where it is what the scheduler itself bills (its billing units times hours), else "".

    A tariff that bills by the minute or the day has another unit than the figures, which are in hours.

    Raises UsageError for a tariff that cannot be read.
    """
    if not profile.tariff:
        return ""
    tariff = Pricing(profile).tariff()
    rules = [rule for period in tariff.periods for rule in period.pools.values()]
    billed = tariff.per == 3600 and all(rule.by == "billing" and rule.each == 1 for rule in rules)
    return tariff.unit if rules and billed else ""
