"""The text lists: what is asked, and that no name can forge a field, a row or a job."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naru_client.errors import BadAnswer
from naru_client.model import Accelerators, Exit, Job, NodeAccelerators
from naru_client.slurm import text_lists, text_records
from naru_client.slurm.text_values import duration, moment, whole_number

SEP = "z0f1e2d3c"
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
T = 1795408900
RUNNING = {
    "JobID": "11", "ArrayJobID": "11", "ArrayTaskID": "N/A", "HetJobID": "N/A", "HetJobOffset": "N/A",
    "Name": "llm", "UserName": "alice", "Account": "univ_a", "QOS": "normal", "Partition": "b200", "State": "RUNNING",
    "Reason": "None", "PriorityLong": "1659", "Dependency": "(null)", "NumNodes": "1", "NodeList": "b200-02",
    "SchedNodes": "(null)", "NumCPUs": "16", "NumTasks": "1",
    "tres-alloc": "cpu=16,mem=62.50G,node=1,billing=34,gres/gpu=4,gres/gpu:b200=4", "tres-per-job": "N/A",
    "tres-per-node": "gres:gpu:b200:4", "tres-per-socket": "N/A", "tres-per-task": "N/A", "Feature": "(null)",
    "Reservation": "(null)", "SubmitTime": f"{T}", "EligibleTime": f"{T}", "StartTime": f"{T + 2}",
    "EndTime": f"{T + 86402}", "TimeLimit": "1-00:00:00", "TimeUsed": "15:25", "Comment": "a comment",
    "WorkDir": "/home/alice", "Command": "(null)", "STDOUT": "/home/alice/%x-%j.out",
    "STDERR": "/home/alice/%x-%j.out", "RestartCnt": "0", "exit_code": "0",
}  # fmt: skip
PENDING = RUNNING | {
    "JobID": "19", "ArrayJobID": "19", "ArrayTaskID": "3-19%3", "State": "PENDING", "Reason": "JobArrayTaskLimit",
    "NodeList": "", "SchedNodes": "b200-01", "StartTime": f"{T + 500}", "EndTime": "N/A", "TimeUsed": "0:00",
    "Name": "sweep", "TimeLimit": "UNLIMITED",
}  # fmt: skip
FAILED = RUNNING | {
    "JobID": "31", "ArrayJobID": "19", "ArrayTaskID": "1", "State": "FAILED", "Reason": "NonZeroExitCode",
    "EndTime": f"{T + 100}", "TimeUsed": "1:38", "exit_code": "256",
}  # fmt: skip


def squeue(*rows: dict[str, str], sep: str = SEP) -> bytes:
    return "".join("".join(row[f] + sep for f in text_lists.SQUEUE_FIELDS) + "\n" for row in rows).encode()


def decode(*rows: dict[str, str]) -> tuple[Job, ...]:
    return text_lists.decode_squeue(squeue(*rows), SEP, site="lab", now=NOW)


def test_squeue_is_asked_for_all_states_with_the_separator_after_every_field() -> None:
    argv = text_lists.squeue_argv(SEP, user="alice")
    assert argv[:8] == ("squeue", "-h", "-a", "--local", "-t", "all", "-u", "alice")
    assert argv[-1].split(",") == [f"{name}:{SEP}" for name in text_lists.SQUEUE_FIELDS]


def test_a_running_job_has_all_that_squeue_tells() -> None:
    (job,) = decode(RUNNING)
    assert (job.id, job.job_id, job.array_id, job.het_id, job.name, job.user) == ("11", 11, None, None, "llm", "alice")
    assert (job.state, job.reason, job.priority, job.dependency, job.reservation) == ("RUNNING", None, 1659, None, None)
    assert job.accelerators == (Accelerators("gpu", "b200", 4),)
    assert (job.nodes, job.cpus, job.memory, job.node_list) == (1, 16, 62 * 2**30 + 2**29, "b200-02")
    assert job.started == datetime.fromtimestamp(T + 2, UTC)
    assert (job.ended, job.expected_start, job.exit, job.planned_nodes) == (None, None, None, None)
    assert (job.time_limit, job.elapsed, job.unlimited) == (86400, 925, False)
    assert job.stdout == job.stderr == "/home/alice/llm-11.out"


@pytest.mark.parametrize(
    ("stderr", "path"), [("(null)", "/home/alice/llm-11.out"), ("/home/alice/%j.err", "/home/alice/11.err")]
)
def test_errors_go_where_the_output_goes_unless_told_otherwise(stderr: str, path: str) -> None:
    (job,) = decode(RUNNING | {"STDERR": stderr})
    assert (job.stdout, job.stderr) == ("/home/alice/llm-11.out", path)


def test_a_pending_group_of_tasks_is_one_job_with_an_estimate_and_no_file_yet() -> None:
    (job,) = decode(PENDING)
    assert (job.id, job.array_id, job.array_task, job.array_pending) == ("19_[3-19%3]", 19, None, 17)
    assert job.expected_start == datetime.fromtimestamp(T + 500, UTC)
    assert (job.started, job.elapsed, job.planned_nodes) == (None, None, "b200-01")
    assert (job.unlimited, job.time_limit, job.stdout) == (True, None, None)


def test_a_finished_task_has_its_end_and_exit() -> None:
    (job,) = decode(FAILED)
    assert (job.id, job.job_id, job.state, job.exit, job.elapsed) == ("19_1", 31, "FAILED", Exit(code=1), 98)
    assert job.ended == datetime.fromtimestamp(T + 100, UTC)


def test_accelerators_are_counted_where_the_site_does_not_track_them() -> None:
    (job,) = decode(
        RUNNING | {"tres-alloc": "cpu=16,mem=8G,node=2", "NumNodes": "2", "tres-per-node": "gres/gpu:h100:4"}
    )
    assert job.accelerators == (Accelerators("gpu", "h100", 8),)


def test_a_het_component_is_addressed_by_its_leader() -> None:
    (job,) = decode(RUNNING | {"JobID": "21", "ArrayJobID": "21", "HetJobID": "20", "HetJobOffset": "1"})
    assert (job.id, job.job_id, job.het_id, job.het_offset, job.array_id) == ("20+1", 21, 20, 1, None)


def test_a_reason_with_a_detail_is_parted() -> None:
    (job,) = decode(PENDING | {"Reason": "ReqNodeNotAvail, UnavailableNodes:h200-02"})
    assert (job.reason, job.reason_detail) == ("ReqNodeNotAvail", "UnavailableNodes:h200-02")


HOSTILE = (
    "esc-\x1b[31mred\x1b]52;c;ZXZpbA==\x07", "c1-\x9b31m-\x90dcs\x9c", "bidi-\u202egpj.exe\u2066", "[bold]x[/]-[/",
    "line1\nline2|pipe|\t99999|root|PENDING\r\nJobId=1", "나루" * 150, "\n", "", "(null)", "zz:%s:z",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_loses_no_row_and_reaches_nobody(name: str) -> None:
    before, job, after = decode(RUNNING, PENDING | {"Name": name, "Comment": name, "JobID": "77"}, FAILED)
    assert (before.job_id, job.job_id, after.job_id) == (11, 77, 31)
    for text in (job.name, job.comment or ""):
        assert text.isprintable()
        assert not set(text) & set("\x1b\x07\x9b\x90\u202e\u2066\n\r\t")
    assert (after.name, job.account) == ("llm", "univ_a")


@given(names=st.lists(st.text(max_size=40), max_size=4))
def test_any_text_in_any_free_field_keeps_every_row(names: list[str]) -> None:
    rows = [
        RUNNING | {"JobID": f"{n + 1}", "Name": name, "Comment": name, "WorkDir": name} for n, name in enumerate(names)
    ]
    body = b"".join(squeue(row).decode("utf-8", "surrogatepass").encode("utf-8", "surrogatepass") for row in rows)
    jobs = text_lists.decode_squeue(body, SEP, site="lab", now=NOW)
    assert [job.job_id for job in jobs] == list(range(1, len(names) + 1))


def test_bytes_that_are_no_text_are_replaced() -> None:
    body = squeue(RUNNING | {"Name": "RAW"}).replace(b"RAW", b"a\x9b2J\xffb")
    (job,) = text_lists.decode_squeue(body, SEP, site="lab", now=NOW)
    assert job.name == "a�2J�b"


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_list_that_was_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(BadAnswer):
        text_lists.decode_squeue(squeue(RUNNING, FAILED)[: -cut - len(SEP)], SEP, site="lab", now=NOW)


def test_an_empty_queue_is_no_fault() -> None:
    assert text_lists.decode_squeue(b"", SEP, site="lab", now=NOW) == ()


def test_a_row_parted_by_another_separator_is_refused() -> None:
    with pytest.raises(BadAnswer):
        text_lists.decode_squeue(squeue(RUNNING, sep="zother"), SEP, site="lab", now=NOW)


PAST = {
    "JobIDRaw": "4", "JobID": "4", "JobName": "segv", "User": "bob", "Account": "univ_a", "QOS": "normal",
    "Partition": "cpu", "State": "FAILED", "Reason": "None", "ExitCode": "0:11", "Submit": f"{T}", "Eligible": f"{T}",
    "Start": f"{T + 1}", "End": f"{T + 9}", "ElapsedRaw": "8", "TimelimitRaw": "60", "NNodes": "1",
    "NodeList": "cpu-02", "NCPUS": "1", "AllocTRES": "cpu=1,mem=4000M,node=1", "ReqTRES": "cpu=1,mem=4000M,node=1",
    "Constraints": "", "Reservation": "", "Comment": "", "WorkDir": "/home/bob", "Priority": "551",
}  # fmt: skip


def sacct(*rows: dict[str, str]) -> bytes:
    return "".join("".join(row[f] + SEP for f in text_lists.SACCT_FIELDS) + "\n" for row in rows).encode()


def past(*rows: dict[str, str]) -> tuple[Job, ...]:
    return text_lists.decode_sacct(sacct(*rows), SEP, site="lab", now=NOW)


def test_sacct_is_asked_for_what_ended_in_a_span_without_duplicates() -> None:
    argv = text_lists.sacct_argv(SEP, since=NOW - timedelta(days=1), until=NOW, user="bob")
    assert f"--delimiter={SEP}" in argv
    assert argv[argv.index("-S") + 1] == f"uts{int(NOW.timestamp()) - 86400}"
    assert argv[argv.index("-E") + 1] == f"uts{int(NOW.timestamp())}"
    assert "-X" in argv
    assert not {"-D", "-a"} & set(argv)
    assert "-a" in text_lists.sacct_argv(SEP, since=NOW, until=NOW)


def test_an_ended_job_by_accounting() -> None:
    job, with_gpus = past(PAST, PAST | {"AllocTRES": "billing=3,cpu=4,gres/gpu:h100=1,gres/gpu=1"})
    assert (job.state, job.exit, job.elapsed, job.time_limit) == ("FAILED", Exit(code=0, signal=11), 8, 3600)
    assert job.accelerators == ()
    assert with_gpus.accelerators == (Accelerators("gpu", "h100", 1),)


def test_accounting_that_names_no_accelerator_at_all_says_nothing_of_them() -> None:
    assert [job.accelerators for job in past(PAST)] == [None]


@pytest.mark.parametrize("start", ["None", "Unknown", f"{T + 9}"])  # some versions give the time of its end
def test_a_job_cancelled_before_it_ran_has_no_start(start: str) -> None:
    never = {"State": "CANCELLED by 20003", "Start": start, "Eligible": "Unknown", "NodeList": "None assigned"}
    (job,) = past(PAST | never | {"ElapsedRaw": "0"})
    assert (job.state, job.started, job.node_list, job.eligible) == ("CANCELLED", None, None, None)
    assert job.ended == datetime.fromtimestamp(T + 9, UTC)


@pytest.mark.parametrize(
    ("shown", "raw", "array", "task", "het"),
    [("19_2", "32", 19, 2, None), ("19_[3-19%3]", "19", 19, None, None), ("20+1", "21", None, None, 20)],
)
def test_ids_of_accounting(shown: str, raw: str, array: int | None, task: int | None, het: int | None) -> None:
    (job,) = past(PAST | {"JobID": shown, "JobIDRaw": raw})
    assert (job.id, job.job_id, job.array_id, job.array_task, job.het_id) == (shown, int(raw), array, task, het)


NODE = {
    "NodeList": "h200-02", "PartitionName": "h200", "StateComplete": "allocated+drain", "Gres": "gpu:h200:8",
    "GresUsed": "gpu:h200:2(IDX:0-1),npu:0", "CPUsState": "8/0/56/64", "CPUsLoad": "0.19", "Memory": "1000000",
    "AllocMem": "32000", "Features": "h200,rack1", "Reason": "ECC errors\non GPU 3",
    "User": "root", "Timestamp": f"{T}",
}  # fmt: skip


def sinfo(*rows: dict[str, str]) -> bytes:
    return "".join("".join(row[f] + SEP for f in text_lists.SINFO_FIELDS) + "\n" for row in rows).encode()


def test_a_node_of_two_partitions_is_one_node() -> None:
    (node,) = text_lists.decode_nodes(sinfo(NODE, NODE | {"PartitionName": "all"}), SEP, site="lab")
    assert (node.name, node.pools, node.condition) == ("h200-02", ("h200", "all"), "draining")
    assert node.accelerators == (NodeAccelerators("gpu", "h200", 8, 2),)
    assert (node.cpus, node.cpus_used, node.memory, node.memory_used) == (64, 8, 1000000 << 20, 32000 << 20)
    assert (node.reason, node.reason_user) == ("ECC errors on GPU 3", "root")
    assert node.reason_since == datetime.fromtimestamp(T, UTC)


def test_a_healthy_node_has_no_reason() -> None:
    row = NODE | {
        "StateComplete": "idle",
        "Reason": "none",
        "User": "Unknown",
        "Timestamp": "Unknown",
        "CPUsLoad": "N/A",
    }
    (node,) = text_lists.decode_nodes(sinfo(row | {"Gres": "(null)", "CPUsState": "0/64/0/64"}), SEP, site="lab")
    assert (node.reason, node.reason_user, node.reason_since, node.cpu_load) == (None, None, None, None)
    assert (node.condition, node.accelerators) == ("idle", ())


PARTITION = (
    b"PartitionName=b200 AllowGroups=ALL AllowAccounts=ALL AllowQos=high,normal Default=YES QoS=N/A "
    b"DefaultTime=01:00:00 MaxNodes=UNLIMITED MaxTime=2-00:00:00 Nodes=b200-[01-02] PriorityTier=10 State=UP "
    b"TotalCPUs=128 TotalNodes=2 TRESBillingWeights=CPU=0.1,GRES/gpu:b200=8\n"
)


def test_partitions_of_scontrol() -> None:
    pool, unlimited = text_records.decode_partitions(
        PARTITION + PARTITION.replace(b"2-00:00:00", b"UNLIMITED").replace(b"QoS=N/A", b"QoS=debug"), site="lab"
    )
    assert (pool.name, pool.state, pool.default, pool.nodes, pool.priority_tier) == ("b200", "UP", True, 2, 10)
    assert (pool.max_time, pool.default_time, pool.max_nodes, pool.qos) == (172800, 3600, None, None)
    assert (pool.allow_accounts, pool.allow_qos) == (None, ("high", "normal"))
    assert pool.billing_weights == "CPU=0.1,GRES/gpu:b200=8"
    assert (unlimited.max_time, unlimited.unlimited_time, unlimited.qos) == (None, True, "debug")


def test_reservations_of_scontrol_with_a_comment_that_looks_like_fields() -> None:
    body = (
        f"ReservationName=maint StartTime={T} EndTime={T + 60} Nodes=npu-01 NodeCnt=1 Flags=MAINT,IGNORE_JOBS "
        "Users=root,bob Accounts=(null) Comment=x\nUsers=mallory Nodes=all\n"
    ).encode()
    (found,) = text_records.decode_reservations(body, site="lab")
    assert (found.name, found.users, found.accounts, found.node_list) == ("maint", ("root", "bob"), (), "npu-01")
    assert found.maintenance
    assert found.start == datetime.fromtimestamp(T, UTC)


def test_no_reservations() -> None:
    assert text_records.decode_reservations(b"No reservations in the system\n", site="lab") == ()


def test_the_configuration_names_the_cluster() -> None:
    settings = text_records.decode_settings(b"Configuration data as of 1\nClusterName             = lab\nX = \x1b[1m\n")
    assert settings["ClusterName"] == "lab"
    assert "\x1b" not in settings["X"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("64", 64), ("2K", 2048), ("1.5K", 1536), ("N/A", None), ("", None), ("4294967294", None)],
)
def test_whole_numbers(text: str, value: int | None) -> None:
    assert whole_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("0:00", 0), ("15:25", 925), ("2:03:04", 7384), ("1-02:03:04", 93784), ("UNLIMITED", None), ("INVALID", None)],
)
def test_durations(text: str, value: int | None) -> None:
    assert duration(text) == value


def test_times() -> None:
    assert moment("1795408900") == moment("2026-11-23T04:41:40") == datetime(2026, 11, 23, 4, 41, 40, tzinfo=UTC)
    assert moment("N/A") is moment("0") is moment("99999999999999") is moment("soon") is None
