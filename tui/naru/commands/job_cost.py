"""What `naru job` asks besides the job itself, so that it can tell its cost: as little as the tariff allows."""

from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from naru.commands.asking import gathered
from naru.cost_lines import JobCost, facts_wanted, job_cost
from naru.pricing import Pricing
from naru_client.centre import Centre
from naru_client.errors import NaruError
from naru_client.insight.run_times import RunTimes
from naru_client.model import Job, Node, Pool
from naru_client.reading import Reading

T = TypeVar("T")

LOOK_BACK = timedelta(days=7)  # how far back a person's jobs tell how long the next one may take


async def ask_costs(centre: Centre, pricing: Pricing, jobs: Sequence[Job], now: datetime) -> list[JobCost]:
    """The cost of each of these records, in their order.

    The site's nodes and pools are asked for only where the tariff leans on them, accounting only while a job has not
    ended. What cannot be had is left out: then there is no price, or no expectation, and the lines say so.
    """
    wanted = facts_wanted(pricing)
    user = next((job.user for job in jobs if not job.finished and job.user), None)
    nodes: tuple[Node, ...] = ()
    pools: tuple[Pool, ...] = ()
    run_times = None
    if "nodes" in wanted:
        nodes = await _or_none(centre.nodes())
    if "pools" in wanted:
        pools = await _or_none(centre.pools())
    if user is not None:
        run_times = RunTimes(await _or_none(centre.history(since=now - LOOK_BACK, user=user)))
    return [job_cost(pricing, job, jobs, now, nodes=nodes, pools=pools, run_times=run_times) for job in jobs]


async def _or_none(question: Awaitable[Reading[tuple[T, ...]]]) -> tuple[T, ...]:
    (said,) = await gathered([question])
    return () if isinstance(said, NaruError) else said.value
