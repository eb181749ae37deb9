"""The Slurm centre: which store is asked for a job, and what it says when one of them is silent."""

from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest

from naru_client.errors import BadAnswer, NaruError, NotFound, NotProvided, Unreachable, UsageError
from naru_client.exchange import Answer, Call
from naru_client.model import Job, Site
from naru_client.reading import Reading
from naru_client.slurm.centre import SlurmCentre
from naru_client.slurm.commands import SlurmCommands
from naru_client.slurm.job_ids import JobId

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def job(number: int, state: str = "RUNNING", **more: Any) -> Job:
    return Job(site="lab", id=str(number), job_id=number, state=state, submitted=NOW, **more)


def task(number: int, index: int, state: str) -> Job:
    return Job(site="lab", id=f"19_{index}", job_id=number, array_id=19, array_task=index, state=state, submitted=NOW)


class Stores:
    """A source whose answers are given: jobs, or the error to raise."""

    site_id = "lab"
    no_history = ""
    transport: Any = None

    def __init__(self, live: Any = (), ended: Any = ()) -> None:
        self.live, self.ended, self.asked = live, ended, list[str]()
        self.closed = 0

    def _give(self, name: str, value: Any) -> Reading[Any]:
        self.asked.append(name)
        if isinstance(value, NaruError):
            raise value
        return Reading(value, name, NOW)

    async def site(self) -> Reading[Site]:
        return self._give("site", Site(id="lab", name="lab", dialect="slurm", reached_by="?"))

    async def jobs(self, user: str | None) -> Reading[tuple[Job, ...]]:
        return self._give("jobs", self.live)

    async def history(self, **span: Any) -> Reading[tuple[Job, ...]]:
        return self._give("history", self.ended)

    async def live_job(self, wanted: JobId) -> Reading[tuple[Job, ...]]:
        return self._give("live", self.live)

    async def ended_job(self, wanted: JobId) -> Reading[tuple[Job, ...]]:
        return self._give("ended", self.ended)

    async def raw_job(self, wanted: JobId) -> Reading[str]:
        return self._give("raw live", self.live)

    async def script(self, wanted: JobId) -> Reading[str]:
        raise AssertionError("no script was asked for")

    async def raw_ended_job(self, wanted: JobId) -> Reading[str]:
        return self._give("raw ended", self.ended)

    async def quotas(self, user: str | None = None) -> NoReturn:
        raise NotProvided("no quotas")

    async def nodes(self) -> NoReturn:
        raise AssertionError

    pools = reservations = nodes

    async def close(self) -> None:
        self.closed += 1

    def over(self, transport: Any) -> "Stores":
        return self


GONE = NotFound("no such job")
SILENT = Unreachable("slurmctld does not answer")
STORE_SILENT = Unreachable("slurmdbd does not answer")


async def test_a_job_in_the_queue_costs_no_question_to_accounting() -> None:
    stores = Stores(live=(job(1),))
    assert (await SlurmCentre(stores).job("1")).value == (job(1),)
    assert stores.asked == ["live"]


async def test_a_job_that_left_the_queue_is_found_in_accounting() -> None:
    stores = Stores(live=GONE, ended=(job(1, "COMPLETED"),))
    assert [j.state for j in (await SlurmCentre(stores).job("1")).value] == ["COMPLETED"]
    assert stores.asked == ["live", "ended"]


async def test_an_array_has_the_tasks_of_both_stores_and_the_live_ones_win() -> None:
    live = (task(30, 0, "RUNNING"), task(31, 1, "COMPLETED"))
    ended = (task(31, 1, "COMPLETED"), task(32, 2, "FAILED"), task(19, 3, "PENDING"))
    found = await SlurmCentre(Stores(live=live, ended=ended)).job("19")
    assert [(j.id, j.state) for j in found.value] == [("19_0", "RUNNING"), ("19_1", "COMPLETED"), ("19_2", "FAILED")]


async def test_a_single_task_is_not_looked_for_twice() -> None:
    stores = Stores(live=(task(30, 0, "RUNNING"),))
    await SlurmCentre(stores).job("19_0")
    assert stores.asked == ["live"]


