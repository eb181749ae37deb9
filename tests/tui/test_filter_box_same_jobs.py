"""One grammar, one answer: what the table keeps and what `naru jobs` prints are the same jobs."""

from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru.commands.jobs import filtered
from naru_client.exchange import CallLog
from naru_client.insight.corpus import Corpus
from naru_client.insight.filter import FIELDS, narrows, parse
from naru_client.mock.open import demo_profile, open_profile
from naru_client.mock.world import SteppedClock
from naru_client.model import Job

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ME = "naru"

FILTERS = (
    "", "llm", "pd", "!pd", "naru", '"h100"', "zzz", "state:pd", "state:r,cg", "state:waiting", "state:active",
    "state:finished", "state:held", "!state:pd", "user:me", "!user:me", "account:naru", "pool:h100", "pool:h200,b200",
    "site:demo", "qos:normal", "name:train", "name=~^[a-l]", "name!~e$", "reason:priority", "reason=~^(Res|Pri)",
    "gpu:h100", "gpu:h", "npu:rngd", "gpus>=8", "gpus=0", "npus>0", "gpus:1,2,4", "nodes>1", "node:h100-01", "cpus>=16",
    "memory>=100G", "wait>1h", "wait<=30m", "elapsed>1h", "!elapsed>1h", "limit<=4h", "limit>1d", "priority>1k",
    "comment:a", "id:1", "state:pd gpu:h100 wait>2h", "user:me !state:pd gpus>=1", "h100 !pd nodes=1",
)  # fmt: skip


@cache
def demo_jobs() -> tuple[Job, ...]:
    import asyncio

    async def read() -> tuple[Job, ...]:
        centre = await open_profile(demo_profile("small"), CallLog(), clock=SteppedClock(NOON.timestamp()))
        try:
            return (await centre.jobs()).value
        finally:
            await centre.close()

    return asyncio.run(read())


@cache
def demo_corpus() -> Corpus:
    return Corpus(demo_jobs())


def of_the_table(text: str) -> tuple[Job, ...]:
    corpus = demo_corpus()
    return tuple(corpus.jobs[at] for at in parse(text, me=ME, now=NOON).select(corpus))


@pytest.mark.parametrize("text", FILTERS)
def test_the_table_and_the_command_line_give_the_same_jobs(text: str) -> None:
    assert of_the_table(text) == filtered(text, demo_jobs(), me=ME, now=NOON)


def test_the_filters_of_this_test_tell_jobs_apart() -> None:
    assert len(demo_jobs()) > 20
    some = [text for text in FILTERS if 0 < len(of_the_table(text)) < len(demo_jobs())]
    assert len(some) > len(FILTERS) // 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(FILTERS), max_size=3).map(" ".join), st.sampled_from(FILTERS))
def test_narrowing_key_by_key_ends_where_the_command_line_begins(first: str, more: str) -> None:
    corpus, whole = demo_corpus(), f"{first} {more}"
    old, new = (parse(text, me=ME, now=NOON) for text in (first, whole))
    assert narrows(old, new)
    kept = new.select(corpus, old.select(corpus))
    assert tuple(corpus.jobs[at] for at in kept) == filtered(whole, demo_jobs(), me=ME, now=NOON)


def test_every_example_of_the_help_selects_as_it_matches() -> None:
    for field in FIELDS:
        assert of_the_table(field.example) == filtered(field.example, demo_jobs(), me=ME, now=NOON)
