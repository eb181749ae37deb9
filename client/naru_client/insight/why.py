"""The plain reading of one job."""

from datetime import datetime

from naru_client.insight.reasons import explain
from naru_client.model import Job


def why(job: Job, now: datetime) -> tuple[str, ...]:
    return (job.state, explain(job.reason, job.reason_detail).words)
