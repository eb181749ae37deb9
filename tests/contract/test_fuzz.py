"""Requests that nobody thought of, made by schemathesis from the published document: the simulated centre answers each
with what the document or Slurm's manners allow, raises nothing, and stays whole.

The same requests every time: examples follow from nothing but the document and this file.
"""

import json
import re
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core import NotSet
from schemathesis.core.result import Ok
from tests.client.mock_world import check
from tests.contract.asking import Asked
from tests.contract.manners import JOB, NO_METHOD, NO_URL, SCRIPT
from tests.contract.published import Operation, contract

PLAIN = {
    (400, "Failure during parsing"),
    (404, NO_URL),
    (405, NO_METHOD),
    (415, "MIME type is unknown to any loaded plugins"),
}
WRITES = {str(one) for one in contract().operations if one.method != "GET" and not one.path.startswith("/slurmdb/")}
ACCOUNTING = [one for one in contract().operations if one.method != "GET" and str(one) not in WRITES]
# Where the real server answers 500: an association that is not named well enough (it has no status for that number).
MAY_FAIL = {"GET /slurmdb/v0.0.44/association/", "GET /slurmdb/v0.0.44/instance/"}
UNREADABLE = re.compile(r"[?&]=|\?.*%00")  # what slurmrestd makes nothing of in a query (serializer_url_encoded.c)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
EXAMPLES = {True: 25, False: 8}  # of each kind; the former for what writes

quick = settings(
    derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


@cache
def known() -> dict[str, Any]:
    """What schemathesis knows of every question."""
    found = schemathesis.openapi.from_dict(contract().document).get_all_operations()
    return {one.ok().label: one.ok() for one in found if isinstance(one, Ok)}


def request_of(case: Case[Any], names: dict[str, str], draw: Any) -> tuple[str, bytes]:
    """URL and body, with something that exists put in for some of what was made up."""
    parts = {
        name: names[name] if draw(st.booleans()) else str(value) for name, value in (case.path_parameters or {}).items()
    }
    path = case.path
    for name, value in parts.items():
        path = path.replace(f"{{{name}}}", quote(value, safe="%"))
    query = urlencode({name: str(value) for name, value in (case.query or {}).items()}, quote_via=quote)
    return path + (f"?{query}" if query else ""), content_of(case, names, draw)


def content_of(case: Case[Any], names: dict[str, str], draw: Any) -> bytes:
    """The body as it is sent."""
    body = case.body
    if isinstance(body, NotSet):
        return b""
    if isinstance(body, dict) and draw(st.booleans()):
        body = plausible(case.operation.label, body, names, draw)
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def plausible(question: str, body: dict[str, Any], names: dict[str, str], draw: Any) -> dict[str, Any]:
    """What was made up, as part of something that would be carried out without it."""
    if question.endswith(("/job/submit", "/job/allocate")):
        made = body.get("job")
        return {
            "job": JOB | {"script": SCRIPT, "partition": names["partition"]} | (made if isinstance(made, dict) else {})
        }
    if question.endswith("/jobs/"):
        return body | {"jobs": draw(st.lists(st.sampled_from(sorted(names.values())), max_size=3))}
    return body


def judge(operation: Operation, centre: Asked, user: str, url: str, content: bytes) -> None:
    reply = centre.ask(operation.method, url, content, user=user)
    said = (operation.method, url, content[:500], reply.status, reply.body[:500])
    if reply.status == 304:
        assert reply.body == b"", said
    elif reply.content_type == "application/json":
        assert reply.status < 500 or str(operation) in MAY_FAIL, said
        assert contract().faults_of_answer(operation, reply.status, reply.body) == [], said
    elif (reply.status, reply.body) == (500, b"Unspecified error"):
        assert UNREADABLE.search(url), said
    else:
        assert (reply.status, reply.body.decode()) in PLAIN, said


def kinds() -> list[Any]:
    """Every question with requests as documented, and with others where anything can be said otherwise."""
    found = []
    for one in contract().operations:
        if one.method != "GET" and str(one) not in WRITES:
            continue
        said = contract().document["paths"][one.path][one.method.lower()]
        modes = MODES if one.parameters or "requestBody" in said else MODES[:1]  # in a path any text is as documented
        found += [pytest.param(one, mode, id=f"{one} {mode.value}") for mode in modes]
    return found


@pytest.mark.parametrize(("operation", "mode"), kinds())
def test_no_request_is_answered_otherwise_than_documented(operation: Operation, mode: GenerationMode) -> None:
    centre = Asked()
    names = centre.names() | (centre.made() if "job" in operation.path else {})

    @settings(quick, max_examples=EXAMPLES[str(operation) in WRITES])
    @given(case=known()[str(operation)].as_strategy(generation_mode=mode), data=st.data())
    def ask(case: Case[Any], data: st.DataObject) -> None:
        user = data.draw(st.sampled_from([centre.operator, centre.user]))
        judge(operation, centre, user, *request_of(case, names, data.draw))

    ask()
    check(centre.site.at_present())
    centre.clock.step(600)
    check(centre.site.at_present())


@pytest.mark.parametrize("operation", ACCOUNTING, ids=str)
def test_accounting_is_only_read(operation: Operation) -> None:
    """What is documented to change it is refused as if nothing were there, or only something to read."""
    centre = Asked()
    reply = centre.ask(operation.method, operation.path.format(**centre.names()), {}, user=centre.operator)
    assert (reply.status, reply.body.decode()) in {(404, NO_URL), (405, NO_METHOD)}
