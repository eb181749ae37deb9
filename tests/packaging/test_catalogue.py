"""The Korean catalogue says all that the source says, keeps what a program fills in, and is the one that is loaded."""

import ast
import gettext
import re
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from rich.cells import cell_len
from tests.children import ROOT, clean_environment, naru
from tests.packaging.conftest import Built

import naru as package
from naru.format import Glyphs
from naru_client import i18n

LOCALE = Path(package.__file__).with_name("locale")
PO = LOCALE / "ko" / "LC_MESSAGES" / "naru.po"
MO = PO.with_suffix(".mo")
SOURCES = ("client", "tui")
KEYWORDS = {"_": None, "mark": None, "n_": (1, 2)}

Id = str | tuple[str, ...]


def messages_of(catalogue: Catalog) -> dict[Id, Message]:
    """The messages by id, without the catalogue's head."""
    return {_id(message): message for message in catalogue if message.id}


def _id(message: Message) -> Id:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def forms(message: Message) -> Sequence[tuple[str, str]]:
    """(what is translated, its translation) for each form; Korean has one form, which stands for the plural."""
    if isinstance(message.id, str):
        assert isinstance(message.string, str)
        return [(message.id, message.string)]
    assert message.string is not None
    return [(message.id[-1], text) for text in message.string]


def placeholders(text: str) -> Counter[tuple[str, str | None, str | None]]:
    return Counter((name, spec, how) for _text, name, spec, how in Formatter().parse(text) if name is not None)


def verbatim(text: str) -> Counter[str]:
    """What a person has to type as it stands: code in backticks and names of options."""
    return Counter(re.findall(r"`[^`]+`|--[a-z][a-z-]*", text))


@pytest.fixture(scope="module")
def source() -> frozenset[Id]:
    """Every message of the source, as `pybabel extract` finds it."""
    found: set[Id] = set()
    for folder in SOURCES:
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / folder, method_map=[("**.py", "python")], keywords=KEYWORDS
        ):
            found.add(message)
    assert len(found) > 700
    return frozenset(found)


@pytest.fixture(scope="module")
def korean() -> Catalog:
    with PO.open("rb") as stream:
        return read_po(stream, locale="ko", abort_invalid=True)


@pytest.fixture
def in_korean() -> Iterator[None]:
    assert i18n.use("ko", LOCALE)
    yield
    i18n.use("en", LOCALE)


def test_the_catalogue_holds_every_message_of_the_source(source: frozenset[Id], korean: Catalog) -> None:
    assert sorted(map(str, source - messages_of(korean).keys())) == []


def test_the_catalogue_holds_nothing_that_the_source_no_longer_says(source: frozenset[Id], korean: Catalog) -> None:
    assert sorted(map(str, messages_of(korean).keys() - source)) == []
    assert not korean.obsolete


def test_the_template_holds_the_messages_of_the_source(source: frozenset[Id]) -> None:
    with (LOCALE / "naru.pot").open("rb") as stream:
        assert messages_of(read_po(stream)).keys() == source


def test_no_message_stands_inside_an_f_string() -> None:
    """Before Python 3.12 an f-string is one token: extraction would pass such a message over without a word."""
    hidden = []
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for outer in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(outer, ast.JoinedStr):
                    continue
                for call in ast.walk(outer):
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS:
                        if call.args and isinstance(call.args[0], ast.Constant):
                            hidden.append(f"{path.relative_to(ROOT)}:{call.lineno}: {call.args[0].value!r}")
    assert hidden == []


def test_every_message_is_translated_and_none_is_a_guess(korean: Catalog) -> None:
    for message in messages_of(korean).values():
        assert not message.fuzzy, message.id
        assert len(forms(message)) == 1, message.id
        assert all(text.strip() for _english, text in forms(message)), message.id


def test_a_translation_has_the_placeholders_of_its_message(korean: Catalog) -> None:
    for message in messages_of(korean).values():
        for english, text in forms(message):
            assert placeholders(text) == placeholders(english), english


def test_a_translation_leaves_code_and_options_as_they_are(korean: Catalog) -> None:
    for message in messages_of(korean).values():
        for english, text in forms(message):
            assert verbatim(text) == verbatim(english), english


def test_a_translation_begins_and_ends_with_the_blanks_of_its_message(korean: Catalog) -> None:
    for message in messages_of(korean).values():
        for english, text in forms(message):
            assert text[: len(text) - len(text.lstrip())] == english[: len(english) - len(english.lstrip())], english
            assert text[len(text.rstrip()) :] == english[len(english.rstrip()) :], english


def test_the_compiled_catalogue_is_the_written_one(korean: Catalog) -> None:
    with MO.open("rb") as stream:
        compiled = gettext.GNUTranslations(stream)
    for message in messages_of(korean).values():
        if isinstance(message.id, str):
            assert compiled.gettext(message.id) == message.string
        else:
            one, many = message.id
            assert {compiled.ngettext(one, many, n) for n in (0, 1, 2, 100)} == {text for _many, text in forms(message)}
    told = {key if isinstance(key, str) else key[0] for key in compiled._catalog} - {""}  # type: ignore[attr-defined]
    assert told == {key if isinstance(key, str) else key[0] for key in messages_of(korean)}


@pytest.mark.usefixtures("in_korean")
def test_choosing_korean_translates() -> None:
    assert i18n.language == "ko"
    assert i18n._("Overview") == "개요"
    assert i18n.n_("{n} node", "{n} nodes", 1) == i18n.n_("{n} node", "{n} nodes", 7) == "노드 {n}대"


def test_choosing_english_again_leaves_the_source() -> None:
    i18n.use("ko", LOCALE)
    assert i18n.use("en", LOCALE)
    assert i18n._("Overview") == "Overview"


@pytest.mark.usefixtures("in_korean")
def test_translated_titles_fit_their_columns() -> None:
    from naru.screens import calls, gpu_columns
    from naru.screens.job_columns import job_columns

    jobs = job_columns(lambda: datetime(2026, 1, 1, tzinfo=UTC), Glyphs(ascii_only=False)).values()
    for column in (*gpu_columns.POOL_COLUMNS, *gpu_columns.NODE_COLUMNS, *calls.COLUMNS, *jobs):
        assert cell_len(i18n._(column.title)) <= column.width, column.title
    state = next(column for column in gpu_columns.NODE_COLUMNS if column.id == "condition")
    for condition in gpu_columns.CONDITIONS:
        assert cell_len(i18n._(condition)) <= state.width, condition


def test_a_korean_locale_gives_korean_titles(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, {}) | {"LANG": "ko_KR.UTF-8"}
    done = subprocess.run(
        naru("--demo", "gpus"),
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    title = done.stdout.splitlines()[0].split()
    assert title[:3] == ["사이트", "모델", "종류"]
    assert "여유" in title


def test_the_wheel_holds_the_compiled_catalogue(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        assert wheel.read("naru/locale/ko/LC_MESSAGES/naru.mo") == MO.read_bytes()
