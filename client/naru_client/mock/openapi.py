"""The document under `/openapi/v3`: which paths are served, in which versions, and by which methods.

Unlike a real one it says nothing of the shapes of bodies: the published specification does.
"""

from typing import TYPE_CHECKING

from naru_client.mock.contracts import served
from naru_client.mock.slurmctld import Slurmctld
from naru_client.mock.slurmdbd import Slurmdbd
from naru_client.mock.wire_values import Body

if TYPE_CHECKING:
    from naru_client.mock.actions import Controller

# Paths that may be written to, with a name in place of what varies.
_WRITTEN = (
    "job/submit", "job/allocate", "jobs/", "job/{job_id}", "node/{node_name}", "nodes/", "reservation",
    "reservations/", "reservation/{reservation_name}",
)  # fmt: skip
_NAMES = {
    "job": "job_id", "resources": "job_id", "node": "node_name", "partition": "partition_name",
    "reservation": "reservation_name", "account": "account_name", "user": "name", "qos": "qos",
    "cluster": "cluster_name",
}  # fmt: skip
_WITHOUT_SLASH = ("shares", "config")  # lists whose documented path does not end in one


def document(
    slurm: Slurmctld, slurmdb: Slurmdbd, controller: "Controller", contracts: tuple[str, ...], release: str
) -> Body:
    """The OpenAPI document of what is served."""
    paths: dict[str, Body] = {}
    for contract in contracts:
        for part, asked in (("slurm", slurm), ("slurmdb", slurmdb)):
            tails = [name if name in _WITHOUT_SLASH else f"{name}/" for name in asked.lists]
            for tail in (*tails, *(f"{kind}/{{{_NAMES[kind]}}}" for kind in asked.singles)):
                _add(paths, part, contract, tail, "get")
        for tail in _WRITTEN:
            for method in ("post", "delete"):
                if controller.find(method.upper(), _example(tail)) is not None:
                    _add(paths, "slurm", contract, tail, method)
        for tail in ("hostnames", "hostlist"):
            _add(paths, "util", contract, tail, "post")
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Slurm REST API",
            "description": "A simulated centre: the paths it serves. Shapes are those of the published specification.",
            "version": f"Slurm-{release}",
            "x-slurm": {
                "data_parsers": [{"plugin": contract, "flags": ["NONE"]} for contract in contracts],
                "openapi": ["openapi/slurmctld", "openapi/slurmdbd", "openapi/util"],
                "release": release,
            },
        },
        "servers": [{"url": "/"}],
        "security": [{"user": [], "token": []}, {"token": []}, {"bearerAuth": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "user": {"type": "apiKey", "name": "X-SLURM-USER-NAME", "in": "header"},
                "token": {"type": "apiKey", "name": "X-SLURM-USER-TOKEN", "in": "header"},
                "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            }
        },
    }


def _add(paths: dict[str, Body], part: str, contract: str, tail: str, method: str) -> None:
    if not served(part, tail, contract):
        return
    words = tail.strip("/").split("/{")[0].replace("/", "_")
    operation: Body = {
        "operationId": f"{part}_{contract.replace('.', '')}_{method}_{words}",
        "responses": {"200": {"description": "the answer"}, "default": {"description": "an error"}},
    }
    if "{" in tail:
        name = tail.partition("{")[2].rstrip("}")
        operation["parameters"] = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}]
        operation["operationId"] += "_one"
    paths.setdefault(f"/{part}/{contract}/{tail}", {})[method] = operation


def _example(tail: str) -> str:
    """The path with something in place of what varies."""
    return "/".join("1" if part.startswith("{") else part for part in tail.strip("/").split("/"))
