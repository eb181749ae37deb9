"""Job numbers as people type them, and the site that knows the job."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import Struct

from naru.commands.asking import Told, gathered
from naru.joining import lines_of, named
from naru.session import Opened
from naru_client.centre import Centre
from naru_client.errors import NaruError, NotFound, UsageError
from naru_client.i18n import _, mark
from naru_client.reading import Reading
from naru_client.text import clean

T = TypeVar("T")

ID_HELP = mark("123, 123_4 for a task, 123+1 for a part of a het job; SITE:123 where several sites are open")

# Digits first, so that no id is ever taken for an option by the command it is handed to.
_ID = re.compile(r"[0-9][0-9A-Za-z_.+,:%\[\]-]{0,127}", re.ASCII)
_SITE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,63}):(.*)", re.ASCII | re.DOTALL)


class WantedJob(Struct, frozen=True):
    """A job as it was asked for: its id, and the site where it is, "" where that was not said."""

    site: str
    id: str


def wanted_job(text: str) -> WantedJob:
    """Read `123` or `site:123`. Raises UsageError for what cannot be a job."""
    found = _SITE.fullmatch(text)
    return WantedJob(found[1], checked(found[2])) if found else WantedJob("", checked(text))


def checked(text: str) -> str:
    """The id of a job as it was typed. Raises UsageError for what cannot be one."""
    if _ID.fullmatch(text) is None:
        raise UsageError(
            _("{text} is not the number of a job").format(text=repr(clean(text, 60))),
            _("write it as 123, 123_4 or 123+1"),
        )
    return text


async def find(
    opened: Opened, wanted: WantedJob, question: Callable[[Centre], Awaitable[Reading[T]]]
) -> tuple[Told[Reading[T]], list[str]]:
    """What the site that knows the job says of it, and a line of warning for each site that said nothing at all.

    `question` raises NotFound, or reads nothing, where a site does not know it. Raises NotFound when none does, and
    UsageError, naming them, when more than one does.
    """
    # one site alone may still have to learn what it is called: then it is asked first, and looked at afterwards
    asked = [centre for centre in opened.centres if wanted.site in ("", centre.id) or not centre.id]
    if not asked:
        raise _no_site(opened, wanted)
    if len(asked) == 1:
        told = Told(asked[0], await question(asked[0]))
        if wanted.site not in ("", told.centre.id):
            raise _no_site(opened, wanted)
        if told.said.value == ():
            raise _no_job(wanted)
        return told, []
    known: list[Told[Reading[T]]] = []
    silent: list[tuple[Centre, NaruError]] = []
    for centre, said in zip(asked, await gathered(map(question, asked)), strict=True):
        if isinstance(said, Reading):
            known += [] if said.value == () else [Told(centre, said)]
        elif isinstance(said, UsageError):  # it is no id, wherever it is asked for
            raise said
        elif not isinstance(said, NotFound):
            silent.append((centre, said))
    if len(known) > 1:
        names = ", ".join(clean(f"{one.centre.id}:{wanted.id}") for one in known)
        raise UsageError(
            _("{n} sites have a job {id}").format(n=len(known), id=wanted.id), _("one of: {names}").format(names=names)
        )
    if not known:
        if silent:  # it may be there: that it does not exist would be a guess
            centre, error = silent[0]
            raise type(error)(named(centre.id, error.message), error.hint)
        raise _no_job(wanted)
    return known[0], lines_of((centre.id, error.message) for centre, error in silent)


def _no_job(wanted: WantedJob) -> NotFound:
    return NotFound(_("no job {id}").format(id=wanted.id))


def _no_site(opened: Opened, wanted: WantedJob) -> UsageError:
    names = ", ".join(clean(centre.id) for centre in opened.centres)
    return UsageError(
        _("no site named {name} is open").format(name=repr(wanted.site)), _("sites: {names}").format(names=names)
    )
