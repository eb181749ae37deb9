"""Reason codes in words: every code of Slurm's list, its spellings, and those nobody knows."""

from typing import get_args

import pytest

from naru_client.insight.reason_words import CODES, Family
from naru_client.insight.reasons import estimate_refused, explain, held
from naru_client.model import Job

ALONE = """
None Prolog Priority Dependency Resources PartitionNodeLimit PartitionTimeLimit PartitionDown PartitionInactive
JobHeldAdmin JobHeldUser BeginTime Licenses Reservation ReqNodeNotAvail FrontEndDown SchedDefer NodeDown
BadConstraints SystemFailure JobLaunchFailure NonZeroExitCode RaisedSignal TimeLimit InactiveLimit InvalidAccount
InvalidQOS Cleaning AccountNotAllowed DependencyNeverSatisfied JobHoldMaxRequeue JobArrayTaskLimit
BurstBufferResources BurstBufferStageIn BurstBufferOperation PowerNotAvail PowerReserved DeadLine PartitionConfig
AccountingPolicy FedJobLock OutOfMemory MaxMemPerLimit ReservationDeleted ReservationInvalid Constraints
""".split()

LIMITS = """
AssocGrpBB AssocGrpBBMinutes AssocGrpBBRunMinutes AssocGrpBilling AssocGrpBillingMinutes AssocGrpBillingRunMinutes
AssocGrpCPUMinutesLimit AssocGrpCPURunMinutesLimit AssocGrpCpuLimit AssocGrpEnergy AssocGrpEnergyMinutes
AssocGrpEnergyRunMinutes AssocGrpGRES AssocGrpGRESMinutes AssocGrpGRESRunMinutes AssocGrpJobsLimit AssocGrpLicense
AssocGrpLicenseMinutes AssocGrpLicenseRunMinutes AssocGrpMemLimit AssocGrpMemMinutes AssocGrpMemRunMinutes
AssocGrpNodeLimit AssocGrpNodeMinutes AssocGrpNodeRunMinutes AssocGrpSubmitJobsLimit AssocGrpUnknown
AssocGrpUnknownMinutes AssocGrpUnknownRunMinutes AssocGrpWallLimit AssocMaxBBMinutesPerJob AssocMaxBBPerJob
AssocMaxBBPerNode AssocMaxBillingMinutesPerJob AssocMaxBillingPerJob AssocMaxBillingPerNode
AssocMaxCpuMinutesPerJobLimit AssocMaxCpuPerJobLimit AssocMaxCpuPerNode AssocMaxEnergyMinutesPerJob
AssocMaxEnergyPerJob AssocMaxEnergyPerNode AssocMaxGRESMinutesPerJob AssocMaxGRESPerJob AssocMaxGRESPerNode
AssocMaxJobsLimit AssocMaxLicenseMinutesPerJob AssocMaxLicensePerJob AssocMaxMemMinutesPerJob AssocMaxMemPerJob
AssocMaxMemPerNode AssocMaxNodeMinutesPerJob AssocMaxNodePerJobLimit AssocMaxSubmitJobLimit
AssocMaxUnknownMinutesPerJob AssocMaxUnknownPerJob AssocMaxUnknownPerNode AssocMaxWallDurationPerJobLimit
AssociationJobLimit AssociationResourceLimit AssociationTimeLimit MaxBBPerAccount MaxBillingPerAccount
MaxCpuPerAccount MaxEnergyPerAccount MaxGRESPerAccount MaxJobsPerAccount MaxLicensePerAccount MaxMemoryPerAccount
MaxNodePerAccount MaxSubmitJobsPerAccount MaxUnknownPerAccount QOSGrpBB QOSGrpBBMinutes QOSGrpBBRunMinutes
QOSGrpBilling QOSGrpBillingMinutes QOSGrpBillingRunMinutes QOSGrpCPUMinutesLimit QOSGrpCPURunMinutesLimit
QOSGrpCpuLimit QOSGrpEnergy QOSGrpEnergyMinutes QOSGrpEnergyRunMinutes QOSGrpGRES QOSGrpGRESMinutes
QOSGrpGRESRunMinutes QOSGrpJobsLimit QOSGrpLicense QOSGrpLicenseMinutes QOSGrpLicenseRunMinutes QOSGrpMemLimit
QOSGrpMemoryMinutes QOSGrpMemoryRunMinutes QOSGrpNodeLimit QOSGrpNodeMinutes QOSGrpNodeRunMinutes
QOSGrpSubmitJobsLimit QOSGrpUnknown QOSGrpUnknownMinutes QOSGrpUnknownRunMinutes QOSGrpWallLimit QOSJobLimit
QOSMaxBBMinutesPerJob QOSMaxBBPerJob QOSMaxBBPerNode QOSMaxBBPerUser QOSMaxBillingMinutesPerJob QOSMaxBillingPerJob
QOSMaxBillingPerNode QOSMaxBillingPerUser QOSMaxCpuMinutesPerJobLimit QOSMaxCpuPerJobLimit QOSMaxCpuPerNode
QOSMaxCpuPerUserLimit QOSMaxEnergyMinutesPerJob QOSMaxEnergyPerJob QOSMaxEnergyPerNode QOSMaxEnergyPerUser
QOSMaxGRESMinutesPerJob QOSMaxGRESPerJob QOSMaxGRESPerNode QOSMaxGRESPerUser QOSMaxJobsPerUserLimit
QOSMaxLicenseMinutesPerJob QOSMaxLicensePerJob QOSMaxLicensePerUser QOSMaxMemoryMinutesPerJob QOSMaxMemoryPerJob
QOSMaxMemoryPerNode QOSMaxMemoryPerUser QOSMaxNodeMinutesPerJob QOSMaxNodePerJobLimit QOSMaxNodePerUserLimit
QOSMaxSubmitJobPerUserLimit QOSMaxUnknownMinutesPerJob QOSMaxUnknownPerJob QOSMaxUnknownPerNode QOSMaxUnknownPerUser
QOSMaxWallDurationPerJobLimit QOSMinBB QOSMinBilling QOSMinCpuNotSatisfied QOSMinEnergy QOSMinGRES QOSMinLicense
QOSMinMemory QOSMinNode QOSMinUnknown QOSNotAllowed QOSResourceLimit QOSTimeLimit QOSUsageThreshold
""".split()

