"""Amounts of resources and who holds a limit, in words. Pure."""

from naru_client.i18n import _
from naru_client.insight.quota import Quota, Shortfall

GIB = 1 << 30


def accelerator_name(kind: str, model: str | None) -> str:
    """`H100`, or the kind where no model is named."""
    return (model or kind).upper()


def resource_name(resource: str) -> str:
    """`gpu:h100` as people write it: `H100`."""
    kind, _sep, model = resource.partition(":")
    if kind in ("gpu", "npu"):
        return accelerator_name(kind, model or None)
    return {"cpu": _("core"), "node": _("node")}.get(resource, resource)


def hours_words(resource: str, seconds: int) -> str:
    """Resource × seconds as hours: `1,234.5 H100-hours`."""
    return _("{n} {resource}-hours").format(n=hours(seconds), resource=resource_name(resource))


def hours_short(resource: str, seconds: int) -> str:
    """The same where there is little room: `1,234.5 H100-h`."""
    return _("{n} {resource}-h").format(n=hours(seconds), resource=resource_name(resource))


def hours(seconds: int) -> str:
    """Hours to a tenth, and to a thousandth where that would hide it."""
    size = abs(seconds)
    tenths = (size * 10 + 1800) // 3600
    thousandths = (size * 1000 + 1800) // 3600
    shown = f"{tenths // 10:,}" + (f".{tenths % 10}" if tenths % 10 else "")
    if not tenths and size:
        shown = f"0.{max(thousandths, 1):03}"
    return f"-{shown}" if seconds < 0 else shown


def memory_words(count: int) -> str:
    """Bytes as `512 GiB`, `0.5 GiB`."""
    return f"{count / GIB:,.0f} GiB" if count % GIB == 0 or count >= 100 * GIB else f"{count / GIB:,.1f} GiB"


def holder_words(holder: str) -> str:
    """Whose limit it is: an account, a user in one, or a QOS."""
    if holder.startswith("qos:"):
        return _("QOS {name}").format(name=holder.removeprefix("qos:"))
    account, slash, user = holder.partition("/")
    if slash:
        return _("{user} in account {account}").format(user=user, account=account)
    return _("account {name}").format(name=account)


def shortfall_words(one: Shortfall, quota: Quota | None = None) -> str:
    """A limit that a job would hit, in a sentence. `quota` is that of its holder, where it is at hand."""
    holder = holder_words(one.holder)
    if one.kind == "not-known" and one.unit == "count" and one.granted is not None:
        return _("{holder} may hold {granted} {resource} at once, and how many it holds now is not told").format(
            holder=holder, granted=one.granted, resource=resource_name(one.resource)
        )
    if one.kind == "not-known":
        return _("{holder} has a limit of {resource}, and what is left of it is not told").format(
            holder=holder, resource=resource_name(one.resource)
        )
    if one.unit == "count":
        if one.kind == "larger-than-granted":
            text = _("{holder} may hold {granted} {resource} at once, and this needs {needed}")
        else:
            text = _(
                "{holder} may hold {granted} {resource} at once, of which {remaining} are left now: this needs {needed}"
            )
        return text.format(
            holder=holder, granted=one.granted, resource=resource_name(one.resource), needed=one.needed,
            remaining=max(one.remaining or 0, 0),
        )  # fmt: skip
    granted, needed = hours_words(one.resource, one.granted or 0), hours_words(one.resource, one.needed)
    if quota is not None and not quota.enforced:
        text = _("{holder} agreed on {granted}, of which {remaining} remain: this may take {needed}")
    elif one.kind == "exhausted":
        text = _("{holder} has used up its {granted}")
    elif one.kind == "larger-than-granted":
        text = _("{holder} was granted {granted}, and this may take {needed}")
    else:
        text = _("{remaining} remain to {holder} of {granted}, and this may take {needed}")
    remaining = hours_words(one.resource, one.remaining or 0)
    return text.format(holder=holder, granted=granted, needed=needed, remaining=remaining)
