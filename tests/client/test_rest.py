"""slurmrestd as a transport and a source: tokens, negotiation, lists that did not change, errors inside answers."""

import asyncio
import json
import logging
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.children import import_path

from naru_client.config import Profile
from naru_client.credentials import Secret
from naru_client.errors import (
    BadAnswer,
    NaruError,
    NotFound,
    NotProvided,
    Refused,
    SignInNeeded,
    Unreachable,
    UsageError,
)
from naru_client.exchange import Call, CallLog
from naru_client.slurm.job_ids import parse_job_id
from naru_client.slurm.open import open_profile, open_rest
from naru_client.slurm.rest import HttpTransport, SlurmRest, token_user

import httpx  # isort: skip  # after slurm.rest, which keeps it from importing its command line

Reply = Callable[[httpx.Request], httpx.Response]
CALL = Call(key="k", method="GET", path="/slurm/v0.0.42/ping")


def jwt(**claims: object) -> Secret:
    part = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Secret(f"e30.{part}.c2ln")


def carrier(reply: Reply, profile: Profile | None = None, token: Secret | None = None, **more: Any) -> HttpTransport:
    return HttpTransport(profile or Profile(), token, inner=httpx.MockTransport(reply), **more)


def source(reply: Reply, version: str = "v0.0.42") -> SlurmRest:
    return SlurmRest(carrier(reply), site="lab", version=version)


def answer(body: dict[str, Any], status: int = 200) -> httpx.Response:
    return httpx.Response(status, json={"errors": [], "warnings": [], **body})


async def headers_sent(profile: Profile, token: Secret | None) -> dict[str, str]:
    sent: dict[str, str] = {}

    def reply(request: httpx.Request) -> httpx.Response:
        sent.update(request.headers)
        return answer({})

    transport = carrier(reply, profile, token)
    await transport.send(CALL)
    await transport.close()
    return sent


async def test_the_token_goes_into_slurms_own_header_with_the_users_name() -> None:
    token = jwt(sun="alice")
    sent = await headers_sent(Profile(), token)
    assert sent["x-slurm-user-token"] == token.reveal()
    assert sent["x-slurm-user-name"] == "alice"
    assert "authorization" not in sent


async def test_a_user_named_in_the_profile_goes_before_the_tokens() -> None:
    assert (await headers_sent(Profile(user="root"), jwt(sun="alice")))["x-slurm-user-name"] == "root"


async def test_the_token_goes_as_a_bearer_where_the_profile_says_so() -> None:
    sent = await headers_sent(Profile(token_header="bearer"), Secret("abc"))
    assert sent["authorization"] == "Bearer abc"
    assert "x-slurm-user-token" not in sent


async def test_without_a_token_no_header_is_sent() -> None:
    sent = await headers_sent(Profile(), None)
    assert not {"authorization", "x-slurm-user-token", "x-slurm-user-name"} & set(sent)


@pytest.mark.parametrize(
    ("token", "user"),
    [
        (jwt(sun="alice"), "alice"),
        (jwt(preferred_username="bob"), "bob"),
        (jwt(sun="a\r\nX-Evil: 1"), None),
        (jwt(sun=7), None),
        (Secret("not-a-jwt"), None),
        (Secret("a.!!.c"), None),
        (Secret("a.W10.c"), None),
        (None, None),
    ],
)
def test_whose_token_it_is(token: Secret | None, user: str | None) -> None:
    assert token_user(token) == user


@pytest.mark.parametrize("url", ["http://slurm.example.org", "http://192.0.2.7:6820", "http://localhost.example.org"])
def test_a_token_never_travels_in_the_clear(url: str) -> None:
    with pytest.raises(UsageError, match="plain HTTP"):
        HttpTransport(Profile(url=url), Secret("abc"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://h.example.org"])
async def test_on_this_machine_and_by_https_it_does(url: str) -> None:
    await HttpTransport(Profile(url=url), Secret("abc")).close()


@pytest.mark.parametrize(
    "url",
    ["ftp://h", "https://", "h.example.org", "https://h:99999", "https://h?a=b", "https://me:pw@h", "http://[::1"],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        HttpTransport(Profile(url=url), None)
    assert "pw" not in caught.value.message


def test_certificates_that_cannot_be_read_are_told() -> None:
    with pytest.raises(UsageError, match="cannot read the certificates"):
        HttpTransport(Profile(url="https://h", ca_bundle="/nonexistent/ca.pem"), None)


def broken(error: Exception) -> Reply:
    def reply(request: httpx.Request) -> httpx.Response:
        raise error

    return reply


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ConnectTimeout("slow"), Unreachable),
        (httpx.ReadTimeout("slow"), Unreachable),
        (httpx.ProxyError("403"), Unreachable),
    ],
)
async def test_no_answer_is_told_as_such(error: Exception, wanted: type[NaruError]) -> None:
    with pytest.raises(wanted) as caught:
        await carrier(broken(error)).send(CALL)
    assert caught.value.hint or isinstance(error, httpx.ProxyError)


