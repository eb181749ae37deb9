"""The kinds of problems that lines of a log tell of: a table, and nothing else.

Its order is that of telling: what comes first is a cause, what comes last is only how the job was ended by it. A line
is of the first kind whose pattern it holds.

The patterns are in what Python, RE2 and Rust have in common, and mean the same in all three, on text and on its UTF-8:
no look-around, no references, no `\\d` `\\w` `\\s` `\\b` (which differ in what they call a digit or a space), and
nothing that runs over the end of a line. They hold the words of whoever reports the problem, with so much around them
that a line that only speaks of it (a handler, an option, a file name, a count of none) is not taken for it.
"""

from typing import Literal

from msgspec import Struct

from naru_client.i18n import mark

Severity = Literal["fatal", "error", "warning"]  # the job ends by it, or may; something failed; not as it should be
Where = Literal["user", "limit", "site", "hardware"]  # whose it is to mend


# Where a line begins, also to one who reads its raw bytes: a bar drawn over itself and a colour may come before.
START = r"(?:(?m:^)|\r)(?:\x1b\[[0-9;]*m)*"
END = r"\r?(?m:$)"
# Who says it, as torchrun, srun --label and Ray put it before a line.
RANK = r"(?:\[[A-Za-z ]*[0-9]+\]:? *|\([A-Za-z0-9_. \-]*pid=[^()\n]*\) ?|[0-9]+: +)*"
SAID = START + RANK


class Kind(Struct, frozen=True):
    """One kind of problem. `name` is English for the catalogue; one of `words` stands in every line of the kind.

    `pattern` is looked for anywhere in a line, `error` (the name of a Python error) only where an error is said: where
    a line begins.
    """

    id: str
    name: str
    severity: Severity
    where: Where
    words: tuple[str, ...]
    pattern: str = ""
    error: str = ""

    @property
    def whole(self) -> str:
        """Both in one."""
        return "|".join(filter(None, (self.pattern, self.error and said(self.error))))


def said(error: str) -> str:
    """A pattern for a line that ends in a Python error of one of some names: at the end of a traceback, as a rule."""
    return f"{SAID}(?:{error})(?:: |:?{END})"


_BEFORE = r"(?:(?m:^)|[^A-Za-z0-9_\n])"  # a word of its own begins here
_AFTER = r"(?:[^A-Za-z0-9_\n]|(?m:$))"
_SHELL = r"(?:line [0-9]+|행 [0-9]+번): [^\n]*"  # bash, of a line of a script
_SLURM = r"(?:JOB|STEP) [0-9][^\n]* CANCELLED AT [0-9T:.\-]+ "

