"""How long nobody else has a turn while 100,000 jobs arrive: `python tests/bench/stalls.py [-n RUNS] [--jobs N]`.

By each transport, the jobs come from a stand-in for the centre in a process of its own; meanwhile a task on the same
event loop wants to run every millisecond. The longest that it had to wait is printed beside the longest it has to wait
while nothing arrives, which is the machine's own doing.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "client")]

from tests.bench import queues  # noqa: E402
from tests.bench.measure import median, verdict  # noqa: E402

from naru_client.config import Profile  # noqa: E402
from naru_client.slurm.commands import CommandTransport, SlurmCommands  # noqa: E402
from naru_client.slurm.rest import HttpTransport, SlurmRest  # noqa: E402

LIMIT = 50.0  # milliseconds
TIMEOUT = 600.0  # seconds
SERVER = """
import asyncio, sys
async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    with open(sys.argv[2], "rb") as body:
        size = body.seek(0, 2)
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % size)
        body.seek(0)
        while part := body.read(1 << 20):
            writer.write(part)
            await writer.drain()
    writer.close()
async def main():
    if sys.argv[1] == "http":
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
    else:
        server = await asyncio.start_unix_server(answer, sys.argv[1])
        print("listening", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


async def longest_wait(work: Awaitable[object]) -> tuple[float, float]:
    """Milliseconds that a task which wants to run every millisecond had to wait beyond that, at the worst; and how long
    the others on its loop worked in one go, by the processor's clock."""
    worst = busiest = 0.0

    async def beat() -> None:
        nonlocal worst, busiest
        while True:
            start, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - start - 0.001)
            busiest = max(busiest, time.thread_time() - worked)

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0)
    await work
    await asyncio.sleep(0.01)
    beating.cancel()
    return worst * 1000, busiest * 1000


@asynccontextmanager
async def server(where: str, body: Path) -> AsyncIterator[str]:
    """A stand-in for slurmrestd on a socket, or on a port of its own; gives the line that it prints."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, where, str(body), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        yield (await child.stdout.readline()).decode().strip()
    finally:
        child.kill()
        await child.wait()


async def ask(source: SlurmCommands | SlurmRest, count: int) -> None:
    """Ask for all jobs, and let go of them again."""
    assert len((await source.jobs(None)).value) == count


async def measure(folder: Path, answer: Path, text: Path, runs: int, count: int) -> None:
    queues.stand_in_squeue(folder, text)
    socket = str(folder / "socket")
    async with server("http", answer) as port, server(socket, answer):
        commands = CommandTransport(Profile(bin=str(folder), timeout=TIMEOUT))
        near = HttpTransport(Profile(socket=socket, timeout=TIMEOUT), None)
        far = HttpTransport(Profile(url=f"http://127.0.0.1:{port}", timeout=TIMEOUT), None)
        sources: dict[str, SlurmCommands | SlurmRest] = {
            "commands": SlurmCommands(commands, site="bench", timeout=TIMEOUT),
            "unix socket": SlurmRest(near, site="bench", version="v0.0.44", timeout=TIMEOUT),
            "HTTP": SlurmRest(far, site="bench", version="v0.0.44", timeout=TIMEOUT),
        }
        for name, source in sources.items():
            waits = []
            for turn in range(runs):
                idle, _ = await longest_wait(asyncio.sleep(1.0))
                start = time.perf_counter()
                wait, work = await longest_wait(ask(source, count))
                waits.append(wait)
                took = time.perf_counter() - start
                which = "again" if turn else "first"
                print(f"{name}, {which}: {wait:.1f} ms at worst ({work:.1f} of work), {took:.1f} s, idle {idle:.1f} ms")
            print(verdict(f"{name}: longest stall", median(waits), LIMIT, " ms"))
            await source.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--runs", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--jobs", type=int, default=100_000, help="jobs in the queue (default 100000)")
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        answer, text = queues.write(Path(name), arguments.jobs)
        sizes = [round(file.stat().st_size / 1e6) for file in (answer, text)]
        print(f"{arguments.jobs} jobs: {sizes[0]} MB of JSON, {sizes[1]} MB of text without separators")
        asyncio.run(measure(Path(name), answer, text, arguments.runs, arguments.jobs))


if __name__ == "__main__":
    main()
