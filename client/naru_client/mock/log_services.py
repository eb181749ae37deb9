"""Logs of what serves, measures and waits: vLLM, evaluation, an NPU's compiler and bench, notebooks and debuggers."""

from random import Random

from naru_client.mock.log_facts import Facts
from naru_client.mock.log_kind import Kind, greet, warnings
from naru_client.mock.log_page import Page, bar, clock, short_stamp, span, stamp

MODELS = ("Qwen3-32B", "EXAONE-4.0-32B", "A.X-4.0", "HyperCLOVAX-SEED-14B", "Llama-3.3-70B", "kanana-1.5-8b")


class Serving(Kind):
    """vLLM: its figures every ten seconds while there is traffic, and the requests themselves."""

    EVERY = 10.0
    LINES = 60

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.model = random.choice(MODELS)
        self.load = random.uniform(60, 150)
        self.period = self.EVERY * self.LINES
        self.busy = random.uniform(0.15, 0.9)
        self.port = random.randint(8000, 8999)

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random) + 3
        at = warnings(page, self.facts, random, at)
        server = f"(APIServer pid={random.randint(9_000, 90_000)}) INFO"
        worker = f"(EngineCore_DP0 pid={random.randint(9_000, 90_000)}) INFO"
        at = page.lines(
            at, 0.8,
            f"{server} {short_stamp(at)} [api_server.py:1839] vLLM API server version 0.11.2",
            f"{server} {short_stamp(at + 1)} [utils.py:233] non-default args: {{'model': '{self.model}', "
            f"'tensor_parallel_size': {max(1, self.facts.accelerators)}, 'port': {self.port}}}",
            f"{worker} {short_stamp(at + 2)} [gpu_model_runner.py:2602] Starting to load model {self.model}...",
        )  # fmt: skip
        shards = random.randint(6, 17)
        for i in range(shards + 1):
            text = bar(i, shards, i * 2.0, 0.5, label="Loading safetensors checkpoint shards")
            page.write(at + i * 2, "\r" + text + ("\n\n" if i == shards else ""), err=True)
        at += shards * 2
        page.lines(
            at, 2.0,
            f"{worker} {short_stamp(at)} [gpu_model_runner.py:2653] Model loading took "
            f"{self.gibibytes * 0.4:.4f} GiB and {shards * 2:.6f} seconds",
            f"{worker} {short_stamp(at + 2)} [gpu_worker.py:298] Available KV cache memory: "
            f"{self.gibibytes * 0.5:.2f} GiB",
            f"{server} {short_stamp(at + 4)} [launcher.py:29] Available routes are: /v1/chat/completions, /health",
            "INFO:     Application startup complete.",
        )  # fmt: skip

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        luck, write = random.random, page.write
        for i in range(self.LINES):
            at = start + i * self.EVERY
            if luck() > self.busy:
                continue  # nobody asks: it says nothing
            asked = int(luck() * luck() * 4)
            for k in range(asked):
                write(
                    at + k,
                    f"INFO:     10.{int(luck() * 99)}.3.{int(luck() * 250)}:{40_000 + int(luck() * 9999)} - "
                    '"POST /v1/chat/completions HTTP/1.1" 200 OK\n',
                )
            running = asked * 3 + 1
            write(
                at + 6,
                f"INFO {short_stamp(at + 6)} [loggers.py:127] Engine 000: Avg prompt throughput: "
                f"{running * 110 * luck():.1f} tokens/s, Avg generation throughput: {running * 42 * (0.8 + luck()):.1f}"
                f" tokens/s, Running: {running} reqs, Waiting: {int(luck() * 3)} reqs, GPU KV cache usage: "
                f"{running * 1.7:.1f}%, Prefix cache hit rate: {40 + luck() * 20:.1f}%\n",
                step=index * self.LINES + i,
            )

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at, 0.0, "INFO:     Shutting down", "INFO:     Application shutdown complete.")


