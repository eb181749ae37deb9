"""Themes: ours all work, the user's replace them, a broken one breaks nothing."""

import os
from pathlib import Path

import pytest

from naru import theming

SHIPPED = {"naru-dark", "naru-light", "naru-high-contrast", "naru-colour-blind", "naru-mono"}


def write(folder: Path, name: str, **changes: str) -> None:
    theme = next(t.theme for t in theming.available(folder) if t.name == "naru-dark")
    assert theme is not None
    colours = {n: v for n, v in theme.colours().items() if n not in theming.EXTRA} | changes
    folder.mkdir(exist_ok=True)
    lines = [f'name = "{name}"', *(f'{n} = "{v}"' for n, v in colours.items())]
    (folder / f"{name}.toml").write_text("\n".join(lines))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_five_themes_are_shipped_and_whole(tmp_path: Path) -> None:
    found = theming.available(tmp_path)
    assert {t.name for t in found} == SHIPPED
    assert not [t for t in found if t.error]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_text_and_states_can_be_read_on_their_background(name: str, tmp_path: Path) -> None:
    theme = theming.usable(theming.available(tmp_path))[name]
    colours = theme.colours()
    least = 7.0 if name == "naru-high-contrast" else 4.5
    for what in ("foreground", "state-running", "state-waiting", "state-failed", "state-moving", "state-done"):
        assert contrast(colours[what], theme.background) >= least, what


def test_the_mono_theme_has_no_hue(tmp_path: Path) -> None:
    theme = theming.usable(theming.available(tmp_path))["naru-mono"]
    assert all(v[1:3] == v[3:5] == v[5:7] for v in theme.colours().values())


def test_the_users_theme_of_the_same_name_wins(tmp_path: Path) -> None:
    write(tmp_path, "naru-dark", primary="#123456")
    theme = theming.usable(theming.available(tmp_path))["naru-dark"]
    assert theme.primary == "#123456"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "x"', "missing required field"),
        ("name = [", "not valid TOML"),
        ('name = "x"\ncolour = "#000000"', "unknown field"),
        ("\udcff", "not UTF-8 text"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "9" * 5000, "Exceeds the limit"),
        ("#" * ((1 << 20) + 1), "it is larger than"),
    ],
)
def test_a_broken_theme_is_told_in_one_line_and_takes_nothing_away(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "naru-dark.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    found = theming.available(tmp_path)
    broken = [t for t in found if t.error]
    assert len(broken) == 1
    assert words in broken[0].error
    assert "\n" not in broken[0].error
    assert "naru-dark" in theming.usable(found)


@pytest.mark.parametrize("value", ["red", "#12345", "#12345g", "rgb(1,2,3)", "$primary", ""])
def test_a_colour_textual_would_crash_on_is_refused(value: str, tmp_path: Path) -> None:
    write(tmp_path, "mine", primary=value)
    mine = next(t for t in theming.available(tmp_path) if t.name == "mine")
    assert "primary" in mine.error


def test_an_unknown_variable_is_named(tmp_path: Path) -> None:
    write(tmp_path, "mine")
    (tmp_path / "mine.toml").write_text((tmp_path / "mine.toml").read_text() + '\n[variables]\nqueue = "#000000"\n')
    mine = next(t for t in theming.available(tmp_path) if t.name == "mine")
    assert "queue" in mine.error


def test_a_pipe_among_the_themes_is_one_broken_theme(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.toml")
    found = theming.available(tmp_path)
    assert [(t.name, t.error) for t in found if t.error] == [("mine", "it is not a regular file")]
    assert set(theming.usable(found)) == SHIPPED


def test_a_folder_of_themes_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Path.iterdir

    def refused(folder: Path) -> object:
        if folder == tmp_path:
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refused)
    found = theming.available(tmp_path)
    assert [t.error for t in found if t.error] == ["Permission denied"]
    assert set(theming.usable(found)) == SHIPPED
