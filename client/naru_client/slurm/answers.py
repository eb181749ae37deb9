"""The one place where a status, an exit code or an error number becomes an error of Naru.

HTTP 200 is not success and 500 is not always a failure of the centre: what counts is the error number in the body where
there is one. Everything here is pure; what comes from outside is cleaned before it is in a message.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

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
from naru_client.exchange import Answer
from naru_client.i18n import _
from naru_client.text import clean

# Slurm's error numbers, the ones that say more than "no".
UNSPECIFIED = -1
AUTHENTICATION = frozenset({1007})
NO_CONTACT = frozenset({1800, 1801, 1802, 1803, 7000})  # slurmctld does not answer, or slurmdbd
DENIED = 2002
NO_SUCH_JOB = 2017
NOT_SIGNED_IN = b"Authentication failure"  # slurmrestd's whole answer to a request without a token
NOTHING_FOUND = 9003  # an empty result, which is no error
LARGEST_NUMBER = 1 << 31  # no error number is beyond what a C int holds
LONGEST_REST = 3600.0  # seconds; who asks for more of a rest gets this much, and no exact figure is shown


class Trouble(NamedTuple):
    """One entry of an answer's `errors`, whatever its version calls the parts. `number` is 0 when none is given."""

    number: int = 0
    text: str = ""


def unchanged(answer: Answer) -> bool:
    """Whether an HTTP answer says that nothing changed since it was last asked; raises for every other failure.

    Two forms of it: 304, and 200 without a body. The third, an empty list with a warning, is for the decoder to see.
    """
    if answer.status == 304:
        return True
    check_http(answer)
    return _blank(answer.body)


def version_missing(answer: Answer) -> bool:
    """Whether slurmrestd does not speak the version that was asked for: its 404 is plain text, not JSON."""
    return answer.status == 404 and not _is_json(answer)


def check_http(answer: Answer) -> None:
    """Raise what an HTTP status and the body of a failure mean; a 2xx or 304 passes, its body still to be judged.

    The error knows for how long the centre asked to be left alone, whatever the status it asked that with.
    """
    try:
        _check_http(answer)
    except NaruError as error:
        error.retry_after = rest(answer)
        raise


def rest(answer: Answer) -> float | None:
    """Seconds that an answer asks for before the next call, at most LONGEST_REST; None where it does not ask."""
    if answer.retry_after is None or not 0 <= answer.retry_after < float("inf"):
        return None
    return min(answer.retry_after, LONGEST_REST)


def _check_http(answer: Answer) -> None:
    status = answer.status
    if 200 <= status < 300 or status == 304:
        if not _is_json(answer) and not _blank(answer.body):
            raise BadAnswer(
                _("the address answers, but not as slurmrestd does ({what})").format(what=_content(answer)),
                _("check `url` in the profile: it is slurmrestd's address without a path"),
            )
        return
    if status in (401, 511):
        raise sign_in(_("the centre does not accept the token"))
    if 300 <= status < 400:
        raise UsageError(
            _("the address only redirects elsewhere (HTTP {status})").format(status=status),
            _("set `url` in the profile to where slurmrestd itself answers"),
        )
    if status in (429, 503):
        raise Unreachable(_("the centre is too busy (HTTP {status})").format(status=status), _later(answer))
    if _is_json(answer):
        judge(troubles(answer.body), shown=answer.call.shown)
    raise _by_status(answer)


def judge(errors: Iterable[tuple[int, str]], *, shown: str = "") -> None:
    """Raise what the errors inside a body (number, words) mean; an empty result is none."""
    found = [Trouble(*e) for e in errors if e[0] != NOTHING_FOUND and (e[0] or e[1])]
    if found:
        # the number that says most: a specific one before the unspecific -1 and 0
        raise error_for(max(found, key=lambda e: (e.number > 0, e.number)), shown=shown)


