"""The simulated centre's FirecREST, held to the published document, to the commands it runs and to its known faults."""

import gzip
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client.mock_world import NOON, TINY, submit

from naru_client.mock import firecrest_files
from naru_client.mock.asgi import Reply
from naru_client.mock.entities import Job
from naru_client.mock.firecrest import _ENDPOINTS, Firecrest
from naru_client.mock.logs import Log, log_bytes
from naru_client.mock.scenario import load_scenario, parse_scenario
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import paths
from naru_client.mock.world import SteppedClock, World

SPEC = Path(__file__).parents[1] / "data" / "specs" / "firecrest-v2-2.5.6.openapi.json.gz"
PEOPLE = 'operators = ["dan"]\nrelease = "25.11.0"\n'


class Centre:
    """A world with one tiny site, and somebody who asks."""

    def __init__(self, extra: str = PEOPLE, *, mode: Any = "hybrid", scenario: str = "") -> None:
        self.clock = SteppedClock(NOON)
        plan = load_scenario(scenario) if scenario else parse_scenario(TINY + extra, "test")
        self.world = World(plan, 1, self.clock, speed=1.0)
        self.site = self.world.site()
        self.face = Firecrest(self.world, mode=mode)

    @property
    def sim(self) -> Simulator:
        return self.site.at_present()

    def token(self, user: str = "ann", lifespan: float = 3600) -> dict[str, str]:
        return {"authorization": f"Bearer {self.world.keyring.mint(user, self.world.now(), lifespan)}"}

    def ask(self, where: str, user: str = "ann", method: str = "GET", **query: Any) -> Reply:
        shown = {name: str(value) for name, value in query.items()}
        reply = self.face.reply(method, where, shown, self.token(user))
        check(where, method, reply)
        return reply

    def ops(self, name: str, path: str, user: str = "ann", **query: Any) -> Reply:
        return self.ask(f"/filesystem/{self.site.name}/ops/{name}", user, path=path, **query)

    def output(self, name: str, path: str, user: str = "ann", **query: Any) -> Any:
        return told(self.ops(name, path, user, **query))["output"]

    def running(self, user: str = "ann", *, minutes: float = 30, **settings: object) -> Job:
        """A job that has run for a while."""
        job = submit(self.sim, user, **{"accelerators": 2, "name": "lora-13b", "hours": 4.0, **settings})
        self.clock.step(minutes * 60)
        assert self.sim.now >= job.started > 0
        return job


def told(reply: Reply) -> Any:
    assert 200 <= reply.status < 300, reply.body[:400]
    return json.loads(reply.body)


def error(reply: Reply) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(reply.body)
    assert reply.status >= 400
    assert list(body) == ["errorType", "message", "causedBy", "data", "user"]
    return body


@cache
def document() -> Any:
    return json.loads(gzip.decompress(SPEC.read_bytes()))


@cache
def schemas() -> dict[str, Any]:
    """The document's schemas, made strict: the server writes out every field, and no other."""
    strict: dict[str, Any] = json.loads(json.dumps(document()["components"]["schemas"]))
    for schema in strict.values():
        if "properties" in schema:
            schema["required"], schema["additionalProperties"] = list(schema["properties"]), False
    return strict


@cache
def validator(method: str, template: str, status: int) -> Any:
    responses = document()["paths"][template][method.lower()]["responses"]
    response = responses.get(str(status)) or responses[f"{status // 100}XX"]
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    return schema and jsonschema_rs.validator_for(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "components": {"schemas": schemas()}}
    )


def check(path: str, method: str, reply: Reply) -> None:
    """An answer is one that the document allows."""
    headers = dict(reply.headers)
    assert headers["F7T-AppVersion"] == "2.5.6"
    assert headers["x-request-id"]
    parts = path.lower().split("/")
    if parts[1:2] == ["compute"]:
        template = "/".join(
            ("", "compute", "{system_name}", "jobs", *(["{job_id}"] if len(parts) > 4 else []), *parts[5:])
        )
    elif parts[1:2] == ["filesystem"]:
        template = "/".join(("", "filesystem", "{system_name}", *parts[3:]))
    elif parts[1:2] == ["status"] and len(parts) > 3 and parts[3]:
        template = f"/status/{{system_name}}/{parts[3]}"
    else:
        template = path
    if reply.status in (204, 307) or reply.content_type == "application/octet-stream":
        return
    assert reply.content_type == "application/json"
    body = json.loads(reply.body)
    if template in document()["paths"] and method.lower() in document()["paths"][template]:
        validator(method, template, reply.status).validate(body)
    else:
        schema = {"components": {"schemas": schemas()}, "$ref": "#/components/schemas/ApiResponseError"}
        jsonschema_rs.validator_for(schema).validate(body)


@pytest.fixture
def centre() -> Centre:
    return Centre()


