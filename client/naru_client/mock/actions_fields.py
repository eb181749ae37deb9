"""The fields of what slurmrestd v0.0.44 takes, and what kind of value each holds (see `actions_values`)."""


def _fields(**kinds: str) -> dict[str, str]:
    return {name: kind for kind, names in kinds.items() for name in names.split()}


JOB = _fields(
    text="account account_gather_frequency admin_comment allocation_node_list array batch_features burst_buffer "
    "clusters cluster_constraint comment container container_id cpu_binding cpu_frequency cpus_per_tres dependency "
    "extra constraints group_id licenses mail_user mcs_label memory_binding memory_per_tres name network partition "
    "prefer qos reservation script distribution tres_bind tres_freq tres_per_job tres_per_node tres_per_socket "
    "tres_per_task user_id current_working_directory selinux_context standard_error standard_input standard_output "
    "wckey x11_magic_cookie x11_target_host",
    short="allocation_node_port oom_kill_step reserve_ports cpus_per_task minimum_boards_per_node "
    "minimum_sockets_per_board sockets_per_node threads_per_core tasks_per_node tasks_per_socket tasks_per_core "
    "tasks_per_board ntasks_per_tres minimum_cpus_per_node x11_target_port core_specification thread_specification",
    whole="delay_boot hetjob_group job_id tasks site_factor minimum_cpus maximum_cpus minimum_nodes maximum_nodes "
    "temporary_disk_per_node wait_for_switch",
    number="priority time_limit time_minimum required_switches segment_size distribution_plane_size kill_warning_delay",
    time="begin_time deadline end_time",
    memory="memory_per_cpu memory_per_node",
    truth="contiguous hold immediate kill_on_node_fail overcommit reboot requeue wait_all_nodes",
    strings="argv environment spank_environment",
    csv="excluded_nodes required_nodes",
    flags="flags cpu_binding_flags mail_type memory_binding_type open_mode power_flags profile shared "
    "kill_warning_flags x11",
    nodes="nodes",
    nice="nice",
    signal="kill_warning_signal",
    any="crontab rlimits step_id",
)
SUBMISSION = {"script": "text", "jobs": "any", "job": "any"}
ALLOCATION = {"hetjob": "any", "job": "any"}
KILL = {
    "account": "text", "flags": "flags", "job_name": "text", "jobs": "any", "partition": "text", "qos": "text",
    "reservation": "text", "signal": "signal", "job_state": "flags", "user_id": "text", "user_name": "text",
    "wckey": "text", "nodes": "hosts",
}  # fmt: skip
KILL_QUERY = {"signal": "signal", "flags": "flags"}
REQUEUE = {"flags": "flags", "jobs": "any"}
REQUEUE_QUERY = {"flags": "flags", "Incomplete": "any", "Hold": "any", "SpecialExit": "any"}
NODE = {
    "comment": "text", "cpu_bind": "whole", "extra": "text", "features": "csv", "features_act": "csv", "gres": "text",
    "address": "hosts", "hostname": "hosts", "name": "hosts", "state": "flags", "reason": "text",
    "reason_uid": "text", "resume_after": "number", "topology_str": "text", "weight": "number",
}  # fmt: skip
RESERVATION = {
    "accounts": "csv", "burst_buffer": "text", "comment": "text", "core_count": "number", "duration": "number",
    "end_time": "time", "features": "text", "flags": "flags", "groups": "csv", "licenses": "csv",
    "max_start_delay": "number", "name": "text", "node_count": "number", "node_list": "hosts", "partition": "text",
    "purge_completed": "any", "start_time": "time", "tres": "any", "users": "csv",
}  # fmt: skip
RESERVATIONS = {"reservations": "any"}

KILL_FLAGS = frozenset(
    "BATCH_JOB ARRAY_TASK FULL_STEPS_ONLY FULL_JOB FEDERATION_REQUEUE HURRY OUT_OF_MEMORY NO_SIBLING_JOBS "
    "RESERVATION_JOB VERBOSE CRON_JOBS WARNING_SENT".split()
)
STATES = frozenset(
    "PENDING RUNNING SUSPENDED COMPLETED CANCELLED FAILED TIMEOUT NODE_FAIL PREEMPTED BOOT_FAIL DEADLINE "
    "OUT_OF_MEMORY".split()
)
NODE_STATES = frozenset(
    "INVALID UNKNOWN DOWN IDLE ALLOCATED ERROR MIXED FUTURE EXTERNAL RESERVED UNDRAIN CLOUD RESUME DRAIN COMPLETING "
    "NOT_RESPONDING POWERED_DOWN FAIL POWERING_UP MAINTENANCE REBOOT_REQUESTED REBOOT_CANCELED POWERING_DOWN "
    "DYNAMIC_FUTURE REBOOT_ISSUED PLANNED INVALID_REG POWER_DOWN POWER_UP POWER_DRAIN DYNAMIC_NORM BLOCKED".split()
)
RESERVATION_FLAGS = frozenset(
    "MAINT NO_MAINT DAILY NO_DAILY WEEKLY NO_WEEKLY IGNORE_JOBS NO_IGNORE_JOBS ANY_NODES NO_ANY_NODES STATIC NO_STATIC "
    "PART_NODES NO_PART_NODES OVERLAP SPEC_NODES TIME_FLOAT REPLACE ALL_NODES PURGE_COMP WEEKDAY NO_WEEKDAY WEEKEND "
    "NO_WEEKEND FLEX NO_FLEX DURATION_PLUS DURATION_MINUS NO_HOLD_JOBS_AFTER_END REPLACE_DOWN NO_PURGE_COMP MAGNETIC "
    "NO_MAGNETIC SKIP HOURLY NO_HOURLY USER_DELETE FORCE_START NO_USER_DELETE REOCCURRING TRES_PER_NODE".split()
)
REQUEUE_FLAGS = frozenset(("INCOMPLETE", "HOLD", "SPECIALEXIT", "FAIL"))
