"""Shares, associations and QOS as slurmrestd of several versions tells them, and the quotas they make."""

import json
import time
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.errors import BadAnswer
from naru_client.insight.quota import Quota, Unit, by_key
from naru_client.slurm.holders import MIB, reckoned
from naru_client.slurm.quotas import quotas
from naru_client.slurm.text_limits import Association as TextAssociation
from naru_client.slurm.text_limits import Limits, decode_limits
from naru_client.slurm.wire_amounts import from_wire, of_cluster
from naru_client.slurm.wire_limits import Association, decode_associations, decode_qos, decode_shares

DATA = Path(__file__).parent.parent / "data" / "slurm"
MINUTE = 60
NO_LIMIT: dict[str, Any] = {"set": False, "infinite": True, "number": 0}
ODD: list[Any] = [
    None, {}, [], "", "SPARKLING", "\x1b[31m", 0, -1, -2, 4294967295, 2**64 - 1, 2**80, 1.5, 1e308, True, [None], [{}],
    [[]], {"set": True, "infinite": False, "number": {}}, NO_LIMIT, {"number": [1]}, "9" * 400, float("nan"),
]  # fmt: skip


def data(name: str) -> bytes:
    return (DATA / name).read_bytes()


def loaded(name: str) -> Any:
    return json.loads(data(name))


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def made(shares: Any, associations: Any, qos: Any = None) -> tuple[Quota, ...]:
    """The quotas of three answers, each None where it is not told."""
    return reckoned(
        from_wire(
            None if shares is None else decode_shares(body(shares)).value,
            None if associations is None else decode_associations(body(associations)).value,
            None if qos is None else decode_qos(body(qos)).value,
        )
    )


def lab_24() -> tuple[Any, Any, Any]:
    shares, associations, qos = (loaded(f"lab-24.11-v0.0.42-{what}.json") for what in ("shares", "associations", "qos"))
    return shares, associations, qos


def one(found: tuple[Quota, ...], holder: str, resource: str = "gpu", unit: Unit = "seconds") -> Quota:
    return by_key(found)[holder, resource, unit]


# As recorded


def test_use_is_told_to_the_second_and_limits_in_seconds() -> None:
    found = made(*lab_24())
    inst = one(found, "inst_a")
    assert (inst.granted, inst.used_decayed, inst.committed) == (900_000 * 60, 1217, 819_582)
    assert (inst.remaining, inst.available, inst.binds) == (54_000_000 - 1217 - 819_582,) * 2 + ("inst_a",)
    assert (inst.step, inst.used, inst.above, inst.account) == (1, None, "institute", "inst_a")
    dave = one(found, "inst_a/dave")
    assert (dave.granted, dave.unlimited, dave.user, dave.above) == (None, True, "dave", "inst_a")
    assert (dave.used_decayed, dave.available, dave.binds) == (1103, inst.available, "inst_a")
    assert one(found, "inst_a", "mem").step == MIB
    root = one(found, "root")
    assert (root.above, root.unlimited, root.binds) == (None, True, None)


def test_what_nothing_tells_is_unknown_and_not_nought() -> None:
    found = made(*lab_24())
    at_once = one(found, "startup_a", unit="count")
    assert (at_once.granted, at_once.used, at_once.used_decayed, at_once.remaining) == (4, None, None, None)
    assert (at_once.available, at_once.binds) == (None, "startup_a")
    high, long = one(found, "qos:high", unit="count"), one(found, "qos:long")
    assert (high.granted, high.used_decayed, high.remaining, high.account) == (16, None, None, None)
    assert (long.granted, long.used_decayed, long.committed, long.remaining) == (2000 * 60, None, None, None)


def test_every_figure_is_that_of_the_text_where_that_is_cut_off_to_minutes() -> None:
    # both recorded within the same period of PriorityCalcPeriod, of the same slurmctld 24.11.5
    told = by_key(quotas(decode_limits(data("lab-24.11-assoc_mgr.txt"))))
    found = by_key(made(*lab_24()))
    both = [key for key in found.keys() & told.keys() if not key[0].startswith("qos:") and key[2] == "seconds"]
    assert len(both) > 50
    for key in both:
        rest, text = found[key], told[key]
        assert (rest.granted, rest.unlimited, rest.binds) == (text.granted, text.unlimited, text.binds), key
        for seconds, minutes in ((rest.used_decayed, text.used_decayed), (rest.committed, text.committed)):
            assert seconds is not None
            assert seconds // text.step * text.step == minutes, key
    for holder, resource, unit in told.keys() - found.keys():
        assert unit == "count" or holder.startswith("qos:"), (holder, resource)


