"""The pollers of all open sites: told the same things, begun one after the other, the home site's first."""

from collections.abc import Callable, Sequence

from naru.poller import Poller
from naru.state import Topic

HEAD_START = 2.0  # seconds after which the other sites are asked though the home site still says nothing
STRIDE = 0.05  # seconds between the first questions to two sites: what a key does can be drawn in between

Begin = Callable[[Poller], object]
Later = Callable[[float, Callable[[], None]], object]


class Pollers:
    """One poller a site. `begin` sets one to work, `later` calls back after so many seconds."""

    def __init__(self, pollers: Sequence[Poller], begin: Begin, later: Later) -> None:
        self._all = {poller.site: poller for poller in pollers}
        self._home, *self._waiting = pollers
        self._begin = begin
        self._later = later
        self._others_begun = False

    def __getitem__(self, site: str) -> Poller:
        return self._all[site]

    def begin_home(self) -> None:
        """Set the home site's poller to work; the others follow when its first answer is drawn, or is late."""
        self._begin(self._home)
        if self._waiting:
            self._later(HEAD_START, self.begin_others)

    def begin_others(self) -> None:
        """Set the others to work, one after the other. May be called again: they begin once."""
        if not self._others_begun:
            self._others_begun = True
            self._begin_next()

    def is_home(self, site: str) -> bool:
        return site == self._home.site

    def want(self, topics: tuple[Topic, ...]) -> None:
        for poller in self._all.values():
            poller.want(topics)

    def set_everybody(self, everybody: bool) -> None:
        for poller in self._all.values():
            poller.set_everybody(everybody)

    def set_paused(self, paused: bool) -> None:
        for poller in self._all.values():
            poller.set_paused(paused)

    def set_focused(self, focused: bool) -> None:
        for poller in self._all.values():
            poller.set_focused(focused)

    def touch(self) -> None:
        """A key or the mouse: somebody is there."""
        for poller in self._all.values():
            poller.touch()

    @property
    def asleep(self) -> bool:
        """Whether nobody has touched the terminal for so long that no site is asked any more."""
        return self._home.asleep

    @property
    def resting(self) -> float:
        """The longest that a site asked to be left alone yet, in seconds; 0 when all may be asked."""
        return max(poller.resting for poller in self._all.values())

    def refresh(self) -> bool:
        """Make everything due now at every site; whether any of them was not refreshed a moment ago."""
        return any([poller.refresh() for poller in self._all.values()])

    def _begin_next(self) -> None:
        if self._waiting:
            self._begin(self._waiting.pop(0))
            self._later(STRIDE, self._begin_next)
