"""What goes wrong between a client and a simulated centre, decided request by request. Pure: no clock, no socket.

The faults of a site stand in its scenario (`scenario.Fault`) or are told by flag (`fault_syntax`). `Faults` decides
what befalls a request; a carrier does it: `server_connection` on a socket, `fault_transport` inside the process. What
an answer is turned into stands in `fault_bodies`.

`after_seconds`, `for_seconds`, and how long an upgrade takes, are counted in the centre's time from its opening.
Delays and hangs are seconds of whoever waits.
"""

import math
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from random import Random
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from naru_client.errors import UsageError
from naru_client.i18n import _
from naru_client.mock.scenario import Fault
from naru_client.text import clean

if TYPE_CHECKING:
    from naru_client.mock.world import Site, World

What = Literal["answer", "status", "reset", "half", "malformed", "wrong-types", "hang", "refused"]

LONGEST = 366 * 86_400.0  # seconds: no fault and no clock needs more
ENDPOINTS = 256  # of which requests are counted apart; a client that makes up paths does not fill the memory
_RELEASE = re.compile(r"(\d\d)\.(05|11)(?:\.\d{1,2})?", re.ASCII)
OF_A_SITE = ("skew", "upgrade")  # kinds that are not about single requests


class Verdict(Struct, frozen=True):
    """What becomes of one request: after `delay` seconds, `what`.

    `answer`: nothing else. `status`: that status instead, with `retry_after` seconds if any. `reset`: of the
    connection. `half`: the answer breaks off. `malformed`, `wrong-types`: its body is spoilt, by `draw`. `hang`:
    nothing for `seconds` (infinite: until the client leaves), then the connection is closed. `refused`: nobody listens.
    """

    what: What = "answer"
    delay: float = 0.0
    status: int = 0
    retry_after: int | None = None
    seconds: float = 0.0
    draw: str = ""


class Faults:
    """The faults of one site. The verdict on the n-th request to an endpoint follows from the seed, the faults, n and
    the time alone.

    Raises UsageError for a fault that makes no sense.
    """

    def __init__(self, faults: Iterable[Fault] = (), seed: int | str = 0) -> None:
        self._seed = seed
        self.use(faults)

    def use(self, faults: Iterable[Fault]) -> None:
        """Have these and no others, and count requests anew."""
        self._faults = tuple(check(fault) for fault in faults)
        self._asked: dict[str, int] = {}

    @property
    def told(self) -> tuple[Fault, ...]:
        """The faults there are."""
        return self._faults

    def verdict(self, path: str, since: float) -> Verdict:
        """What befalls the next request to this path, `since` seconds after the opening."""
        if self.out(since):
            return Verdict("refused")
        path = path.rstrip("/") or "/"
        endpoint = self._endpoint(path)
        number = self._asked[endpoint] = self._asked.get(endpoint, 0) + 1
        delay, struck, drawn = 0.0, None, ""
        for place, fault in enumerate(self._faults):
            if fault.kind in OF_A_SITE or not active(fault, since) or not fnmatchcase(path, fault.paths):
                continue
            draw = f"{self._seed}/{place}/{fault.kind}/{endpoint}/{number}"
            random = Random(draw)
            if random.random() >= fault.share:
                continue
            if fault.kind == "latency":
                delay += fault.seconds + fault.jitter * random.random()
            elif struck is None:
                struck, drawn = fault, draw
        if struck is None:
            return Verdict(delay=delay)
        return Verdict(
            struck.kind,  # type: ignore[arg-type]  # the kinds left here are all in What
            delay, struck.status, struck.retry_after, struck.seconds or math.inf, drawn,
        )  # fmt: skip

    def ahead(self, since: float) -> float:
        """How many seconds the site's clock is ahead then."""
        return sum(fault.seconds for fault in self._faults if fault.kind == "skew" and active(fault, since))

    def out(self, since: float) -> bool:
        """Whether it is being upgraded then: nobody listens."""
        return any(fault.kind == "upgrade" and active(fault, since) for fault in self._faults)

    def upgraded(self, since: float) -> tuple[Fault, ...]:
        """The upgrades that are over by then, the first one first."""
        over = [f for f in self._faults if f.kind == "upgrade" and f.after_seconds + f.seconds <= since]
        return tuple(sorted(over, key=lambda fault: fault.after_seconds))

    @property
    def upgrades(self) -> bool:
        """Whether there will be a time, or was one, at which nobody listens."""
        return any(fault.kind == "upgrade" for fault in self._faults)

    def _endpoint(self, path: str) -> str:
        """The path without what varies from one job, node or version to another."""
        found = re.sub(r"[^/]*\d[^/]*", "#", path)[:200]
        return found if found in self._asked or len(self._asked) < ENDPOINTS else "…"


def active(fault: Fault, since: float) -> bool:
    """Whether a fault is in force so long after the opening."""
    lasts = fault.seconds if fault.kind == "upgrade" else fault.for_seconds
    return fault.after_seconds <= since and (lasts is None or since < fault.after_seconds + lasts)


def check(fault: Fault) -> Fault:
    """The fault, if it makes sense. Raises UsageError saying what does not."""
    if wrong := wrong_with(fault):
        raise UsageError(_("the fault {kind!r} is not right: {why}").format(kind=fault.kind, why=wrong))
    return fault


