"""Fair shares and what counts against limits, from the text of `sshare`. Pure.

The columns are found by their heading, so both SHARES_ARGV and `sshare -a -l -P` are read. All amounts are whole
minutes, cut off, but `RawUsage`: that is billing units times seconds, decayed.
"""

from msgspec import Struct

from naru_client.errors import BadAnswer
from naru_client.i18n import _
from naru_client.slurm import tres
from naru_client.slurm.text_values import whole_number
from naru_client.text import clean

SHARES_ARGV = ("sshare", "-a", "-P", "-o", "Account,User,RawUsage,GrpTRESMins,GrpTRESRaw,TRESRunMins")


class Share(Struct, frozen=True, kw_only=True):
    """An account, or a user in it. A dictionary is None where its column was not asked for."""

    account: str
    user: str | None
    raw_usage: int | None  # billing units × seconds
    limits: dict[str, int] | None  # minutes by resource, of those limited
    used: dict[str, int] | None  # minutes by resource
    run_minutes: dict[str, int] | None  # what running jobs may still use up to their time limits


def decode_shares(body: bytes) -> tuple[Share, ...]:
    """The rows in their order, which is that of the tree. Raises BadAnswer for an answer of another form."""
    lines = body.decode("utf-8", "replace").splitlines()
    heading = lines[0].split("|") if lines else []
    if "Account" not in heading or "User" not in heading:
        raise BadAnswer(
            _("this is not what `sshare -P` prints"),
            _("`naru doctor` says which Slurm answers here"),
        )
    shares = []
    for line in lines[1:]:
        cells = line.split("|")
        if len(cells) != len(heading):
            continue
        row = dict(zip(heading, cells, strict=True))
        shares.append(
            Share(
                account=clean(row["Account"].strip()),
                user=clean(row["User"].strip()) or None,
                raw_usage=whole_number(row.get("RawUsage")),
                limits=_minutes(row.get("GrpTRESMins")),
                used=_minutes(row.get("GrpTRESRaw")),
                run_minutes=_minutes(row.get("TRESRunMins")),
            )
        )
    return tuple(shares)


def _minutes(cell: str | None) -> dict[str, int] | None:
    if cell is None:
        return None
    pairs = tres.resources(cell).items()
    return {
        clean(name): int(amount)
        for name, amount in pairs
        if amount.isascii() and amount.isdecimal() and len(amount) < 19
    }
