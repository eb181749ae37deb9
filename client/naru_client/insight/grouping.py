"""Which jobs of a list are tasks of one array or parts of one het job, by their places in it."""

from array import array
from collections.abc import Iterator, Sequence

from msgspec import Struct

from naru_client.insight.fold import group_key
from naru_client.model import Job

GroupId = tuple[str, str]  # site and key


class Grouping(Struct, frozen=True):
    """The groups of a list: site and key of each, the places of its members, and for each job its group or -1.

    `of` is empty where no job is in a group.
    """

    ids: list[GroupId] = []
    members: list[list[int]] = []
    of: "array[int]" = array("l")

    def standing(self, jobs: Sequence[Job], usual_keys: Sequence[float], mask: bytearray | None) -> list[int]:
        """For each group the member that stands for it, of those that pass; -1 where none does."""
        return [self.stands(group, jobs, usual_keys, mask) for group in range(len(self.ids))]

    def stands(self, group: int, jobs: Sequence[Job], usual_keys: Sequence[float], mask: bytearray | None) -> int:
        """Of an array the liveliest, which is the first in the usual order; of a het job its leader."""
        own = self.members[group]
        passing = own if mask is None else [i for i in own if mask[i]]
        if len(passing) < 2:
            return passing[0] if passing else -1
        if jobs[passing[0]].array_id:
            return min(passing, key=usual_keys.__getitem__)
        return min(passing, key=lambda i: jobs[i].het_offset or 0)


def grouped(jobs: Sequence[Job], turn: int) -> Iterator[Grouping | None]:
    """Steps (None) of so many jobs to their grouping, which comes last."""
    places: list[int] = []
    for at in range(0, len(jobs), turn):
        places += [i for i, job in enumerate(jobs[at : at + turn], at) if job.array_id or job.het_id]
        yield None
    if not places:
        yield Grouping()
        return
    of = array("l", [-1]) * len(jobs)
    ids: list[GroupId] = []
    members: list[list[int]] = []
    known: dict[GroupId, int] = {}
    for nth, i in enumerate(places, 1):
        job = jobs[i]
        one = job.site, group_key(job) or ""
        group = known.get(one)
        if group is None:
            group = known[one] = len(ids)
            ids.append(one)
            members.append([])
        members[group].append(i)
        of[i] = group
        if nth % turn == 0:
            yield None
    yield Grouping(ids, members, of)
