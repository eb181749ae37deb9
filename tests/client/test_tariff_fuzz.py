"""Tariffs that come with Naru, damaged at random: either still a tariff, or refused in words with the line at fault."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.errors import UsageError
from naru_client.insight.tariff import Tariff
from naru_client.tariff_file import PRESETS, parse_tariff, preset_names

TEXTS = {name: (PRESETS / f"{name}.toml").read_text("utf-8") for name in preset_names()}
PLACE = re.compile(r"p\.toml, line (\d+): ")
KEY = re.compile(r'^(\s*)("[^"]+"|[A-Za-z0-9_-]+)( = )(.*)$')
VALUES = (
    "1", "-1", "1e400", "1e-99", "9" * 60, "nan", "-inf", '"x"', '""', "[]", "{}", "[1]", "[{}]", '["a"]', "true",
    "2026-02-31", "2026-01-01", "00:00:01", "9999-12-31T23:59:59-23:59", "0001-01-01", '"\\u001b[31m\\u202e"',
    "{ decimals = 99 }", '{ by = "sum" }', "0x_1", "'''", '"""', "[", "{", "1.2.3", "+09:00", "½", "𝟙",
)  # fmt: skip


def read(text: str) -> Tariff | str:
    """The tariff, or why it is none; anything but a UsageError is a fault of ours."""
    try:
        return parse_tariff(text, "p.toml", "p")
    except UsageError as error:
        said, hint = error.message, error.hint
    assert said.isprintable()
    assert hint.isprintable()
    assert said.startswith(("p.toml, line ", "p.toml is not valid TOML: "))
    place = PLACE.match(said)
    assert place is None or 1 <= int(place[1]) <= max(len(text.splitlines()), 1)
    return said


@pytest.mark.parametrize("name", TEXTS)
def test_any_value_in_any_place(name: str) -> None:
    """The line told is the one that was changed, or one of the same table that no longer goes with it."""
    lines = TEXTS[name].splitlines()
    for number, line in enumerate(lines):
        match = KEY.match(line)
        if match is None or (match[4].startswith("[") and not match[4].endswith("]")):
            continue
        for value in VALUES:
            said = read("\n".join([*lines[:number], f"{match[1]}{match[2]}{match[3]}{value}", *lines[number + 1 :]]))
            if isinstance(said, str) and (place := PLACE.match(said)):
                told = int(place[1]) - 1
                assert told == number or same_table(lines, told, number), (value, said)


def same_table(lines: list[str], one: int, other: int) -> bool:
    """No heading stands between the two, or the upper one is the heading of the lower one, or the top of the file."""
    low, high = sorted((one, other))
    return low == 0 or not any(line.startswith("[") for line in lines[low + 1 : high + 1])


@pytest.mark.parametrize("name", TEXTS)
def test_a_misspelt_key_is_told_with_its_line(name: str) -> None:
    lines = TEXTS[name].splitlines()
    for number, line in enumerate(lines):
        match = KEY.match(line)
        if match is None:
            continue
        said = read("\n".join([*lines[:number], line.replace(match[2], "colour", 1), *lines[number + 1 :]]))
        if isinstance(said, Tariff):
            continue  # a pool, a class or a QOS may be called anything
        place = PLACE.match(said)
        assert place is not None
        word = match[2].strip('"')
        gone = f"{word} is missing" in said or "give either [pools] or [[periods]]" in said or "rates go with" in said
        assert gone or (int(place[1]) - 1 == number and "colour" in said), said


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_damage_of_any_kind(name: str, data: st.DataObject) -> None:
    text = TEXTS[name]
    for _blow in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 12))
        put = data.draw(
            st.sampled_from(VALUES) | st.text(max_size=6) | st.sampled_from(('"', "=", "\n", "[", "]", "."))
        )
        text = text[:at] + put + text[at + length :]
    read(text)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.sampled_from(sorted(TEXTS)), st.randoms(use_true_random=False))
def test_lines_of_two_tariffs_mixed(one: str, other: str, rng: object) -> None:
    lines = TEXTS[one].splitlines() + TEXTS[other].splitlines()
    rng.shuffle(lines)  # type: ignore[attr-defined]
    read("\n".join(lines[: len(lines) // 2]))
