"""The questions under `/slurm/v0.0.44`: the scheduler's own view."""

from functools import partial

from naru_client.mock.body_jobs import People, job_record, state_records
from naru_client.mock.body_nodes import node_record, partition_record, reservation_record
from naru_client.mock.cluster import Job
from naru_client.mock.requests import Query, Question, Trouble, read_job_id, unchanged
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import ZERO, Body, number

# The figures of `diag` that the simulation does not have, as an idle slurmctld shows them.
_NOTHING_YET = (
    "agent_queue_size agent_count agent_thread_count dbd_agent_queue_size gettimeofday_latency jobs_canceled "
    "jobs_failed schedule_cycle_max schedule_cycle_last schedule_cycle_sum schedule_cycle_total schedule_cycle_mean "
    "schedule_cycle_mean_depth schedule_cycle_per_minute schedule_cycle_depth bf_backfilled_jobs "
    "bf_last_backfilled_jobs bf_backfilled_het_jobs bf_cycle_counter bf_cycle_mean bf_depth_mean bf_depth_mean_try "
    "bf_cycle_sum bf_cycle_last bf_cycle_max bf_last_depth bf_last_depth_try bf_depth_sum bf_depth_try_sum "
    "bf_queue_len_mean bf_queue_len_sum bf_table_size bf_table_size_sum bf_table_size_mean"
)
_SCHEDULE_EXITS = "end_job_queue default_queue_depth max_job_start max_rpc_cnt max_sched_time licenses"
_BACKFILL_EXITS = "end_job_queue bf_max_job_start bf_max_job_test bf_max_time bf_node_space_size state_changed"
STATISTICS: Body = dict.fromkeys(_NOTHING_YET.split(), 0) | {
    "parts_packed": 1,
    "server_thread_count": 1,
    "bf_active": False,
    "schedule_exit": dict.fromkeys(_SCHEDULE_EXITS.split(), 0),
    "bf_exit": dict.fromkeys(_BACKFILL_EXITS.split(), 0),
    "rpcs_by_message_type": [],
    "rpcs_by_user": [],
    "pending_rpcs": [],
    "pending_rpcs_by_hostlist": [],
}


class Slurmctld:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.people = People(simulator.scenario)
        self._lists: dict[str, Question] = {
            "ping": self.ping,
            "diag": self.diag,
            "jobs": self.jobs,
            "jobs/state": self.job_states,
            "nodes": self.nodes,
            "partitions": self.partitions,
            "reservations": self.reservations,
            "licenses": self.licenses,
        }

    def find(self, tail: str) -> Question | None:
        """The question behind a path; None when there is none."""
        if tail in self._lists:
            return self._lists[tail]
        kind, _, name = tail.partition("/")
        one = {"job": self.job, "node": self.node, "partition": self.partition}.get(kind)
        return partial(one, name) if one is not None and name and "/" not in name else None

    def ping(self, query: Query) -> Body:
        controller = {"hostname": "slurmctl-01", "pinged": "UP", "responding": True, "latency": 812}
        return {"pings": [controller | {"mode": "primary", "primary": True}]}

    def jobs(self, query: Query) -> Body:
        if unchanged(query, self.simulator.jobs_changed):
            words = f"No job changes since update_time[{query['update_time']}]"
            warnings = [{"description": words, "source": "op_handler_jobs"}]
            return {"jobs": [], "last_backfill": ZERO, "last_update": ZERO, "warnings": warnings}
        return self._job_list(list(self.simulator.jobs.values()))

    def job(self, name: str, query: Query) -> Body:
        wanted, _task = read_job_id(name)  # the task is not looked at: all records of the array are the answer
        found = [job for job in self.simulator.jobs.values() if wanted in _ids(job)]
        if not found:
            nothing: Body = {"jobs": [], "last_backfill": ZERO, "last_update": ZERO}
            raise Trouble(404, (2017, "Invalid job id specified", "_handle_job_get"), body=nothing)
        return self._job_list(found)

    def job_states(self, query: Query) -> Body:
        found = list(self.simulator.jobs.values())
        if text := query.get("job_id"):
            if "," in text:  # a list of ids is documented, and answered like this
                raise Trouble(500)
            wanted, _task = read_job_id(text)
            found = [job for job in found if wanted in _ids(job)]
        return {"jobs": [record for job in found for record in state_records(job)]}

    def nodes(self, query: Query) -> Body | None:
        if unchanged(query, self.simulator.nodes_changed):
            return None
        return self._node_list(list(self.simulator.cluster.nodes))

    def node(self, name: str, query: Query) -> Body:
        if name not in self.simulator.cluster.nodes:
            nothing: Body = {"nodes": [], "last_update": ZERO}
            raise Trouble(404, (2018, "Invalid node name specified", "_dump_nodes"), body=nothing)
        return self._node_list([name])

    def partitions(self, query: Query) -> Body | None:
        if unchanged(query, self.simulator.opened):
            return None
        return self._partition_list(list(self.simulator.cluster.partitions))

    def partition(self, name: str, query: Query) -> Body:
        if name not in self.simulator.cluster.partitions:
            nothing: Body = {"partitions": [], "last_update": ZERO}
            raise Trouble(404, (2000, "Invalid partition name specified", "_dump_part"), body=nothing)
        return self._partition_list([name])

    def reservations(self, query: Query) -> Body | None:
        if unchanged(query, self.simulator.calendar_changed):
            return None
        cluster = self.simulator.cluster
        windows = sorted(cluster.windows, key=lambda window: window.start)
        return {"reservations": [reservation_record(w, cluster) for w in windows], "last_update": self._now()}

    def licenses(self, query: Query) -> Body:
        return {"licenses": [], "last_update": self._now()}

    def diag(self, query: Query) -> Body:
        simulator = self.simulator
        jobs = simulator.jobs.values()
        waiting = sum(job.pending for job in jobs)
        return {
            "statistics": STATISTICS
            | {
                "req_time": self._now(),
                "req_time_start": number(int(simulator.opened)),
                "schedule_queue_length": waiting,
                "jobs_submitted": simulator.submitted,
                "jobs_started": simulator.started,
                "jobs_completed": simulator.ended,
                "jobs_pending": waiting,
                "jobs_running": sum(job.running for job in jobs),
                "job_states_ts": self._now(),
                "bf_queue_len": waiting,
                "bf_when_last_cycle": number(int(simulator.passed)),
            }
        }

    def _job_list(self, jobs: list[Job]) -> Body:
        records = [job_record(job, self.simulator.scenario, self.people) for job in jobs]
        return {"jobs": records, "last_backfill": number(int(self.simulator.passed)), "last_update": self._now()}

    def _node_list(self, names: list[str]) -> Body:
        s = self.simulator
        records = [node_record(s.cluster.nodes[name], s.cluster, s.scenario, s.now, s.opened) for name in names]
        return {"nodes": records, "last_update": self._now()}

    def _partition_list(self, names: list[str]) -> Body:
        cluster = self.simulator.cluster
        records = [partition_record(cluster.partitions[name], cluster) for name in names]
        return {"partitions": records, "last_update": self._now()}

    def _now(self) -> Body:
        return number(int(self.simulator.now))


def _ids(job: Job) -> tuple[int, ...]:
    """Every number a record answers to: its own, its array's, its het job's."""
    return (job.id, job.array_id, job.het[0].id) if job.het else (job.id, job.array_id)
