"""What goes wrong by a log's own words: real lines of every kind, lines that only look like it, and both engines."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import re2  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from naru_client.logs.levels import Level, level_of
from naru_client.logs.problems import ANY_PROBLEM, KINDS, cause_of, is_continuation, problem_of, same_group

# Lines as they stand in real logs (shortened where they go on and on), by the kind they are of.
LINES: dict[str, tuple[str, ...]] = {
    "xid": (
        "NVRM: Xid (PCI:0000:3b:00): 79, pid=12345, name=python, GPU has fallen off the bus.",
        "[  512.308145] NVRM: Xid (PCI:0000:44:00): 79, GPU has fallen off the bus",
        "Nov 24 09:00:01 n1 kernel: NVRM: Xid (PCI:0000:9b:00): 119, pid=31, Timeout after 6s of waiting for RPC"
        " response",
        "               NVRM: fallen off the bus and is not responding to commands.",
        "Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.  Reboot the system to recover"
        " this GPU",
    ),
    "xid_app": (
        "[24128.834365] NVRM: Xid (PCI:0000:01:00): 31, Ch 00000003, engmask 00000101, intr 10000000",
        "NVRM: Xid (PCI:0000:41:00): 13, pid=9, Graphics SM Warp Exception on (GPC 0, TPC 1)",
    ),
    "nvlink": (
        "RuntimeError: CUDA error: uncorrectable NVLink error detected during the execution",
        "nvidia-nvswitch0: SXid (PCI:0000:c1:00.0): 20034, Fatal, Link 44 LTSSM Fault Up",
    ),
    "ecc": (
        "RuntimeError: CUDA error: uncorrectable ECC error encountered",
        "NVRM: GPU at PCI:0000:1b:00: a double-bit ECC error was detected",
    ),
    "cuda_oom": (
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 22.78 GiB. GPU 0 has a total capacity of"
        " 31.47 GiB",
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.69 GiB (GPU 0; 14.56 GiB total capacity;",
        "[rank3]: RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 5.80 GiB total capacity;",
        "RuntimeError:CUDA out of memory. Tried to allocate 12.50 MiB",
        "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 2.00 GiB.",
        "RuntimeError: CUDA error: out of memory",
        "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate"
        " 7406166528 bytes.",
        "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory allocating 20029400304 bytes.",
        "E external/xla/client.cc:672] Execution of replica 0 failed: Resource exhausted: Out of memory while"
        " trying to",
        "n1:12:90 [3] include/alloc.h:48 NCCL WARN Cuda failure 2 'out of memory'",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`.",
    ),
    "host_oom": (
        "slurmstepd: error: Detected 1 oom_kill event in StepId=11300781.0. Some of the step tasks have been OOM"
        " Killed.",
        "slurmstepd: error: Detected 2 oom-kill event(s) in step 3756240.batch cgroup.",
        "srun: error: sdumont6156: task 0: Out Of Memory",
        "slurmstepd: error: Exceeded job memory limit at some point.",
        "slurmstepd: error: Step 1234.0 exceeded memory limit (70 > 64), being killed",
        "Memory cgroup out of memory: Killed process 4242 (python) total-vm:98234kB",
        "OSError: [Errno 12] Cannot allocate memory",
        "bash: fork: 메모리를 할당할 수 없습니다",
        "RuntimeError: [enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate memory: you"
        " tried",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "MemoryError",
        "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 29.8 GiB for an array with shape (4000000000,)",
        "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory.",
    ),
    "disk_quota": (
        "OSError: [Errno 122] Disk quota exceeded: '/home/ann/runs/a/step_100.pt'",
        "cp: error writing 'a.pt': Disk quota exceeded",
        "cp: 'test1'에 쓰는 도중 오류 발생: 디스크 할당량이 초과됨",
    ),
    "no_space": (
        "OSError: [Errno 28] No space left on device",
        "dd: failed to open '/scratch/file100': 장치에 남은 공간이 없음",
        "npm ERR! code ENOSPC",
    ),
    "shared_memory": (
        "RuntimeError: DataLoader worker (pid 46794) is killed by signal: Bus error. It is possible that dataloader's",
        "RuntimeError: DataLoader worker (pid(s) 1, 2) is killed by signal: Bus error",
        "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient shared memory (shm).",
    ),
    "stale_nfs": ("OSError: [Errno 116] Stale file handle", "ls: /home: Stale NFS file handle", "ls: /home:"
    " 끊어진 파일 핸들"),
    "io_error": (
        "OSError: [Errno 5] Input/output error: '/scratch/x'",
        "OSError: [Errno 107] Transport endpoint is not connected",
        "OSError: [Errno 108] Cannot send after transport endpoint shutdown",
    ),
    "cuda_driver": (
        "ERROR: cudaGetDeviceCount CUDA driver version is insufficient for CUDA runtime version",
        "no CUDA-capable device is detected",
        "Failed to initialize NVML: Driver/library version mismatch",
        "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU",
        "RuntimeError: No CUDA GPUs are available",
        "RuntimeError: CUDA error: no kernel image is available for execution on the device",
    ),
    "npu": ("NativeError: device rngd:3: DMA timeout (code 0x3af1)",),
    "no_module": (
        "ModuleNotFoundError: No module named 'flash_attn'",
        "[rank0]: ImportError: libcudnn.so.9: cannot open shared object file: No such file or directory",
        "/usr/bin/python3.9: No module named torch.distributed.run",
        "/var/spool/slurmd/job01234/slurm_script: line 9: module: command not found",
        "slurm_script: 행 9번: conda: 명령어를 찾을 수 없음",
        "./a.out: error while loading shared libraries: libmpi.so.40: cannot open shared object file: No such file or"
        " directory",
    ),
    "no_file": (
        "FileNotFoundError: [Errno 2] No such file or directory: '/home/ann/00012.parquet'",
        "python: can't open file '/home/ann/train.py': [Errno 2] No such file or directory",
        "slurm_script: line 3: cd: /scratch/ann/run7: No such file or directory",
        "slurm_script: 행 3번: cd: /scratch/ann/run7: 그런 파일이나 디렉터리가 없습니다",
        "slurmstepd: error: execve(): ./train.sh: No such file or directory",
    ),
    "permission": (
        "PermissionError: [Errno 13] Permission denied: '/scratch/bob/x'",
        "slurm_script: line 3: ./run.sh: Permission denied",
        "slurmstepd: error: couldn't chdir to `/home/bob': Permission denied",
    ),
    "bad_file": (
        "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory",
        "safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooLarge",
        "EOFError: Ran out of input",
    ),
    "nan_loss": (
        "{'loss': nan, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': 0.52}",
        '{"loss": NaN, "step": 12}',
        "step:   120  loss:      nan  grad_norm:     nan  memory: 70.10GiB(88.60%)",
        " iteration      100/  500000 | lm loss: NAN | loss scale: 1.0 | number of nan iterations:   0 |",
        "Epoch 3:  45%|████ | 45/100 [00:10<00:12, 4.40it/s, v_num=0, train_loss=nan.0]",
        "iter 100: loss nan, time 12.30ms, mfu 38.2%",
        "Epoch: [3][ 120/5005]\tTime  0.3 ( 0.3)\tLoss nan (nan)\tAcc@1 0.10 (0.10)",
        "Loss is nan, stopping training",
        "FloatingPointError: Loss became infinite or NaN at iteration=166!",
        "ERROR: found NaN in local forward loss calculation on rank 3",
        "RuntimeError: Rank 3: found NaN in local grad norm in backward pass before data-parallel communication",
    ),
    "encoding": ("UnicodeDecodeError: 'utf-8' codec can't decode byte 0xb0 in position 77: invalid start byte",),
    "assert": (
        "AssertionError: 문장이 너무 깁니다: 5000 > 4096",
        "AssertionError",
        "[rank1]: AssertionError: expected 8 shards",
        "Loss.cu:106: block: [0,0,0], thread: [3,0,0] Assertion `t >= 0 && t < n_classes` failed.",
        "RuntimeError: CUDA error: device-side assert triggered",
    ),
    "usage": (
        "train.py: error: unrecognized arguments: --학습률 2e-5",
        "train.py: error: the following arguments are required: --config",
    ),
    "offline": (
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='huggingface.co', port=443): Max retries"
        " exceeded"
        " with url: /bert",
        "curl: (6) Could not resolve host: huggingface.co",
    ),
    "ib_link": (
        "[n1:31212:0:31212] ib_mlx5_log.c:143  Transport retry count exceeded on mlx5_0:1/IB (synd 0x15 vend 0x81)",
        "n1:9:90 [3] NCCL WARN NET/IB : Got completion from peer 10.0.0.2<3> with status=12 opcode=0 len=0",
        "n1:9:90 [3] transport/net_ib.cc NCCL WARN NET/IB : mlx5_3:1 Got async fatal event: port error",
        "[1606146093.2] [n1:77:0] ucp_worker.c:1783 UCX  ERROR failed to set active message handler",
    ),
    "rendezvous": (
        "torch.distributed.DistNetworkError: The client socket has timed out after 300000ms while trying to connect"
        " to (n1,"
        " 41331).",
        "[E socket.cpp:462] [c10d] The server socket has failed to listen on any local network address.",
        "torch.distributed.elastic.rendezvous.api.RendezvousConnectionError: The connection to the C10d store has"
        " failed.",
        "OSError: [Errno 98] Address already in use",
    ),
    "nccl": (
        "[rank0]:[E321 02:07:08.408271257 ProcessGroupNCCL.cpp:607] [Rank 0] Watchdog caught collective operation"
        " timeout:"
        " WorkNCCL(SeqNum=1580, OpType=ALLREDUCE, Timeout(ms)=600000) ran for 600060 milliseconds before timing out.",
        "(WorkerDict pid=63294) [rank3]:[E416 20:40:12.986007770 ProcessGroupNCCL.cpp:1664] [PG 5 Rank 3] Exception"
        " (either"
        " an error or timeout) detected by watchdog at work: 8, last enqueued NCCL work: 10",
        "[rank4]:[E318 07:39:53.79 ProcessGroupNCCL.cpp:1834] [PG ID 2 Rank 4] Timeout at NCCL work: 610, last"
        " enqueued",
        "[rank4]:[E318 07:39:53.79 ProcessGroupNCCL.cpp:630] [Rank 4] Some NCCL operations have failed or timed out.",
        "torch.distributed.DistBackendError: NCCL error in: /pytorch/torch/lib/c10d/ProcessGroupNCCL.cpp:784, unhand",
        "RuntimeError: NCCL Error 2: unhandled system error",
        "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.",
        "n1:534:1763 [3] misc/socket.cc:50 NCCL WARN socketProgress: Connection closed; call failed",
    ),
    "mpi": (
        "MPI_ABORT was invoked on rank 3 in communicator MPI_COMM_WORLD",
        "Abort(1) on node 3 (rank 3 in comm 0): application called MPI_Abort(MPI_COMM_WORLD, 1) - process 3",
        "Fatal error in PMPI_Recv: Other MPI error, error stack:",
        "[n1:1] *** An error occurred in MPI_Send",
        "mpirun noticed that process rank 0 with PID 0 on node n1 exited on signal 9 (Killed).",
    ),
    "cuda_error": (
        "torch.AcceleratorError: CUDA error: an illegal memory access was encountered",
        "RuntimeError: CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx(`",
        "RuntimeError: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
    ),
    "segfault": (
        "Fatal Python error: Segmentation fault",
        "srun: error: n1: task 0: Segmentation fault (core dumped)",
        "slurm_script: line 14: 12345 Segmentation fault      (core dumped) ./a.out",
        "[n1:19548] Signal: Segmentation fault (11)",
        "slurm_script: 행 14번: 12345 세그먼테이션 오류 (코어 덤프됨) ./a.out",
    ),
    "bus_error": ("Bus error (core dumped)", "srun: error: n1: task 3: Bus error"),
    "exception": (
        "KeyError: 'input_ids'",
        "ValueError: Expected input batch_size (32) to match target batch_size (31).",
        "[rank7]: RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)",
        "0: ZeroDivisionError: division by zero",
        "(WorkerDict pid=63294) TypeError: forward() got an unexpected keyword argument 'x'",
        "ray.exceptions.RayTaskError(ValueError): \x1b[36mray::train()",
        "subprocess.CalledProcessError: Command '['ninja']' returned non-zero exit status 1.",
        "subprocess.TimeoutExpired: Command 'x' timed out after 3 seconds",
        "Exception: Could not find the model",
        "KeyboardInterrupt",
        "NotImplementedError",
    ),
    "traceback": (
        "Traceback (most recent call last):",
        "[rank3]: Traceback (most recent call last):",
        "ERROR:root:failed\rTraceback (most recent call last):",
    ),
    "aborted": ("terminate called after throwing an instance of 'c10::DistBackendError'", "Aborted (core dumped)"),
    "node_fail": (
        "slurmstepd: error: *** JOB 12 ON n1 CANCELLED AT 2026-11-24T09:00:01 DUE TO NODE FAILURE, SEE SLURMCTLD"
        " LOG FOR"
        " DETAILS ***",
        "srun: error: Node failure on n17",
    ),
    "killed": (
        "/var/spool/slurmd/job00004711/slurm_script: line 14: 45678 Killed                  python train.py",
        "srun: error: n1: tasks 0-3: Killed",
        "Killed",
        "slurm_script: 행 14번: 45678 죽었음                  python train.py",
    ),
    "time_limit": (
        "slurmstepd: error: *** JOB 494583 ON n1 CANCELLED AT 2024-04-20T09:09:37 DUE TO TIME LIMIT ***",
        "slurmstepd: error: *** STEP 494583.0 ON n1 CANCELLED AT 2024-04-20T09:09:37 DUE TO TIME LIMIT ***",
        "slurmstepd: *** JOB 830329 CANCELLED AT 2018-08-06T17:21:44 DUE TO TIME LIMIT on n447 ***",
        "=>> PBS: job killed: walltime 3605 exceeded limit 3600",
    ),
    "preempted": ("slurmstepd: error: *** JOB 3239 ON cn119 CANCELLED AT 2021-06-18T13:05:36 DUE TO PREEMPTION ***",),
    "requeued": ("slurmstepd: error: *** JOB 3239 ON cn119 CANCELLED AT 2021-06-18T13:05:36 DUE TO JOB REQUEUE ***",),
    "cancelled": ("slurmstepd: error: *** STEP 63532.0 ON cn106 CANCELLED AT 2020-12-14T09:43:55 ***",),
    "rank_failed": (
        "E1124 10:00:00.001000 9123 torch/distributed/elastic/multiprocessing/api.py:874] failed (exitcode: 1)"
        " local_rank: 3"
        " of binary: /opt/conda/bin/python",
        "srun: error: n1: task 0: Exited with exit code 1",
        "torch.distributed.elastic.multiprocessing.api.SignalException got; Signal 15 (SIGTERM) received by PID 99",
        "srun: error: nid01934: tasks 2,4-5,7: Terminated",
    ),
    "slurm": ("slurmstepd: error: TMPDIR [/scratch/ann] is not writeable",),
}  # fmt: skip

# What healthy logs hold.
INNOCENT = (
    "0 errors", "Finished with 0 errors, 3 warnings", "no errors found", "error_rate=0.1", "val_error: 0.034",
    "n1:20001:20001 [0] NCCL INFO NCCL version 2.27.7+cuda12.9", "NCCL INFO Connected all rings, use ring PXN 0 GDR 1",
    "n1:9:90 [3] NCCL INFO NET/IB : Using [0]mlx5_0:1/IB [RO]; OOB ib0:10.20.1.12<0>",
    "NCCL INFO TORCH_NCCL_ASYNC_ERROR_HANDLING set by environment to 1",
    "WARNING: DEPRECATION: the errors argument is deprecated", "loss: nan_to_num", "loss nan check enabled",
    "CUDA out of memory handler installed", "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True", "wrote"
    " /home/a/error.log",
    "Saving to runs/RuntimeError_analysis/out.txt", "except torch.cuda.OutOfMemoryError:", "    raise ValueError('no')",
    "Installing handler for SIGTERM, SIGUSR1", "number of nan iterations:   0 |", "data/traceback/train.jsonl: 300"
    " rows",
    "UserWarning: This DataLoader will create 64 worker processes in total.", "max_retries: 3",
    "[경고] /home/ann/.cache/huggingface 사용량이 한도의 91%입니다", " 경고: 온도 상승", "[오류 수정] 데이터 정리 완료",
    "[W] OMP_NUM_THREADS not set; torchrun sets it to 1 in each process to avoid your system being overloaded",
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1", "disk_quota: 64 GB, used 12 GB", "quota exceeded"
    " policy: off",
    "Disk quota: 64 GB", "segmentation model loaded, fault tolerance on", "Segmentation faults are logged to core.%p",
    "Watchdog timeout set to 600 s", "CUDA error checking is on", "Gradient overflow. Skipping step, loss scaler 0"
    " reducing",
    "killed 0 stale processes", "Aborted: 0, completed: 12", "train.py: error handling installed", "x: Permission"
    " bits 0644",
    "tolerance exceeded memory of 3 steps", "INFO 11-24 09:00:06 [loggers.py:127] Engine 000: Running: 1 reqs",
    "  warnings.warn(", "ErrorCount: 0", "Errors: none", "Exception handling: enabled", "NaN values"
    " filled: 3",
    "srun: Job step aborted: Waiting up to 32 seconds for job step to finish.", "step 1 loss: 0.1 nan_frac: 0.0",
    "command not found in cache, computing",
)  # fmt: skip
EVERY = [(kind, line) for kind, lines in LINES.items() for line in lines]


@pytest.mark.parametrize(("kind", "line"), EVERY)
def test_real_lines_are_of_their_kind(kind: str, line: str) -> None:
    found = problem_of(line)
    assert found is not None
    assert found.kind.id == kind


def test_every_kind_has_a_sample_and_says_what_it_is() -> None:
    assert {kind.id for kind in KINDS} == set(LINES)
    for kind in KINDS:
        assert kind.words
        assert kind.name[0].isupper()
        assert not kind.name.endswith(".")


@pytest.mark.parametrize("line", INNOCENT)
def test_what_only_looks_like_a_problem_is_none(line: str) -> None:
    assert problem_of(line) is None


def test_both_engines_find_the_same_lines_one_by_one() -> None:
    searches = re2.compile(ANY_PROBLEM)
    for line in (*(line for _, line in EVERY), *INNOCENT):
        assert (searches.search(line) is not None) == (problem_of(line) is not None), line


def test_a_search_through_the_whole_finds_these_lines_and_no_others() -> None:
    lines = [*(line for _, line in EVERY), *INNOCENT]
    mixed = [line for pair in zip(lines, reversed(lines), strict=True) for line in pair]
    text, expected = "\n".join(mixed), [n for n, line in enumerate(mixed) if problem_of(line) is not None]
    data = text.encode()
    for engine in (re2, re):
        starts = [m.start() for m in engine.finditer(ANY_PROBLEM.encode(), data)]
        assert sorted({data.count(b"\n", 0, start) for start in starts}) == expected


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
def test_ripgrep_finds_the_same_lines(tmp_path: Path) -> None:
    lines = [*(line for _, line in EVERY), *INNOCENT]
    log = tmp_path / "job.out"
    log.write_text("\n".join(lines) + "\n")
    command = ["rg", "--no-config", "-n", "--no-heading", "-e", ANY_PROBLEM, "--", str(log)]
    told = subprocess.run(command, capture_output=True, check=False)
    found = [int(line.split(b":", 1)[0]) - 1 for line in told.stdout.split(b"\n") if line]
    assert found == [n for n, line in enumerate(lines) if problem_of(line) is not None], told.stderr


def test_raw_bytes_with_colour_or_a_bar_before_the_problem() -> None:
    searches = re2.compile(ANY_PROBLEM)
    for raw in (
        "\x1b[31mValueError: no\x1b[0m",
        " 37%|███▋ | 3/10 [00:01<00:02]\rValueError: no",
        "KeyboardInterrupt\r",
    ):
        assert searches.search(raw) is not None


samples = st.one_of(
    st.sampled_from(KINDS).flatmap(lambda kind: st.from_regex(re.compile(kind.whole, re.ASCII), fullmatch=True)),
    st.lists(
        st.sampled_from([*{w for kind in KINDS for w in kind.words}, ": ", " ", "[rank0]: ", "loss", "=", "1", "*** "]),
        max_size=6,
    ).map("".join),
)


@settings(max_examples=80, deadline=None)
@given(samples)
def test_the_quick_look_overlooks_nothing(text: str) -> None:
    line = text.split("\n")[0]
    assert (problem_of(line) is not None) == (re.search(ANY_PROBLEM, line, re.ASCII) is not None)


@pytest.mark.parametrize(
    "piece", ["srun: error: ", "[1]: ", "(pid=", "1: ", "NCCL WARN ", "JOB 1 CANCELLED AT ", "nan", "CUDA "]
)
def test_a_line_made_to_keep_it_busy_does_not(piece: str) -> None:
    line = piece * (65_536 // len(piece))
    found = problem_of(line)
    assert found is None or found.kind.id == "slurm"
    assert problem_of("KeyError: " + line) is not None


TRACEBACK = """\
Traceback (most recent call last):
  File "/home/ann/train.py", line 211, in <module>
    main(parse_args())
    ~~~~^^^^^^^^^^^^^^
  File "/home/ann/model.py", line 144, in forward
    raise ValueError("CUDA error: no")

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/home/ann/train.py", line 302, in save
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.
step: 12""".splitlines()


@pytest.mark.parametrize("rank", ["", "[rank3]: ", "0: "])
def test_a_traceback_is_one_problem(rank: str) -> None:
    lines = [rank + line for line in TRACEBACK]
    lines.insert(6, rank + "ValueError: CUDA error: no")
    roles = [found.role if (found := problem_of(line)) else None for line in lines]
    heads = [n for n, role in enumerate(roles) if role == "head"]
    ends = [n for n, role in enumerate(roles) if role == "end"]
    assert (heads, ends) == ([0, 10], [6, 12])
    stops = [heads[0]]
    before = heads[0]
    assert roles[5] == "within", "its own code speaks of a problem"
    for n in (5, 6, 10, 12):
        first, second = problem_of(lines[before]), problem_of(lines[n])
        assert first is not None
        assert second is not None
        if not same_group(first, lines[before + 1 : n], second):
            stops.append(n)
        before = n
    assert stops == [0]
    assert all(map(is_continuation, lines[1:6]))
    assert not is_continuation(lines[13])


def test_two_tracebacks_are_two_problems() -> None:
    head, end = problem_of(TRACEBACK[0]), problem_of("KeyError: 'a'")
    assert head is not None
    assert end is not None
    assert not same_group(end, ["retrying"], head)
    assert not same_group(end, [], head)
    assert not same_group(head, ["step: 3"], end)
    assert not same_group(head, [], head)
    alone = problem_of("CUDA error: no")
    assert alone is not None
    assert (alone.role, same_group(head, [], alone), same_group(alone, [], end)) == ("", False, False)


def test_the_cause_comes_before_what_came_of_it() -> None:
    def of(*ids: str) -> str:
        cause = cause_of(ids)
        return "" if cause is None else cause.id

    assert of("traceback", "rank_failed", "cuda_oom", "nccl") == "cuda_oom"
    assert of("time_limit", "nccl") == "nccl"
    assert of("nccl", "xid") == "xid"
    assert of("traceback", "exception") == "exception"
    assert of() == of("of a later version") == ""


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-11-24 09:00:01,123 - root - INFO - step", "info"),
        ("[rank0]:[titan] 2026-11-24 09:00:01,123 - root - WARNING - slow", "warning"),
        ("2026-11-24 09:00:01.123 | ERROR    | __main__:f:3 - no", "error"),
        ("I1124 10:00:00.123456 12 a.cc:3] x", "info"), ("E1124 10:00:00.123 12 a.cc:3] x", "error"),
        ("[rank3]:[E321 02:07:08.408271257 ProcessGroupNCCL.cpp:607] [Rank 0] x", "error"),
        ("[W503 01:52:07.597517393 socket.cpp:204] [c10d] x", "warning"),
        ("[E ProcessGroupNCCL.cpp:458] [Rank 0] x", "error"), ("[W socket.cpp:426] [c10d] x", "warning"),
        ("2018-08-15 20:28:55.548381: E tensorflow/core/x.cc:246] tried", "error"),
        ("[I 2026-11-24 09:00:01.310 ServerApp] Saving", "info"), ("[C 2026-11-24 09:00:01.310 ServerApp] x", "fatal"),
        ("INFO:     10.1.3.4:40001 - \"POST /v1\" 200 OK", "info"), ("ERROR:root:no", "error"),
        ("(APIServer pid=9) INFO 11-24 09:00:01 [a.py:3] x", "info"), ("INFO 11-24 09:00:06 [a.py:127] E", "info"),
        ("[2026-11-24 09:00:01] INFO  compile layer 3/28", "info"), ("[09:00:01] WARNING 인코딩을", "warning"),
        ("2026-11-24:09:00:01 WARNING  [huggingface:132] x", "warning"), ("[ERROR] 2021-05-11 12:06:27,882 x", "error"),
        ("[2024-01-01 00:00:00,000] [INFO] [logging.py:96] x", "info"), ("CRITICAL:x:y", "fatal"),
        ("n1:1:1 [0] NCCL INFO x", "info"), ("n1:1:1 [0] NCCL WARN x", "warning"),
        ("slurmstepd: error: x", "error"), ("srun: error: n1: x", "error"), ("sbatch: warning: x", "warning"),
        ("train.py: error: unrecognized", "error"), ("a.c:10:5: error: expected ';'", "error"), ("error: no", "error"),
        ("/opt/x.py:627: UserWarning: This Data", "warning"), ("[경고] 사용량", "warning"), ("[오류] 실패", "error"),
        ("오류: 실패", "error"), ('{"level":"error","msg":"x"}', "error"), ("time=1 level=debug msg=x", "debug"),
        ("an error in a sentence", None), ("0 errors", None), ("error_rate: 0.1", None), ("Fatal attraction", None),
        ("INFORMATION about it", None), ("step: 3 loss: 2", None), ("", None), ("WARNINGS: 3", None),
    ],
)  # fmt: skip
def test_levels_by_where_they_stand(line: str, level: Level | None) -> None:
    assert level_of(line) == level
