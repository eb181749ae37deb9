"""Limits where Slurm tells them, and use in Slurm's units: QOS, associations and `shares`."""

from typing import Any

import pytest
from tests.client.mock_face import Face, amounts, number, tiny_face
from tests.client.mock_world import submit

CAPPED = """
qos = [
    { name = "normal", usage-factor = 0.5, max-wall-hours = 48, max-tres-per-job = { "gres/gpu" = 8 }, \\
      max-tres-minutes-per-job = { cpu = 100 }, group-tres = { node = 3 }, group-tres-minutes = { "gres/gpu" = 700 }, \\
      group-tres-run-minutes = { "gres/gpu:h100" = 900 }, group-jobs = 40, group-submit = 50, max-jobs-per-user = 6, \\
      max-submit-per-user = 7, max-tres-per-user = { mem = 8 }, max-jobs-per-account = 9, \\
      max-tres-per-account = { billing = 10 } },
    { name = "p_gpu" },
    { name = "spare", preempt-mode = "cancel" },
    { name = "urgent", priority = 10, preempts = ["spare"] },
]
accounts = [
    { name = "lab", kind = "university", shares = 3, coordinators = ["bob"], description = "연구", \\
      group-tres = { "gres/gpu" = 6 }, group-tres-minutes = { "gres/gpu" = 100000 }, group-jobs = 11, \\
      group-submit = 12, \\
      group-tres-run-minutes = { "gres/gpu" = 5000 }, max-wall-hours = 10, max-tres-per-job = { cpu = 64 }, \\
      max-tres-minutes-per-job = { cpu = 999 }, max-jobs-per-user = 13, max-submit-per-user = 14, \\
      used-minutes = { "gres/gpu" = 600 } },
    { name = "firm", kind = "startup" },
    { name = "grant", kind = "startup", shares = 2 },
]
""".replace("\\\n", "")
SHARED = """
half-life-days = 0
accounts = [
    { name = "lab", kind = "university", shares = 3, group-tres-minutes = { "gres/gpu" = 100000 }, \\
      used-minutes = { "gres/gpu" = 600 } },
    { name = "firm", kind = "startup" },
    { name = "grant", kind = "startup", shares = 2 },
]
""".replace("\\\n", "")


# Limits


def test_every_limit_of_a_qos_is_told_where_slurm_tells_it() -> None:
    face = tiny_face(CAPPED)
    told = {record["name"]: record for record in face.get("slurmdb/qos")["qos"]}
    most = told["normal"]["limits"]["max"]
    assert amounts(most["tres"]["total"]) == {"node": 3}
    assert amounts(most["tres"]["minutes"]["total"]) == {"gres/gpu": 700}
    assert amounts(most["tres"]["minutes"]["per"]["qos"]) == {"gres/gpu:h100": 900}
    assert amounts(most["tres"]["minutes"]["per"]["job"]) == {"cpu": 100}
    assert amounts(most["tres"]["per"]["job"]) == {"gres/gpu": 8}
    assert amounts(most["tres"]["per"]["user"]) == {"mem": 8}
    assert amounts(most["tres"]["per"]["account"]) == {"billing": 10}
    assert number(most["active_jobs"]["count"]) == 40
    assert number(most["jobs"]["count"]) == 50
    assert number(most["jobs"]["active_jobs"]["per"]["user"]) == 6
    assert number(most["jobs"]["per"]["user"]) == 7
    assert number(most["jobs"]["active_jobs"]["per"]["account"]) == 9
    assert number(most["wall_clock"]["per"]["job"]) == 48 * 60, "minutes"
    assert (number(told["normal"]["usage_factor"]), number(told["normal"]["priority"])) == (0.5, 0)
    assert told["urgent"]["preempt"]["list"] == ["spare"]
    assert (told["urgent"]["preempt"]["mode"], told["spare"]["preempt"]["mode"]) == (["DISABLED"], ["CANCEL"])
    assert told["spare"]["limits"]["max"]["wall_clock"]["per"]["job"]["infinite"]
    assert [q["name"] for q in face.get("slurmdb/qos/urgent")["qos"]] == ["urgent"]
    assert len(face.get("slurmdb/qos", name="spare")["qos"]) == 4, "as a real one, which does not look at it"
    assert face.get("slurmdb/qos/nope")["warnings"]


