"""The questions under `/slurmdb/v0.0.44`: the accounting store's view, which remembers what slurmctld has forgotten."""

from functools import partial

from naru_client.mock.body_accounting import (
    Catalogue,
    account_record,
    accounting_record,
    association_records,
    cluster_record,
    qos_record,
    user_record,
)
from naru_client.mock.body_jobs import People
from naru_client.mock.cluster import Job
from naru_client.mock.requests import Query, Question, read_job_id, read_time, words
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import Body


class Slurmdbd:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.people = People(simulator.scenario)
        self.catalogue = Catalogue(simulator.cluster)
        self._lists: dict[str, Question] = {
            "ping": self.ping,
            "jobs": self.jobs,
            "associations": self.associations,
            "accounts": self.accounts,
            "users": self.users,
            "qos": self.qos,
            "tres": self.tres,
            "clusters": self.clusters,
        }

    def find(self, tail: str) -> Question | None:
        """The question behind a path; None when there is none."""
        kind, _, name = tail.partition("/")
        if kind == "job" and name and "/" not in name:
            return partial(self.job, name)
        return self._lists.get(tail)

    def ping(self, query: Query) -> Body:
        return {"pings": [{"hostname": "slurmdb-01", "responding": True, "latency": 640, "primary": True}]}

    def jobs(self, query: Query) -> Body:
        """Jobs that were eligible or ran at some time between `start_time` and `end_time`."""
        now = self.simulator.now
        since = read_time(query["start_time"], now, "start_time") if query.get("start_time") else 0.0
        until = read_time(query["end_time"], now, "end_time") if query.get("end_time") else now
        users, accounts, pools = words(query, "users"), words(query, "account"), words(query, "partition")
        states, names = words(query, "state"), words(query, "job_name")
        found = [
            job
            for job in self._known()
            if (not job.finished or job.ended >= since)
            and (job.eligible or job.submitted) <= until
            and (users is None or job.user in users)
            and (accounts is None or job.account in accounts)
            and (pools is None or job.partition.name in pools)
            and (states is None or job.state in states)
            and (names is None or job.name in names)
        ]
        return self._job_list(found)

    def job(self, name: str, query: Query) -> Body:
        wanted, task = read_job_id(name)
        found = [
            job
            for job in self._known()
            if (job.id == wanted and task is None)
            or (job.array_id == wanted and job.array is not None and task in (None, job.task))
        ]
        return self._job_list(found)

    def associations(self, query: Query) -> Body:
        users, accounts = words(query, "user"), words(query, "account")
        records = association_records(self.simulator.scenario, self.people, self.catalogue)
        return {
            "associations": [
                record
                for record in records
                if (users is None or record["user"] in users) and (accounts is None or record["account"] in accounts)
            ]
        }

    def accounts(self, query: Query) -> Body:
        return {"accounts": [account_record(account) for account in self.simulator.scenario.accounts]}

    def users(self, query: Query) -> Body:
        return {"users": [user_record(user) for user in self.simulator.scenario.users]}

    def qos(self, query: Query) -> Body:
        scenario = self.simulator.scenario
        return {"qos": [qos_record(qos, i, self.catalogue) for i, qos in enumerate(scenario.qos, 1)]}

    def tres(self, query: Query) -> Body:
        return {"TRES": [self.catalogue.entry(resource, 0) for resource in self.catalogue.ids]}

    def clusters(self, query: Query) -> Body:
        return {"clusters": [cluster_record(self.simulator.scenario, self.simulator.cluster, self.catalogue)]}

    def _known(self) -> list[Job]:
        """What slurmdbd has heard of: all but jobs that were never eligible to run."""
        live = (job for job in self.simulator.jobs.values() if not job.pending or job.eligible)
        return sorted((*self.simulator.records.values(), *live), key=lambda job: job.id)

    def _job_list(self, jobs: list[Job]) -> Body:
        s = self.simulator
        records = [accounting_record(job, s.scenario, self.people, self.catalogue, s.now) for job in jobs]
        warnings = [] if jobs else [{"description": "slurmdb_jobs_get() found nothing", "source": "_dump_jobs"}]
        return {"jobs": records, "warnings": warnings}