def test_raw_usage_is_not_the_billing_that_limits_are_held_against() -> None:
    # `usage` has fractions of billing units, tres.usage whole ones; both in seconds: why UsageRaw is not shown for it
    shares = loaded("lab-24.11-v0.0.42-shares.json")
    of = {record["name"]: record for record in shares["shares"]["shares"]}
    found = made(*lab_24())
    assert of["inst_a"]["usage"] == 5619
    assert one(found, "inst_a", "billing").used_decayed == 5526


def test_the_newest_version_tells_the_same_way() -> None:
    found = made(loaded("lab-26.05-v0.0.45-shares.json"), loaded("lab-26.05-v0.0.45-associations.json"))
    project, startup = one(found, "ai4sci"), one(found, "startup")
    assert (project.granted, project.used_decayed, project.committed) == (60_000 * 60, 812, 18_120)
    assert (startup.granted, startup.used_decayed, startup.remaining) == (7200, 0, 7200)


def test_an_association_whose_id_is_an_object_is_read() -> None:
    found = made(None, loaded("lab-24.11-v0.0.40-associations.json"))
    assert one(found, "startup_a").granted == 60_000 * 60


def test_before_shares_limits_are_told_and_use_is_unknown() -> None:
    # Slurm 22.05.8, v0.0.38: "user": null for accounts, "QOS" for the list, no limits over time of QOS
    answer = decode_qos(data("lab-22.05-qos.json"))
    assert {q.name: q.minutes for q in answer.value} == {"high": None, "long": None}
    found = made(None, loaded("lab-22.05-associations.json"), loaded("lab-22.05-qos.json"))
    startup, frank = one(found, "startup_a"), one(found, "startup_a/frank")
    assert (startup.granted, startup.used_decayed, startup.committed, startup.remaining) == (
        3_600_000,
        None,
        None,
        None,
    )
    assert (startup.available, startup.binds, startup.above) == (None, "startup_a", "startup")
    assert (frank.unlimited, frank.used_decayed, frank.binds) == (True, None, "startup_a")
    assert one(found, "qos:high", unit="count").granted == 16
    assert "root" not in {q.holder for q in found}, "nothing limits it, and what it used is not told"


def test_without_accounting_the_limits_over_time_are_those_of_the_shares() -> None:
    shares, _associations, _qos = lab_24()
    found = made(shares, None)
    inst, dave = one(found, "inst_a"), one(found, "inst_a/dave")
    assert (inst.granted, inst.above, dave.binds, dave.above) == (54_000_000, "institute", "inst_a", "inst_a")
    assert not [q for q in found if q.unit == "count"], "how many at once is not told, nor that nothing limits it"


def test_an_account_above_that_may_not_be_seen_leaves_what_is_available_unknown() -> None:
    shares, associations, _qos = lab_24()
    mine = [r for r in shares["shares"]["shares"] if r["name"] == "dave"]
    found = made({**shares, "shares": {"shares": mine}}, None)
    gpu = one(found, "inst_a/dave")
    assert (gpu.used_decayed, gpu.unlimited, gpu.available, gpu.binds) == (1103, True, None, "inst_a")
    # what PrivateData=usage hides, accounting may still tell: the account's limit without what was used of it
    gpu = one(made({**shares, "shares": {"shares": mine}}, associations), "inst_a")
    assert (gpu.granted, gpu.used_decayed, gpu.remaining, gpu.available) == (54_000_000, None, None, None)


# Disorder


def test_no_limit_is_written_in_many_ways() -> None:
    shares, associations, _qos = lab_24()
    for none in (-1, 4294967295, NO_LIMIT, {"set": True, "infinite": True, "number": 1}):
        changed = deepcopy(associations)
        for record in changed["associations"]:
            for entry in record["max"]["tres"]["group"]["minutes"]:
                entry["count"] = none
        assert one(made(shares, changed), "inst_a").unlimited, none
    plain = deepcopy(associations)
    for record in plain["associations"]:
        for entry in record["max"]["tres"]["group"]["minutes"]:
            entry["count"] = {"set": True, "infinite": False, "number": entry["count"]}
    assert made(shares, plain) == made(shares, associations)


