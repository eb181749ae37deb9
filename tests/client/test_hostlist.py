"""Hostlists: written out, counted, and never without bounds."""

import pytest

from naru_client import hostlist


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b200-[01-02,05],cpu-1", ("b200-01", "b200-02", "b200-05", "cpu-1")),
        ("rack[1-2]n[08-10]", ("rack1n08", "rack1n09", "rack1n10", "rack2n08", "rack2n09", "rack2n10")),
        ("n[9-11]", ("n9", "n10", "n11")),
        ("n[099-101].site", ("n099.site", "n100.site", "n101.site")),
        ("login", ("login",)),
        ("", ()),
        (" a , b ", ("a", "b")),
    ],
)
def test_hostlists_are_written_out(text: str, expected: tuple[str, ...]) -> None:
    assert hostlist.expand(text) == expected
    assert hostlist.count(text) == len(expected)
    assert hostlist.first(text) == (expected[0] if expected else None)


@pytest.mark.parametrize("text", ["n[1-200000]", "n[1-999]m[1-999]", "a[1-99999],b[1-99999]", "n[1-99999999999999]"])
def test_too_many_names_are_refused_quickly_but_still_counted(text: str) -> None:
    with pytest.raises(ValueError, match="more than"):
        hostlist.expand(text)
    assert (hostlist.count(text) or 0) > hostlist.LIMIT


@pytest.mark.parametrize("text", ["n[1-", "n1-2]", "n[a-b]", "n[2-1]", "n[]", "n[[1-2]]", "n[" + "1" * 50 + "]"])
def test_what_is_no_hostlist_is_refused_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match="hostlist"):
        hostlist.expand(text)
    assert hostlist.count(text) is None