# The document


def test_every_endpoint_served_is_in_the_document() -> None:
    for name, (_router, path, _line, _function) in _ENDPOINTS.items():
        assert ("delete" if name == "cancel" else "get") in document()["paths"][path]


@pytest.mark.parametrize("mode", ["hybrid", "ssh"])
@pytest.mark.parametrize("scenario", ["small", "programme"])
def test_a_whole_centre_answers_as_the_document_says(mode: str, scenario: str) -> None:
    centre = Centre(mode=mode, scenario=scenario)
    centre.clock.step(600)
    assert told(centre.ask("/status/liveness/"))["healthcheckRuns"].keys() == {n.lower() for n in centre.world.sites}
    [first, *_] = told(centre.ask("/status/systems"))["systems"]
    assert first["scheduler"]["connectionMode"] == mode
    user = centre.site.plan.user
    for name in ("nodes", "partitions", "reservations", "userinfo"):
        told(centre.ask(f"/status/{first['name']}/{name}", user))
    mine = told(centre.ask(f"/compute/{first['name']}/jobs", user))["jobs"]
    everybody = told(centre.ask(f"/compute/{first['name']}/jobs", user, allusers=True))["jobs"]
    assert 0 < len(mine) < len(everybody)
    assert {job["user"] for job in mine} == {user}
    for job in mine[:8]:
        if job["jobId"].isdecimal() and (mode == "ssh" or int(job["jobId"]) in centre.sim.jobs):
            one = told(centre.ask(f"/compute/{first['name']}/jobs/{job['jobId']}", user))["jobs"]
            assert job["jobId"] in {record["jobId"] for record in one} or mode == "ssh"
    folder = f"/scratch/{user}/logs"
    listed = centre.output("ls", folder, user)
    assert len(listed) > 3
    for entry in listed:
        assert centre.output("stat", f"{folder}/{entry['name']}", user)["size"] == int(entry["size"])


# Who asks


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "Not authenticated"),
        ("Basic abc", "Not authenticated"),
        ("Bearer", "Not authenticated"),
        ("Bearer abc", "Access token is invalid."),
        ("Bearer a.b.c", "Access token is invalid."),
        ("Bearer ü.ü.ü", "Access token is invalid."),
    ],
)
def test_no_token_no_answer(centre: Centre, header: str, message: str) -> None:
    reply = centre.face.reply("GET", "/status/systems", {}, {"authorization": header} if header else {})
    assert reply.status == 401
    assert error(reply) == {
        "errorType": "error", "message": message, "causedBy": None, "data": None, "user": None,
    }  # fmt: skip


def test_a_token_must_last_half_a_minute_more(centre: Centre) -> None:
    def asked() -> Reply:
        return centre.face.reply("GET", "/status/systems", {}, token)

    token = centre.token(lifespan=100)
    assert asked().status == 200
    centre.clock.step(70)
    assert asked().status == 200
    centre.clock.step(0.5)
    assert error(asked())["message"] == "Access token expires too soon (less than 30s remaining)."
    centre.clock.step(30)
    assert error(asked())["message"] == "Access token expired"
    sent_back = dict(asked().headers)["auth-token"]
    assert sent_back == token["authorization"].removeprefix("Bearer "), "the real one sends it back as well"


def test_liveness_is_for_everybody(centre: Centre) -> None:
    assert centre.face.reply("GET", "/status/liveness/", {}, {}).status == 200
    moved = centre.face.reply("GET", "/status/liveness", {}, {"host": "here"})
    assert (moved.status, dict(moved.headers)["location"]) == (307, "http://here/status/liveness/")


def test_requests_are_counted_and_theirs_kept(centre: Centre) -> None:
    first, second = (dict(centre.ask("/status/systems").headers)["x-request-id"] for _ in range(2))
    assert int(second, 16) == int(first, 16) + 1
    own = "0123456789abcdef0123456789abcdef"
    reply = centre.face.reply("GET", "/status/systems", {}, {**centre.token(), "x-request-id": own})
    assert dict(reply.headers)["x-request-id"] == own


def test_what_is_not_there(centre: Centre) -> None:
    assert error(centre.ask("/compute/nope/jobs"))["message"] == "System not found"
    assert centre.ask("/compute/nope/jobs").status == 404
    assert error(centre.ask("/elsewhere"))["message"] == "Not Found"
    assert centre.ask("/compute/tiny/jobs", method="POST").status == 405
    assert centre.ask("/compute/tiny/jobs/", method="GET").status == 307
    assert centre.ask("/COMPUTE/Tiny/jobs").status == 200, "the path is folded to lower case"


# Files


