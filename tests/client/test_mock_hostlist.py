"""Hostlists as the simulated centre writes them."""

from hypothesis import given
from hypothesis import strategies as st

from naru_client.hostlist import expand
from naru_client.mock.hostlist import compress, ranges


def test_compress_sorts_and_joins_neighbours() -> None:
    assert compress(["h200-03", "h200-01", "cpu-1", "h200-02", "login"]) == "login,cpu-1,h200-[01-03]"
    assert compress(["cpu-1"]) == "cpu-1"
    assert compress([]) == ""
    assert compress(["n01", "n1"]) == "n1,n01", "widths are kept apart"


@given(st.sets(st.integers(0, 120), min_size=1))
def test_what_is_compressed_expands_to_the_same(numbers: set[int]) -> None:
    names = [f"g-{n:03d}" for n in numbers]
    assert expand(compress(names)) == tuple(sorted(names))


def test_ranges() -> None:
    assert ranges([0, 1, 2, 5, 7, 8]) == "0-2,5,7-8"
