"""How jobs and array tasks are addressed: ids as squeue prints them, and the expressions of pending tasks. Pure."""

import re
from typing import Any

from naru_client.slurm.wire_values import text
from naru_client.text import clean


def address(
    job_id: int,
    array_id: int | None,
    array_task: int | None,
    array_tasks: str | None,
    het_id: int | None,
    het_offset: int | None,
) -> str:
    """How a person addresses a record: `123`, `123_4`, `123_[5-9%2]`, `123+1`, as in squeue; "?" without a number."""
    if array_tasks is not None:
        return f"{array_id or job_id}_[{array_tasks}]"
    if array_id and array_task is not None:
        return f"{array_id}_{array_task}"
    if het_id:
        return f"{het_id}+{het_offset or 0}"
    return str(job_id) if job_id else "?"


_TASKS = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")
_MOST_BITS = 1 << 22  # Slurm's own limit for MaxArraySize is 4,000,001


def task_expression(value: Any, running_limit: int | None = None) -> str | None:
    """The tasks of a pending group as squeue writes them ("1-2,4-9%2"); slurmdbd gives a bitmap ("0x3F6") for them."""
    expression = text(value)
    if expression is None or not expression.lower().startswith("0x"):
        return expression
    bits, _, limit = expression[2:].partition("%")
    try:
        mask = int(bits, 16)
    except ValueError:
        return expression
    if mask.bit_length() > _MOST_BITS or not mask:
        return expression
    runs = [(m.start(), m.end() - 1) for m in re.finditer("1+", f"{mask:b}"[::-1])]
    written = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
    limit = limit or (str(running_limit) if running_limit else "")
    return clean(f"{written}%{limit}" if limit else written)


def task_count(expression: str | None) -> int | None:
    """How many tasks an expression stands for; None when Slurm cut it short ("1-3,7,...") or it is none."""
    total = 0
    for part in (expression or "").strip("[]").split("%")[0].split(","):
        found = _TASKS.fullmatch(part.strip())
        if found is None or len(part) > 40:
            return None
        low, high, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
        if high < low or step < 1:
            return None
        total += (high - low) // step + 1
    return total
