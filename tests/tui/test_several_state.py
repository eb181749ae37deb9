"""The state over several sites: each has its own part, and the screens' view is the parts joined."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from tests.tui.fake import NOW, at, job, node

from naru.screens.base import quota_fact
from naru.state import (
    Failure,
    State,
    Topic,
    fold_everybody,
    fold_failure,
    fold_reading,
    fold_user,
    opening_state,
)
from naru_client.insight.quota import Quota
from naru_client.model import Job, Node, NodeAccelerators, Pool, Site
from naru_client.reading import Reading

DEAD = Failure("unreachable", "no answer", "", NOW)
ABSENT = Failure("not_provided", "not here", "", NOW)


def three() -> State:
    return opening_state("programme", [("a", "me"), ("b", "me"), ("c", "me")])


def told(state: State, site: str, topic: Topic, *values: Any, **changes: Any) -> State:
    return fold_reading(state, site, topic, replace(Reading(values, f"rest at {site}", NOW), **changes))


def jobs_at(site: str, *numbers: int) -> tuple[Job, ...]:
    return tuple(job(number, site=site) for number in numbers)


def with_jobs() -> State:
    state = three()
    for site, numbers in (("b", (2, 3)), ("a", (1,)), ("c", (2,))):  # in whatever order they answer
        state = told(state, site, "jobs", *jobs_at(site, *numbers))
    return state


def test_lists_are_joined_in_the_order_of_the_sites() -> None:
    state = with_jobs()
    assert state.jobs is not None
    everything = [("a", 1), ("b", 2), ("b", 3), ("c", 2)]
    assert [(j.site, j.job_id) for j in state.jobs.value] == everything
    assert [(j.site, j.job_id) for j in state.all_jobs] == everything
    assert [(j.site, j.job_id) for j in state.my_jobs] == everything


def test_a_new_reading_replaces_its_sites_own_and_no_other() -> None:
    state = told(with_jobs(), "b", "jobs", *jobs_at("b", 9))
    assert [(j.site, j.job_id) for j in state.all_jobs] == [("a", 1), ("b", 9), ("c", 2)]


def test_what_is_joined_is_as_old_as_the_oldest_and_names_every_source_once() -> None:
    state = told(with_jobs(), "b", "jobs", as_of=NOW - timedelta(minutes=3), source="rest at a")
    assert state.jobs is not None
    assert state.jobs.as_of == NOW - timedelta(minutes=3)
    assert state.jobs.source == "rest at a; rest at c"
    assert state.newest == NOW


def test_warnings_and_errors_name_their_site() -> None:
    state = with_jobs()
    for site in ("a", "c"):
        state = told(state, site, "jobs", warnings=("slow database",))
    state = fold_failure(state, "b", "jobs", DEAD)
    assert state.jobs is not None
    assert state.jobs.warnings == ("a, c: slow database",)
    assert state.jobs.error == "b: no answer"


def test_one_dead_site_of_three_keeps_what_it_last_told_and_takes_nothing_from_the_others() -> None:
    state = fold_failure(with_jobs(), "b", "jobs", DEAD)
    assert state.jobs is not None
    assert state.jobs.stale
    assert len(state.all_jobs) == 4
    assert state.outage == state.failures["jobs"] == DEAD
    assert [bool(part.failures) for part in state.parts] == [False, True, False]
    again = told(state, "b", "jobs", *jobs_at("b", 2, 3))
    assert (again.outage, again.failures, again.all_jobs) == (None, {}, with_jobs().all_jobs)


def test_a_site_that_never_answered_is_missing_and_not_empty() -> None:
    state = three()
    for topic in ("jobs", "nodes"):
        state = fold_failure(state, "b", topic, DEAD)
    assert state.jobs is None
    state = told(state, "a", "jobs", *jobs_at("a", 1))
    assert [j.site for j in state.all_jobs] == ["a"]
    assert state.nodes is None


def test_not_provided_is_said_only_where_no_site_provides_it() -> None:
    state = three()
    for site in ("a", "b"):
        state = fold_failure(state, site, "pools", ABSENT)
        assert state.failures == {}
    assert fold_failure(state, "c", "pools", ABSENT).failures == {"pools": ABSENT}
    assert fold_failure(state, "c", "pools", DEAD).failures == {"pools": DEAD}


def test_one_id_at_two_sites_is_two_jobs() -> None:
    state = with_jobs()
    submitted = state.all_jobs[0].submitted
    at_b, at_c = state.find_job("b", "2", submitted), state.find_job("c", "2", submitted)
    assert at_b is not None
    assert at_c is not None
    assert (at_b.site, at_c.site) == ("b", "c")
    assert state.find_job("a", "2", submitted) is None


def test_many_jobs_are_renewed_as_one_is_found_and_in_one_pass() -> None:
    runs = [job(7, site="b", submitted=NOW - timedelta(hours=n), state="COMPLETED") for n in (1, 2)]
    state = told(with_jobs(), "b", "jobs", *jobs_at("b", 2, 3), *runs)
    known = [
        *jobs_at("b", 2, 3),
        *jobs_at("a", 1),
        *jobs_at("c", 2, 99),
        *(replace(run, state="RUNNING") for run in runs),
    ]
    each = [state.find_job(one.site, one.id, one.submitted) or one for one in known]
    assert list(state.renewed(known)) == each
    assert [one.state for one in each[-2:]] == ["COMPLETED", "COMPLETED"]

    passes = 0

    class Counted(tuple[Job, ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[Job]:
            nonlocal passes
            passes += 1
            return super().__iter__()

    replace(state, all_jobs=Counted(known)).renewed(known)
    assert passes == 1


def test_accelerators_of_a_model_are_added_up_over_the_sites() -> None:
    state = three()
    state = told(state, "a", "nodes", node("n1", 6, site="a"), node("n2", 0, site="a"))
    state = told(state, "b", "nodes", node("n1", 3, site="b"))
    (one,) = state.tallies
    assert (one.model, one.total, one.used, one.free, one.free_by_node) == ("h100", 24, 9, 15, ((8, 1), (5, 1), (2, 1)))
    untold = node("n1", site="c", condition="mixed", accelerators=(NodeAccelerators("gpu", "h100", 8, None),))
    (one,) = told(state, "c", "nodes", untold).tallies
    assert (one.total, one.used, one.free) == (32, None, None)  # not 9: of one site it is not known


def own_quota(site: str, available: int) -> tuple[Quota, ...]:
    lab = Quota(site=site, holder="lab", account="lab", resource="gpu", granted=100, available=available)
    return lab, replace(lab, holder="lab/me", above="lab", user="me", granted=None, unlimited=True)


def test_the_first_line_tells_what_runs_short_first_of_all_sites() -> None:
    state = told(told(three(), "a", "quotas", *own_quota("a", 80)), "b", "quotas", *own_quota("b", 7))
    assert state.tightest == own_quota("b", 7)[0]
    assert quota_fact(state) == "GPU quota: 7% left"
    assert quota_fact(told(state, "b", "quotas")) == "GPU quota: 80% left"
    assert quota_fact(three()) == ""


def test_models_come_in_the_usual_order_whatever_site_has_them() -> None:
    def nodes(site: str, kind: str, model: str, count: int) -> tuple[Node, ...]:
        held = (NodeAccelerators(kind, model, 8, 0),)
        return tuple(node(f"{model}-{n}", site=site, accelerators=held) for n in range(count))

    state = told(three(), "a", "nodes", *nodes("a", "npu", "rngd", 9), *nodes("a", "gpu", "h100", 1))
    state = told(state, "b", "nodes", *nodes("b", "gpu", "b200", 2))
    assert [one.model for one in state.tallies] == ["b200", "h100", "rngd"]


def test_pools_of_one_name_stay_their_own_sites() -> None:
    state = three()
    for site, used in (("a", 8), ("b", 0)):
        state = told(state, site, "pools", Pool(site=site, name="h100", state="UP"))
        state = told(state, site, "nodes", node("n1", used, site=site))
    assert [(pool.site, pool.accelerators[0].free) for pool in state.filled_pools] == [("a", 0), ("b", 8)]


def test_the_home_site_is_the_site_and_all_that_told_are_the_sites() -> None:
    def site(name: str) -> Reading[Site]:
        return Reading(Site(id=name, name=name, dialect="slurm", reached_by="simulated"), "", NOW)

    state = fold_reading(three(), "b", "site", site("b"))
    assert state.site is None
    state = fold_reading(state, "a", "site", site("a"))
    assert state.site is not None
    assert state.site.value.id == "a"
    assert [reading.value.id for reading in state.sites] == ["a", "b"]


def test_ones_own_jobs_go_by_who_one_is_at_each_site() -> None:
    state = opening_state("programme", [("a", "me"), ("b", "m001")])
    for site in ("a", "b"):
        state = told(state, site, "jobs", job(1, site=site, user="me"), job(2, site=site, user="m001"))
    assert [(j.site, j.job_id) for j in state.my_jobs] == [("a", 1), ("b", 2)]
    assert [(j.site, j.job_id) for j in fold_user(state, "b", "me").my_jobs] == [("a", 1), ("b", 1)]


def test_the_list_is_everybodys_once_every_site_that_answers_has_listed_everybody() -> None:
    state = fold_everybody(with_jobs(), True)
    state = fold_failure(state, "c", "jobs", DEAD)
    state = told(state, "a", "jobs")
    assert not state.everybody_listed
    assert told(state, "b", "jobs").everybody_listed


def test_with_one_site_a_reading_is_shown_as_it_is() -> None:
    centre = at("only", (job(1),), (node("n1", 3),))
    state = opening_state("programme", [("only", "me")])
    reading = Reading(centre.held_jobs, "a test", NOW, ("a word",))
    state = fold_reading(state, "only", "jobs", reading)
    assert state.jobs is reading
    state = fold_failure(state, "only", "jobs", DEAD)
    assert state.jobs == reading.failed("no answer")
    assert not state.several
