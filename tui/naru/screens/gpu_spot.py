"""What the lines below the node map say: of the cell under the cursor, and what the shapes mean."""

from collections import Counter
from collections.abc import Sequence

from rich.cells import cell_len

from naru.format import Glyphs
from naru.joining import addressed
from naru.screens.gpu_columns import node_accelerators
from naru.widgets.node_map_model import Spot
from naru.widgets.text_lines import Line
from naru_client.i18n import _, n_
from naru_client.insight.tally import tally
from naru_client.model import AcceleratorTally


def spot_line(spot: Spot | None, several: bool, glyphs: Glyphs) -> Line:
    """A node with its state and why it is away; of many nodes how many are in each state, and what is free."""
    if spot is None:
        return ()
    name = (addressed(spot.site, spot.name, several), "strong")
    if len(spot.nodes) == 1:
        node = spot.nodes[0]
        return (name, (f"  {_(node.condition)}  {node_accelerators(node)}", ""), (f"  {node.reason or ''}", "warning"))
    if spot.rack:
        name = (addressed(spot.site, _("rack {name}").format(name=spot.name), several), "strong")
    counts = Counter(node.condition for node in spot.nodes)
    states = ", ".join(f"{count} {_(condition)}" for condition, count in counts.most_common())
    nodes = n_("{n} node: {states}", "{n} nodes: {states}", len(spot.nodes)).format(n=len(spot.nodes), states=states)
    free = f" {glyphs.dot} ".join(_free(one) for one in tally(spot.nodes))
    return (name, (f"  {free}", "good"), (f"  {nodes}", ""))


def packed(items: Sequence[str], width: int) -> list[str]:
    """The items beside each other on lines of so many cells, none of them broken."""
    lines: list[str] = []
    for item in items:
        if lines and cell_len(lines[-1]) + 2 + cell_len(item) <= width:
            lines[-1] += "  " + item
        else:
            lines.append(item)
    return lines


def _free(one: AcceleratorTally) -> str:
    model = (one.model or one.kind).upper()
    if one.free is None:
        return _("{model}: use not told").format(model=model)
    if not one.free:
        return _("no {model} free").format(model=model)
    text = _("{n} {model} free, at most {block} on one node")
    return text.format(n=one.free, model=model, block=one.largest_free_block)
