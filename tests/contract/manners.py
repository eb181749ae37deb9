"""How Slurm 26.05.3 refuses: wrong requests, and what a real slurmrestd says to each. Data, importing nothing of Naru.

`by` tells how that is known: "recorded" are answers of a real one (this project's recordings),
"source" is what its own source at tag slurm-26-05-3-1 does, file and function named.
"""

import json
from typing import Any, NamedTuple

CTLD, DBD = "/slurm/v0.0.44", "/slurmdb/v0.0.44"
JSON, TEXT = "application/json", "text/plain"

NO_URL = (
    "Unable to find requested URL endpoint. Please query the '/openapi/v3' endpoint or visit "
    "'https://slurm.schedmd.com/rest_api.html' for the OpenAPI specification which includes a list of all possible "
    "slurmrestd endpoints."
)
NO_METHOD = (
    "Requested HTTP query method is not supported at URL endpoint. Please query the '/openapi/v3' endpoint or visit "
    "'https://slurm.schedmd.com/rest_api.html' for the OpenAPI specification which includes a list of all possible "
    "slurmrestd endpoints."
)
SCRIPT = "#!/bin/sh\nexec sleep 1000\n"
JOB = {"name": "wrong", "partition": "{partition}", "current_working_directory": "/tmp", "environment": ["PATH=/bin"]}


class Manners(NamedTuple):
    """What is said: the status, the content type, the error numbers of an answer in JSON (of `errors`, and of `status`
    where signals are answered for), and a text that the answer holds."""

    status: int
    kind: str = JSON
    numbers: tuple[int, ...] = ()
    text: str = ""


