"""A centre's files by FirecREST: its logs, and the scripts of its jobs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from naru_client.errors import NotProvided, Refused, SignInNeeded, Unreachable
from naru_client.exchange import Answer, Call, Transport
from naru_client.firecrest.address import checked_system
from naru_client.i18n import _
from naru_client.text import clean

if TYPE_CHECKING:
    from naru_client.firecrest.log import FirecrestLog

LONGEST_PATH = 4095  # bytes
REST = 30.0  # seconds after a refused token in which none is tried again: who prints tokens may ask a person for it


class FirecrestFiles:
    """The files of one system. Nothing is connected, and no token is read, before the first question.

    `connect` opens the transport, anew after a token was refused: the next one may be good. `system` tells the name of
    the system when it is needed. `monotonic` gives seconds.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Transport]],
        system: Callable[[], str],
        source: str,
        *,
        timeout: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self._connect, self._system, self._timeout, self._monotonic = connect, system, timeout, monotonic
        self._transport: Transport | None = None
        self._opening = asyncio.Lock()
        self._refused_at: float | None = None
        self._closed = False

    def open(self, path: str) -> "FirecrestLog":
        """A log by its absolute path. Raises Refused for a path that FirecREST must not be given."""
        from naru_client.firecrest.log import FirecrestLog

        return FirecrestLog(_checked_path(path), self._ask, self.source)

    async def script(self, job_id: str) -> str | None:
        """A job's batch script, as it is; None where FirecREST has none.

        Raises NotProvided for ids of a form that FirecREST takes in no question, and what asking raises.
        """
        from naru_client.firecrest import wire

        if not (job_id.isascii() and job_id.isalnum()):
            raise NotProvided(
                _("FirecREST takes no job id of the form {id}").format(id=clean(job_id, 60)),
                _("the number of a task's own is taken"),
            )
        answer = await self._sent(f"compute/{{}}/jobs/{job_id}/metadata", (), clean(job_id))
        found = wire.job_files_in(answer.body, job_id)
        return found.script or None if found is not None else None

    async def close(self) -> None:
        """Give up the connection for good. May be called twice."""
        self._closed = True
        await self._leave()

    def __repr__(self) -> str:
        return f"FirecrestFiles({self.source!r})"

    async def _ask(self, operation: str, path: str, query: tuple[tuple[str, str], ...]) -> Answer:
        return await self._sent(f"filesystem/{{}}/ops/{operation}", (("path", path), *query), clean(path))

    async def _sent(self, where: str, query: tuple[tuple[str, str], ...], what: str) -> Answer:
        """The answer to one question; raises what its status means."""
        from naru_client.firecrest import wire

        system = checked_system(self._system())
        transport = await self._opened()
        call = Call(
            key=f"{where.rpartition('/')[2]} {what}", method="GET", path="/" + where.format(quote(system)),
            query=query, timeout=self._timeout,
        )  # fmt: skip
        answer = await transport.send(call)
        error = wire.error_in(answer, what)
        if isinstance(error, SignInNeeded):
            self._refused_at = self._monotonic()
            if self._transport is transport:
                await self._leave()
        if error is not None:
            raise error
        self._refused_at = None
        return answer

    async def _opened(self) -> Transport:
        from naru_client.firecrest import wire

        async with self._opening:
            if self._closed:
                raise Unreachable(_("the connection was closed"))
            if self._transport is None:
                if self._refused_at is not None and self._monotonic() - self._refused_at < REST:
                    raise wire.refused_token()
                self._transport = await self._connect()
            return self._transport

    async def _leave(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()


def _checked_path(path: str) -> str:
    """The path, if FirecREST can be given it: it puts it between single quotes on a command line, whatever it holds."""
    try:
        fits = 0 < len(path.encode()) <= LONGEST_PATH and path.startswith("/")
    except UnicodeEncodeError:
        fits = False
    if not fits or "'" in path or any(c < " " or c == "\x7f" for c in path):
        raise Refused(
            _("{path}: {what}").format(path=clean(path, 200), what=_("FirecREST cannot be given such a path")),
            _("read it on a login node of the centre"),
        )
    return path
