"""What FirecREST's answers hold and what its refusals mean."""

from datetime import UTC, datetime

import msgspec
import pytest

from naru_client.errors import BadAnswer, NaruError, NotFound, NotProvided, Refused, SignInNeeded, Unreachable
from naru_client.exchange import Answer, Call
from naru_client.firecrest.wire import TooLong, error_in, facts_in, job_files_in, tail_in, view_in
from naru_client.logs.source import LogStat

REMOTE = "Remote process failed with exit status:1 and error message:"
PATH = "/scratch/ann/a.out"


def error(status: int, message: str = "", *, body: bytes | None = None, retry_after: float | None = None) -> NaruError:
    if body is None:
        told = {"errorType": "error", "message": message, "causedBy": None, "data": None, "user": "ann"}
        body = msgspec.json.encode(told)
    answer = Answer(
        call=Call(key="x"), status=status, body=body, retry_after=retry_after, as_of=datetime(2026, 1, 1, tzinfo=UTC)
    )
    found = error_in(answer, PATH)
    assert found is not None
    assert found.message.isprintable()
    return found


@pytest.mark.parametrize(
    ("status", "message", "kind", "words"),
    [
        (401, "Access token expired", SignInNeeded, "does not accept the token"),
        (511, "", SignInNeeded, "does not accept the token"),
        (403, REMOTE + f"tail: cannot open '{PATH}' for reading: Permission denied", Refused, "you may not read it"),
        (404, REMOTE + f"stat: cannot statx '{PATH}': No such file or directory", NotFound, "there is no such file"),
        (500, REMOTE + f"stat: cannot statx '{PATH}': Not a directory", NotFound, "there is no such file"),
        (404, "System not found", NotProvided, "no system of that name"),
        (404, "Job not found.", NotFound, "knows no such job"),
        (404, "Not Found", NotProvided, "does not answer at its address"),
        (400, f"The provided path ({PATH}) does not match any of the defined filesystem paths", Refused, "file system"),
        (400, "`size` value must be less than 100 bytes", TooLong, "more than FirecREST gives"),
        (413, "Command output exceeded buffer limit.", TooLong, "more than FirecREST gives"),
        (500, REMOTE + "tail: error reading: Is a directory", Refused, "tail: error reading: Is a directory"),
        (408, "Command execution timeout limit exceeded.", Unreachable, "timeout"),
        (424, "Unable to establish SSH connection.", Unreachable, "SSH"),
        (503, "", Unreachable, "HTTP 503"),
        (302, "", BadAnswer, "redirects"),
        (418, "", BadAnswer, "HTTP 418"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_our_words(status: int, message: str, kind: type[NaruError], words: str) -> None:
    found = error(status, message)
    assert type(found) is kind
    assert words in found.message


def test_words_of_a_refusal_are_one_clean_line() -> None:
    found = error(500, REMOTE + "\x1b[31mbad\n\u202eworse\x07")
    assert "\x1b" not in found.message
    assert "\n" not in found.message
    assert len(error(500, "x" * 100_000).message) < 300


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"message": 5}', b"[1]", b'{"message": "\xff"}', b"[" * 5000])
def test_a_refusal_that_is_none_of_firecrest_s_says_nothing_more(body: bytes) -> None:
    assert isinstance(error(500, body=body), Refused)
    assert isinstance(error(502, body=body), Unreachable)


def test_it_knows_for_how_long_to_leave_it_alone() -> None:
    assert error(429, retry_after=9.0).retry_after == 9.0
    assert error(500).retry_after is None


def test_success_is_no_error() -> None:
    answer = Answer(call=Call(key="x"), status=200, body=b"", as_of=datetime(2026, 1, 1, tzinfo=UTC))
    assert error_in(answer, PATH) is None


def test_stat() -> None:
    body = (
        b'{"output": {"mode": 33188, "ino": 7, "dev": 64128, "nlink": 1, "size": 12, "mtime": 1795348800, "new": {}}}'
    )
    assert facts_in(body).as_log() == LogStat(12, datetime(2026, 11, 22, 12, tzinfo=UTC), (64128, 7))
    assert facts_in(b'{"output": {"size": "12", "mtime": 1e300}}').as_log() == LogStat(12)
    for bad in (b"{}", b'{"output": {}}', b'{"output": {"size": null}}', b'{"output": {"size": -1}}', b"null"):
        with pytest.raises(BadAnswer):
            facts_in(bad)


def test_text() -> None:
    assert tail_in(b'{"output": {"content": "a\\u0000\\n", "contentType": "bytes"}}') == "a\0\n"
    assert view_in('{"output": "가"}'.encode()) == "가"
    for bad in (b'{"output": {"content": null}}', b'{"output": {"content": "\\ud800"}}', b'{"output": {}}', b"{"):
        with pytest.raises(BadAnswer):
            tail_in(bad)
    with pytest.raises(BadAnswer):
        view_in(b'{"output": ["x"]}')


def test_metadata() -> None:
    body = b'{"jobs": [{"jobId": "6", "script": "#!/bin/sh\\n"}, {"jobId": 7, "script": null, "standardOutput": "/a"}]}'
    six, seven = job_files_in(body, "6"), job_files_in(body, "7")
    assert six is not None
    assert six.script == "#!/bin/sh\n"
    assert seven is not None
    assert (seven.script, seven.standard_output) == (None, "/a")
    assert job_files_in(body, "8") is None
    with pytest.raises(BadAnswer):
        job_files_in(b'{"jobs": {}}', "6")