def test_every_limit_of_an_account_is_told_where_slurm_tells_it() -> None:
    face = tiny_face(CAPPED)
    lines = {(r["account"], r["user"]): r for r in face.get("slurmdb/associations")["associations"]}
    account, ann = lines["lab", ""], lines["lab", "ann"]
    most = account["max"]
    assert amounts(most["tres"]["total"]) == {"gres/gpu": 6}
    assert amounts(most["tres"]["group"]["minutes"]) == {"gres/gpu": 100_000}
    assert amounts(most["tres"]["group"]["active"]) == {"gres/gpu": 5000}
    assert (number(most["jobs"]["active"]), number(most["jobs"]["total"])) == (11, 12)
    assert (account["shares_raw"], account["parent_account"]) == (3, "university")
    assert (account["lineage"], ann["lineage"]) == ("/university/lab/", "/university/lab/0-ann/")
    mine = ann["max"]
    assert (mine["tres"]["total"], mine["tres"]["group"], mine["jobs"]["active"]["infinite"]) == (
        [], {"minutes": [], "active": []}, True,
    )  # fmt: skip
    for limits in (most, mine):
        assert amounts(limits["tres"]["per"]["job"]) == {"cpu": 64}
        assert amounts(limits["tres"]["minutes"]["per"]["job"]) == {"cpu": 999}
        assert (number(limits["jobs"]["per"]["count"]), number(limits["jobs"]["per"]["submitted"])) == (13, 14)
        assert number(limits["jobs"]["per"]["wall_clock"]) == 600, "minutes"
    assert (ann["is_default"], ann["qos"]) == (True, ["normal", "spare", "urgent"])
    assert lines["root", "root"]["parent_account"] == lines["root", ""]["parent_account"] == ""
    assert lines["startup", ""]["shares_raw"] == 3, "its accounts' together"
    assert len({record["id"] for record in lines.values()}) == len(lines)


def test_associations_are_filtered() -> None:
    face = tiny_face(CAPPED)

    def lines(**query: str) -> list[tuple[str, str]]:
        return [(r["account"], r["user"]) for r in face.get("slurmdb/associations", **query)["associations"]]

    assert lines(user="ann,dan") == [("lab", "ann"), ("grant", "dan")]
    assert lines(account="firm") == [("firm", ""), ("firm", "cho")]
    assert lines(parent_account="startup") == [("firm", ""), ("grant", "")]
    assert lines(id="1") == [("root", "")]
    assert all(user for _, user in lines(**{"Filter to only defaults": "true"}))
    assert [r["user"] for r in face.get("slurmdb/association", user="ann")["associations"]] == ["ann"]
    assert face.reply("slurmdb/association", account="lab").status == 500, "more than one"


def test_people_accounts_and_the_cluster() -> None:
    face = tiny_face(CAPPED)
    body = face.get("slurmdb/accounts", WithCoordinators="1", WithAssociations="1")
    accounts = {account["name"]: account for account in body["accounts"]}
    assert set(accounts) == {"root", "university", "startup", "lab", "firm", "grant"}
    assert (accounts["lab"]["description"], accounts["lab"]["organization"]) == ("연구", "university")
    assert accounts["lab"]["coordinators"] == [{"name": "bob", "direct": True}]
    assert [line["user"] for line in accounts["lab"]["associations"]] == ["", "ann", "bob"]
    assert face.get("slurmdb/account/lab")["accounts"][0]["coordinators"] == []
    assert face.get("slurmdb/account/nope")["warnings"]
    users = {u["name"]: u for u in face.get("slurmdb/users", with_coords="true", with_assocs="true")["users"]}
    assert set(users) == {"root", "ann", "bob", "cho", "dan"}
    assert users["bob"]["coordinators"] == [{"name": "lab", "direct": True}]
    assert [line["account"] for line in users["ann"]["associations"]] == ["lab"]
    assert users["root"]["administrator_level"] == ["Administrator"]
    assert face.get("slurmdb/user/ann")["users"][0]["default"]["account"] == "lab"
    [cluster] = face.get("slurmdb/clusters")["clusters"]
    totals = amounts(cluster["tres"])
    assert (totals["cpu"], totals["node"], totals["gres/gpu"], totals["gres/gpu:h100"]) == (48, 3, 8, 8)
    assert face.get("slurmdb/cluster/tiny")["clusters"] == [cluster]
    assert face.get("slurmdb/cluster/other")["warnings"]
    kinds = amounts(face.get("slurmdb/tres")["TRES"])
    assert {"cpu", "mem", "fs/disk", "gres/gpu", "gres/gpu:h100"} <= kinds.keys()
    assert face.get("slurmdb/instances")["instances"] == []


