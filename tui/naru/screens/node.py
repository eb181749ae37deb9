"""One node on its own page: its state, why it is out of service, who is on it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from naru.format import accelerators, when
from naru.joining import addressed
from naru.screens.base import NaruScreen
from naru.screens.gpu_columns import CONDITION_STYLES, node_accelerators, share
from naru.state import State, Topic
from naru.widgets.text_lines import Line, TextLines, labelled
from naru_client.i18n import _
from naru_client.insight.filter_fields import in_hostlist
from naru_client.model import Job, Node

STYLES = {"free": "good", "running": "good", "moving": "link", "warning": "warning", "failed": "bad", "quiet": "quiet"}


class NodeScreen(NaruScreen):
    TAB = "gpus"
    TOPICS: ClassVar[tuple[Topic, ...]] = ("nodes", "jobs")
    CSS_PATH = "node.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "back", _("Back"), id="node.back")]

    def __init__(self, site: str, name: str) -> None:
        super().__init__()
        self.node_site = site
        self.node_name = name
        self._here: tuple[object, list[Job]] = (None, [])  # the jobs on it, for which list

    def body(self) -> ComposeResult:
        with VerticalScroll(id="sheet"):
            yield TextLines(id="details")

    def show_state(self, state: State) -> None:
        nodes = state.nodes.value if state.nodes else ()
        here = (n for n in nodes if n.name == self.node_name and state.same_site(n.site, self.node_site))
        node = next(here, None)
        if node is None:
            lines: list[Line] = [((_("node {name} is no longer listed").format(name=self.node_name), "warning"),)]
        else:
            lines = self._details(node, state)
        self.query_one("#details", TextLines).show(lines)

    def action_back(self) -> None:
        self.app.pop_screen()

    def _details(self, node: Node, state: State) -> list[Line]:
        now = self.terminal.now()
        style = STYLES[CONDITION_STYLES[node.condition]]
        name = addressed(node.site, node.name, state.several)
        lines: list[Line] = [
            ((name, "heading"), (f"  {_(node.condition)}", style), (f"  {' '.join(node.states)}", "quiet")),
            (),
        ]
        pairs = [
            (_("Accelerators"), node_accelerators(node)),
            ("CPUs", share(node.cpus_used, node.cpus)),
            (_("Memory"), share(node.memory_used, node.memory, True)),
            (_("Load"), "" if node.cpu_load is None else f"{node.cpu_load:.2f}"),
            (_("Pools"), ", ".join(node.pools)),
            (_("Features"), ", ".join(node.features)),
            (_("Reservation"), node.reservation or ""),
        ]
        lines += [labelled(label, value) for label, value in pairs if value]
        if node.reason:
            who = " ".join(
                p for p in (node.reason_user, when(node.reason_since, now) if node.reason_since else "") if p
            )
            lines += [labelled(_("Reason"), node.reason, "warning"), labelled("", who, "quiet")]
        here = self._jobs_on(node, state)
        none = (
            _("No job is here")
            if state.everybody_listed
            else _("None of your jobs is here; a on Jobs lists everybody's")
        )
        lines += [(), ((_("Jobs here") if here else none, "heading"),)]
        lines += [labelled(j.id, f"{j.user or '–'}  {accelerators(j.accelerators)}  {j.name}") for j in here]
        return lines

    def _jobs_on(self, node: Node, state: State) -> list[Job]:
        """The listed jobs that run on this node, by their node lists; looked for once in each list."""
        if self._here[0] is not state.all_jobs:
            placed = (j for j in state.all_jobs if j.node_list and in_hostlist(node.name, j.node_list))
            self._here = state.all_jobs, [j for j in placed if j.running and state.same_site(j.site, node.site)]
        return self._here[1]