async def test_a_centre_that_never_answers_is_given_up() -> None:
    async def reply(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("never reached")

    transport = HttpTransport(Profile(), None, inner=httpx.MockTransport(reply))
    with pytest.raises(Unreachable, match="did not answer within"):
        await transport.send(Call(key="k", method="GET", path="/x", timeout=0.05))


async def test_a_kept_connection_that_was_closed_is_tried_once_more() -> None:
    tries: list[int] = []

    def reply(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        if len(tries) == 1:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return answer({})

    assert (await carrier(reply).send(CALL)).status == 200
    with pytest.raises(Unreachable):
        await carrier(broken(httpx.RemoteProtocolError("x"))).send(CALL)


async def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"location": "https://evil.example.org/"})

    assert (await carrier(reply, token=Secret("abc")).send(CALL)).status == 302
    assert asked == ["simulated"]


async def test_an_endless_answer_is_cut_short() -> None:
    with pytest.raises(BadAnswer, match="longer than 10 bytes"):
        await carrier(lambda request: httpx.Response(200, content=b"x" * 11), largest=10).send(CALL)


@pytest.mark.parametrize(("value", "seconds"), [("17", 17.0), ("Mon, 23 Nov 2026 00:01:00 GMT", 60.0), ("soon", None)])
async def test_how_long_to_wait(value: str, seconds: float | None) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    transport = carrier(lambda request: httpx.Response(503, headers={"retry-after": value}), now=lambda: now)
    assert (await transport.send(CALL)).retry_after == seconds


async def test_a_secret_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await carrier(lambda request: answer({}), token=Secret("hush-hush")).send(CALL)
    assert "hush-hush" not in caplog.text


def test_importing_httpx_here_brings_neither_click_nor_rich() -> None:
    program = (
        "import sys, naru_client.slurm.rest; "
        "print(sorted({'click', 'rich', 'httpx'} & {m.partition('.')[0] for m in sys.modules if sys.modules[m]}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": import_path()}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['httpx']"


def test_the_way_to_the_commands_imports_no_http_and_no_terminal() -> None:
    program = (
        "import sys, naru_client.slurm.open; "
        "print(sorted({'click', 'rich', 'httpx', 'textual', 'keyring'} & {m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": import_path()}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


PING = {"pings": [{"hostname": "c1", "pinged": "UP", "responding": True}], "meta": {"slurm": {"cluster": "naru"}}}


def server(version: str, **lists: dict[str, Any]) -> Reply:
    """A slurmrestd that speaks one version."""

    def reply(request: httpx.Request) -> httpx.Response:
        _, store, asked, tail = request.url.path.split("/", 3)
        if asked != version or store not in ("slurm", "slurmdb"):
            return httpx.Response(404, text="Unable find requested URL.")
        if tail == "ping":
            return answer(PING)
        if tail == "reservations":
            return answer({"reservations": []})
        return answer(lists[tail]) if tail in lists else httpx.Response(404, text="Unable find requested URL.")

    return reply


async def test_the_newest_version_that_answers_is_taken() -> None:
    log = CallLog()
    centre = await open_rest(Profile(name="p"), carrier(server("v0.0.42")), log)
    assert isinstance(centre.source, SlurmRest)
    assert (centre.source.version, centre.id) == ("v0.0.42", "naru")
    asked = [record.shown for record in log.records]
    assert asked[0] == "GET /slurm/v0.0.45/ping"
    assert asked[3] == "GET /slurm/v0.0.42/ping"
    assert [record.outcome for record in log.records][:4] == ["HTTP 404", "HTTP 404", "HTTP 404", "ok"]


async def test_a_pinned_version_is_the_only_one_asked_for() -> None:
    log = CallLog()
    with pytest.raises(NotProvided, match=r"does not speak v0\.0\.44"):
        await open_rest(Profile(contract="v0.0.44"), carrier(server("v0.0.42")), log)
    assert log.total == 1


