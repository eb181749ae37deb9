"""Every answer of the simulated centre against the document that Slurm publishes: nothing missing, nothing added."""

import json
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from tests.contract.asking import OPENED, Asked
from tests.contract.manners import CTLD, DBD
from tests.contract.published import NEWEST, SPECS, VERSIONS, Operation, contract
from tests.contract.shapes import read_shapes, shape_of

from naru_client.mock.asgi import Reply
from naru_client.mock.scenario import load_scenario, scenario_names

SHAPES = read_shapes(SPECS / "shapes.json")

# What is documented and not simulated, and why.
NOT_PROVIDED = {
    f"GET {CTLD}/reconfigure/": "it changes the cluster's settings, though it is a GET",
    f"GET {DBD}/instance/": "no simulated node is an instance at a cloud: the list of them is empty",
    f"GET {DBD}/wckey/{{id}}": "nothing simulated is charged to a wckey: the list of them is empty",
}
OPERATORS_ALONE = {f"GET {DBD}/config", f"GET {DBD}/diag/", f"GET {DBD}/wckeys/"}
# Where more has to be said than the path does.
URLS = {f"GET {DBD}/association/": f"{DBD}/association/?account={{account_name}}&user={{name}}"}
READS = tuple(one for one in contract().operations if one.method == "GET" and str(one) not in NOT_PROVIDED)
STAGES = ("opening", "an hour later", "after actions")
SITES = [(name, plan.cluster) for name in scenario_names() for plan in load_scenario(name).sites]
# What is asked of a site too big to be asked everything.
CHEAP = ("ping/", "diag/", "partitions/", "nodes/", "node/{node_name}", "jobs/state/", "job/{job_id}", "licenses/")
MANY_NODES = 300