class Evaluation(Kind):
    """lm-eval: one bar for each task, then its scores."""

    TASKS = ("kmmlu", "haerae", "kobest_copa", "gsm8k", "mmlu_pro", "ifeval_ko", "click", "logickor")

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.seconds = random.uniform(200, 900)  # a task
        self.total = random.randint(400, 9000)
        self.load = random.uniform(40, 90)
        self.period = self.seconds + 12
        self.model = random.choice(MODELS)

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        page.lines(
            at, 2.0, f"{stamp(at, ':')} INFO     [__main__:446] Selected Tasks: {list(self.TASKS)}",
            f"{stamp(at, ':')} INFO     [evaluator:202] 평가 모델: {self.model}",
            f"{stamp(at, ':')} WARNING  [huggingface:132] `pretrained` model kwarg is not of type `str`",
        )  # fmt: skip

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        task, draws, rate = self.TASKS[index % len(self.TASKS)], 30, self.total / self.seconds
        page.write(start, f"{stamp(start, ':')} INFO     [evaluator:559] Running generate_until requests: {task}\n")
        for i in range(draws + 1):
            seconds = self.seconds * i / draws
            text = bar(self.total * i // draws, self.total, seconds, rate, label="Running generate_until requests")
            page.write(start + seconds, "\r" + text, err=True, step=index * self.total + self.total * i // draws)
        page.write(start + self.seconds, "\n", err=True)
        score = 0.3 + random.random() * 0.6
        page.lines(
            start + self.seconds + 2, 0.01, "|  Tasks  |Version|n-shot| Metric |   |Value |   |Stderr|",
            f"|{task:<9}|      2|     5|acc     |↑  |{score:.4f}|±  |{random.random() * 0.03:.4f}|",
        )  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at, 0.0, f"결과를 저장했습니다: {self.runs}/results_{stamp(at, 'T')}.json")


class Npu(Kind):
    """An NPU: the compiler works through the layers, then one measurement follows another."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.model, self.layers = random.choice(MODELS), random.choice((28, 32, 40, 48))
        self.layer = random.uniform(3, 9)
        self.load = 20 + self.layers * self.layer
        self.each = random.uniform(8, 20)
        self.lines = 40
        self.period = self.lines * self.each + 15

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        chip = self.facts.model or "npu"
        at = page.lines(at, 0.5, *(f"{chip}:{i} [{chip.upper()}] fw 2025.3.1, PE 8, 온도 {random.randint(38, 61)}°C"
                                   for i in range(min(16, self.facts.accelerators))))  # fmt: skip
        at = page.lines(at, 1.0, f"[{stamp(at)}] INFO  컴파일 시작: {self.model} (layers={self.layers}, dtype=int8)")
        for i in range(self.layers):
            page.write(
                at + i * self.layer,
                f"[{stamp(at + i * self.layer)}] INFO  compile layer {i + 1:2d}/{self.layers}: lowering → tiling → "
                f"schedule ({random.randint(900, 8200)} kernels, {random.random() * 90:.1f} MiB SRAM)\n",
            )
        page.write(at + self.layers * self.layer, f"[{stamp(at + self.layers * self.layer)}] INFO  컴파일 완료\n")

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        luck = random.random
        for i in range(self.lines):
            at, batch = start + i * self.each, 1 << i % 7
            page.write(
                at,
                f"[{stamp(at)}] INFO  bench batch={batch:3d} in=1024 out=256: {batch * (31 + 4 * luck()):9.1f} tok/s, "
                f"TTFT {18 + batch * luck():7.1f} ms, TPOT {7 + luck():5.2f} ms, {150 + 30 * luck():5.1f} W\n",
                step=index * self.lines + i + 1,
            )
        page.lines(start + self.lines * self.each, 0.1, f"[{stamp(start + self.lines * self.each)}] INFO  "
                   f"회차 {index + 1} 요약: p50 {60 + 9 * luck():.1f} ms, p99 {140 + 60 * luck():.1f} ms")  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at, 0.0, f"[{stamp(at)}] INFO  측정 {max(step, 0)}건을 {self.runs}/bench.csv 에 저장")


class Notebook(Kind):
    """A notebook server that somebody works with, or has left open (an idle one has no periods)."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.load = random.uniform(6, 15)
        self.port = random.randint(8888, 8988)
        if facts.stuck != "idle":
            self.period = 900.0

    def begin(self, page: Page, random: Random) -> None:
        at, host = greet(page, self.facts, random), self.facts.hosts[0] if self.facts.hosts else "node"
        for text in (
            "Package jupyterlab took 0.0000s to import", "jupyter_lsp | extension was successfully linked.",
            f"Serving notebooks from local directory: {self.facts.home}", "Jupyter Server 2.17.0 is running at:",
            f"http://{host}:{self.port}/lab?token=...", f"    http://127.0.0.1:{self.port}/lab?token=...",
            "Use Control-C to stop this server and shut down all kernels (twice to skip confirmation).",
        ):  # fmt: skip
            at += 0.3
            page.write(at, f"[I {stamp(at)}.{int(at * 1000) % 1000:03d} ServerApp] {text}\n", err=True)

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        at = start
        for i in range(random.randint(1, 9)):
            at += random.uniform(20, 95)
            text = random.choice((
                "Saving file at /실험/전처리-확인.ipynb", "Kernel restarted: 5c1e8d52-7f0a",
                "Saving file at /Untitled3.ipynb",
                "Starting buffering for 5c1e8d52-7f0a:98c1", "Uploading file to /data/표본.csv",
            ))  # fmt: skip
            page.write(at, f"[I {stamp(at)}.{i * 97:03d} ServerApp] {text}\n", err=True, step=index * 10 + i)

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at, 0.0, f"[C {stamp(at)}.310 ServerApp] received signal 15, stopping", err=True)


class Debugger(Kind):
    """A program that loads everything and then waits for somebody to attach."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.load = random.uniform(30, 80)

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        at = warnings(page, self.facts, random, at)
        page.lines(
            at, 3.0, f"{clock(at)} 데이터 불러오는 중 … {self.data}", f"{clock(at + 3)} model on cuda:0, "
            f"{self.gibibytes * 0.3:.1f} GiB allocated", f"{clock(at + 6)} debugpy listening on 0.0.0.0:5678",
            f"{clock(at + 9)} waiting for debugger to attach ...",
        )  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at, 0.0, f"{clock(at)} no debugger after {span(at - self.facts.started)}, giving up")
