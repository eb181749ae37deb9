"""What operators do to nodes: they take them out of service, and bring them back."""

import math

from naru_client.mock.actions_body import Fields, load, read
from naru_client.mock.actions_errors import Refused
from naru_client.mock.actions_fields import NODE, NODE_STATES
from naru_client.mock.actions_notes import Notes, short
from naru_client.mock.entities import Node
from naru_client.mock.hostlist import compress
from naru_client.mock.requests import Caller, Query
from naru_client.mock.simulator import Simulator
from naru_client.mock.wire_values import Body

_NO_EFFECT = frozenset(("COMPLETING", "NOT_RESPONDING", "POWER_UP", "POWER_DOWN", "POWER_DRAIN", "REBOOT_CANCELED"))


class Operating:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def reconfigure(self, caller: Caller, query: Query, body: bytes) -> Body:
        """`GET reconfigure`: the simulation has nothing to read anew."""
        if not caller.operator:
            raise Notes(0).refuse(2010, "slurm_reconfigure() failed", "op_handler_reconfigure")
        return {}

    def node(self, name: str, caller: Caller, query: Query, body: bytes) -> Body:
        """`POST node/{name}`."""
        notes = Notes(self.simulator.now)
        fields = self._node_fields(query, body, notes)
        if given := fields.pop("name", ()):
            words = f"node_names field {compress(given)} ignored for singular node update"
            notes.warn(words, "_update_node")
        return self._update(caller, (name,), fields, name, "_update_node", notes)

    def nodes(self, caller: Caller, query: Query, body: bytes) -> Body:
        """`POST nodes` for all those that the body names."""
        notes = Notes(self.simulator.now)
        fields = self._node_fields(query, body, notes)
        names = fields.pop("name", ())
        return self._update(caller, names, fields, compress(names) if names else "(null)", "_update_nodes", notes)

    def delete_node(self, name: str, caller: Caller, query: Query, body: bytes) -> Body:
        """`DELETE node/{name}`: only nodes that came by themselves can be deleted, and here there are none."""
        number = 2010 if not caller.operator else 2018 if name not in self.simulator.cluster.nodes else 2028
        raise Notes(0).refuse(number, f"Failure to delete node {short(name)}", "op_handler_node")

    def new_node(self, caller: Caller, query: Query, body: bytes) -> Body:
        """`POST new/node`: nodes are those of the scenario."""
        raise Notes(0).refuse(2036 if caller.operator else 2010, "Failure to create node", "_create_node")

    def _node_fields(self, query: Query, body: bytes, notes: Notes) -> Fields:
        fields = read(load(body, query), NODE, "UPDATE_NODE_MSG", "#/", notes)
        notes.only(fields.get("state", ()), NODE_STATES, "#/state")
        notes.checked()
        return fields

    def _update(
        self, caller: Caller, names: tuple[str, ...], fields: Fields, told: str, source: str, notes: Notes
    ) -> Body:  # fmt: skip
        nodes = self.simulator.cluster.nodes
        try:
            if not caller.operator:
                raise Refused(2010)
            if not names or any(name not in nodes for name in names):
                raise Refused(2018)
            for name in dict.fromkeys(names):
                self._change(nodes[name], fields, caller.user)
        except Refused as refused:
            raise notes.refuse(refused.number, f"Failure to update node {short(told)}", source) from None
        return {"warnings": notes.warnings}

    def _change(self, node: Node, fields: Fields, by: str) -> None:
        """Give a node another state, or another reason for the one it has. Raises Refused."""
        s, states, reason = self.simulator, fields.get("state", frozenset()), fields.get("reason", "")
        out = node.down or node.drain
        if states & {"DOWN", "FAIL", "DRAIN"}:
            s.take_out(node, down="DOWN" in states, reason=reason or node.reason, by=by)
            after = fields.get("resume_after")
            if after is not None and not math.isinf(after):
                s.repair_at(s.now + after, node)
        elif states & {"RESUME", "IDLE", "UNDRAIN"}:
            if "UNDRAIN" in states and node.down:
                node.drain = False
                s.cluster.refile(node)
                s.nodes_changed = s.now
            elif out:
                s.bring_back(node)
            elif "RESUME" in states:
                raise Refused(2180)
        elif states - _NO_EFFECT:
            raise Refused(2180)
        elif reason and out:
            node.reason, node.reason_by, node.reason_at, node.wire = reason, by, s.now, b""
            s.nodes_changed = s.now
