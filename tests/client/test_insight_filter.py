"""The filter grammar: what matches, and where a mistake is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.insight.filter import FIELDS, FilterError, parse
from naru_client.insight.filter_fields import in_hostlist
from naru_client.model import Accelerators, Job

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def job(**fields: Any) -> Job:
    base: dict[str, Any] = {
        "site": "s", "id": "41", "job_id": 41, "name": "llm-Pretrain", "user": "alice", "account": "univ_a",
        "qos": "high",
        "pool": "h200,b200", "state": "PENDING", "reason": "QOSMaxGRESPerUser", "reason_detail": None, "priority": 9635,
        "nodes": 2, "cpus": 64, "memory": 512 << 30, "accelerators": (Accelerators("gpu", "h200", 16),),
        "submitted": NOW - timedelta(hours=3), "time_limit": 86400, "comment": "second try",
    }  # fmt: skip
    return Job(**(base | fields))


RUNNING = {
    "state": "RUNNING", "reason": None, "started": NOW - timedelta(hours=1), "elapsed": 3600,
    "node_list": "h200-[01-04]",
}  # fmt: skip


def passes(text: str, **fields: Any) -> bool:
    return parse(text, me="alice", now=NOW).matches(job(**fields))


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "pretrain", "LLM", "llm alice", "univ_a", "qosmax", '"llm-pre"', "second", "pd", "h200", "pending",
        "state:pd", "state:r,pd", "state:PENDING", "state:pend", "state=PENDING", "st:waiting", "!state:r",
        "state!:r,cg",
        "user:me", "user:alice", "user:Alice", "user:bob,me", "u:me", "account:univ_a", "pool:b200", "partition:H200",
        "qos:high", "name:pre", "name=llm-pretrain", "name=~^llm", "name=~train$", "name!~^vit", "name!=llm",
        "reason:gres", "reason=~^QOS", "gpu:h200", "gpu:H2", "gpus>=8", "gpus>8", "gpus=16", "gpus:8,16", "gpus==16",
        "gpus<=16", "gpus<17", "gpus!=8", "npus=0", "nodes>1", "cpus>=64", "memory>=512G", "mem<1T", "wait>2h",
        "wait>=3h", "wait<1d", "wait>1h30m", "wait>02:59:59", "limit<=1d", "limit=24h", "limit:1-00:00:00",
        "priority>9k",
        "comment:second", 'comment:"second try"', 'comment:"d t"', "id:41", "!bob", "!name:vit", "!!llm", "!gpus<8",
        "state:pd user:me gpu:h200 gpus>=8 wait>2h !vit name=~pre",
    ],
)  # fmt: skip
def test_it_passes(text: str) -> None:
    assert passes(text)


@pytest.mark.parametrize(
    "text",
    [
        "vit", "llm bob", "state:r", "state:f,to", "!state:pd", "state!:pd", "state:finished", "state:active",
        "state:held",
        "user:bob", "user:ali", "!user:me", "pool:h100", "pool:h20", "name=llm", "name=~^pretrain", "name!~llm",
        "gpu:h100", "npu:h200", "gpus>16", "gpus<16", "gpus=8", "gpus!=16", "npus>0", "memory>512G", "wait>3h",
        "wait<3h",
        "limit>24h", "priority<9k", "!llm", "id:4", "id:410", "elapsed>=0s", "elapsed<1h", "comment=second",
        "node:h200-01",
    ],
)  # fmt: skip
def test_it_does_not_pass(text: str) -> None:
    assert not passes(text)


def test_two_words_in_quotes_are_one_and_an_apostrophe_inside_a_word_is_none() -> None:
    assert passes('"second try"')
    assert not passes('"try second"')
    assert passes("try second")
    assert passes("don't", comment="i don't know")
    assert passes(r'"say \"hi\""', comment='say "hi" twice')


def test_signs_in_quotes_are_text() -> None:
    assert passes('"lr=0.1"', name="run lr=0.1")
    assert passes('name:"a,b"', name="x-a,b")
    assert not passes('name:"a,b"', name="x-b")
    assert passes("'!x'", name="really!x")


def test_me_in_quotes_is_a_user_called_me() -> None:
    assert parse('user:"me"', me="alice", now=NOW).matches(job(user="me"))
    assert not parse('user:"me"', me="alice", now=NOW).matches(job(user="alice"))


def test_hangul_is_found_however_it_was_typed() -> None:
    decomposed = "\u1112\u1161\u11ab\u1100\u1173\u11af"
    assert passes(decomposed, name="한글-학습")
    assert passes(f"name:{decomposed}", name="한글-학습")


def test_states_are_found_in_the_further_state_words_too() -> None:
    assert passes("state:cg", state="RUNNING", state_flags=("COMPLETING",))


def test_groups_of_states() -> None:
    assert passes("state:active", **RUNNING)
    assert passes("state:finished", state="OUT_OF_MEMORY")
    assert passes("state:held", reason="JobHeldUser")
    assert not passes("state:held", **(RUNNING | {"reason": "JobHeldUser"}))


def test_an_array_and_a_het_job_are_found_by_their_number() -> None:
    assert passes("id:19", id="19_4", job_id=400, array_id=19)
    assert passes("id:19_4", id="19_4", job_id=400, array_id=19)
    assert passes("id:400", id="19_4", job_id=400, array_id=19)
    assert passes("id:20", id="20+1", job_id=21)
    assert not passes("id:19_4", id="19_40", job_id=401)


def test_nodes_are_found_within_a_hostlist() -> None:
    assert passes("node:h200-02", **RUNNING)
    assert passes("node:h200", **RUNNING)
    assert not passes("node:h200-05", **RUNNING)
    assert passes("node=h200-04", **RUNNING)
    assert passes("node:h200-02", planned_nodes="h200-[01-02]")


@pytest.mark.parametrize(
    ("name", "hostlist", "inside"),
    [
        ("h200-02", "h200-[01-04,07],cpu-1", True), ("h200-07", "h200-[01-04,07],cpu-1", True),
        ("cpu-1", "h200-[01-04,07],cpu-1", True), ("h200-05", "h200-[01-04]", False), ("h200-2", "h200-[01-04]", False),
        ("n9", "n[8-12]", True), ("n08", "n[8-12]", False), ("n10", "n[8-12]", True), ("r1n12", "r[1-2]n[01-16]", True),
        ("r3n12", "r[1-2]n[01-16]", False), ("n", "n[1-2]", False), ("n1x", "n[1-2]", False), ("", "", False),
    ],
)  # fmt: skip
def test_membership_of_a_hostlist(name: str, hostlist: str, inside: bool) -> None:
    assert in_hostlist(name, hostlist) is inside


def test_wait_is_until_the_start_once_it_has_started() -> None:
    assert passes("wait=2h", **RUNNING)
    assert passes("elapsed=1h", **RUNNING)
    assert passes("elapsed=1h", **(RUNNING | {"elapsed": None}))


def test_wait_can_be_measured_against_another_time() -> None:
    found = parse("wait>4h", me=None, now=NOW)
    assert not found.matches(job())
    assert found.matches(job(), NOW + timedelta(hours=2))


def test_no_time_limit_is_longer_than_any() -> None:
    assert passes("limit>365d", time_limit=None, unlimited=True)


@pytest.mark.parametrize(
    "text", ["gpus>=0", "gpus=0", "gpus<1", "nodes<9", "limit<9d", "wait>0", "memory<1T", "priority<1"]
)
def test_what_is_not_told_fulfils_no_condition_and_every_negated_one(text: str) -> None:
    untold: dict[str, Any] = dict.fromkeys(("accelerators", "nodes", "time_limit", "submitted", "memory", "priority"))
    assert not passes(text, **untold)
    assert passes("!" + text, **untold)


def test_a_job_without_accelerators_has_none_of_them() -> None:
    assert passes("gpus=0 npus=0", accelerators=())


def test_npus_are_counted_apart() -> None:
    assert passes("npu:rngd npus=4 gpus=0", accelerators=(Accelerators("npu", "rngd", 4),))


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        ("gpus>=", 6, "gpus>="), ("state:pd gpus>=", 15, "gpus>="), ("user:", 5, "user:"), ("state:,", 6, "state:"),
        ("!", 1, "!"), ("llm !", 5, "!"), ("fruit:apple", 0, "fruit"), ("llm fruit=1", 4, "fruit"),
        ("!usr:x", 1, "usr"),
        ("gpus>=many", 6, "many"), ("wait>2", 5, "2"), ("wait>2hx", 5, "2hx"), ("memory>16", 7, "16"),
        ("limit>1y", 6, "1y"),
        ("state:nonsense", 6, "nonsense"), ("state:pd,nonsense", 9, "nonsense"), ("gpu>=8", 3, "gpu"),
        ("name>x", 4, "name"),
        ("gpus=~8", 4, "gpus"), ("name=~(", 6, "regular"), ("name=~ab(c", 8, "regular"), ('llm "open', 4, "quot"),
        ("name:'x", 5, "quot"), (">=8", 0, ">"), (":x", 0, ":"), ("gpus>=1,2", 6, "1,2"),
        ("name=~" + "a" * 201, 206, "long"),
        ("x" * 1001, 1000, "long"), ("wait>" + "9" * 5000, 1000, "long"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(text: str, position: int, told: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, me="alice", now=NOW)
    assert caught.value.position == position
    assert told in caught.value.message
    assert f"character {position + 1}" in caught.value.message
    assert caught.value.exit_code == 2


def test_mistakes_come_with_a_way_out() -> None:
    hints = {
        "usr:x": "user", "gpu>=8": "gpus", "wait>2": "2h", "memory>16": "16G", "foo:bar": "quotes", "state:zz": "pd",
    }  # fmt: skip
    for text, hint in hints.items():
        with pytest.raises(FilterError) as caught:
            parse(text, me=None, now=NOW)
        assert hint in caught.value.hint


def test_a_message_holds_nothing_that_could_harm_the_terminal() -> None:
    with pytest.raises(FilterError) as caught:
        parse("gpus>=\x1b[31m8", me=None, now=NOW)
    assert caught.value.message.isprintable()


def test_me_needs_a_known_user() -> None:
    with pytest.raises(FilterError, match="not known") as caught:
        parse("user:me", me=None, now=NOW)
    assert caught.value.position == 5


def test_a_state_newer_than_naru_can_be_asked_for_by_its_whole_name() -> None:
    assert passes("state=DREAMING", state="DREAMING")
    with pytest.raises(FilterError):
        parse("state:dreaming", me=None, now=NOW)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a*)*", "(?:a|a)+$", "(a|ab)*c", "((ab)*c){2,}", "(.*a){12}", "a*a*a*a*b", "(a?){40}", "a?" * 30,
     "(a|b)" * 9, "(?x)(a+) +", "((?#()a+)+"],
)  # fmt: skip
def test_a_pattern_that_could_take_forever_is_refused(pattern: str) -> None:
    with pytest.raises(FilterError, match="forever"):
        parse(
            f"name=~{pattern.replace(' ', chr(92) + 's')}" if " " not in pattern else f'name=~"{pattern}"',
            me=None,
            now=NOW,
        )


@pytest.mark.parametrize(
    "pattern", ["^llm.*train$", "(llm|vit)-.*", r"\d{3}", "[a-z]+-[0-9]+", r"lr\+", "(?i)LLM", "[+*]{2}", "a{2}b?"]
)
def test_everyday_patterns_are_taken(pattern: str) -> None:
    parse(f"name=~{pattern}", me=None, now=NOW)


def test_a_pattern_looks_at_so_much_text_and_no_more() -> None:
    """What makes a tame pattern quick on a hostile text: it never meets more than its beginning."""
    found = parse("name=~b", me=None, now=NOW)
    assert found.matches(job(name="a" * 100 + "b"))
    assert not found.matches(job(name="a" * 1000 + "b"))


def test_every_example_of_the_help_can_be_parsed() -> None:
    assert len({field.id for field in FIELDS}) == len(FIELDS)
    for field in FIELDS:
        parse(field.example, me="alice", now=NOW)
        assert field.help
        assert field.example.startswith(field.id)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    _parse_and_match(text)


pieces = st.sampled_from(
    [*(f.id for f in FIELDS), ":", ">=", "=~", "!~", "!", "=", "<", " ", '"', "'", ",", "pd", "8", "2h", "(", ")", "*",
    "+",
     "[", "]", "{", "}", "a", "\\", "?", "|", "me", "^", "$", "."]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(pieces, max_size=14).map("".join))
def test_any_mixture_of_its_signs_is_a_filter_or_a_filter_error(text: str) -> None:
    _parse_and_match(text)


def _parse_and_match(text: str) -> None:
    mistake: FilterError | None = None
    try:
        found = parse(text, me="alice", now=NOW)
    except FilterError as error:
        mistake = error
    if mistake is not None:
        assert 0 <= mistake.position <= len(text)
        return
    assert found.matches(job()) in (True, False)
    assert found.matches(job(accelerators=None, name="", user=None, pool=None, reason=None)) in (True, False)
