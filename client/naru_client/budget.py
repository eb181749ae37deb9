"""The last guard of a scheduler: at most so many calls in any minute, and none while it asked to be left alone.

Whatever asks — the schedule, a refresh key, a page that is opened — comes through here last, just before the call.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from naru_client.errors import Unreachable
from naru_client.exchange import Answer, Call, Transport, patience
from naru_client.i18n import _

MINUTE = 60.0
LONGEST_REST = 3600.0  # seconds; a centre that asks for more is asked again after this
KEPT_FOR_PEOPLE = 4  # calls of a minute that the schedule leaves to what a person opens, at most a fifth of all


class Budget:
    """At most `per_minute` calls in any sixty seconds. Those beyond are delayed, never dropped.

    `monotonic` gives seconds, `sleep` waits for so many.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.per_minute = per_minute
        self._kept = min(KEPT_FOR_PEOPLE, per_minute // 5)
        self._monotonic = monotonic
        self._sleep = sleep
        self._begun: deque[float] = deque(maxlen=per_minute)
        self._resting_until = float("-inf")

    def wait(self, scheduled: bool = False) -> float:
        """Seconds until the next call may begin; one of the schedule's leaves a few places to people."""
        allowed = self.per_minute - (self._kept if scheduled else 0)
        if len(self._begun) < allowed:
            return 0.0
        return max(0.0, self._begun[-allowed] + MINUTE - self._monotonic())

    async def turn(self, scheduled: bool = False) -> None:
        """Return when a call may begin, which then counts."""
        while (seconds := self.wait(scheduled)) > 0:
            await self._sleep(seconds)
        self._begun.append(self._monotonic())

    def rest(self, seconds: float) -> None:
        """The centre asked to be left alone for so long."""
        self._resting_until = max(self._resting_until, self._monotonic() + min(seconds, LONGEST_REST))

    @property
    def resting(self) -> float:
        """Seconds for which the centre is still to be left alone."""
        return max(0.0, self._resting_until - self._monotonic())


class BudgetedTransport:
    """Sends through another transport within a budget.

    Raises Unreachable, without a call, while the centre is to be left alone.
    """

    def __init__(self, inner: Transport, budget: Budget) -> None:
        self._inner = inner
        self.budget = budget

    @property
    def source(self) -> str:
        return self._inner.source

    async def send(self, call: Call) -> Answer:
        self._check()
        asking = patience()
        await self.budget.turn(scheduled=asking is not None and not asking.awaited)
        self._check()  # it may have said so while this call waited
        answer = await self._inner.send(call)
        if answer.retry_after is not None and answer.retry_after > 0 and answer.status >= 400:
            self.budget.rest(answer.retry_after)
        return answer

    async def close(self) -> None:
        await self._inner.close()

    def _check(self) -> None:
        if (left := self.budget.resting) > 0:
            raise left_alone(left)


def left_alone(seconds: float) -> Unreachable:
    """The error for a call that is not made because the centre asked to be left alone for so many seconds yet."""
    return Unreachable(
        _("the centre asked to be left alone"),
        _("it is asked again in {n:.0f} s").format(n=max(1.0, seconds)),
        retry_after=seconds,
    )
