"""The face has slurmrestd's manners: which status and type, what a refusal looks like, which versions it speaks."""

from typing import Any

import httpx
import msgspec
import pytest
from tests.client.mock_face import TOKEN, Face, small_face, tiny_face
from tests.client.mock_world import NOON, submit

from naru_client.mock.asgi import Reply
from naru_client.mock.requests import read_query
from naru_client.mock.scenario import load_scenario
from naru_client.mock.slurmrestd import MOST_BODY, Slurmrestd
from naru_client.mock.world import SteppedClock, World


@pytest.fixture
def tiny() -> Face:
    return tiny_face()


@pytest.fixture(scope="module")
def small() -> Face:
    return small_face()


def plain(reply: Reply) -> tuple[int, str]:
    """Status and words of a refusal in plain text, which ends the connection."""
    assert reply.content_type == "text/plain"
    assert dict(reply.headers) == {"connection": "close"}
    return reply.status, reply.body.decode()


# Tokens


def test_without_a_token_there_is_one_plain_line(tiny: Face) -> None:
    assert plain(tiny.reply("slurm/ping", {})) == (401, "Authentication failure")
    assert plain(tiny.reply("slurm/nope", {})) == (401, "Authentication failure"), "before anything else"


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "secret"}, TOKEN | {"authorization": "Bearer secret"}, {"x-slurm-user-name": "ann"},
     {"x-slurm-user-token": ""}, {"authorization": "Bearer "}],
)  # fmt: skip
def test_what_is_no_token_is_refused_as_none(tiny: Face, headers: dict[str, str]) -> None:
    assert tiny.reply("slurm/ping", headers).status == 401


@pytest.mark.parametrize("headers", [{"x-slurm-user-token": "other"}, TOKEN | {"x-slurm-user-name": "bob"}])
@pytest.mark.parametrize("path", ["slurm/jobs", "slurmdb/jobs"])
def test_a_wrong_token_or_another_s_name_is_511(tiny: Face, headers: dict[str, str], path: str) -> None:
    reply = tiny.reply(path, headers)
    assert reply.status == 511
    assert msgspec.json.decode(reply.body)["errors"][0]["error_number"] == 1007


def test_both_headers_carry_a_token(tiny: Face) -> None:
    assert tiny.reply("slurm/ping", {"authorization": "Bearer secret"}).status == 200
    assert tiny.reply("slurm/ping", TOKEN | {"x-slurm-user-name": "ann"}).status == 200


def test_a_token_of_the_site_s_own_is_good_for_its_lifespan(tiny: Face) -> None:
    token = tiny.world.keyring.mint("bob", NOON, lifespan=600)
    headers = {"x-slurm-user-token": token}
    body = msgspec.json.decode(tiny.reply("slurm/ping", headers).body)
    assert body["meta"]["client"]["user"] == "bob"
    tiny.step(599)
    assert tiny.reply("slurm/ping", headers).status == 200
    tiny.step(2)
    reply = tiny.reply("slurm/ping", headers)
    assert (reply.status, msgspec.json.decode(reply.body)["errors"][0]["error_number"]) == (511, 1007)


def test_a_token_of_another_centre_is_none_of_ours(tiny: Face) -> None:
    other = World(load_scenario("small"), 7, SteppedClock(NOON))
    headers = {"x-slurm-user-token": other.keyring.mint("ann", NOON)}
    assert tiny.reply("slurm/ping", headers).status == 511


# Paths and methods


@pytest.mark.parametrize(
    "path",
    ["/slurm/v0.0.45/ping", "/slurm/v0.0.43/jobs", "/slurm/v0.0.44/nope", "/slurm/v0.0.44/job/1/x", "/", "/slurm",
     "/slurmdb/v0.0.44/nodes", "/util/v0.0.44/nope", "/slurm//jobs", "/slurm/v0.0.44/node/", "/slurm/v0.0.44/"],
)  # fmt: skip
def test_what_is_not_there_is_a_plain_404(tiny: Face, path: str) -> None:
    reply = tiny.app.reply("GET", path, {}, TOKEN)
    assert (reply.status, reply.content_type) == (404, "text/plain")
    assert reply.body.startswith(b"Unable to find requested URL endpoint.")


def test_a_trailing_slash_is_optional(tiny: Face) -> None:
    assert tiny.get("slurm/ping/") == tiny.get("slurm/ping")
    assert tiny.get("slurm/node/g-1/")["nodes"][0]["name"] == "g-1"


def test_only_json_is_spoken(tiny: Face) -> None:
    assert tiny.reply("slurm/ping", TOKEN | {"accept": "text/html"}).status == 415
    assert tiny.reply("slurm/ping", TOKEN | {"accept": "text/html, application/json;q=0.5"}).status == 200


