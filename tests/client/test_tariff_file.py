"""Reading tariffs: what the keys mean, and that every mistake is told with its file, line and word."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.errors import UsageError
from naru_client.insight.exact import Rounding
from naru_client.insight.tariff import Factor, NodeShape, Price, Rate
from naru_client.tariff_file import load_tariff, parse_tariff, preset_names

WHOLE = """\
title = "Our centre"
unit = "SU"
sources = "https://example.org/prices"
per = "day"
taken = "start"
utc-offset = "+09:00"
minimum-seconds = 300
minimum-charge = "0.10"
job-rounding = { decimals = 4, mode = "down" }
default-class = "sme"

[qos]
high = 2.5

[classes.sme]
low = 0.05
high = 0.1

[classes]
academia = { factor = 0 }

[prices.KRW]
currency = "KRW"
amount = 1234567890123456789.123456789e-6
units = 1000
example = true

[[periods]]
until = 2026-01-01
[periods.pools.a]
by = "nodes"
each = 0.1

[[periods]]
from = 2026-01-01
until = 2027-01-01T00:00:00Z
[periods.pools.a]
by = "share"
each = 0.30000000000000000001
node = { accelerators = 8, cpus = 96, memory = "1.5 TiB" }
[[periods.pools."b 2".rates]]
resource = "memory"
slice = "2 GB"
each = 1
whole = true
[periods.pools."b 2"]
by = "max"
"""


def test_every_key_is_read() -> None:
    tariff = parse_tariff(WHOLE, "our.toml", "our")
    assert (tariff.title, tariff.per, tariff.taken, tariff.minimum_seconds) == ("Our centre", 86400, "start", 300)
    assert tariff.minimum_charge == Decimal("0.10")
    assert tariff.job_rounding == Rounding(4, "down")
    assert tariff.qos == {"high": Decimal("2.5")}
    assert tariff.classes == {
        "sme": Factor(Decimal("0.05"), Decimal("0.1")),
        "academia": Factor(Decimal(0), Decimal(0)),
    }
    assert tariff.prices["KRW"] == Price(
        currency="KRW", amount=Decimal("1234567890123.456789123456789"), units=Decimal(1000), example=True
    )
    before, after = tariff.periods
    new_year = datetime(2025, 12, 31, 15, tzinfo=UTC)  # midnight in Seoul
    assert (before.start, before.end, after.start) == (None, new_year, new_year)
    assert after.end == datetime(2027, 1, 1, tzinfo=UTC)
    assert after.pools["a"].each == Decimal("0.30000000000000000001")
    assert after.pools["a"].node == NodeShape(8, 96, 3 << 39)
    assert after.pools["b 2"].rates == (Rate(resource="memory", each=Decimal(1), slice=Decimal(2 * 10**9), whole=True),)


WRONG = [
    # what to replace, with what, the line, what is said
    ("[classes]\nacademia", "[classes]\n\nacademia = 3\nx", 21, "classes.academia: must be a table, not 3"),
    ("high = 2.5", "high = -1", 13, "qos.high: must be at least 0"),
    ("high = 2.5", 'high = "x"', 13, "qos.high: must be a number, not 'x'"),
    ("high = 2.5", "high = nan", 13, "qos.high: must be a number, not NaN"),
    ("high = 2.5", "high = true", 13, "qos.high: must be a number, not true"),
    ("high = 0.1", "high = 0.01", 17, "classes.sme.high: is below `low`"),
    ('"sme"', '"smee"', 10, "default-class: names smee, which is not in [classes]"),
    ('taken = "start"', 'taken = "begin"', 5, "taken: must be one of end, start, submission, not 'begin'"),
    ("minimum-seconds", "minimum-second", 7, "minimum-second: is not known here"),
    ("minimum-seconds = 300", "minimum-seconds = 0.5", 7, "minimum-seconds: must be a whole number, not 0.5"),
    ('"+09:00"', '"KST"', 6, "utc-offset: 'KST' is no offset: write it as +09:00"),
    ('mode = "down"', 'mode = "dwon"', 9, "job-rounding.mode: must be one of half-even, half-up, up, down, not 'dwon'"),
    ("units = 1000", "units = 0", 25, "prices.KRW.units: must be above 0"),
    (
        'by = "nodes"',
        'by = "node"',
        31,
        "periods[1].pools.a.by: must be one of nodes, share, max, sum, billing, not 'node'",
    ),
    ("each = 0.1\n", "", 30, "periods[1].pools.a: each is missing"),
    ("from = 2026-01-01", "from = 2025-06-01", 35, "periods[2].from: begins before the period before it has ended"),
    ("until = 2027-01-01T", "until = 2025-01-01T", 36, "periods[2].until: is not after `from`"),
    ("from = 2026-01-01", 'from = "soon"', 35, "periods[2].from: must be a date such as 2026-03-01"),
    ('"1.5 TiB"', '"lots"', 40, "periods[2].pools.a.node.memory: 'lots' is no size: write it as 864 GiB"),
    ('"memory"', '"me mory"', 42, "periods[2].pools.\"b 2\".rates[1].resource: 'me mory' is no resource"),
    ("whole = true", "whole = 1", 45, 'periods[2].pools."b 2".rates[1].whole: must be true or false, not 1'),
    (
        'by = "max"',
        'by = "nodes"',
        41,
        'periods[2].pools."b 2".rates: rates go with by = max or sum, and only with these',
    ),
    ('unit = "SU"\n', "", 1, "unit is missing"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), WRONG)
def test_a_mistake_is_told_with_file_line_and_word(old: str, new: str, line: int, said: str) -> None:
    assert old in WHOLE
    with pytest.raises(UsageError) as caught:
        parse_tariff(WHOLE.replace(old, new, 1), "our.toml", "our")
    assert caught.value.message == f"our.toml, line {line}: {said}"


def test_what_was_probably_meant() -> None:
    with pytest.raises(UsageError) as caught:
        parse_tariff(WHOLE.replace("minimum-seconds", "minimum_seconds"), "our.toml", "our")
    assert caught.value.hint == "did you mean minimum-seconds?"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = ", "our.toml is not valid TOML: Invalid value (at end of document)"),
        ('unit = "SU"\nunit = "x"', "our.toml is not valid TOML: Cannot overwrite a value (at end of document)"),
        ('unit = "SU"', "our.toml, line 1: give either [pools] or [[periods]]"),
        ('unit = "SU"\n\n[pools]', "our.toml, line 3: pools: holds no pool"),
        (
            'unit = "SU"\n[pools.x]\nby = "billing"\nweights = "CPU=1,Mem=x"',
            "our.toml, line 4: pools.x.weights: 'mem=x' is no weight",
        ),
        (
            'unit = "SU"\n[pools.x]\nby = "share"\neach = 1\nnode = {}',
            "our.toml, line 5: pools.x.node: a node has accelerators, cpus or memory",
        ),
    ],
)
def test_files_that_are_no_tariff(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_tariff(text, "our.toml", "our")
    assert caught.value.message == said


def test_names_and_paths(tmp_path: Path) -> None:
    ours = tmp_path / "ours.toml"
    ours.write_text(WHOLE)
    assert load_tariff(str(ours)).name == "ours"
    with pytest.raises(UsageError, match="no tariff named 'kisti'") as caught:
        load_tariff("kisti")
    assert all(name in caught.value.hint for name in preset_names())
    with pytest.raises(UsageError, match="cannot read"):
        load_tariff(str(tmp_path / "none.toml"))
    (tmp_path / "latin.toml").write_bytes(b'unit = "\xff"')
    with pytest.raises(UsageError, match="cannot read"):
        load_tariff(str(tmp_path / "latin.toml"))


LINES = WHOLE.splitlines()
VALUES = (
    "1", "-1", "1e400", "1e-400", "9" * 60, "nan", "inf", '"x"', "[]", "{}", "[1]", "[{}]", "true", "1979-05-27",
    "00:00:01", '"""a\n"""', '"\\u001b[31m\\u202e"', "9999-12-31T23:59:59-23:59", "0001-01-01", "9" * 5000,
    "1" + "0" * 30 + ".5",
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:12].encode("unicode_escape").decode())
def test_any_value_anywhere_is_read_or_refused_in_words(value: str) -> None:
    for number, line in enumerate(LINES):
        lines = list(LINES)
        key, equals, _old = line.partition(" = ")
        lines[number] = f"{key} = {value}" if equals else f"{line}\nodd = {value}"
        said = refused("\n".join(lines))
        assert said is None or said.startswith("our.toml")
        assert said is None or said.isprintable()


def refused(text: str) -> str | None:
    try:
        parse_tariff(text, "our.toml", "our")
    except UsageError as error:
        return error.message
    return None


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match=r"our\.toml"):
        parse_tariff(text, "our.toml", "our")
