"""Waits that no plan can end are refused, with the reason; the others are not."""

import pytest

from naru_client.insight.forecast.asked import Why
from naru_client.insight.forecast.refusals import refusal_of
from naru_client.model import Job


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("Resources", None),
        ("Priority", None),
        ("QOSMaxJobsPerUserLimit", None),
        ("JobHeldUser", Why.HELD),
        ("Dependency", Why.DEPENDS),
        ("AssocGrpCPUMinutesLimit", Why.CAPPED),
        ("QOSGrpGRESMinutes", Why.CAPPED),
        ("PartitionDown", Why.CAPPED),
    ],
)
def test_by_reason(reason: str, why: Why | None) -> None:
    refusal = refusal_of(Job(site="s", id="1", job_id=1, state="PENDING", reason=reason))
    assert (None if refusal is None else refusal.reason) == why
