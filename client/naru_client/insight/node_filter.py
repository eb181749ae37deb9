"""The words by which nodes and pools are narrowed: every word must be found in what is told of one. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from naru_client.i18n import _
from naru_client.model import Node

T = TypeVar("T")


def node_texts(nodes: Sequence[Node]) -> list[str]:
    """What is searched of each: name, site, state in English and as it is shown, pools, models, reason, lower case."""
    told: dict[Any, str] = {}  # all but the name is the same for many
    texts = []
    for node in nodes:
        key = (node.site, node.condition, node.pools, node.accelerators, node.reservation, node.reason)
        rest = told.get(key)
        if rest is None:
            models = " ".join((a.model or a.kind) for a in node.accelerators)
            parts = (
                "", node.site, node.condition, _(node.condition), *node.pools, models, node.reservation or "",
                node.reason or "",
            )  # fmt: skip
            rest = told[key] = "\n".join(parts).lower()
        texts.append(node.name.lower() + rest)
    return texts


def matching(words: str) -> Callable[[str], bool] | None:
    """Whether a text has all these words, and none of those that begin with `!`; None when there are no words."""
    wanted = [word for word in words.lower().split() if not word.startswith("!")]
    unwanted = [word[1:] for word in words.lower().split() if word.startswith("!") and len(word) > 1]
    if not wanted and not unwanted:
        return None
    if len(wanted) == 1 and not unwanted:
        only = wanted[0]
        return lambda text: only in text
    return lambda text: all(word in text for word in wanted) and not any(word in text for word in unwanted)


class Texts(Generic[T]):
    """The text of each row, made once: as long as a row is the same it is not made again."""

    def __init__(self, texts_of: Callable[[Sequence[T]], list[str]]) -> None:
        self._texts_of = texts_of
        self._rows: Sequence[T] = ()
        self._texts: list[str] = []

    def filtered(self, rows: Sequence[T], words: str) -> Sequence[T]:
        """The rows whose text has the words; all of them when there are none."""
        matches = matching(words)
        if matches is None:
            return rows
        if rows is not self._rows:
            known = dict(zip(map(id, self._rows), self._texts, strict=True))
            others = [row for row in rows if id(row) not in known]
            known |= zip(map(id, others), self._texts_of(others), strict=True)
            self._rows, self._texts = rows, [known[id(row)] for row in rows]
        return [row for row, text in zip(rows, self._texts, strict=True) if matches(text)]
