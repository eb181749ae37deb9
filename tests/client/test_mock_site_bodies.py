"""Nodes, partitions, reservations, licences and the scheduler's own figures, as slurmctld tells them."""

import pytest
from tests.client.mock_face import Face, number, small_face, tiny_face
from tests.client.mock_world import NOON, submit

from naru_client.mock.wire_values import mebibytes

MIXED = """
licenses = { matlab = 4 }
nodes = [
    { names = "g-[1-2]", gres = "gpu:h100:4", cores = 8, memory = 262144 },
    { names = "m-[1-2]", gres = "npu:rngd:2", sockets = 1, cores = 6, memory = 65536, features = ["50%", "npu"] },
]
partitions = [
    { name = "gpu", nodes = "g-[1-2]" },
    { name = "mixed", nodes = "m-[1-2],g-[1-2]", state = "DRAIN", allow-accounts = ["lab", "firm"], \
      billing = "CPU=1.0,Mem=0.25G,GRES/npu=2,GRES/gpu=10" },
]
""".replace("\\\n", "")


@pytest.fixture
def tiny() -> Face:
    return tiny_face()


@pytest.fixture(scope="module")
def small() -> Face:
    return small_face()


def test_a_node_and_what_is_taken_of_it(tiny: Face) -> None:
    submit(tiny.simulator)
    submit(tiny.simulator, accelerators=2, on_node="g-1")
    tiny.step(600)
    [node] = tiny.get("slurm/node/g-1")["nodes"]
    assert (node["state"], node["gres"], node["gres_used"]) == (["MIXED"], "gpu:h100:4(S:0-1)", "gpu:h100:3(IDX:0-2)")
    assert (node["alloc_cpus"], node["alloc_idle_cpus"], node["cpus"]) == (12, 4, 16)
    assert "gres/gpu=3,gres/gpu:h100=3" in node["tres_used"]
    assert node["alloc_memory"] + 9000 < node["real_memory"]
    [idle] = tiny.get("slurm/node/g-2")["nodes"]
    assert (idle["state"], idle["gres_used"], idle["tres_used"]) == (["IDLE"], "gpu:h100:0(IDX:N/A)", "")
    assert number(idle["last_busy"]) < number(node["last_busy"]) <= NOON + 10, "it does not depend on now"
    [plain] = tiny.get("slurm/node/c-1")["nodes"]
    assert (plain["gres"], plain["gres_used"], "gres" in plain["tres"]) == ("", "", False)


def test_an_epilog_a_failure_and_a_drain_show_on_the_node(tiny: Face) -> None:
    job = submit(tiny.simulator, run=600.0, epilog=60.0)
    tiny.step(630)
    sim = tiny.simulator
    assert job.completing
    assert tiny.get("slurm/node/g-1")["nodes"][0]["state"] == ["MIXED", "COMPLETING"]
    sim.take_out(sim.cluster.nodes["g-1"], down=False, reason='fan "2"', by="oper")
    [node] = tiny.get("slurm/node/g-1")["nodes"]
    assert (node["state"], node["reason"]) == (["MIXED", "DRAIN", "COMPLETING"], 'fan "2"')
    assert (node["reason_set_by_user"], number(node["reason_changed_at"])) == ("oper", NOON + 630)
    sim.take_out(sim.cluster.nodes["g-2"], down=True, reason="Not responding", by="slurm")
    [node] = tiny.get("slurm/node/g-2")["nodes"]
    assert (node["state"], node["cpu_load"]) == (["DOWN", "NOT_RESPONDING"], 4294967294)
    assert number(node["free_mem"]) is None
    sim.bring_back(sim.cluster.nodes["g-2"])
    [node] = tiny.get("slurm/node/g-2")["nodes"]
    assert (node["state"], node["reason"], node["reason_set_by_user"]) == (["IDLE"], "", "")


def test_nodes_in_trouble_say_so(small: Face) -> None:
    nodes = {node["name"]: node for node in small.get("slurm/nodes")["nodes"]}
    assert nodes["h200-05"]["state"] == ["DOWN", "NOT_RESPONDING"]
    assert nodes["h200-05"]["reason"].startswith("Xid 79")
    assert nodes["b200-07"]["state"] == ["IDLE", "DRAIN"]
    assert set(nodes["h100-03"]["state"]) >= {"DRAIN", "COMPLETING"}
    assert "RESERVED" in nodes["h100-06"]["state"]
    assert nodes["h100-06"]["reservation"] == "ai-school"
    maintenance = next(r for r in small.get("slurm/reservations")["reservations"] if "MAINT" in r["flags"])
    assert maintenance["node_count"] == len(nodes)


