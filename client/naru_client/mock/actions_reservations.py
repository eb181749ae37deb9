"""Reservations: operators make, change and take them away."""

import math
from typing import Any

from naru_client.mock.actions_body import Fields, load, read
from naru_client.mock.actions_errors import Refused
from naru_client.mock.actions_fields import RESERVATION, RESERVATION_FLAGS, RESERVATIONS
from naru_client.mock.actions_notes import Notes, short
from naru_client.mock.entities import Node, Window
from naru_client.mock.hostlist import compress
from naru_client.mock.requests import Caller, Query
from naru_client.mock.scenario import Reservation
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import UNSET, Body, number

LATE = 30.0  # seconds a reservation may begin in the past
YEAR = 365 * 86_400.0
_EVERY = {"DAILY": 1, "WEEKLY": 7}  # days; the other ways to recur are taken as once


class Reserving:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def reservation(self, caller: Caller, query: Query, body: bytes) -> Body:
        """`POST reservation`: make one, or change the one of that name."""
        notes = Notes(self.simulator.now)
        fields = self._described(load(body, query), "#/", notes)
        if not fields.get("name"):
            raise notes.refuse(2053, "Reservation must be given.", "_mod_reservation")
        return {"reservations": [self._make(caller, fields, notes)], "warnings": notes.warnings}

    def reservations(self, caller: Caller, query: Query, body: bytes) -> Body:
        """`POST reservations`: the same for each in a list."""
        notes = Notes(self.simulator.now)
        request = read(load(body, query), RESERVATIONS, "RESERVATION_MOD_REQ", "#/", notes)
        entries, source = request.get("reservations"), "_parse_resv_desc_list"
        empty = "No reservation descriptions specified in reservations array"
        if entries is None and not notes.errors:
            raise notes.refuse(9000, empty, source)
        if entries == []:
            notes.warn(empty, source)
        entries = entries if isinstance(entries, list) else [entries]
        several = [self._described(one, f"#/reservations[{i}]/", notes) for i, one in enumerate(entries)]
        if not all(fields.get("name") for fields in several):
            raise notes.refuse(2053, "Reservation must be given", "_check_resv_name")
        return {"reservations": [self._make(caller, fields, notes) for fields in several], "warnings": notes.warnings}

    def delete_reservation(self, name: str, caller: Caller, query: Query, body: bytes) -> Body:
        """`DELETE reservation/{name}`."""
        window = self._window(name)
        number = 0
        if not caller.operator:
            number = 2010
        elif window is None:
            number = 2053
        elif any(job.reservation == name and job.running for job in self.simulator.jobs.values()):
            number = 2055
        if number or window is None:
            words = f"Error deleting reservation {short(name)}"
            raise Notes(0).refuse(number, words, "slurm_delete_reservation")
        self.simulator.withdraw(window)
        return {}

    def _described(self, data: object, path: str, notes: Notes) -> Fields:
        fields = read(data, RESERVATION, "RESERVATION_DESC_MSG", path, notes)
        notes.only(fields.get("flags", ()), RESERVATION_FLAGS, f"{path}flags")
        failed = "Rejecting request. Failure parsing parameters"
        notes.checked((9000, failed, "_parse_resv_desc"))
        return fields

    def _window(self, name: str) -> Window | None:
        return next((window for window in self.simulator.cluster.windows if window.name == name), None)

    def _make(self, caller: Caller, fields: Fields, notes: Notes) -> Body:
        name = fields["name"]
        old = self._window(name)
        if old is None and (why := _lacks(fields)):
            raise notes.refuse(2053, f"{why}  No reservation created.", "validate_resv_create_desc")
        try:
            if not caller.operator:
                raise Refused(2010)
            planned, start = self._planned(fields, old)
        except Refused as refused:
            verb = "creating" if old is None else "updating"
            source = "slurm_create_reservation" if old is None else "slurm_update_reservation"
            raise notes.refuse(refused.number, f"Error {verb} reservation {short(name)}", source) from None
        if old is not None:
            self.simulator.withdraw(old)
        window = self.simulator.announce(planned, start, to_the_hour=False)
        return _told(window, fields)

    def _planned(self, fields: Fields, old: Window | None) -> tuple[Reservation, float]:
        """The reservation that is asked for, what is not said of it being as it was, and when it starts. Raises
        Refused."""
        now = self.simulator.now
        start = fields.get("start_time", old.start if old else now)
        end = fields.get("end_time")
        if end is None:
            minutes = fields.get("duration", (old.end - old.start) / 60 if old else 0)
            end = start + (YEAR if math.isinf(minutes) or not minutes else minutes * 60.0)
        if (start < now - LATE and (old is None or start != old.start)) or end <= max(start, now):
            raise Refused(2054)
        flags = self._flags(fields, old)
        users, accounts = self._people(fields, old)
        names = self._nodes(fields, old, start, "IGNORE_JOBS" in flags)
        if not flags & {"OVERLAP", "MAINT"} and self._overlaps(names, start, end, old):
            raise Refused(2058)
        every = next((days for flag, days in _EVERY.items() if flag in flags), 0)
        reservation = Reservation(
            name=fields["name"], nodes=compress(names), starts_in_hours=0, hours=(end - start) / 3600,
            every_days=every, flags=tuple(sorted(flags)), users=users, accounts=accounts,
        )  # fmt: skip
        return reservation, start

    @staticmethod
    def _flags(fields: Fields, old: Window | None) -> set[str]:
        flags = set(old.flags) if old else set()
        for flag in fields.get("flags", ()):
            if flag.startswith("NO_") and flag != "NO_HOLD_JOBS_AFTER_END":
                flags.discard(flag.removeprefix("NO_"))
            else:
                flags.add(flag)
        return flags | {"SPEC_NODES"}

    def _people(self, fields: Fields, old: Window | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        plan = self.simulator.plan
        users = tuple(fields.get("users", old.users if old else ()))
        accounts = tuple(fields.get("accounts", old.accounts if old else ()))
        if not set(users) <= {"root", *plan.operators, *(user.name for user in plan.users)}:
            raise Refused(2010)
        if not set(accounts) <= {"root", *(account.name for account in plan.accounts)}:
            raise Refused(2045)
        if not users and not accounts:
            raise Refused(2080)
        return users, accounts

    def _nodes(self, fields: Fields, old: Window | None, start: float, ignore_jobs: bool) -> tuple[str, ...]:
        """Which nodes: those named, or so many of a partition that nothing runs on past the start."""
        cluster, count = self.simulator.cluster, fields.get("node_count", 0)
        partition = fields.get("partition", "")
        if partition and partition not in cluster.partitions:
            raise Refused(2000)
        everything = cluster.members[partition] if partition else tuple(cluster.node_list)
        names = fields.get("node_list", ())
        if not names and not partition and not count and old is not None:
            return tuple(sorted(old.nodes))
        if fields.get("core_count") or (not names and not partition and not count):
            raise Refused(2036)
        if tuple(name.upper() for name in names) == ("ALL",):
            names = tuple(node.name for node in everything)
        if any(name not in cluster.nodes for name in names):
            raise Refused(2018)
        if names or not count:
            chosen = [cluster.nodes[name] for name in names] or list(everything)
        else:
            free = [node for node in everything if ignore_jobs or not _busy(node, start)]
            if math.isinf(count) or len(free) < count:
                raise Refused(2016)
            return tuple(node.name for node in free[: int(count)])
        if not chosen:
            raise Refused(2018)
        if old is None and not ignore_jobs and any(_busy(node, start) for node in chosen):
            raise Refused(2016)
        return tuple(dict.fromkeys(node.name for node in chosen))

    def _overlaps(self, names: tuple[str, ...], start: float, end: float, old: Window | None) -> bool:
        return any(
            window is not old and not window.maintenance and "OVERLAP" not in window.flags
            and window.start < end and window.end > start and not window.nodes.isdisjoint(names)
            for window in self.simulator.cluster.windows
        )  # fmt: skip


def _busy(node: Node, start: float) -> bool:
    """Something runs there that may run into a time."""
    return any(job.completing or job.started + job.limit > start for job in node.jobs)


def _lacks(fields: Fields) -> str:
    """What a new reservation must say and this one does not; empty when it says enough."""
    start, end, duration = (fields.get(name) for name in ("start_time", "end_time", "duration"))
    if start is None:
        return "A start time must be given."
    if end is None and duration is None:
        return "An end time or duration must be given."
    if end is not None and duration is not None and start + duration * 60 != end:
        return "StartTime + Duration does not equal EndTime."
    if end is not None and start > end:
        return "Start time cannot be after end time."
    if not any(fields.get(name) for name in ("core_count", "node_count", "node_list", "licenses", "tres", "partition")):
        return "CoreCnt, Nodes, NodeCnt, TRES or Watts must be specified."
    if not any(fields.get(name) for name in ("users", "groups", "accounts")):
        return "Either Users/Groups, AllowedPartitions, QOS and/or Accounts must be specified."
    return ""


def _told(window: Window, fields: Fields) -> dict[str, Any]:
    """A reservation as it was described, as the answer repeats it."""
    duration = int((window.end - window.start) / 60)
    return {
        "accounts": list(window.accounts), "burst_buffer": "", "comment": fields.get("comment", ""),
        "core_count": UNSET, "duration": number(duration), "end_time": number(int(window.end)),
        "features": fields.get("features", ""), "flags": list(window.flags), "groups": fields.get("groups", []),
        "licenses": fields.get("licenses", []), "max_start_delay": UNSET, "name": window.name,
        "node_count": number(len(window.nodes)), "node_list": [compress(window.nodes)],
        "partition": fields.get("partition", ""), "purge_completed": {"time": UNSET},
        "start_time": number(int(window.start)), "tres": [], "users": list(window.users),
    }  # fmt: skip
