"""`scontrol show assoc_mgr` and `sshare` as texts; the records are as Slurm 22.05.8 and 24.11.5 print them."""

import time

import pytest

from naru_client.errors import BadAnswer
from naru_client.slurm.text_limits import Amount, amounts, decode_limits
from naru_client.slurm.text_shares import decode_shares

HEAD = "Current Association Manager state\n\nUser Records\n\nUserName=root(0) DefAccount=\n\nAssociation Records\n\n"
ACCOUNT = """\
ClusterName=lab Account={account} UserName={user} Partition={partition} Priority=0 ID={id}
    SharesRaw/Norm/Level/Factor=10/1.00/10/0.00
    UsageRaw/Norm/Efctv=1.38/1.00/0.00
    ParentAccount={parent} {place} DefAssoc=No
    GrpJobs=N(8) GrpJobsAccrue=N(5)
    GrpSubmitJobs=N(13) GrpWall=N(0.22)
    GrpTRES=cpu=N(61),mem=N(244000),node=N(5),gres/gpu=4(2),gres/gpu:h200=N(2)
    GrpTRESMins=cpu=N(144),mem=N(140),node=N(0),gres/gpu=900000(37),gres/gpu:h200=N(37)
    GrpTRESRunMins=cpu=N(55921),mem=N(223684000),node=N(2821),gres/gpu=N(13680),gres/gpu:h200=N(12960)
    MaxJobs= MaxJobsAccrue= MaxSubmitJobs= MaxWallPJ=
    MaxTRESPJ=
    MaxTRESMinsPJ=
    MinPrioThresh=
"""
QOS = """
QOS Records

QOS=long(7)
    UsageRaw=13.640147
    GrpJobs=N(19) GrpJobsAccrue=N(29) GrpSubmitJobs=N(71) GrpWall=N(0.87)
    GrpTRES=cpu=N(137),gres/gpu=N(29)
    GrpTRESMins=cpu=N(0),gres/gpu=600(12)
    GrpTRESRunMins=cpu=N(186755),gres/gpu=N(44460)
    MaxWallPJ=2880
    Account Limits
      univ_a
        MaxTRESPA=cpu=N(54),gres/gpu=N(13)
    User Limits
      20001
        MaxTRESPU=cpu=N(20),gres/gpu=12(5)
"""


def record(account: str, user: str = "", parent: str = "", *, new: bool = False, partition: str = "") -> str:
    place = "Lineage=/a/b/" if new else "Lft=9"
    return ACCOUNT.format(account=account, user=user, parent=parent, place=place, id=9, partition=partition)


@pytest.mark.parametrize("new", [False, True], ids=["22.05", "24.11"])
def test_account_user_and_parent_are_told_apart(new: bool) -> None:
    text = HEAD + record("institute", parent="root(1)", new=new) + record("institute", "dave(20004)", new=new) + QOS
    account, user = decode_limits(text.encode()).associations
    assert (account.account, account.user, account.parent) == ("institute", None, "root")
    assert (user.account, user.user, user.parent) == ("institute", "dave", "institute")


def test_n_means_no_limit_and_the_number_in_brackets_is_what_counts() -> None:
    (account,) = decode_limits((HEAD + record("a") + QOS).encode()).associations
    assert amounts(account.minutes)["gres/gpu"] == Amount(900000, 37)
    assert amounts(account.minutes)["cpu"] == Amount(None, 144)
    assert amounts(account.held)["gres/gpu"] == Amount(4, 2)
    assert amounts(account.run_minutes)["gres/gpu:h200"] == Amount(None, 12960)
    assert "gres/npu" not in amounts(account.minutes)


def test_limits_of_a_qos_are_its_own_not_those_of_users_in_it() -> None:
    (qos,) = decode_limits((HEAD + record("a") + QOS).encode()).qos
    assert qos.name == "long"
    assert amounts(qos.minutes)["gres/gpu"] == Amount(600, 12)
    assert amounts(qos.held)["gres/gpu"] == Amount(None, 29)


def test_a_record_that_cannot_be_read_costs_only_itself() -> None:
    text = HEAD + record("a") + "ClusterName=lab nonsense\n" + record("b") + QOS
    assert [a.account for a in decode_limits(text.encode()).associations] == ["a", "b"]


@pytest.mark.parametrize("body", [b"", b"slurm_load_assoc_mgr_info error: Access denied", b"\xff\x00"])
def test_what_is_no_such_answer_is_refused(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        decode_limits(body)
    with pytest.raises(BadAnswer):
        decode_shares(body)


def test_five_thousand_associations_are_read_quickly() -> None:
    body = (HEAD + "".join(record(f"a{i}", parent="root(1)") for i in range(5000)) + QOS).encode()
    best = 1.0
    for _ in range(3):
        begun = time.process_time()
        assert len(decode_limits(body).associations) == 5000
        best = min(best, time.process_time() - begun)
    assert best < 0.1


def test_shares_are_read_by_their_heading() -> None:
    # 22.05.8, `sshare -a -l -P`, some columns left out; the depth of the tree is told by blanks
    text = "Account|User|RawUsage|GrpTRESMins|TRESRunMins\nroot||23||cpu=5,gres/gpu=45180\n inst_a|dave|4|gres/gpu=9|\n"
    root, dave = decode_shares(text.encode())
    assert (root.account, root.user, root.raw_usage, root.limits) == ("root", None, 23, {})
    assert root.run_minutes == {"cpu": 5, "gres/gpu": 45180}
    assert root.used is None  # not asked for, not nought
    assert (dave.account, dave.user, dave.limits) == ("inst_a", "dave", {"gres/gpu": 9})
