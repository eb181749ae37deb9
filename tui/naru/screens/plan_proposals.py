"""What the form proposes for each field: what the live sites have, and one's own accounts. Pure."""

from collections.abc import Iterable, Sequence

from naru.format import Glyphs, fit
from naru.state import Part, State
from naru.widgets.plan_form import FIELDS
from naru.widgets.text_lines import Line
from naru_client.i18n import _, mark

FIXED: dict[str, tuple[str, ...]] = {
    "count": ("1", "2", "4", "8", "16", "32", "64"),
    "nodes": ("1", "2", "4", "8", "16"),
    "time": ("30m", "1h", "2h", "4h", "8h", "12h", "1-00", "2-00"),
    "array": ("10", "100", "100%10"),
    "cpus": ("1", "4", "8", "16", "32", "64"),
    "memory": ("16G", "32G", "64G", "128G", "256G", "512G"),
}
HELP = {
    "count": mark("accelerators of the whole job"),
    "kind": mark("kind of accelerator"),
    "model": mark("model; empty: whichever"),
    "nodes": mark("nodes: 2, or 2-4; empty: as many as it takes"),
    "time": mark("time limit: 4h, 30m, 1-12, 2:00:00; empty: the pool's own"),
    "array": mark("tasks of an array: 16, 16%4 four at once, or 0-99:2"),
    "cpus": mark("processors of each node"),
    "memory": mark("memory of each node: 64G; a bare number is MiB"),
    "account": mark("account to charge; empty: that of your newest job"),
    "qos": mark("QOS; empty: the usual one"),
}
QOS = "qos:"


class Proposals:
    """Gathered anew only where the sites have told something new."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self.models: dict[str, dict[str, int]] = {}  # kind, model, how many there are
        self.accounts: tuple[str, ...] = ()
        self.qos: tuple[str, ...] = ()

    def take(self, state: State) -> None:
        now = tuple(reading for part in state.parts for reading in (part.pools, part.nodes, part.quotas))
        if len(now) == len(self._of) and all(a is b for a, b in zip(now, self._of, strict=True)):
            return
        self._of = now
        self.models = {}
        for one in state.tallies:
            of_kind = self.models.setdefault(one.kind, {})
            if one.model:
                of_kind[one.model] = of_kind.get(one.model, 0) + one.total
        self.accounts = _unique(name for part in state.parts for name in own_accounts(part, state.user))
        self.qos = _unique(name for part in state.parts for name in _qos(part))

    def of(self, field: str, kind: str = "") -> Sequence[str]:
        """What may stand in a field; models are those of the kind that is asked for, where there are any."""
        if field == "kind":
            return self.kinds
        if field == "model":
            wanted = self.models.get(kind.strip().lower())
            found = [wanted] if wanted else list(self.models.values())
            every = {model: count for one in found for model, count in one.items()}
            return sorted(every, key=lambda model: (-every[model], model))
        if field == "account":
            return self.accounts
        if field == "qos":
            return self.qos
        return FIXED.get(field, ())

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds there are, most accelerators first."""
        return tuple(sorted(self.models, key=lambda kind: (-sum(self.models[kind].values()), kind)))

    def title(self, field: str) -> str:
        return _(next(one.title for one in FIELDS if one.id == field))


def own_accounts(part: Part, home_user: str | None) -> tuple[str, ...]:
    """The accounts that one may charge at a site, as its quotas tell."""
    user = part.user or home_user
    quotas = part.quotas.value if part.quotas else ()
    return _unique(one.account for one in quotas if one.account and user is not None and one.user == user)


def usual_values(proposals: Proposals) -> dict[str, str]:
    """What the form begins with: one accelerator of the commonest kind for an hour."""
    kinds = proposals.kinds
    return {"count": "1" if kinds else "", "kind": kinds[0] if kinds else "", "nodes": "1", "time": "1h"}


def field_help(field: str, proposals: Sequence[str], glyphs: Glyphs, width: int) -> Line:
    """What a field takes, and what the arrows propose."""
    told = _(HELP[field])
    if not proposals:
        return ((told, "quiet"),)
    arrows = f"   {glyphs.up}{glyphs.down} "
    room = max(0, width - len(arrows) - _cells(told))
    return ((told, "quiet"), (arrows, "label"), (fit("  ".join(proposals), room, glyphs.ellipsis).rstrip(), "link"))


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _qos(part: Part) -> Iterable[str]:
    pools = part.pools.value if part.pools else ()
    for pool in pools:
        yield from pool.allow_qos or ()
    for quota in part.quotas.value if part.quotas else ():
        if quota.holder.startswith(QOS):
            yield quota.holder.removeprefix(QOS)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