def test_a_limit_without_a_figure_is_a_limit() -> None:
    shares, associations, _qos = lab_24()
    for record in associations["associations"]:
        for entry in record["max"]["tres"]["group"]["minutes"]:
            entry["count"] = "SPARKLING"
    gpu = one(made(shares, associations), "inst_a")
    assert (gpu.granted, gpu.unlimited, gpu.remaining, gpu.binds) == (None, False, None, "inst_a")
    for record in associations["associations"]:
        record["max"] = "SPARKLING"
    assert one(made(shares, associations), "inst_a").granted == 54_000_000, "the shares tell it too"
    assert one(made(None, associations, None) or (gpu,), "inst_a") is gpu, "and without them nothing is known to limit"


def test_an_amount_of_another_type_is_unknown() -> None:
    shares, associations, _qos = lab_24()
    for record in shares["shares"]["shares"]:
        for entry in record["tres"]["usage"]:
            if entry["name"] == "gres/gpu":
                entry["value"] = {"number": "x"}
        record["tres"]["run_seconds"] = 7
    gpu = one(made(shares, associations), "inst_a")
    assert (gpu.granted, gpu.used_decayed, gpu.committed, gpu.remaining) == (54_000_000, None, None, None)
    assert one(made(shares, associations), "inst_a", "cpu").used_decayed == 3906


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(drawn=st.data())
def test_no_field_can_lose_another_row(drawn: st.DataObject) -> None:
    shares, associations, qos = lab_24()
    sound = made(shares, associations, qos)
    lists = (shares["shares"]["shares"], associations["associations"], qos["qos"])
    record = drawn.draw(st.sampled_from([r for records in lists for r in records]))
    own = {record.get(part) for part in ("name", "account", "user")} - {""}
    place: Any = record
    while place:
        at = drawn.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[at], dict | list) and place[at] and drawn.draw(st.booleans()):
            place = place[at]
            continue
        place[at] = drawn.draw(st.sampled_from(ODD))
        break
    changed = by_key(made(shares, associations, qos))
    for quota in sound:
        if not own & {quota.account, quota.user, quota.above, quota.holder.removeprefix("qos:")}:
            assert (quota.holder, quota.resource, quota.unit) in changed


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(share=st.floats(0, 0.999))
@pytest.mark.parametrize("what", ["shares", "associations", "qos"])
def test_an_answer_cut_anywhere_is_one_error(what: str, share: float) -> None:
    whole = data(f"lab-24.11-v0.0.42-{what}.json").rstrip()
    decode = {"shares": decode_shares, "associations": decode_associations, "qos": decode_qos}[what]
    with pytest.raises(BadAnswer):
        decode(whole[: int(len(whole) * share)])


@pytest.mark.parametrize("text", [b"[]", b"7", b"{}", b'{"jobs":[]}', b"\xff", b"[" * 5000])
def test_what_is_no_such_answer_is_refused(text: bytes) -> None:
    for decode in (decode_shares, decode_associations, decode_qos):
        with pytest.raises(BadAnswer):
            decode(text)


@pytest.mark.parametrize(
    "broken", [b"NaN", b"1e999", b"18446744073709551616000", b'"\xff\xfe"', b'"\x01"', b'"\\ud800"']
)
def test_text_that_is_not_quite_json_costs_what_it_stands_in(broken: bytes) -> None:
    whole = data("lab-24.11-v0.0.42-shares.json").replace(b'"value":1217.922679', b'"value":' + broken)
    assert broken in whole
    found = reckoned(from_wire(decode_shares(whole).value, None, None))
    assert one(found, "inst_a").used_decayed is None
    assert one(found, "inst_a", "cpu").used_decayed == 3906
    assert one(found, "startup_a").used_decayed == 113


def test_names_from_outside_are_cleaned() -> None:
    text = json.dumps(lab_24()[0]).replace("inst_a", "inst\\u001b[31m").replace("gres/npu", "gres/\\u202enpu")
    for quota in reckoned(from_wire(decode_shares(text.encode()).value, None, None)):
        assert quota.holder.isprintable()
        assert quota.resource.isprintable()


# One cluster of several


def association(account: str, cluster: str | None) -> Association:
    return Association(cluster=cluster, account=account, user=None, parent=None, minutes={}, held={})