def test_a_log_is_listed_measured_and_read(centre: Centre) -> None:
    job = centre.running()
    path = paths(job)[2]
    content = log_bytes(job, centre.sim.now)
    assert len(content) > 1000
    stat = centre.output("stat", path)
    assert stat["size"] == len(content)
    assert stat["mode"] == 0o100644
    assert stat["mtime"] == int(Log(job).modified(centre.sim.now))
    [listed] = centre.output("ls", "/scratch/ann/logs")
    assert listed["name"] == f"lora-13b-{job.id}.out"
    assert listed["size"] == str(len(content))
    assert (listed["type"], listed["permissions"], listed["user"], listed["group"]) == ("-", "rw-r--r--", "ann", "lab")
    assert listed["lastModified"].startswith("2026-11-22T21:"), "the site's clock, without its zone"
    assert centre.ops("download", path).body == content
    assert centre.output("ls", path)[0]["name"] == path
    numeric = centre.output("ls", path, numericUid=True)[0]
    assert numeric["user"] == str(stat["uid"])
    assert centre.output("file", path).startswith("Unicode text, UTF-8 text")
    assert len(centre.output("checksum", path)["checksum"]) == 64


def test_a_log_is_followed_byte_by_byte(centre: Centre) -> None:
    """The way a client follows: `stat` for the size, `tail --bytes=+N` for what is new, whole lines only."""
    job = centre.running(minutes=3)
    path, seen = paths(job)[2], b""
    for _ in range(12):
        centre.clock.step(60)
        text = centre.output("tail", path, bytes=len(seen) + 1, skipHeading=True)["content"]
        seen += text[: text.rfind("\n") + 1].encode()
        assert log_bytes(job, centre.sim.now).startswith(seen)
    assert len(seen) > 2000


def test_folders_can_be_walked(centre: Centre) -> None:
    centre.running()
    assert [e["name"] for e in centre.output("ls", "/scratch")] == ["ann", "bob", "cho", "dan"]
    assert [e["name"] for e in centre.output("ls", "/scratch/ann")] == ["logs"]
    assert centre.output("stat", "/scratch/ann/logs/")["mode"] == 0o040755
    deep = [e["name"] for e in centre.output("ls", "/scratch/ann", recursive=True)]
    assert deep[0] == "logs"
    assert deep[1].startswith("logs/lora-13b-")
    assert centre.output("ls", "/home/ann") == []
    assert centre.output("file", "/scratch/ann") == "directory"
    assert centre.ops("ls", "/scratch", recursive=True).status == 403


def test_others_files_are_refused_and_operators_read_all(centre: Centre) -> None:
    job = centre.running("bob")
    path = paths(job)[2]
    for name, words in (
        ("stat", f"stat: cannot statx '{path}': Permission denied"),
        ("tail", f"tail: cannot open '{path}' for reading: Permission denied"),
        ("head", f"head: cannot open '{path}' for reading: Permission denied"),
        ("view", f"dd: failed to open '{path}': Permission denied"),
        ("download", f"base64: {path}: Permission denied"),
        ("checksum", f"sha256sum: {path}: Permission denied"),
    ):
        reply = centre.ops(name, path)
        assert reply.status == 403
        assert error(reply)["message"] == f"Remote process failed with exit status:1 and error message:{words}"
    assert centre.ops("ls", "/scratch/bob").status == 403
    assert centre.ops("stat", "/scratch/bob/nothing").status == 403
    assert centre.output("file", path) == f"cannot open `{path}' (Permission denied)"
    assert centre.output("stat", path, "dan")["size"] == len(log_bytes(job, centre.sim.now))


def test_what_is_not_there_is_said_in_the_words_of_the_command(centre: Centre) -> None:
    path = "/scratch/ann/logs/none.out"
    reply = centre.ops("tail", path, lines=3)
    assert reply.status == 404
    assert error(reply) == {
        "errorType": "error",
        "message": "Remote process failed with exit status:1 and error message:"
        f"tail: cannot open '{path}' for reading: No such file or directory",
        "causedBy": None, "data": None, "user": "ann",
    }  # fmt: skip
    assert centre.ops("ls", path).status == 404
    assert centre.output("file", path).endswith("(No such file or directory)")
    assert centre.ops("tail", "/scratch/ann").status == 500, "tail: error reading: Is a directory"
    job = centre.running()
    assert centre.ops("stat", paths(job)[2] + "/deeper").status == 500, "Not a directory"
    assert centre.ops("stat", "/scratch/ann/" + "x" * 300).status == 500, "File name too long"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/etc/passwd", "The provided path (/etc/passwd) does not match any of the defined filesystem paths for the "
         "requested system (tiny)."),
        ("/scratch/../etc/passwd", "The provided path (/etc/passwd) does not match any"),
        ("/scratchy", "The provided path (/scratchy) does not match any"),
        ("logs/x.out", "The provided path (logs/x.out) is not an absolute path."),
        ("", "The provided path () is not an absolute path."),
    ],
)  # fmt: skip
def test_only_the_file_systems_are_served(centre: Centre, path: str, message: str) -> None:
    reply = centre.ops("tail", path)
    assert reply.status == 400
    assert error(reply)["message"].startswith(message)
    assert centre.ask("/filesystem/tiny/ops/tail").status == 400, "no path at all"


