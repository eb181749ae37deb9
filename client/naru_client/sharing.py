"""Several Naru of one user on one machine ask a centre like one: whoever is first asks, the others read its answer.

Only lists that the schedule asks for are shared: never one job, and never anything that changes something. An answer is
left in a private folder (`sharing_folder`), without anything it was asked with: no token, no header, no address.
Whatever goes wrong there, the centre is asked as if nobody else were.
"""

import asyncio
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from os import close as close_handle

from msgspec.structs import replace

from naru_client.budget import left_alone
from naru_client.errors import NaruError, Unreachable
from naru_client.exchange import Answer, Call, CallLog, CallRecord, Patience, Transport, patience
from naru_client.i18n import _
from naru_client.sharing_folder import Folder, Header, Rest, read_body
from naru_client.slurm import answers
from naru_client.text import clean

LISTS = frozenset(
    {
        "jobs",
        "nodes",
        "pools",
        "reservations",
        "config",
        "ping",
        "history",
        "history of cancelled jobs",
        "quotas",
        "shares",
        "associations",
        "qos",
    }
)  # what `Call.key` names
SELDOM = {"config": 3600.0}  # seconds that what hardly ever changes is good for
BY_A_PERSON = 4.0  # seconds; only who pressed a key has less patience: a pause after a failure is broken for that
LARGEST_AT_ONCE = 1 << 19  # bytes that are read or written without a thread
LARGEST_REFUSAL = 1 << 16  # bytes; only an answer this small can be a refusal with status 200, or "nothing changed"
CLOCKS_DIFFER = 1.0  # seconds
LONGEST_PAUSE = 600.0  # seconds after many failures in a row
A_LITTLE_LESS = 0.95  # of the pause after a failure, so that who failed comes back after it, not just before
FIRST_LOOK, LONGEST_LOOK = 0.02, 0.25  # seconds between two looks at a lock

_MOMENT = re.compile(r"\buts\d+\b")
_NO_CHANGE = re.compile(rb"\bno\b[^\"]*\bchange", re.IGNORECASE)


