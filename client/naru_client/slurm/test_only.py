"""What `sbatch --test-only` is asked, and what it answers: when a job would start, were it submitted now. Pure.

Nothing is submitted by it. Its answer goes by what runs and waits at that moment, and knows nothing of who will submit
next; limits over time (GrpTRESMins) are not looked at. https://slurm.schedmd.com/sbatch.html#OPT_test-only
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from naru_client.errors import BadAnswer, NotProvided, Refused
from naru_client.exchange import Answer
from naru_client.i18n import _
from naru_client.insight.request import Request
from naru_client.slurm import answers
from naru_client.slurm.batch_options import LONG
from naru_client.text import clean

# Those that say what is wanted of the scheduler; what becomes of the output, of mail and of the environment does not
# matter here, and some of it (--get-user-env, --wait, --clusters) would do something else than answer.
_HEEDED = frozenset(
    """account array begin comment constraint container contiguous core-spec cores-per-socket cpus-per-gpu
    cpus-per-task deadline dependency distribution exclude exclusive extra extra-node-info gpus gpus-per-node
    gpus-per-socket gpus-per-task gres gres-flags hint ignore-pbs job-name licenses mcs-label mem mem-per-cpu
    mem-per-gpu mincpus network nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node
    ntasks-per-socket overcommit oversubscribe power prefer qos reservation segment sockets-per-node spread-job
    switches thread-spec threads-per-core time time-min tmp tres-per-task use-min-nodes wckey""".split()
)
_KINDS = {"job": "gpus", "node": "gpus-per-node", "task": "gpus-per-task", "socket": "gpus-per-socket"}
_STARTS = re.compile(rb"Job \d+ to start at (\S+) using")
_REFUSALS = re.compile(r"(?:allocation failure|sbatch: error): (.+)")


def start_argv(
    request: Request, pool: str, *, script: str | None = None, account: str | None = None
) -> tuple[str, ...]:
    """The words of the question; `account` is that of a request that names none.

    `script` is the path of the batch script, which a site's own checks may want to see. Raises NotProvided for what
    cannot be asked so.
    """
    if request.parts > 1:
        raise NotProvided(_("not asked for a job of several parts"))
    words = [*_words(request)]
    if account is not None and request.account is None:
        words.append(f"--account={account}")
    what = (script,) if script is not None else ("--wrap=exit 0",)
    return ("sbatch", "--test-only", *words, f"--partition={pool}", *what)


def _words(request: Request) -> Iterator[str]:
    if not request.given:
        yield from _of_shape(request)
        return
    for one in (*request.given, *request.unknown):
        if one.option in _HEEDED or one.option not in LONG:
            dashes = "--" if len(one.option) > 1 else "-"
            yield f"{dashes}{one.option}" if one.value is None else f"{dashes}{one.option}={one.value}"


def _of_shape(request: Request) -> Iterator[str]:
    """The options that a request told in numbers comes to."""
    if request.nodes is not None:
        most = "" if request.nodes.most in (None, request.nodes.least) else f"-{request.nodes.most}"
        yield f"--nodes={request.nodes.least}{most}"
    for option, value in (
        ("ntasks", request.tasks), ("cpus-per-task", request.cpus_per_task), ("account", request.account),
        ("qos", request.qos),
    ):  # fmt: skip
        if value is not None:
            yield f"--{option}={value}"
    for wish in request.accelerators:
        model = f"{wish.model}:" if wish.model else ""
        if wish.kind == "gpu":
            yield f"--{_KINDS[wish.per]}={model}{wish.count}"
            continue
        nodes = request.nodes.least if request.nodes else 1
        if wish.per not in ("job", "node") or (wish.per == "job" and wish.count % nodes):
            raise NotProvided(_("not asked: it cannot be said to Slurm for the whole job"))
        yield f"--gres={wish.kind}:{model}{wish.count // nodes if wish.per == 'job' else wish.count}"
    if request.memory is not None and request.memory.amount is not None:
        option = {"node": "mem", "cpu": "mem-per-cpu", "gpu": "mem-per-gpu"}[request.memory.per]
        yield f"--{option}={-(-request.memory.amount // (1 << 20))}M"
    if request.time_limit is not None:
        yield f"--time={-(-request.time_limit // 60)}"
    if request.array is not None:
        yield f"--array={request.array.text}"


def decode_start(answer: Answer) -> datetime:
    """When it would start. Raises Refused, with the scheduler's words, where it would not be taken."""
    if answer.status == 0:
        found = _STARTS.search(answer.stderr) or _STARTS.search(answer.body)
        if found and found[1].isdigit() and 0 < int(found[1]) < 1 << 33:
            return datetime.fromtimestamp(int(found[1]), UTC)
        raise BadAnswer(_("sbatch said no start"))
    said = answer.stderr.decode("utf-8", "replace")
    refusals = _REFUSALS.findall(said)
    if not refusals or "contact" in said.lower():
        answers.check_command(answer)
    raise Refused(clean(refusals[-1] if refusals else said.strip(), 200))