async def test_something_else_that_answers_404_is_no_centre() -> None:
    with pytest.raises(NotProvided, match="no version"):
        await open_rest(Profile(), carrier(lambda request: httpx.Response(404, text="nginx")), CallLog())


async def test_a_ping_alone_does_not_prove_a_token() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/ping"):
            return answer({"pings": [{"hostname": "c1", "pinged": "DOWN", "responding": False}]})
        return answer({"errors": [{"error_number": 1007, "error": "Protocol authentication error"}]}, 511)

    with pytest.raises(SignInNeeded):
        await open_rest(Profile(contract="v0.0.42"), carrier(reply), CallLog())


async def test_the_cluster_is_named_by_accounting_where_no_answer_does() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/clusters"):
            return answer({"clusters": [{"name": "old-lab"}]})
        return answer({"pings": []} if path.endswith("/ping") else {"reservations": []})

    assert (await open_rest(Profile(contract="v0.0.38"), carrier(reply), CallLog())).id == "old-lab"


async def test_without_any_name_the_profiles_is_taken() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/slurmdb"):
            return httpx.Response(404, text="Unable find requested URL.")
        return answer({"pings": []} if request.url.path.endswith("/ping") else {"reservations": []})

    assert (await open_rest(Profile(name="mine", contract="v0.0.38"), carrier(reply), CallLog())).id == "mine"


async def test_without_a_token_http_asks_to_sign_in_before_anything_is_sent() -> None:
    log = CallLog()
    with pytest.raises(SignInNeeded, match="no token"):
        await open_profile(Profile(url="http://127.0.0.1:9"), log)
    assert log.total == 0


@pytest.mark.parametrize(("profile", "setting"), [(Profile(reach="http"), "url"), (Profile(reach="socket"), "socket")])
async def test_a_way_without_its_setting_is_the_users_mistake(profile: Profile, setting: str) -> None:
    with pytest.raises(UsageError, match=f"no `{setting}`"):
        await open_profile(profile, CallLog())


NODE = {"name": "n1", "state": ["IDLE"], "cpus": 8}


@pytest.mark.parametrize(
    "second",
    [
        httpx.Response(304),
        httpx.Response(200, content=b"", headers={"content-type": "application/json"}),
        answer({"nodes": [], "warnings": [{"description": "No node changes since update_time[99]", "source": "x"}]}),
    ],
)
async def test_a_list_that_did_not_change_is_never_blanked(second: httpx.Response) -> None:
    queries: list[dict[str, str]] = []

    def reply(request: httpx.Request) -> httpx.Response:
        queries.append(dict(request.url.params))
        return answer({"nodes": [NODE], "last_update": {"set": True, "number": 99}}) if len(queries) == 1 else second

    asked = source(reply)
    first, again = await asked.nodes(), await asked.nodes()
    assert [node.name for node in again.value] == ["n1"]
    assert queries == [{}, {"update_time": "99"}]
    assert again.as_of >= first.as_of


async def test_a_list_that_became_empty_is_empty() -> None:
    lists = [[NODE], []]
    asked = source(lambda request: answer({"nodes": lists.pop(0), "last_update": {"set": True, "number": 99}}))
    assert len((await asked.nodes()).value) == 1
    assert (await asked.nodes()).value == ()


@pytest.mark.parametrize(
    "second",
    [
        httpx.Response(304),
        httpx.Response(200, content=b""),
        answer({"jobs": [], "warnings": [{"description": "No job changes since update_time[99]", "source": "x"}]}),
    ],
)
async def test_a_queue_that_did_not_change_is_kept_and_what_runs_has_run_longer(second: httpx.Response) -> None:
    queries: list[dict[str, str]] = []
    jobs = [
        {"job_id": 1, "job_state": ["RUNNING"], "user_name": "alice", "start_time": 1_000_000_000},
        {"job_id": 2, "job_state": ["PENDING"], "user_name": "bob"},
    ]

    def reply(request: httpx.Request) -> httpx.Response:
        queries.append(dict(request.url.params))
        return answer({"jobs": jobs, "last_update": {"set": True, "number": 99}}) if len(queries) == 1 else second

    asked = source(reply)
    first, again = await asked.jobs(None), await asked.jobs("alice")
    assert queries == [{}, {"update_time": "99"}]
    ((running,), (ran, waiting)) = again.value, first.value
    assert (running.id, waiting.id) == ("1", "2")
    assert running.elapsed is not None
    assert ran.elapsed is not None
    assert 0 <= running.elapsed - ran.elapsed - int((again.as_of - first.as_of).total_seconds()) <= 1
    assert (await asked.jobs("bob")).value[0] is waiting


