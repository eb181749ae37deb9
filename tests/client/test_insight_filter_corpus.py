"""Selecting from many jobs at once is the same as asking each job, only quicker; and what may be narrowed may be."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import eq

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight import corpus as corpus_module
from naru_client.insight.corpus import Corpus
from naru_client.insight.filter import FIELDS, Filter, FilterError, narrows, parse
from naru_client.insight.filter_columns import column_text
from naru_client.insight.filter_fields import Text
from naru_client.model import Accelerators, Job

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

words = st.sampled_from(
    ["llm", "LLM-train", "한글", "한글 학습", "ß", "İ", "a,b", "me", "alice", "h100", "pd", "", "x" * 200]
)
names = st.none() | words
moments = st.none() | st.integers(0, 7 * 86400 * 10**6).map(lambda n: NOW - timedelta(microseconds=n))
hours = st.none() | st.sampled_from([NOW - timedelta(hours=h) for h in (1, 2, 3, 30)])
models = st.builds(
    Accelerators,
    st.sampled_from(["gpu", "npu"]),
    st.sampled_from([None, "h100", "h200", "rngd"]),
    st.sampled_from([0, 1, 8]),
)
jobs = st.builds(
    Job,
    site=st.sampled_from(["", "neuron", "nhn-b200"]),
    id=st.sampled_from(["41", "41_3", "41+1", "410", "7_[3-9]"]),
    job_id=st.sampled_from([7, 41, 410]),
    name=words,
    user=names,
    account=names,
    qos=names,
    pool=st.none() | st.sampled_from(["h100", "h100,h200", "H200"]),
    state=st.sampled_from(["PENDING", "RUNNING", "COMPLETED", "REQUEUE_HOLD", "DREAMING"]),
    state_flags=st.sampled_from([(), ("COMPLETING",)]),
    reason=st.none() | st.sampled_from(["Priority", "JobHeldUser", "QOSMaxGRESPerUser"]),
    reason_detail=names,
    node_list=st.none() | st.sampled_from(["h200-[01-04,07],cpu-1", "h200-02", "h200-[1-12]", "r[1-2]n[01-16]"]),
    planned_nodes=st.none() | st.just("h200-[02-03]"),
    accelerators=st.none() | st.lists(models, max_size=2).map(tuple),
    submitted=moments | hours,
    started=moments | hours,
    ended=moments | hours,
    elapsed=st.none() | st.sampled_from([0, 3600, 90000]),
    time_limit=st.none() | st.sampled_from([3600, 86400]),
    unlimited=st.booleans(),
    nodes=st.none() | st.integers(1, 3),
    cpus=st.none() | st.integers(1, 3),
    memory=st.none() | st.sampled_from([1 << 30, 1 << 40]),
    priority=st.none() | st.integers(0, 20000),
    comment=names,
)

terms = st.sampled_from(
    [
        "llm", "LL", "학습", '"글 학"', "neuron", "zz", "user:me", "user:alice,me", "user:ALICE", "account:llm",
        "pool:h200", "pool=h100", "site:neu", "site=neuron", "qos:llm", "name:l", "name:ll", "name=llm", "name:ll,한",
        "name:ss", "name=~^ll", "name=~^$", "name!~l", "state:pd", "state:r,cg", "state:waiting", "state:held",
        "state:pd,held",
        "state=DREAMING", "reason:qos", "reason:alice", "reason=~^Q", "gpu:h", "gpu:h100", "npu:rngd", "gpus>=8",
        "gpus=0",
        "gpus<=1,", "npus>0", "nodes>1", "nodes=1,2", "node:h200-02", "node=h200-3", "node:cpu-1,h200", "node:r2n07",
        "cpus<2", "memory>=1T",
        "wait>2h", "wait>=2h", "wait<2h", "wait<=2h", "wait=1h,3h", "wait>0.000001s", "wait<=9999999w", "elapsed>1h",
        "elapsed<=1h", "elapsed=1h", "limit>=1d", "limit=1h", "priority>10k", "comment:l", "comment=~^$",
        "comment!=llm", "id:41", "id:7",
    ]
)  # fmt: skip
terms = st.builds(lambda sign, term: sign + term, st.sampled_from(["", "", "!"]), terms)
filters = st.lists(terms, max_size=3).map(" ".join)


def parsed(text: str, now: datetime = NOW) -> Filter | None:
    try:
        return parse(text, me="alice", now=now)
    except FilterError:
        return None


def one_by_one(wanted: Filter, jobs: Sequence[Job], among: Sequence[int], now: datetime | None = None) -> list[int]:
    return [at for at in among if wanted.matches(jobs[at], now)]


@settings(max_examples=200, deadline=None)
@given(st.lists(jobs, max_size=12), filters, st.randoms(use_true_random=False), st.integers(0, 10**9))
def test_selecting_is_matching_each(some: list[Job], text: str, random: object, later: int) -> None:
    wanted = parsed(text)
    if wanted is None:
        return
    corpus = Corpus(some)
    assert wanted.select(corpus) == one_by_one(wanted, some, range(len(some)))
    among = [at for at in range(len(some)) if at % 3 != 1]
    among.reverse()
    assert wanted.select(corpus, among) == one_by_one(wanted, some, among)
    now = NOW + timedelta(microseconds=later)
    assert wanted.select(corpus, now=now) == one_by_one(wanted, some, range(len(some)), now)


@settings(max_examples=200, deadline=None)
@given(st.lists(jobs, min_size=1, max_size=8), terms)
def test_every_condition_and_its_negation_share_the_jobs_out(some: list[Job], term: str) -> None:
    wanted, rest = parsed(term), parsed("!" + term)
    if wanted is None or rest is None:
        return
    corpus = Corpus(some)
    assert sorted(wanted.select(corpus) + rest.select(corpus)) == list(range(len(some)))


@settings(max_examples=200, deadline=None)
@given(st.lists(jobs, max_size=12), filters, filters, st.sampled_from([0, 5]))
def test_what_is_said_to_narrow_passes_nothing_new(some: list[Job], first: str, more: str, minutes: int) -> None:
    old = parsed(first)
    for text in (more, f"{first} {more}", first + more):
        new = parsed(text, NOW + timedelta(minutes=minutes))
        if old is not None and new is not None and narrows(old, new):
            corpus = Corpus(some)
            assert set(new.select(corpus)) <= set(old.select(corpus))
            assert new.select(corpus, old.select(corpus)) == new.select(corpus)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "llm"), ("l", "ll"), ("llm", "llm h100"), ("state:pd", "state:pd gpus>=8"), ("name:ll", "name:llm"),
        ("name:ll", "name:llm,hello-ll"), ("name:ll", "name=llm"), ("gpu:h", "gpu:h100"), ("user:a,b", "user:b"),
        ("!llm", "!llm state:pd"), ("!user:a", "!user:a,b"), ("gpus>=8", "wait>2h gpus>=8"), ("wait>2h", "wait>2h x"),
    ],
)  # fmt: skip
def test_typing_on_narrows(old: str, new: str) -> None:
    first, then = parsed(old), parsed(new)
    assert first is not None
    assert then is not None
    assert narrows(first, then)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ll", "l"), ("llm", ""), ("user:al", "user:alice"), ("state:pd", "state:pd,r"), ("!l", "!ll"), ("!ll", "!l"),
        ("gpus>=8", "gpus>=80"), ("wait>2h", "wait>20h"), ("name=ll", "name=llm"), ("name:ll", "name:llm,x"),
        ("name=~l", "name=~ll"), ("llm", "name:llm"), ("gpu:h100", "npu:h100"), ("name:l", "!name:ll"),
    ],
)  # fmt: skip
def test_what_may_let_pass_more_does_not_narrow(old: str, new: str) -> None:
    first, then = parsed(old), parsed(new)
    assert first is not None
    assert then is not None
    assert not narrows(first, then)


def test_a_wait_that_has_grown_does_not_narrow() -> None:
    old, new = parsed("wait>2h"), parsed("wait>2h gpus>=8", NOW + timedelta(seconds=1))
    assert old is not None
    assert new is not None
    assert not narrows(old, new)


def test_another_me_does_not_narrow() -> None:
    alice, bob = (parse("user:me", me=me, now=NOW) for me in ("alice", "bob"))
    assert not narrows(alice, bob)


def job(number: int, **fields: object) -> Job:
    return Job(site="s", id=str(number), job_id=number, name=f"job-{number}", state="RUNNING", **fields)  # type: ignore[arg-type]


def test_texts_are_made_in_slices_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(one: Job) -> str:
        made.append(one.id)
        return column_text(one)

    monkeypatch.setattr(corpus_module, "column_text", counted)
    some = [job(n) for n in range(5_000)]
    corpus = Corpus(some)
    slices = corpus.prepare()
    next(slices)
    assert len(made) == 2_000
    assert not corpus.prepared
    wanted = parse("job-4711", me=None, now=NOW)
    assert wanted.select(corpus, range(4_700, 4_720)) == [4711]
    assert len(made) == 2_020
    assert wanted.select(corpus) == [4711]  # before the slices are through: the rest is made at once
    assert corpus.prepared
    for _slice in slices:
        pass
    assert len(made) == 5_000

    some = [*some[:3], job(3, user="new"), *some[4:]]
    again = corpus.renewed(some)
    assert parse("new", me=None, now=NOW).select(again) == [3]
    assert len(made) == 5_001
    shorter = again.renewed([*some[1:], job(9_999)])
    assert parse("9999", me=None, now=NOW).select(shorter) == [4_999]
    assert len(made) == 5_002


def test_a_reading_of_the_same_jobs_keeps_all_that_was_made() -> None:
    some = [job(n) for n in range(10)]
    corpus = Corpus(some)
    assert corpus.renewed(tuple(some)) is corpus
    assert corpus.renewed([]) is not corpus
    assert len(corpus.renewed([])) == 0


@settings(max_examples=100, deadline=None)
@given(st.lists(jobs, max_size=8), st.data())
def test_a_renewed_corpus_is_as_good_as_a_new_one(some: list[Job], data: st.DataObject) -> None:
    corpus = Corpus(some)
    for _slice in corpus.prepare():
        pass
    then = data.draw(st.lists(st.sampled_from(some) if some else jobs, max_size=8)) + data.draw(
        st.lists(jobs, max_size=2)
    )
    renewed = corpus.renewed(then)
    assert len(renewed) == len(then)
    assert all(map(eq, renewed.texts(), map(column_text, then)))


def test_values_are_counted_most_frequent_first() -> None:
    some = [job(n, user="a" if n < 3 else "b", pool="x,y" if n else "x") for n in range(4)]
    reads = {field.id: field.reads for field in FIELDS}
    user, pool, name = reads["user"], reads["pool"], reads["name"]
    assert isinstance(user, Text)
    assert isinstance(pool, Text)
    assert isinstance(name, Text)
    corpus = Corpus(some)
    assert corpus.tally("user", user) == (("a", 3), ("b", 1))
    assert corpus.tally("pool", pool) == (("x", 4), ("y", 3))
    assert corpus.tally("name", name) == ()
    assert corpus.users() == {("s", "a"): 3, ("s", "b"): 1}


@settings(max_examples=100, deadline=None)
@given(st.lists(jobs, min_size=9, max_size=12), st.data())
def test_columns_taken_over_are_as_good_as_new_ones(some: list[Job], data: st.DataObject) -> None:
    corpus = Corpus(some)
    texts = data.draw(st.lists(terms, min_size=1, max_size=4))
    wanted = [found for text in texts if (found := parsed(text))]
    now = some
    for _reading in range(2):
        for one in wanted:
            one.select(corpus)
        changed = data.draw(st.lists(st.integers(0, len(some) - 1), unique=True, max_size=2))
        now = list(now)
        for at in changed:
            now[at] = data.draw(jobs)
        corpus = corpus.changed_at(now, changed)
        for one in wanted:
            assert one.select(corpus, changed) == one_by_one(one, now, changed)
            assert one.select(corpus) == one_by_one(one, now, range(len(now)))
        fresh = Corpus(now)
        assert corpus.users() == fresh.users()
        for field in FIELDS:
            if isinstance(field.reads, Text):
                assert corpus.tally(field.id, field.reads) == fresh.tally(field.id, field.reads)
