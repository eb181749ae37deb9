"""What a site keeps private: operators see everything, coordinators their accounts, anybody else what is theirs."""

from typing import Any

import msgspec
import pytest
from tests.client.mock_face import Face, tiny_face
from tests.client.mock_world import submit

ALL = ("jobs", "usage", "users", "accounts", "nodes", "reservations")
PEOPLE = """
private = PRIVATE
operators = ["opa"]
users = [["ann", "lab"], ["bob", "lab"], ["cho", "firm"], ["dan", "grant"], ["opa", "grant", 0], ["ann", "firm", 0]]
accounts = [
    { name = "lab", kind = "university", coordinators = ["bob"] },
    { name = "firm", kind = "startup" },
    { name = "grant", kind = "startup" },
]
reservations = [
    { name = "firms", nodes = "c-1", starts-in-hours = 2, hours = 2, accounts = ["firm"] },
    { name = "dans", nodes = "c-1", starts-in-hours = 6, hours = 2, users = ["dan"] },
    { name = "upkeep", nodes = "c-1", starts-in-hours = 9, hours = 2, users = ["root"], flags = ["MAINT"] },
]
"""


def face(*private: str) -> Face:
    """The tiny world, with a job each of ann, bob, cho and dan."""
    made = tiny_face(PEOPLE.replace("PRIVATE", str(list(private))))
    for user in ("ann", "bob", "cho", "dan"):
        submit(made.simulator, user=user)
    made.step(60)
    return made


def refused(site: Face, path: str) -> tuple[int, int]:
    reply = site.reply(path)
    return reply.status, msgspec.json.decode(reply.body)["errors"][0]["error_number"]


def owners(site: Face, path: str) -> set[str]:
    return {job.get("user_name") or job.get("user") for job in site.get(path)["jobs"]}


@pytest.mark.parametrize("path", ["slurm/jobs", "slurmdb/jobs"])
def test_jobs(path: str) -> None:
    hidden, open_ = face("jobs"), face()
    for user in ("ann", "bob", "dan", "opa"):
        assert owners(open_.by(user), path) == {"ann", "bob", "cho", "dan"}
    assert owners(hidden.by("ann"), path) == {"ann"}
    assert owners(hidden.by("bob"), path) == {"ann", "bob"}, "the coordinator of lab"
    assert owners(hidden.by("opa"), path) == {"ann", "bob", "cho", "dan"}
    again = hidden.by("ann").get(path)
    assert len(again["jobs"]) == 1, "not what was written for somebody else before"
    if path == "slurmdb/jobs":
        assert hidden.by("dan").get(path, users="ann")["warnings"]


def test_one_hidden_job_is_as_one_that_is_not_there() -> None:
    hidden = face("jobs")
    theirs = next(job for job in hidden.simulator.jobs.values() if job.user == "cho")
    ann, operator = hidden.by("ann"), hidden.by("opa")
    for path in (f"slurm/job/{theirs.id}", f"slurm/resources/{theirs.id}"):
        assert refused(ann, path) == (404, 2017)
        assert operator.get(path)
    assert ann.get(f"slurmdb/job/{theirs.id}")["jobs"] == []
    assert len(ann.get("slurm/jobs/state")["jobs"]) == 1
    assert ann.get("slurm/jobs/state", job_id=str(theirs.id))["jobs"] == []
    assert ann.get("slurm/diag")["statistics"]["jobs_running"] == 4, "counts are nobody's secret"


def test_usage() -> None:
    hidden = face("usage")

    def lines(user: str) -> set[tuple[str, str]]:
        records = hidden.by(user).get("slurm/shares")["shares"]["shares"]
        return {(r["parent"], r["name"]) for r in records}

    assert lines("dan") == {("grant", "dan")}
    assert lines("ann") == {("lab", "ann"), ("firm", "ann")}
    assert lines("bob") == {("university", "lab"), ("lab", "ann"), ("lab", "bob")}
    assert ("", "root") in lines("opa")


def test_users_and_who_works_where() -> None:
    hidden = face("users")

    def seen(user: str) -> set[str]:
        return {u["name"] for u in hidden.by(user).get("slurmdb/users")["users"]}

    def lines(user: str) -> set[tuple[str, str]]:
        return {(r["account"], r["user"]) for r in hidden.by(user).get("slurmdb/associations")["associations"]}

    assert (seen("ann"), seen("bob")) == ({"ann"}, {"bob"})
    assert seen("opa") == {"root", "ann", "bob", "cho", "dan", "opa"}
    assert {line for line in lines("ann") if line[1]} == {("lab", "ann"), ("firm", "ann")}
    assert {("lab", ""), ("firm", ""), ("startup", ""), ("root", "")} <= lines("ann")
    assert ("grant", "") not in lines("ann")
    assert {("lab", "ann"), ("lab", "bob")} <= lines("bob")
    assert hidden.by("ann").get("slurmdb/user/bob")["users"] == []


def test_accounts_reservations_and_nodes() -> None:
    hidden = face(*ALL)

    def named(user: str, path: str, key: str) -> set[str]:
        return {record["name"] for record in hidden.by(user).get(path)[key]}

    assert named("ann", "slurmdb/accounts", "accounts") == {"lab", "firm"}
    assert named("bob", "slurmdb/accounts", "accounts") == {"lab"}
    assert named("ann", "slurm/reservations", "reservations") == {"firms"}
    assert named("dan", "slurm/reservations", "reservations") == {"dans"}
    assert refused(hidden.by("bob"), "slurm/reservation/firms") == (422, 9000)
    assert named("opa", "slurm/reservations", "reservations") == {"firms", "dans", "upkeep"}
    for path in ("slurm/nodes", "slurm/node/g-1"):
        assert refused(hidden.by("ann"), path) == (422, 2002)
        assert hidden.by("opa").get(path)["nodes"]
    assert named("ann", "slurm/partitions", "partitions") == {"gpu", "debug", "cpu"}


def test_what_only_operators_may_ask_accounting() -> None:
    open_ = face()
    for path in ("slurmdb/config", "slurmdb/diag", "slurmdb/wckeys"):
        assert refused(open_.by("ann"), path) == (422, 2002)
    operator = open_.by("opa")
    assert operator.get("slurmdb/wckeys")["wckeys"] == []
    open_.step(2 * 3600)
    assert operator.get("slurmdb/diag")["statistics"]["rollups"]["hourly"]["count"] == 2
    config: Any = operator.get("slurmdb/config")
    assert {"clusters", "tres", "accounts", "users", "qos", "wckeys", "associations", "instances"} <= config.keys()
    assert len(config["associations"]) == 1 + 1 + 2 + 3 + 6
    levels = {user["name"]: user["administrator_level"] for user in config["users"]}
    assert (levels["opa"], levels["ann"]) == (["Operator"], ["None"])
