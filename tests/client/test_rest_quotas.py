"""Quotas asked of slurmrestd: which questions, and what becomes of those that are not answered."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from naru_client.config import Profile
from naru_client.errors import NotProvided, Refused, SignInNeeded, Unreachable
from naru_client.insight.quota import by_key
from naru_client.reading import Reading
from naru_client.slurm.rest import HttpTransport, SlurmRest

DATA = Path(__file__).parent.parent / "data" / "slurm"
NO_SUCH_URL = (404, "Unable find requested URL. Please view /openapi/v3 for API reference.")
NOT_SIGNED_IN = (401, "Authentication failure")
DENIED = (500, '{"errors": [{"error_number": 2002, "description": "Access/permission denied"}]}')
NO_CONTROLLER = (500, '{"errors": [{"error_number": 1800, "description": "Unable to contact slurm controller"}]}')
NO_STORE = (500, '{"errors": [{"error_number": 7000, "description": "Unable to connect to database"}]}')
Reply = tuple[int, str]


def lab(what: str, version: str = "24.11-v0.0.42") -> Reply:
    return 200, (DATA / f"lab-{version}-{what}.json").read_text()


WHOLE = {what: lab(what) for what in ("shares", "associations", "qos")}


class Asked:
    """A slurmrestd with these replies; what it is not given it does not have."""

    def __init__(self, replies: Mapping[str, Reply], version: str = "v0.0.42", site: str = "somewhere") -> None:
        self.urls: list[str] = []
        self._replies = replies
        carrier = HttpTransport(Profile(), None, inner=httpx.MockTransport(self._reply))
        self.rest = SlurmRest(carrier, site=site, version=version)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.urls.append(str(request.url).removeprefix(str(request.url.copy_with(raw_path=b"/"))))
        status, text = self._replies.get(request.url.path.rpartition("/")[2], NO_SUCH_URL)
        kind = "application/json" if text.startswith("{") else "text/plain"
        return httpx.Response(status, text=text, headers={"content-type": kind})


def gpu(reading: Reading, holder: str = "inst_a") -> tuple[int | None, int | None]:  # type: ignore[type-arg]
    quota = by_key(reading.value)[holder, "gpu", "seconds"]
    return quota.granted, quota.used_decayed


async def test_three_questions_in_turn_and_only_for_this_cluster() -> None:
    asked = Asked(WHOLE)
    reading = await asked.rest.quotas()
    assert asked.urls == [
        "slurm/v0.0.42/shares", "slurmdb/v0.0.42/associations?cluster=lab24", "slurmdb/v0.0.42/qos",
    ]  # fmt: skip
    assert gpu(reading) == (54_000_000, 1217)
    assert reading.warnings == ()
    assert {q.as_of for q in reading.value} == {reading.as_of}
    assert {q.site for q in reading.value} == {"somewhere"}


async def test_of_a_user_are_those_of_the_accounts_that_user_is_in() -> None:
    reading = await Asked(WHOLE).rest.quotas(user="frank")
    holders = {"root", "startup", "startup_a", "startup_a/frank", "qos:high", "qos:long"}
    assert {q.holder for q in reading.value} == holders


async def test_a_version_without_shares_is_not_asked_for_them() -> None:
    asked = Asked({what: lab(what, "22.05") for what in ("associations", "qos")}, "v0.0.38")
    reading = await asked.rest.quotas()
    assert asked.urls == ["slurmdb/v0.0.38/associations", "slurmdb/v0.0.38/qos"]
    assert gpu(reading) == (54_000_000, None)
    assert any("what was used is not known" in words for words in reading.warnings)
    assert any("limits over time of QOS" in words for words in reading.warnings)


@pytest.mark.parametrize(
    ("replies", "expected", "warning"),
    [
        ({"associations": WHOLE["associations"]}, (54_000_000, None), "what was used is not known"),
        ({**WHOLE, "shares": DENIED}, (54_000_000, None), "denied"),
        ({"shares": WHOLE["shares"]}, (54_000_000, 1217), "not all limits are known"),
        ({**WHOLE, "associations": NO_STORE}, (54_000_000, 1217), "Unable to connect to database"),
        ({**WHOLE, "qos": DENIED}, (54_000_000, 1217), "limits of QOS are not known"),
    ],
    ids=["no shares", "shares refused", "no accounting", "store down", "qos refused"],
)
async def test_what_is_not_told_is_unknown_and_said(
    replies: Mapping[str, Reply], expected: tuple[int, int | None], warning: str
) -> None:
    reading = await Asked(replies).rest.quotas()
    assert gpu(reading) == expected
    assert any(warning in words for words in reading.warnings)


@pytest.mark.parametrize(
    ("replies", "error", "questions"),
    [
        ({}, NotProvided, 2),
        ({"shares": DENIED, "associations": DENIED}, Refused, 2),
        ({**WHOLE, "shares": NO_CONTROLLER}, Unreachable, 1),
        ({**WHOLE, "shares": NOT_SIGNED_IN}, SignInNeeded, 1),
        ({**WHOLE, "associations": NOT_SIGNED_IN}, SignInNeeded, 2),
    ],
    ids=["nothing there", "all refused", "controller down", "no token", "token ran out"],
)
async def test_what_ends_the_asking(replies: Mapping[str, Reply], error: type[Exception], questions: int) -> None:
    asked = Asked(replies)
    with pytest.raises(error):
        await asked.rest.quotas()
    assert len(asked.urls) == questions


async def test_associations_of_several_clusters_without_a_name_are_left_out() -> None:
    status, text = lab("associations", "22.05")
    both = text.replace('"cluster":"lab"', '"cluster":"north"', 1)
    assert both != text
    with_name = await Asked({"associations": (status, both)}, "v0.0.38", site="lab").rest.quotas()
    assert gpu(with_name) == (54_000_000, None)
    without = await Asked({"associations": (status, both)}, "v0.0.38").rest.quotas()
    assert without.value == ()
    assert any("several clusters" in words for words in without.warnings)
