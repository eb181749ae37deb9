"""The quota that is shown in the first line."""

from msgspec.structs import replace

from naru_client.insight.quota import Quota
from naru_client.insight.quota_left import part_left, tightest

GPUS = Quota(holder="lab", account="lab", resource="gpu", granted=100, available=60, used_decayed=40)
OWN = replace(GPUS, holder="lab/me", user="me", granted=None, unlimited=True, available=60, binds="lab")


def test_the_least_part_of_ones_own_accelerators_counts() -> None:
    h100 = replace(GPUS, resource="gpu:h100", granted=50, available=5)
    cores = replace(GPUS, resource="cpu", granted=1000, available=1)
    others = replace(GPUS, holder="other", account="other", available=0)
    of_bob = replace(GPUS, holder="lab/bob", user="bob", available=0)
    assert tightest((GPUS, OWN, h100, cores, others, of_bob), "me") == h100
    assert tightest((OWN, cores), "me") == cores


def test_what_is_not_told_is_not_shown() -> None:
    assert tightest((GPUS, OWN), None) is None
    assert tightest((GPUS,), "me") is None
    assert tightest((OWN, replace(GPUS, available=None)), "me") is None
    assert tightest((OWN, replace(GPUS, unit="count")), "me") is None


def test_an_overdrawn_quota_has_nothing_left() -> None:
    assert part_left(replace(GPUS, available=-50)) == 0.0
    assert part_left(GPUS) == 0.6
