"""What decoding a queue costs, against json.loads of the same: `python tests/bench/decode.py [-n RUNS] [--jobs N]`.

The same 100,000 jobs as squeue prints them for Naru and as slurmrestd sends them; the answer of slurmrestd is decoded
with a tenth of them. Times are the processor's, each in turn with the others; memory is the most that a process of its
own ever held, without what it held before it decoded.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "client")]

from tests.bench import queues  # noqa: E402
from tests.bench.measure import interleaved, median, spread, verdict  # noqa: E402

from naru_client.slurm.slices import at_once  # noqa: E402
from naru_client.slurm.text_lists import QueueDecoder  # noqa: E402
from naru_client.slurm.wire import JobsDecoder  # noqa: E402

TEXT, ANSWER, AGAIN, MEMORY = 100 / 20, 100 / 8, 100 / 100, 100 / 3  # per cent of json.loads
SEPARATOR, OTHER = "zQ4kW9xTb", "aB3dE5fG7"
NOW = datetime.fromtimestamp(queues.NOON, UTC)
CHILD = """
import json, sys
sys.path.insert(0, {client!r})
from datetime import UTC, datetime
from naru_client.slurm.wire import decode_jobs
with open({body!r}, "rb") as file:
    body = file.read()
def most():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
before = most()
jobs = {call}
print(most() - before)
"""
CALLS = {"json.loads": "json.loads(body)", "naru": 'decode_jobs(body, site="bench", now=datetime.now(UTC))'}


def microseconds(call: Callable[[], object], jobs: int) -> float:
    """Of the processor, for each job."""
    start = time.process_time()
    result = call()
    spent = time.process_time() - start
    del result
    return spent * 1e6 / jobs


def text(body: bytes, separator: str, decoder: QueueDecoder) -> object:
    return at_once(decoder.slices(body, separator, site="bench", now=NOW))


def answer(body: bytes) -> object:
    return at_once(JobsDecoder().slices(body, site="bench", now=NOW))


def mebibytes(body: Path, call: str) -> float:
    code = CHILD.format(client=str(HERE.parents[1] / "client"), body=str(body), call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def told(name: str, samples: list[float], unit: str) -> float:
    print(f"  {name:<42} {median(samples):8.1f} {unit} ({spread(samples)})")
    return median(samples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=5, help="runs of each (default 5)")
    parser.add_argument("--jobs", type=int, default=100_000, help="jobs in the text list (default 100000)")
    arguments = parser.parse_args()
    few = max(arguments.jobs // 10, 1)
    with TemporaryDirectory() as long_name, TemporaryDirectory() as short_name:
        long, printed = queues.write(Path(long_name), arguments.jobs)
        short, _ = queues.write(Path(short_name), few)
        sent, first = long.read_bytes(), printed.read_text("utf-8").replace(queues.MARK, SEPARATOR).encode()
        second = first.replace(SEPARATOR.encode(), OTHER.encode())
        body = short.read_bytes()
        kept = QueueDecoder()
        text(first, SEPARATOR, kept)
        results = interleaved(
            arguments.runs,
            {
                "text": lambda: microseconds(partial(text, first, SEPARATOR, QueueDecoder()), arguments.jobs),
                "text, unchanged": lambda: microseconds(partial(text, second, OTHER, kept), arguments.jobs),
                "answer": lambda: microseconds(partial(answer, body), few),
                "json.loads of the answer": lambda: microseconds(partial(json.loads, body), few),
            },
        )
        # it takes half a minute and several gigabytes: twice is enough
        whole = [microseconds(partial(json.loads, sent), arguments.jobs) for _ in range(min(2, arguments.runs))]
        print(f"{arguments.jobs} jobs: {len(first) / 1e6:.0f} MB of text, {len(sent) / 1e6:.0f} MB of JSON, µs a job")
        base, loads = (
            told("json.loads", whole, "µs"),
            told(f"json.loads of {few}", results["json.loads of the answer"], "µs"),
        )
        listed, again = told("text", results["text"], "µs"), told("text, unchanged", results["text, unchanged"], "µs")
        decoded = told(f"answer of {few}", results["answer"], "µs")
        held = {name: [mebibytes(short, call) for _ in range(min(3, arguments.runs))] for name, call in CALLS.items()}
    print(verdict("text list, against json.loads", 100 * listed / base, TEXT, " %"))
    print(verdict("text list, unchanged, against json.loads", 100 * again / base, AGAIN, " %"))
    print(verdict("slurmrestd's answer, against json.loads", 100 * decoded / loads, ANSWER, " %"))
    plain, naru = (told(f"memory of {name}", samples, "MiB") for name, samples in held.items())
    print(verdict("memory, against json.loads", 100 * naru / plain, MEMORY, " %"))


if __name__ == "__main__":
    main()
