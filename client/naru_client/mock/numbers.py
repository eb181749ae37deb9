"""Job numbers in the order of submission, also for jobs of the past that nobody has asked for yet.

Between the numbers of what is in the queue there must be room for what came and went meanwhile, so a number goes by
the time of submission.
"""

DAYS_BACK = 3.0
SLOTS_PER_JOB = 6.0


class Numbers:
    """`next` is what the next job to be submitted gets."""

    def __init__(self, first: int, per_hour: float, opened: float) -> None:
        self._first = first
        self._origin = opened - DAYS_BACK * 86_400
        self._per_second = max(per_hour, 1.0) * SLOTS_PER_JOB / 3600
        self._taken: set[int] = set()
        self.next = self._at(opened) + 1

    def _at(self, submitted: float) -> int:
        return self._first + max(0, int((submitted - self._origin) * self._per_second))

    def place(self, submitted: float) -> int:
        """A number for a job that the opening puts into the world; those submitted later must be placed later."""
        number = self._at(submitted)
        while number in self._taken:
            number += 1
        self._taken.add(number)
        self.next = max(self.next, number + 1)
        return number

    def place_past(self, submitted: float) -> int:
        """A number for a job of the past, in the gaps that were left."""
        number = self._at(submitted)
        while number in self._taken:
            number -= 1
        self._taken.add(number)
        return number

    def take(self) -> int:
        """The next number."""
        number = self.next
        self.next += 1
        return number
