"""The burn-down of one quota, drawn in text as large as there is room."""

from collections.abc import Sequence

from textual.geometry import Size

from naru.format import Glyphs
from naru.widgets.burn_chart_plot import Burn, plot
from naru.widgets.text_lines import Line, TextLines


class BurnChart(TextLines):
    """Shows a `Burn`, or in words why there is none; drawn anew only where the drawing says something else."""

    DEFAULT_CSS = "BurnChart { height: 1fr; }"

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._burn: Burn | None = None
        self._instead: tuple[Line, ...] = ()

    def show_burn(self, burn: Burn | None, instead: Sequence[Line] = ()) -> None:
        """Draw this; `instead` where there is none."""
        self._burn, self._instead = burn, tuple(instead)
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        if self._burn is None or not width:
            self.show(self._instead)
        else:
            self.show(plot(self._burn, width, height, self._glyphs))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return container.height
