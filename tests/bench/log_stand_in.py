"""Stand-ins for Slurm's commands with one running job whose output goes to a given file: shell scripts, which answer
within a millisecond or two, so that what is measured is Naru."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from tests.bench import queue_text
from tests.bench.stand_in import CONFIG, user
from tests.children import clean_environment

from naru_client.slurm.text_lists import SINFO_FIELDS, SQUEUE_FIELDS

JOB = "4000001"
SCRIPT = """#!/bin/sh
here=${0%/*}
case ${0##*/} in
squeue) list=queue ;;
sinfo) list=nodes ;;
scontrol)
    case " $* " in
    *" config "*) cat "$here/config" ;;
    *" ping "*) echo "Slurmctld(primary) at bench is UP" ;;
    *" partition "*) echo "PartitionName=h100 MaxTime=7-00:00:00 State=UP TotalNodes=1" ;;
    *" job "*) cat "$here/record" ;;
    *) echo "No reservations in the system" ;;
    esac
    exit ;;
*) exit ;;
esac
for word; do separator=${word##*:}; done  # the last word says which fields, and what is to stand behind each
exec sed "s/SEPARATOR/$separator/g" "$here/$list"
"""


def install(folder: Path, log: Path | str) -> dict[str, str]:
    """Make the commands and Naru's settings below a folder; the whole environment of a Naru that asks them."""
    commands = folder / "bin"
    commands.mkdir(parents=True)
    job = next(queue_text.jobs(1, own=user()))
    if job["State"] != "RUNNING":
        job |= {"State": "RUNNING", "Reason": "None", "TimeUsed": "1:00:00", "NodeList": "n00001"}
        job["StartTime"] = str(queue_text.NOON)
    job |= {"JobID": JOB, "ArrayJobID": JOB, "ArrayTaskID": "N/A", "Name": "bench"}
    job |= {"STDOUT": str(log), "STDERR": str(log), "WorkDir": str(Path(log).parent)}
    (commands / "queue").write_text(queue_text.row(job, SQUEUE_FIELDS, queue_text.SEPARATOR), encoding="utf-8")
    node = next(queue_text.nodes(1))
    (commands / "nodes").write_text(queue_text.row(node, SINFO_FIELDS, queue_text.SEPARATOR), encoding="utf-8")
    (commands / "config").write_text(CONFIG, encoding="ascii")
    record = f"JobId={JOB} JobName=bench\n   UserId={user()}(0) JobState=RUNNING\n   StdErr={log}\n   StdOut={log}\n"
    (commands / "record").write_text(record, encoding="utf-8")
    for name in ("squeue", "sinfo", "scontrol", "sacct", "sprio", "sshare", "sdiag", "scancel"):
        (commands / name).write_text(SCRIPT.replace("SEPARATOR", queue_text.SEPARATOR), encoding="ascii")
        (commands / name).chmod(stat.S_IRWXU)
    env = clean_environment(folder / "home", os.environ)
    settings = Path(env["XDG_CONFIG_HOME"]) / "naru"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text(
        f'default-profile = "bench"\n[profiles.bench]\nreach = "commands"\nbin = "{commands}"\n', encoding="utf-8"
    )
    return env


def only(env: Mapping[str, str]) -> dict[str, str | None]:
    """That environment and nothing of the machine's own, for `Terminal`."""
    return dict.fromkeys(set(os.environ) - set(env)) | dict(env)