HOUR = 3600.0
TIMES = ("0", f"{int(OPENED) - 7200}", f"uts{int(OPENED) - 7200}", "2026-11-20", "2026-11-20T00:00:00", "now-1hours")
SAMPLES: dict[str, tuple[str, ...]] = {
    "update_time": ("0", f"{int(OPENED) - 86_400}", f"{int(OPENED) + 30 * 86_400}"),
    "start_time": TIMES, "end_time": TIMES, "usage_start": TIMES[:2], "usage_end": TIMES[:2],
    "time_start": TIMES[:2], "time_end": TIMES[:2],
    "job_id": ("{running}", "{group}", "{running},{foreign}"),
    "users": ("{name}", "nobody", "{name},nobody"), "user": ("{name}", "nobody"), "name": ("normal", "nobody"),
    "account": ("{account_name}", "nothing"), "accounts": ("{account_name}",), "parent_account": ("root",),
    "partition": ("{partition}", "nothing"), "qos": ("normal", "nothing"), "default_qos": ("normal",),
    "cluster": ("{cluster_name}",), "state": ("RUNNING", "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "PENDING"),
    "job_name": ("lr-sweep", "nothing"), "node": ("{node_name}",), "step": ("{running}",), "id": ("1", "99999"),
    "exit_code": ("0", "1"), "default_account": ("{account_name}",), "groups": ("{name}",), "format": ("name",),
    "description": ("nothing",), "constraints": ("ib-ndr",), "reason": ("None",), "reservation": ("ai-school",),
    "reservation_id": ("1",), "wckey": ("",), "default_wckey": ("",), "association": ("1",),
    "extra": ("x",), "instance_id": ("x",), "instance_type": ("x",), "node_list": ("{node_name}",),
    "federation": ("x",), "rpc_version": ("1",),
}  # fmt: skip


@cache
def words_of(parameter: str, path: str) -> tuple[str, ...]:
    """The words that the document lets a parameter have; none when it may be anything."""
    for one in contract().document["paths"][path]["get"].get("parameters", ()):
        if one["name"] == parameter:
            return tuple(one["schema"].get("enum", ()))
    return ()


def act(centre: Asked) -> None:
    """Everything people do to jobs, by the demo's user."""
    held = centre.submit(name="held", comment="a|b; 한글", time_limit={"set": True, "infinite": False, "number": 90})
    run = centre.submit(name="run", hold=False, tasks=2, cpus_per_task=4, memory_per_node={"set": True, "number": 4096})
    gpus = centre.submit(name="gpus", hold=False, tres_per_node="gres/gpu:1", nodes="1", nice=10)
    group = centre.submit(name="group", hold=False, array="0-7%2")
    after = centre.submit(name="after", hold=False, dependency=f"afterok:{run}")
    later = centre.submit(name="later", hold=False, begin_time={"set": True, "number": int(OPENED) + 86_400})
    job = f"{CTLD}/job"
    centre.do("POST", f"{job}/{held}", {"hold": False})
    centre.do("POST", f"{job}/{after}", {"hold": True})
    centre.do("POST", f"{job}/{group}", {"hold": True})
    centre.do("POST", f"{job}/{group}", {"hold": False})
    centre.do("POST", f"{job}/{gpus}", {"time_limit": {"set": True, "infinite": False, "number": 5}, "comment": "x"})
    centre.do("DELETE", f"{job}/{later}")
    centre.do("DELETE", f"{job}/{group}_6")
    centre.do("DELETE", f"{CTLD}/jobs/", {"jobs": [str(after), "60000000"]})


@pytest.fixture(scope="module")
def centres() -> dict[str, Asked]:
    """The small scenario at each stage."""
    made = {}
    for stage in STAGES:
        centre = made[stage] = Asked()
        centre.read(f"{CTLD}/ping/")
        if stage != "opening":
            centre.clock.step(HOUR)
        if stage == "after actions":
            act(centre)
            centre.clock.step(HOUR / 3)
    return made


@pytest.fixture(scope="module")
def names(centres: dict[str, Asked]) -> dict[str, dict[str, str]]:
    return {stage: centre.names() | centre.made() for stage, centre in centres.items()}


def check(operation: Operation, reply: Reply) -> Any:
    """The JSON of an answer that must be one, complete, and of the types a real server uses."""
    assert reply.status == 200, reply.body[:300]
    assert contract().faults_of_answer(operation, reply.status, reply.body) == []
    answer = json.loads(reply.body)
    real = SHAPES.get(str(operation), {})
    odd = {at: types for at, types in shape_of(answer).items() if at in real and not types <= real[at]}
    assert odd == {}, "types that the real server does not use"
    return answer


def url(operation: Operation, names: dict[str, str]) -> str:
    return URLS.get(str(operation), operation.path).format(**names)


def asker(operation: Operation, centre: Asked) -> str:
    """Who may ask that: an operator, or the demo's user."""
    return centre.operator if str(operation) in OPERATORS_ALONE else centre.user


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("operation", READS, ids=str)
def test_every_question_is_answered_as_documented(
    operation: Operation, stage: str, centres: dict[str, Asked], names: dict[str, dict[str, str]]
) -> None:
    centre = centres[stage]
    answer = check(operation, centre.ask("GET", url(operation, names[stage]), user=asker(operation, centre)))
    assert answer["errors"] == []


@pytest.mark.parametrize("question", sorted(NOT_PROVIDED))
def test_what_is_not_provided_is_no_endpoint(question: str, centres: dict[str, Asked]) -> None:
    operation = contract().named(question)
    reply = centres["opening"].ask("GET", operation.path.format(id="1"), user=centres["opening"].operator)
    assert (reply.status, reply.content_type) == (404, "text/plain")


@pytest.mark.parametrize("question", sorted(OPERATORS_ALONE))
def test_what_is_for_operators_alone_is_refused_as_documented(question: str, centres: dict[str, Asked]) -> None:
    """With 2002, as 22.05.8 and 24.11.5 do; the status is that of 26.05 (its http.c)."""
    operation = contract().named(question)
    reply = centres["opening"].ask("GET", operation.path)
    assert reply.status == 422
    assert contract().faults_of_answer(operation, reply.status, reply.body) == []
    assert [one["error_number"] for one in json.loads(reply.body)["errors"]] == [2002]


@pytest.mark.parametrize("operation", [one for one in READS if one.parameters], ids=str)
def test_every_parameter_is_understood(
    operation: Operation, centres: dict[str, Asked], names: dict[str, dict[str, str]]
) -> None:
    centre, known = centres["after actions"], names["after actions"]
    base = url(operation, known)
    for parameter in operation.parameters:
        for value in words_of(parameter, operation.path) or SAMPLES.get(parameter, ("true",)):
            said = f"{quote(parameter, safe='')}={quote(value.format(**known), safe='')}"
            reply = centre.ask("GET", base + ("&" if "?" in base else "?") + said, user=asker(operation, centre))
            if reply.status == 304:
                assert (parameter, value) == ("update_time", SAMPLES["update_time"][-1])
                assert reply.body == b""
            else:
                assert reply.status == 200, (said, reply.body[:300])
                assert contract().faults_of_answer(operation, reply.status, reply.body) == [], said


@pytest.mark.parametrize("site", SITES, ids="/".join)
def test_every_site_of_every_scenario_answers_as_documented(site: tuple[str, str]) -> None:
    centre = Asked(*site)
    big = len(centre.site.at_present().cluster.nodes) > MANY_NODES
    asked = [one for one in READS if not big or one.path.removeprefix(f"{CTLD}/") in CHEAP]
    for _stage in ("opening",) if big else ("opening", "an hour later"):
        names = centre.names()
        for operation in asked:
            if "{reservation_name}" in operation.path and names["reservation_name"] == "none":
                continue
            check(operation, centre.ask("GET", url(operation, names), user=asker(operation, centre)))
        centre.clock.step(HOUR)


def in_version(text: str, version: str) -> str:
    return text.replace(NEWEST, version)


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_an_older_contract_is_answered_as_it_was_documented(version: str) -> None:
    """By a site that speaks several at once, as real ones do."""
    centre = Asked(contracts=tuple(reversed(VERSIONS)))
    names, older = centre.names(), contract(version)
    not_provided = {in_version(question, version) for question in NOT_PROVIDED}
    for operation in older.operations:
        if operation.method == "GET" and str(operation) not in not_provided:
            newest = next(one for one in READS if in_version(str(one), version) == str(operation))
            reply = centre.ask("GET", in_version(url(newest, names), version), user=asker(newest, centre))
            assert reply.status == 200, (operation, reply.body[:300])
            assert older.faults_of_answer(operation, reply.status, reply.body) == [], operation
            assert json.loads(reply.body)["meta"]["plugin"]["data_parser"] == f"data_parser/{version}"
    documented = {str(operation) for operation in older.operations}
    for operation in READS:
        if in_version(str(operation), version) not in documented:
            reply = centre.ask("GET", in_version(url(operation, names), version))
            assert (reply.status, reply.content_type) == (404, "text/plain"), operation


def test_a_contract_that_is_not_spoken_is_an_unknown_path() -> None:
    """By which clients find out what is."""
    centre = Asked(contracts=("v0.0.43",))
    assert centre.ask("GET", "/slurm/v0.0.43/ping/").status == 200
    for version in ("v0.0.42", NEWEST, "v0.0.45"):
        reply = centre.ask("GET", f"/slurm/{version}/ping/")
        assert (reply.status, reply.content_type) == (404, "text/plain")
