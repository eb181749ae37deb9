"""What screens ask a centre of one job: its records, its batch script. Answers are posted, or why there is none."""

from collections.abc import Callable

from textual.message import Message

from naru.messages import JobArrived, ScriptArrived
from naru_client.centre import Centre
from naru_client.errors import NaruError


async def ask_for_job(centre: Centre, job_id: str, post: Callable[[Message], object]) -> None:
    try:
        reading = await centre.job(job_id)
    except NaruError as error:
        post(JobArrived(centre.id, job_id, (), error))
    else:
        post(JobArrived(centre.id, job_id, reading.value))


async def ask_for_script(centre: Centre, job_id: str, post: Callable[[Message], object]) -> None:
    try:
        reading = await centre.batch_script(job_id)
    except NaruError as error:
        post(ScriptArrived(centre.id, job_id, "", error))
    else:
        post(ScriptArrived(centre.id, job_id, reading.value))
