"""The questions under `/slurmdb/v0.0.44`: the accounting store's view, which remembers what slurmctld has forgotten."""

from collections.abc import Iterable
from functools import partial

from naru_client.mock.body_accounting import AccountingWriter, Catalogue
from naru_client.mock.body_associations import (
    AssociationTeller,
    account_records,
    cluster_record,
    qos_record,
    user_records,
)
from naru_client.mock.body_diag import accounting_statistics
from naru_client.mock.body_job_words import kept_back
from naru_client.mock.entities import Job
from naru_client.mock.job_filter import DAY, JobFilter, read_filter
from naru_client.mock.people import People
from naru_client.mock.privileges import Privileges, denied
from naru_client.mock.requests import Caller, Query, Question, Trouble, is_set, read_job_id, words
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import Body, Records

_AMBIGUOUS = "Request matched more than one object to query. Request is limited to query of a single matching object."


class Slurmdbd:
    """`lists` are the questions by their paths, `singles` those about one thing by the first part of theirs."""

    def __init__(self, simulator: Simulator, people: People) -> None:
        self.simulator = simulator
        self.people = people
        self.privileges = Privileges(people)
        self.catalogue = Catalogue(simulator)
        self.writer = AccountingWriter(simulator, people, self.catalogue)
        self.teller = AssociationTeller(people, self.catalogue)
        self.lists: dict[str, Question] = {
            "ping": self.ping,
            "diag": self.diag,
            "config": self.config,
            "jobs": self.jobs,
            "associations": self.associations,
            "association": self.association,
            "accounts": self.accounts,
            "users": self.users,
            "qos": self.qos,
            "tres": self.tres,
            "clusters": self.clusters,
            "instances": self.instances,
            "wckeys": self.wckeys,
        }
        self.singles = {
            "job": self.job,
            "account": self.account,
            "user": self.user,
            "qos": self.one_qos,
            "cluster": self.cluster,
        }

    def find(self, tail: str) -> Question | None:
        """The question behind a path; None when there is none."""
        if tail in self.lists:
            return self.lists[tail]
        kind, _, name = tail.partition("/")
        single = self.singles.get(kind)
        return partial(single, name) if single is not None and name and "/" not in name else None

    def ping(self, caller: Caller, query: Query) -> Body:
        return {"pings": [{"hostname": "slurmdb-01", "responding": True, "latency": 640, "primary": True}]}

    def diag(self, caller: Caller, query: Query) -> Body:
        if not caller.operator:
            error = denied("stats query failed", "slurmdb_get_stats")
            error.body = {"statistics": {}}
            raise error
        return {"statistics": accounting_statistics(self.simulator)}

    def config(self, caller: Caller, query: Query) -> Body:
        """Everything that can be dumped, for those who may."""
        if not caller.operator:
            raise denied("slurmdb_wckeys_get failed", "_dump")
        body: Body = {}
        flags = ("with_assocs", "with_coords", "WithAssociations", "WithCoordinators")
        for question in (
            self.clusters, self.tres, self.accounts, self.users, self.qos, self.wckeys, self.associations,
            self.instances,
        ):  # fmt: skip
            body |= question(caller, dict.fromkeys(flags, "true"))
        body["tres"] = body.pop("TRES")
        body.pop("warnings", None)
        return body

    def jobs(self, caller: Caller, query: Query) -> Body:
        """Jobs that were eligible or ran at some time between `start_time` and `end_time`, and more: see JobFilter."""
        wanted = read_filter(query, self.simulator)
        known = (*self._known(past=self._may_be_past(wanted)), *self._weeks_before(wanted))
        found = [job for job in known if wanted.takes(job)]
        if not wanted.duplicates:
            found.sort(key=lambda job: job.submitted)
            found = list({job.id: job for job in found}.values())
        span = (wanted.since, min(wanted.until, int(self.simulator.now))) if wanted.truncated else None
        return self._job_list(caller, found, span)

    def job(self, name: str, caller: Caller, query: Query) -> Body:
        number, task = read_job_id(name)
        for past in (False, True):
            found = [
                job
                for job in self._known(past=past)
                if (job.id == number and task is None)
                or (job.array_id == number and job.array is not None and task in (None, job.task))
            ]
            if found:
                break
        return self._job_list(caller, found or (self.simulator.weeks.find(number) if task is None else ()))

    def associations(self, caller: Caller, query: Query) -> Body:
        filters = {
            name: words(query, parameter)
            for name, parameter in (("user", "user"), ("account", "account"), ("parent_account", "parent_account"))
        }
        numbers, qos = words(query, "id"), words(query, "qos")
        found = [
            record
            for record in self.teller.records()
            if all(wanted is None or record[name] in wanted for name, wanted in filters.items())
            and (numbers is None or str(record["id"]) in numbers)
            and (qos is None or not qos.isdisjoint(record["qos"]))
            and (record["is_default"] or not is_set(query, "Filter to only defaults"))
            and self.privileges.association(caller, record["account"], record["user"])
        ]
        return _listed("associations", found, "slurmdb_associations_get", "_dump_assoc_cond")

    def association(self, caller: Caller, query: Query) -> Body:
        body = self.associations(caller, query)
        if len(body["associations"]) > 1:
            words = "Ambiguous request: More than 1 association would have been dumped."
            error = (9211, _AMBIGUOUS, "_dump_assoc_cond")  # a number for which 26.05 has no status of its own
            raise Trouble(500, error, body={"associations": []}, description=words)
        return body

    def accounts(self, caller: Caller, query: Query) -> Body:
        descriptions = words(query, "description")
        records = account_records(
            self.people,
            coordinators=is_set(query, "WithCoordinators"),
            associations=is_set(query, "WithAssociations"),
        )
        found = [
            record
            for record in records
            if self.privileges.account(caller, record["name"])
            and (descriptions is None or record["description"] in descriptions)
        ]
        return _listed("accounts", found, "slurmdb_accounts_get", "_dump_accounts")

    def account(self, name: str, caller: Caller, query: Query) -> Body:
        names = {"WithAssociations": "with_assocs", "WithCoordinators": "with_coords"}  # as they are called here
        told = self.accounts(caller, {flag: query.get(given, "") for flag, given in names.items()})
        found = [record for record in told["accounts"] if record["name"] == name]
        return _listed("accounts", found, "slurmdb_accounts_get", "_dump_accounts")

    def users(self, caller: Caller, query: Query) -> Body:
        levels, accounts = words(query, "admin_level"), words(query, "default_account")
        records = user_records(
            self.people, coordinators=is_set(query, "with_coords"), associations=is_set(query, "with_assocs")
        )
        found = [
            record
            for record in records
            if self.privileges.user(caller, record["name"])
            and (levels is None or record["administrator_level"][0] in levels)
            and (accounts is None or record["default"]["account"] in accounts)
        ]
        return _listed("users", found, "slurmdb_users_get", "_dump_users")

    def user(self, name: str, caller: Caller, query: Query) -> Body:
        found = [record for record in self.users(caller, query)["users"] if record["name"] == name]
        return _listed("users", found, "slurmdb_users_get", "_dump_users")

    def qos(self, caller: Caller, query: Query) -> Body:
        """All of them: the parameters that are documented have no effect (26.05 looks for them in the path)."""
        return _listed("qos", self._qos(), "slurmdb_qos_get", "_op_handler_qos")

    def one_qos(self, name: str, caller: Caller, query: Query) -> Body:
        found = [record for record in self._qos() if record["name"] == name]
        return _listed("qos", found, "slurmdb_qos_get", "_op_handler_qos")

    def _qos(self) -> list[Body]:
        plan = self.simulator.plan
        return [qos_record(qos, i, plan, self.catalogue) for i, qos in enumerate(plan.qos, 1)]

    def tres(self, caller: Caller, query: Query) -> Body:
        ids = sorted(self.catalogue.ids, key=self.catalogue.ids.__getitem__)
        return {"TRES": [self.catalogue.entry(resource, 0) for resource in ids]}

    def clusters(self, caller: Caller, query: Query) -> Body:
        return {"clusters": [cluster_record(self.simulator, self.catalogue)]}

    def cluster(self, name: str, caller: Caller, query: Query) -> Body:
        found = self.clusters(caller, query)["clusters"] if name == self.simulator.plan.cluster else []
        return _listed("clusters", found, "slurmdb_clusters_get", "_dump_clusters")

    def instances(self, caller: Caller, query: Query) -> Body:
        """There are none: no node is a rented one."""
        return _listed("instances", [], "slurmdb_instances_get", "_dump_instance_cond")

    def wckeys(self, caller: Caller, query: Query) -> Body:
        """There are none, and only operators may know."""
        if not caller.operator:
            raise denied("slurmdb_wckeys_get failed", "_dump_wckeys")
        return _listed("wckeys", [], "slurmdb_wckeys_get", "_dump_wckeys")

    def _may_be_past(self, wanted: JobFilter) -> bool:
        """Whether jobs from before the opening can be among those asked for: telling them costs more than the rest."""
        drawn = {user.name for user in self.simulator.plan.users if user.weight}
        nobody = wanted.users is not None and drawn.isdisjoint(wanted.users)
        return not nobody and wanted.since < self.simulator.opened

    def _weeks_before(self, wanted: JobFilter) -> Iterable[Job]:
        """Jobs from before the simulated history. Who names no day is told of them from midnight on: all of them are
        far more than anybody asks for."""
        now = int(self.simulator.now)
        since = wanted.since or now - now % DAY
        return self.simulator.weeks.between(since, wanted.until, users=wanted.users, accounts=wanted.accounts)

    def _known(self, *, past: bool) -> Iterable[Job]:
        """What slurmdbd has heard of: all but jobs that were never eligible to run."""
        s = self.simulator
        kept = s.history() if past else iter(s.records.values())
        live = (job for job in s.jobs.values() if not job.pending or (job.eligible and not kept_back(job)))
        return (*kept, *live)

    def _job_list(self, caller: Caller, jobs: Iterable[Job], span: tuple[int, int] | None = None) -> Body:
        records = Records()
        for job in sorted(self.privileges.jobs(caller, jobs), key=lambda job: (job.id, job.submitted)):
            self.writer.write(job, records, span)
        return _listed("jobs", records, "slurmdb_jobs_get", "_dump_jobs")


def _listed(name: str, records: list[Body] | Records, query: str, source: str) -> Body:
    """A list, with the warning that comes with an empty one."""
    body: Body = {name: records}
    if not records:
        body["warnings"] = [{"description": f"{query}() found nothing", "source": source}]
    return body
