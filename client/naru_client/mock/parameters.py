"""Which parameters each question knows: those it does not know are ignored, and the answer warns of them.

The names are those of Slurm's parsers; a question that is not here looks at no parameter at all, and says nothing.
"""

from naru_client.mock.requests import Query
from naru_client.mock.wire_values import Body

_WITH = "with_deleted with_assocs with_coords"
_CLUSTER = "classification cluster federation flags format rpc_version usage_end usage_start with_deleted with_usage"
_ASSOCIATION = (
    "account cluster default_qos format id parent_account partition qos usage_end usage_start user|"
    "Include deleted associations|Include usage|Filter to only defaults|Include the raw QOS or delta_qos|"
    "Include sub acct information|Exclude parent id/name|Exclude limits from parents"
)
_TABLE = {
    "slurm/jobs": ("OPENAPI_JOB_INFO_QUERY", "update_time flags"),
    "slurm/job": ("OPENAPI_JOB_INFO_QUERY", "update_time flags"),
    "slurm/jobs/state": ("OPENAPI_JOB_STATE_QUERY", "job_id"),
    "slurm/nodes": ("OPENAPI_NODES_QUERY", "update_time flags"),
    "slurm/node": ("OPENAPI_NODES_QUERY", "update_time flags"),
    "slurm/partitions": ("OPENAPI_PARTITIONS_QUERY", "update_time flags"),
    "slurm/partition": ("OPENAPI_PARTITIONS_QUERY", "update_time flags"),
    "slurm/reservations": ("OPENAPI_RESERVATION_QUERY", "update_time"),
    "slurm/reservation": ("OPENAPI_RESERVATION_QUERY", "update_time"),
    "slurmdb/jobs": (
        "JOB_CONDITION",
        "account association cluster constraints cpus_max cpus_min scheduler_unset scheduled_on_submit "
        "scheduled_by_main scheduled_by_backfill job_started job_altered exit_code show_duplicates skip_steps "
        "disable_truncate_usage_time whole_hetjob disable_whole_hetjob disable_wait_for_result "
        "usage_time_as_submit_time show_batch_script show_job_environment format groups job_name nodes_max nodes_min "
        "partition qos reason reservation reservation_id state step timelimit_max timelimit_min end_time start_time "
        "submit_time node users wckey",
    ),
    "slurmdb/associations": ("ASSOC_CONDITION", _ASSOCIATION),
    "slurmdb/association": ("ASSOC_CONDITION", _ASSOCIATION),
    "slurmdb/accounts": (
        "ACCOUNT_CONDITION",
        "association description DELETED WithAssociations WithCoordinators NoUsersAreCoords UsersAreCoords",
    ),
    "slurmdb/account": ("OPENAPI_ACCOUNT_QUERY", _WITH),
    "slurmdb/users": (
        "USER_CONDITION",
        f"admin_level association default_account default_wckey {_WITH} with_wckeys without_defaults",
    ),
    "slurmdb/user": ("OPENAPI_USER_QUERY", f"{_WITH} with_wckeys"),
    "slurmdb/qos/": ("OPENAPI_SLURMDBD_QOS_QUERY", "with_deleted"),
    "slurmdb/clusters": ("CLUSTER_CONDITION", _CLUSTER),
    "slurmdb/instances": (
        "INSTANCE_CONDITION",
        "cluster extra format instance_id instance_type node_list time_end time_start",
    ),
    "slurmdb/wckeys": (
        "WCKEY_CONDITION",
        "cluster format id name only_defaults usage_end usage_start user with_usage with_deleted",
    ),
}
_KNOWN = {
    path: (parser, frozenset([*names.partition("|")[0].split(), *names.split("|")[1:]]))
    for path, (parser, names) in _TABLE.items()
}


def unknown(part: str, tail: str, query: Query) -> list[Body]:
    """A warning for each parameter that the question does not know."""
    if not query:
        return []
    kind, _, name = tail.partition("/")
    about_one = f"{part}/{kind}/" if kind == "qos" else f"{part}/{kind}"
    known = _KNOWN.get(f"{part}/{tail}") or (_KNOWN.get(about_one) if name else None)
    if known is None:
        return []
    parser, names = known
    return [
        {
            "description": f'Ignoring unknown field "{given}" of type string in DATA_PARSER_{parser}',
            "source": f"#/{given}/",
        }
        for given in query
        if given not in names
    ]
