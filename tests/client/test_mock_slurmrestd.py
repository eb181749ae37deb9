"""The face speaks slurmrestd v0.0.44: its shapes, its units, and its manners when it refuses."""

from typing import Any

import httpx
import msgspec
import pytest
from tests.client.mock_world import NOON, submit, world

from naru_client.mock.scenario import load_scenario
from naru_client.mock.simulator import Simulator
from naru_client.mock.slurmrestd import Reply, Slurmrestd

NAME = {"x-slurm-user-token": "secret"}


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


class Face:
    """A simulated centre and questions to it; paths are without the version."""

    def __init__(self, simulator: Simulator, speed: float = 1.0) -> None:
        self.clock = Clock()
        self.simulator = simulator
        self.app = Slurmrestd(simulator, {"secret": "naru"}, self.clock, speed)

    def reply(self, path: str, headers: dict[str, str] = NAME, **query: str) -> Reply:
        part, _, tail = path.partition("/")
        return self.app.reply("GET", f"/{part}/v0.0.44/{tail}", query, headers)

    def get(self, path: str, **query: str) -> Any:
        reply = self.reply(path, NAME, **query)
        assert (reply.status, reply.content_type) == (200, "application/json"), reply.body
        return msgspec.json.decode(reply.body)

    def job(self, job_id: int) -> Any:
        [record] = [job for job in self.get("slurm/jobs")["jobs"] if job["job_id"] == job_id]
        return record


@pytest.fixture(scope="module")
def small() -> Face:
    return Face(Simulator(load_scenario("small"), 1, NOON))


@pytest.fixture
def tiny() -> Face:
    return Face(world())


# Manners


def test_without_a_token_there_is_one_plain_line(tiny: Face) -> None:
    assert tiny.reply("slurm/ping", {}) == Reply(401, "text/plain", b"Authentication failure")


@pytest.mark.parametrize("headers", [{"x-slurm-user-token": "other"}, NAME | {"x-slurm-user-name": "bob"}])
@pytest.mark.parametrize("path", ["slurm/jobs", "slurmdb/jobs"])
def test_a_wrong_token_or_another_s_name_is_511(tiny: Face, headers: dict[str, str], path: str) -> None:
    reply = tiny.reply(path, headers)
    assert reply.status == 511
    assert msgspec.json.decode(reply.body)["errors"][0]["error_number"] == 1007


def test_both_headers_carry_a_token(tiny: Face) -> None:
    assert tiny.reply("slurm/ping", {"authorization": "Bearer secret"}).status == 200
    assert tiny.reply("slurm/ping", NAME | {"x-slurm-user-name": "naru"}).status == 200


@pytest.mark.parametrize(
    "path",
    ["/slurm/v0.0.45/ping", "/slurm/v0.0.43/jobs", "/slurm/v0.0.44/nope", "/slurm/v0.0.44/job/1/x", "/", "/slurm"],
)
def test_what_is_not_there_is_a_plain_404(tiny: Face, path: str) -> None:
    reply = tiny.app.reply("GET", path, {}, NAME)
    assert (reply.status, reply.content_type) == (404, "text/plain")
    assert reply.body.startswith(b"Unable to find requested URL endpoint.")


def test_a_trailing_slash_is_optional(tiny: Face) -> None:
    assert tiny.get("slurm/ping/") == tiny.get("slurm/ping")
    assert tiny.get("slurm/node/g-1/")["nodes"][0]["name"] == "g-1"


def test_only_json_is_spoken_and_nothing_is_changed(tiny: Face) -> None:
    assert tiny.reply("slurm/ping", NAME | {"accept": "text/html"}).status == 415
    assert tiny.reply("slurm/ping", NAME | {"accept": "text/html, application/json;q=0.5"}).status == 200
    assert tiny.app.reply("DELETE", "/slurm/v0.0.44/job/1", {}, NAME).status == 405


