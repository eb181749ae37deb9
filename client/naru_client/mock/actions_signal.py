"""Cancelling and signalling: `DELETE job/{id}` and `DELETE jobs`.

A 200 is not success here: what was not done stands in `status`, one entry for each record that was refused.
"""

from msgspec import Struct

from naru_client.mock.actions_body import Fields, load, read
from naru_client.mock.actions_errors import WORDS, Refused
from naru_client.mock.actions_fields import KILL, KILL_FLAGS, KILL_QUERY, STATES
from naru_client.mock.actions_names import called, id_text, in_path, may_touch
from naru_client.mock.actions_notes import Notes, shown
from naru_client.mock.actions_words import Name, job_name
from naru_client.mock.entities import Job
from naru_client.mock.hostlist import compress
from naru_client.mock.requests import Caller, Query
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import UNSET, Body, number

KILL_SIGNAL = 9
_NOTHING: Body = {"status": []}
_ENDING = frozenset((2, 3, 6, 9, 15))  # those that a batch script does not outlive


class Target(Struct, frozen=True):
    """One record that is meant, and which of its waiting tasks (none: all)."""

    job: Job
    tasks: tuple[int, ...]
    name: str  # as it was called, or as Slurm calls it


class Signalling:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def one(self, text: str, caller: Caller, query: Query, body: bytes) -> Body:
        """`DELETE job/{id}?signal=&flags=`."""
        notes = Notes(self.simulator.now)
        name = in_path(text, "op_handler_job", notes)
        asked = load(body, query) if body else dict(query)
        fields = read(asked, KILL_QUERY, "OPENAPI_JOB_INFO_DELETE_QUERY", "#/", notes)
        notes.only(fields.get("flags", ()), KILL_FLAGS, "#/flags")
        notes.checked(body=_NOTHING)
        return self._answer(caller, [name], fields, {}, notes)

    def several(self, caller: Caller, query: Query, body: bytes) -> Body:
        """`DELETE jobs` with jobs by name, or by what they have in common."""
        notes = Notes(self.simulator.now)
        fields = read(load(body, query), KILL, "KILL_JOBS_MSG", "#/", notes)
        notes.only(fields.get("flags", ()), KILL_FLAGS, "#/flags")
        notes.only(fields.get("job_state", ()), STATES, "#/job_state")
        jobs = fields.pop("jobs", [])
        if not isinstance(jobs, list) or any(isinstance(one, list | dict) for one in jobs):
            raise notes.refuse(9202, f"Unexpected type when expecting a list: {shown(jobs)}", "#/jobs/", _NOTHING)
        notes.checked(body=_NOTHING)
        wanted = {name: fields[name] for name in _FILTERS if fields.get(name)}
        user = wanted.get("user_name", "")
        if user and not any(user == known.name for known in self.simulator.plan.users):
            words = f"Unable to resolve {user[:200]} to numeric user id"
            raise notes.refuse(2166, words, "uid_from_string()", _NOTHING)
        try:
            names = [job_name("" if one is None else str(one)) for one in jobs]
            if not names and not wanted:
                raise Refused(2173)
        except Refused as refused:
            raise notes.refuse(refused.number, "Signal request failed", "slurm_kill_jobs()", _NOTHING) from None
        return self._answer(caller, names, fields, wanted, notes)

    def _answer(self, caller: Caller, names: list[Name], fields: Fields, wanted: Fields, notes: Notes) -> Body:
        status: list[Body] = []
        targets: list[Target] = []
        for name in names:
            records = called(self.simulator, name)
            if not records:
                status.append(_entry(name.text, None, 2017))
            targets += [Target(job, tasks, name.text if tasks else id_text(job)) for job, tasks in records]
        if not names:
            targets = [Target(job, (), id_text(job)) for job in self.simulator.jobs.values()]
        signal, verbose = fields.get("signal") or KILL_SIGNAL, "VERBOSE" in fields.get("flags", ())
        meant = self._meant(caller, targets, wanted, bool(names), status)
        for target in meant:
            refused = self._send(target, signal, caller.user)
            if refused or verbose:
                status.append(_entry(target.name, target.job.id, refused))
        return {"status": status, "warnings": notes.warnings}

    def _meant(
        self, caller: Caller, targets: list[Target], wanted: Fields, named: bool, status: list[Body]
    ) -> list[Target]:  # fmt: skip
        """Those that the caller may touch, each once. `status` tells of the others, but where none was named."""
        meant: dict[tuple[int, tuple[int, ...]], Target] = {}
        leaders: set[Job] = set()
        for target in targets:
            job = target.job
            why = "" if job.finished else next((text for text in _mismatches(job, wanted) if text), "")
            if job.finished or why:
                if named:
                    number = 2021 if job.finished else 2172
                    words = f"{why}: {WORDS[number]}" if why else WORDS[number]
                    status.append(_entry(id_text(job), job.id, number, words))
            elif job.het_offset and job.het[0] in leaders:
                continue  # it goes with its leader
            elif not may_touch(caller, job):
                status.append(_entry(target.name, job.id, 2002))
            else:
                meant[job.id, target.tasks] = target
                leaders.add(job)
        return list(meant.values())

    def _send(self, target: Target, signal: int, by: str) -> int:
        """Signal one record; the number of why it is not done (0: it is)."""
        job = target.job
        if job.finished:  # ended by the same request, with its array or its leader
            return 2021
        if job.pending:
            if signal != KILL_SIGNAL:
                return 2020
            for task in [task for task in target.tasks if task in job.tasks]:
                self.simulator.cancel_task(job, task, by)
            if not target.tasks:
                self.simulator.cancel(job, by)
        elif signal == KILL_SIGNAL:
            self.simulator.cancel(job, by)
        elif signal in _ENDING:
            self.simulator.signal(job, signal, by)
        return 0