class SharingTransport:
    """Sends through another transport what nobody else of the same user has just asked.

    `identity` is all that decides what a centre answers: where it is, how it is asked, and as whom. `site` gives its id
    for the log. `now` is the time of day.
    """

    def __init__(
        self,
        inner: Transport,
        folder: Folder,
        identity: Sequence[str],
        log: CallLog,
        *,
        site: Callable[[], str] = lambda: "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._inner = inner
        self._folder = folder
        self._identity = tuple(identity)
        self._log = log
        self._site = site
        self._now = now
        self._leaving: set[asyncio.Task[None]] = set()
        self._stuck: set[str] = set()  # locks that were waited for in vain
        self._centre_rest = f"{_digest(self._identity)}.rest"
        folder.sweep()

    @property
    def source(self) -> str:
        return self._inner.source

    async def send(self, call: Call) -> Answer:
        patience_now = patience()
        if patience_now is None or patience_now.max_age <= 0 or not _is_list(call):
            return await self._inner.send(call)
        question = _Question(self._identity, call)
        max_age = max(patience_now.max_age, SELDOM.get(call.key, 0.0))
        answer = await self._found(question, max_age, patience_now)
        if answer is not None:
            return answer
        lock = await self._turn(question.lock, call.timeout)
        try:
            if lock is not None:  # another may have asked while this one looked and waited
                answer = await self._found(question, max_age, patience_now)
                if answer is not None:
                    return answer
            self._check_rest(question, max_age)
            answer, lock = await self._ask(question, max_age, lock)
            return answer
        finally:
            _release(lock)

    async def close(self) -> None:
        await asyncio.gather(*self._leaving, return_exceptions=True)
        self._folder.sweep()
        self._folder.close()
        await self._inner.close()

    async def _found(self, question: "_Question", max_age: float, taker: Patience) -> Answer | None:
        """An answer that is fresh enough, and put into the log; None where there is none."""
        started = self._now()
        oldest = started.timestamp() - max_age
        found = [
            one for name, exact in question.places if (one := self._folder.open_body(name, exact, oldest)) is not None
        ]
        best = max(found, key=lambda one: one[1].as_of, default=None)
        for one in found:
            if one is not best:
                close_handle(one[0])
        if best is None:
            return None
        handle, header = best
        if header.as_of > started.timestamp() + CLOCKS_DIFFER:  # the clock was set back
            close_handle(handle)
            return None
        if header.size <= LARGEST_AT_ONCE:
            body = read_body(handle, header)
        else:
            body = await asyncio.to_thread(read_body, handle, header)
        if body is None:
            return None
        taker.age = max(taker.age, started.timestamp() - header.as_of)
        seconds = (self._now() - started).total_seconds()
        shown = clean(question.call.shown, 2000)
        self._log.add(CallRecord(started, shown, seconds, len(body), "ok", site=self._site(), shared=True))
        return Answer(
            call=question.asked_with(header.separator),
            status=header.status,
            body=body,
            content_type=header.content_type,
            as_of=datetime.fromtimestamp(header.as_of, UTC),
            seconds=header.seconds,
        )

    async def _turn(self, name: str, longest: float) -> int | None:
        """The lock of that name; None where there can be none, or who holds it takes too long.

        Once that was so nobody waits for it again until it was free: a Naru that was stopped holds it for ever.
        """
        waited, look = 0.0, FIRST_LOOK
        while True:
            try:
                lock = self._folder.try_lock(name)
            except OSError:
                return None
            if lock is not None:
                self._stuck.discard(name)
                return lock
            if name in self._stuck or waited > longest:
                self._stuck.add(name)
                return None
            await asyncio.sleep(look)
            waited, look = waited + look, min(look * 2, LONGEST_LOOK)

    async def _ask(self, question: "_Question", max_age: float, lock: int | None) -> tuple[Answer, int | None]:
        """The centre's answer, left for the others, and the lock where it is not kept until that is written."""
        try:
            answer = await self._inner.send(question.call)
        except Unreachable as error:
            self._leave_rest(question, max_age, error.retry_after)
            raise
        complaint = _complaint(answer)
        if isinstance(complaint, Unreachable):
            self._leave_rest(question, max_age, complaint.retry_after)
        if complaint is not None:
            return answer, lock
        self._folder.remove(question.rest)
        if len(answer.body) <= LARGEST_AT_ONCE:
            self._write(question, answer)
            return answer, lock
        task = asyncio.create_task(self._leave(question, answer, lock))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        return answer, None

    async def _leave(self, question: "_Question", answer: Answer, lock: int | None) -> None:
        try:
            await asyncio.to_thread(self._write, question, answer)
        finally:
            _release(lock)

    def _write(self, question: "_Question", answer: Answer) -> None:
        name, exact = question.place_of(answer)
        header = Header(
            question=exact,
            separator=answer.call.separator,
            status=answer.status,
            content_type=clean(answer.content_type, 200),
            as_of=answer.as_of.timestamp(),
            seconds=answer.seconds,
            size=len(answer.body),
            crc=zlib.crc32(answer.body),
        )
        self._folder.write(name, header, answer.body)

    def _check_rest(self, question: "_Question", max_age: float) -> None:
        """Raise Unreachable while another Naru was told to wait, or had no answer to this question a moment ago."""
        now = self._now().timestamp()
        told = self._folder.rest(self._centre_rest)
        if told is not None and 0 < (left := told.until - now) <= answers.LONGEST_REST:
            raise left_alone(left)
        if max_age <= BY_A_PERSON:
            return
        failed = self._folder.rest(question.rest)
        if failed is not None and 0 < (left := failed.until - now) <= LONGEST_PAUSE:
            raise Unreachable(
                _("the centre did not answer another Naru on this machine a moment ago"),
                _("it is asked again in {n:.0f} s").format(n=max(1.0, left)),
            )

    def _leave_rest(self, question: "_Question", max_age: float, retry_after: float | None) -> None:
        now = self._now().timestamp()
        if retry_after is not None and retry_after > 0:
            until = now + min(retry_after, answers.LONGEST_REST)
            self._folder.write_rest(self._centre_rest, Rest(until=until, told=True))
            return
        before = self._folder.rest(question.rest)
        failures = 1 if before is None or now - before.until > LONGEST_PAUSE else before.failures + 1
        pause = max(max_age, BY_A_PERSON) * 2.0 ** min(failures - 1, 6)
        until = now + min(pause, LONGEST_PAUSE) * A_LITTLE_LESS
        self._folder.write_rest(question.rest, Rest(until=until, told=False, failures=failures))


class _Question:
    """A call as the folder knows it: by digests alone, the same whatever parts the fields and whichever moment it is.

    A question "as it changed since then" has two places: the whole list, which answers it as well, and the word that
    nothing changed, which answers only who asks since the same moment.
    """

    def __init__(self, identity: tuple[str, ...], call: Call) -> None:
        self.call = call
        plain = [word.replace(call.separator, "\0") if call.separator else word for word in call.argv]
        whole = (*identity, "|", call.method, call.path, "|", *plain, "|")
        query = [f"{name}={value}" for name, value in call.query if name != "update_time"]
        since = [f"{name}={value}" for name, value in call.query if name == "update_time"]
        name = _digest(_MOMENT.sub("uts", word) for word in (*whole, *query))
        self._whole = (f"{name}.answer", _digest((*whole, *query)))
        self._same = (f"{name}.same", _digest((*whole, *query, "|", *since))) if since else None
        self.lock, self.rest = f"{name}.lock", f"{name}.rest"

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """The files that may answer it, each with the question it must have been written for."""
        return (self._whole,) if self._same is None else (self._whole, self._same)

    def place_of(self, answer: Answer) -> tuple[str, str]:
        return self._same if self._same is not None and _nothing_changed(answer) else self._whole

    def asked_with(self, separator: str) -> Call:
        """The call as it was made by who asked: with the separator that parts the fields of that answer."""
        mine = self.call.separator
        if not mine or separator == mine:
            return self.call
        return replace(
            self.call, separator=separator, argv=tuple(word.replace(mine, separator) for word in self.call.argv)
        )


def _is_list(call: Call) -> bool:
    return call.method in ("", "GET") and (call.key in LISTS or call.key.startswith("jobs "))


def _nothing_changed(answer: Answer) -> bool:
    """Whether an answer says that nothing changed since then, in any of the three forms that slurmrestd has for it."""
    if answer.status == 304 or not answer.body.strip():
        return True
    return len(answer.body) <= LARGEST_REFUSAL and _NO_CHANGE.search(answer.body) is not None


def _complaint(answer: Answer) -> NaruError | None:
    """Why an answer is none: such are not shared."""
    try:
        if answer.call.argv:
            answers.check_command(answer)
        else:
            answers.check_http(answer)
            if len(answer.body) <= LARGEST_REFUSAL:
                answers.judge(answers.troubles(answer.body))
    except NaruError as error:
        return error
    return None


def _digest(words: Iterable[str]) -> str:
    from hashlib import blake2b

    return blake2b("\0".join(words).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _release(lock: int | None) -> None:
    if lock is not None:
        with suppress(OSError):
            close_handle(lock)