def test_associations_are_those_of_this_cluster() -> None:
    both = (association("a", "north"), association("b", "south"), association("c", None))
    shares = decode_shares(data("lab-26.05-v0.0.45-shares.json")).value
    assert of_cluster(both, (), ("south",)) == both[1:]
    assert of_cluster(both, (), ("elsewhere", None)) is None
    assert of_cluster(both[:1], (), ("elsewhere",)) == both[:1], "there is no other"
    assert of_cluster(both, shares, ("south",)) == both[2:], "the shares are of lab26, whatever the site is called"


# Text and JSON


AMOUNTS = st.integers(0, 10**6)


@settings(max_examples=80, deadline=None)
@given(
    rows=st.lists(st.tuples(st.none() | AMOUNTS, AMOUNTS, AMOUNTS, st.integers(0, 6)), min_size=1, max_size=7),
    hidden=st.sets(st.integers(0, 6), max_size=2),
)
def test_text_and_json_of_one_tree_make_the_same_quotas(
    rows: list[tuple[int | None, int, int, int]], hidden: set[int]
) -> None:
    text: list[TextAssociation] = []
    shares: list[Any] = []
    associations: list[Any] = []
    for i, (limit, used, running, above) in enumerate(rows):
        if i in hidden:
            continue
        parent = f"a{above}" if above < i else ("root" if i else None)
        text.append(
            TextAssociation(
                cluster="c", account=f"a{i}", user=None, partition=None, id=i, parent=parent, held="gres/gpu=N(0)",
                minutes=f"cpu=N(0),gres/gpu={'N' if limit is None else limit}({used})",
                run_minutes=f"cpu=N(0),gres/gpu=N({running})",
            )
        )  # fmt: skip
        shares.append(
            {
                "cluster": "c", "name": f"a{i}", "parent": parent or "", "type": ["ASSOCIATION"],
                "tres": {
                    "usage": [{"name": "cpu", "value": 0.0}, {"name": "gres/gpu", "value": used * 60.0}],
                    "run_seconds": [{"name": "gres/gpu", "value": {"set": True, "number": running * 60}}],
                    "group_minutes": [],
                },
            }
        )  # fmt: skip
        entries = [] if limit is None else [{"type": "gres", "name": "gpu", "count": limit}]
        associations.append(
            {
                "account": f"a{i}", "user": "", "cluster": "c", "parent_account": parent or "",
                "max": {"tres": {"total": [], "group": {"minutes": entries}}},
            }
        )  # fmt: skip
    told = by_key(quotas(Limits(tuple(text), ())))
    found = by_key(made({"shares": {"shares": shares}}, {"associations": associations}))
    assert {key for key in told if key[2] == "seconds"} == {key for key in found if key[2] == "seconds"}
    same = ("granted", "unlimited", "used_decayed", "committed", "remaining", "available", "binds", "above")
    for key, name in product((key for key in told if key[2] == "seconds"), same):
        assert getattr(told[key], name) == getattr(found[key], name), (key, name)


def test_five_thousand_associations_take_no_longer_than_json_alone() -> None:
    shares, associations, _qos = lab_24()
    account, user = (next(r for r in shares["shares"]["shares"] if r["name"] == name) for name in ("inst_a", "dave"))
    capped, plain = (next(r for r in associations["associations"] if r["user"] == name) for name in ("", "dave"))
    many: list[Any] = []
    of_them: list[Any] = []
    for i in range(500):
        many.append({**account, "name": f"a{i}", "parent": "root"})
        of_them.append({**capped, "account": f"a{i}", "parent_account": "root"})
        for k in range(9):
            used = deepcopy(user) if k < 3 else {**user, "tres": {**user["tres"], "usage": []}}
            if k < 3:  # of each its own
                used["tres"]["usage"][0]["value"] = i * 10.0 + k
            many.append({**used, "name": f"u{i}-{k}", "parent": f"a{i}"})
            of_them.append({**plain, "account": f"a{i}", "user": f"u{i}-{k}"})
    bodies = body({"shares": {"shares": many}}), body({"associations": of_them})
    json_alone = ours = 9.0
    for _ in range(2):
        begun = time.process_time()
        assert [json.loads(text) for text in bodies]
        json_alone = min(json_alone, time.process_time() - begun)
        begun = time.process_time()
        found = reckoned(from_wire(decode_shares(bodies[0]).value, decode_associations(bodies[1]).value, None))
        ours = min(ours, time.process_time() - begun)
    assert len({q.holder for q in found}) == 5000
    assert ours < json_alone