@pytest.mark.parametrize("path", ["slurm/ping", "slurmdb/jobs", "slurm/partition/gpu"])
def test_what_can_only_be_read_refuses_other_methods(tiny: Face, path: str) -> None:
    for method in ("POST", "DELETE", "PUT", "HEAD"):
        assert tiny.send(method, path).status == 405


def test_what_can_only_be_posted_refuses_to_be_read(tiny: Face) -> None:
    assert tiny.reply("util/hostnames").status == 405


@pytest.mark.parametrize(
    ("path", "parser"),
    [("slurm/jobs", "OPENAPI_JOB_INFO_QUERY"), ("slurm/node/g-1", "OPENAPI_NODES_QUERY"),
     ("slurmdb/jobs", "JOB_CONDITION"), ("slurmdb/accounts", "ACCOUNT_CONDITION"),
     ("slurmdb/account/lab", "OPENAPI_ACCOUNT_QUERY"), ("slurmdb/qos/normal", "OPENAPI_SLURMDBD_QOS_QUERY"),
     ("slurmdb/associations", "ASSOC_CONDITION")],
)  # fmt: skip
def test_unknown_parameters_are_ignored_with_a_warning(tiny: Face, path: str, parser: str) -> None:
    before = tiny.get(path)
    told = tiny.get(path, nonsense="1")
    assert told["warnings"][0] == {
        "description": f'Ignoring unknown field "nonsense" of type string in DATA_PARSER_{parser}',
        "source": "#/nonsense/",
    }
    assert {k: v for k, v in told.items() if k != "warnings"} == {k: v for k, v in before.items() if k != "warnings"}


def test_known_parameters_are_not_warned_of(tiny: Face) -> None:
    for path, query in (
        ("slurm/jobs", {"update_time": "0", "flags": "ALL"}), ("slurmdb/jobs", {"skip_steps": "true"}),
        ("slurmdb/associations", {"Include usage": "true"}), ("slurmdb/user/ann", {"with_assocs": "true"}),
        ("slurmdb/accounts", {"WithAssociations": "1"}), ("slurm/shares", {"nonsense": "1"}),
        ("slurmdb/qos", {"nonsense": "1"}), ("slurm/ping", {"nonsense": "1"}),
    ):  # fmt: skip
        assert not any("unknown" in one["description"] for one in tiny.get(path, **query)["warnings"]), path


@pytest.mark.parametrize(
    ("path", "status", "number", "words"),
    [("job/1", 404, 2017, "Unable to query JobId=1"), ("job/1_3", 404, 2017, "Unable to query JobId=1_3"),
     ("job/0", 404, 2017, "Invalid JobID=0 rejected"), ("resources/1", 404, 2017, "Unable to query JobId=1"),
     ("node/nope", 422, 2018, "Failure to query node nope"),
     ("reservation/nope", 422, 9000, "Unable to find reservation nope")],
)  # fmt: skip
def test_an_unknown_one_is_refused_with_slurm_s_number(
    tiny: Face, path: str, status: int, number: int, words: str
) -> None:
    reply = tiny.reply(f"slurm/{path}")
    error = msgspec.json.decode(reply.body)["errors"][0]
    assert (reply.status, error["error_number"], error["description"]) == (status, number, words)
    assert dict(reply.headers) == {"connection": "close"}


def test_an_unknown_partition_is_an_answer_without_a_list(tiny: Face) -> None:
    body = tiny.get("slurm/partition/nope")
    assert "partitions" not in body
    assert body["warnings"][0]["description"] == "Unable to find partition nope"
    assert tiny.get("slurm/partition/GPU")["partitions"][0]["name"] == "gpu"


@pytest.mark.parametrize("path", ["slurm/job/abc", "slurm/job/1_x", "slurmdb/job/-1", "slurm/resources/1+0"])
def test_a_job_id_that_is_none_is_422(tiny: Face, path: str) -> None:
    reply = tiny.reply(path)
    assert reply.status == 422
    assert msgspec.json.decode(reply.body)["errors"][-1]["error_number"] == 9000


def test_a_time_that_cannot_be_read_is_422(tiny: Face) -> None:
    reply = tiny.reply("slurmdb/jobs", start_time="yesterdayish")
    assert reply.status == 422
    assert [error["error_number"] for error in msgspec.json.decode(reply.body)["errors"]] == [9202, 9000]
    assert tiny.reply("slurm/jobs", update_time="soon").status == 422
    assert tiny.reply("slurmdb/jobs", start_time="9" * 30).status == 422
    words = [error["description"] for error in msgspec.json.decode(reply.body)["errors"]]
    assert words == [
        "Parsing of yesterdayish for timestamp failed", "Rejecting request. Failure parsing query parameters",
    ]  # fmt: skip


