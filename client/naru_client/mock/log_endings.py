"""The last words of a job: what stands in its log once it has ended, by how it did.

Everything is written at the moment of the end. What a watchdog, slurmstepd or Python writes is worded as they word it.
"""

from collections.abc import Callable
from random import Random

from naru_client.mock.entities import Job
from naru_client.mock.log_facts import WATCHDOG, Facts
from naru_client.mock.log_kind import Kind
from naru_client.mock.log_page import Page, short_stamp, stamp

Words = Callable[[Facts, Random, float], str]

SILENT_ENDS = {
    "TIMEOUT": "DUE TO TIME LIMIT ", "PREEMPTED": "DUE TO PREEMPTION ", "REQUEUED": "DUE TO JOB REQUEUE ",
    "CANCELLED": "",
}  # fmt: skip


def problem_of(job: Job, facts: Facts) -> str:
    """What went wrong, in a word; nothing when all went well."""
    random = facts.random("end")
    if job.state == "FAILED":
        return _failure(job, facts, random)
    if job.state == "OUT_OF_MEMORY":
        return "cuda-oom" if facts.gres == "gpu" and random.random() < 0.5 else "oom-kill"
    if job.state == "NODE_FAIL":
        return "xid" if facts.gres == "gpu" and random.random() < 0.5 else "node-fail"
    ends = {"TIMEOUT": "time-limit", "PREEMPTED": "preempted", "REQUEUED": "requeued", "CANCELLED": "cancelled"}
    return ends.get(job.state, "")


