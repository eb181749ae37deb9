"""Caps: how much a user, an account or a QOS may have running, and the reason Slurm gives when that is reached.

Checked in Slurm's order: the partition's QOS, the job's QOS, then the account.
"""

from functools import cache

from naru_client.mock.cluster import Job
from naru_client.mock.scenario import Account, Qos, Scenario


class Limits:
    """The caps of a scenario, and what accounts have used up of their grants."""

    def __init__(self, scenario: Scenario) -> None:
        self.qos = {q.name: q for q in scenario.qos}
        self.accounts = {a.name: a for a in scenario.accounts}
        self.used_seconds: dict[tuple[str, str], float] = {
            (account.name, resource): minutes * 60.0
            for account in scenario.accounts
            for resource, minutes in account.used_minutes.items()
        }

    def settle(self, job: Job) -> None:
        """Book what a finished job has used of its account's grant."""
        for resource in self.accounts[job.account].group_tres_minutes:
            key = (job.account, resource)
            self.used_seconds[key] = self.used_seconds.get(key, 0.0) + job.amount(resource) * (job.ended - job.started)


class Usage:
    """What runs now, added up by user, account and QOS, as far as a cap asks for it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._qos: dict[tuple[str, str], tuple[Qos, ...]] = {}
        self.jobs: dict[tuple[str, str], int] = {}
        self.by_user: dict[tuple[str, str, str], int] = {}
        self.by_qos: dict[tuple[str, str], int] = {}
        self.by_account: dict[tuple[str, str], int] = {}
        self.committed: dict[tuple[str, str], float] = {}

    def add(self, job: Job) -> None:
        """A job has started."""
        self._book(job, 1)

    def remove(self, job: Job) -> None:
        """A job has ended."""
        self._book(job, -1)

    def _book(self, job: Job, sign: int) -> None:
        for qos in self._qos_of(job):
            key = (qos.name, job.user)
            self.jobs[key] = self.jobs.get(key, 0) + sign
            for resource in qos.max_tres_per_user:
                user = (qos.name, job.user, resource)
                self.by_user[user] = self.by_user.get(user, 0) + sign * job.amount(resource)
            for resource in qos.group_tres:
                group = (qos.name, resource)
                self.by_qos[group] = self.by_qos.get(group, 0) + sign * job.amount(resource)
        account = self.limits.accounts[job.account]
        for resource in account.group_tres:
            key = (account.name, resource)
            self.by_account[key] = self.by_account.get(key, 0) + sign * job.amount(resource)
        for resource in account.group_tres_minutes:
            key = (account.name, resource)
            self.committed[key] = self.committed.get(key, 0.0) + sign * job.amount(resource) * job.limit

    def obstacle(self, job: Job) -> str:
        """The reason code of the first cap that keeps this job from starting; empty when none does."""
        for qos in self._qos_of(job):
            reason = self._qos_obstacle(job, qos)
            if reason:
                return reason
        return self._account_obstacle(job, self.limits.accounts[job.account])

    def _qos_of(self, job: Job) -> tuple[Qos, ...]:
        key = (job.partition.qos, job.qos)
        found = self._qos.get(key)
        if found is None:  # each once, the partition's first
            found = self._qos[key] = tuple(self.limits.qos[name] for name in dict.fromkeys(key) if name)
        return found

    def _qos_obstacle(self, job: Job, qos: Qos) -> str:
        if qos.max_wall_hours is not None and job.limit > qos.max_wall_hours * 3600:
            return "QOSMaxWallDurationPerJobLimit"
        if qos.max_jobs_per_user is not None and self.jobs.get((qos.name, job.user), 0) >= qos.max_jobs_per_user:
            return "QOSMaxJobsPerUserLimit"
        for resource, most in qos.max_tres_per_user.items():
            wanted = job.amount(resource)
            if wanted and self.by_user.get((qos.name, job.user, resource), 0) + wanted > most:
                return _reason("QOSMax", resource, "PerUser", "PerUserLimit")
        for resource, most in qos.group_tres.items():
            wanted = job.amount(resource)
            if wanted and self.by_qos.get((qos.name, resource), 0) + wanted > most:
                return _reason("QOSGrp", resource, "", "Limit")
        return ""

    def _account_obstacle(self, job: Job, account: Account) -> str:
        for resource, most in account.group_tres.items():
            wanted = job.amount(resource)
            if wanted and self.by_account.get((account.name, resource), 0) + wanted > most:
                return _reason("AssocGrp", resource, "", "Limit")
        for resource, minutes in account.group_tres_minutes.items():
            wanted = job.amount(resource)
            key = (account.name, resource)
            spoken_for = self.limits.used_seconds.get(key, 0.0) + self.committed.get(key, 0.0)
            if wanted and spoken_for + wanted * job.limit > minutes * 60:
                return _reason("AssocGrp", resource, "Minutes", "MinutesLimit")
        return ""


def _reason(prefix: str, resource: str, gres_suffix: str, other_suffix: str) -> str:
    """`QOSMaxGRESPerUser` but `QOSMaxCpuPerUserLimit`: Slurm's spelling differs between the two."""
    if resource.startswith("gres/"):
        return f"{prefix}GRES{gres_suffix}"
    return f"{prefix}{resource.capitalize()}{other_suffix}"


def billing(job: Job) -> float:
    """The job's billing by its partition's weights ("CPU=0.1,Mem=0.01G,GRES/gpu:b200=8"), as Slurm adds it up."""
    total = 0.0
    for resource, weight in _weights(job.partition.billing):
        if resource == "mem":
            total += weight * job.memory * job.nodes
        elif resource == f"gres/{job.gres_name}:{job.gres_type}":
            total += weight * job.accelerators * job.nodes
        else:
            total += weight * job.amount(resource)
    return total


@cache
def _weights(text: str) -> tuple[tuple[str, float], ...]:
    """Weights by resource; that of memory per MiB."""
    weights = []
    for part in filter(None, text.lower().split(",")):
        resource, _, weight = part.partition("=")
        per_mebibyte = 1024 if weight.endswith("g") else 1
        weights.append((resource, float(weight.rstrip("gm")) / per_mebibyte))
    return tuple(weights)
