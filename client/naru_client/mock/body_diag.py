"""What slurmctld and slurmdbd tell of themselves (`diag`): counts of what the simulation did and of what was asked.

How long anything took is not told: the simulation takes no time.
"""

from collections import Counter

from naru_client.mock.people import People
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import UNSET, Body, number

# The figures that the simulation does not have, as an idle slurmctld shows them.
_NOTHING_YET = (
    "agent_queue_size agent_count agent_thread_count dbd_agent_queue_size gettimeofday_latency schedule_cycle_max "
    "schedule_cycle_last schedule_cycle_sum schedule_cycle_total schedule_cycle_mean schedule_cycle_mean_depth "
    "schedule_cycle_per_minute schedule_cycle_depth bf_backfilled_jobs bf_last_backfilled_jobs bf_backfilled_het_jobs "
    "bf_cycle_counter bf_cycle_mean bf_depth_mean bf_depth_mean_try bf_cycle_sum bf_cycle_last bf_cycle_max "
    "bf_last_depth bf_last_depth_try bf_depth_sum bf_depth_try_sum bf_queue_len_mean bf_queue_len_sum bf_table_size "
    "bf_table_size_sum bf_table_size_mean"
)
_SCHEDULE_EXITS = "end_job_queue default_queue_depth max_job_start max_rpc_cnt max_sched_time licenses"
_BACKFILL_EXITS = "end_job_queue bf_max_job_start bf_max_job_test bf_max_time bf_node_space_size state_changed"
STATISTICS: Body = dict.fromkeys(_NOTHING_YET.split(), 0) | {
    "parts_packed": 1,
    "server_thread_count": 1,
    "bf_active": False,
    "schedule_exit": dict.fromkeys(_SCHEDULE_EXITS.split(), 0),
    "bf_exit": dict.fromkeys(_BACKFILL_EXITS.split(), 0),
    "pending_rpcs": [],
    "pending_rpcs_by_hostlist": [],
}

# What each question makes slurmrestd ask slurmctld, by the first part of its path.
MESSAGES = {
    "ping": (1008, "REQUEST_PING"), "jobs": (2003, "REQUEST_JOB_INFO"), "nodes": (2007, "REQUEST_NODE_INFO"),
    "partitions": (2009, "REQUEST_PARTITION_INFO"), "job": (2021, "REQUEST_JOB_INFO_SINGLE"),
    "shares": (2022, "REQUEST_SHARE_INFO"), "reservations": (2024, "REQUEST_RESERVATION_INFO"),
    "diag": (2035, "REQUEST_STATS_INFO"), "node": (2040, "REQUEST_NODE_INFO_SINGLE"),
    "licenses": (1017, "REQUEST_LICENSE_INFO"), "jobs/state": (2057, "REQUEST_JOB_STATE"),
    "partition": (2009, "REQUEST_PARTITION_INFO"), "reservation": (2024, "REQUEST_RESERVATION_INFO"),
    "resources": (4007, "REQUEST_RESOURCE_LAYOUT"),
}  # fmt: skip


class Calls:
    """What slurmctld was asked since it was started."""

    def __init__(self) -> None:
        self.by_kind: Counter[str] = Counter()
        self.by_user: Counter[str] = Counter()

    def count(self, kind: str, user: str) -> None:
        self.by_kind[kind] += 1
        self.by_user[user] += 1

    def told(self, people: People) -> Body:
        """The two tables of them."""
        kinds: Counter[tuple[int, str]] = Counter()
        for kind, count in self.by_kind.items():
            kinds[MESSAGES[kind]] += count
        return {
            "rpcs_by_message_type": [
                {
                    "type_id": number_of, "message_type": name, "count": count, "queued": 0, "dropped": 0,
                    "cycle_last": 0, "cycle_max": 0, "total_time": 0, "average_time": UNSET,
                }
                for (number_of, name), count in kinds.items()
            ],
            "rpcs_by_user": [
                {
                    "user_id": people.user_id.get(user, 0), "user": user, "count": count, "total_time": 0,
                    "average_time": UNSET,
                }
                for user, count in self.by_user.items()
            ],
        }  # fmt: skip


def statistics(simulator: Simulator, people: People, calls: Calls) -> Body:
    """The statistics of slurmctld."""
    jobs = simulator.jobs.values()
    waiting = sum(job.pending for job in jobs)
    now = number(int(simulator.now))
    return STATISTICS | {
        "req_time": now,
        "req_time_start": number(int(simulator.opened)),
        "schedule_queue_length": waiting,
        "jobs_submitted": simulator.submitted,
        "jobs_started": simulator.started,
        "jobs_completed": simulator.ended,
        "jobs_canceled": simulator.cancelled,
        "jobs_failed": simulator.failed,
        "jobs_pending": waiting,
        "jobs_running": sum(job.running for job in jobs),
        "job_states_ts": now,
        "bf_queue_len": waiting,
        "bf_when_last_cycle": number(int(simulator.backfilled)),
        **calls.told(people),
    }


def accounting_statistics(simulator: Simulator) -> Body:
    """The statistics of slurmdbd: it rolls usage up every hour."""
    hours = max(0, int(simulator.now // 3600) - int(simulator.opened // 3600))
    nothing: Body = {"count": 0, "last_run": 0, "duration": {"last": 0, "max": 0, "time": 0}}
    last = int(simulator.now - simulator.now % 3600) if hours else 0
    return {
        "time_start": int(simulator.opened),
        "rollups": {"hourly": nothing | {"count": hours, "last_run": last}, "daily": nothing, "monthly": nothing},
        "RPCs": [],
        "users": [],
    }
