"""A table whose end is only where reading has stopped so far."""

from textual.message import Message

from naru.widgets.line_table import LineTable


class PastTable(LineTable):
    """A table that says so when a page further down is wanted than there is."""

    class AtEnd(Message):
        pass

    def action_page(self, pages: int) -> None:
        if pages > 0 and (not self.rows or self.current is self.rows[-1]):
            self.post_message(self.AtEnd())
        super().action_page(pages)