class Wrong(NamedTuple):
    """One request. Its path may name `{running}`, `{foreign}` (running, somebody else's), `{finished}`, `{group}` (an
    array that waits) and `{partition}`."""

    method: str
    path: str
    said: Manners
    by: str
    body: Any = None  # JSON, or bytes
    headers: dict[str, str] = {}  # noqa: RUF012  # never written to
    query: str = ""  # as it stands in the URL
    token: str | None = None  # in place of a good one

    def url(self, names: dict[str, str]) -> str:
        return self.path.format(**names) + (f"?{self.query}" if self.query else "")

    def content(self, names: dict[str, str]) -> bytes:
        """Its body as it is sent."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body or b""
        return json.dumps(self.body).replace("{partition}", names["partition"]).encode()


def _submit(said: Manners, by: str, without: str = "", **job: Any) -> Wrong:
    whole = {name: value for name, value in (JOB | {"script": SCRIPT} | job).items() if name != without}
    return Wrong("POST", f"{CTLD}/job/submit", said, by, {"job": whole})


WRONG: dict[str, Wrong] = {
    # before anything is asked
    "no token": Wrong(
        "GET", f"{CTLD}/jobs/", Manners(401, TEXT, text="Authentication failure"), "recorded", token=""
    ),
    "no token, unknown path": Wrong(
        "GET", "/nothing", Manners(401, TEXT, text="Authentication failure"), "source operations.c operations_router",
        token="",
    ),
    "token that is none": Wrong(
        "GET", f"{CTLD}/jobs/", Manners(511, JSON, (1007,), "Protocol authentication error"), "recorded",
        token="nonsense",
    ),
    "token that is none, accounting": Wrong(
        "GET", f"{DBD}/jobs/", Manners(511, JSON, (1007,), "Protocol authentication error"), "recorded",
        token="nonsense",
    ),
    "somebody else's name": Wrong(
        "GET", f"{CTLD}/jobs/", Manners(511, JSON, (1007,)), "recorded", headers={"x-slurm-user-name": "somebody"}
    ),
    "unknown path": Wrong("GET", f"{CTLD}/nothing/", Manners(404, TEXT, text=NO_URL), "recorded"),
    "unknown path outside": Wrong("GET", "/nothing", Manners(404, TEXT, text=NO_URL), "recorded"),
    "unknown version": Wrong("GET", "/slurm/v0.0.99/jobs/", Manners(404, TEXT, text=NO_URL), "recorded"),
    "unknown path with a token that is none": Wrong(
        "GET", f"{CTLD}/nothing/", Manners(404, TEXT, text=NO_URL), "source operations.c operations_router",
        token="nonsense",
    ),
    "method that the path does not have": Wrong(
        "POST", f"{CTLD}/partitions/", Manners(405, TEXT, text=NO_METHOD), "source slurm_errno.c", {}
    ),
    "method that nothing has": Wrong(
        "PUT", f"{CTLD}/jobs/", Manners(405, TEXT, text=NO_METHOD), "source slurm_errno.c", {}
    ),
    "an Accept that is not JSON": Wrong(
        "GET", f"{CTLD}/jobs/",
        Manners(415, TEXT, text="HTTP Accept header content type is unknown or unsupported"),
        "recorded (status), source slurm_errno.c (text)", headers={"accept": "text/html"},
    ),
    "a comma that is not escaped": Wrong(
        "GET", f"{CTLD}/jobs/state/", Manners(500, TEXT, text="Unspecified error"),
        "recorded, source serializer_url_encoded.c", query="job_id=1,2",
    ),
    # reading
    "unknown job": Wrong(
        "GET", f"{CTLD}/job/60000000", Manners(404, JSON, (2017,), "Unable to query JobId=60000000"),
        "source jobs.c op_handler_job",
    ),
    "job id that is none": Wrong(
        "GET", f"{CTLD}/job/abc", Manners(422, JSON, (9000,), "Rejecting request. Failure parsing parameters"),
        "recorded",
    ),
    "job 0": Wrong(
        "GET", f"{CTLD}/job/0", Manners(404, JSON, (2017,), "Invalid JobID=0 rejected"), "source jobs.c op_handler_job"
    ),
    "unknown job, accounting": Wrong(
        "GET", f"{DBD}/job/60000000", Manners(200, JSON, (), "slurmdb_jobs_get() found nothing"), "recorded"
    ),
    "unknown node": Wrong(
        "GET", f"{CTLD}/node/nosuch", Manners(422, JSON, (2018,), "Failure to query node nosuch"),
        "source nodes.c _dump_nodes, http.c http_status_from_error",
    ),
    "unknown partition": Wrong(
        "GET", f"{CTLD}/partition/nosuch", Manners(200, JSON, (), "Unable to find partition nosuch"),
        "source partitions.c _partition_get",
    ),
    "unknown reservation": Wrong(
        "GET", f"{CTLD}/reservation/nosuch", Manners(422, JSON, (9000,), "Unable to find reservation nosuch"),
        "source reservations.c _get_single_reservation",
    ),
    "unknown account": Wrong(
        "GET", f"{DBD}/account/nosuch", Manners(200, JSON, (), "slurmdb_accounts_get() found nothing"),
        "source slurmdbd/api.c db_query_list_funcname",
    ),
    "unknown user": Wrong(
        "GET", f"{DBD}/user/nosuch", Manners(200, JSON, (), "slurmdb_users_get() found nothing"),
        "source slurmdbd/api.c db_query_list_funcname",
    ),
    "unknown qos": Wrong(
        "GET", f"{DBD}/qos/nosuch", Manners(200, JSON, (), "slurmdb_qos_get() found nothing"),
        "source slurmdbd/api.c db_query_list_funcname",
    ),
    "accounting from a time that is none": Wrong(
        "GET", f"{DBD}/jobs/", Manners(422, JSON, (9202, 9000), "Parsing of yesterdayish for timestamp failed"),
        "recorded", query="start_time=yesterdayish",
    ),
    # writing
    "not JSON": Wrong(
        "POST", f"{CTLD}/job/submit", Manners(400, TEXT, text="Failure during parsing"),
        "source operations.c _get_query", b"{",
    ),
    "submit without a script": _submit(
        Manners(422, JSON, (9000,), 'Populated "script" field is required for job submission'),
        "source jobs.c _job_post", without="script",
    ),
    "submit without environment": _submit(
        Manners(422, JSON, (2127,), "Environment is missing in job"), "recorded", without="environment"
    ),
    "submit without working directory": _submit(
        Manners(422, JSON, (2063,), "Job cannot be submitted without the current working directory specified."),
        "recorded", without="current_working_directory",
    ),
    "submit to an unknown partition": _submit(
        Manners(422, JSON, (2000,), "Invalid partition name specified"), "recorded", partition="nosuch"
    ),
    "submit for an unknown account": _submit(
        Manners(422, JSON, (2045,)), "source http.c (2000 to 2185), and 22.05.8 gives the number", account="nosuch"
    ),
    "submit with an unknown qos": _submit(
        Manners(422, JSON, (2066,)), "source http.c (2000 to 2185), and 22.05.8 gives the number", qos="nosuch"
    ),
    "submit for accelerators that nobody has": _submit(
        Manners(422, JSON, (2014,)), "source http.c (2000 to 2185), and 22.05.8 gives the number",
        tres_per_node="gres/gpu:nosuch:1",
    ),
    "submit with an unknown field": _submit(
        Manners(200, JSON, (), 'Ignoring unknown field "acount" of type string in DATA_PARSER_JOB_DESC_MSG'),
        "recorded", acount="x",
    ),
    "submit held": _submit(
        Manners(200, JSON, (), "Job is in held state, pending scheduler release"), "recorded", hold=True
    ),
    "update an unknown job": Wrong(
        "POST", f"{CTLD}/job/60000000", Manners(404, JSON, (2017,)), "source jobs.c _job_post_update", {"hold": True}
    ),
    "update somebody else's job": Wrong(
        "POST", f"{CTLD}/job/{{foreign}}", Manners(422, JSON, (2010,), "Invalid user id"),
        "source job_mgr.c _update_job, and 22.05.8 gives the number", {"hold": True},
    ),
    "update one task of an array": Wrong(
        "POST", f"{CTLD}/job/{{group}}_1", Manners(422, JSON, (9000,), "Submit job update against Array Job's JobID"),
        "source jobs.c _job_post_update", {"hold": True},
    ),
    "raise one's own limit": Wrong(
        "POST", f"{CTLD}/job/{{running}}", Manners(422, JSON, (2002,), "Access/permission denied"),
        "source job_mgr.c _update_job", {"time_limit": {"set": True, "infinite": False, "number": 100_000}},
    ),
    "cancel an unknown job": Wrong(
        "DELETE", f"{CTLD}/job/60000000", Manners(200, JSON, (2017,)),
        "source job_mgr.c _add_signal_job_resp",
    ),
    "cancel somebody else's job": Wrong(
        "DELETE", f"{CTLD}/job/{{foreign}}", Manners(200, JSON, (2002,), "Access/permission denied"), "recorded"
    ),
    "cancel a finished job": Wrong(
        "DELETE", f"{CTLD}/job/{{finished}}", Manners(200, JSON, (2021,), "Job/step already completing or completed"),
        "recorded",
    ),
    "cancel what is no job id": Wrong(
        "DELETE", f"{CTLD}/job/abc", Manners(422, JSON, (9000,)), "source jobs.c op_handler_job"
    ),
}  # fmt: skip


def manners_of(status: int, kind: str, answer: Any) -> Manners:
    """What an answer says, its text whole."""
    if not isinstance(answer, dict):
        return Manners(status, kind, (), str(answer))
    errors = [one.get("error_number", 0) for one in answer.get("errors", ())]
    signals = [one["error"]["code"] for one in answer.get("status") or () if isinstance(one, dict)]
    words = [
        str(one.get(name, ""))
        for part in ("errors", "warnings", "status")
        for one in answer.get(part) or ()
        for name in ("description", "error")
    ]
    return Manners(status, kind, (*errors, *signals), "\n".join(words))
