"""The sentences for the reason codes that stand alone; those of limits are built in `reason_limits`."""

from typing import Literal, NamedTuple

from naru_client.i18n import mark

Family = Literal[
    "waiting", "own-limit", "group-limit", "never", "held", "time", "dependency", "nodes", "site", "failed", "unknown"
]


class Meaning(NamedTuple):
    """What a code means, not yet translated; `{resource}` in the texts stands for the translated `resource`."""

    code: str
    family: Family
    words: str
    advice: str
    clears_itself: bool | None
    resource: str = ""


def key_of(text: str) -> str:
    """A code without its spelling: letters and digits only, lower case."""
    return "".join(c for c in text.casefold() if c.isalnum())


_RELEASE = mark("Find and mend the cause first (its log and the node's state tell), then release it.")
_RESUBMIT = mark("Change the request, or submit it anew. It does not start as it stands.")

_ALONE = (
    # ---- it is simply in line
    Meaning("None", "waiting", mark("The scheduler gives no reason; it may not have looked at the job yet."), "", True),
    Meaning(
        "Priority", "waiting", mark("Other jobs for this pool rank ahead of it."),
        mark("It moves up as those start. A shorter time limit or fewer nodes can let it fit into a gap earlier."),
        True,
    ),
    Meaning(
        "Resources", "waiting", mark("What it asks for is not free now."),
        mark("It starts when enough is released. A smaller or shorter job may fit into what is free."), True,
    ),
    Meaning("Prolog", "waiting", mark("Its nodes are still being prepared (the prolog is running)."), "", True),
    Meaning(
        "Licenses", "waiting", mark("A licence it asks for is in use."), mark("It starts when one is returned."), True,
    ),
    Meaning(
        "Cleaning", "waiting",
        mark("It was put back into the queue, and what its last run left is still being cleaned up."), "", True,
    ),
    Meaning("FedJobLock", "waiting", mark("The clusters of the federation are agreeing on who runs it."), "", True),
    Meaning("BurstBufferResources", "waiting", mark("There is not enough burst buffer space free."), "", True),
    Meaning("BurstBufferStageIn", "waiting", mark("Its data is being copied to the burst buffer."), "", True),
    Meaning(
        "JobArrayTaskLimit", "own-limit", mark("As many tasks of its array run as the array itself allows at once."),
        mark("Nothing is wrong: the next starts when one ends. The number after % at submission sets how many."), True,
    ),
    # ---- a time or another job
    Meaning("BeginTime", "time", mark("It was submitted to start later, and that time has not come."), "", True),
    Meaning(
        "Reservation", "time", mark("It waits for the reservation it names to begin, or to have room."),
        mark("Check that the reservation is the right one and when it begins."), True,
    ),
    Meaning(
        "Dependency", "dependency", mark("It waits for another job that it depends on."),
        mark("It goes into the line once that job has started or ended as asked."), True,
    ),
    Meaning(
        "DependencyNeverSatisfied", "never",
        mark("A job it depends on ended in a way that can never fulfil the dependency."),
        mark("Cancel it, or give it another dependency. Waiting does not help."), False,
    ),
    # ---- held
    Meaning(
        "JobHeldUser", "held", mark("It is held by its user or by a coordinator of its account."),
        mark("It starts only after it has been released."), False,
    ),
    Meaning(
        "JobHeldAdmin", "held", mark("It is held by the centre's staff."),
        mark("Ask the centre's support, naming the job's id."), False,
    ),
    Meaning(
        "JobHoldMaxRequeue", "held",
        mark("It was put back into the queue as often as the centre allows, and is now held."), _RELEASE, False,
    ),
    Meaning("job requeued in held state", "held", mark("It was put back into the queue and is held."), _RELEASE, False),
    Meaning(
        "launch failed requeued held", "held",
        mark("It could not be launched on its node; it was put back into the queue and is held."), _RELEASE, False,
    ),
    Meaning(
        "user env retrieval failed requeued held", "held",
        mark("The user's login environment could not be read; it was put back into the queue and is held."),
        mark("Check that the login scripts work and end quickly, then release it."), False,
    ),
    # ---- nodes and the site
    Meaning(
        "ReqNodeNotAvail", "nodes",
        mark("A node it needs is not available: in use, reserved, drained, down or not answering."),
        mark("Let it run on other nodes, or ask the centre when they return."), None,
    ),
    Meaning(
        "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions", "nodes",
        mark("Nodes it needs are down, drained, or kept for jobs of a pool with higher priority."),
        mark("It can wait for them, or be let run on other nodes or in another pool."), None,
    ),
    Meaning(
        "NodeDown", "nodes", mark("A node it needs, or ran on, is down."),
        mark("Let it run on other nodes, or ask the centre when the node returns."), None,
    ),
    Meaning("FrontEndDown", "nodes", mark("No front-end node can run it now."), mark("Ask the centre."), None),
    Meaning(
        "Constraints", "nodes", mark("The features or nodes it asks for cannot be had at this time."),
        mark("It starts when such nodes return; asking for less special ones may be faster."), None,
    ),
    Meaning(
        "PartitionDown", "site", mark("Its pool is closed: jobs may be submitted but none starts."),
        mark("Look for a notice of the centre, or use another pool."), None,
    ),
    Meaning(
        "PartitionInactive", "site", mark("Its pool is inactive: it takes and starts no jobs."),
        mark("Look for a notice of the centre, or use another pool."), None,
    ),
    Meaning("PowerNotAvail", "site", mark("The centre has not enough electrical power for it now."), "", True),
    Meaning("PowerReserved", "site", mark("The electrical power it needs is reserved for something else."), "", True),
    # ---- it can never run as it stands
    Meaning(
        "PartitionNodeLimit", "never",
        mark("It asks for more or fewer nodes than its pool allows, or needs nodes that are down or drained."),
        mark("Compare its nodes with the pool's limits. If they fit, nodes are missing: ask the centre."), None,
    ),
    Meaning(
        "PartitionTimeLimit", "never", mark("Its time limit is longer than its pool allows."),
        mark("Lower its time limit, or use another pool. It does not start as it stands."), False,
    ),
    Meaning("PartitionConfig", "never", mark("It goes against some limit of its pool."), _RESUBMIT, False),
    Meaning("BadConstraints", "never", mark("No node can ever meet what it asks for."), _RESUBMIT, False),
    Meaning(
        "MaxMemPerLimit", "never", mark("It asks for more memory on one node or processor than is allowed."),
        _RESUBMIT, False,
    ),
    Meaning(
        "InvalidAccount", "never", mark("Its account is not valid, or no longer."),
        mark("Use another account. At some centres it also means a spent budget: check the balance."),
        False,
    ),
    Meaning("InvalidQOS", "never", mark("Its QOS is not valid, or no longer."), mark("Use another QOS."), False),
    Meaning(
        "QOSNotAllowed", "never", mark("Its account or its pool does not allow this QOS."),
        mark("Use another QOS, account or pool."), False,
    ),
    Meaning(
        "AccountNotAllowed", "never", mark("Its account may not use this pool."), mark("Use another account or pool."),
        False,
    ),
    Meaning(
        "ReservationDeleted", "never", mark("The reservation it names no longer exists."),
        mark("Take the reservation out of the request, or name another."), False,
    ),
    Meaning(
        "ReservationInvalid", "never", mark("The reservation it names cannot be used."),
        mark("Take the reservation out of the request, or name another."), False,
    ),
    Meaning(
        "SchedDefer", "never", mark("It asked to start at once, which this centre does not do."),
        mark("Submit it without asking for an immediate start."), False,
    ),
    # ---- limits that do not say which
    Meaning(
        "AccountingPolicy", "group-limit",
        mark("A limit of its account or QOS is reached; the scheduler does not say which."),
        mark("Compare what it asks for with the limits of the account and QOS."), None,
    ),
    Meaning(
        "AssociationJobLimit", "own-limit", mark("There are as many jobs as its account allows."),
        mark("It starts when others of them end."), True,
    ),
    Meaning(
        "AssociationResourceLimit", "own-limit", mark("Some limit on resources of its account is reached."),
        mark("Compare what it asks for with the limits of the account."), None,
    ),
    Meaning(
        "AssociationTimeLimit", "own-limit", mark("A limit on time of its account is reached."),
        mark("A shorter time limit may help; compare it with the limits of the account."), None,
    ),
    Meaning(
        "QOSJobLimit", "group-limit", mark("There are as many jobs as its QOS allows."),
        mark("It starts when others of them end."), True,
    ),
    Meaning(
        "QOSResourceLimit", "group-limit", mark("Some limit on resources of its QOS is reached."),
        mark("Compare what it asks for with the limits of the QOS."), None,
    ),
    Meaning(
        "QOSTimeLimit", "group-limit", mark("A limit on time of its QOS is reached."),
        mark("A shorter time limit may help; compare it with the limits of the QOS."), None,
    ),
    Meaning(
        "QOSUsageThreshold", "group-limit", mark("Its account has used more than this QOS tolerates."),
        mark("Use another QOS, or wait until past use counts for less."), None,
    ),
    # ---- how it ended
    Meaning(
        "SystemFailure", "failed", mark("The scheduler, a file system or the network failed."),
        mark("Submit it again; if it happens again, tell the centre."), False,
    ),
    Meaning(
        "JobLaunchFailure", "failed",
        mark("It could not be launched: a wrong program or folder, a file system, or the node itself."),
        mark("Check the script's paths and permissions; if they are right, name the node to the centre's support."),
        False,
    ),
    Meaning("BurstBufferOperation", "failed", mark("Copying its data to or from the burst buffer failed."), "", False),
    Meaning(
        "NonZeroExitCode", "failed", mark("Its program ended with an error code."), mark("Its log tells more."), False,
    ),
    Meaning("RaisedSignal", "failed", mark("Its program was ended by a signal."), mark("Its log tells more."), False),
    Meaning(
        "TimeLimit", "failed", mark("It reached its time limit."), mark("Save and resume, or ask for more time."),
        False,
    ),
    Meaning("InactiveLimit", "failed", mark("It was idle for longer than the centre allows."), "", False),
    Meaning(
        "OutOfMemory", "failed", mark("It needed more memory than it had."), mark("Ask for more, or use less."), False,
    ),
    Meaning(
        "DeadLine", "failed", mark("It can no longer end before the deadline it was given."),
        mark("Submit it anew with a later deadline or a shorter time limit."), False,
    ),
)  # fmt: skip

CODES = {key_of(meaning.code): meaning for meaning in _ALONE}

# What ReqNodeNotAvail says after its code, by the beginning of it.
NODES_DETAILS = (
    (
        "unavailablenodes",
        Meaning(
            "ReqNodeNotAvail", "nodes", mark("Nodes it needs are down, drained or not answering."),
            mark("Let it run on other nodes, or ask the centre when they return. Waiting alone may take long."), None,
        ),
    ),
    (
        "reservedformaintenance",
        Meaning(
            "ReqNodeNotAvail", "nodes", mark("Nodes it needs are reserved for maintenance, into which it would run."),
            mark("A time limit that ends before the maintenance begins lets it start earlier."), True,
        ),
    ),
    (
        "maybereserved",
        Meaning(
            "ReqNodeNotAvail", "nodes", mark("Nodes it needs may be reserved for another job."),
            mark("It can wait for them, or be let run on other nodes."), True,
        ),
    ),
)  # fmt: skip
