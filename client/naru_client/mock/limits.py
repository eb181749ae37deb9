"""Caps: what a user, an account or a QOS may have, what each has and has used, and the reason Slurm gives at a cap.

Checked in Slurm's order: the partition's QOS, the job's QOS, the user's association, then the accounts above it. Use is
kept in resource-seconds. What a tally has used by a time, and what its running jobs may still take by their limits,
follow from a handful of sums, so nothing has to be gone through as time passes.
"""

from msgspec import Struct

from naru_client.mock.entities import Job
from naru_client.mock.scenario import Account, Caps, Kind, Partition, Qos, SitePlan
from naru_client.mock.tres import Resources

POLICY = 2050  # ESLURM_ACCOUNTING_POLICY: refused when it is submitted


class Tally(Struct, eq=False, kw_only=True):
    """What one holder (a QOS, a user under it, an association, an account) has at work and has used."""

    jobs: int = 0  # running
    submitted: int = 0  # waiting and running
    busy: list[float]  # of each resource, held now
    base: list[float]  # used up to the mark
    mark: list[float]
    promised: list[float]  # amount × the time its job must have ended by, summed over running jobs

    def used(self, i: int, now: float) -> float:
        """Resource-seconds used by now, running jobs included."""
        return self.base[i] + self.busy[i] * now - self.mark[i]

    def committed(self, i: int, now: float) -> float:
        """Resource-seconds that running jobs may still take until their limits."""
        return max(0.0, self.promised[i] - self.busy[i] * now)

    def fade(self, factor: float, now: float) -> None:
        """Let what was used count for less."""
        for i, busy in enumerate(self.busy):
            self.base[i] = self.used(i, now) * factor
            self.mark[i] = busy * now


class Check(Struct, frozen=True, eq=False):
    """One cap on one tally."""

    kind: str  # jobs, tres, minutes, run-minutes, job-tres, job-minutes, wall
    tally: Tally
    resource: int
    most: float
    reason: str


class Line(Struct, frozen=True, eq=False):
    """Everything that counts a job, and every cap that holds for it, for one user, account and pair of QOS."""

    tallies: tuple[Tally, ...]
    checks: tuple[Check, ...]
    submit: tuple[tuple[Tally, int], ...]