# What Slurm writes in place of a code.
SENTENCES = (
    "job requeued in held state",
    "launch failed requeued held",
    "user env retrieval failed requeued held",
    "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions",
)


@pytest.mark.parametrize("code", [*ALONE, *LIMITS, *SENTENCES])
def test_every_code_of_the_list_is_known_and_keeps_its_name(code: str) -> None:
    found = explain(code, None)
    assert found.code == code
    assert found.family != "unknown"
    assert found.family in get_args(Family)
    assert found.words.endswith(".")
    assert found.advice == "" or found.advice.endswith(".")
    assert "{" not in found.words + found.advice


@pytest.mark.parametrize("code", LIMITS)
def test_a_limit_has_advice(code: str) -> None:
    found = explain(code, None)
    assert found.advice
    assert found.family in ("own-limit", "group-limit", "never")


@pytest.mark.parametrize("meaning", CODES.values(), ids=lambda m: m.code)
def test_who_needs_to_act_is_told_how(meaning: object) -> None:
    found = explain(meaning.code, None)  # type: ignore[attr-defined]
    if found.family in ("held", "never", "site"):
        assert found.advice or found.clears_itself


@pytest.mark.parametrize(
    ("code", "family", "clears", "said"),
    [
        ("Priority", "waiting", True, "rank ahead"),
        ("Resources", "waiting", True, "not free"),
        ("QOSMaxGRESPerUser", "own-limit", True, "accelerators"),
        ("QOSMaxJobsPerUserLimit", "own-limit", True, "running jobs"),
        ("QOSMaxSubmitJobPerUserLimit", "own-limit", True, "jobs in the queue"),
        ("AssocMaxJobsLimit", "own-limit", True, "running jobs"),
        ("AssocGrpJobsLimit", "group-limit", True, "running jobs"),
        ("QOSGrpSubmitJobsLimit", "group-limit", True, "jobs in the queue"),
        ("JobArrayTaskLimit", "own-limit", True, "array"),
        ("QOSGrpGRES", "group-limit", True, "QOS"),
        ("AssocGrpCpuLimit", "group-limit", True, "processors"),
        ("AssocGrpMemLimit", "group-limit", True, "memory"),
        ("AssocGrpGRESMinutes", "group-limit", None, "granted in accelerators"),
        ("AssocGrpCPURunMinutesLimit", "group-limit", True, "claimed"),
        ("QOSGrpMemoryRunMinutes", "group-limit", True, "memory"),
        ("MaxJobsPerAccount", "group-limit", True, "running jobs"),
        ("MaxGRESPerAccount", "group-limit", True, "one account"),
        ("QOSMaxWallDurationPerJobLimit", "never", False, "time limit"),
        ("QOSMaxCpuPerJobLimit", "never", False, "one job"),
        ("AssocMaxGRESMinutesPerJob", "never", False, "multiplied"),
        ("QOSMaxGRESPerNode", "never", False, "one node"),
        ("QOSMinGRES", "never", False, "less"),
        ("QOSMinCpuNotSatisfied", "never", False, "processors"),
        ("PartitionTimeLimit", "never", False, "pool"),
        ("BadConstraints", "never", False, "No node"),
        ("DependencyNeverSatisfied", "never", False, "never"),
        ("InvalidAccount", "never", False, "account"),
        ("JobHeldUser", "held", False, "held"),
        ("JobHeldAdmin", "held", False, "staff"),
        ("BeginTime", "time", True, "later"),
        ("Dependency", "dependency", True, "another job"),
        ("ReqNodeNotAvail", "nodes", None, "node"),
        ("PartitionDown", "site", None, "closed"),
        ("OutOfMemory", "failed", False, "memory"),
    ],
)
def test_what_a_code_means(code: str, family: str, clears: bool | None, said: str) -> None:
    found = explain(code, None)
    assert (found.family, found.clears_itself) == (family, clears)
    assert said in found.words


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("(Priority)", "Priority"), (" Resources ", "Resources"), ("JOB_HELD_USER", "JobHeldUser"),
        ("Job Held Admin", "JobHeldAdmin"), ("deadline", "DeadLine"), ("Deadline", "DeadLine"),
        ("job_requeued_in_held_state", "job requeued in held state"),
        ("(launch failed requeued held)", "launch failed requeued held"),
        ("ReqNodeNotAvail, UnavailableNodes:h200-02", "ReqNodeNotAvail"),
        ("ReqNodeNotAvail(UnavailableNodes:h200-02)", "ReqNodeNotAvail"),
        ("BurstBufferOperation: stage in failed", "BurstBufferOperation"),
    ],
)  # fmt: skip
def test_other_spellings_of_a_code(spelling: str, code: str) -> None:
    assert explain(spelling, None).code == code