@pytest.mark.parametrize(("path", "number"), [("job/1", 2017), ("node/nope", 2018), ("partition/nope", 2000)])
def test_an_unknown_one_is_404_with_slurm_s_number(tiny: Face, path: str, number: int) -> None:
    reply = tiny.reply(f"slurm/{path}")
    body = msgspec.json.decode(reply.body)
    assert (reply.status, reply.content_type) == (404, "application/json")
    assert body["errors"][0]["error_number"] == number
    assert body[f"{path.split('/')[0]}s"] == []


def test_accounting_answers_200_and_a_warning_for_a_job_it_never_heard_of(tiny: Face) -> None:
    body = tiny.get("slurmdb/job/1")
    assert body["jobs"] == body["errors"] == []
    assert body["warnings"][0]["description"] == "slurmdb_jobs_get() found nothing"


@pytest.mark.parametrize("path", ["slurm/job/abc", "slurm/job/1_x", "slurmdb/job/-1", "slurmdb/job/1+0"])
def test_a_job_id_that_is_none_is_422(tiny: Face, path: str) -> None:
    reply = tiny.reply(path)
    assert reply.status == 422
    assert msgspec.json.decode(reply.body)["errors"][-1]["error_number"] == 9000


def test_a_time_that_cannot_be_read_is_422(tiny: Face) -> None:
    reply = tiny.reply("slurmdb/jobs", start_time="yesterdayish")
    assert reply.status == 422
    assert [error["error_number"] for error in msgspec.json.decode(reply.body)["errors"]] == [9202, 9000]
    assert tiny.reply("slurm/jobs", update_time="soon").status == 422


def test_collections_that_did_not_change_are_304_and_jobs_are_empty_with_a_warning(tiny: Face) -> None:
    tiny.clock.now += 60
    later = str(int(tiny.clock.now))
    for path in ("nodes", "partitions", "reservations"):
        assert tiny.reply(f"slurm/{path}", update_time=later) == Reply(304)
    body = tiny.get("slurm/jobs", update_time=later)
    assert body["jobs"] == []
    assert body["warnings"][0]["description"].startswith(f"No job changes since update_time[{later}]")


def test_collections_that_changed_come_in_full(tiny: Face) -> None:
    before = str(int(tiny.clock.now))
    submit(tiny.simulator)
    tiny.clock.now += 60
    assert len(tiny.get("slurm/jobs", update_time=before)["jobs"]) == 1
    assert len(tiny.get("slurm/nodes", update_time=before)["nodes"]) == 3
    assert tiny.reply("slurm/partitions", update_time=str(int(NOON + 60))) == Reply(304)


def test_a_list_of_ids_for_job_states_fails_as_the_real_one_does(tiny: Face) -> None:
    assert tiny.reply("slurm/jobs/state", job_id="1,2") == Reply(500, "text/plain", b"Unspecified error")


def test_time_passes_as_on_the_clock_times_the_speed() -> None:
    face = Face(world(), speed=60)
    job = submit(face.simulator, run=600.0)
    face.clock.now += 5
    assert face.job(job.id)["job_state"] == ["RUNNING"]
    face.clock.now += 10
    assert face.job(job.id)["job_state"] == ["COMPLETED"]
    assert face.get("slurm/jobs")["last_update"]["number"] == NOON + 900