def wrong_with(fault: Fault) -> str:
    """What does not make sense in a fault, for people; empty when all does."""
    least = -LONGEST if fault.kind == "skew" else 0.0
    for name, value, bottom in (
        ("seconds", fault.seconds, least),
        ("jitter", fault.jitter, 0.0),
        ("after-seconds", fault.after_seconds, 0.0),
        ("for-seconds", fault.for_seconds or 0.0, 0.0),
        ("retry-after", float(fault.retry_after or 0), 0.0),
    ):
        if not bottom <= value <= LONGEST:  # NaN fails this too
            return _("`{name}` must lie between {least:g} and {most:g}").format(name=name, least=bottom, most=LONGEST)
    if not 0 < fault.share <= 1:
        return _("`share` must be above 0 and at most 1")
    if fault.kind == "status" and not 300 <= fault.status <= 599:
        return _("`status` must lie between 300 and 599")
    if not fault.paths or not fault.paths.isprintable():
        return _("`paths` must be a pattern such as */jobs")
    if fault.kind in ("latency", "skew", "upgrade") and not (fault.seconds or fault.jitter):
        return _("`seconds` must be given")
    if fault.kind in OF_A_SITE and (fault.share != 1 or fault.paths != "*"):
        return _("it is about the whole site: it takes neither `share` nor `paths`")
    if fault.kind == "upgrade" and fault.release and contracts_of(fault.release) is None:
        return _("`release` is {name}, where 26.05.0 or the like is wanted").format(name=repr(clean(fault.release, 60)))
    return ""


def contracts_of(release: str) -> tuple[str, ...] | None:
    """The versions of the contract that a Slurm release ships, newest first; None for a release that is none.

    Each release brings one, and since 25.05 keeps the three before it.
    """
    match = _RELEASE.fullmatch(release)
    if match is None or not 24 <= int(match[1]) <= 60:
        return None
    newest = 41 + 2 * (int(match[1]) - 24) + (match[2] == "11")
    return tuple(f"v0.0.{number}" for number in range(newest, newest - (4 if newest >= 43 else 3), -1))


def contracts_here(release: str) -> tuple[str, ...]:
    """Those of them that the simulated slurmrestd speaks, too, newest first; all it speaks where the release is odd."""
    from naru_client.mock.contracts import CONTRACTS

    shipped = contracts_of(release)
    return tuple(contract for contract in CONTRACTS if shipped is None or contract in shipped)


def next_release(release: str) -> str:
    """The release after this one; itself when it is none."""
    match = _RELEASE.fullmatch(release)
    if match is None:
        return release
    return f"{match[1]}.11.0" if match[2] == "05" else f"{int(match[1]) + 1}.05.0"


class Upgradable(Protocol):
    """A face that can be another release from one request to the next."""

    def upgrade(self, release: str, contracts: tuple[str, ...]) -> None: ...


class Line(Protocol):
    """The way of requests to a face, as its carrier sees it."""

    def verdict(self, path: str) -> Verdict:
        """What befalls the next request to this path."""

    @property
    def closes(self) -> bool:
        """Whether there is a time at which nobody listens."""

    def out(self) -> bool:
        """Whether nobody listens now."""

    def now(self) -> float:
        """The time by the clock of who answers, epoch seconds."""


class SiteLine:
    """The way to a face of one site: its faults at its time, and its face upgraded when that is due."""

    def __init__(self, site: "Site", face: Upgradable | None = None) -> None:
        self._site, self._face = site, face
        self._release = site.plan.release

    def verdict(self, path: str) -> Verdict:
        since = self._site.since_opening()
        over = self._site.faults.upgraded(since)
        if self._face is not None and over and self._release != (wanted := _release_after(self._site, over)):
            self._release = wanted
            self._face.upgrade(wanted, contracts_here(wanted))
        return self._site.faults.verdict(path, since)

    @property
    def closes(self) -> bool:
        return self._site.faults.upgrades

    def out(self) -> bool:
        return self._site.faults.out(self._site.since_opening())

    def now(self) -> float:
        return self._site.now()


class WorldLine:
    """The way to a face of all sites: a request has the faults of the site its path names, of the first one if none.

    While a site is upgraded this face is there, and says that the site is not.
    """

    def __init__(self, world: "World") -> None:
        self._world = world
        self._first = next(iter(world.sites.values()))
        self._by_name: Mapping[str, Site] = {name.lower(): site for name, site in world.sites.items()}

    def verdict(self, path: str) -> Verdict:
        named = [self._by_name[part] for part in path.lower().split("/") if part in self._by_name]
        site = named[0] if named else self._first
        verdict = site.faults.verdict(path, site.since_opening())
        if verdict.what != "refused":
            return verdict
        return Verdict("status", status=503) if named else Verdict()

    @property
    def closes(self) -> bool:
        return False

    def out(self) -> bool:
        return False

    def now(self) -> float:
        return self._world.now()


def _release_after(site: "Site", over: tuple[Fault, ...]) -> str:
    release = site.plan.release
    for fault in over:
        release = fault.release or next_release(release)
    return release