def write_ending(page: Page, job: Job, facts: Facts, kind: Kind, *, step: int, unwritten: str) -> None:
    """Write the end of a job that has ended. `unwritten` is the line it would have written next."""
    at, random, problem = job.ended, facts.random("words"), problem_of(job, facts)
    if job.state == "COMPLETED":
        kind.finish(page, at, step)
        page.write(at, f"[{stamp(at)}] 작업 {facts.label} 종료 (exit 0)\n")
        return
    if problem != "nccl-timeout" and _has_hung(job, facts):
        page.write(at, watchdog(facts, random, at), err=True)
    if job.state in ("FAILED", "OUT_OF_MEMORY"):
        page.write(at, _WORDS[problem](facts, random, at), err=True)
        if job.state == "FAILED" and facts.world > 1 and problem in _IN_PYTHON:
            page.write(at, _torchrun(facts, random, at, job.exit_code or 1), err=True)
        return
    if job.state == "NODE_FAIL":
        # It breaks off in the middle of a line, and of a character where that is where the middle is.
        raw = unwritten.encode("utf-8", "surrogateescape")
        page.write(at, raw[: len(raw) // 2].decode("utf-8", "surrogateescape"))
        if problem == "xid":
            page.write(at, "\n" + _xid(facts, random), err=True)
        return
    if (why := SILENT_ENDS.get(job.state)) is not None:
        host = facts.hosts[0] if facts.hosts else "node"
        page.write(at, "srun: Job step aborted: Waiting up to 32 seconds for job step to finish.\n", err=True)
        for what in ("STEP", "JOB"):
            number = f"{facts.id}.0" if what == "STEP" else f"{facts.id}"
            page.write(
                at,
                f"slurmstepd: error: *** {what} {number} ON {host} CANCELLED AT {stamp(at, 'T')} {why}***\n",
                err=True,
            )


def _has_hung(job: Job, facts: Facts) -> bool:
    """Its ranks had waited for each other, for as long as a watchdog lets them, when it ended."""
    waited = job.ended - facts.quiet >= WATCHDOG - 1
    return facts.stuck in ("hang", "nccl") and waited and facts.gres == "gpu" and facts.world > 1


def watchdog(facts: Facts, random: Random, at: float) -> str:
    """What PyTorch says of a collective operation that did not come back since the log fell silent."""
    waited = int((at - facts.quiet) * 1000) + random.randint(3, 90)
    rank, sequence = random.randrange(max(2, facts.world)), random.randint(9_000, 900_000)
    work = (
        f"WorkNCCL(SeqNum={sequence}, OpType=ALLREDUCE, NumelIn={random.randint(1, 90) * 65536}, "
        f"NumelOut=65536, Timeout(ms)=600000)"
    )
    log = f"[rank{rank}]:[E{short_stamp(at).replace('-', '')}.{int(at * 1000) % 1000:03d} ProcessGroupNCCL.cpp"
    return (
        f"{log}:683] [Rank {rank}] Watchdog caught collective operation timeout: {work} ran for {waited} milliseconds "
        "before timing out.\n"
        f"{log}:2241] [PG ID 0 PG GUID 0(default_pg) Rank {rank}] failure detected by watchdog at work sequence id: "
        f"{sequence} PG status: last enqueued work: {sequence + 4}, last completed work: {sequence - 1}\n"
    )


def _failure(job: Job, facts: Facts, random: Random) -> str:
    if _has_hung(job, facts):
        return "nccl-timeout"
    if job.signal == 11:
        return "segfault"
    if job.exit_code == 137 or job.signal == 9:
        return "killed"
    if job.exit_code == 2:
        return "usage"
    if job.exit_code == 134 and facts.gres == "gpu":
        return "cuda-error"
    if facts.gres == "gpu":
        return random.choice(("cuda-error", "assertion", "file-not-found", "disk-quota", "cuda-oom"))
    if facts.gres == "npu":
        return random.choice(("npu-error", "assertion", "file-not-found", "disk-quota"))
    return random.choice(("assertion", "file-not-found", "disk-quota", "decode-error"))


def _traceback(facts: Facts, *frames: tuple[str, int, str, str]) -> str:
    lines = "".join(f'  File "{facts.home}/{f}", line {n}, in {where}\n    {code}\n' for f, n, where, code in frames)
    return f"Traceback (most recent call last):\n{lines}"


def _in_main(facts: Facts, random: Random) -> tuple[str, int, str, str]:
    return "train.py" if facts.accelerators else "run.py", random.randint(80, 460), "<module>", "main(parse_args())"


def _cuda_error(facts: Facts, random: Random, at: float) -> str:
    what = random.choice(("an illegal memory access was encountered", "unspecified launch failure"))
    return (
        _traceback(facts, _in_main(facts, random), ("train.py", 211, "step", "loss.backward()"))
        + f"torch.AcceleratorError: CUDA error: {what}\nCUDA kernel errors might be asynchronously reported at some "
        "other API call, so the stacktrace below might be incorrect.\n"
        "For debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
    )


def _assertion(facts: Facts, random: Random, at: float) -> str:
    length = random.randint(4097, 9000)
    return (
        _traceback(
            facts, _in_main(facts, random), ("data/묶음.py", 58, "collate", "assert ids.shape[1] <= self.longest, 길이")
        )
        + f"AssertionError: 문장이 너무 깁니다: {length} > 4096\n"
    )


def _file_not_found(facts: Facts, random: Random, at: float) -> str:
    return (
        _traceback(facts, _in_main(facts, random), ("data/읽기.py", 31, "open_shard", "return open(path, 'rb')"))
        + f"FileNotFoundError: [Errno 2] No such file or directory: '{facts.home}/data/ko-web-v3/"
        f"{random.randint(0, 4095):05d}.parquet'\n"
    )


def _disk_quota(facts: Facts, random: Random, at: float) -> str:
    return (
        _traceback(facts, _in_main(facts, random), ("train.py", 302, "save", "torch.save(state, path)"))
        + f"OSError: [Errno 122] Disk quota exceeded: '{facts.home}/runs/{facts.name}/"
        f"step_{random.randint(1, 99)}00.pt'\n"
    )


def _cuda_oom(facts: Facts, random: Random, at: float) -> str:
    total = {"b300": 267.7, "b200": 178.4, "h200": 139.8, "h100": 79.1, "gh200": 94.5}.get(facts.model, 79.1)
    wanted, free = random.choice((1.12, 2.25, 4.5, 9.0)), random.randint(20, 900)
    return (
        _traceback(facts, _in_main(facts, random), ("model.py", 144, "forward", "x = self.attention(x, mask)"))
        + f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate {wanted:.2f} GiB. GPU {random.randint(0, 7)} "
        f"has a total capacity of {total:.2f} GiB of which {free}.{random.randint(10, 99)} MiB is free. Including "
        f"non-PyTorch memory, this process has {total - free / 1024:.2f} GiB memory in use.\n"
    )


def _oom_kill(facts: Facts, random: Random, at: float) -> str:
    host = facts.hosts[0] if facts.hosts else "node"
    return (
        f"slurmstepd: error: Detected {random.randint(1, 3)} oom_kill event in StepId={facts.id}.batch. Some of the "
        f"step tasks have been OOM Killed.\nsrun: error: {host}: task 0: Out Of Memory\n"
    )


def _nccl(facts: Facts, random: Random, at: float) -> str:
    return (
        watchdog(facts, random, at)
        + "[rank0]: torch.distributed.DistBackendError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO "
        "for details)\nterminate called after throwing an instance of 'c10::DistBackendError'\n"
    )


def _usage(facts: Facts, random: Random, at: float) -> str:
    return "usage: train.py [-h] --config PATH [--resume]\ntrain.py: error: unrecognized arguments: --학습률 2e-5\n"


def _killed(facts: Facts, random: Random, at: float) -> str:
    return f"/var/spool/slurmd/job{facts.id:08d}/slurm_script: line 14: {random.randint(9_000, 90_000)} Killed" + (
        " " * 18 + "python train.py\n"
    )


def _segfault(facts: Facts, random: Random, at: float) -> str:
    host = facts.hosts[0] if facts.hosts else "node"
    return f"Fatal Python error: Segmentation fault\n\nsrun: error: {host}: task 0: Segmentation fault (core dumped)\n"


def _npu_error(facts: Facts, random: Random, at: float) -> str:
    return (
        _traceback(facts, _in_main(facts, random), ("serve.py", 92, "run", "self.session.run(batch)"))
        + f"NativeError: device {facts.model or 'npu'}:{random.randint(0, 7)}: DMA timeout "
        f"(code 0x{random.getrandbits(16):04x})\n"
    )


def _decode_error(facts: Facts, random: Random, at: float) -> str:
    return (
        _traceback(facts, _in_main(facts, random), ("전처리.py", 77, "read", "text = raw.decode('utf-8')"))
        + f"UnicodeDecodeError: 'utf-8' codec can't decode byte 0xb0 in position {random.randint(0, 90_000)}: invalid "
        "start byte\n"
    )


def _torchrun(facts: Facts, random: Random, at: float, code: int) -> str:
    host, rank = facts.hosts[0] if facts.hosts else "node", random.randrange(facts.world)
    return (
        f"E{short_stamp(at).replace('-', '')}.001000 {random.randint(9_000, 90_000)} torch/distributed/elastic/"
        f"multiprocessing/api.py:874] failed (exitcode: {code}) local_rank: {rank % max(1, facts.accelerators)} of "
        f"binary: /opt/conda/bin/python\nsrun: error: {host}: task 0: Exited with exit code {code}\n"
    )


def _xid(facts: Facts, random: Random) -> str:
    bus = f"0000:{random.choice(('19', '3b', '4c', '5d', '9b', 'bb', 'cb', 'db'))}:00"
    return f"NVRM: Xid (PCI:{bus}): 79, pid={random.randint(9_000, 90_000)}, name=python, GPU has fallen off the bus.\n"


_WORDS: dict[str, Words] = {
    "cuda-error": _cuda_error, "assertion": _assertion, "file-not-found": _file_not_found, "disk-quota": _disk_quota,
    "cuda-oom": _cuda_oom, "oom-kill": _oom_kill, "nccl-timeout": _nccl, "usage": _usage, "killed": _killed,
    "segfault": _segfault, "npu-error": _npu_error, "decode-error": _decode_error,
}  # fmt: skip
_IN_PYTHON = {"cuda-error", "assertion", "file-not-found", "disk-quota", "cuda-oom"}
PROBLEMS = (*_WORDS, "hang", "idle", "xid", "node-fail", "time-limit", "preempted", "requeued", "cancelled")
SYMPTOMS = ("time-limit", "cancelled", "preempted", "requeued")  # how a job is ended for whatever else ails it
