"""The faces of a simulated centre on real sockets of this machine, for any client that speaks HTTP.

Only on loopback: a simulation is nobody else's business, and its tokens are printed where everybody reads them.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.mock.faults import Line, SiteLine, WorldLine, contracts_here
from naru_client.mock.server_connection import Connection, Face, Limits
from naru_client.mock.world import Site, World
from naru_client.text import clean

LOOK = 0.05  # seconds between two looks at whether a site is there, where it will not always be
LOOK_SELDOM = 0.5
KEPT_UP = 600.0  # simulated seconds: no more than these, or little more, are ever to be made up for at once
KEEP_UP = (0.1, 10.0)  # for that, the least and the most seconds between two looks at the clock
STOPPING = 0.5  # seconds that connections get to end
BACKLOG = 128


class Server:
    """One face on one port. `report` is told, in one line, of faults of our own."""

    def __init__(
        self,
        face: Face,
        line: Line,
        *,
        limits: Limits | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        report: Callable[[str], None] = lambda _words: None,
    ) -> None:
        self._face, self._line, self._sleep, self._report = face, line, sleep, report
        self._limits = limits or Limits()
        self._slots = asyncio.Semaphore(self._limits.connections)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._held: socket.socket | None = None  # keeps the port while nobody listens
        self._watch: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._address = ("", 0)

    @property
    def url(self) -> str:
        host, port = self._address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._tasks)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen there; port 0 is any that is free.

        Raises UsageError for an address that is not this machine's own, or that cannot be had.
        """
        host = check_host(host)
        try:
            held = _bound(host, port)
        except OSError as error:
            raise UsageError(
                _("cannot listen on {host}, port {port}: {why}").format(
                    host=host, port=port, why=clean(error.strerror or str(error))
                ),
                _("--port 0 takes any port that is free"),
            ) from None
        self._address = (host, held.getsockname()[1])
        self._held = held
        if not self._line.out():
            await self._listen()
        self._watch = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Hang up on everybody and give the port back, within a second."""
        self._closing.set()
        if self._watch is not None:
            await self._watch  # not cancelled: it may just be about to listen
        self._leave_off()
        for _turn in range(3):  # whoever was let in just now is known a turn or two later
            await self._hang_up()
            await asyncio.sleep(0)
        if self._held is not None:
            self._held.close()
            self._held = None

    async def _listen(self) -> None:
        held, self._held = self._held, None
        self._listener = await asyncio.start_server(self._connected, sock=held, backlog=BACKLOG)

    def _leave_off(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _hang_up(self) -> None:
        if tasks := set(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=STOPPING)
            await asyncio.sleep(0)  # for sockets to be closed, which asyncio does one turn later

    async def _look(self) -> None:
        """Stop listening while the site is out: who connects then is refused, as when nobody runs there."""
        while not await self._closes_within(LOOK if self._line.closes else LOOK_SELDOM):
            out = self._line.out()
            with suppress(OSError):  # somebody took the port just then: next time
                if out and self._listener is not None:
                    self._leave_off()
                    await self._hang_up()
                if out and self._held is None:
                    self._held = _bound(*self._address)
                if not out and self._listener is None:
                    self._held = self._held or _bound(*self._address)
                    await self._listen()

    async def _closes_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        return self._closing.is_set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= self._limits.connections + self._limits.waiting:
            writer.transport.abort()
            return
        self._tasks.add(task)
        try:
            async with self._slots:
                await Connection(
                    reader, writer, face=self._face, line=self._line, limits=self._limits, sleep=self._sleep,
                    report=self._report,
                ).serve()  # fmt: skip
        except asyncio.CancelledError:  # the server closes; were it raised on, asyncio would tell of it
            writer.transport.abort()
        finally:
            self._tasks.discard(task)


class Served:
    """A world on sockets: slurmrestd of each site, in order, on a port of its own, and FirecREST before all of them."""

    def __init__(self, world: World, sites: dict[str, Server], firecrest: Server) -> None:
        self.world = world
        self._sites, self._firecrest = sites, firecrest
        self._keeping_up = asyncio.create_task(self._keep_up())

    @property
    def urls(self) -> dict[str, str]:
        """Where each site's slurmrestd answers, by the site's name."""
        return {name: server.url for name, server in self._sites.items()}

    @property
    def firecrest_url(self) -> str:
        return self._firecrest.url

    async def close(self) -> None:
        self._keeping_up.cancel()
        await asyncio.gather(
            self._keeping_up, *(server.close() for server in (*self._sites.values(), self._firecrest)),
            return_exceptions=True,
        )  # fmt: skip

    async def _keep_up(self) -> None:
        least, most = KEEP_UP
        while True:
            await asyncio.sleep(min(most, max(least, KEPT_UP / max(self.world.speed, 1.0))))
            for name in self._sites:
                self.world.sites[name].at_present()
                await asyncio.sleep(0)


async def serve(
    world: World,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    sites: Sequence[Site] = (),
    limits: Limits | None = None,
    report: Callable[[str], None] = lambda _words: None,
) -> Served:
    """Serve these sites of a world, all of them when none is named: the first on `port`, each next one on the next
    port, FirecREST on the last; with port 0 each on any that is free.

    Raises UsageError for an address that is not this machine's own, or for a port that cannot be had.
    """
    from naru_client.mock.firecrest import Firecrest  # the faces, only for those who have them served
    from naru_client.mock.slurmrestd import Slurmrestd

    chosen = tuple(sites) or tuple(world.sites.values())
    if port and port + len(chosen) > 65_535:
        raise UsageError(
            _("{count} ports from {port} on do not exist: the last one is {most}").format(
                count=len(chosen) + 1, port=port, most=65_535
            ),
            _("--port 0 takes any port that is free"),
        )
    faces = [Slurmrestd(site, contracts=contracts_here(site.plan.release)) for site in chosen]
    servers = [
        Server(face, SiteLine(site, face), limits=limits, report=report)
        for site, face in zip(chosen, faces, strict=True)
    ]
    servers.append(Server(Firecrest(world), WorldLine(world), limits=limits, report=report))
    try:
        for place, server in enumerate(servers):
            await server.start(host, port and port + place)
    except BaseException:
        for server in servers:
            await server.close()
        raise
    return Served(world, dict(zip((site.name for site in chosen), servers, strict=False)), servers[-1])


def check_host(host: str) -> str:
    """The address to listen on. Raises UsageError for one that others could reach."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback or "%" in host or getattr(address, "ipv4_mapped", None):
        raise UsageError(
            _("{host} is not an address of this machine alone").format(host=repr(clean(host, 60))),
            _("a simulated centre is served on loopback only: 127.0.0.1, ::1 or localhost"),
        )
    return str(address)


def _bound(host: str, port: int) -> socket.socket:
    """A socket with that address, on which nobody listens yet."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just given up is free
        made.bind((host, port))
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made