def test_a_quote_in_a_path_reaches_the_shell(centre: Centre) -> None:
    reply = centre.ops("tail", "/scratch/ann/it's")
    assert reply.status == 500
    assert "unexpected EOF while looking for matching" in error(reply)["message"]


def test_who_has_no_account_there_cannot_log_in(centre: Centre) -> None:
    reply = centre.ops("stat", "/scratch/ann/logs/x.out", "stranger")
    assert reply.status == 424
    assert error(reply)["message"] == "Unable to establish SSH connection."
    assert centre.ask("/status/tiny/userinfo", "stranger").status == 500
    assert told(centre.ask("/compute/tiny/jobs", "stranger")) == {"jobs": []}


def test_what_waits_has_no_file_and_each_task_has_its_own(centre: Centre) -> None:
    submit(centre.sim, name="sweep", accelerators=1, array=(4, 2))
    held = submit(centre.sim, name="waits", held="user")
    centre.clock.step(300)
    names = [e["name"] for e in centre.output("ls", "/scratch/ann/logs")]
    assert len(names) == 2
    assert {name[-6:] for name in names} == {"_0.out", "_1.out"}
    assert centre.ops("stat", paths(held)[2]).status == 404


def test_what_has_ended_keeps_its_file(centre: Centre) -> None:
    job = centre.running(hours=1.0, minutes=5)
    centre.sim.cancel(job, "ann")
    centre.clock.step(2 * 3600)
    assert job.id not in centre.sim.jobs
    content = centre.ops("download", paths(job)[2]).body
    assert content == log_bytes(job, centre.sim.now)
    assert b"CANCELLED AT 2026-11-22T21:05:" in content


def test_errors_go_where_they_were_asked_to(centre: Centre) -> None:
    job = centre.running(output="runs/%j/out.log", error="runs/%j/err.log", work_dir="/scratch/ann/exp")
    folder = f"/scratch/ann/exp/runs/{job.id}"
    assert [e["name"] for e in centre.output("ls", folder)] == ["err.log", "out.log"]
    assert centre.ops("download", f"{folder}/err.log").body == log_bytes(job, centre.sim.now, "err") != b""
    [meta] = told(centre.ask(f"/compute/tiny/jobs/{job.id}/metadata"))["jobs"]
    assert meta["standardOutput"] == f"{folder}/out.log"
    assert meta["standardError"] == f"{folder}/err.log"


def test_a_restart_overwrites_the_file(centre: Centre) -> None:
    job = centre.running(minutes=40)
    before = centre.ops("download", paths(job)[2]).body
    centre.sim.requeue(job)
    assert centre.ops("download", paths(job)[2]).body.startswith(before), "it stays until the job starts again"
    centre.clock.step(1200)
    assert job.restarts == 1
    assert not centre.ops("download", paths(job)[2]).body.startswith(before[:1000])


# What the commands make of their numbers

# Beyond these, one release of coreutils is not like the next.
numbers = st.one_of(st.integers(-30, 30), st.integers(-(10**6), 10**6), st.sampled_from([2**40, -(2**40)]))


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> tuple[Centre, str, Path]:
    """A log with everything in it, and a copy of it on the real disk."""
    centre = Centre()
    job = centre.running(minutes=90)
    copy = tmp_path_factory.mktemp("beside") / "log"
    copy.write_bytes(log_bytes(job, centre.sim.now))
    return centre, paths(job)[2], copy


def gnu() -> bool:
    found = shutil.which("tail")
    return found is not None and b"GNU coreutils" in subprocess.run([found, "--version"], capture_output=True).stdout


