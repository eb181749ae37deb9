"""Folding arrays and het jobs into rows."""

import time
from typing import Any

import pytest

from naru_client.insight.fold import expression_count, fold, state_counts, task_count
from naru_client.model import Job


def job(job_id: str, state: str = "PENDING", **more: Any) -> Job:
    return Job(
        site="s", id=job_id, job_id=int("".join(c for c in job_id.split("_")[0].split("+")[0])), state=state, **more
    )


def task(array: int, number: int, state: str = "RUNNING", **more: Any) -> Job:
    return job(f"{array}_{number}", state, array_id=array, array_task=number, **more)


def group(array: int, expression: str, count: int | None) -> Job:
    return job(f"{array}_[{expression}]", array_id=array, array_tasks=expression, array_pending=count)


def test_a_plain_job_is_a_row_of_one() -> None:
    (row,) = fold([job("7", "RUNNING")])
    assert (row.key, row.counts, row.depth, row.foldable, row.tasks, row.group) == (
        "7",
        (("RUNNING", 1),),
        0,
        False,
        1,
        "7",
    )


def test_an_array_is_one_row_that_counts_its_tasks() -> None:
    rows = fold([group(19, "5-49%2", 45), task(19, 3), task(19, 4), task(19, 1, "FAILED")])
    assert [row.key for row in rows] == ["19"]
    assert rows[0].counts == (("RUNNING", 2), ("PENDING", 45), ("FAILED", 1))
    assert rows[0].tasks == 48
    assert len(rows[0].members) == 4
    assert rows[0].foldable


def test_the_liveliest_task_stands_for_the_array() -> None:
    assert fold([group(19, "5-9", 5), task(19, 1, "COMPLETED"), task(19, 3)])[0].job.id == "19_3"
    assert fold([task(19, 1, "COMPLETED"), group(19, "5-9", 5)])[0].job.id == "19_[5-9]"
    assert fold([task(19, 1, "FAILED"), task(19, 2, "COMPLETED")])[0].job.id == "19_1"


def test_a_het_job_is_one_row_led_by_its_first_component() -> None:
    parts = [job("20+1", "RUNNING", het_id=20, het_offset=1), job("20+0", "RUNNING", het_id=20, het_offset=0)]
    (row,) = fold(parts)
    assert (row.key, row.job.id, row.counts) == ("20+", "20+0", (("RUNNING", 2),))


def test_rows_keep_the_order_of_first_appearance() -> None:
    jobs = [
        job("1"), task(19, 0), job("2"), job("20+0", het_id=20, het_offset=0), task(19, 1), job("3"),
        job("20+1", het_id=20, het_offset=1), task(18, 0),
    ]  # fmt: skip
    assert [row.key for row in fold(jobs)] == ["1", "19", "2", "20+", "3", "18"]


def test_an_unfolded_row_is_followed_by_its_members() -> None:
    jobs = [job("1"), task(19, 0), job("2"), task(19, 1), task(18, 0), task(18, 1)]
    rows = fold(jobs, frozenset({"19"}))
    assert [(row.key, row.depth, row.group) for row in rows] == [
        ("1", 0, "1"), ("19", 0, "19"), ("19_0", 1, "19"), ("19_1", 1, "19"), ("2", 0, "2"), ("18", 0, "18"),
    ]  # fmt: skip
    assert [row.unfolded for row in rows] == [False, True, False, False, False, False]
    assert not rows[2].foldable


def test_the_key_of_an_array_does_not_change_when_one_task_is_left() -> None:
    (row,) = fold([task(19, 7)], frozenset({"19"}))
    assert (row.key, row.job.id, row.foldable, row.unfolded) == ("19", "19_7", False, False)


def test_the_same_number_at_two_sites_is_two_rows() -> None:
    other = Job(site="t", id="19_0", job_id=19, array_id=19, array_task=0, state="RUNNING")
    assert len(fold([task(19, 0), other])) == 2


def test_no_row_is_lost_to_a_state_that_nobody_knows() -> None:
    (row,) = fold([task(19, 0, "DREAMING"), task(19, 1)])
    assert row.counts == (("RUNNING", 1), ("DREAMING", 1))


@pytest.mark.parametrize(
    ("expression", "count"),
    [("5-9%2", 5), ("0-100:4", 26), ("1,3,5-7", 5), ("12", 1), ("[3-19%3]", 17), ("0-9,20-29:5%1", 12),
     ("1,2,...", None), ("9-1", None), ("", None), ("1-5:0", None), ("a-b", None)],
)  # fmt: skip
def test_an_array_expression_tells_how_many_tasks_it_names(expression: str, count: int | None) -> None:
    assert expression_count(expression) == count


def test_a_group_counts_by_its_expression_where_its_size_is_not_told() -> None:
    assert task_count(group(19, "0-44%5", None)) == 45
    assert task_count(group(19, "1,2,...", None)) == 1  # cut short: at least itself
    assert state_counts([group(19, "0-44", 45), job("3", "RUNNING")]) == (("RUNNING", 1), ("PENDING", 45))


def test_folding_grows_with_the_number_of_jobs_and_no_faster() -> None:
    """Ten times the jobs in at most thirty times the time, in one run: nothing in it is quadratic."""

    def jobs(count: int) -> list[Job]:
        return [task(n // 10 * 10, n % 10) if n % 2 else job(str(n)) for n in range(10, count + 10)]

    small, large = jobs(10_000), jobs(100_000)
    assert min(_time(large) for _attempt in range(3)) < 30 * min(_time(small) for _attempt in range(3))


def _time(jobs: list[Job]) -> float:
    begin = time.process_time()
    assert len(fold(jobs)) == len(jobs) * 6 // 10
    return time.process_time() - begin