def test_a_partition_of_two_kinds_of_nodes() -> None:
    face = tiny_face(MIXED)
    [mixed] = face.get("slurm/partition/mixed")["partitions"]
    assert mixed["partition"]["state"] == ["DRAIN"]
    assert mixed["accounts"]["allowed"] == "lab,firm"
    assert mixed["nodes"] == {"allowed_allocation": "", "configured": "g-[1-2],m-[1-2]", "total": 4}
    configured = dict(part.split("=") for part in mixed["tres"]["configured"].split(","))
    assert configured == {
        "cpu": "44", "mem": "640G", "node": "4", "billing": str(44 + 160 + 4 * 2 + 8 * 10), "gres/gpu": "8",
        "gres/gpu:h100": "8", "gres/npu": "4", "gres/npu:rngd": "4",
    }  # fmt: skip
    nodes = {node["name"]: node for node in face.get("slurm/nodes")["nodes"]}
    assert nodes["m-1"]["features"] == nodes["m-1"]["active_features"] == ["50%", "npu"]
    assert (nodes["m-1"]["gres"], nodes["m-1"]["gres_used"]) == ("npu:rngd:2(S:0-0)", "npu:rngd:0(IDX:N/A)")
    assert nodes["m-1"]["tres"] == "cpu=6,mem=64G,billing=26,gres/npu=2,gres/npu:rngd=2"


def test_licences_are_lent_to_running_jobs() -> None:
    face = tiny_face(MIXED)
    assert face.get("slurm/licenses")["licenses"] == [
        {"LicenseName": "matlab", "Total": 4, "Used": 0, "Free": 4, "Remote": False, "Reserved": 0, "LastConsumed": 0,
         "LastDeficit": 0, "LastUpdate": 0, "Nodes": ""},
    ]  # fmt: skip
    submit(face.simulator, licenses=(("matlab", 3),))
    face.step(20)
    [told] = face.get("slurm/licenses")["licenses"]
    assert (told["Used"], told["Free"]) == (3, 1)


def test_partitions_say_their_limits(small: Face) -> None:
    pools = {p["name"]: p for p in small.get("slurm/partitions")["partitions"]}
    debug = pools["debug"]
    assert (debug["maximums"]["time"]["number"], debug["defaults"]["time"]["number"]) == (30, 15), "minutes"
    assert (debug["priority"]["tier"], debug["qos"]["assigned"]) == (10, "p_debug")
    assert debug["maximums"]["nodes"]["number"] == 1
    assert pools["gh200_1"]["maximums"]["nodes"]["infinite"]
    assert pools["cpu"]["partition"]["state"] == ["UP"]


def test_one_reservation(small: Face) -> None:
    [told] = small.get("slurm/reservation/ai-school")["reservations"]
    assert (told["accounts"], told["node_list"], told["users"]) == ("univ_vision", "h100-06", "")
    assert number(told["start_time"]) <= NOON < number(told["end_time"])


def test_diag_counts_the_queue_and_who_asked(tiny: Face) -> None:
    jobs = [submit(tiny.simulator, accelerators=4) for _ in range(3)]
    tiny.step(60)
    tiny.simulator.cancel(jobs[0], "ann")
    tiny.get("slurm/jobs")
    tiny.get("slurm/job/" + str(jobs[1].id))
    tiny.get("slurm/nodes")
    told = tiny.get("slurm/diag")["statistics"]
    assert (told["jobs_submitted"], told["jobs_started"], told["jobs_canceled"]) == (3, 2, 1)
    assert (told["jobs_pending"], told["jobs_running"], told["schedule_queue_length"]) == (1, 1, 1)
    calls = {entry["message_type"]: entry["count"] for entry in told["rpcs_by_message_type"]}
    assert calls == {
        "REQUEST_JOB_INFO": 1, "REQUEST_JOB_INFO_SINGLE": 1, "REQUEST_NODE_INFO": 1, "REQUEST_STATS_INFO": 1,
    }  # fmt: skip
    assert [(entry["user"], entry["count"]) for entry in told["rpcs_by_user"]] == [("ann", 4)]


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0M"), (1, "1M"), (1023, "1023M"), (1024, "1G"), (1536, "1.50G"), (16_000, "16000M"), (64_000, "62.50G"),
     (128_000, "125G"), (1_000_000, "1000000M"), (1_048_576, "1T")],
)  # fmt: skip
def test_memory_is_written_as_slurm_does(value: int, written: str) -> None:
    assert mebibytes(value) == written
