"""The conditions of a filter: each tells of one job whether it passes, and of a whole corpus at once which ones do.

Both say the same of every job; the second reads columns that the corpus makes once, and asks of jobs that are alike
only once.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from operator import ge, gt, le, lt

from msgspec import Struct
from msgspec.structs import replace

from naru_client.insight.corpus import Corpus
from naru_client.insight.filter_columns import column_text
from naru_client.insight.filter_fields import Figure, Text
from naru_client.insight.filter_text import folded, regex_subject
from naru_client.model import Job

COMPARE: dict[str, Callable[[float, float], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}


class Term(Struct, frozen=True, kw_only=True):
    """One condition; `wanted` is False where the jobs that fulfil it are to be left out."""

    wanted: bool = True

    @property
    def moving(self) -> bool:
        """What passes depends on the time."""
        return False

    @abstractmethod
    def holds(self, job: Job, now: datetime) -> bool:
        """Whether the job fulfils it, wanted or not."""

    @abstractmethod
    def select(self, corpus: Corpus, among: Sequence[int], now: datetime) -> list[int]:
        """Of these jobs, by their places, those that pass."""

    def passes(self, job: Job, now: datetime) -> bool:
        return self.holds(job, now) is self.wanted

    def negated(self) -> "Term":
        return replace(self, wanted=not self.wanted)

    def implies(self, other: "Term") -> bool:
        """Whether it is certain that what passes this one passes the other as well. Unsure is False."""
        return False


class Word(Term, frozen=True, kw_only=True):
    """A bare word, folded, in any column."""

    word: str

    def holds(self, job: Job, now: datetime) -> bool:
        return self.word in column_text(job)

    def select(self, corpus: Corpus, among: Sequence[int], now: datetime) -> list[int]:
        word = self.word
        if isinstance(among, range) and len(among) == len(corpus):  # all of them: the usual first keystroke
            wanted = self.wanted
            return [at for at, text in enumerate(corpus.texts()) if (word in text) is wanted]
        texts = corpus.texts(among)
        if self.wanted:
            return [at for at in among if word in texts[at]]
        return [at for at in among if word not in texts[at]]

    def implies(self, other: Term) -> bool:
        if not isinstance(other, Word) or self.wanted is not other.wanted:
            return False
        return other.word in self.word if self.wanted else self.word == other.word


class Alternatives(Term, frozen=True, kw_only=True):
    """A field of text with values of which one must fit. `values` are what tells two such conditions apart."""

    field: str
    operator: str
    reads: Text
    values: tuple[Hashable, ...]

    def implies(self, other: Term) -> bool:
        if not isinstance(other, Alternatives) or other.__class__ is not self.__class__:
            return False
        if (self.field, self.operator, self.wanted) != (other.field, other.operator, other.wanted):
            return False
        fewer, more = (self, other) if self.wanted else (other, self)
        return set(fewer.values) <= set(more.values)

    def by_kind(self, corpus: Corpus, among: Sequence[int], now: datetime) -> list[int]:
        """Ask one job of each kind, or every job where nearly each is its own kind."""
        wanted, holds = self.wanted, self.holds
        if not self.reads.key:
            jobs = corpus.jobs
            return [at for at in among if holds(jobs[at], now) is wanted]
        codes = corpus.codes(self.reads.key)
        passing = [holds(job, now) is wanted for job in codes.examples]
        numbers = codes.numbers
        return [at for at in among if passing[numbers[at]]]


class Chosen(Alternatives, frozen=True, kw_only=True):
    """Values that the field itself understands."""

    choices: tuple[Callable[[Job], bool], ...]

    def holds(self, job: Job, now: datetime) -> bool:
        return any(choice(job) for choice in self.choices)

    def select(self, corpus: Corpus, among: Sequence[int], now: datetime) -> list[int]:
        if self.reads.key or len(self.choices) > 1:
            return self.by_kind(corpus, among, now)
        jobs, wanted, choice = corpus.jobs, self.wanted, self.choices[0]
        return [at for at in among if choice(jobs[at]) is wanted]


class Placed(Chosen, frozen=True, kw_only=True):
    """Nodes that a job runs or is planned on; the tests are of folded lists of nodes."""

    tests: tuple[Callable[[str], bool], ...]

    def select(self, corpus: Corpus, among: Sequence[int], now: datetime) -> list[int]:
        places, wanted = corpus.places(), self.wanted
        found = {at for test in self.tests for at in among if (names := places[at]) and test(names)}
        return [at for at in among if (at in found) is wanted]


class Part(Alternatives, frozen=True, kw_only=True):
    """A text that holds one of the needles, or is one of them. Needles are folded; `values` are the same."""

    needles: tuple[str, ...]

    def holds(self, job: Job, now: datetime) -> bool:
        for text in map(folded, self.reads.read(job)):
            if text in self.needles if self.operator != ":" else any(needle in text for needle in self.needles):
                return True
        return False

    def select(self, corpus: Corpus, among: Sequence[int], now: datetime) -> list[int]:
        if not self.reads.attribute:
            return self.by_kind(corpus, among, now)
        texts, needles, wanted = corpus.folded(self.reads.attribute), self.needles, self.wanted
        if self.operator != ":":
            return [at for at in among if (texts[at] in needles) is wanted]
        if len(needles) > 1:
            found = {at for needle in needles for at in among if needle in texts[at]}
            return [at for at in among if (at in found) is wanted]
        needle = needles[0]
        if wanted:
            return [at for at in among if needle in texts[at]]
        return [at for at in among if needle not in texts[at]]

    def implies(self, other: Term) -> bool:
        if super().implies(other):
            return True
        if not (isinstance(other, Part) and self.wanted and other.wanted and self.field == other.field):
            return False
        # a text that holds `h100`, or is it, holds `h1`
        return other.operator == ":" and all(any(short in long for short in other.needles) for long in self.needles)


class Pattern(Alternatives, frozen=True, kw_only=True):
    """A regular expression."""

    pattern: re.Pattern[str]

    def holds(self, job: Job, now: datetime) -> bool:
        search = self.pattern.search
        return any(search(regex_subject(text)) for text in self.reads.read(job))

    def select(self, corpus: Corpus, among: Sequence[int], now: datetime) -> list[int]:
        if not self.reads.attribute:
            return self.by_kind(corpus, among, now)
        texts, search = corpus.subjects(self.reads.attribute), self.pattern.search
        if self.wanted:
            return [at for at in among if (text := texts[at]) is not None and search(text)]
        return [at for at in among if (text := texts[at]) is None or not search(text)]


class Amounts(Term, frozen=True, kw_only=True):
    """A field with a figure. What is not told fulfils nothing."""

    field: str
    reads: Figure

    @property
    def moving(self) -> bool:
        return self.reads.grows

    @abstractmethod
    def fits(self, figure: float) -> bool: ...

    def holds(self, job: Job, now: datetime) -> bool:
        amount = self.reads.read(job)
        if isinstance(amount, datetime):
            amount = (now - amount).total_seconds()
        return amount is not None and self.fits(amount)

    def implies(self, other: Term) -> bool:
        return self == other


class Compared(Amounts, frozen=True, kw_only=True):
    """A figure against a limit."""

    operator: str
    limit: float

    def fits(self, figure: float) -> bool:
        return COMPARE[self.operator](figure, self.limit)

    def select(self, corpus: Corpus, among: Sequence[int], now: datetime) -> list[int]:
        columns, limit = corpus.figures(self.field, self.reads), self.limit
        still, since = columns.still, columns.since
        bound = _since(now, limit) if self.moving else None
        if bound is not None:
            match self.operator:  # grown beyond the limit: begun before the bound
                case ">":
                    found = [at for at in among if still[at] > limit or since[at] < bound]
                case ">=":
                    found = [at for at in among if still[at] >= limit or since[at] <= bound]
                case "<":
                    found = [at for at in among if still[at] < limit or since[at] > bound]
                case _:
                    found = [at for at in among if still[at] <= limit or since[at] >= bound]
        else:
            match self.operator:
                case ">":
                    found = [at for at in among if still[at] > limit]
                case ">=":
                    found = [at for at in among if still[at] >= limit]
                case "<":
                    found = [at for at in among if still[at] < limit]
                case _:
                    found = [at for at in among if still[at] <= limit]
        return found if self.wanted else _others(among, found)


class OneOf(Amounts, frozen=True, kw_only=True):
    """A figure that is one of these."""

    figures: frozenset[float]

    def fits(self, figure: float) -> bool:
        return figure in self.figures

    def select(self, corpus: Corpus, among: Sequence[int], now: datetime) -> list[int]:
        columns, figures = corpus.figures(self.field, self.reads), self.figures
        still, since = columns.still, columns.since
        if self.moving:
            begun = frozenset(_since(now, figure) for figure in figures)
            found = [at for at in among if still[at] in figures or since[at] in begun]
        else:
            found = [at for at in among if still[at] in figures]
        return found if self.wanted else _others(among, found)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)


def _since(now: datetime, figure: float) -> float:
    """When that began which has lasted so many seconds now; exact to the microsecond, as moments are."""
    return ((now - _EPOCH) // _MICROSECOND - round(figure * 1_000_000)) / 1_000_000


def _others(among: Sequence[int], found: Sequence[int]) -> list[int]:
    left_out = set(found)
    return [at for at in among if at not in left_out]
