"""Slurm's JSON, bytes to model: the public face of the decoder. Pure: it opens nothing and waits for nothing.

It reads what slurmctld and slurmdbd say through slurmrestd, squeue, sinfo, sacct and scontrol, from 21.08 (v0.0.35) to
the newest (see `versions`), with one rule for all: an odd field is unknown, and no record is ever lost for it.
"""

from naru_client.slurm.wire_answers import Decoded, Kind, Meta, sniff
from naru_client.slurm.wire_conditions import node_condition, node_states
from naru_client.slurm.wire_history import decode_history
from naru_client.slurm.wire_ids import address, task_count, task_expression
from naru_client.slurm.wire_jobs import JobsDecoder, decode_jobs
from naru_client.slurm.wire_nodes import decode_nodes, decode_sinfo
from naru_client.slurm.wire_pools import (
    Ping,
    decode_partitions,
    decode_ping,
    decode_reservations,
    decode_sinfo_partitions,
)
from naru_client.slurm.wire_states import State, Times, exit_code, exit_of, job_state, job_times, reason

__all__ = [
    "Decoded",
    "JobsDecoder",
    "Kind",
    "Meta",
    "Ping",
    "State",
    "Times",
    "address",
    "decode_history",
    "decode_jobs",
    "decode_nodes",
    "decode_partitions",
    "decode_ping",
    "decode_reservations",
    "decode_sinfo",
    "decode_sinfo_partitions",
    "exit_code",
    "exit_of",
    "job_state",
    "job_times",
    "node_condition",
    "node_states",
    "reason",
    "sniff",
    "task_count",
    "task_expression",
]