def test_a_query_that_is_not_escaped_cannot_be_read(tiny: Face) -> None:
    for text in ("job_id=1,2", "a=b=c", "=x", "a=%00", "a=%zz", "t=12:00", "한글"):
        assert read_query(text) is None
    assert plain(tiny.app.reply("GET", "/slurm/v0.0.44/jobs/state", None, TOKEN)) == (500, "Unspecified error")
    assert read_query("") == {}
    assert read_query("job_id=1%2C2&flag;a=b&a=c&e=&s=x+y%20z") == {
        "job_id": "1,2", "flag": "true", "a": "b,c", "e": "", "s": "x y z",
    }  # fmt: skip


def test_hostlists_are_written_out_and_put_together(tiny: Face) -> None:
    reply = tiny.send("POST", "util/hostnames", body=b'{"hostlist": "g-[1-3],cpu1"}')
    assert msgspec.json.decode(reply.body)["hostnames"] == ["g-1", "g-2", "g-3", "cpu1"]
    reply = tiny.send("POST", "util/hostlist", body=b'{"hostnames": ["g-2", "cpu1", "g-1"]}')
    assert msgspec.json.decode(reply.body)["hostlist"] == "cpu1,g-[1-2]"
    assert msgspec.json.decode(reply.body)["meta"]["plugin"]["type"] == "openapi/util"
    for body in (b"", b"[]", b'{"hostlist": "g-[1-"}', b'{"hostlist": "g-[1-999999999]"}'):
        assert tiny.send("POST", "util/hostnames", body=body).status == 422
    for body in (b"{", b"\xff"):
        assert plain(tiny.send("POST", "util/hostnames", body=body)) == (400, "Failure during parsing")


def test_a_body_has_a_type_and_comes_without_a_query(tiny: Face) -> None:
    body = b'{"hostnames": ["a1"]}'

    def told(kind: str, **query: str) -> int:
        return tiny.send("POST", "util/hostlist", TOKEN | {"content-type": kind}, body, **query).status

    assert told("application/json; charset=utf-8") == 200
    assert told("application/x-www-form-urlencoded") == 500, "what curl says when it is not told"
    assert told("text/html") == 415
    assert told("application/json", a="b") == 400


# What did not change


def test_collections_that_did_not_change_are_304_and_jobs_are_empty_with_a_warning(tiny: Face) -> None:
    tiny.step(60)
    later = str(int(tiny.clock.now))
    for path in ("nodes", "partitions", "reservations"):
        assert tiny.reply(f"slurm/{path}", update_time=later) == Reply(304)
    body = tiny.get("slurm/jobs", update_time=later)
    assert body["jobs"] == []
    assert body["warnings"][0]["description"] == f"No job changes since update_time[{later}]=2026-11-22T12:01:00"


def test_collections_that_changed_come_in_full(tiny: Face) -> None:
    before = str(int(tiny.clock.now))
    submit(tiny.simulator)
    tiny.step(60)
    assert len(tiny.get("slurm/jobs", update_time=before)["jobs"]) == 1
    assert len(tiny.get("slurm/nodes", update_time=before)["nodes"]) == 3
    assert tiny.reply("slurm/partitions", update_time=str(int(NOON + 60))) == Reply(304)


def test_what_is_said_to_be_unchanged_is() -> None:
    """Every difference between two answers is one that the second question, with the first one's time, would show."""
    face = small_face()
    known: dict[str, tuple[Any, str]] = {}
    for i in range(60):
        face.step(1 + i % 5)
        for what in ("jobs", "nodes", "reservations"):
            since = {"update_time": known[what][1]} if what in known else {}
            reply = face.reply(f"slurm/{what}", TOKEN, **since)
            body = face.get(f"slurm/{what}")
            for record in body[what]:
                record.pop("last_sched_evaluation", None)
            if reply.status == 304 or (what == "jobs" and not msgspec.json.decode(reply.body)["jobs"]):
                assert body[what] == known[what][0]
            else:
                known[what] = (body[what], str(body["last_update"]["number"]))


# Versions


@pytest.mark.parametrize("contract", ["v0.0.44", "v0.0.43", "v0.0.42"])
def test_each_contract_names_itself_and_has_its_own_fields(contract: str) -> None:
    face = small_face(contracts=(contract,))

    def told(path: str) -> Any:
        part, _, tail = path.partition("/")
        return msgspec.json.decode(face.app.reply("GET", f"/{part}/{contract}/{tail}", {}, TOKEN).body)

    jobs = told("slurm/jobs")
    assert jobs["meta"]["plugin"]["data_parser"] == f"data_parser/{contract}"
    number = int(contract.rpartition(".")[2])
    first = jobs["jobs"][0]
    assert ("step_id" in first, "submit_line" in first) == (number >= 44, number >= 44)
    assert ("stdout_expanded" in first, "licenses_allocated" in first) == (number >= 43, number >= 43)
    assert ("cert_flags" in told("slurm/nodes")["nodes"][0]) == (number >= 43)
    assert ("qos" in told("slurmdb/users")["users"][0]["default"]) == (number >= 44)
    assert ("requested" in told("slurmdb/jobs")["jobs"][0]["reservation"]) == (number >= 43)
    assert ("%" in first["standard_output"]) == (number >= 43), "until then it was filled in"
    running = next(job["job_id"] for job in jobs["jobs"] if job["job_state"] == ["RUNNING"])
    status = face.app.reply("GET", f"/slurm/{contract}/resources/{running}", {}, TOKEN).status
    assert status == (200 if number >= 44 else 404)