async def test_it_is_an_asgi_app(tiny: Face) -> None:
    transport = httpx.ASGITransport(app=tiny.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://centre") as client:
        answer = await client.get("/slurmdb/v0.0.44/jobs", params={"start_time": "now-1days"}, headers=NAME)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["meta"]["plugin"]["type"] == "openapi/slurmdbd"
        refused = await client.get("/slurm/v0.0.44/jobs")
        assert (refused.status_code, refused.text) == (401, "Authentication failure")


# Bodies

NOVAL = {"set": bool, "infinite": bool, "number": int}
JOB = {
    "account": str, "array_job_id": NOVAL, "array_max_tasks": NOVAL, "array_task_id": NOVAL, "array_task_string": str,
    "comment": str, "cpus": NOVAL, "current_working_directory": str, "dependency": str, "eligible_time": NOVAL,
    "end_time": NOVAL, "exit_code": {"status": [str], "return_code": NOVAL, "signal": {"id": NOVAL, "name": str}},
    "gres_detail": [str], "het_job_id": NOVAL, "het_job_id_set": str, "het_job_offset": NOVAL, "hold": bool,
    "job_id": int, "job_state": [str], "memory_per_cpu": NOVAL, "memory_per_node": NOVAL, "name": str,
    "node_count": NOVAL, "nodes": str, "partition": str, "priority": NOVAL, "priority_by_partition": [str], "qos": str,
    "scheduled_nodes": str, "standard_output": str, "start_time": NOVAL, "state_description": str, "state_reason": str,
    "stdout_expanded": str, "submit_time": NOVAL, "tasks": NOVAL, "time_limit": NOVAL, "tres_alloc_str": str,
    "tres_per_job": str, "tres_per_node": str, "tres_req_str": str, "user_name": str,
}  # fmt: skip
NODE = {
    "name": str, "state": [str], "reason": str, "reason_changed_at": NOVAL, "reason_set_by_user": str, "gres": str,
    "gres_used": str, "gres_drained": str, "cpus": int, "alloc_cpus": int, "real_memory": int, "alloc_memory": int,
    "free_mem": NOVAL, "cpu_load": int, "partitions": [str], "features": [str], "reservation": str, "tres": str,
    "tres_used": str, "boot_time": NOVAL,
}  # fmt: skip
PARTITION = {
    "name": str, "nodes": {"configured": str, "total": int}, "partition": {"state": [str]},
    "maximums": {"time": NOVAL, "nodes": NOVAL}, "defaults": {"time": NOVAL},
    "priority": {"tier": int, "job_factor": int}, "qos": {"assigned": str, "allowed": str},
    "tres": {"billing_weights": str, "configured": str}, "accounts": {"allowed": str},
}  # fmt: skip
RESERVATION = {
    "name": str, "start_time": NOVAL, "end_time": NOVAL, "flags": [str], "node_list": str, "node_count": int,
    "users": str, "accounts": str,
}  # fmt: skip
TRES = {"type": str, "name": str, "id": int, "count": int}
RECORD = {
    "account": str, "array": {"job_id": int, "task_id": NOVAL, "task": str},
    "het": {"job_id": int, "job_offset": NOVAL}, "job_id": int, "name": str,
    "nodes": str, "partition": str, "qos": str, "user": str,
    "state": {"current": [str], "reason": str}, "stdout_expanded": str, "working_directory": str,
    "exit_code": {"status": [str], "return_code": NOVAL, "signal": {"id": NOVAL, "name": str}},
    "time": {"elapsed": int, "eligible": int, "start": int, "end": int, "submission": int, "limit": NOVAL},
    "tres": {"allocated": [TRES], "requested": [TRES]}, "kill_request_user": str,
}  # fmt: skip


def fits(value: Any, shape: Any, where: str) -> None:
    if isinstance(shape, dict):
        for name, inner in shape.items():
            assert name in value, f"{where}.{name} is missing"
            if name != "number" or value["set"]:
                fits(value[name], inner, f"{where}.{name}")
    elif isinstance(shape, list):
        for item in value:
            fits(item, shape[0], where)
    else:
        assert type(value) is shape, f"{where} is {value!r}"


@pytest.mark.parametrize(
    ("path", "name", "shape"),
    [
        ("slurm/jobs", "jobs", JOB),
        ("slurm/nodes", "nodes", NODE),
        ("slurm/partitions", "partitions", PARTITION),
        ("slurm/reservations", "reservations", RESERVATION),
        ("slurm/ping", "pings", {"hostname": str, "responding": bool, "latency": int, "primary": bool}),
        ("slurm/jobs/state", "jobs", {"job_id": str, "state": [str]}),
        ("slurmdb/ping", "pings", {"hostname": str, "responding": bool, "latency": int, "primary": bool}),
        ("slurmdb/jobs", "jobs", RECORD),
        ("slurmdb/tres", "TRES", TRES),
        ("slurmdb/users", "users", {"name": str, "default": {"account": str}}),
        ("slurmdb/accounts", "accounts", {"name": str, "description": str, "organization": str}),
        ("slurmdb/clusters", "clusters", {"name": str, "nodes": str, "tres": [TRES]}),
        ("slurmdb/qos", "qos", {"name": str, "id": int, "priority": NOVAL}),
        ("slurmdb/associations", "associations", {"account": str, "user": str, "parent_account": str, "qos": [str]}),
    ],
)
def test_every_record_has_the_contract_s_fields_and_types(small: Face, path: str, name: str, shape: Any) -> None:
    body = small.get(path)
    assert body[name]
    for i, record in enumerate(body[name]):
        fits(record, shape, f"{name}[{i}]")
    meta = body["meta"]
    assert meta["slurm"] == {
        "version": {"major": "25", "micro": "0", "minor": "11"}, "release": "25.11.0", "cluster": "naru-demo",
    }  # fmt: skip
    assert meta["plugin"]["data_parser"] == "data_parser/v0.0.44"
    assert body["errors"] == []


def test_licenses_are_an_empty_list_and_diag_counts_the_queue(small: Face) -> None:
    assert small.get("slurm/licenses")["licenses"] == []
    told = small.get("slurm/diag")["statistics"]
    jobs = small.get("slurm/jobs")["jobs"]
    assert told["jobs_pending"] == sum(job["job_state"] == ["PENDING"] for job in jobs)
    assert told["bf_exit"]["end_job_queue"] == 0


def test_a_waiting_job(tiny: Face) -> None:
    for _ in range(2):
        submit(tiny.simulator, accelerators=4)
    tiny.clock.now += 10
    tiny.get("slurm/ping")
    job = submit(tiny.simulator, nodes=2, accelerators=4, hours=2, name="학습")
    tiny.clock.now += 10
    told = tiny.job(job.id)
    assert (told["job_state"], told["state_reason"], told["name"]) == (["PENDING"], "Resources", "학습")
    assert told["start_time"] == {"set": True, "infinite": False, "number": int(NOON) + 3610}
    assert told["scheduled_nodes"] == "g-[1-2]"
    assert told["time_limit"]["number"] == 120, "minutes"
    assert told["memory_per_cpu"]["number"] * 16 <= 262144, "MiB"
    assert told["tres_req_str"].startswith("cpu=32,mem=")
    assert told["tres_req_str"].endswith("node=2,gres/gpu=8,gres/gpu:h100=8")
    assert (told["tres_alloc_str"], told["job_resources"], told["nodes"]) == ("", None, "")
    assert told["node_count"]["number"] == 2


def test_a_running_job_and_its_node(tiny: Face) -> None:
    submit(tiny.simulator)
    job = submit(tiny.simulator, accelerators=2, on_node="g-1")
    tiny.clock.now += 600
    told = tiny.job(job.id)
    assert told["job_state"] == ["RUNNING"]
    assert told["gres_detail"] == ["gpu:h100:2(IDX:1-2)"]
    assert told["tres_alloc_str"].endswith("gres/gpu=2,gres/gpu:h100=2")
    assert told["end_time"]["number"] - told["start_time"]["number"] == 3600
    [share] = told["job_resources"]["nodes"]["allocation"]
    taken = [core["status"] for socket in share["sockets"] for core in socket["cores"]]
    assert (share["name"], len(taken)) == ("g-1", 16)
    assert taken.count(["ALLOCATED"]) == share["cpus"]["count"] == told["cpus"]["number"] == 8
    [node] = tiny.get("slurm/node/g-1")["nodes"]
    assert (node["state"], node["gres"], node["gres_used"]) == (["MIXED"], "gpu:h100:4(S:0-1)", "gpu:h100:3(IDX:0-2)")
    assert (node["alloc_cpus"], node["alloc_idle_cpus"]) == (12, 4)
    assert "gres/gpu=3,gres/gpu:h100=3" in node["tres_used"]
    [idle] = tiny.get("slurm/node/g-2")["nodes"]
    assert (idle["state"], idle["gres_used"], idle["tres_used"]) == (["IDLE"], "gpu:h100:0(IDX:N/A)", "")


@pytest.mark.parametrize(
    ("ending", "reason", "live", "kept"),
    [
        ({"outcome": "COMPLETED"}, "None", ("SUCCESS", 0, 0), ("SUCCESS", 0, 0)),
        ({"outcome": "FAILED", "exit_code": 3}, "NonZeroExitCode", ("ERROR", 3, 0), ("ERROR", 3, 0)),
        ({"outcome": "TIMEOUT"}, "TimeLimit", ("SIGNALED", 0, 15), ("SUCCESS", 0, 0)),
        ({"outcome": "OUT_OF_MEMORY"}, "OutOfMemory", ("SIGNALED", 0, 125), ("SIGNALED", 0, 125)),
        ({"outcome": "CANCELLED"}, "None", ("SIGNALED", 0, 15), ("SUCCESS", 0, 0)),
        ({"outcome": "NODE_FAIL"}, "NodeDown", ("SIGNALED", 0, 1), ("ERROR", 1, 0)),
    ],
)
def test_how_a_job_ended_by_slurmctld_and_by_slurmdbd(
    tiny: Face, ending: dict[str, Any], reason: str, live: tuple[Any, ...], kept: tuple[Any, ...]
) -> None:
    def told(exit_code: Any) -> tuple[Any, ...]:
        return exit_code["status"][0], exit_code["return_code"]["number"], exit_code["signal"]["id"]["number"]

    job = submit(tiny.simulator, run=600.0, **ending)
    tiny.clock.now += 610
    ctld = tiny.job(job.id)
    assert ctld["job_state"] == [job.outcome, "COMPLETING"]
    tiny.clock.now += 60
    ctld = tiny.job(job.id)
    assert (ctld["job_state"], ctld["state_reason"]) == ([job.outcome], reason)
    assert told(ctld["exit_code"]) == live
    tiny.clock.now += 600
    assert tiny.reply(f"slurm/job/{job.id}").status == 404
    [record] = tiny.get(f"slurmdb/job/{job.id}")["jobs"]
    assert (record["state"]["current"], record["time"]["elapsed"]) == ([job.outcome], 600)
    assert told(record["exit_code"]) == kept


def test_an_array_partly_started(tiny: Face) -> None:
    group = submit(tiny.simulator, held="user", name="sweep")
    tiny.simulator.workload.make_array(group, 7, 2)
    group.array_id = group.id
    tiny.simulator.release(group)
    tiny.clock.now += 10
    by_task = {job["array_task_id"]["number"] if job["array_task_id"]["set"] else None: job
               for job in tiny.get(f"slurm/job/{group.id}")["jobs"]}  # fmt: skip
    assert set(by_task) == {None, 0, 1}
    waiting, first = by_task[None], by_task[0]
    assert (waiting["array_task_string"], waiting["array_max_tasks"]["number"]) == ("2-6%2", 2)
    assert waiting["stdout_expanded"].endswith("_4294967294.out")
    assert waiting["standard_output"] == "logs/%x-%A_%a.out"
    assert first["job_id"] != group.id
    assert first["array_job_id"]["number"] == group.id
    assert first["array_task_string"] == ""
    assert first["stdout_expanded"] == f"/scratch/ann/logs/sweep-{group.id}_0.out"
    assert len(tiny.get(f"slurm/job/{group.id}_1")["jobs"]) == 3, "one task asked for, all records answered"
    [only] = tiny.get(f"slurmdb/job/{group.id}_1")["jobs"]
    assert only["array"]["task_id"]["number"] == 1
    pending = next(job for job in tiny.get("slurmdb/jobs")["jobs"] if job["state"]["current"] == ["PENDING"])
    assert pending["array"]["task"] == "0x7C", "the waiting tasks as a bitmap"
    states = {line["job_id"]: line["state"] for line in tiny.get("slurm/jobs/state")["jobs"]}
    assert states[f"{first['job_id']}_0"] == ["RUNNING"]
    assert states[f"{group.id}_6"] == ["PENDING"]


def test_dependencies_are_told_with_what_became_of_them(tiny: Face) -> None:
    good, bad = submit(tiny.simulator, run=300.0), submit(tiny.simulator, run=300.0, outcome="FAILED", exit_code=1)
    child, orphan = submit(tiny.simulator, after=(good,)), submit(tiny.simulator, after=(bad,))
    tiny.clock.now += 60
    assert tiny.job(child.id)["dependency"] == f"afterok:{good.id}(unfulfilled)"
    tiny.clock.now += 300
    assert tiny.job(child.id)["dependency"] == ""
    assert tiny.job(orphan.id)["dependency"] == f"afterok:{bad.id}(failed)"


def test_a_held_job_is_not_known_to_accounting(tiny: Face) -> None:
    job = submit(tiny.simulator, held="user")
    tiny.clock.now += 60
    told = tiny.job(job.id)
    assert (told["hold"], told["priority"]["number"], told["eligible_time"]["number"]) == (True, 0, 0)
    assert tiny.get("slurmdb/jobs")["jobs"] == []


def test_history_is_filtered_by_time_user_state_and_more(small: Face) -> None:
    def ids(**query: str) -> set[int]:
        return {job["job_id"] for job in small.get("slurmdb/jobs", **query)["jobs"]}

    everything = small.get("slurmdb/jobs")["jobs"]
    now = small.simulator.now
    for text, since in (("now-2hours", now - 7200), (f"uts{int(now) - 7200}", now - 7200), (str(int(now)), now)):
        expected = {job["job_id"] for job in everything if job["time"]["end"] >= int(since)}
        assert ids(start_time=text) == expected
    assert ids(start_time="2026-11-22T11:00:00") < {job["job_id"] for job in everything}
    assert ids(end_time="now-3hours") == {j["job_id"] for j in everything if j["time"]["eligible"] <= now - 3 * 3600}
    mine = {job["job_id"] for job in everything if job["user"] in ("naru", "u1001")}
    assert mine
    assert ids(users="naru,u1001") == mine
    assert ids(state="FAILED,TIMEOUT", partition="cpu") == {
        job["job_id"]
        for job in everything
        if job["partition"] == "cpu" and job["state"]["current"][0] in ("FAILED", "TIMEOUT")
    }
    assert small.get("slurmdb/jobs", users="nobody")["warnings"]


def test_limits_are_told_where_slurm_tells_them(small: Face) -> None:
    qos = {record["name"]: record for record in small.get("slurmdb/qos")["qos"]}
    assert qos["p_h200"]["limits"]["max"]["tres"]["per"]["user"] == [
        {"type": "gres", "name": "gpu", "id": 1001, "count": 16}
    ]
    assert qos["p_gh200"]["limits"]["max"]["jobs"]["active_jobs"]["per"]["user"]["number"] == 1
    [firm] = [r for r in small.get("slurmdb/associations", account="startup_voice")["associations"] if not r["user"]]
    assert firm["max"]["tres"]["total"][0]["count"] == 12
    assert firm["parent_account"] == "startup"
    assert {r["account"] for r in small.get("slurmdb/associations", user="naru")["associations"]} == {"univ_lang"}


def test_nodes_in_trouble_say_so(small: Face) -> None:
    nodes = {node["name"]: node for node in small.get("slurm/nodes")["nodes"]}
    assert nodes["h200-05"]["state"] == ["DOWN", "NOT_RESPONDING"]
    assert nodes["h200-05"]["reason"].startswith("Xid 79")
    assert nodes["h200-05"]["cpu_load"] == 4294967294
    assert nodes["b200-07"]["state"] == ["IDLE", "DRAIN"]
    assert set(nodes["h100-03"]["state"]) >= {"DRAIN", "COMPLETING"}
    assert "RESERVED" in nodes["h100-06"]["state"]
    assert nodes["h100-06"]["reservation"] == "ai-school"
    maintenance = next(r for r in small.get("slurm/reservations")["reservations"] if "MAINT" in r["flags"])
    assert maintenance["node_count"] == len(nodes)
