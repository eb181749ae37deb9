"""The candidates of a half-typed filter as a list with one of them chosen, and the filters used before. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from naru_client.insight.filter_complete import Candidate, Completion

MOST_LINES = 6
MOST_REMEMBERED = 50


class Menu(Struct, frozen=True):
    """What may be put in; `chosen` is the place of the one marked, None while none is.

    `text` is the filter as it was typed: each candidate is put into that, not into what another one made of it.
    """

    text: str = ""
    completion: Completion = Completion(0, 0)
    chosen: int | None = None

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.completion.candidates

    def moved(self, by: int) -> "Menu":
        """The next one marked, or the one before; from none to the first or the last."""
        if not self.candidates:
            return self
        if self.chosen is None:
            return replace(self, chosen=0 if by > 0 else len(self.candidates) - 1)
        return replace(self, chosen=(self.chosen + by) % len(self.candidates))

    def applied(self) -> tuple[str, int]:
        """The filter with the marked candidate put in, and where the cursor then stands."""
        if self.chosen is None:
            return self.text, self.completion.end
        return self.completion.applied(self.text, self.candidates[self.chosen])

    def window(self, lines: int) -> tuple[int, tuple[Candidate, ...]]:
        """As many candidates as fit, the marked one among them: the place of the first, and they."""
        lines = max(0, lines)
        start = min(max(0, (self.chosen or 0) - lines + 1), max(0, len(self.candidates) - lines))
        return start, self.candidates[start : start + lines]


class FilterHistory:
    """The filters used in this run, the latest last; each stands there once."""

    def __init__(self) -> None:
        self._used: list[str] = []
        self._at: int | None = None  # which one is shown; None: what was being typed
        self._typed = ""

    def remember(self, text: str) -> None:
        text = text.strip()
        self._at = None
        if text:
            self._used = [*(one for one in self._used if one != text), text][-MOST_REMEMBERED:]

    def rewind(self) -> None:
        """The next step starts from what is being typed."""
        self._at = None

    def step(self, by: int, typed: str) -> str | None:
        """The filter used before (-1) or after (+1) the one shown; None where there is no more."""
        if self._at is None:
            if by > 0 or not self._used:
                return None
            self._typed, self._at = typed, len(self._used)
        at = self._at + by
        if at < 0:
            return None
        if at >= len(self._used):
            self._at = None
            return self._typed
        self._at = at
        return self._used[at]