def test_an_upgrade_changes_the_release_and_the_contracts(tiny: Face) -> None:
    before = tiny.site.plan.release
    assert {node["version"] for node in tiny.get("slurm/nodes")["nodes"]} == {before}
    tiny.app.upgrade("27.05.1", ("v0.0.43",))
    assert tiny.reply("slurm/ping").status == 404
    body = msgspec.json.decode(tiny.app.reply("GET", "/slurm/v0.0.43/nodes", {}, TOKEN).body)
    assert body["meta"]["slurm"]["release"] == "27.05.1" != before
    assert body["meta"]["slurm"]["version"] == {"major": "27", "minor": "05", "micro": "1"}
    assert {node["version"] for node in body["nodes"]} == {"27.05.1"}


def test_the_openapi_document_lists_what_is_served(small: Face) -> None:
    assert small.app.reply("GET", "/openapi/v3", {}, {}).status == 401
    reply = small.app.reply("GET", "/openapi/v3", {}, TOKEN)
    document = msgspec.json.decode(reply.body)
    assert document["openapi"].startswith("3.")
    paths = document["paths"]
    assert {"/slurm/v0.0.44/jobs/", "/slurmdb/v0.0.44/job/{job_id}", "/util/v0.0.44/hostnames"} <= paths.keys()
    for path, methods in paths.items():
        if "{" not in path:
            for method in methods:
                assert small.app.reply(method.upper(), path, {}, TOKEN).status not in (404, 405), (method, path)


# As an ASGI app


def test_nothing_is_simulated_before_the_first_question() -> None:
    world = World(load_scenario("small"), 1, SteppedClock(NOON))
    site = world.site()
    Slurmrestd(site)
    assert site._simulator is None


async def test_it_is_an_asgi_app(tiny: Face) -> None:
    transport = httpx.ASGITransport(app=tiny.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://centre") as client:
        answer = await client.get("/slurmdb/v0.0.44/jobs", params={"start_time": "now-1days"}, headers=TOKEN)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["meta"]["plugin"]["type"] == "openapi/slurmdbd"
        refused = await client.get("/slurm/v0.0.44/jobs")
        assert (refused.status_code, refused.text) == (401, "Authentication failure")
        posted = await client.post("/util/v0.0.44/hostlist", json={"hostnames": ["a1", "a2"]}, headers=TOKEN)
        assert posted.json()["hostlist"] == "a[1-2]"
        large = await client.post("/util/v0.0.44/hostlist", content=b" " * (MOST_BODY + 1), headers=TOKEN)
        assert large.status_code == 413


def test_requeueing_is_there_where_slurm_has_it(tiny: Face) -> None:
    """It came with v0.0.45: of that version a release that has it answers this much, and an older release nothing."""
    job = submit(tiny.simulator, user="ann", hours=2)
    tiny.step(60)
    assert tiny.job(job.id)["job_state"] == ["RUNNING"]
    for method, tail in (("GET", f"job/{job.id}/requeue"), ("POST", "jobs/requeue")):
        assert tiny.app.reply(method, f"/slurm/v0.0.44/{tail}", {}, TOKEN).status == 404
    assert tiny.app.reply("GET", "/slurm/v0.0.45/ping", {}, TOKEN).status == 404
    reply = tiny.app.reply("GET", f"/slurm/v0.0.45/job/{job.id}/requeue", {}, TOKEN)
    told = msgspec.json.decode(reply.body)
    assert (reply.status, told["errors"], told["status"]) == (200, [], [])
    assert told["meta"]["plugin"]["data_parser"] == "data_parser/v0.0.45"
    assert job.pending
    assert job.restarts == 1
    tiny.step(300)
    assert tiny.job(job.id)["job_state"] == ["RUNNING"]
    body = msgspec.json.encode({"jobs": [str(job.id)]})
    assert tiny.app.reply("POST", "/slurm/v0.0.45/jobs/requeue", {}, TOKEN, body).status == 200
    assert job.restarts == 2
    tiny.app.upgrade("25.11.0", ("v0.0.44",))
    assert tiny.app.reply("GET", f"/slurm/v0.0.45/job/{job.id}/requeue", {}, TOKEN).status == 404