def test_limits_are_known_in_any_spelling_and_with_or_without_their_last_word() -> None:
    assert explain("qos_grp_gres", None).family == "group-limit"
    assert explain("AssocGrpCpu", None).family == "group-limit"
    assert explain("QOSGrpGRESLimit", None).family == "group-limit"


@pytest.mark.parametrize("code", ["MoonPhase", "QOSGrpMoons", "AssocMaxPatience", "사용자 보류", "a:b", "(", "()", ":"])
def test_an_unknown_code_is_shown_as_it_is(code: str) -> None:
    found = explain(code, None)
    assert found.family == "unknown"
    assert found.code == code.strip("()") or found.code == code
    assert "does not know" in found.words
    assert found.clears_itself is None


def test_no_reason_is_no_guess() -> None:
    found = explain(None, None)
    assert (found.code, found.family) == ("None", "waiting")
    assert "no reason" in found.words


def test_why_a_node_is_missing_comes_from_the_detail() -> None:
    away = explain("ReqNodeNotAvail", "UnavailableNodes:h200-02")
    assert "down, drained or not answering" in away.words
    assert explain("ReqNodeNotAvail, UnavailableNodes:h200-02", None).words == away.words
    window = explain("ReqNodeNotAvail", "Reserved for maintenance")
    assert "maintenance" in window.words
    assert window.clears_itself
    assert "reserved for another" in explain("ReqNodeNotAvail", "May be reserved for other job").words
    assert explain("ReqNodeNotAvail", "something else").words == explain("ReqNodeNotAvail", None).words


def job(reason: str | None, state: str = "PENDING") -> Job:
    return Job(site="s", id="1", job_id=1, state=state, reason=reason)


@pytest.mark.parametrize(
    ("reason", "refused"),
    [
        ("Priority", False), ("Resources", False), ("BeginTime", False), ("ReqNodeNotAvail", False), (None, False),
        ("MoonPhase", False), ("JobHeldUser", True), ("JobHeldAdmin", True), ("QOSMaxGRESPerUser", True),
        ("AssocGrpGRES", True), ("PartitionTimeLimit", True), ("DependencyNeverSatisfied", True), ("Dependency", True),
    ],
)  # fmt: skip
def test_an_estimate_is_refused_where_it_would_be_a_guess(reason: str | None, refused: bool) -> None:
    assert estimate_refused(job(reason)) is refused


def test_a_job_is_held_by_its_reason_or_its_state() -> None:
    assert held(job("JobHeldAdmin"))
    assert held(job(None, "REQUEUE_HOLD"))
    assert held(job("job requeued in held state", "SPECIAL_EXIT"))
    assert not held(job("Priority"))
    assert not held(job("JobHeldUser", "CANCELLED"))
