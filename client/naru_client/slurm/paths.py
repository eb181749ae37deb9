"""Where a job writes: Slurm's output templates ("slurm-%A_%a.out") as paths. Pure."""

import posixpath
import re

from naru_client import hostlist

NO_TASK = "4294967294"  # what Slurm writes for %a where there is no array task: never part of a real file's name

DIRECTIVE = re.compile(r"%(\d*)(.)", re.DOTALL)
_DIFFERS_BY_TASK = frozenset("aAbjJxstnN") - frozenset("Ax")
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)


def expand(
    template: str,
    *,
    job_id: int,
    name: str = "",
    user: str | None = None,
    array_id: int | None = None,
    array_task: int | None = None,
    node_list: str | None = None,
    work_dir: str | None = None,
    group: bool = False,
) -> str | None:
    """The file of a batch job's template, absolute where the working folder is known.

    `group` says that the record stands for array tasks not yet split off, so that job and task numbers are not known.
    None when a part of the name cannot be known: yet, or because releases differ (22.05 leaves %b as it stands, later
    ones write a digit). A backslash anywhere switches expansion off, as in Slurm.
    """
    unknown = False

    def replaced(found: re.Match[str]) -> str:
        nonlocal unknown
        width, letter = min(int(found[1] or 0), 10) if len(found[1]) < 4 else 10, found[2]
        if letter == "%":
            return "%"
        if group and letter in _DIFFERS_BY_TASK:
            unknown = True
            return ""
        host = hostlist.first(node_list) if node_list else None
        known: dict[str, str | int | None] = {
            "j": job_id,
            "J": job_id,
            "A": array_id or job_id,
            "a": int(NO_TASK) if array_task is None else array_task,
            "b": None,
            "x": name,
            "u": user,
            "N": host.split(".")[0] if host else None,
            "n": 0,
            "t": 0,
            "s": "batch",
        }
        # of a width before what is no directive only the last digit stays
        value = known.get(letter, found[1][-1] + letter if found[1] else found[0])
        if value is None:
            unknown = True
            return ""
        return f"{value:0{width}}" if isinstance(value, int) and width else str(value)

    path = _ESCAPED.sub(r"\1", template) if "\\" in template else DIRECTIVE.sub(replaced, template)
    if unknown or not path:
        return None
    return absolute(path, work_dir)


def absolute(path: str, work_dir: str | None) -> str:
    """`path` under the job's working folder when it is relative and that folder is known."""
    if path.startswith("/") or not work_dir:
        return path
    return posixpath.normpath(posixpath.join(work_dir, path))


def output(
    template: str | None,
    expanded: str | None,
    *,
    batch: bool | None,
    job_id: int,
    name: str = "",
    user: str | None = None,
    array_id: int | None = None,
    array_task: int | None = None,
    node_list: str | None = None,
    work_dir: str | None = None,
    group: bool = False,
) -> str | None:
    """A job's standard output, from what Slurm tells in any version.

    `template` is `standard_output`: a raw template in 22.05 and from v0.0.43 on, the expanded path between; `expanded`
    is `stdout_expanded`. A batch job that names no file writes `slurm-%j.out` (`slurm-%A_%a.out` in an array) into its
    working folder. For a `group` of pending array tasks what Slurm expanded is of no task at all, and is not used.
    """
    if expanded and not group and NO_TASK not in expanded:
        return absolute(expanded, work_dir)
    if not template:
        if not batch or not work_dir:
            return None
        template = "slurm-%j.out" if not array_id else "slurm-%A_%a.out"
    elif group and "%" not in template and (NO_TASK in template or str(job_id) in template):
        return None  # expanded by Slurm with the group's own number, which no task will have
    elif NO_TASK in template:
        return None
    elif array_task is not None and array_id and template.endswith(by_number := f"/slurm-{job_id}.out"):
        # squeue's name for a task that was given none; scontrol and the file itself go by the task
        template = template.removesuffix(by_number) + "/slurm-%A_%a.out"
    return expand(
        template, job_id=job_id, name=name, user=user, array_id=array_id, array_task=array_task,
        node_list=node_list, work_dir=work_dir, group=group,
    )  # fmt: skip
