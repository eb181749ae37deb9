"""The questions under `/slurm/v0.0.44`: the scheduler's own view."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial

from naru_client.mock.body_diag import MESSAGES, Calls, statistics
from naru_client.mock.body_job_words import state_records
from naru_client.mock.body_jobs import JobWriter
from naru_client.mock.body_nodes import NodeWriter
from naru_client.mock.body_partitions import licence_records, partition_record, reservation_record
from naru_client.mock.body_resources import layout
from naru_client.mock.body_shares import shares
from naru_client.mock.entities import Job, Node
from naru_client.mock.people import People
from naru_client.mock.privileges import Privileges
from naru_client.mock.requests import Caller, Query, Question, Trouble, read_job_id, read_time, unchanged
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import ZERO, Body, Records, number

NOT_JOBS = ("submit", "allocate")  # parts of other paths, that only take POST
_WHOLE_ARRAY = "Job array Ids are not currently supported for job searches. Showing all jobs in array instead."


class Slurmctld:
    """`lists` are the questions by their paths, `singles` those about one thing by the first part of theirs."""

    def __init__(self, simulator: Simulator, people: People, release: str) -> None:
        self.simulator = simulator
        self.people = people
        self.privileges = Privileges(people)
        self.job_writer = JobWriter(simulator, people)
        self.node_writer = NodeWriter(simulator, release)
        self.calls = Calls()
        self.lists: dict[str, Question] = {
            "ping": self.ping,
            "diag": self.diag,
            "jobs": self.jobs,
            "jobs/state": self.job_states,
            "nodes": self.nodes,
            "partitions": self.partitions,
            "reservations": self.reservations,
            "licenses": self.licenses,
            "shares": self.shares,
        }
        self.singles = {
            "job": self.job,
            "node": self.node,
            "partition": self.partition,
            "reservation": self.reservation,
            "resources": self.resources,
        }

    def find(self, tail: str) -> Question | None:
        """The question behind a path; None when there is none."""
        question = self.lists.get(tail)
        if question is not None:
            return self._counted(tail, question)
        kind, _, name = tail.partition("/")
        single = self.singles.get(kind)
        if single is None or not name or "/" in name or (kind == "job" and name in NOT_JOBS):
            return None
        return self._counted(kind, partial(single, name))

    def ping(self, caller: Caller, query: Query) -> Body:
        controller = {"hostname": "slurmctl-01", "pinged": "UP", "responding": True, "latency": 812}
        return {"pings": [controller | {"mode": "primary", "primary": True}]}

    def diag(self, caller: Caller, query: Query) -> Body:
        return {"statistics": statistics(self.simulator, self.people, self.calls)}

    def jobs(self, caller: Caller, query: Query) -> Body:
        if unchanged(query, self.simulator.jobs_changed):
            since = int(read_time(query["update_time"], self.simulator.now, "update_time"))
            words = f"No job changes since update_time[{since}]={datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%S}"
            warnings = [{"description": words, "source": "op_handler_jobs"}]
            return {"jobs": [], "last_backfill": ZERO, "last_update": ZERO, "warnings": warnings}
        return self._job_list(self.privileges.jobs(caller, self.simulator.jobs.values()))

    def job(self, name: str, caller: Caller, query: Query) -> Body:
        wanted, task = self._job_id(name, "op_handler_job")
        found = list(self.privileges.jobs(caller, self.simulator.find(wanted)))
        if not found:
            nothing: Body = {"jobs": [], "last_backfill": ZERO, "last_update": ZERO}
            raise _no_such_job(f"Unable to query JobId={name}", "_handle_job_get", nothing)
        body = self._job_list(found)
        if task is not None:  # it is not looked at: all records of the array are the answer
            body["warnings"] = [{"description": _WHOLE_ARRAY, "source": "_handle_job_get"}]
        return body

    def job_states(self, caller: Caller, query: Query) -> Body:
        found: Iterable[Job] = self.simulator.jobs.values()
        if text := query.get("job_id"):
            wanted = [read_job_id(part) for part in text.split(",")]
            found = dict.fromkeys(
                job
                for number, task in wanted
                for job in self.simulator.find(number)
                if task in (None, job.task) or (job.array_group and task in job.tasks)
            )
        return {"jobs": [record for job in self.privileges.jobs(caller, found) for record in state_records(job)]}

    def resources(self, name: str, caller: Caller, query: Query) -> Body:
        """Which cores and accelerators a job holds on each node, as it runs or while its epilog does."""
        wanted, task = self._job_id(name, "op_handler_resources")
        mine = self.privileges.jobs(caller, self.simulator.find(wanted))
        holding = [j for j in mine if j.held_nodes and (j.running or j.completing) and task in (None, j.task)]
        if not holding:
            raise _no_such_job(f"Unable to query JobId={name}", "_handle_get", {"nodes": []})
        return {"nodes": [layout(share) for job in holding for share in job.held_nodes]}

    def nodes(self, caller: Caller, query: Query) -> Body | None:
        self.privileges.nodes(caller, "_dump_nodes")
        if unchanged(query, self.simulator.nodes_changed):
            return None
        return self._node_list(self.simulator.cluster.node_list)

    def node(self, name: str, caller: Caller, query: Query) -> Body:
        self.privileges.nodes(caller, "_dump_nodes")
        found = self.simulator.cluster.nodes.get(name)
        if found is None:
            words = f"Failure to query node {name}"
            raise Trouble(422, (2018, "Invalid node name specified", "_dump_nodes"), description=words)
        return self._node_list([found])

    def partitions(self, caller: Caller, query: Query) -> Body | None:
        if unchanged(query, self.simulator.partitions_changed):
            return None
        return self._partition_list(list(self.simulator.cluster.partitions))

    def partition(self, name: str, caller: Caller, query: Query) -> Body:
        """One that is not there is an answer without a list."""
        found = [known for known in self.simulator.cluster.partitions if known.lower() == name.lower()]
        if not found:
            return {"warnings": [{"description": f"Unable to find partition {name}", "source": "_partition_get"}]}
        return self._partition_list(found[:1])

    def reservations(self, caller: Caller, query: Query) -> Body | None:
        if unchanged(query, self.simulator.calendar_changed):
            return None
        return self._reservation_list(caller, None)

    def reservation(self, name: str, caller: Caller, query: Query) -> Body:
        body = self._reservation_list(caller, name)
        if not body["reservations"]:
            words = f"Unable to find reservation {name}"
            error = (9000, "Query empty or not RFC7320 compliant", "_get_single_reservation")
            raise Trouble(422, error, description=words)
        return body

    def licenses(self, caller: Caller, query: Query) -> Body:
        return {"licenses": licence_records(self.simulator.gates, self.simulator.now), "last_update": self._now()}

    def shares(self, caller: Caller, query: Query) -> Body:
        """Of every association; `accounts` and `users` are not looked at, as real ones do not either."""
        return shares(self.simulator, self.people, lambda account, user: self.privileges.usage(caller, account, user))

    def _job_list(self, jobs: Iterable[Job]) -> Body:
        records, write = Records(), self.job_writer.write
        for job in jobs:
            write(job, records)
        return {"jobs": records, "last_backfill": number(int(self.simulator.backfilled)), "last_update": self._now()}

    def _node_list(self, nodes: Iterable[Node]) -> Body:
        records, write = Records(), self.node_writer.write
        for node in nodes:
            write(node, records)
        return {"nodes": records, "last_update": self._now()}

    def _partition_list(self, names: list[str]) -> Body:
        cluster = self.simulator.cluster
        records = [partition_record(cluster.partitions[name], cluster) for name in names]
        return {"partitions": records, "last_update": self._now()}

    def _reservation_list(self, caller: Caller, name: str | None) -> Body:
        cluster = self.simulator.cluster
        windows = [
            window
            for window in sorted(cluster.windows, key=lambda window: window.start)
            if (name is None or name.lower() == window.name.lower()) and self.privileges.window(caller, window)
        ]
        return {"reservations": [reservation_record(w, cluster) for w in windows], "last_update": self._now()}

    def _job_id(self, name: str, source: str) -> tuple[int, int | None]:
        """The job that a path names, and the task. Raises Trouble for what is no number, and for 0."""
        number_of, task = read_job_id(name)
        if not number_of:
            raise _no_such_job("Invalid JobID=0 rejected", source)
        return number_of, task

    def _counted(self, kind: str, question: Question) -> Question:
        def ask(caller: Caller, query: Query) -> Body | None:
            self.calls.count(kind, caller.user)
            return question(caller, query)

        return ask if kind in MESSAGES else question

    def _now(self) -> Body:
        return number(int(self.simulator.now))


def _no_such_job(description: str, source: str, body: Body | None = None) -> Trouble:
    return Trouble(404, (2017, "Invalid job id specified", source), body=body, description=description)
