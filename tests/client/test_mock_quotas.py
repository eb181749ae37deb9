"""Quotas of simulated centres, by the same questions as a real one's: what the scenario grants, and sums that agree."""

from typing import Any

import pytest
from tests.client.mock_face import Face, amounts, small_face, tiny_face

from naru_client.centre import close_all, open_centres
from naru_client.config import Profile
from naru_client.exchange import CallLog
from naru_client.insight.quota import Quota
from naru_client.mock.scenario import Account, load_scenario

MINUTE = 60
UNCOUNTED = frozenset({"fs/disk", "vmem", "pages"})


def records(face: Face) -> dict[tuple[str, str], Any]:
    """Every share by its account and user."""
    told = face.get("slurm/shares")["shares"]["shares"]
    return {(r["parent"], r["name"]) if r["type"] == ["USER"] else (r["name"], ""): r for r in told}


def used(record: Any) -> dict[str, float]:
    return {entry["name"]: entry["value"] for entry in record["tres"]["usage"]}


def committed(record: Any) -> dict[str, int]:
    return {entry["name"]: entry["value"]["number"] for entry in record["tres"]["run_seconds"]}


@pytest.mark.parametrize("make", [small_face, tiny_face])
def test_what_is_used_adds_up_through_the_tree(make: Any) -> None:
    face: Face = make()
    face.step(7200)
    told, plan = records(face), face.site.plan
    accounts = {account.name: account for account in plan.accounts}
    for name, account in accounts.items():
        below = [used(record) for (of, user), record in told.items() if of == name and user]
        before = account.used_minutes  # what was used by nobody who is named; less of it as it fades
        for resource, amount in used(told[name, ""]).items():
            rest = amount - sum(one[resource] for one in below)
            assert -1e-3 <= rest <= before.get(resource, 0) * MINUTE + 1e-3, (name, resource)
        running = [committed(record) for (of, user), record in told.items() if of == name and user]
        for resource, amount in committed(told[name, ""]).items():
            assert amount == pytest.approx(sum(one[resource] for one in running), abs=len(running) + 1), (
                name,
                resource,
            )
    for kind in {account.kind for account in plan.accounts}:
        below = [used(told[a.name, ""]) for a in plan.accounts if a.kind == kind]
        for resource, amount in used(told[kind, ""]).items():
            assert amount == pytest.approx(sum(one[resource] for one in below), rel=1e-9, abs=1e-3), (kind, resource)


def granted(account: Account) -> dict[tuple[str, str], int]:
    """What a scenario grants an account, by resource and unit."""
    times = {(name.removeprefix("gres/"), "seconds"): n * MINUTE for name, n in account.group_tres_minutes.items()}
    return times | {(name.removeprefix("gres/"), "count"): n for name, n in account.group_tres.items()}


async def quotas_of(scenario: str) -> dict[str, tuple[Quota, ...]]:
    centres = await open_centres(Profile(name="demo", dialect="mock", scenario=scenario), CallLog())
    try:
        readings = {centre.id: await centre.quotas() for centre in centres}
    finally:
        await close_all(centres)
    assert not any(reading.warnings for reading in readings.values())
    return {name: reading.value for name, reading in readings.items()}


@pytest.mark.parametrize("scenario", ["small", "programme", "allocation-spent", "everything-stuck"])
async def test_every_site_tells_what_its_scenario_grants(scenario: str) -> None:
    found = await quotas_of(scenario)
    sites = load_scenario(scenario).sites
    assert set(found) == {site.cluster for site in sites}
    for site in sites:
        told = {(q.holder, q.resource, q.unit): q for q in found[site.cluster]}
        for account in site.accounts:
            limits = granted(account)
            for (resource, unit), limit in limits.items():
                quota = told[account.name, resource, unit]  # type: ignore[index]
                assert (quota.granted, quota.unlimited, quota.above) == (limit, False, account.kind)
                if unit == "seconds":
                    assert quota.used_decayed is not None
                    assert quota.committed is not None
                    assert quota.remaining == limit - quota.used_decayed - quota.committed
                    above = told.get((account.kind, resource, "seconds"))
                    most = above.remaining if above is not None and above.granted is not None else None
                    assert quota.available == (quota.remaining if most is None else min(quota.remaining, most))
            for (holder, resource, unit), quota in told.items():
                if holder == account.name and (resource, unit) not in limits:
                    assert quota.unlimited, (holder, resource, unit)
        assert {q.resource for q in found[site.cluster]} & {"gpu", "npu"}


def test_the_limits_of_associations_and_shares_are_the_same() -> None:
    face = small_face()
    told = records(face)
    for record in face.get("slurmdb/associations")["associations"]:
        share = told[record["account"], record["user"]]
        minutes = {
            entry["name"]: entry["value"]["number"]
            for entry in share["tres"]["group_minutes"]
            if not entry["value"]["infinite"]
        }
        assert minutes == amounts(record["max"]["tres"]["group"]["minutes"])
        assert (record["id"], record["cluster"]) == (share["id"], share["cluster"])
