"""What slurmdbd remembers: jobs of the past and those still going on, asked for by every parameter."""

from typing import Any

import pytest
from tests.client.mock_face import TOKEN, Face, amounts, small_face, tiny_face
from tests.client.mock_world import NOON, submit


@pytest.fixture(scope="module")
def small() -> Face:
    return small_face()


# The past


def test_history_is_filtered_by_every_parameter(small: Face) -> None:
    def ids(**query: str) -> set[int]:
        return {job["job_id"] for job in small.get("slurmdb/jobs", **query)["jobs"]}

    everything = small.get("slurmdb/jobs")["jobs"]
    now = small.simulator.now
    assert all(job["time"]["eligible"] for job in everything)

    def those(**wanted: Any) -> set[int]:
        return {job["job_id"] for job in everything if all(job[name] in values for name, values in wanted.items())}

    for text, since in (("now-2hours", now - 7200), (f"uts{int(now) - 7200}", now - 7200), (str(int(now)), now)):
        expected = {job["job_id"] for job in everything if job["time"]["end"] >= int(since)}
        assert ids(start_time=text) == expected
    assert ids(start_time="2026-11-22T11:00:00") == ids(start_time="2026-11-22T20:00:00+09:00") == {
        job["job_id"] for job in everything if job["time"]["end"] >= NOON - 3600
    }  # fmt: skip
    assert ids(end_time="now-3hours") == {j["job_id"] for j in everything if j["time"]["eligible"] < now - 3 * 3600}
    assert ids(users="naru,u1001") == those(user=("naru", "u1001")) != set()
    assert ids(account="univ_bio") == ids(groups="univ_bio") == those(account=("univ_bio",)) != set()
    assert ids(account="univ_bio", groups="univ_lang") == set()
    assert ids(partition="cpu,debug") == those(partition=("cpu", "debug"))
    assert ids(job_name="jupyter,smoke") == those(name=("jupyter", "smoke")) != set()
    assert ids(qos="urgent") == those(qos=("urgent",))
    assert ids(cluster="elsewhere") == ids(wckey="x") == set()
    assert ids(cluster=small.site.name) == ids(format="name") == those()
    assert ids(reservation="ai-school") == {j["job_id"] for j in everything if j["reservation"]["name"] == "ai-school"}
    on_two = {j["job_id"] for j in everything if {"h100-01", "h100-02"} & set(names(j["nodes"]))}
    assert ids(node="h100-[01-02]") == on_two != set()
    some = sorted(those())[:2]
    assert ids(step=f"{some[0]},{some[1]}.batch") == set(some)
    assert small.get("slurmdb/jobs", users="nobody")["warnings"]
    for bad in ({"node": "h100-["}, {"step": "x"}, {"end_time": "later"}):
        assert small.reply("slurmdb/jobs", TOKEN, **bad).status == 422


def test_a_state_is_looked_for_in_the_span(small: Face) -> None:
    """A job is told when it waited, ran, or ended in that way at some time of it; without a span: now."""
    everything = small.get("slurmdb/jobs")["jobs"]
    now, hour = int(small.simulator.now), {"start_time": "now-1hours", "end_time": "now"}

    def ids(**query: str) -> set[int]:
        return {job["job_id"] for job in small.get("slurmdb/jobs", **query)["jobs"]}

    def ended(*states: str, since: int) -> set[int]:
        return {j["job_id"] for j in everything if j["state"]["current"][0] in states and j["time"]["end"] >= since}

    assert (
        ids(state="FAILED,TIMEOUT", **hour) == ids(state="f,to", **hour) == ended("FAILED", "TIMEOUT", since=now - 3600)
    )
    assert ids(state="RUNNING") == {j["job_id"] for j in everything if j["state"]["current"] == ["RUNNING"]} != set()
    assert ids(state="COMPLETED") == ended("COMPLETED", since=now)
    ran = {
        j["job_id"]
        for j in everything
        if j["nodes"] != "None assigned" and (j["state"]["current"] == ["RUNNING"] or j["time"]["end"] > now - 3600)
    }
    assert ids(state="R", **hour) == ran != ids(state="RUNNING")
    waited = ids(state="PENDING", **hour)
    assert waited >= {j["job_id"] for j in everything if j["state"]["current"] == ["PENDING"]}
    assert any(j["time"]["start"] > now - 3600 for j in everything if j["job_id"] in waited and j["job_id"] in ran)