# What jobs may have in common, and how Slurm tells that one has not.
_FILTERS = ("account", "job_name", "partition", "qos", "reservation", "job_state", "user_name", "nodes", "wckey")


def _mismatches(job: Job, wanted: Fields) -> list[str]:
    """Why a job is not among those that are meant; empty texts where it is."""
    places = {place.name for place in job.where}
    partition, reservation = wanted.get("partition", ""), wanted.get("reservation", "")
    told = [
        _differs("account", job.account, wanted.get("account", "")),
        _differs("name", job.name, wanted.get("job_name", "")),
        f"Job partition {','.join(places)} does not include filter partition {partition}"
        if partition and partition not in places else "",
        _differs("qos", job.qos, wanted.get("qos", "")),
        f"Job reservation {job.reservation} does not include filter reservation {reservation}"
        if reservation and reservation != job.reservation else "",
    ]  # fmt: skip
    states = wanted.get("job_state", ())
    if states and job.state not in states:
        told.append(f"Job state {job.state} != filter state {','.join(sorted(states))}")
    told.append(_differs("user id", job.user, wanted.get("user_name", "")))
    nodes = wanted.get("nodes", ())
    has = {share.node.name for share in job.holding}
    if nodes and has.isdisjoint(nodes):
        filtered = compress(nodes)
        told.append(
            f"Job nodes {compress(has)} does not intersect with filter nodes {filtered}"
            if has else f"Job does not have nodes but filter has nodes {filtered}"
        )  # fmt: skip
    told.append(_differs("wckey", "", wanted.get("wckey", "")))
    return told


def _differs(what: str, has: str, wanted: str) -> str:
    return f"Job {what} {has} != filter {what} {wanted}" if wanted and wanted != has else ""


def _entry(name: str, job_id: int | None, code: int, words: str = "") -> Body:
    """One of `status[]`; code 0 is success."""
    told = WORDS[code] if code else "No error"
    return {
        "error": {"string": told, "code": code, "message": words or (told if code else "")},
        "step_id": name,
        "job_id": UNSET if job_id is None else number(job_id),
        "federation": {"sibling": ""},
    }
