"""Where many jobs write: a template worked out once for all jobs that have it. Pure."""

import posixpath
from collections.abc import Sequence

from naru_client.slurm import paths

# what stands for each directive, and for the folder that the job runs in: the places of `written`'s columns
_PLACES = {"j": "{1}", "A": "{2}", "a": "{3}", "x": "{4}", "u": "{5}", "%": "%"}
_FOLDER = "{0}/"
NOWHERE = ""
ODD = "?"  # only `paths.output` can tell, job by job


def prepared(template: str | None) -> str:
    """What `paths.output` makes of a template (no `expanded`, no `batch`), for jobs that are no group of tasks.

    A format string, every brace of the template's own doubled; or NOWHERE, or ODD.
    """
    if not template or paths.NO_TASK in template:
        return NOWHERE
    first, *rest = paths.DIRECTIVE.split(template)  # text, then width, letter and text of each directive
    if "\\" in template or any(rest[0::3]) or any(letter not in _PLACES for letter in rest[1::3]):
        return ODD
    path = _literal(first)
    for letter, text in zip(rest[1::3], rest[2::3], strict=True):
        path += _PLACES[letter] + _literal(text)
    if path.startswith("/"):
        return path
    plain = posixpath.normpath(path) == path and path != "." and not path.startswith("..")
    return _FOLDER + path if plain else ODD


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def written(
    templates: Sequence[str],
    folders: Sequence[str | None],
    numbers: Sequence[str],
    array_ids: Sequence[str],
    tasks: Sequence[str],
    names: Sequence[str],
    people: Sequence[str | None],
) -> list[str | None]:
    """The path of each job, from what is told of each; something that means nothing where `unfit` says so."""
    found: list[str | None] = list(map(str.format, templates, folders, numbers, array_ids, tasks, names, people))
    for at, task in enumerate(tasks):
        # what squeue says of a task that was given no name: see `paths.output`
        if task != paths.NO_TASK and templates[at].endswith(by_number := f"/slurm-{numbers[at]}.out"):
            found[at] = f"{str(found[at]).removesuffix(by_number)}/slurm-{array_ids[at]}_{task}.out"
    return [path or None for path in found] if NOWHERE in templates else found


def odd(templates: Sequence[str]) -> list[int]:
    """Where a template is one that `written` cannot fill in."""
    return [at for at, template in enumerate(templates) if template == ODD] if ODD in templates else []


def unfit(folders: Sequence[str | None], names: Sequence[str], people: Sequence[str | None]) -> set[int]:
    """Where a folder, a name or a person is told that `written` cannot put into a path as it is."""
    found: set[int] = set()
    for column, fits in ((folders, plain_folder), (names, part_of_a_name), (people, part_of_a_name)):
        bad = {value for value in set(column) if not fits(value)}
        found.update(at for at, value in enumerate(column) if value in bad)
    return found


def plain_folder(folder: str | None) -> bool:
    """Whether a folder is told, from the root, and written as the system itself would write it."""
    return folder is not None and folder[:1] == "/" != folder[-1:] and "//" not in folder and "/." not in folder


def part_of_a_name(text: str | None) -> bool:
    """Whether a text can be put into a file's name without changing the folder that the file is in."""
    return text is not None and "/" not in text and text.strip(".") != ""
