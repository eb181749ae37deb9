"""`POST job/{id}`: a job is held, released or changed.

Everything is checked before anything is changed, in the order in which slurmctld would find fault. A real one changes
what comes before the fault.
"""

import math
from collections.abc import Callable
from typing import Any

from naru_client.mock.actions_body import Fields, load, read
from naru_client.mock.actions_errors import Refused
from naru_client.mock.actions_fields import JOB
from naru_client.mock.actions_names import in_path, may_touch
from naru_client.mock.actions_notes import Notes
from naru_client.mock.actions_words import Name, conditions
from naru_client.mock.entities import Job
from naru_client.mock.requests import Caller, Query
from naru_client.mock.submission import NO_LIMIT, Submission, check_lengths
from naru_client.mock.submission_shape import SHAPING, shape_of
from naru_client.mock.wire_values import Body

Change = Callable[[Job], None]
_SOURCE = "_job_post_update"
_TASK = "Rejecting request. Submit job update against Array Job's JobID instead of array task id."
_UNREADABLE = (9000, "Rejecting request. Failure parsing job update request.", _SOURCE)
_NOTHING: Body = {"results": None}


class Updating:
    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.simulator = submission.simulator

    def update(self, text: str, caller: Caller, query: Query, body: bytes) -> Body:
        """Change one record: of an array, its waiting tasks together."""
        notes = Notes(self.simulator.now)
        name = in_path(text, "op_handler_job", notes)
        fields = read(load(body, query), JOB, "JOB_DESC_MSG", "#/", notes)
        notes.checked(_UNREADABLE, body=_NOTHING)
        if name.task is not None:
            raise notes.refuse(9000, _TASK, _SOURCE, _NOTHING)
        try:
            self._update(caller, self._record(name), fields)
        except Refused as refused:
            words = "Job update requested failed"
            raise notes.refuse(refused.number, words, "slurm_update_job2()", _NOTHING) from None
        return _NOTHING | {"warnings": notes.warnings}

    def _record(self, name: Name) -> Job:
        job = self.simulator.jobs.get(name.number)
        if job is not None and name.offset is not None:
            job = next((part for part in job.het if part.het_offset == name.offset), None)
        if job is None or job.id not in self.simulator.jobs:
            raise Refused(2017)
        return job

    def _update(self, caller: Caller, job: Job, fields: Fields) -> None:
        account = fields.get("account", "").lower()
        if not may_touch(caller, job):
            raise Refused(2010)
        if caller.user != job.user and not caller.operator and account and account not in caller.coordinates:
            raise Refused(2010)
        throttle = _throttle(fields) if "array" in fields and job.array is job else None
        if job.finished:
            if throttle is None:
                raise Refused(2084)
            self._throttle(job, throttle)  # of those of its tasks that still wait or run
            return
        if fields.get("admin_comment") and not caller.operator:
            raise Refused(2002)
        check_lengths(fields)
        in_line = self._line_changes(caller, job, fields) + self._request_changes(job, fields)
        at_once = self._texts(job, fields) + self._course(caller, job, fields)
        if in_line and job.pending:
            self.simulator.reshape(job, lambda job: _apply(job, in_line))
        else:
            _apply(job, in_line)
        if throttle is not None:
            self._throttle(job, throttle)
        _apply(job, at_once)
        job.wire = b""
        self.simulator.touch(job)

    # What may only change while a job waits

    def _line_changes(self, caller: Caller, job: Job, fields: Fields) -> list[Change]:
        """Where a job stands in line: its partitions, account and QOS."""
        s, told = self.submission, {name: fields[name] for name in ("partition", "account", "qos") if fields.get(name)}
        places = s.places(told["partition"]) if "partition" in told else job.where
        account = s.account(job.user, told["account"]) if "account" in told else job.account
        qos = s.qos(told["qos"]) if "qos" in told else job.qos
        if (places, account, qos) == (job.where, job.account, job.qos):
            return []
        if not job.pending:
            raise Refused(2073)
        several = places if len(places) > 1 else ()
        change = _put(partition=places[0], partitions=several, account=account, qos=qos)
        if not caller.operator and self._would_be_refused(job, change):
            raise Refused(2050)
        return [change]

    def _would_be_refused(self, job: Job, change: Change) -> bool:
        """Whether so many jobs would be too many where this one is to go; those it stands among now it leaves."""
        values = {name: getattr(job, name) for name in Job.__struct_fields__}
        there = Job(**values)
        change(there)
        limits, tasks = self.simulator.limits, len(job.tasks) or 1
        limits.enter(job, -tasks)
        refused = limits.refuses(there, tasks)
        limits.enter(job, tasks)
        return refused

    def _request_changes(self, job: Job, fields: Fields) -> list[Change]:
        """What a job asks for, and when and where it may begin."""
        s, changes = self.submission, list[Change]()
        required = s.required(fields.get("required_nodes", []))
        if "reservation" in fields:
            if job.completing:
                raise Refused(2086)
            reservation = s.reservation(fields["reservation"], job.user, job.account)
            changes.append(_put(reservation=reservation))
        wanted = s.alternative(s.features(fields.get("constraints", "")), job.where)
        if not job.pending:
            if any(name in fields for name in (*SHAPING, *_WAITING_ONLY)):
                raise Refused(2073)
            return changes
        if "constraints" in fields:
            changes.append(_put(features=wanted))
        if any(name in fields for name in SHAPING):
            features = wanted if "constraints" in fields else job.features
            shape = shape_of(_as_it_is(job, fields) | fields, job.where, s.cluster, features, len(required))
            changes.append(shape.apply)
        if "required_nodes" in fields:
            changes.append(_put(on_node=s.insists(required, fields.get("nodes", (job.nodes,))[0])))
        if "excluded_nodes" in fields:
            changes.append(_put(not_on=s.excluded(fields["excluded_nodes"], required)))
        if "licenses" in fields:
            changes.append(_put(licenses=s.licenses(fields["licenses"])))
        if "begin_time" in fields:
            changes.append(_put(begin=s.begin(fields), planned_start=0.0, planned_nodes=()))
        if "dependency" in fields:
            changes.append(self._dependency(job, fields["dependency"]))
        return changes

    def _dependency(self, job: Job, text: str) -> Change:
        after, any_of_them = conditions(text)
        self.submission.dependencies.check(after, job)

        def change(job: Job) -> None:
            job.after, job.after_any = self.submission.dependencies.found(after), any_of_them

        return change

    # What may change at any time

    def _course(self, caller: Caller, job: Job, fields: Fields) -> list[Change]:
        """How long it may run, and what it counts for. Raises Refused."""
        changes = list[Change]()
        limit = self._limit(caller, job, fields)
        if fields.get("time_minimum", 0) * 60 > (limit or job.limit):
            raise Refused(2124)
        if limit is not None:
            changes.append(lambda job: self._relimit(job, limit))
        priority = 0 if fields.get("hold") else fields.get("priority", math.inf if "hold" in fields else None)
        if priority is not None:
            changes += self._priority(caller, job, priority)
        if "nice" in fields and fields["nice"] != job.nice:
            if fields["nice"] < 0 and not caller.operator:
                raise Refused(2002)
            changes += [_put(nice=fields["nice"]), self._reckon]
        return changes

    def _limit(self, caller: Caller, job: Job, fields: Fields) -> float | None:
        now, limit = self.simulator.now, None
        if "time_limit" in fields:
            minutes = fields["time_limit"]
            limit = NO_LIMIT if math.isinf(minutes) else max(1, minutes) * 60.0
            most = max(place.max_hours for place in job.where) * 3600
            if limit > job.limit and not caller.operator and not (job.pending and limit <= most):
                raise Refused(2002)
        if "end_time" in fields:
            if not job.running:
                raise Refused(2085)
            if fields["end_time"] < now:
                raise Refused(2054)
            limit = fields["end_time"] - job.started
            if limit > job.limit and not caller.operator:
                raise Refused(2002)
        return None if limit == job.limit else limit

    def _relimit(self, job: Job, limit: float) -> None:
        """A limit that is over already ends the job now, and stands for as long as it has run."""
        if job.running:
            limit = max(limit, self.simulator.now - job.started)
        if job.outcome == "TIMEOUT":
            job.run = limit
        self.simulator.relimit(job, limit)

    def _priority(self, caller: Caller, job: Job, priority: float) -> list[Change]:
        """Hold (0), release (infinity) or place a job, as far as the caller may. Raises Refused."""
        by = "admin" if caller.operator else "user"
        if priority == 0:
            if job.held and not caller.operator:
                return []
            return [lambda job: self._hold(job, by)]
        if math.isinf(priority):
            if job.held == "admin" and not caller.operator:
                raise Refused(2002)
            if job.held:
                return [self._release]
            return [lambda job: self._place(job, 0)] if caller.operator else []
        if job.held:
            raise Refused(2042)
        if caller.operator:
            return [lambda job: self._place(job, int(priority))]
        raise Refused(2002 if priority > job.priority else 2095)

    def _hold(self, job: Job, by: str) -> None:
        if job.pending:
            self.simulator.hold(job, by)
            return
        job.held, job.reason, job.priority = by, "JobHeldUser" if by == "user" else "JobHeldAdmin", 0

    def _release(self, job: Job) -> None:
        if job.pending:
            self.simulator.release(job)
            return
        job.held, job.reason = "", "None"
        self._reckon(job)

    def _place(self, job: Job, priority: int) -> None:
        job.fixed_priority = priority
        self._reckon(job)

    def _reckon(self, job: Job) -> None:
        self.simulator.scheduler.prioritise(job, self.simulator.now)

    def _throttle(self, group: Job, throttle: int) -> None:
        """How many tasks may run together; those that run already are not stopped."""
        raised = not throttle or (group.throttle and throttle > group.throttle)
        for job in self.simulator.jobs.values():
            if job is group or (job.array is group and (raised or job.pending)):
                job.throttle, job.wire = throttle, b""

    def _texts(self, job: Job, fields: Fields) -> list[Change]:
        """What is only told of a job. Raises Refused."""
        if not job.pending and any(fields.get(name) for name in ("standard_output", "current_working_directory")):
            raise Refused(2073)
        return [_put(**{attribute: fields[name] for name, attribute in _TOLD.items() if name in fields})]