def error_for(trouble: Trouble, *, shown: str = "") -> NaruError:
    """The error that one of Slurm's error numbers means."""
    number, words = trouble.number, clean(trouble.text, 300) or _("no reason given")
    if number in AUTHENTICATION:
        return sign_in(_("the centre does not accept the token"))
    if number == UNSPECIFIED:  # all that slurmrestd of 22.05 says of a token that slurmctld rejects
        return sign_in(_("the token was refused (the centre's words: {words})").format(words=words))
    if number in NO_CONTACT:
        return Unreachable(_("the scheduler does not answer: {words}").format(words=words), _try_again())
    if number == NO_SUCH_JOB:
        return NotFound(_("the centre knows no such job"), _("its number may be mistyped, or its record is gone"))
    if number == DENIED:
        return Refused(_("the centre refused: {words}").format(words=words), _("your account may not see this"))
    hint = _("the centre's support can say why; it was asked: {call}").format(call=shown) if shown else _try_again()
    if number == 0:
        return Refused(_("the centre refused: {words}").format(words=words), hint)
    return Refused(_("the centre refused: {words} (error {number})").format(words=words, number=number), hint)


def troubles(body: bytes) -> tuple[Trouble, ...]:
    """The errors a body holds: `errors[]`, and `status[].error` of actions. Empty when the body is not JSON.

    Some versions write a failure twice on the socket; what follows the first JSON value is left out.
    """
    data = _first_value(body)
    if not isinstance(data, dict):
        return ()
    found = [_trouble(e) for e in _list(data.get("errors"))]
    found += [_trouble(s.get("error")) for s in _list(data.get("status")) if isinstance(s, dict)]
    return tuple(t for t in found if t.number or t.text)


def check_command(answer: Answer) -> None:
    """Raise what a command's exit status and its standard error mean; passes when it did what it was asked."""
    words = answer.stderr.decode("utf-8", "replace") + (
        "" if answer.status == 0 else "\n" + answer.body[:2000].decode("utf-8", "replace")
    )
    for pattern, make in _COMMAND_WORDS if answer.status else _SILENT_FAILURES:
        if pattern.search(words):
            raise make(_command_line(answer, words))
    if answer.status:
        name = clean(answer.call.argv[0]) if answer.call.argv else "?"
        raise BadAnswer(
            _("{name} failed (exit code {status}): {words}").format(
                name=name, status=answer.status, words=_command_line(answer, words) or _("no reason given")
            ),
            answer.call.shown,
        )


def sign_in(message: str) -> SignInNeeded:
    """The error for a token that is missing, expired or not accepted, with what to do about it."""
    return SignInNeeded(message, _("get a new token, for instance with `scontrol token`, and set it again"))


def _try_again() -> str:
    return _("try again in a minute; `naru doctor` says what answers")


def _later(answer: Answer) -> str:
    if answer.retry_after is None:
        return _try_again()
    if answer.retry_after > LONGEST_REST:
        return _("it asks to be left alone for more than an hour")
    return _("it asks to be left alone for {n:.0f} s").format(n=answer.retry_after)


def _by_status(answer: Answer) -> NaruError:
    status, words = answer.status, clean(answer.body[:200].decode("utf-8", "replace"), 160)
    if status == 404:
        return NotProvided(
            _("this centre does not provide {path}").format(path=clean(answer.call.path)),
            _("its slurmrestd may be of another version, or lack that plugin"),
        )
    if status == 403:
        return Refused(_("the centre refused (HTTP 403): {words}").format(words=words or _("no reason given")))
    if status >= 500:
        return Unreachable(
            _("the centre failed to answer (HTTP {status}): {words}").format(status=status, words=words or "–"),
            _try_again(),
        )
    return BadAnswer(_("unexpected answer (HTTP {status}): {words}").format(status=status, words=words or "–"))


def _blank(body: bytes) -> bool:
    """Whether there is nothing in it; 500 MB are not copied to find that out."""
    return not body[:100].strip() and not body.strip()


def _is_json(answer: Answer) -> bool:
    return "json" in answer.content_type.lower() or (
        not answer.content_type and answer.body[:100].lstrip()[:1] in (b"{", b"[")
    )


def _content(answer: Answer) -> str:
    return clean(answer.content_type.partition(";")[0].strip(), 60) or _("no content type")


