"""From when to when each account of a scenario has its grant: as the scenario says, or as its figures suggest."""

from random import Random

from naru_client.mock.scenario import Account

LEAST_PACE, MOST_PACE = 0.45, 0.95  # of the plan line, for accounts that the seed makes
LAST_PART = 0.97  # of its span that such a contract may have behind it
_MINUTES_A_DAY = 1440


def contract_days(account: Account, seed: int) -> tuple[int, int] | None:
    """First and last day of the account's contract, counted from the day of the opening; None where there is none.

    Where the scenario gives accelerators granted at a time and over time, but no days, the one over the other is how
    many days it lasts; how many of them are over follows from what is used, at a pace drawn from the seed.
    """
    if account.contract_days is not None:
        return account.contract_days
    for resource, minutes in account.group_tres_minutes.items():
        at_once, used = account.group_tres.get(resource), account.used_minutes.get(resource)
        if not at_once or not used or not minutes:
            continue
        days = max(1, round(minutes / (at_once * _MINUTES_A_DAY)))
        pace = Random(f"{seed}/{account.name}/contract").uniform(LEAST_PACE, MOST_PACE)
        over = min(round(days * LAST_PART), max(1, round(days * min(1.0, used / minutes) / pace)))
        return -over, days - over
    return None