_WAITING_ONLY = (
    "required_nodes", "excluded_nodes", "constraints", "licenses", "begin_time", "dependency", "contiguous",
)  # fmt: skip
_TOLD = {
    "comment": "comment", "admin_comment": "admin_comment", "name": "name", "requeue": "requeue",
    "standard_output": "output", "standard_error": "error", "current_working_directory": "work_dir",
}  # fmt: skip


def _apply(job: Job, changes: list[Change]) -> None:
    for change in changes:
        change(job)


def _put(**values: Any) -> Change:
    """The change that gives a job these values."""

    def change(job: Job) -> None:
        for name, value in values.items():
            setattr(job, name, value)

    return change


def _as_it_is(job: Job, changed: Fields) -> Fields:
    """A job's shape as fields, but for those that are changed."""
    groups: list[tuple[str, dict[str, Any]]] = [
        ("cpus", {"minimum_cpus_per_node": job.cpus}),
        ("memory", {"memory_per_node": job.memory}),
    ]
    if job.accelerators:
        model = f":{job.gres_type}" if job.gres_type else ""
        groups.append(("tres_per", {"tres_per_node": f"gres/{job.gres_name}{model}={job.accelerators}"}))
    fields: Fields = {}
    if "nodes" not in changed and "minimum_nodes" not in changed:
        fields["minimum_nodes"] = min(job.nodes, changed.get("maximum_nodes", job.nodes))
    for word, values in groups:
        asked = [name for name in changed if name in SHAPING and word in name]
        if not asked and not (word == "cpus" and any("tasks" in name for name in changed)):
            fields |= values
    return fields


def _throttle(fields: Fields) -> int:
    """How many tasks of an array may run together; what is no number counts as none. Raises Refused."""
    text = fields["array"].strip()
    if text.startswith("-"):
        raise Refused(2025)
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    return int(digits[:6] or 0)