def _first_value(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError):
        import json

        try:
            return json.JSONDecoder().raw_decode(body.decode("utf-8", "replace").lstrip())[0]
        except (ValueError, RecursionError):
            return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _trouble(entry: Any) -> Trouble:
    if not isinstance(entry, dict):
        return Trouble(text=clean(str(entry), 300) if entry else "")
    number = next((entry[k] for k in ("error_number", "errno", "code", "error_code") if k in entry), 0)
    if isinstance(number, dict):  # a wrapped number
        number = number.get("number", 0)
    words = [entry.get(k) for k in ("description", "error", "message", "string")]
    text = next((w for w in words if isinstance(w, str) and w and not _says_nothing(w)), "")
    if not isinstance(number, int) or isinstance(number, bool) or abs(number) > LARGEST_NUMBER:
        number = 0
    if number == 0 and text.lower() in ("", "no error"):
        return Trouble()
    return Trouble(number=number, text=clean(text, 300))


def _says_nothing(words: str) -> bool:
    return words in ("Unspecified error", "No error")


def _command_line(answer: Answer, words: str) -> str:
    """The line of a command's errors that says most: the last one that is not a request to try `--help`."""
    lines = [line.strip() for line in words.splitlines() if line.strip() and not line.startswith("Try ")]
    if not lines:
        return ""
    line = next((x for x in reversed(lines) if "error" in x or "fatal" in x), lines[-1])
    return clean(re.sub(r"^\w+: (?:error|fatal): ", "", line), 240)


def _no_configuration(_line: str) -> NaruError:
    return UsageError(
        _("Slurm's commands find no configuration of a cluster on this machine"),
        _("set SLURM_CONF, or `slurm-conf` in the profile, to the cluster's slurm.conf"),
    )


def _bad_configuration(line: str) -> NaruError:
    return UsageError(
        _("Slurm's commands cannot read their configuration: {words}").format(words=line),
        _("check SLURM_CONF, or `slurm-conf` in the profile"),
    )


def _no_contact(line: str) -> NaruError:
    return Unreachable(_("the scheduler does not answer: {words}").format(words=line), _try_again())


def _no_accounting(_line: str) -> NaruError:
    return NotProvided(_("this site keeps no accounting (no slurmdbd)"), _("only jobs in the queue can be shown"))


def _accounting_down(_line: str) -> NaruError:
    return Unreachable(_("the accounting store (slurmdbd) does not answer"), _try_again())


def _no_job(_line: str) -> NaruError:
    return error_for(Trouble(number=NO_SUCH_JOB))


def _denied(line: str) -> NaruError:
    return error_for(Trouble(number=DENIED, text=line))


def _munge(line: str) -> NaruError:
    return Unreachable(
        _("the scheduler does not accept this machine: {words}").format(words=line),
        _("is munged running here, with the cluster's key and the right time?"),
    )


def _not_this_version(line: str) -> NaruError:
    return NotProvided(_("the Slurm installed here cannot do that: {words}").format(words=line))


def _no_user(line: str) -> NaruError:
    return NotFound(_("the site knows no such user: {words}").format(words=line))


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)


# First match wins: what is more particular stands first.
_COMMAND_WORDS = (
    (_rule(r"DNS SRV lookup failed|Could not establish a configuration source"), _no_configuration),
    (_rule(r"Unable to process configuration file|s_p_parse_file"), _bad_configuration),
    (_rule(r"accounting storage is disabled"), _no_accounting),
    (_rule(r"slurm_persist_conn_open|PersistInit|Problem talking to the database|slurmdbd"), _accounting_down),
    (_rule(r"Invalid job id|Invalid job array|^Job \S+ not found|job not found"), _no_job),
    (_rule(r"Invalid user"), _no_user),
    (_rule(r"authentication error|Munge|authentication credential"), _munge),
    (_rule(r"Access/permission denied|Permission denied"), _denied),
    (_rule(r"Unable to contact|connect failure|Connection refused|timed out|Zero Bytes"), _no_contact),
    (
        _rule(r"unrecognized option|invalid option|allow an argument|data_parser|Invalid field|Invalid job format"
              r"|Invalid node format|invalid keyword|Incompatible versions"),
        _not_this_version,
    ),
)  # fmt: skip
# What some versions report with exit status 0.
_SILENT_FAILURES = (
    (_rule(r"Invalid user"), _no_user),
    (_rule(r"Invalid job format|Invalid node format|Invalid field"), _not_this_version),
)


def empty(answer: Answer) -> BadAnswer:
    """An answer without a body where there should be one."""
    return BadAnswer(
        _("the centre answered {call} with nothing").format(call=clean(answer.call.shown, 80)), _try_again()
    )
