"""Filters saved under names, `me` at several sites, and bare words that name a site."""

from datetime import UTC, datetime

import pytest

from naru_client.insight.filter import MAX_TERMS, FilterError, narrows, parse
from naru_client.model import Accelerators, Job

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAVED = {
    "big": "gpus>=8 !low", "mine": "user:me @big", "broken": "state:pd gpus>=", "loop": "llm @pool", "pool": "@loop",
    "a1": "@a2", "a2": "@a3", "a3": "@a4", "a4": "llm", "a0": "@a1", "empty": "", "long": "x" * 1001,
    "many": " ".join(["@big"] * 150),
}  # fmt: skip


def job(**fields: object) -> Job:
    base = {"site": "s", "id": "1", "job_id": 1, "name": "llm", "state": "RUNNING", "user": "alice"}
    return Job(**(base | {"accelerators": (Accelerators("gpu", "h100", 8),)} | fields))  # type: ignore[arg-type]


def passes(text: str, **fields: object) -> bool:
    return parse(text, me="alice", now=NOW, saved=SAVED).matches(job(**fields))


def test_a_saved_filter_stands_for_its_conditions() -> None:
    assert passes("@big")
    assert not passes("@big", qos="low")
    assert not passes("@big", accelerators=())
    assert passes("@big llm")
    assert not passes("@big vit")
    assert passes("@mine")
    assert not passes("@mine", user="bob")
    assert passes("@empty", name="anything")


def test_saved_filters_may_use_each_other_four_deep_and_no_more() -> None:
    assert passes("@a1")
    with pytest.raises(FilterError, match="4 deep") as caught:
        passes("llm @a0")
    assert caught.value.position == 4


@pytest.mark.parametrize(
    ("text", "position", "told", "hint"),
    [
        ("@", 1, "missing after @", ""), ("llm @bg", 4, "no saved filter @bg", "@big"), 
        ("@zzz", 0, "@zzz", "did you mean"),
        ("!@big", 1, "cannot be negated", "one by one"), ("x !@big", 3, "cannot be negated", ""),
        ("llm @broken", 4, "in @broken: a value is missing after gpus>=", ""), ("@loop", 0, "@loop uses itself", ""),
        ("@long", 0, "in @long: the filter is too long", ""), ("llm @many", 4, "too many conditions", ""),
    ],
)  # fmt: skip
def test_a_mistake_points_at_the_name(text: str, position: int, told: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, me="alice", now=NOW, saved=SAVED)
    assert caught.value.position == position
    assert told in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.filter_text == text


def test_without_saved_filters_the_way_out_is_quotes() -> None:
    with pytest.raises(FilterError, match="no saved filter") as caught:
        parse("@alice", me=None, now=NOW)
    assert "quotes" in caught.value.hint
    assert parse('"@alice"', me=None, now=NOW).matches(job(comment="ask @alice"))
    assert parse("a@b", me=None, now=NOW).matches(job(comment="mail a@b"))


def test_conditions_are_counted_where_they_are_used() -> None:
    parse(" ".join(["llm"] * MAX_TERMS), me=None, now=NOW)
    with pytest.raises(FilterError, match="too many conditions"):
        parse(" ".join(["llm"] * (MAX_TERMS + 1)), me=None, now=NOW)


def test_a_saved_filter_narrows_as_its_conditions_do() -> None:
    big, more, other = (parse(t, me="alice", now=NOW, saved=SAVED) for t in ("@big", "@mine", "@a1"))
    assert narrows(big, more)
    assert not narrows(more, big)
    assert not narrows(big, other)


def test_me_is_who_one_is_at_each_site() -> None:
    wanted = parse("user:me", me={"neuron": "alice", "nhn-b200": "m001"}, now=NOW)
    assert wanted.matches(job(site="neuron"))
    assert not wanted.matches(job(site="nhn-b200"))
    assert wanted.matches(job(site="nhn-b200", user="m001"))
    assert not wanted.matches(job(site="neuron", user="m001"))
    assert not wanted.matches(job(site="gist"))
    assert not wanted.matches(job(site="gist", user=None))


def test_me_at_no_site_is_not_known() -> None:
    with pytest.raises(FilterError, match="not known"):
        parse("user:me", me={}, now=NOW)


def test_a_bare_word_finds_the_site() -> None:
    assert passes("nhn", site="nhn-b200")
    assert not passes("nhn", site="neuron")
    assert passes("!nhn", site="")
