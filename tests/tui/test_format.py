"""How figures are written."""

from datetime import timedelta

import pytest
from rich.cells import cell_len
from tests.tui.fake import NOW

from naru.format import Glyphs, accelerators, ascii_wanted, duration, fit, size, state_code, when
from naru_client.model import Accelerators


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (7500, "2h 05m"),
        (86400 * 3 + 3600 * 4, "3d 04h"),
        (86400 * 265, "265d"),
        (-5, "0s"),
    ],
)
def test_durations_have_two_units_and_unknown_is_a_dash(seconds: int | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(None, "–"), (0, "0 B"), (1536, "1.5 KiB"), (125 << 30, "125 GiB"), (1 << 60, "1024 PiB")]
)
def test_sizes_are_binary(count: int | None, text: str) -> None:
    assert size(count) == text


def test_accelerators_tell_none_from_not_told() -> None:
    assert accelerators(None) == "?"
    assert accelerators(()) == "–"
    assert accelerators((Accelerators("gpu", "b200", 4), Accelerators("npu", None, 2))) == "4×B200+2×NPU"


@pytest.mark.parametrize("text", ["plain", "한글 이름이 아주 길다", "a한b글c", "", "日本語" * 20])
@pytest.mark.parametrize("width", [1, 2, 5, 11, 40])
def test_fit_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width


def test_ascii_glyphs_draw_no_other_character() -> None:
    glyphs = Glyphs(ascii_only=True)
    drawn = "".join(v for v in vars(glyphs).values() if isinstance(v, str))
    assert drawn.isascii()
    assert glyphs.text("2×H100 – 한") == "2xH100 - ??"


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"LANG": "ko_KR.UTF-8"}, False),
        ({"LANG": "C"}, True),
        ({"LC_ALL": "C", "LANG": "ko_KR.UTF-8"}, True),
        ({"LC_CTYPE": "en_US.utf8"}, False),
        ({"LANG": "ko_KR.EUC-KR"}, True),
        ({}, True),
    ],
)
def test_glyphs_follow_the_locale(environ: dict[str, str], ascii_only: bool) -> None:
    assert ascii_wanted("auto", environ) is ascii_only
    assert ascii_wanted("unicode", environ) is False


def test_an_unknown_state_keeps_its_first_letters() -> None:
    assert state_code("RUNNING") == "R"
    assert state_code("EXPEDITING") == "EXPE"


def test_moments_are_as_short_as_their_distance_allows() -> None:
    assert when(None, NOW) == "–"
    assert when(NOW + timedelta(minutes=5), NOW) == "09:35"
    assert when(NOW + timedelta(days=2), NOW) == "03-04 09:30"
    assert when(NOW + timedelta(days=400), NOW) == "2027-04-06"