# Shares


def shares(face: Face) -> dict[tuple[str, str], Any]:
    """Every record by its account and user."""
    told: dict[tuple[str, str], Any] = {}
    for record in face.get("slurm/shares")["shares"]["shares"]:
        is_user = record["type"] == ["USER"]
        told[(record["parent"], record["name"]) if is_user else (record["name"], "")] = record
    return told


def by_name(entries: Any) -> dict[str, Any]:
    return {entry["name"]: entry["value"] for entry in entries}


def test_limits_are_in_minutes_and_use_is_in_seconds() -> None:
    face = tiny_face(SHARED)
    job = submit(face.simulator, accelerators=2, hours=2, run=7200.0)
    face.step(620)
    told = shares(face)
    ran = face.clock.now - job.started
    lab = told["lab", ""]["tres"]
    assert number(by_name(lab["group_minutes"])["gres/gpu"]) == 100_000
    assert by_name(lab["group_minutes"])["cpu"]["infinite"]
    assert by_name(lab["usage"])["gres/gpu"] == pytest.approx(600 * 60 + 2 * ran)
    assert number(by_name(lab["run_seconds"])["gres/gpu"]) == int(2 * (7200 - ran))
    ann = told["lab", "ann"]["tres"]
    assert by_name(ann["usage"])["gres/gpu"] == pytest.approx(2 * ran)
    assert by_name(ann["usage"])["gres/gpu:h100"] == pytest.approx(2 * ran)
    assert by_name(ann["group_minutes"])["gres/gpu"]["infinite"]
    assert number(by_name(told["root", ""]["tres"]["run_seconds"])["cpu"]) == int(job.cpus * (7200 - ran))
    assert by_name(told["firm", ""]["tres"]["usage"])["gres/gpu"] == 0
    assert told["lab", ""]["usage"] == int(by_name(lab["usage"])["billing"])
    face.simulator.cancel(job, "ann")
    face.step(3600)
    lab = shares(face)["lab", ""]["tres"]
    assert by_name(lab["usage"])["gres/gpu"] == pytest.approx(600 * 60 + 2 * ran), "without a half-life nothing fades"
    assert number(by_name(lab["run_seconds"])["gres/gpu"]) == 0


def test_the_tree_adds_up_and_levels_follow_from_it() -> None:
    face = tiny_face(SHARED)
    for user in ("ann", "bob", "cho"):
        submit(face.simulator, user=user, accelerators=1)
    face.step(900)
    told = shares(face)
    assert list(told) == [
        ("root", ""), ("root", "root"), ("university", ""), ("lab", ""), ("lab", "ann"), ("lab", "bob"),
        ("startup", ""), ("firm", ""), ("firm", "cho"), ("grant", ""), ("grant", "dan"),
    ]  # fmt: skip
    normalized = {key: number(record["shares_normalized"]) for key, record in told.items()}
    assert normalized["university", ""] == pytest.approx(3 / 7), "of root's: 3 and 3, and root itself"
    assert normalized["firm", ""] == pytest.approx(1 / 3)
    assert normalized["lab", "ann"] == 0.5
    effective = {key: number(record["effective_usage"]) for key, record in told.items()}
    assert effective["university", ""] + effective["startup", ""] == pytest.approx(1)
    assert effective["lab", "ann"] + effective["lab", "bob"] == pytest.approx(1)
    for key in (("university", ""), ("lab", "ann"), ("firm", "cho")):
        assert number(told[key]["fairshare"]["level"]) == pytest.approx(normalized[key] / effective[key])
    assert told["root", "root"]["fairshare"]["level"]["infinite"], "who has used nothing"
    factors = {user: number(told[account, user]["fairshare"]["factor"]) for account, user in told if user}
    assert {factors[u] for u in ("ann", "bob", "cho", "dan")} == {0.25, 0.5, 0.75, 1.0}
    assert number(told["lab", ""]["fairshare"]["factor"]) == 0
    assert told["lab", ""]["id"] == next(
        r["id"] for r in face.get("slurmdb/associations", account="lab")["associations"] if not r["user"]
    )
