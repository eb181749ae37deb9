"""Traces are read strictly: what is not in the form is told with its file and line."""

import gzip
from pathlib import Path

import pytest

from naru_client.errors import UsageError
from naru_client.traces import read_trace

SWF = """; MaxProcs: 240
; Note: a header
1 1000 71 300 12 1 1024 12 1209600 91268 1 101 1 7 3 1 -1 -1
2 1100 0 552.5 -1 -1 -1 30 -1 -1 1 5 1 -1 3 1 -1 -1
"""
SACCT = """JobID|User|Partition|JobName|Submit|Eligible|Start|End|Timelimit|ReqTRES|State
1|kim|gpu|train|2025-03-01T00:00:00|2025-03-01T00:10:00|2025-03-01T01:00:00|2025-03-01T03:00:00|1-00:00:00|cpu=8,gres/gpu=4|COMPLETED
1.batch||||2025-03-01T00:00:00|Unknown|2025-03-01T01:00:00|2025-03-01T03:00:00|||COMPLETED
2|lee|cpu|a|b|2025-03-01T00:00:00|2025-03-01T00:00:00|Unknown|2025-03-01T03:00:00|UNLIMITED|cpu=8|CANCELLED by 7
"""


def trace(folder: Path, text: str | bytes) -> Path:
    path = folder / "trace"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_swf_is_read_column_by_column(tmp_path: Path) -> None:
    read = read_trace(trace(tmp_path, SWF))
    assert (read.form, read.capacity, read.left_out, read.doubtful) == ("swf", 240, 0, 0)
    first, second = read.jobs
    assert (first.ask.submitted, first.started, first.ended) == (1000, 1071, 1371)
    assert (first.ask.amount, first.ask.limit, first.ask.user, first.ask.queue) == (12, 1209600, "101", "3")
    assert (second.ask.amount, second.ask.limit, second.ended) == (30, None, 1652)


def test_a_node_list_after_the_columns_brings_a_queue_and_a_request(tmp_path: Path) -> None:
    line = "1 1000 71 300 12 1 1024 12 86400 9 1 101 1 1 -1 1 1 1 {1129,1129} q_2w 1:ppn=12\n"
    (job,) = read_trace(trace(tmp_path, line)).jobs
    assert (job.ask.queue, job.ask.name) == ("q_2w", "1 1:ppn=12")


def test_a_job_given_up_in_the_queue_never_starts(tmp_path: Path) -> None:
    read = read_trace(trace(tmp_path, SWF + "3 1200 60 0 -1 -1 -1 4 60 -1 5 5 1 -1 3 1 -1 -1\n"))
    assert (read.jobs[2].started, read.jobs[2].ended) == (None, 1260)


def test_what_cannot_be_is_unknown_and_told(tmp_path: Path) -> None:
    read = read_trace(trace(tmp_path, SWF + "3 1200 60 -1359981026 4 -1 -1 4 60 -1 1 5 1 -1 3 1 -1 -1\n"))
    assert (read.doubtful, read.doubtful_line, read.jobs[2].ended) == (1, 5, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("; x\n1 2 3\n", "line 2: 3 columns"),
        ("1 1000 x\x1b[31m 300 12 1 1 12 1 1 1 1 1 7 3 1 -1 -1\n", "line 1: wait time: 'x"),
        ("1 1000 nan 300 12 1 1 12 1 1 1 1 1 7 3 1 -1 -1\n", "line 1: wait time: 'nan'"),
        ("JobID|User|Submit|Start\n", "line 1: the column end is missing"),
        ("JobID|Submit|Start|End\n1|2|3\n", "line 2: 3 columns"),
        ("JobID|Submit|Start|End\n1|soon|Unknown|Unknown\n", "line 2: submit: 'soon' is not a time"),
        ("", "no job in"),
        ("; only a header\n", "no job in"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_trace(trace(tmp_path, text))
    assert told in caught.value.message
    assert "\x1b" not in caught.value.message


def test_sacct_counts_accelerators_where_there_are_any(tmp_path: Path) -> None:
    read = read_trace(trace(tmp_path, SACCT))
    first, second = read.jobs
    assert (read.form, read.left_out) == ("sacct", 1)
    assert (first.ask.amount, first.ask.pool, first.ask.limit, first.ask.name) == (4, "accelerators", 86_400, "train")
    assert first.started is not None
    assert first.started - first.ask.submitted == 3000  # from when it could start
    assert (second.ask.amount, second.ask.pool, second.ask.limit) == (8, "processors", None)
    assert (second.ask.name, second.started) == ("a|b", None)


def test_gzip_is_unpacked_and_what_is_cut_off_is_told(tmp_path: Path) -> None:
    packed = gzip.compress(SWF.encode())
    assert len(read_trace(trace(tmp_path, packed)).jobs) == 2
    with pytest.raises(UsageError, match="cut off"):
        read_trace(trace(tmp_path, packed[:-9]))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_trace(tmp_path / "none")