def test_without_a_span_a_question_is_about_today() -> None:
    face = tiny_face()
    job = submit(face.simulator, run=600.0)
    face.step(3600)
    assert [j["job_id"] for j in face.get("slurmdb/jobs", users="ann")["jobs"]] == [job.id]
    face.step(86_400)
    assert face.get("slurmdb/jobs", users="ann")["jobs"] == []
    assert [j["job_id"] for j in face.get("slurmdb/jobs")["jobs"]] == [job.id], "without any parameter: everything"
    assert [j["job_id"] for j in face.get("slurmdb/jobs", step=str(job.id))["jobs"]] == [job.id]


def test_any_flag_turns_the_default_flags_off() -> None:
    """Times are then cut to the span, and of a job that ran several times the last run is told, unless asked for."""
    face = tiny_face()
    job = submit(face.simulator, run=3500.0)
    face.step(100)
    face.simulator.requeue(job)
    face.step(1000)
    assert face.simulator.now == face.clock.now
    since = str(int(face.clock.now - 200))

    def told(**query: str) -> list[tuple[str, int, int]]:
        jobs = face.get("slurmdb/jobs", **query)["jobs"]
        return [(j["state"]["current"][-1], j["time"]["start"], j["time"]["elapsed"]) for j in jobs]

    ran = int(face.clock.now) - int(job.started)
    first = int(face.simulator.records[next(iter(face.simulator.records))].started)
    assert [(state, start) for state, start, _ in told()] == [("REQUEUED", first), ("RUNNING", int(job.started))]
    assert told(start_time=since) == [("RUNNING", int(job.started), ran)]
    assert told(start_time=since, skip_steps="true") == [("RUNNING", int(since), 200)]
    assert told(start_time=since, skip_steps="true", disable_truncate_usage_time="true") == told(start_time=since)
    assert [state for state, *_ in told(skip_steps="true")] == ["RUNNING"]
    assert [state for state, *_ in told(skip_steps="true", show_duplicates="true")] == ["REQUEUED", "RUNNING"]
    assert told(skip_steps="false") == told(users="ann")


def test_a_job_that_was_never_eligible_is_told_only_by_its_state() -> None:
    face = tiny_face()
    job = submit(face.simulator, held="user")
    face.step(60)
    face.simulator.cancel(job, "ann")
    face.step(60)
    assert face.get("slurmdb/jobs", start_time="now-1hours")["jobs"] == []
    [told] = face.get("slurmdb/jobs", start_time="now-1hours", end_time="now", state="CANCELLED")["jobs"]
    assert (told["job_id"], told["kill_request_user"], told["time"]["elapsed"]) == (job.id, "ann", 0)


def names(hostlist: str) -> tuple[str, ...]:
    from naru_client.hostlist import expand

    return () if hostlist == "None assigned" else expand(hostlist)


def test_a_job_it_never_heard_of_is_200_and_a_warning(small: Face) -> None:
    body = small.get("slurmdb/job/1")
    assert body["jobs"] == body["errors"] == []
    assert body["warnings"][0]["description"] == "slurmdb_jobs_get() found nothing"


def test_the_past_is_told_only_to_who_asks_for_it() -> None:
    face = small_face()
    mine = face.get("slurmdb/jobs", users="naru")["jobs"]
    assert mine
    face.get("slurmdb/jobs", start_time=str(int(NOON)))
    assert face.simulator._past is not None, "neither a user without drawn work nor the present needs the past"
    older = face.get("slurmdb/jobs", users="u1001")["jobs"]
    assert face.simulator._past is None
    assert {job["job_id"] for job in face.get("slurmdb/jobs", users="u1001")["jobs"]} == {j["job_id"] for j in older}
    assert [job["job_id"] for job in face.get("slurmdb/jobs", users="naru")["jobs"]] == [j["job_id"] for j in mine]


def test_one_job_of_the_past_is_found_by_its_number() -> None:
    face = small_face()
    numbers = [job["job_id"] for job in face.get("slurmdb/jobs", users="u1001")["jobs"]]
    again = small_face()
    assert again.get(f"slurmdb/job/{numbers[0]}")["jobs"][0]["user"] == "u1001"


def test_times_of_a_job_still_going_on_run_until_now() -> None:
    face = tiny_face()
    job = submit(face.simulator)
    face.step(610)
    told = face.record(job.id)
    assert (told["time"]["end"], told["state"]["current"]) == (face.clock.now, ["RUNNING"])
    assert told["time"]["elapsed"] == face.clock.now - int(job.started)
    assert told["time"]["limit"]["number"] == 60, "minutes"
    assert amounts(told["tres"]["allocated"]) == {
        "cpu": 4, "mem": job.memory, "energy": -2, "node": 1, "billing": 4, "gres/gpu": 1, "gres/gpu:h100": 1,
    }  # fmt: skip
