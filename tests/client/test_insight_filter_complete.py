"""What is proposed while a filter is typed, and where a mistake is pointed at."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight.corpus import Corpus
from naru_client.insight.filter import FIELDS, FilterError, parse
from naru_client.insight.filter_complete import complete, quoted
from naru_client.insight.filter_point import cells, pointer
from naru_client.model import Accelerators, Job

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAVED = {"night": "state:pd wait>2h", "big": "gpus>=8"}


def job(number: int, state: str = "PENDING", model: str = "h100", **fields: object) -> Job:
    base = {"site": "neuron", "id": str(number), "job_id": number, "name": "n", "state": state, "user": "alice"}
    return Job(**(base | {"accelerators": (Accelerators("gpu", model, 8),)} | fields))  # type: ignore[arg-type]


CORPUS = Corpus(
    [
        job(1), job(2), job(3, "RUNNING", "h200"), job(4, "DREAMING", user="bob"), job(5, user="me"),
        job(6, account="proj x", qos='say"hi'), job(7, account="proj x", pool="h100,h200"), job(8, account="other"),
        job(9, reason="Priority", reason_detail="detail"),
    ]
)  # fmt: skip


def proposed(text: str, corpus: Corpus | None = CORPUS, me: str | None = "alice") -> list[str]:
    """What is proposed where `|` stands, else at the end."""
    cursor = text.index("|") if "|" in text else len(text)
    return [one.text for one in complete(text.replace("|", ""), cursor, corpus, SAVED, me).candidates]


def applied(text: str, nth: int = 0) -> str:
    """The filter with a candidate put in, `|` where the cursor then is."""
    cursor = text.index("|") if "|" in text else len(text)
    text = text.replace("|", "")
    told = complete(text, cursor, CORPUS, SAVED, "alice")
    done, at = told.applied(text, told.candidates[nth])
    return done[:at] + "|" + done[at:]


def test_fields_by_their_beginning_and_by_what_else_they_are_called() -> None:
    assert proposed("gp") == ["gpu:", "gpus>="]
    assert proposed("llm ac") == ["account:"]
    assert proposed("!st") == ["state:"]
    assert proposed("s")[:2] == ["state:", "site:"]
    assert proposed("part") == ["pool:"]
    assert proposed("zz") == []
    assert proposed("")[:2] == ["state:", "user:"]
    assert len(proposed("llm ")) == len(FIELDS)


def test_every_field_is_told_with_its_help() -> None:
    (told,) = complete("acc", 3, None).candidates
    assert told.help == "account it counts for"


def test_operators_after_a_whole_field() -> None:
    assert proposed("gpus")[:4] == ["gpus>=", "gpus<=", "gpus>", "gpus<"]
    assert proposed("state")[:3] == ["state:", "state=", "state!:"]
    assert proposed("sta|:pd") == ["state"]


def test_states_that_there_are_then_words_for_several() -> None:
    assert proposed("state:")[:3] == ["pd", "r", "waiting"]
    assert proposed("state=")[:3] == ["pd", "dreaming", "r"]  # only a whole name reaches what Naru does not know
    assert proposed("state:")[-1] == "held"
    assert proposed("state:run") == ["r"]
    assert proposed("state:wai") == ["waiting"]
    assert proposed("state:pd,")[0] == "r"
    assert "cg" in proposed("state:c", corpus=None)
    assert [one.count for one in complete("state:", 6, CORPUS).candidates[:2]] == [7, 1]


def test_values_with_most_jobs_first() -> None:
    assert proposed("gpu:") == ["h100", "h200"]
    assert proposed("pool:h2") == ["h200"]
    assert proposed("reason:") == ["Priority"]
    assert proposed("site:") == ["neuron"]
    assert proposed("gpu:200") == ["h200"]
    assert proposed("gpu:", corpus=None) == []
    assert proposed("gpus>=") == []
    assert proposed("name=~") == []


def test_me_comes_first_and_a_user_of_that_name_in_quotes() -> None:
    assert proposed("user:") == ["me", "alice", "bob", '"me"']
    assert proposed("user:", me=None) == ["alice", "bob", '"me"']
    assert proposed("u:m") == ["me", '"me"']
    told = complete("user:", 5, CORPUS, None, {"neuron": "bob", "elsewhere": "alice"})
    assert (told.candidates[0].text, told.candidates[0].count) == ("me", 1)


def test_a_value_takes_the_place_of_what_is_typed() -> None:
    assert applied("sta") == "state:|"
    assert applied("state:r") == "state:r|"
    assert applied("account:pro llm".replace(" llm", "| llm")) == 'account:"proj x"| llm'
    assert applied('account:"pr') == 'account:"proj x"|'
    assert applied('account:"pr| j" llm') == 'account:"proj x"| llm'
    assert applied("user:bob,al|x !y") == "user:bob,alice| !y"
    assert applied("qos:say") == r'qos:"say\"hi"|'
    assert applied("llm !gp|u") == "llm !gpu:|"


def test_saved_filters_after_their_sign() -> None:
    assert proposed("@") == ["@big", "@night"]
    assert proposed("llm @ni") == ["@night"]
    assert complete("@n", 2, None, SAVED).candidates[0].help == "state:pd wait>2h"
    assert applied("x @b|ad y") == "x @big| y"


def test_no_more_candidates_than_anybody_reads() -> None:
    corpus = Corpus([job(n, user=f"u{n:03}") for n in range(200)])
    assert len(complete("user:u", 6, corpus).candidates) == 50


@given(st.text(min_size=1, max_size=20))
def test_a_quoted_value_is_read_as_it_stands(value: str) -> None:
    text = f"name={quoted(value)}"
    (term,) = parse(text, me=None, now=NOW).terms
    assert term.passes(job(1, name=value), NOW)
    assert not term.passes(job(1, name=value + "x"), NOW)


pieces = st.sampled_from(
    [*(f.id for f in FIELDS), ":", ">=", "=~", "!", "=", " ", '"', "'", ",", "@", "@big", "pd", "me", "\\", "한", "x"]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(pieces, max_size=10).map("".join), st.integers(0, 60))
def test_whatever_is_typed_a_candidate_fits_where_it_is_put(text: str, cursor: int) -> None:
    told = complete(text, cursor, CORPUS, SAVED, "alice")
    assert 0 <= told.start <= told.end <= len(text)
    assert told.start <= min(cursor, len(text)) <= told.end
    for candidate in told.candidates[:5]:
        done, at = told.applied(text, candidate)
        assert done[:at].endswith(candidate.text)


@pytest.mark.parametrize("text", ["user:", "pool:h", "account:p", "gpu:", "qos:s", "site:", "reason:", "@", "state:"])
def test_every_proposed_value_makes_a_filter_that_some_job_passes(text: str) -> None:
    told = complete(text, len(text), CORPUS, {"big": "gpus>=8"}, "alice")
    assert told.candidates
    for candidate in told.candidates:
        wanted = parse(told.applied(text, candidate)[0], me="alice", now=NOW, saved={"big": "gpus>=8"})
        if candidate.count is not None:
            assert len(wanted.select(CORPUS)) == candidate.count


def test_a_caret_stands_below_the_place() -> None:
    assert pointer("gpus>=x llm", 6, 40) == ("gpus>=x llm", "      ^")
    assert pointer("gpus>=", 6, 40) == ("gpus>=", "      ^")
    assert pointer("한글 fruit:x", 3, 40) == ("한글 fruit:x", "     ^")
    assert pointer("a\x1bb", 2, 40) == ("a\ufffdb", "  ^")


def test_a_long_filter_is_cut_about_the_place() -> None:
    text = "x" * 50 + " fruit:apple " + "y" * 50
    shown, caret = pointer(text, 51, 30)
    assert len(shown) <= 30
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert shown[len(caret) - 1] == "f"
    assert pointer(text, 51, 30, ellipsis="~")[0].startswith("~")


@given(st.text(max_size=60), st.integers(0, 60), st.integers(4, 50))
def test_the_place_is_always_in_view(text: str, position: int, width: int) -> None:
    shown, caret = pointer(text, position, width)
    assert shown.isprintable()
    assert cells(shown) <= width
    assert caret.endswith("^")
    assert cells(caret) <= width + 1


@pytest.mark.parametrize("text", ["llm fruit:apple", "gpus>=", "user:me"])
def test_an_error_knows_its_filter(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, me=None, now=NOW)
    assert caught.value.filter_text == text
    assert caught.value.what in caught.value.message
    assert "character" not in caught.value.what
