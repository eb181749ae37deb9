"""Statuses, exit codes and error numbers: each becomes the error it means, in one line with a hint."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

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
from naru_client.exchange import Answer, Call
from naru_client.slurm import answers

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def http(status: int, body: Any = b"", content_type: str = "", **more: Any) -> Answer:
    if not isinstance(body, bytes):
        body, content_type = json.dumps(body).encode(), "application/json"
    call = Call(key="jobs", method="GET", path="/slurm/v0.0.42/jobs")
    return Answer(call=call, status=status, body=body, content_type=content_type, as_of=NOW, **more)


def command(status: int, stderr: str = "", stdout: str = "", program: str = "squeue") -> Answer:
    call = Call(key="jobs", argv=(program, "-h"))
    return Answer(call=call, status=status, body=stdout.encode(), stderr=stderr.encode(), as_of=NOW)


def number(error_number: int, description: str = "words", key: str = "error_number") -> dict[str, Any]:
    return {"errors": [{key: error_number, "description": description, "error": "e", "source": "s"}], "jobs": []}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http(401, b"Authentication failure", "text/plain"), SignInNeeded),
        (http(401, b"Authentication failureHTTP/1.1 401 UNAUTHORIZED\r\n\r\nAgain", "text/plain"), SignInNeeded),
        (http(511, number(1007)), SignInNeeded),
        (http(500, number(-1, "slurmctld config is unable to load")), SignInNeeded),
        (http(500, number(-1, "", "errno")), SignInNeeded),
        (http(404, number(2017)), NotFound),
        (http(500, number(2017)), NotFound),
        (http(404, b"Unable find requested URL.", "text/plain"), NotProvided),
        (http(500, number(2002)), Refused),
        (http(422, number(9000)), Refused),
        (http(403, b"Forbidden", "text/html"), Refused),
        (http(500, number(1800)), Unreachable),
        (http(500, b"Unspecified error", "text/plain"), Unreachable),
        (http(502, b"<html>", "text/html"), Unreachable),
        (http(503, b"", ""), Unreachable),
        (http(429, b"", ""), Unreachable),
        (http(302, b"", ""), UsageError),
        (http(415, b"unsupported", "text/plain"), BadAnswer),
        (http(200, b"<html>sign in</html>", "text/html"), BadAnswer),
    ],
)
def test_an_http_answer_becomes_the_error_it_means(answer: Answer, error: type[NaruError]) -> None:
    with pytest.raises(error) as caught:
        answers.check_http(answer)
    assert type(caught.value) is error
    assert caught.value.message.isprintable()


def test_a_good_answer_passes() -> None:
    answers.check_http(http(200, {"jobs": [], "errors": []}))


def test_not_modified_and_an_empty_body_mean_unchanged() -> None:
    assert answers.unchanged(http(304))
    assert answers.unchanged(http(200, b"", "application/json"))
    assert not answers.unchanged(http(200, {"nodes": []}))


def test_only_a_plain_404_means_another_version() -> None:
    assert answers.version_missing(http(404, b"Unable find requested URL.", "text/plain"))
    assert not answers.version_missing(http(404, number(2017)))
    assert not answers.version_missing(http(401, b"Authentication failure", "text/plain"))


def test_the_wait_a_busy_centre_asks_for_is_told() -> None:
    with pytest.raises(Unreachable) as caught:
        answers.check_http(http(503, b"", "", retry_after=17.0))
    assert "17 s" in caught.value.hint


def test_a_failure_written_twice_is_read_once() -> None:
    body = json.dumps(number(2017)).encode() + b"HTTP/1.1 404 NOT FOUND\r\nContent-Type: text/plain\r\n\r\nAgain"
    with pytest.raises(NotFound):
        answers.check_http(http(404, body, "application/json"))


def test_success_with_a_refusal_inside_is_a_refusal() -> None:
    body = {"errors": [], "status": [{"error": {"code": 2002, "string": "Access/permission denied"}}]}
    with pytest.raises(Refused, match="permission denied"):
        answers.judge(answers.troubles(json.dumps(body).encode()))


def test_an_empty_result_and_no_error_are_no_errors() -> None:
    answers.judge([(9003, "Nothing found"), (0, "")])
    done = {
        "status": [{"error": {"code": 0, "string": "No error"}}],
        "errors": [{"error_number": 0, "error": "No error"}],
    }
    assert answers.troubles(json.dumps(done).encode()) == ()


def test_the_error_that_says_most_is_told() -> None:
    with pytest.raises(NotFound):
        answers.judge([(-1, "Unspecified error"), (2017, "Invalid job id specified")])


def test_an_answer_without_json_holds_no_errors() -> None:
    assert answers.troubles(b"Authentication failure") == answers.troubles(b"[]") == ()


def test_what_a_centre_says_is_cleaned() -> None:
    error = answers.error_for(answers.Trouble(2002, "no\x1b[31m\nway\x07"))
    assert error.message.isprintable()


@pytest.mark.parametrize(
    ("stderr", "error"),
    [
        ("slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n", Unreachable),
        ("squeue: error: fetch_config: DNS SRV lookup failed\n"
         "squeue: fatal: Could not establish a configuration source\n",
         UsageError),
        ("squeue: error: s_p_parse_file: cannot stat file /x\nsqueue: fatal: Unable to process configuration file\n",
         UsageError),
        ("slurm_load_jobs error: Invalid job id specified\n", NotFound),
        ("sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection to host:a:6819: "
         "Connection refused\nsacct: error: Problem talking to the database: Connection refused\n", Unreachable),
        ("Slurm accounting storage is disabled\n", NotProvided),
        ("slurm_load_jobs error: Access/permission denied\n", Refused),
        ("slurm_load_jobs error: Protocol authentication error\n", Unreachable),
        ("squeue: option '--json' doesn't allow an argument\n"
         'Try "squeue --help" for more information\n', NotProvided),
        ("scontrol: unrecognized option '--json'\n", NotProvided),
        ("squeue: error: Invalid user: nosuch\n", NotFound),
        ("squeue: something new\n", BadAnswer),
        ("", BadAnswer),
    ],
)  # fmt: skip
def test_a_command_that_failed_becomes_the_error_it_means(stderr: str, error: type[NaruError]) -> None:
    with pytest.raises(error) as caught:
        answers.check_command(command(1, stderr))
    assert type(caught.value) is error
    assert caught.value.message.isprintable()
    assert not caught.value.message.endswith("--help for more information")


def test_slurmdbd_down_is_told_apart_from_slurmctld_down() -> None:
    with pytest.raises(Unreachable, match="slurmdbd"):
        answers.check_command(command(1, "sacct: error: Problem talking to the database: Connection refused"))


def test_a_command_that_reports_on_standard_output_is_understood() -> None:
    with pytest.raises(NotFound):
        answers.check_command(command(1, stdout="Job 14+1 not found\n", program="scontrol"))


def test_some_failures_come_with_exit_code_zero() -> None:
    with pytest.raises(NotFound):
        answers.check_command(command(0, "squeue: error: Invalid user: nosuch\n"))
    with pytest.raises(NotProvided):
        answers.check_command(command(0, "squeue: error: Invalid job format specification: Nope\n"))


def test_a_grumble_of_a_command_that_worked_is_no_error() -> None:
    answers.check_command(command(0, "squeue: warning: Unable to contact somebody else\n", "11\n"))


def test_what_a_command_prints_is_cleaned() -> None:
    with pytest.raises(BadAnswer) as caught:
        answers.check_command(command(3, "squeue: error: \x1b]52;c;x\x07 odd\n"))
    assert caught.value.message == "squeue failed (exit code 3): � odd"


def nested(depth: int = 200_000) -> bytes:
    return b'{"errors":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("body", [nested(), b"\xff" + nested(), nested()[:-9]])
def test_a_failure_nested_too_deeply_to_read_is_told_by_its_status(body: bytes) -> None:
    assert answers.troubles(body) == ()
    with pytest.raises(Unreachable, match="HTTP 500"):
        answers.check_http(http(500, body, "application/json"))


def test_a_refusal_without_a_number_shows_none_and_has_a_hint() -> None:
    refused = answers.error_for(answers.Trouble(0, "no way"), shown="GET /x")
    assert refused.message == "the centre refused: no way"
    assert "GET /x" in refused.hint
    assert answers.error_for(answers.Trouble(0, "no way")).hint
    assert "(error 9000)" in answers.error_for(answers.Trouble(9000, "no way")).message


def test_a_number_that_is_none_of_slurms_is_left_out() -> None:
    assert answers.troubles(b'{"errors": [{"error_number": 99999999999, "error": "e"}]}') == ((0, "e"),)


def test_a_refused_token_of_22_05_is_called_so() -> None:
    with pytest.raises(SignInNeeded, match=r"^the token was refused .*slurmctld config is unable to load"):
        answers.check_http(http(500, number(-1, "slurmctld config is unable to load")))


@pytest.mark.parametrize(
    ("seconds", "words"), [(17.0, "for 17 s"), (86_400.0, "more than an hour"), (1e300, "an hour")]
)
def test_how_long_a_centre_asks_to_be_left_alone(seconds: float, words: str) -> None:
    with pytest.raises(Unreachable) as caught:
        answers.check_http(http(503, retry_after=seconds))
    assert words in caught.value.hint
    assert len(caught.value.hint) < 80


@pytest.mark.parametrize("status", [401, 403, 404, 418, 429, 500, 503])
@pytest.mark.parametrize(
    ("asked", "told"), [(17.0, 17.0), (None, None), (86_400.0, 3600.0), (-1.0, None), (float("nan"), None)]
)
def test_an_error_knows_how_long_the_centre_asked_to_be_left_alone(
    status: int, asked: float | None, told: float | None
) -> None:
    with pytest.raises(NaruError) as caught:
        answers.check_http(http(status, b"no", "text/plain", retry_after=asked))
    assert caught.value.retry_after == told
