"""How slurmrestd refuses what it is asked to do: Slurm's numbers and words, and the status that goes with each."""

from collections.abc import Iterable

from naru_client.mock.requests import Trouble
from naru_client.mock.wire_values import Body

WORDS = {
    2000: "Invalid partition name specified",
    2001: "No partition specified or system default partition",
    2002: "Access/permission denied",
    2006: "Node count specification invalid",
    2009: "Job script not specified",
    2010: "Invalid user id",
    2012: "Pathname of a file, directory or other parameter too long",
    2014: "Requested node configuration is not available",
    2015: "Requested partition configuration not available now",
    2016: "Requested nodes are busy",
    2017: "Invalid job id specified",
    2018: "Invalid node name specified",
    2020: "Job can not be altered now, try again later",
    2021: "Job/step already completing or completed",
    2024: "Job is pending execution",
    2025: "Task count specification invalid",
    2028: "Invalid node state specified",
    2029: "Invalid feature specification",
    2036: "Requested operation not supported on this system",
    2037: "Requested operation is presently disabled",
    2038: "Job dependency problem",
    2039: "Only batch jobs are accepted or processed",
    2042: "Job is in held state, pending scheduler release",
    2044: "Memory required by task is not available",
    2045: "Invalid account or account/partition combination specified",
    2048: "Invalid license specification",
    2050: "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    2052: "Access denied to requested reservation",
    2053: "Requested reservation is invalid",
    2054: "Invalid time specified",
    2055: "Requested reservation is in use",
    2056: "Requested reservation not usable now",
    2058: "Requested reservation overlaps with another reservation",
    2063: "Job cannot be submitted without the current working directory specified.",
    2066: "Invalid qos specification",
    2068: "Required node not available (down, drained or reserved)",
    2069: "CPU count specification invalid",
    2070: "Required partition not available (inactive or drain)",
    2071: "Circular job dependency",
    2072: "Invalid generic resource (gres) specification",
    2073: "Job is no longer pending execution",
    2080: "Reservation request lacks users, groups or accounts",
    2081: "Invalid job array specification",
    2084: "Job has already finished",
    2085: "Job is not running",
    2086: "Job is not pending nor running",
    2095: "Changes to job priority are not persistent, change nice instead",
    2102: "Duplicate generic resource (gres) specification",
    2115: "Invalid Trackable RESource (TRES) specification",
    2119: "Invalid GRES specification (with and without type identification)",
    2123: "Invalid --nice value",
    2124: "Invalid time-min specification (exceeds job's time or other limits)",
    2127: "Environment is missing in job",
    2136: "JobID must not be an empty string",
    2137: "JobID can not be zero",
    2138: "JobID can not be a negative number",
    2139: "JobID larger than acceptable range",
    2140: "JobID includes unexpected non-numeric characters",
    2144: "Job Array ID includes unexpected non-numeric characters",
    2166: "Unable to resolve user ID to user name",
    2172: "Cannot signal job",
    2173: "Invalid signal jobs request, at least one job id or filter is required.",
    2180: "Invalid node state transition",
    9000: "Query empty or not RFC7320 compliant",
    9001: "Failure during parsing",
    9009: "Query requirements not met",
    9202: "Unable to convert Data type",
    9206: "Data parser expects flags to be a list",
    9207: "Data parser unable to parse invalid flag",
    9208: "Data parser expected a list",
    9209: "Data parser expected a dictionary or object",
}

# 26.05.3 answers 500 where a value has the wrong type, its table lacking those numbers; here that is 422 like the rest.
_STATUS = {2017: 404, 9001: 400, 9009: 400}


class Refused(Exception):
    """Something that slurmctld will not do."""

    def __init__(self, number: int) -> None:
        super().__init__(number, WORDS[number])
        self.number = number


class Refusal(Trouble):
    """The answer to a request that was refused: each error has a description of its own, and there may be warnings.

    `text` is the whole body, as plain text, where there are no errors to tell.
    """

    def __init__(
        self, errors: Iterable[Body], warnings: Iterable[Body] = (), *, body: Body | None = None, text: str = ""
    ) -> None:
        self.records, self.warnings, self.text = list(errors), list(warnings), text
        triples = [(e["error_number"], e["error"], e["source"]) for e in self.records]
        status = status_of(triples[0][0]) if triples else 400
        super().__init__(status, *triples, body={**(body or {}), "warnings": self.warnings})

    def told(self) -> list[Body]:
        """The errors as the body holds them."""
        return self.records


def status_of(number: int) -> int:
    """The HTTP status that goes with an error; of several errors the first one decides."""
    return _STATUS.get(number, 422)


def error(number: int, description: str, source: str) -> Body:
    """One of `errors[]`."""
    return {"description": description, "error_number": number, "error": WORDS[number], "source": source}


def warning(description: str, source: str) -> Body:
    """One of `warnings[]`."""
    return {"description": description, "source": source}