def really(*command: str) -> tuple[int, bytes, str]:
    done = subprocess.run(command, capture_output=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.skipif(not gnu(), reason="head and tail are not GNU's")
@settings(max_examples=80, deadline=None)
@given(
    command=st.sampled_from(["head", "tail"]),
    what=st.sampled_from(["bytes", "lines"]),
    number=numbers,
    rest=st.booleans(),
)
def test_head_and_tail_do_what_head_and_tail_do(
    beside: tuple[Centre, str, Path], command: str, what: str, number: int, rest: bool
) -> None:
    centre, path, copy = beside
    option = [f"--{what}={('+' if command == 'tail' else '-') if rest else ''}{number}"] if number else []
    status, output, words = really(command, *option, "--", str(copy))
    asked: dict[str, Any] = {what: number, "skipHeading" if command == "tail" else "skipTrailing": rest}
    reply = centre.ops(command, path, **asked)
    if status:
        assert reply.status == 500
        assert error(reply)["message"].endswith(words.strip()), "as the command says it"
        return
    shown = told(reply)["output"]
    assert shown["content"] == output.decode("utf-8", "replace")
    assert shown["contentType"] == ("lines" if what == "lines" or not number else "bytes")
    place = number if (command == "tail") == rest else -number
    assert (shown["startPosition"], shown["endPosition"]) == ((0, place) if command == "head" else (place, -1))


@pytest.mark.skipif(shutil.which("dd") is None, reason="there is no dd")
@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 9000) | st.just(5_242_880), offset=st.integers(0, 60_000) | numbers)
def test_view_does_what_dd_does_and_then_counts_characters(
    beside: tuple[Centre, str, Path], size: int, offset: int
) -> None:
    centre, path, copy = beside
    reply = centre.ops("view", path, size=size, offset=offset)
    if offset < 0:
        assert reply.status == 400
        return
    status, output, words = really("dd", f"if={copy}", f"bs={size}", f"skip={offset // size}", "count=2")
    if status:
        assert reply.status == 500
        assert words.split(":")[-1].split("\n")[0] in error(reply)["message"]
    else:
        assert told(reply)["output"] == output.decode("utf-8", "replace")[offset % size :][:size]


@pytest.mark.parametrize(("name", "query"), [("head", "bytes"), ("tail", "lines"), ("view", "offset")])
def test_numbers_that_no_command_takes(centre: Centre, name: str, query: str) -> None:
    path = paths(centre.running())[2]
    asked: dict[str, Any] = {query: 10**25}
    reply = centre.ops(name, path, **asked)
    assert reply.status == 500
    assert error(reply)["message"].startswith("Remote process failed with exit status:1 and error message:")


def test_positions_are_told_as_they_were_asked_for(centre: Centre) -> None:
    path = paths(centre.running())[2]
    tail, head = centre.output("tail", path), centre.output("head", path)
    assert (tail["contentType"], tail["startPosition"], tail["endPosition"]) == ("lines", 10, -1)
    assert (head["contentType"], head["startPosition"], head["endPosition"]) == ("lines", 0, 10)
    assert tail["content"].count("\n") >= 9
    assert centre.output("tail", path, bytes=30)["startPosition"] == -30
    both = centre.ops("tail", path, bytes=3, lines=3)
    assert both.status == 400
    assert error(both)["message"] == "Only one of `bytes` or `lines` can be specified."


def test_what_is_no_utf_8_arrives_as_something_longer(centre: Centre) -> None:
    job = next(
        job for seed in range(3000) if Log(job := centre_job(centre, seed)).truth(NOON + 3000).hostile == "invalid"
    )
    centre.sim.jobs[job.id] = job
    centre.clock.step(3000)
    raw = log_bytes(job, centre.sim.now)
    at = raw.index(b"bad bytes: \xff")
    text = centre.output("tail", paths(job)[2], bytes=at + 1, skipHeading=True)["content"]
    assert "\ufffd" in text[:20]
    assert len(text.encode()) > len(raw) - at
    assert centre.ops("download", paths(job)[2]).body == raw


def centre_job(centre: Centre, seed: int) -> Job:
    """A job as if it ran, not known to the scheduler."""
    sim = centre.sim
    job = sim.workload.make(user="ann", name="sft-32b", partition="gpu", accelerators=2, hours=9, now=NOON)
    sim.cluster.take(job, (sim.cluster.node_list[0],))
    sim.cluster.give_back(job, sim.now)
    job.id, job.seed, job.state, job.started, job.run, job.behaviour = 99, seed, "RUNNING", NOON, 32_000, ""
    return job


