"""Many jobs as a filter searches them: each column that is asked for is made once and serves every further keystroke.

Law of memory: a list of references or small numbers a column, and one folded text a job once a bare word is typed.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from operator import attrgetter, is_
from typing import Any, TypeVar

from naru_client.insight.corpus_columns import Codes, Moments, more_codes, numbered, numbered_cheaply, patched, split
from naru_client.insight.filter_columns import column_text
from naru_client.insight.filter_fields import FIELDS, Figure, Text
from naru_client.insight.filter_text import folded, regex_subject
from naru_client.model import Job

T = TypeVar("T")

SLICE = 2_000  # jobs whose texts are made before others have their turn


class Corpus:
    """Jobs, with the columns that filters have asked of them."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self._made: dict[Hashable, Any] = {}
        # columns of earlier readings, and the places of what has changed since
        self._stale: dict[Hashable, tuple[Any, frozenset[int]]] = {}
        self._texts: list[str] | None = None
        self._missing: int | None = None  # how many texts are still to be made; None before any is
        self._earlier: tuple[Sequence[Job], list[str]] | None = None  # of the reading before, as long as it may help

    def __len__(self) -> int:
        return len(self.jobs)

    # ---- texts for bare words ----------------------------------------------------------------------------------

    def prepare(self) -> Iterator[None]:
        """Make what filters mostly ask for, a little at a time: let others have a turn between.

        First the texts in which bare words are looked for, then the values that fields are asked for and proposed with.
        """
        for start in range(0, len(self.jobs), SLICE):
            if self._missing == 0:
                break
            if self._make_texts(range(start, min(start + SLICE, len(self.jobs)))):
                yield
        self._all_made()
        for key in {field.reads.key: None for field in FIELDS if isinstance(field.reads, Text) and field.reads.offers}:
            if ("codes", key) in self._made:
                continue
            for attribute in key if ("codes", key) not in self._stale else ():
                self._numbered_by(attribute)
                yield
            self.codes(key)
            yield

    def _all_made(self) -> None:
        self._missing, self._earlier = 0, None

    @property
    def prepared(self) -> bool:
        """Whether all texts are there."""
        return self._missing == 0 or not self.jobs

    def texts(self, among: Sequence[int] | None = None) -> list[str]:
        """The folded text of every job, by its place; made now where it is missing, of those `among` at least."""
        self._make_texts(range(len(self.jobs)) if among is None else among)
        if among is None:
            self._all_made()
        return [] if self._texts is None else self._texts

    def _make_texts(self, among: Sequence[int]) -> int:
        """Make those that are missing; how many that were."""
        if self._texts is None:
            self._texts = [""] * len(self.jobs)
            self._missing = len(self.jobs)
        if self._missing == 0:
            return 0
        texts, jobs = self._texts, self.jobs
        made = [at for at in among if not texts[at]]  # no job is without an id or a state: a text is never empty
        known = self._known(made)
        for at in made:
            job = jobs[at]
            texts[at] = known.get(id(job)) or column_text(job)
        return len(made)

    def _known(self, among: Sequence[int]) -> dict[int, str]:
        """Texts of the reading before by the identity of their jobs, of those that stood thereabouts."""
        if self._earlier is None or not among:
            return {}
        jobs, texts = self._earlier
        about = slice(max(0, among[0] - SLICE), among[-1] + SLICE)
        return dict(zip(map(id, jobs[about]), texts[about], strict=True))

    def renewed(self, jobs: Sequence[Job]) -> "Corpus":
        """The corpus of the next reading: the texts of jobs that are the same objects are taken over, not made again.

        With the very same jobs it is this one, with all its columns.
        """
        old = self.jobs
        if len(jobs) == len(old) and all(map(is_, jobs, old)):
            return self
        corpus = Corpus(jobs)
        if self._texts is not None:
            corpus._earlier = (old, self._texts)
        return corpus

    def changed_at(self, jobs: Sequence[Job], changed: Sequence[int]) -> "Corpus":
        """The corpus of a reading of the same jobs, in which only the records at these places are others.

        Columns are taken over when they are asked for again.
        """
        corpus = Corpus(jobs)
        places = frozenset(changed)
        stale = {name: (made, before | places) for name, (made, before) in self._stale.items()}
        stale |= {name: (made, places) for name, made in self._made.items() if made is not None}
        corpus._stale = {name: column for name, column in stale.items() if len(column[1]) * 4 < len(jobs)}
        if self._texts is not None:
            complete = self._missing == 0
            corpus._texts = patched(self._texts, changed, [column_text(jobs[at]) if complete else "" for at in changed])
            corpus._missing = 0 if complete else len(jobs)
        return corpus

    def _taken_over(self, name: Hashable) -> Any:
        """A column of an earlier reading with what has changed since; None where it has to be made anew."""
        if name not in self._stale:
            return None
        made, places = self._stale.pop(name)
        changed = sorted(places)
        others = Corpus([self.jobs[at] for at in changed])
        match name:
            case ("attribute" | "folded" | "subjects" as kind, str(attribute)):
                return patched(made, changed, getattr(others, kind)(attribute))
            case ("places",):
                return patched(made, changed, others.places())
            case ("figures", _field):
                new = others._moments(made.figure)
                since = patched(made.since, changed, new.since) if made.since else []
                return Moments(made.figure, patched(made.still, changed, new.still), since)
            case ("codes", tuple(key)):
                return more_codes(made, key, changed, others.jobs)
        return None

    # ---- columns -----------------------------------------------------------------------------------------------

    def codes(self, key: tuple[str, ...]) -> Codes:
        """The jobs by their values of these attributes."""
        return self._once(("codes", key), lambda: self._coded(key))

    def attribute(self, name: str) -> list[str | None]:
        """One attribute of every job."""
        return self._once(("attribute", name), lambda: list(map(attrgetter(name), self.jobs)))

    def subjects(self, name: str) -> list[str | None]:
        """One attribute of every job, as much of it as a regular expression looks at."""
        return self._once(
            ("subjects", name),
            lambda: [None if text is None else regex_subject(text) for text in self.attribute(name)],
        )

    def folded(self, name: str) -> list[str]:
        """One text of every job, folded; empty where it is not told."""
        return self._once(("folded", name), lambda: [folded(text) if text else "" for text in self.attribute(name)])

    def places(self) -> list[str]:
        """The folded list of the nodes that every job runs or is planned on; empty without any."""
        return self._once(("places",), self._placed)

    def _placed(self) -> list[str]:
        allocated, planned = self.attribute("node_list"), self.attribute("planned_nodes")
        return [folded(names) if (names := a or b) else "" for a, b in zip(allocated, planned, strict=True)]

    def figures(self, name: str, figure: Figure) -> Moments:
        """A figure of every job; `name` is the field's id."""
        return self._once(("figures", name), lambda: self._moments(figure))

    def tally(self, name: str, text: Text) -> tuple[tuple[str, int], ...]:
        """The values that a field has here and how many jobs have each, the most frequent first."""
        return self._once(("tally", name), lambda: self._tallied(text))

    def users(self) -> dict[tuple[str, str | None], int]:
        """How many jobs each user has at each site."""
        return self._once(("users",), self._count_users)

    def _count_users(self) -> dict[tuple[str, str | None], int]:
        codes = self.codes(("site", "user"))
        counts = Counter(codes.numbers)
        told = ((job, counts[number]) for number, job in enumerate(codes.examples))
        return {(job.site, job.user): count for job, count in told if count}

    def _once(self, name: Hashable, make: Callable[[], T]) -> T:
        if name not in self._made:
            known = self._taken_over(name)
            self._made[name] = make() if known is None else known
        made: T = self._made[name]
        return made

    def _coded(self, key: tuple[str, ...]) -> Codes:
        first, *others = key
        numbers, _kinds = self._numbered_by(first)
        for attribute in others:
            more, kinds = self._numbered_by(attribute)
            if kinds > 1:
                numbers = numbered([a * kinds + b for a, b in zip(numbers, more, strict=True)])[0]
        examples: dict[int, Job] = dict(zip(reversed(numbers), reversed(self.jobs), strict=True))
        return Codes(numbers, [examples[number] for number in range(len(examples))])

    def _numbered_by(self, attribute: str) -> tuple[list[int], int]:
        """For every job the number of its value, and how many values there are."""
        return self._once(
            ("numbered", attribute), lambda: numbered_cheaply(list(map(attrgetter(attribute), self.jobs)))
        )

    def _moments(self, figure: Figure) -> Moments:
        if not figure.key:
            return split(figure, list(map(figure.read, self.jobs)))
        codes = self.codes(figure.key)
        few = split(figure, list(map(figure.read, codes.examples)))
        return Moments(figure, [few.still[number] for number in codes.numbers], [])

    def _tallied(self, text: Text) -> tuple[tuple[str, int], ...]:
        if text.offers is None or not text.key:
            return ()
        codes = self.codes(text.key)
        counts: dict[str, int] = {}
        for number, count in Counter(codes.numbers).items():
            for value in set(text.offers(codes.examples[number])):
                if value:
                    counts[value] = counts.get(value, 0) + count
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