KINDS = (
    Kind(
        "xid_app", mark("GPU fault caused by the program (Xid)"), "fatal", "user", ("Xid",),
        r"NVRM: Xid \(PCI:[0-9A-Fa-f:.]+\): (?:13|31|43|45)(?:[^0-9\n]|(?m:$))",
    ),
    Kind(
        "xid", mark("GPU hardware fault (Xid)"), "fatal", "hardware", ("Xid", "NVRM", "GPU has fallen", "GPU is lost"),
        r"NVRM: Xid \(PCI:[0-9A-Fa-f:.]+\): [0-9]+|(?:NVRM: [^\n]*|GPU has )fallen off the bus|GPU is lost\.",
    ),
    Kind(
        "nvlink", mark("NVLink fault"), "fatal", "hardware", ("NVLink", "NVLINK", "SXid"),
        r"[Uu]ncorrectable NVLink error|CUDA_ERROR_NVLINK_UNCORRECTABLE|SXid \(PCI:[0-9A-Fa-f:.]+\): [0-9]+",
    ),
    Kind(
        "ecc", mark("GPU memory fault (ECC)"), "fatal", "hardware", ("ECC",),
        r"[Uu]ncorrectable ECC error (?:encountered|detected)|CUDA_ERROR_ECC_UNCORRECTABLE"
        r"|[Dd]ouble[- ][Bb]it ECC error"
        r"|[Uu]ncontained ECC error",
    ),
    Kind(
        "cuda_oom", mark("GPU memory ran out"), "fatal", "limit",
        ("CUDA", "Cuda", "HIP out", "RESOURCE_EXH", "Resource exh", "OOM when", "CUBLAS_STATUS", "No available memory"),
        r"(?:CUDA|HIP) out of memory\. Tried|OutOfMemoryError: (?:CUDA|HIP)|CUDA error: out of memory"
        r"|CUDA_ERROR_OUT_OF_MEMORY|Cuda failure (?:2 )?'out of memory'|OOM when allocating tensor"
        r"|(?:RESOURCE_EXHAUSTED|Resource exhausted): (?:Out of memory|Failed to allocate)"
        r"|CUBLAS_STATUS_ALLOC_FAILED|No available memory for the cache blocks",
    ),
    Kind(
        "host_oom", mark("Memory ran out"), "fatal", "limit",
        ("Detected", "OOM", "Out Of Memory", "Out of memory", "Memory", "Exceeded", "error: ", "Cannot allocate",
         "DefaultCPUAllocator", "terminate called", "메모리를"),
        r"Detected [0-9]+ oom[_-]kill event|OOM Killed|srun: error: [^\n]*: Out Of Memory|Out of memory: Kill"
        r"|Memory cgroup out of memory|Exceeded (?:job|step) memory limit"
        r"|error: [^\n]*exceeded (?:virtual )?memory limit"
        r"|Cannot allocate memory|메모리를 할당할 수 없습니다|DefaultCPUAllocator: [^\n]*allocate"
        r"|terminate called [^\n]*std::bad_alloc",
        error="(?:[A-Za-z_][A-Za-z0-9_.]*)?MemoryError",
    ),
    Kind(
        "disk_quota", mark("Disk quota exceeded"), "fatal", "limit", ("Disk quota", "EDQUOT", "디스크"),
        r"Disk quota exceeded|" + _BEFORE + "EDQUOT" + _AFTER + r"|디스크 할당량이 초과됨",
    ),
    Kind(
        "no_space", mark("No space left on the disk"), "fatal", "limit", ("No space", "ENOSPC", "장치에"),
        r"No space left on device|" + _BEFORE + "ENOSPC" + _AFTER + r"|장치에 남은 공간이 없음",
    ),
    Kind(
        "shared_memory", mark("Shared memory ran out (/dev/shm)"), "fatal", "limit", ("DataLoader", "Unexpected bus"),
        r"DataLoader worker \(pid[^\n]*\) is killed by signal: Bus error"
        r"|Unexpected bus error encountered in worker",
    ),
    Kind(
        "stale_nfs", mark("Stale file handle on a shared file system"), "fatal", "site",
        ("Stale", "ESTALE", "끊어진"),
        r"Stale (?:NFS )?file handle|" + _BEFORE + "ESTALE" + _AFTER + r"|끊어진 파일 핸들",
    ),
    Kind(
        "io_error", mark("Read or write error of a file system"), "fatal", "site",
        ("Input/output", "Transport endpoint", "Cannot send", "LustreError", "입력/출력", "Errno 5"),
        r"Input/output error|\[Errno 5\]|Transport endpoint is not connected|Cannot send after transport endpoint"
        r"|LustreError: [0-9]"
        r"|입력/출력 오류",
    ),
    Kind(
        "cuda_driver", mark("GPU or driver not usable"), "fatal", "site",
        ("CUDA", "NVML", "NVIDIA driver", "Driver/library"),
        r"CUDA driver version is insufficient|no CUDA-capable device is detected|Failed to initialize NVML"
        r"|Found no NVIDIA driver on your system|Driver/library version mismatch|No CUDA GPUs are available"
        r"|CUDA error: no kernel image is available|CUDA unknown error - this may be due"
        r"|couldn't communicate with the NVIDIA driver|CUDA error: (?:invalid device ordinal|initialization error)",
    ),
    Kind(
        "npu", mark("NPU fault"), "fatal", "hardware", ("DMA timeout", "NativeError", "NPU"),
        r"DMA timeout|NPU[0-9: ]* (?:is )?(?:not responding|hang detected|fatal error)",
        error="NativeError",
    ),
    Kind(
        "no_module", mark("A module, library or command is missing"), "fatal", "user",
        ("ModuleNotFound", "ImportError", "No module", "No such file", "command not found", "명령어를", "Lmod has"),
        r"python[0-9.]*: No module named "
        r"|error while loading shared libraries: [^\n]*No such file"
        r"|" + _SHELL + r": command not found|" + _SHELL + r": 명령어를 찾을 수 없음"
        r"|Lmod has detected the following error:",
        error="ModuleNotFoundError|ImportError",
    ),
    Kind(
        "no_file", mark("A file is missing"), "fatal", "user",
        ("FileNotFound", "NotADirectory", "IsADirectory", "No such file", "그런"),
        r"python[0-9.]*: can't open file [^\n]*No such file"
        r"|" + _SHELL + r": (?:No such file or directory|그런 파일이나 디렉터리가 없습니다)"
        r"|slurmstepd: error: [^\n]*: No such file or directory",
        error="FileNotFoundError|NotADirectoryError|IsADirectoryError",
    ),
    Kind(
        "permission", mark("Permission denied"), "fatal", "user", ("PermissionError", "Permission denied", "허가"),
        r"\[Errno 13\] Permission denied|" + _SHELL + r": (?:Permission denied|허가 거부)"
        r"|slurmstepd: error: [^\n]*: Permission denied",
        error="PermissionError",
    ),
    Kind(
        "bad_file", mark("A file is damaged"), "fatal", "user",
        ("PytorchStreamReader", "EOFError", "SafetensorError"),
        r"PytorchStreamReader failed|EOFError: Ran out of input|SafetensorError: ",
    ),
    Kind(
        "nan_loss", mark("The loss is not a number"), "error", "user", ("nan", "NaN", "NAN", "FloatingPointError"),
        r"""[Ll]oss['"]? *[:=] *['"]?(?:nan|NaN|NAN)""" + _AFTER
        + r"|[Ll]oss +nan(?:,| \(|" + END + r")|[Ll]oss is (?:nan|NaN)[,.! ]"
        r"|[Ll]oss became infinite or NaN|[Ff]ound NaN in local|NaN (?:or Inf found in|loss detected|detected in loss)",
        error="FloatingPointError",
    ),
    Kind(
        "encoding", mark("Text in another encoding than expected"), "fatal", "user", ("Unicode",),
        error="Unicode(?:Decode|Encode)Error",
    ),
    Kind(
        "assert", mark("A check in the program failed"), "fatal", "user", ("Assert", "CUDA error: device"),
        r"""Assertion [`'"][^\n]*['`"] failed"""
        r"|CUDA error: device-side assert triggered",
        error="AssertionError",
    ),
    Kind(
        "usage", mark("Wrong arguments"), "fatal", "user", ("error: ",),
        r": error: (?:unrecognized arguments: |the following arguments are required: |argument [^\n]+: "
        r"|ambiguous option: )",
    ),
    Kind(
        "offline", mark("No way to the network"), "error", "site",
        ("Temporary failure", "Max retries", "Network is", "Could not resolve", "Name or service"),
        r"Temporary failure in name resolution|Max retries exceeded with url|Network is unreachable"
        r"|Could not resolve host|Name or service not known",
    ),
    Kind(
        "ib_link", mark("Fault of the fast network (InfiniBand)"), "fatal", "hardware",
        ("Transport retry", "IBV_", "NET/IB", "UCX"),
        r"Transport retry count exceeded|IBV_(?:WC|EVENT)_[A-Z_]*ERR"
        r"|NET/IB ?: [^\n]*(?:[Gg]ot completion [^\n]*(?:error|status)|async fatal event)|UCX +ERROR ",
    ),
    Kind(
        "rendezvous", mark("The ranks did not find each other"), "fatal", "user",
        ("Rendezvous", "The client socket", "The server socket", "Address already", "DistNetworkError",
         "DistStoreError", "C10d store"),
        r"Rendezvous(?:Timeout|Connection|Closed|State)Error|The client socket has timed out after"
        r"|The server socket has failed to (?:listen|bind)|Address already in use|Dist(?:Network|Store)Error: "
        r"|connection to the C10d store has failed",
    ),
    Kind(
        "nccl", mark("Communication between GPUs failed (NCCL)"), "fatal", "site",
        ("Watchdog caught", "NCCL", "RCCL", "Error: "),
        r"Watchdog caught collective operation timeout|[NR]CCL [Ee]rror(?: in|:| [0-9])"
        r"|Some NCCL operations have failed"
        r"|nccl(?:UnhandledCuda|System|Internal|Remote|InvalidUsage)Error: "
        r"|ProcessGroupNCCL[^\n]*(?:detected by watchdog|terminated with exception|Timeout at NCCL work"
        r"|[Ww]atchdog got stuck)"
        r"|[NR]CCL WARN [^\n]*(?:[Ee]rror|[Ff]ail|[Tt]ime(?:d )?out)",
    ),
    Kind(
        "mpi", mark("MPI gave up"), "fatal", "user",
        ("MPI_ABORT", "Abort(", "Fatal error in", "An error occurred in", "PID", "ORTE"),
        r"MPI_ABORT was invoked|Abort\([0-9]+\) on node [0-9]+|Fatal error in (?:internal_|P?MPI)"
        r"|\*\*\* An error occurred in MPI_|(?:mpi|prte)run noticed that process rank [0-9]+ with PID"
        r"|ORTE has lost communication",
    ),
    Kind(
        "cuda_error", mark("Error on the GPU (CUDA)"), "fatal", "user",
        ("CUDA", "CUBLAS", "CUDNN", "Cuda failure", "HIP"),
        r"(?:CUDA|HIP)(?: driver)? error: |CUDA_ERROR_[A-Z_]+: |CUBLAS_STATUS_[A-Z_]+ when calling"
        r"|CUDNN_STATUS_[A-Z_]*FAILED"
        r"|Cuda failure (?:[0-9]+ )?'",
    ),
    Kind(
        "segfault", mark("Segmentation fault"), "fatal", "user",
        ("Segmentation fault", "SIGSEGV", "세그먼테이션", "세그멘테이션"),
        r"Segmentation fault(?: *\(|  |" + END + r")|Signal 11 \(SIGSEGV\)|received signal SIGSEGV"
        r"|세그(?:먼|멘)테이션 오류",
    ),
    Kind(
        "bus_error", mark("Bus error"), "fatal", "user", ("Bus error", "SIGBUS", "버스"),
        r"Bus error(?: *\(|  |" + END + r")|Signal 7 \(SIGBUS\)|버스 오류",
    ),
    Kind(
        "exception", mark("Python error"), "error", "user",
        ("Error", "Exception", "Interrupt", "SystemExit", "TimeoutExpired", "BrokenProcessPool"),
        error=r"(?:[A-Za-z_][A-Za-z0-9_.]*(?:Error|Exception|Interrupt)|Exception"
        r"|[a-z_.]*(?:SystemExit|TimeoutExpired|BrokenProcessPool))(?:\([A-Za-z0-9_.]*\))?",
    ),
    Kind(
        "traceback", mark("Python traceback"), "error", "user", ("Traceback (most",),
        r"Traceback \(most recent call last\):",
    ),
    Kind(
        "aborted", mark("The program aborted"), "fatal", "user",
        ("terminate called", "Aborted", "Fatal Python"),
        r"terminate called after throwing|Aborted *\(core dumped\)|Fatal Python error: |tasks? [0-9,\-]+: Aborted",
    ),
    Kind(
        "node_fail", mark("A node failed"), "fatal", "site", ("DUE TO NODE", "Node failure"),
        _SLURM + r"DUE TO NODE FAIL|(?:srun|salloc): error: Node failure on ",
    ),
    Kind(
        "killed", mark("Killed"), "fatal", "limit", ("Killed", "SIGKILL", "죽었음"),
        START + r"(?:Killed|죽었음)" + END + r"|line [0-9]+: +[0-9]+ Killed|행 [0-9]+번: +[0-9]+ 죽었음"
        r"|tasks? [0-9,\-]+: Killed|Signal 9 \(SIGKILL\) received",
    ),
    Kind(
        "time_limit", mark("Ended at its time limit"), "fatal", "limit", ("DUE TO TIME", "PBS: job killed"),
        _SLURM + r"DUE TO TIME LIMIT|PBS: job killed: walltime",
    ),
    Kind("preempted", mark("Preempted"), "fatal", "site", ("DUE TO PREEMPTION",), _SLURM + r"DUE TO PREEMPTION"),
    Kind("requeued", mark("Put back into the queue"), "fatal", "site", ("DUE TO JOB REQ",),
         _SLURM + r"DUE TO JOB REQUEUE"),
    Kind("cancelled", mark("Cancelled"), "fatal", "user", ("CANCELLED AT",), _SLURM + r"\*\*\*"),
    Kind(
        "rank_failed", mark("One of the processes failed"), "error", "user",
        ("failed (exitcode", "SIG", "Exited with exit", "Terminated"),
        r"failed \(exitcode: -?[0-9]+\) local_rank|Signal [0-9]+ \(SIG[A-Z]+\) received by PID"
        r"|tasks? [0-9,\-]+: (?:Exited with exit code [1-9]|Terminated)",
    ),
    Kind(
        "slurm", mark("Message of Slurm's about an error"), "warning", "site", ("error: ",),
        START + r"(?:slurmstepd|srun|sbatch|salloc|slurmd)(?:-[A-Za-z0-9.\-]+)?: error: ",
    ),
)  # fmt: skip