def test_no_answer_is_longer_than_the_limit(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    path = paths(centre.running(minutes=120))[2]
    size = centre.output("stat", path)["size"]
    monkeypatch.setattr(firecrest_files, "MOST", size)
    everything: dict[str, dict[str, Any]] = {
        "tail": {"bytes": 1, "skipHeading": True}, "head": {"lines": 10**6}, "download": {},
    }  # fmt: skip
    for name, query in everything.items():
        reply = centre.ops(name, path, **query)
        assert reply.status == 413
        assert error(reply)["message"] == "Command output exceeded buffer limit."
    assert centre.ops("tail", path, bytes=size - 1).status == 200
    monkeypatch.setattr(firecrest_files, "MOST", size * 5 // 4)
    assert centre.ops("tail", path, bytes=size).status == 200
    assert centre.ops("download", path).status == 413, "it is sent as base64"
    monkeypatch.setattr(firecrest_files, "MOST", size * 3 // 2)
    assert centre.ops("download", path).status == 200


NO_INTEGER = "Input should be a valid integer, unable to parse string as an integer"
TOO_LONG = "Unable to parse input string as an integer, exceeded maximum size"
NO_BOOLEAN = "Input should be a valid boolean, unable to interpret input"


@pytest.mark.parametrize(
    ("name", "query", "fields"),
    [
        ("tail", {"bytes": "ten"}, {"bytes": NO_INTEGER}),
        ("tail", {"lines": "1.5", "skipHeading": "perhaps"}, {"lines": NO_INTEGER, "skipHeading": NO_BOOLEAN}),
        ("head", {"bytes": ""}, {"bytes": NO_INTEGER}),
        ("view", {"size": "9" * 5000}, {"size": TOO_LONG}),
        ("ls", {"recursive": "2"}, {"recursive": NO_BOOLEAN}),
    ],
)
def test_parameters_are_checked(centre: Centre, name: str, query: dict[str, str], fields: dict[str, str]) -> None:
    reply = centre.ops(name, "/scratch/ann/logs/x.out", **query)
    body = error(reply)
    assert (reply.status, body["errorType"]) == (400, "validation")
    assert body["data"] == {
        "fields": [{"location": "query", "name": name, "message": words} for name, words in fields.items()]
    }
    assert f"{len(fields)} validation error" in body["message"]
    assert "router.py" in body["message"], "it tells where its files lie"


# Jobs


def test_jobs_as_they_are_told(centre: Centre) -> None:
    job = centre.running(name="한글 | 이름")
    waiting = submit(centre.sim, name="waits", nodes=2, accelerators=4)
    centre.clock.step(60)
    first, second = told(centre.ask("/compute/tiny/jobs"))["jobs"]
    now = int(centre.sim.now)
    assert first == {
        "jobId": str(job.id), "name": "한글 | 이름",
        "status": {"state": "RUNNING", "stateReason": "None", "exitCode": 0, "interruptSignal": None},
        "tasks": [{
            "id": f"{job.id}.batch", "name": "batch",
            "status": {"state": "RUNNING", "stateReason": None, "exitCode": 0, "interruptSignal": None},
            "time": {"elapsed": now - int(job.started), "start": int(job.started), "end": now, "suspended": 0,
                     "limit": None},
        }],
        "time": {"elapsed": now - int(job.started), "start": int(job.started), "end": now, "suspended": 0,
                 "limit": 4 * 3600},
        "account": "lab", "allocationNodes": 1, "cluster": "tiny", "group": "lab", "nodes": "g-1", "partition": "gpu",
        "killRequestUser": "", "user": "ann", "workingDirectory": "/scratch/ann", "priority": job.priority,
    }  # fmt: skip
    assert second["jobId"] == str(waiting.id)
    assert second["status"] == {
        "state": "PENDING", "stateReason": "Resources", "exitCode": 0, "interruptSignal": None,
    }  # fmt: skip
    assert second["time"]["start"] == int(waiting.planned_start) > now, "an estimate, which only the state tells"
    assert (second["tasks"], second["group"], second["nodes"], second["allocationNodes"]) == (None, None, "", 0)


def test_a_bar_in_a_name_breaks_the_list_in_ssh_mode() -> None:
    centre = Centre(mode="ssh")
    submit(centre.sim, name="a|b", held="user")
    assert told(centre.ask("/compute/tiny/jobs")) == {"jobs": []}, "one that waits is just not there"
    centre.running(name="plain", minutes=5)
    assert len(told(centre.ask("/compute/tiny/jobs"))["jobs"]) == 1
    centre.running("bob", name="c|d", minutes=5)
    assert centre.ask("/compute/tiny/jobs").status == 200
    for reply in (centre.ask("/compute/tiny/jobs", allusers=True), centre.ask("/compute/tiny/jobs", "bob")):
        assert reply.status == 500
        assert error(reply)["message"] == "Error executing Slurm command."


def test_ids_of_tasks_are_not_taken(centre: Centre) -> None:
    reply = centre.ask("/compute/tiny/jobs/6_0")
    assert reply.status == 400
    assert error(reply)["message"] == (
        "1 validation error:\n  {'type': 'string_pattern_mismatch', 'loc': ('path', 'job_id'), 'msg': \"string should "
        "match pattern '^[a-za-z0-9]+$'\", 'input': '6_0', 'ctx': {'pattern': '^[a-za-z0-9]+$'}}\n\n  file "
        '"/opt/firecrest-v2/src/firecrest/compute/router.py", line 101, in get_job\n'
        "    get /compute/{system_name}/jobs/{job_id}"
    )
    group = submit(centre.sim, name="sweep", accelerators=1, array=(4, 2))
    centre.clock.step(60)
    records = told(centre.ask(f"/compute/tiny/jobs/{group.array_id}"))["jobs"]
    assert len(records) == 3
    assert len({record["jobId"] for record in records}) == 3


def test_jobs_that_are_not_there(centre: Centre) -> None:
    reply = centre.ask("/compute/tiny/jobs/99999")
    assert (reply.status, error(reply)["message"]) == (404, "Job not found.")
    assert centre.ask("/compute/tiny/jobs/99999/metadata").status == 404
    assert centre.ask("/compute/tiny/jobs/99999", method="DELETE").status == 204, "slurmrestd's 200, handed on"
    newer = Centre(PEOPLE.replace("25.11.0", "26.05.3"))
    assert newer.ask("/compute/tiny/jobs/99999").status == 500, "its slurmrestd answers errors twice"
    job = newer.running(hours=0.2, minutes=5)
    assert newer.ask(f"/compute/tiny/jobs/{job.id}").status == 200
    newer.clock.step(3600)
    assert newer.ask(f"/compute/tiny/jobs/{job.id}").status == 500, "even of one that accounting still knows"
    assert job.id in {int(told_of["jobId"]) for told_of in told(newer.ask("/compute/tiny/jobs"))["jobs"]}
    ssh = Centre(mode="ssh")
    assert ssh.ask("/compute/tiny/jobs/99999").status == 404
    assert "Invalid job id specified" in error(ssh.ask("/compute/tiny/jobs/99999", method="DELETE"))["message"]


def test_cancelling_and_pretending_to(centre: Centre) -> None:
    mine, theirs = centre.running(minutes=2), centre.running("bob", minutes=2)
    assert centre.ask(f"/compute/tiny/jobs/{theirs.id}", method="DELETE").status == 204
    assert theirs.running, "refused inside, and nobody looked"
    assert centre.ask(f"/compute/tiny/jobs/{mine.id}", method="DELETE").status == 204
    assert (mine.state, mine.cancelled_by) == ("CANCELLED", "ann")
    assert centre.ask(f"/compute/tiny/jobs/{theirs.id}", "dan", method="DELETE").status == 204
    assert theirs.state == "CANCELLED"
    [told_of] = told(centre.ask(f"/compute/tiny/jobs/{theirs.id}", "bob"))["jobs"]
    assert told_of["killRequestUser"] == "dan"
    ssh = Centre(mode="ssh")
    other = ssh.running("bob", minutes=2)
    assert ssh.ask(f"/compute/tiny/jobs/{other.id}", method="DELETE").status == 500
    assert other.running


def test_metadata_of_the_living_and_the_forgotten(centre: Centre) -> None:
    job = centre.running(hours=1.0, minutes=5)
    where = f"/compute/tiny/jobs/{job.id}/metadata"
    [meta] = told(centre.ask(where))["jobs"]
    assert meta["standardOutput"] == paths(job)[2]
    assert (meta["standardInput"], meta["standardError"]) == ("/dev/null", None)
    assert meta["script"].startswith("#!/bin/bash\n#SBATCH --job-name=lora-13b\n")
    assert centre.ask(where, "bob").status == 500, "the refused script is taken for a script"
    assert centre.ask(where, "dan").status == 200
    centre.sim.cancel(job, "ann")
    centre.clock.step(7200)
    [meta] = told(centre.ask(where))["jobs"]
    assert meta["standardOutput"] == f"/scratch/ann/logs/%x-{job.id}.out", "only the number is filled in"


def test_a_path_ends_at_its_first_space(centre: Centre) -> None:
    job = centre.running(name="two words")
    [meta] = told(centre.ask(f"/compute/tiny/jobs/{job.id}/metadata"))["jobs"]
    assert meta["standardOutput"] == "/scratch/ann/logs/two"


def test_an_account_narrows_what_accounting_tells_and_slurmctld_does_not_mind(centre: Centre) -> None:
    centre.running("ann", minutes=2)
    jobs = told(centre.ask("/compute/tiny/jobs", account="firm"))["jobs"]
    assert len(jobs) == 1
    assert jobs[0]["tasks"] is None, "it is the scheduler's record"
    ssh = Centre(mode="ssh")
    ssh.running("ann", minutes=2)
    assert told(ssh.ask("/compute/tiny/jobs", account="firm")) == {"jobs": []}
    assert len(told(ssh.ask("/compute/tiny/jobs", account="lab"))["jobs"]) == 1


def test_what_is_private_stays_so() -> None:
    for mode in ("hybrid", "ssh"):
        centre = Centre(PEOPLE + 'private = ["jobs", "nodes"]\n', mode=mode)
        theirs = centre.running("bob", minutes=5)
        assert told(centre.ask("/compute/tiny/jobs", allusers=True)) == {"jobs": []}
        assert centre.ask(f"/compute/tiny/jobs/{theirs.id}").status == 404
        assert len(told(centre.ask("/compute/tiny/jobs", "dan", allusers=True))["jobs"]) == 1
        assert centre.ask("/status/tiny/nodes").status == 500


def test_the_two_ways_to_ask_of_nodes() -> None:
    hybrid, ssh = Centre(), Centre(mode="ssh")
    for centre in (hybrid, ssh):
        centre.running(accelerators=4, cores=3, minutes=5)
    [one, *_] = told(hybrid.ask("/status/tiny/nodes"))["nodes"]
    [other, *_] = told(ssh.ask("/status/tiny/nodes"))["nodes"]
    assert (one["state"], other["state"]) == (["MIXED"], ["MIXED"])
    assert one["cpuLoad"] == 100 * other["cpuLoad"]
    assert (one["freeMemory"], one["idleCpus"]) == (None, None)
    assert one["cores"] == 8
    assert other["cores"] == other["threads"] == other["sockets"]
    assert other["allocMemory"] == 262144 > one["allocMemory"]
    assert told(hybrid.ask("/status/tiny/partitions"))["partitions"][0]["partition"] == ["UP"]
    assert told(ssh.ask("/status/tiny/partitions"))["partitions"][0]["partition"] == "UP"


# Anything at all

words = st.one_of(
    st.sampled_from(["true", "0", "-1", "1", "", "99999999999999999999999", "1e3", "NaN", "null", "..", "'", "\0"]),
    st.text(max_size=20), st.integers().map(str),
)  # fmt: skip
places = st.one_of(
    st.sampled_from(["/scratch/ann/logs", "/scratch/ann", "/scratch", "/", "/home/ann", "/scratch/bob/logs"]),
    st.text(max_size=30).map(lambda text: "/scratch/ann/" + text), st.text(max_size=30),
)  # fmt: skip
# Where the real one is at fault too: commands that fail for reasons it has no status for, and slurmrestd's refusals.
KNOWN_500 = ("Remote process failed", "Unexpected Slurm API response", "Unable to establish SSH connection.")


@settings(max_examples=300, deadline=None)
@given(
    operation=st.sampled_from(list(firecrest_files.OPERATIONS)), place=places,
    user=st.sampled_from(["ann", "dan", "who"]),
    query=st.dictionaries(
        st.sampled_from(["bytes", "lines", "skipHeading", "skipTrailing", "size", "offset", "recursive", "numericUid"]),
        words, max_size=4,
    ),
)  # fmt: skip
def test_no_request_about_a_file_brings_it_down(
    beside: tuple[Centre, str, Path], operation: str, place: str, user: str, query: dict[str, str]
) -> None:
    centre, path, _copy = beside
    reply = centre.ops(operation, path if place == "/" else place, user, **query)
    assert reply.status in (200, 400, 403, 404, 413, 424, 500)
    if reply.status == 500:
        assert error(reply)["message"].startswith(KNOWN_500)


@settings(max_examples=200, deadline=None)
@given(
    method=st.sampled_from(["GET", "DELETE", "POST", "PUT", "HEAD"]), number=words,
    query=st.dictionaries(words, words, max_size=3), tail=st.sampled_from(["", "/metadata", "/attach", "/"]),
)  # fmt: skip
def test_no_other_request_does_either(
    beside: tuple[Centre, str, Path], method: str, number: str, query: dict[str, str], tail: str
) -> None:
    centre = beside[0]
    for path in (
        f"/compute/tiny/jobs/{number}{tail}",
        f"/compute/{number}/jobs",
        f"/status/tiny/{number}",
        f"/{number}",
    ):
        reply = centre.face.reply(method, path, query, centre.token())
        assert reply.status in (200, 204, 307, 400, 404, 405, 500), reply.body
        if reply.status == 500:
            assert error(reply)["message"].startswith(KNOWN_500)


# Over HTTP


@pytest.fixture
async def client(centre: Centre) -> Any:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=centre.face), base_url="http://f7t", headers=centre.token()
    ) as made:
        yield made


async def test_it_is_an_app(centre: Centre, client: httpx.AsyncClient) -> None:
    job = centre.running(name="한국어-미세조정")
    reply = await client.get(
        f"/filesystem/tiny/ops/tail?path={quote(paths(job)[2])}&bytes=101&skipHeading=true", follow_redirects=True
    )
    assert reply.status_code == 200
    assert reply.json()["output"]["content"].encode() == log_bytes(job, centre.sim.now)[100:]
    assert reply.headers["F7T-AppVersion"] == "2.5.6"
    gone = await client.delete(f"/compute/tiny/jobs/{job.id}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.get("/status/liveness", follow_redirects=True)).status_code == 200
    whole = await client.get("/filesystem/tiny/ops/download", params={"path": paths(job)[2]})
    assert whole.headers["content-type"] == "application/octet-stream"
    assert whole.content == log_bytes(job, centre.sim.now)
