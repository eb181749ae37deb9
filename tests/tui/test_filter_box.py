"""The filter as it is typed: what is proposed, what is wrong and where, what was used before, what is kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.tui.fake import FakeCentre, job, waiting
from tests.tui.screen import Screen, opened
from textual.message import Message

from naru.format import Glyphs
from naru.widgets.filter_box import FilterBox
from naru.widgets.filter_lines import calm_line, candidate_line, error_line, text_column
from naru.widgets.filter_menu import FilterHistory, Menu
from naru_client.insight.filter_complete import Candidate, Completion
from naru_client.insight.filter_text import FilterError
from naru_client.model import Accelerators, Job


def some_jobs() -> tuple[Job, ...]:
    return (
        job(100, name="train", account="proj x"),
        job(101, name="한글 학습"),
        waiting(200, "Resources"),
        waiting(201, "QOSMaxGRESPerUser", accelerators=(Accelerators("gpu", "b200", 8),)),
        waiting(202, "Priority"),
    )


class Typing:
    """A box on the jobs screen, open, with what it says to the screen."""

    def __init__(self, screen: Screen, box: FilterBox, told: list[Message]) -> None:
        self.screen = screen
        self.box = box
        self.told = told

    async def type(self, *keys: str) -> None:
        """Press keys; a text of several letters is typed letter by letter."""
        names = {" ": "space", ":": "colon", ">": "greater_than_sign", "=": "equals_sign", "@": "at", "_": "underscore"}
        for key in keys:
            known = key in (
                "tab",
                "shift+tab",
                "up",
                "down",
                "left",
                "home",
                "enter",
                "escape",
                "backspace",
                "ctrl+s",
                "ctrl+u",
            )
            await self.screen.press(*([key] if known else [names.get(char, char) for char in key]))

    @property
    def lines(self) -> list[str]:
        """What the box shows: the proposals, the filter, what is said below it."""
        region = self.box.region
        return [line.rstrip() for line in self.screen.lines[region.y : region.bottom]]

    @property
    def proposed(self) -> list[str]:
        return [line[3:].split(" ")[0] for line in self.lines[:-2]]

    @property
    def marked(self) -> list[str]:
        return [line[3:].split(" ")[0] for line in self.lines[:-2] if line[1] != " "]


@asynccontextmanager
async def typing(size: tuple[int, int] = (80, 24), *, ascii_only: bool = False) -> AsyncIterator[Typing]:
    async with opened(FakeCentre(some_jobs()), size, ascii_only=ascii_only) as screen:
        await screen.press("2", "slash")
        box = screen.app.screen.query_one(FilterBox)
        told: list[Message] = []
        real = box.post_message

        def post(message: Message) -> bool:
            told.append(message)
            return real(message)

        box.post_message = post  # type: ignore[method-assign]
        yield Typing(screen, box, told)


async def test_opened_it_is_one_line_and_the_grammar() -> None:
    async with typing() as box:
        assert len(box.lines) == 2
        assert "state:pd" in box.lines[0]
        assert "written" in box.lines[1]


async def test_values_are_proposed_with_how_many_jobs_have_them() -> None:
    async with typing() as box:
        await box.type("state:")
        assert box.proposed == ["pd", "r", "waiting", "active", "finished", "held"]
        assert "PENDING" in box.lines[0]
        assert box.lines[0].endswith("3 jobs")
        assert box.lines[-2].strip() == "state:"
        assert "missing" in box.lines[-1]
        await box.type("p")
        assert box.proposed == ["pd"]


async def test_a_bare_word_is_left_in_peace() -> None:
    async with typing() as box:
        await box.type("t")
        assert box.proposed == []
        await box.type("rain")
        assert box.proposed == []


async def test_tab_completes_and_what_follows_is_proposed() -> None:
    async with typing() as box:
        await box.type("sta", "tab")
        assert box.box.value == "state:"
        assert box.proposed[:2] == ["pd", "r"]
        await box.type("tab")
        assert box.box.value == "state:pd"
        await box.type("tab")
        assert box.box.value == "state:r"
        assert box.marked == ["r"]
        await box.type("shift+tab")
        assert box.box.value == "state:pd"
        assert "200 " in box.screen.text
        assert "train" not in box.screen.text
        await box.type(",r", " ")
        assert box.box.value == "state:pd,r "
        assert box.proposed == []


async def test_tab_on_nothing_proposes_the_fields() -> None:
    async with typing() as box:
        await box.type("tab")
        assert box.box.value == "state:"
        await box.type("tab")
        assert box.box.value == "user:"
        assert len(box.proposed) == 6
        await box.type("shift+tab", "shift+tab")
        assert box.box.value == "comment:"  # round to the last
        assert box.marked == ["comment:"]


async def test_a_value_with_a_blank_comes_in_quotes() -> None:
    async with typing() as box:
        await box.type("account:pr", "tab")
        assert box.box.value == 'account:"proj x"'
        assert "train" in box.screen.text
        assert "200 " not in box.screen.text


async def test_arrows_mark_and_enter_takes() -> None:
    async with typing() as box:
        await box.type("gpu:", "down", "down")
        assert box.marked == ["b200"]
        assert box.box.value == "gpu:"
        await box.type("enter")
        assert box.box.value == "gpu:b200"
        assert box.box.display  # a second Enter keeps the filter
        await box.type("enter")
        assert not box.box.display
        assert "gpu:b200" in box.screen.text


async def test_a_click_takes_a_proposal() -> None:
    async with typing() as box:
        await box.type("state:")
        region = box.box.region
        await box.screen.pilot.click(offset=(region.x + 5, region.y + 1))
        await box.screen.pilot.pause()
        assert box.box.value == "state:r"
        assert box.screen.app.focused is box.box


async def test_the_caret_stands_below_the_character_at_fault() -> None:
    async with typing() as box:
        await box.type("한글 ", "fruit:x")
        assert "^" not in box.lines[-1]  # it is still being typed
        await box.type(" ", "llm")
        filter_line, said = box.lines[-2:]
        before = said[: said.index("^")]
        assert cell_len(before) == cell_len(filter_line[: filter_line.index("fruit")])
        assert "there is no field fruit" in said


async def test_a_half_typed_term_says_calmly_what_is_missing_until_enter() -> None:
    async with typing() as box:
        await box.type("gpus>=")
        assert "^" not in box.lines[-1]
        assert "a value is missing" in box.lines[-1]
        await box.type("enter")
        assert box.box.display
        assert "^" in box.lines[-1]
        await box.type("8")
        assert "^" not in box.lines[-1]


async def test_a_wrong_filter_is_not_submitted() -> None:
    async with typing() as box:
        await box.type("gpus>=", "enter")
        assert not [m for m in box.told if isinstance(m, FilterBox.Submitted)]


async def test_up_goes_back_through_the_filters_of_this_run() -> None:
    async with typing() as box:
        await box.type("train", "enter", "/", "ctrl+u", "gpus>=8", "enter", "/", "ctrl+u", "half")
        await box.type("up")
        assert box.box.value == "gpus>=8"
        await box.type("up")
        assert box.box.value == "train"
        await box.type("up")
        assert box.box.value == "train"
        await box.type("down", "down")
        assert box.box.value == "half"


async def test_a_filter_is_saved_under_a_name_and_used_by_it() -> None:
    async with typing() as box:
        await box.type("state:pd", " gpus>=8", "ctrl+s")
        changes = len([m for m in box.told if isinstance(m, FilterBox.Changed)])
        await box.type("big_ones")
        assert "201 " in box.screen.text  # the name filters nothing
        assert "state:pd gpus>=8 as @big_ones" in box.lines[-1]
        await box.type("enter")
        (saved,) = [m for m in box.told if isinstance(m, FilterBox.Save)]
        assert (saved.name, saved.text) == ("big_ones", "state:pd gpus>=8")
        assert box.box.value == "state:pd gpus>=8"
        assert changes >= len("state:pd gpus>=8")
        await box.type("enter", "/", "ctrl+u", "@")
        assert box.proposed == ["@big_ones"]
        await box.type("tab")
        assert box.box.value == "@big_ones"
        assert "201 " in box.screen.text
        assert "202 " not in box.screen.text


async def test_a_name_that_is_there_is_replaced_only_when_told_twice() -> None:
    async with typing() as box:
        for text in ("train", "other"):
            await box.type("ctrl+u", text, "ctrl+s", "x1", "enter")
        assert "@x1 is there" in box.lines[-1]
        assert len([m for m in box.told if isinstance(m, FilterBox.Save)]) == 1
        await box.type("enter")
        assert [m.text for m in box.told if isinstance(m, FilterBox.Save)] == ["train", "other"]


async def test_a_bad_name_is_told_and_escape_goes_back_to_the_filter() -> None:
    async with typing() as box:
        await box.type("train", "ctrl+s", "a b", "enter")
        assert "a name is of letters" in box.lines[-1]
        await box.type("escape")
        assert box.box.display
        assert box.box.value == "train"
        assert not [m for m in box.told if isinstance(m, FilterBox.Save | FilterBox.Cancelled)]
        await box.type("escape")
        assert [m for m in box.told if isinstance(m, FilterBox.Cancelled)]
        assert not box.box.display


async def test_only_a_filter_that_is_right_is_saved() -> None:
    async with typing() as box:
        await box.type("ctrl+s")
        assert "only a filter that is right" in box.lines[-1]
        await box.type("gpus>=", "ctrl+s", "x", "enter")
        assert not [m for m in box.told if isinstance(m, FilterBox.Save)]


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 12), (20, 6)])
async def test_it_fits_any_size(size: tuple[int, int]) -> None:
    async with typing(size, ascii_only=True) as box:
        await box.type("state:", "down", "enter", " x:y ", "ctrl+s", "ctrl+u", "gpu:", "tab", "ctrl+s", "n")
        assert len(box.screen.lines) == size[1]
        assert all(line.isascii() for line in box.lines)
        assert box.box.region.bottom <= size[1]


async def test_a_long_filter_scrolls_and_its_mistake_is_still_pointed_at() -> None:
    async with typing((40, 20)) as box:
        await box.type("x" * 50 + " fruit:y z")
        said = box.lines[-1]
        assert box.lines[-2][cell_len(said[: said.index("^")])] == "f"


# ---- the parts by themselves -------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["C", "Z", "M"]), max_size=120)


@given(texts, texts, st.none() | st.integers(0, 10**7), st.booleans(), st.integers(2, 200))
def test_a_proposal_fills_its_line_and_no_more(
    text: str, told: str, count: int | None, chosen: bool, width: int
) -> None:
    candidate = Candidate(text, told, count)
    line = candidate_line(candidate, chosen, width, text_column((candidate,)), Glyphs(False))
    assert sum(cell_len(piece) for piece, _style in line) <= max(width, 24)


@given(texts, texts, st.none() | st.integers(0, 200), st.integers(4, 200))
def test_an_error_fits_its_line_with_the_caret_in_place(what: str, hint: str, at: int | None, width: int) -> None:
    error = FilterError(what, 3, hint)
    line = error_line(error, at, width, Glyphs(False))
    said = "".join(piece for piece, _style in line)
    assert cell_len(said) <= width
    if at is not None and at < width:
        place = 0
        for piece, style in line:
            if style == "caret":
                assert place + cell_len(piece) - 1 == at
            place += cell_len(piece)
    assert cell_len("".join(piece for piece, _style in calm_line(error, width, Glyphs(True)))) == width


def test_the_window_follows_the_mark() -> None:
    menu = Menu("x", Completion(0, 1, tuple(Candidate(str(n), "") for n in range(10))))
    assert menu.window(6)[0] == 0
    assert menu.moved(-1).chosen == 9
    assert menu.moved(-1).window(6)[0] == 4
    assert [one.text for one in menu.moved(1).moved(1).window(2)[1]] == ["0", "1"]
    assert menu.moved(1).moved(-1).chosen == 9
    assert Menu().moved(1) == Menu()


def test_each_used_filter_is_remembered_once() -> None:
    used = FilterHistory()
    for text in ("a", "b", "  ", "a "):
        used.remember(text)
    assert [used.step(-1, "typed"), used.step(-1, "a"), used.step(-1, "b")] == ["a", "b", None]
    assert [used.step(1, "b"), used.step(1, "a"), used.step(1, "typed")] == ["a", "typed", None]