async def test_a_queue_that_became_empty_is_empty() -> None:
    lists: list[list[object]] = [[{"job_id": 1}], []]
    asked = source(lambda request: answer({"jobs": lists.pop(0), "last_update": {"set": True, "number": 99}}))
    assert len((await asked.jobs(None)).value) == 1
    assert (await asked.jobs(None)).value == ()


async def test_a_queue_that_tells_no_time_is_read_whole_each_time() -> None:
    queries: list[dict[str, str]] = []

    def reply(request: httpx.Request) -> httpx.Response:
        queries.append(dict(request.url.params))
        return answer({"jobs": [{"job_id": 1}]})

    asked = source(reply)
    (first,), (second,) = (await asked.jobs(None)).value, (await asked.jobs(None)).value
    assert queries == [{}, {}]
    assert first is second


class Parts(httpx.AsyncByteStream):
    """A body that comes in parts of so many bytes."""

    def __init__(self, body: bytes, size: int) -> None:
        self._body, self._size = body, size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._body), self._size):
            yield self._body[at : at + self._size]


@pytest.mark.parametrize("size", [7, 1000])
async def test_an_echoed_token_is_taken_out_wherever_the_parts_of_an_answer_meet(size: int) -> None:
    token = Secret("s3cret-token-of-alice")
    body = b'{"x":"' + b"." * 50 + token.reveal().encode() + b'"}'
    transport = HttpTransport(
        Profile(url="https://centre"),
        token,
        inner=httpx.MockTransport(lambda request: httpx.Response(200, stream=Parts(body, size))),
    )
    answered = await transport.send(Call(key="k", method="GET", path="/x"))
    assert token.reveal().encode() not in answered.body
    assert answered.body.startswith(b'{"x":"....')
    assert answered.body.endswith(b'"}')


async def test_nothing_where_a_list_should_be_is_no_empty_list() -> None:
    with pytest.raises(BadAnswer):
        await source(lambda request: httpx.Response(200, content=b"")).jobs(None)
    with pytest.raises(BadAnswer):
        await source(lambda request: httpx.Response(304)).nodes()


async def test_a_refusal_inside_a_success_is_raised() -> None:
    refused = answer({"jobs": [], "errors": [{"error_number": 2002, "error": "Access/permission denied"}]})
    with pytest.raises(Refused):
        await source(lambda request: refused).jobs(None)


async def test_warnings_reach_the_reader() -> None:
    warned = answer({"jobs": [], "warnings": [{"description": "hidden by\x1b[1m PrivateData"}]})
    reading = await source(lambda request: warned).jobs(None)
    assert reading.value == ()
    assert len(reading.warnings) == 1
    assert reading.warnings[0].isprintable()


def job(number: int, **more: Any) -> dict[str, Any]:
    return {"job_id": number, "job_state": ["RUNNING"], "user_name": "alice", **more}


async def test_one_users_jobs_are_picked_from_all() -> None:
    body = {"jobs": [job(1), job(2, user_name="bob")]}
    assert [j.job_id for j in (await source(lambda request: answer(body)).jobs("bob")).value] == [2]


async def test_a_task_still_in_its_group_is_found_under_its_array() -> None:
    paths: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if request.url.path.endswith("19_9"):  # the words of 22.05
            return answer({"errors": [{"error_number": 9202, "error": "Jobs description entry not found"}]}, 400)
        group = {"job_state": ["PENDING"], "array_job_id": 19, "array_task_string": "3-19%3"}
        return answer({"jobs": [job(19, **group), job(30, array_job_id=19, array_task_id=0)]})

    found = await source(reply).live_job(parse_job_id("19_9"))
    assert [j.id for j in found.value] == ["19_[3-19%3]"]
    assert paths == ["/slurm/v0.0.42/job/19_9", "/slurm/v0.0.42/job/19"]


async def test_a_job_nobody_knows_is_not_found() -> None:
    gone = answer({"jobs": [], "errors": [{"error_number": 2017, "error": "Invalid job id specified"}]}, 404)
    with pytest.raises(NotFound):
        await source(lambda request: gone).live_job(parse_job_id("9"))
    nothing = answer({"jobs": [], "warnings": [{"description": "slurmdb_jobs_get() found nothing"}]})
    with pytest.raises(NotFound):
        await source(lambda request: nothing).ended_job(parse_job_id("9"))


