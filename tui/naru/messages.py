"""What the poller and the workers tell the app: one message a fact, each carrying it whole."""

from typing import TYPE_CHECKING, Any

from textual.message import Message

from naru.state import Failure, Topic
from naru_client.errors import NaruError
from naru_client.model import Job
from naru_client.reading import Reading

if TYPE_CHECKING:
    from naru_client.insight.history import Past


class ReadingArrived(Message):
    """A topic of a site was read."""

    def __init__(self, site: str, topic: Topic, reading: Reading[Any]) -> None:
        super().__init__()
        self.site = site
        self.topic = topic
        self.reading = reading


class FirstJobsArrived(Message):
    """The first jobs of a site's long list, while the rest is still decoded."""

    def __init__(self, site: str, reading: Reading[Any]) -> None:
        super().__init__()
        self.site = site
        self.reading = reading


class ReadingFailed(Message):
    """A topic of a site could not be read."""

    def __init__(self, site: str, topic: Topic, failure: Failure) -> None:
        super().__init__()
        self.site = site
        self.topic = topic
        self.failure = failure


class RawArrived(Message):
    """What the source itself says of one job, or why it does not."""

    def __init__(self, site: str, job_id: str, reading: Reading[str]) -> None:
        super().__init__()
        self.site = site
        self.job_id = job_id
        self.reading = reading


class PastArrived(Message):
    """A site has answered for the present slice of the past; `last` when nobody is left to ask for it."""

    def __init__(self, past: "Past", last: bool) -> None:
        super().__init__()
        self.past = past
        self.last = last


class JobArrived(Message):
    """What the centre told of one job, all its records; or why it did not."""

    def __init__(self, site: str, job_id: str, jobs: tuple[Job, ...], error: NaruError | None = None) -> None:
        super().__init__()
        self.site = site
        self.job_id = job_id
        self.jobs = jobs
        self.error = error


class ScriptArrived(Message):
    """The batch script of a job, cleaned; or why there is none."""

    def __init__(self, site: str, job_id: str, text: str, error: NaruError | None = None) -> None:
        super().__init__()
        self.site = site
        self.job_id = job_id
        self.text = text
        self.error = error
