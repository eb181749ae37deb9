"""What Linux tells of a running process: processor time and memory, by its id."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processor(pid: int, *, children: bool = False) -> float:
    """Seconds of processor that a process has used, in steps of 10 ms; `children`: also by those of its that ended."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    fields = stat.rpartition(")")[2].split()  # a command's name may hold blanks and brackets
    return sum(int(field) for field in fields[11 : 15 if children else 13]) / TICKS


def memory(pid: int, field: str = "VmRSS") -> float:
    """MiB: `VmRSS` is what it holds now, `VmHWM` the most it ever held."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    (line,) = (line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024
