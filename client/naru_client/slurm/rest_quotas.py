"""What slurmrestd is asked for quotas: shares, associations and QOS, and what becomes of those it does not tell."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, TypeVar

from naru_client.errors import NaruError, NotProvided, SignInNeeded, Unreachable
from naru_client.exchange import Answer
from naru_client.i18n import _
from naru_client.slurm import answers, versions
from naru_client.slurm.holders import Source
from naru_client.slurm.job_ids import checked_account
from naru_client.slurm.wire_amounts import from_wire, of_cluster
from naru_client.slurm.wire_answers import Decoded
from naru_client.slurm.wire_limits import Share, decode_associations, decode_qos, decode_shares

T = TypeVar("T")
Ask = Callable[[str, str, tuple[tuple[str, str], ...]], Awaitable[Answer]]  # key, path, query

FIRST_WITH_SHARES = "v0.0.40"


class Told(NamedTuple):
    """What there is to reckon quotas from; `answer` is the first of those it comes from."""

    source: Source[Any]
    answer: Answer
    warnings: tuple[str, ...]


class _Part(NamedTuple, Generic[T]):
    value: tuple[T, ...] | None
    answer: Answer | None
    error: NaruError | None
    warnings: tuple[str, ...]


async def ask_quotas(get: Ask, accounting: Ask, *, version: str, site: str) -> Told:
    """Ask slurmctld (`get`) and the accounting store, in turn: use to the second where shares are told, and limits.

    A part that this site does not tell is unknown, with a warning. Raises SignInNeeded, Unreachable for a slurmctld
    that does not answer, and where nothing is told what the last question raised.
    """
    if (versions.parser_number(version) or 0) < (versions.parser_number(FIRST_WITH_SHARES) or 0):
        words = _("slurmrestd tells what was used from {version} on").format(version=FIRST_WITH_SHARES)
        shares: _Part[Share] = _Part(None, None, NotProvided(words), ())
    else:
        shares = await _part(get, "shares", (), decode_shares)
        if isinstance(shares.error, Unreachable):
            raise shares.error
    associations = await _part(accounting, "associations", _one_cluster(shares.value or ()), decode_associations)
    first = shares.answer or associations.answer
    if first is None:
        raise associations.error or shares.error or NotProvided(_("nothing is told of quotas here"))
    qos = await _part(accounting, "qos", (), decode_qos)
    warnings = [*shares.warnings, *associations.warnings, *qos.warnings]
    warnings += [
        "; ".join((words, part.error.message))
        for part, words in (
            (shares, _("what was used is not known")),
            (associations, _("not all limits are known")),
            (qos, _("the limits of QOS are not known")),
        )
        if part.error is not None
    ]
    if any(one.minutes is None for one in qos.value or ()):
        words = _("slurmrestd {version} does not tell the limits over time of QOS").format(version=version)
        warnings.append(words)
    here = None
    if associations.value is not None:
        here = of_cluster(associations.value, shares.value or (), (site,))
        if here is None:
            warnings.append(
                _("the accounting store has several clusters, and none of them is called {name}").format(name=site)
            )
    return Told(from_wire(shares.value, here, qos.value), first, tuple(warnings))


async def _part(
    ask: Ask, what: str, query: tuple[tuple[str, str], ...], decode: Callable[[bytes], Decoded[tuple[T, ...]]]
) -> _Part[T]:
    try:
        answer = await ask(what, what, query)
        decoded = decode(answer.body)
        answers.judge(decoded.errors, shown=answer.call.shown)
    except SignInNeeded:
        raise
    except NaruError as error:
        return _Part(None, None, error, ())
    return _Part(decoded.value, answer, None, decoded.warnings)


def _one_cluster(shares: tuple[Share, ...]) -> tuple[tuple[str, str], ...]:
    """The store may hold the associations of every cluster of a country."""
    clusters = {share.cluster for share in shares}
    try:
        return tuple(("cluster", checked_account(name)) for name in clusters if name) if len(clusters) == 1 else ()
    except NaruError:
        return ()
