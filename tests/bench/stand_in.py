"""Stand-ins for Slurm's commands that print a made-up queue in whatever form is asked for, and note every call.

`install` makes a folder of them. They are for what a terminal program costs, so they answer at once: no scheduler is
behind them. `squeue --json` and `sinfo --json` print a recorded answer of a small cluster, whatever the queue.
"""

import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import queue_text

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tests" / "data" / "slurm"
COMMANDS = ("squeue", "sinfo", "scontrol", "sacct", "sprio", "sshare", "sdiag", "scancel")
LETTERS = {  # squeue's -o
    "A": "JobID", "F": "ArrayJobID", "K": "ArrayTaskID", "C": "NumCPUs", "j": "Name", "P": "Partition", "r": "Reason",
    "u": "UserName", "T": "State", "M": "TimeUsed", "b": "tres-per-node", "N": "NodeList", "l": "TimeLimit",
    "D": "NumNodes", "a": "Account", "q": "QOS",
}  # fmt: skip
CONFIG = """Configuration data as of 2026-11-22T12:00:00
AccountingStorageType   = accounting_storage/slurmdbd
ClusterName             = bench
SLURM_VERSION           = 22.05.8
"""


def user() -> str:
    """Whose jobs are the own ones: the user's that this runs as."""
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def install(folder: Path, queue: Path, nodes: int) -> str:
    """Make the folder; `queue` is `Files.squeue`. Gives the settings with which Naru asks them, as TOML."""
    from naru_client.slurm.text_lists import SQUEUE_FIELDS
    from naru_client.slurm.text_nodes import SINFO_FIELDS

    folder.mkdir(parents=True)
    (folder / "queue").symlink_to(queue)
    me = f"{queue_text.SEPARATOR}{user()}{queue_text.SEPARATOR}".encode()
    with queue.open("rb") as every, (folder / "queue.own").open("wb") as own:
        own.writelines(line for line in every if me in line)
    with (folder / "nodes").open("w", encoding="utf-8") as file:
        for node in queue_text.nodes(nodes):
            file.write(queue_text.row(node, SINFO_FIELDS, queue_text.SEPARATOR))
    (folder / "queue.fields").write_text("\n".join(SQUEUE_FIELDS), encoding="ascii")
    (folder / "nodes.fields").write_text("\n".join(SINFO_FIELDS), encoding="ascii")
    (folder / "calls").touch()
    for name in COMMANDS:
        script = f"#!{sys.executable} -S\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        script += f"from tests.bench.stand_in import run\nrun({str(folder)!r}, {name!r}, sys.argv[1:])\n"
        (folder / name).write_text(script, encoding="utf-8")
        (folder / name).chmod(stat.S_IRWXU)
    return f'default-profile = "bench"\n[profiles.bench]\nreach = "commands"\nbin = "{folder}"\n'


def calls(folder: Path) -> list[str]:
    """Every call so far, in order: the command and its arguments."""
    return (folder / "calls").read_text(encoding="utf-8").splitlines()


# ---- being called ----------------------------------------------------------------------------------------------------


def run(place: str, name: str, arguments: list[str]) -> None:
    """Note the call and print what the command would."""
    folder = Path(place)
    with (folder / "calls").open("a", encoding="utf-8") as file:
        file.write(" ".join([name, *arguments]).replace("\n", " ") + "\n")
    out = sys.stdout.buffer
    if "--json" in arguments:
        recorded = RECORDED / f"lab-24.11-v0.0.42-{'jobs' if name == 'squeue' else name}.json"
        out.write(recorded.read_bytes() if recorded.exists() else b"{}")
    elif name in ("squeue", "sinfo"):
        out.write(_list(folder, name, arguments))
    elif name == "scontrol":
        out.write(_records(arguments).encode())


def _list(folder: Path, name: str, arguments: list[str]) -> bytes:
    wanted = "queue" if name == "squeue" else "nodes"
    fields = (folder / f"{wanted}.fields").read_text(encoding="ascii").split()
    own = _value(arguments, "-u", "--user") or ("--me" in arguments and user())
    path = folder / (f"{wanted}.own" if own and wanted == "queue" else wanted)
    if long := _value(arguments, "-O", "--Format"):
        asked = [part.partition(":") for part in long.split(",")]
        separators = {separator for _, _, separator in asked}
        if [field for field, _, _ in asked] == fields and len(separators) == 1:
            return path.read_bytes().replace(queue_text.SEPARATOR.encode(), separators.pop().encode())
        return b"".join(
            "".join(cells.get(field.lower(), "") + separator for field, _, separator in asked).encode() + b"\n"
            for cells in _rows(path, fields)
        )
    if short := _value(arguments, "-o", "--format"):
        if name == "sinfo":
            return "".join(f'"{model}"\n' for model, _, _ in queue_text.POOLS).encode()
        return "".join(_short(short, cells) + "\n" for cells in _rows(path, fields)).encode()
    return b""


def _rows(path: Path, fields: Sequence[str]) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield dict(zip((field.lower() for field in fields), line.split(queue_text.SEPARATOR), strict=False))


def _short(pattern: str, cells: dict[str, str]) -> str:
    def cell(found: re.Match[str]) -> str:
        if found[1] == "i":
            task = cells["arraytaskid"]
            return cells["jobid"] if task == "N/A" else f"{cells['arrayjobid']}_{task}"
        return cells.get(LETTERS.get(found[1], "").lower(), "0")

    return re.sub(r"%\.?\d*([A-Za-z])", cell, pattern)


def _value(arguments: list[str], *names: str) -> str:
    """What follows an option, or is glued to it by `=`."""
    for at, argument in enumerate(arguments):
        option, glued, value = argument.partition("=")
        if option in names:
            return value if glued else arguments[at + 1]
    return ""


def _records(arguments: list[str]) -> str:
    if "config" in arguments:
        return CONFIG
    if "ping" in arguments:
        return "Slurmctld(primary) at bench is UP\n"
    if "partition" in arguments:
        return "".join(
            f"PartitionName={model} MaxTime=7-00:00:00 State=UP TotalNodes=6000\n" for model, _, _ in queue_text.POOLS
        )
    return "No reservations in the system\n" if "reservation" in arguments else ""
