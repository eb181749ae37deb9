"""Long lists of squeue, decoded by columns: what the rows say one by one, and the same objects again."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naru_client.errors import BadAnswer
from naru_client.model import Job
from naru_client.slurm import text_queue
from naru_client.slurm.columns import LARGEST_MEMO, Memo
from naru_client.slurm.slices import at_once
from naru_client.slurm.text_jobs import SQUEUE_FIELDS, queued_job
from naru_client.slurm.text_queue import QueueDecoder
from naru_client.slurm.text_values import rows
from naru_client.turns import gathered

SEP = "z0f1e2d3c"
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
T = 1795408900
TEXTS = (
    "", "(null)", "N/A", "None", "llm", "세종-학습", "a/b", "..", ".", "%x", "{0}", "}{", "\n", "\nx",
    "line\nbreak", "z0f1e2d3",
    "z0f1e2d3d", "\x1b[31m", "\x9b2J", "\u202e", "\ue000", "e\u0301", "\x85", " a ", "K", "1K", "-1", "٣",
    "1_0", "%%",
)  # fmt: skip
NUMBERS = ("0", "1", "8", "2K", "1.5M", "N/A", "", "007", "4294967294", "4294967295", "99999999999999999999", "x", "٣")
TIMES = (str(T), str(T + 500), "N/A", "0", "1", "99999999999", "2026-11-23T04:41:40", "soon", "", "0000000001", "٣")
SPANS = ("0:00", "15:25", "2:03:04", "1-02:03:04", "1-02:03", "UNLIMITED", "INVALID", "", "1:2:3:4", "-1:00", "5",
         "1:00.5",
         "٣:٤", "1-:2", ":1:2", "1:2:")  # fmt: skip
TEMPLATES = (
    ".", "/home/a/%x-%j.out", "logs/%x-%j.out", "slurm-%A_%a.out", "slurm-%j.out", "%u/%x", "../%j", "a//b-%j",
    "a/./%j", "%4j.out",
    "%N.out", "%%.out", "%Z.out", "x\\%j", "{%j}", "/dev/null", "slurm-4294967294.out", "(null)", "", "세종-%j",
    "%x", "%x%x",
)  # fmt: skip
FOLDERS = (
    "/home/alice",
    "(null)",
    "",
    "/",
    "/a//b",
    "/a/../b",
    "/home/세종",
    "rel/x",
    "/a/",
    "/{x}/%j",
    "/.ssh",
    "//a",
)
REQUESTS = ("N/A", "(null)", "", "gres:gpu:4", "gres/gpu:b200:8", "gres:npu:2", "cpu:2", "gres:gpu")
GIVEN = (
    "cpu=16,mem=62.50G,node=1,gres/gpu=4,gres/gpu:b200=4",
    "cpu=1,mem=0,node=1",
    "N/A",
    "",
    "cpu=4,mem=8G,gres/gpu=2",
)
STATES = (
    "PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "COMPLETING", "CONFIGURING", "SUSPENDED",
    "SPECIAL_EXIT",
    "REQUEUE_HOLD", "RUNNING+COMPLETING", "NEW_STATE", "",
)  # fmt: skip
REASONS = ("None", "Priority", "ReqNodeNotAvail, UnavailableNodes:h200-02", "(Resources)", "free words", "")
CHOICES: dict[str, tuple[str, ...]] = {
    "JobID": ("11", "12", "12", "13", "007", "0", "N/A", "4294967295"), "ArrayJobID": ("11", "19", "N/A", "0"),
    "ArrayTaskID": ("N/A", "N/A", "N/A", "3", "3-19%3", "[1,2]", "[]", "", "4294967294"),
    "HetJobID": ("N/A", "N/A", "N/A", "20", "0", ""), "HetJobOffset": ("N/A", "1",
    "0"), "State": STATES, "Reason": REASONS,
    "Partition": ("b200", "b200,h200", "(null)"), "TimeLimit": SPANS, "TimeUsed": SPANS, "tres-alloc": GIVEN,
    "WorkDir": FOLDERS, "STDOUT": TEMPLATES, "STDERR": TEMPLATES, "exit_code": ("0", "256", "9", "N/A"),
    **dict.fromkeys(("SubmitTime", "EligibleTime", "StartTime", "EndTime"), TIMES),
    **dict.fromkeys(("tres-per-job", "tres-per-node", "tres-per-socket", "tres-per-task"), REQUESTS),
    **dict.fromkeys(("PriorityLong", "NumNodes", "NumCPUs", "NumTasks", "RestartCnt"), NUMBERS),
}  # fmt: skip


def odd_row() -> st.SearchStrategy[tuple[str, ...]]:
    """Any row at all: of every field something usual, something odd, or text that somebody made up."""
    return st.tuples(*[
        st.sampled_from(CHOICES[field]) if field in CHOICES else st.sampled_from(TEXTS) | st.text(max_size=6)
        for field in SQUEUE_FIELDS
    ])  # fmt: skip


def plain_row(number: int, **fields: str) -> tuple[str, ...]:
    row = dict.fromkeys(SQUEUE_FIELDS, "(null)") | {
        "JobID": str(number), "ArrayJobID": str(number), "ArrayTaskID": "N/A", "HetJobID": "N/A",
    "HetJobOffset": "N/A",
        "Name": f"job-{number}", "UserName": "alice", "State": "RUNNING", "Reason": "None", "StartTime": str(T),
        "TimeUsed": "15:25", "WorkDir": "/home/alice", "STDOUT": "%x-%j.out", "STDERR": "%x-%j.out", "NumNodes": "1",
    }  # fmt: skip
    return tuple((row | fields)[field] for field in SQUEUE_FIELDS)


def body_of(found: Any, separator: str = SEP) -> bytes:
    text = "".join("".join(cell + separator for cell in row) + "\n" for row in found)
    return text.encode("utf-8", "surrogatepass")


def one_by_one(body: bytes) -> list[Job]:
    return [queued_job(row, "lab", NOW) for row in rows(body, SEP, len(SQUEUE_FIELDS))]


def decode(body: bytes, decoder: QueueDecoder | None = None, separator: str = SEP) -> list[Job]:
    return at_once((decoder or QueueDecoder()).slices(body, separator, site="lab", now=NOW))[0]


@given(found=st.lists(odd_row(), max_size=6), size=st.integers(0, 2000))
def test_columns_come_to_what_the_rows_say(found: list[tuple[str, ...]], size: int) -> None:
    body = body_of(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_queue, "SLICE", size)
        assert decode(body) == one_by_one(body)


@given(field=st.sampled_from(SQUEUE_FIELDS), cell=st.sampled_from(TEXTS + NUMBERS + TEMPLATES) | st.text(max_size=12))
def test_one_odd_field_among_plain_rows(field: str, cell: str) -> None:
    body = body_of([plain_row(1), plain_row(2, **{field: cell}), plain_row(3, State="PENDING")])
    assert decode(body) == one_by_one(body)


@given(junk=st.binary(max_size=30))
def test_bytes_that_are_no_text_are_what_they_are_row_by_row(junk: bytes) -> None:
    body = body_of([plain_row(1), plain_row(2, Name="RAW", Comment="RAW"), plain_row(3)]).replace(b"RAW", junk)
    assert decode(body) == one_by_one(body)


@pytest.mark.parametrize("cut", [1, 5, 11, 60])
@pytest.mark.parametrize("size", [0, 1 << 17])
def test_a_list_that_was_cut_off_is_refused_at_any_size(cut: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_queue, "SLICE", size)
    with pytest.raises(BadAnswer):
        decode(body_of([plain_row(n) for n in range(1, 4)])[: -cut - len(SEP)])


@pytest.mark.parametrize("name", ["\n", "\n\n", "\nJobId=1", "x" + "\n" * 50])
def test_a_name_that_looks_like_the_end_of_a_row_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_queue, "SLICE", 0)  # a slice may then end at every place that looks like one
    jobs = decode(body_of([plain_row(n, Name=name, Comment=name) for n in range(1, 30)]))
    assert [job.job_id for job in jobs] == list(range(1, 30))


@given(
    changed=st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["State", "Name", "Reason", "PriorityLong"]))),
    gone=st.sets(st.integers(0, 8)),
)
def test_a_job_whose_row_is_unchanged_is_the_same_object(changed: list[tuple[int, str]], gone: set[int]) -> None:
    decoder = QueueDecoder()
    before = [plain_row(n + 1, State="PENDING", TimeUsed="0:00") for n in range(9)]
    first = decode(body_of(before), decoder)
    after = [list(row) for row in before]
    for at, field in changed:
        after[at][SQUEUE_FIELDS.index(field)] = "7"
    left = [at for at in range(9) if at not in gone]
    second = decode(body_of([after[at] for at in left], "anotherSeparator"), decoder, "anotherSeparator")
    touched = {at for at, _ in changed}
    assert [job is first[at] for at, job in zip(left, second, strict=True)] == [at not in touched for at in left]
    assert second == one_by_one(body_of([after[at] for at in left]))


def test_only_the_rows_of_the_last_answer_are_kept() -> None:
    decoder = QueueDecoder()
    (first,) = decode(body_of([plain_row(1)]), decoder)
    assert decode(body_of([plain_row(2)]), decoder) != [first]
    (again,) = decode(body_of([plain_row(1)]), decoder)
    assert again == first
    assert again is not first


def test_jobs_of_another_site_are_not_taken_for_those_of_this_one() -> None:
    decoder = QueueDecoder()
    body = body_of([plain_row(1)])
    decode(body, decoder)
    ((job,), _) = at_once(decoder.slices(body, SEP, site="other", now=NOW))
    assert job.site == "other"


async def test_others_have_a_turn_while_a_long_list_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr(text_queue, "SLICE", 0)
    monkeypatch.setattr("naru_client.turns.TURN", 0.0)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    jobs, _ = await gathered(
        QueueDecoder().slices(body_of([plain_row(n) for n in range(1, 41)]), SEP, site="lab", now=NOW)
    )
    task.cancel()
    assert len(jobs) == 40
    assert turns >= 40


def test_what_is_remembered_of_cells_is_bounded() -> None:
    memo: Memo[int, int] = Memo(lambda key: key * 2)
    assert [memo[key] for key in (1, 1, 2)] == [2, 2, 4]
    for key in range(LARGEST_MEMO + 10):
        assert memo[key] == key * 2
    assert len(memo) <= LARGEST_MEMO