def past(number: int, state: str, user: str = "bob") -> dict[str, Any]:
    times = {"submission": 5, "start": 6, "end": 7}
    return {"job_id": number, "user": user, "state": {"current": [state]}, "time": times}


async def history(version: str) -> tuple[list[int], list[dict[str, str]]]:
    """The ids in bob's history by that version, and the parameters it was asked with."""
    queries: list[dict[str, str]] = []

    def reply(request: httpx.Request) -> httpx.Response:
        queries.append(dict(request.url.params))
        cancelled = [past(1, "CANCELLED"), past(4, "CANCELLED")]
        rest = [past(1, "CANCELLED"), past(2, "RUNNING"), past(3, "FAILED", "eve"), past(5, "FAILED")]
        return answer({"jobs": cancelled if queries[-1].get("state") == "CANCELLED" else rest})

    now = datetime(2026, 11, 23, tzinfo=UTC)
    found = await source(reply, version).history(since=now - timedelta(hours=1), until=now, user="bob")
    assert {(q["start_time"], q["end_time"]) for q in queries} == {
        (f"uts{int(now.timestamp()) - 3600}", f"uts{int(now.timestamp())}")
    }
    return [j.job_id for j in found.value], queries


async def test_history_of_22_05_is_one_list_of_states_and_asks_for_no_user() -> None:
    found, (query,) = await history("v0.0.38")
    assert found == [1, 5]
    assert {"COMPLETED", "CANCELLED", "OUT_OF_MEMORY"} <= set(query["state"].split(","))
    assert "REVOKED" not in query["state"]
    assert "users" not in query


async def test_later_history_asks_apart_for_jobs_cancelled_before_they_ran() -> None:
    found, (all_states, cancelled) = await history("v0.0.42")
    assert found == [1, 5, 4]
    assert "state" not in all_states
    assert cancelled["state"] == "CANCELLED"
    assert all_states["users"] == cancelled["users"] == "bob"
    for query in (all_states, cancelled):  # one of them alone would switch off the default of the others
        assert [query[f] for f in ("skip_steps", "show_duplicates", "disable_truncate_usage_time")] == ["true"] * 3


async def test_a_history_in_which_nothing_ended_is_no_warning() -> None:
    nothing = [{"description": "slurmdb_jobs_get() found nothing", "source": "_dump_jobs"}]
    strange = [{"description": "Ignoring unknown field", "source": "parser"}]
    now = datetime(2026, 11, 23, tzinfo=UTC)

    async def warned(warnings: list[dict[str, str]]) -> tuple[str, ...]:
        rest = source(lambda request: answer({"jobs": [], "warnings": warnings}))
        return (await rest.history(since=now, until=now, user="bob")).warnings

    assert await warned(nothing) == ()
    assert "Ignoring unknown field" in await warned(strange)


async def test_jobs_without_accelerators_are_known_by_those_with_some_in_another_answer() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        gpu = {"tres": {"allocated": [{"type": "gres", "name": "gpu:h100", "count": 4}]}}
        return answer({"jobs": [past(1, "CANCELLED")] if "state" in request.url.params else [past(2, "FAILED") | gpu]})

    now = datetime(2026, 11, 23, tzinfo=UTC)
    found = (await source(reply).history(since=now, until=now, user=None)).value
    assert {j.job_id: j.accelerator_count for j in found} == {1: 0, 2: 4}


async def test_a_site_without_accounting_says_so() -> None:
    missing = httpx.Response(404, text="Unable find requested URL.")
    now = datetime(2026, 11, 23, tzinfo=UTC)
    with pytest.raises(NotProvided, match="no accounting"):
        await source(lambda request: missing).history(since=now, until=now, user=None)


async def test_a_controller_that_is_down_is_unhealthy_and_named() -> None:
    down = answer({"pings": [{"hostname": "c1", "pinged": "DOWN", "responding": False}]})
    site = (await source(lambda request: down).site()).value
    assert site.healthy is False
    assert "c1" in (site.health_detail or "")


async def test_a_raw_job_is_its_own_record_cleaned() -> None:
    body = {"jobs": [job(1, name="a\x1b[31m\u202e\nb"), job(2)]}
    raw = (await source(lambda request: answer(body)).raw_job(parse_job_id("1"))).value
    assert '"job_id": 1' in raw
    assert '"job_id": 2' not in raw
    assert not set(raw) & set("\x1b\u202e\x07")