class Limits:
    """The caps of a site and the tallies behind them. Times are seconds since the opening: sums stay exact enough."""

    def __init__(self, plan: SitePlan, resources: Resources, origin: float) -> None:
        self.plan = plan
        self.resources = resources
        self.origin = origin
        self.qos = {q.name: q for q in plan.qos}
        self.accounts = {a.name: a for a in plan.accounts}
        self.kinds = {kind.name: kind for kind in plan.kinds}
        self.tallies: dict[tuple[str, ...], Tally] = {}
        self._lines: dict[tuple[str, str, str, str], Line] = {}
        self._commons: dict[tuple[str, str], list[Check]] = {}
        self._rows: dict[tuple[float, ...], tuple[tuple[int, float], ...]] = {}  # what is not 0 of some amounts
        for account in plan.accounts:
            for resource, minutes in account.used_minutes.items():
                i = resources.index[resource]
                for key in (("account", account.name), ("account", account.kind), ("account", "root")):
                    self.tally(*key).base[i] += minutes * 60.0

    def tally(self, *key: str) -> Tally:
        """The tally of `("qos", q)`, `("qos-user", q, u)`, `("qos-account", q, a)`, `("account", a)` or
        `("user", account, u)`."""
        found = self.tallies.get(key)
        if found is None:
            size = len(self.resources.names)
            found = self.tallies[key] = Tally(
                busy=[0.0] * size, base=[0.0] * size, mark=[0.0] * size, promised=[0.0] * size
            )
        return found

    def enter(self, job: Job, tasks: int = 1) -> None:
        """So many more of a job have been submitted; negative: fewer are unfinished."""
        for tally in self._line(job, job.partition).tallies:
            tally.submitted += tasks

    def begin(self, job: Job, now: float) -> None:
        """A job has started."""
        self._book(job, now, 1.0)

    def end(self, job: Job, now: float) -> None:
        """A job that was running no longer is."""
        self._book(job, now, -1.0)

    def relimit(self, job: Job, seconds: float) -> None:
        """A running job may run so much longer."""
        for tally in self._line(job, job.partition).tallies:
            for i, amount in enumerate(job.amounts):
                tally.promised[i] += amount * seconds

    def _book(self, job: Job, now: float, sign: float) -> None:
        at, until = now - self.origin, job.started + job.limit - self.origin
        rows = self._rows.get(job.amounts)
        if rows is None:
            rows = self._rows[job.amounts] = tuple((i, amount) for i, amount in enumerate(job.amounts) if amount)
        more = int(sign)
        for tally in self._line(job, job.partition).tallies:
            tally.jobs += more
            busy, mark, promised = tally.busy, tally.mark, tally.promised
            for i, amount in rows:
                amount *= sign
                busy[i] += amount
                mark[i] += amount * at
                promised[i] += amount * until

    def fade(self, factor: float, now: float) -> None:
        """Let all that was used count for less."""
        for tally in self.tallies.values():
            tally.fade(factor, now - self.origin)

    def obstacle(self, job: Job, partition: Partition, now: float, ahead: tuple[Job, ...] = ()) -> str:
        """The reason code of the first cap that keeps this job from starting there; empty when none does. `ahead` are
        components of its het job that would have started before it."""
        at = now - self.origin
        amounts = job.amounts
        held = later = count = 0.0  # what those ahead will hold, and take until their limits
        for check in self._line(job, partition).checks:
            tally, i, most = check.tally, check.resource, check.most
            if ahead:
                held, later, count = self._ahead(tally, i, ahead)
            match check.kind:
                case "tres":
                    over = amounts[i] > 0 and tally.busy[i] + held + amounts[i] > most
                case "jobs":
                    over = tally.jobs + count >= most
                case "wall":
                    over = job.limit > most
                case "job-tres":
                    over = amounts[i] > most
                case "minutes":
                    spoken_for = tally.used(i, at) + tally.committed(i, at) + later
                    over = amounts[i] > 0 and spoken_for + amounts[i] * job.limit > most * 60
                case "run-minutes":
                    over = amounts[i] > 0 and tally.committed(i, at) + later + amounts[i] * job.limit > most * 60
                case _:
                    over = amounts[i] * job.limit > most * 60
            if over:
                return check.reason
        return ""

    def _ahead(self, tally: Tally, i: int, jobs: tuple[Job, ...]) -> tuple[float, float, float]:
        """What of a resource these jobs will add to a tally now, and until their limits, and how many they are."""
        counted = [job for job in jobs if tally in self._line(job, job.partition).tallies]
        held = sum(job.amounts[i] for job in counted)
        return held, sum(job.amounts[i] * job.limit for job in counted), float(len(counted))

    def refuses(self, job: Job, tasks: int) -> bool:
        """So many more jobs of this kind would be too many to have submitted."""
        return any(tally.submitted + tasks > most for tally, most in self._line(job, job.partition).submit)

    def _line(self, job: Job, partition: Partition) -> Line:
        key = (job.user, job.account, partition.qos, job.qos)
        found = self._lines.get(key)
        if found is None:
            found = self._lines[key] = self._make(*key)
        return found

    def _make(self, user: str, account_name: str, partition_qos: str, job_qos: str) -> Line:
        checks: list[Check] = []
        submit: list[tuple[Tally, int]] = []
        for name in dict.fromkeys((partition_qos, job_qos)):  # each once, the partition's first
            if name in self.qos:
                qos = self.qos[name]
                checks += self._qos_checks(qos, user, account_name)
                if qos.max_submit_per_user is not None:
                    submit.append((self.tally("qos-user", name, user), qos.max_submit_per_user))
                if qos.group_submit is not None:
                    submit.append((self.tally("qos", name), qos.group_submit))
        account = self.accounts[account_name]
        mine, project = self.tally("user", account_name, user), self.tally("account", account_name)
        chain = (mine, project, self.tally("account", account.kind), self.tally("account", "root"))
        if account.max_jobs_per_user is not None:
            checks.append(Check("jobs", mine, 0, account.max_jobs_per_user, "AssocMaxJobsLimit"))
        submit += [(mine, account.max_submit_per_user)] if account.max_submit_per_user is not None else []
        submit += [(project, account.group_submit)] if account.group_submit is not None else []
        checks += self._common(account, project, "Assoc")
        above = self.kinds.get(account.kind)
        if above is not None:
            checks += self._common(above, self.tally("account", account.kind), "Assoc")
            if above.group_submit is not None:
                submit.append((self.tally("account", account.kind), above.group_submit))
        # Every association counts; a QOS only where a cap asks what it has.
        counted = dict.fromkeys((*chain, *(check.tally for check in checks), *(tally for tally, _ in submit)))
        return Line(tuple(counted), tuple(checks), tuple(submit))

    def _qos_checks(self, qos: Qos, user: str, account: str) -> list[Check]:
        checks: list[Check] = []
        if qos.max_jobs_per_user is not None or qos.max_tres_per_user:
            mine = self.tally("qos-user", qos.name, user)
            if qos.max_jobs_per_user is not None:
                checks.append(Check("jobs", mine, 0, qos.max_jobs_per_user, "QOSMaxJobsPerUserLimit"))
            checks += self._tres("tres", mine, qos.max_tres_per_user, "QOSMax{}PerUser")
        if qos.max_jobs_per_account is not None or qos.max_tres_per_account:
            theirs = self.tally("qos-account", qos.name, account)
            if qos.max_jobs_per_account is not None:
                checks.append(Check("jobs", theirs, 0, qos.max_jobs_per_account, "MaxJobsPerAccount"))
            checks += self._tres("tres", theirs, qos.max_tres_per_account, "Max{}PerAccount")
        return checks + self._common(qos, self.tally("qos", qos.name), "QOS")

    def _common(self, caps: Qos | Account | Kind, tally: Tally, prefix: str) -> list[Check]:
        """The caps of all that a QOS or an account has together: the same for each of its people."""
        key = (type(caps).__name__, caps.name)
        found = self._commons.get(key)
        if found is None:
            found = self._commons[key] = self._common_checks(caps, tally, prefix)
        return found

    def _common_checks(self, caps: Caps, tally: Tally, prefix: str) -> list[Check]:
        checks: list[Check] = []
        if caps.max_wall_hours is not None:
            checks.append(Check("wall", tally, 0, caps.max_wall_hours * 3600, f"{prefix}MaxWallDurationPerJobLimit"))
        if caps.group_jobs is not None:
            checks.append(Check("jobs", tally, 0, caps.group_jobs, f"{prefix}GrpJobsLimit"))
        checks += self._tres("job-tres", tally, caps.max_tres_per_job, prefix + "Max{}PerJob")
        checks += self._tres("job-minutes", tally, caps.max_tres_minutes_per_job, prefix + "Max{}MinutesPerJob")
        checks += self._tres("tres", tally, caps.group_tres, prefix + "Grp{}")
        checks += self._tres("minutes", tally, caps.group_tres_minutes, prefix + "Grp{}Minutes")
        checks += self._tres("run-minutes", tally, caps.group_tres_run_minutes, prefix + "Grp{}RunMinutes")
        return checks

    def _tres(self, kind: str, tally: Tally, caps: dict[str, int], pattern: str) -> list[Check]:
        index = self.resources.index
        return [
            Check(kind, tally, index[resource], most, _reason(pattern, resource))
            for resource, most in caps.items()
            if resource in index
        ]


def _reason(pattern: str, resource: str) -> str:
    """`QOSMaxGRESPerUser` but `QOSMaxCpuPerUserLimit`: Slurm's spelling differs from resource to resource."""
    kind = resource.partition("/")[0]
    minutes, group, account = "Minutes" in pattern, "Grp" in pattern, pattern.endswith("PerAccount")
    if kind == "cpu":
        word, limit = ("CPU" if minutes and group else "Cpu"), not account
    elif kind == "mem":
        plain = group and not minutes
        word, limit = ("Mem" if plain or pattern.startswith("Assoc") else "Memory"), plain
    elif kind == "node":
        word, limit = "Node", not minutes and not account
    else:
        word, limit = ("GRES" if kind == "gres" else kind.capitalize()), False
    return pattern.format(word) + ("Limit" if limit else "")