async def test_a_silent_store_leaves_an_array_as_it_is_with_a_warning() -> None:
    found = await SlurmCentre(Stores(live=(task(30, 0, "RUNNING"),), ended=STORE_SILENT)).job("19")
    assert [j.id for j in found.value] == ["19_0"]
    assert found.warnings == ("slurmdbd does not answer",)


async def test_a_job_nobody_knows_is_not_found() -> None:
    with pytest.raises(NotFound):
        await SlurmCentre(Stores(live=GONE, ended=GONE)).job("1")


async def test_a_silent_scheduler_is_stood_in_for_by_accounting() -> None:
    found = await SlurmCentre(Stores(live=SILENT, ended=(job(1, "FAILED"),))).job("1")
    assert [j.state for j in found.value] == ["FAILED"]


@pytest.mark.parametrize("ended", [GONE, STORE_SILENT])
async def test_a_silent_scheduler_is_told_where_accounting_does_not_help(ended: NaruError) -> None:
    with pytest.raises(Unreachable, match="slurmctld"):
        await SlurmCentre(Stores(live=SILENT, ended=ended)).job("1")


async def test_a_store_that_is_silent_when_it_matters_is_told() -> None:
    with pytest.raises(Unreachable, match="slurmdbd"):
        await SlurmCentre(Stores(live=GONE, ended=STORE_SILENT)).job("1")


async def test_a_site_without_accounting_does_not_ask_for_it() -> None:
    stores = Stores(live=GONE)
    centre = SlurmCentre(stores, no_history="this site keeps no accounting")
    for failing in (centre.job("1"), centre.raw_job("1")):
        with pytest.raises(NotFound):
            await failing
    with pytest.raises(NotProvided, match="keeps no accounting"):
        await centre.history(since=NOW, user=None)
    assert "history" not in centre.capabilities
    assert stores.asked == ["live", "raw live"]


async def test_what_is_no_id_is_never_asked_for() -> None:
    stores = Stores()
    centre = SlurmCentre(stores)
    for failing in (centre.job("1; rm"), centre.raw_job("--json")):
        with pytest.raises(UsageError):
            await failing
    assert stores.asked == []


async def test_raw_words_come_from_accounting_for_a_job_that_is_gone() -> None:
    assert (await SlurmCentre(Stores(live=GONE, ended="JobID=1")).raw_job("1")).value == "JobID=1"


async def test_a_source_without_single_jobs_is_searched_by_its_lists() -> None:
    class Lists(Stores):
        async def live_job(self, wanted: JobId) -> Reading[tuple[Job, ...]]:
            raise NotProvided("lists only")

    centre = SlurmCentre(Lists(live=(job(1), job(2)), ended=(job(3, "FAILED"),)))
    assert [j.job_id for j in (await centre.job("2")).value] == [2]
    assert [j.job_id for j in (await centre.job("3")).value] == [3]
    with pytest.raises(NotFound, match="no job 4"):
        await centre.job("4")


async def test_the_site_says_how_it_is_reached_and_as_whom() -> None:
    site = (await SlurmCentre(Stores(), user="alice", reached_by="simulated").site()).value
    assert (site.reached_by, site.user) == ("simulated", "alice")
    assert "history" in site.capabilities


async def test_closing_reaches_the_source() -> None:
    stores = Stores()
    centre = SlurmCentre(stores)
    await centre.close()
    await centre.close()
    assert stores.closed == 2


class Printing:
    """A transport on which every command prints the same."""

    source = "canned"

    def __init__(self, said: bytes) -> None:
        self.said = said

    async def send(self, call: Call) -> Answer:
        return Answer(call=call, status=0, body=self.said, as_of=NOW)

    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("said", [b"", b"hello\n", b"\x00\xff", b"Configuration data as of 2026-11-23T00:00:00\n"])
async def test_a_configuration_without_a_setting_is_none(said: bytes) -> None:
    with pytest.raises(BadAnswer, match="configuration"):
        await SlurmCommands(Printing(said)).configuration()


async def test_a_configuration_with_settings_names_the_cluster() -> None:
    commands = SlurmCommands(Printing(b"ClusterName             = lab\n"))
    assert await commands.configuration() == {"ClusterName": "lab"}
    assert commands.site_id == "lab"
