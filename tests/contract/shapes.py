"""The shape of an answer: every place in it and the types of JSON seen there. Distils `shapes.json`:

    python -m tests.contract.shapes CAPTURES [FILE.json METHOD PATH]… > tests/data/specs/shapes.json

CAPTURES is a folder of answers recorded from a slurmrestd that speaks v0.0.44, as this project's `slurm-26.05` is:
`jobs-v0.0.44.json` and its neighbours, and transcripts (`01-submit.txt`) with titles that say what was asked.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Shape = dict[str, set[str]]  # ".jobs[].name" → {"string"}

_TYPES = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    type(None): "null",
    list: "array",
    dict: "object",
}
WRAPPER = {"set", "infinite", "number"}  # of a number: told as one type
COLLECTIONS = {
    "db-accounts": "/slurmdb/v0.0.44/accounts/",
    "db-associations": "/slurmdb/v0.0.44/associations/",
    "db-jobs": "/slurmdb/v0.0.44/jobs/",
    "db-qos": "/slurmdb/v0.0.44/qos/",
    "db-tres": "/slurmdb/v0.0.44/tres/",
    "diag": "/slurm/v0.0.44/diag/",
    "jobs": "/slurm/v0.0.44/jobs/",
    "nodes": "/slurm/v0.0.44/nodes/",
    "partitions": "/slurm/v0.0.44/partitions/",
    "reservations": "/slurm/v0.0.44/reservations/",
    "shares": "/slurm/v0.0.44/shares",
}
_TITLES = {
    "submit gpu job": "POST /slurm/v0.0.44/job/submit",
    "unknown field": "POST /slurm/v0.0.44/job/submit",
    "hold via POST job": "POST /slurm/v0.0.44/job/{job_id}",
    "alice cancels fireuser job": "DELETE /slurm/v0.0.44/job/{job_id}",
    "jobs/state with trailing": "GET /slurm/v0.0.44/jobs/state/",
    "resources": "GET /slurm/v0.0.44/resources/{job_id}",
    "submit without environment": "refused",
    "missing job (ctld)": "refused",
    "bad job id": "refused",
}


def shape_of(value: Any, at: str = "", into: Shape | None = None) -> Shape:
    """The shape of a value, added to `into` when given."""
    shape = {} if into is None else into
    wrapped = isinstance(value, dict) and set(value) == WRAPPER
    if at:
        shape.setdefault(at, set()).add("wrapper" if wrapped else _TYPES[type(value)])
    if isinstance(value, dict) and not wrapped:
        for name, one in value.items():
            shape_of(one, f"{at}.{name}", shape)
    elif isinstance(value, list):
        for one in value:
            shape_of(one, f"{at}[]", shape)
    return shape


def is_missing(place: str, shape: Shape) -> bool:
    """Whether a field is nowhere in what the shape was taken from, though there are records it belongs into."""
    above = place.rpartition(".")[0]
    return place not in shape and not place.endswith("[]") and (not above or "object" in shape.get(above, ()))


def answers_in(transcript: str) -> Iterator[tuple[str, Any]]:
    """The titles of a transcript and the JSON under each."""
    for part in re.split(r"^## ", transcript, flags=re.MULTILINE)[1:]:
        title, _, rest = part.partition("\n")
        if title in _TITLES and rest.startswith("{"):
            # `meta` was cut out of some of them, which left a comma
            yield title, json.JSONDecoder().raw_decode(re.sub(r",(\s*})", r"\1", rest))[0]


def distil(captures: Path, others: list[tuple[Path, str]]) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for name, path in COLLECTIONS.items():
        shape_of(json.loads((captures / f"{name}-v0.0.44.json").read_bytes()), "", shapes.setdefault(f"GET {path}", {}))
    for transcript in sorted(captures.glob("*.txt")):
        for title, answer in answers_in(transcript.read_text(encoding="utf-8")):
            shape_of(answer, "", shapes.setdefault(_TITLES[title], {}))
    for file, question in others:
        shape_of(json.loads(file.read_bytes()), "", shapes.setdefault(question, {}))
    return shapes


def read_shapes(file: Path) -> dict[str, Shape]:
    return {
        question: {place: set(types.split("|")) for place, types in shape.items()}
        for question, shape in json.loads(file.read_bytes()).items()
    }


def main(captures: str, *others: str) -> None:
    more = [(Path(file), f"{method} {path}") for file, method, path in zip(*[iter(others)] * 3, strict=True)]
    shapes = distil(Path(captures), more)
    told = {q: {at: "|".join(sorted(types)) for at, types in sorted(s.items())} for q, s in sorted(shapes.items())}
    print(json.dumps(told, indent=0, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
