"""Logs of training by steps: Megatron-LM, torchtitan with its colours, and the Hugging Face Trainer."""

from random import Random

from naru_client.mock.log_facts import Facts
from naru_client.mock.log_kind import Curve, Kind, collectives, greet, warnings
from naru_client.mock.log_page import Page, bar, stamp


class Megatron(Kind):
    """Wide lines with every figure, checkpoints that take minutes, and an evaluation after each."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.every = random.choice((1, 2, 5, 10))
        self.seconds = random.uniform(12, 28) / self.every  # an iteration
        self.lines = random.choice((50, 80, 100))  # between two checkpoints
        self.batch = random.choice((256, 512, 1024))
        self.total = random.choice((95_367, 238_418, 500_000))
        self.peak = random.choice((1.5e-4, 2e-4, 3e-4))
        self.saving = random.uniform(20, 70)
        self.load = random.uniform(60, 180)
        self.period = self.lines * self.every * self.seconds + self.saving
        self.curve = Curve(random)

    def begin(self, page: Page, random: Random) -> None:
        facts = self.facts
        at = greet(page, facts, random)
        tensor = min(8, max(1, facts.accelerators))
        at = page.lines(
            at + 4, 0.05,
            f"using world size: {facts.world}, data-parallel size: {max(1, facts.world // tensor)}, "
            f"tensor-model-parallel size: {tensor}, pipeline-model-parallel size: 1",
            "using torch.bfloat16 for parameters ...",
            "------------------------ arguments ------------------------",
        )  # fmt: skip
        arguments = {
            "adam_beta1": 0.9, "adam_beta2": 0.95, "bf16": True, "clip_grad": 1.0, "data_path": [self.data],
            "eval_iters": 32, "global_batch_size": self.batch, "hidden_size": 5120, "log_interval": self.every,
            "lr": self.peak, "micro_batch_size": 1, "num_attention_heads": 40, "num_layers": 48, "save": self.runs,
            "seq_length": 8192, "train_iters": self.total, "use_flash_attn": True, "world_size": facts.world,
        }  # fmt: skip
        at = page.lines(at, 0.001, *(f"  {name} {'.' * (44 - len(name))} {v}" for name, v in arguments.items()))
        at = page.lines(
            at,
            1.0,
            "-------------------- end of arguments ---------------------",
            "> 토크나이저 준비 완료: 어휘 64,000",
        )
        at = collectives(page, facts, random, at + 3)
        at = warnings(page, facts, random, at)
        page.lines(
            at, 2.0,
            "building GPT model ...",
            f" > number of parameters on model parallel rank (0, 0): {random.randint(9, 40)}00000000",
            f"> building train, validation, and test datasets for GPT ... 데이터 불러오는 중 … ({self.data})",
            "> finished creating GPT datasets ...",
            f"[after dataloaders are built] datetime: {stamp(at + 8)}",
            "training ...",
        )  # fmt: skip

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        every, luck, write, curve = self.every, random.random, page.write, self.curve.at
        interval = self.seconds * every
        step = index * self.lines * every
        for i in range(1, self.lines + 1):
            step += every
            at = start + i * interval
            pace = self.seconds * (0.985 + 0.03 * luck())
            write(
                at,
                f" [{stamp(at)}] iteration {step:8d}/{self.total:8d} | consumed samples: {step * self.batch:12d} | "
                f"elapsed time per iteration (ms): {pace * 1000:.1f} | "
                f"throughput per GPU (TFLOP/s/GPU): {self.speed * self.seconds / pace:.1f} | "
                f"learning rate: {rate(self.peak, step, self.total):.6E} | global batch size: {self.batch:5d} | "
                f"lm loss: {curve(step, luck()):.6E} | loss scale: 1.0 | grad norm: {0.3 + luck() * luck():.3f} | "
                "number of skipped iterations:   0 | number of nan iterations:   0 |\n",
                step=step,
            )
        at = start + self.lines * interval
        page.lines(
            at + 0.2, self.saving / 3,
            f"saving checkpoint at iteration {step:7d} to {self.runs} in torch_dist format",
            f"  successfully saved checkpoint from iteration {step:7d} to {self.runs}/step_{step}",
            "-" * 100 + "\n"
            f" validation loss at iteration {step} | lm loss value: {curve(step, 0.6):.6E} | 평가 완료 |\n" + "-" * 100,
        )  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(
            at - 2, 1.0,
            f"saving checkpoint at iteration {max(step, 0):7d} to {self.runs} in torch_dist format",
            f"exiting program after {(at - self.facts.started) / 60:.4f} minutes",
        )  # fmt: skip


class Titan(Kind):
    """torchtitan's lines: one colour for each figure."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.every = random.choice((1, 5, 10))
        self.seconds = random.uniform(8, 22) / self.every
        self.lines = random.choice((60, 100, 120))
        self.saving = random.uniform(8, 40)
        self.load = random.uniform(25, 90)
        self.period = self.lines * self.every * self.seconds + self.saving
        self.tokens = random.uniform(1500, 14_000)
        self.used = random.uniform(0.6, 0.97)
        self.curve = Curve(random, 9.0, 1.4)

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        if self.facts.world > 1:
            at = collectives(page, self.facts, random, at + 2)
        at = warnings(page, self.facts, random, at + 1)
        for text in (
            f"Starting job: {self.facts.name}",
            f"\x1b[36m{self.facts.model.upper() or 'GPU'} memory: {self.gibibytes:.2f}GiB\x1b[39m",
            f"데이터 불러오는 중 … {self.data} ({random.randint(2, 900) * 1024:,} 문서)",
            "Applied FSDP to the model",
            f"\x1b[33mModel llama3 8B size: {random.randint(70, 330) * 10**8:,} total parameters\x1b[39m",
            "Training starts at step 1",
        ):
            at += 1.5
            page.write(at, f"[rank0]:[titan] {stamp(at)},{int(at * 1000) % 1000:03d} - root - INFO - {text}\n")

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        every, luck, write, curve = self.every, random.random, page.write, self.curve.at
        interval, step = self.seconds * every, index * self.lines * every
        memory = f"{self.used * self.gibibytes:5.2f}GiB({self.used * 100:.2f}%)"
        peak = self.speed / 0.42
        for i in range(1, self.lines + 1):
            step += every
            at = start + i * interval
            pace = 0.97 + 0.06 * luck()
            speed = self.speed * pace
            write(
                at,
                f"[rank0]:[titan] {stamp(at)},{int(at * 1000) % 1000:03d} - root - INFO - "
                f"\x1b[31mstep: {step:5d}  \x1b[32mloss: {curve(step, luck()):8.5f}  \x1b[38;2;180;60;0mgrad_norm: "
                f"{0.2 + luck():7.4f}  \x1b[38;2;54;234;195mmemory: {memory}  \x1b[34mtps: "
                f"{self.tokens * pace:,.0f}  \x1b[36mtflops: {speed:.2f}  \x1b[35mmfu: {speed / peak * 100:.2f}%"
                "\x1b[39m\n",
                step=step,
            )
        at = start + self.lines * interval
        page.lines(
            at + 0.1, self.saving * 0.8,
            f"[rank0]:[titan] {stamp(at)},{int(at * 1000) % 1000:03d} - root - INFO - 체크포인트 저장 중 …",
            f"[rank0]:[titan] {stamp(at + self.saving * 0.8)},004 - root - INFO - \x1b[32msaved checkpoint "
            f"{self.runs}/step_{step} in {self.saving * 0.8:.2f} seconds\x1b[39m",
        )  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(
            at - 1, 0.5,
            f"[rank0]:[titan] {stamp(at - 1)},120 - root - INFO - Saving the final checkpoint at step {max(step, 0)}.",
            f"[rank0]:[titan] {stamp(at)},004 - root - INFO - \x1b[32mTraining completed\x1b[39m",
        )  # fmt: skip


class Trainer(Kind):
    """The Hugging Face Trainer: a bar on standard error that is drawn over itself, and now and then a dict."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.seconds = random.uniform(1.5, 6)  # a step
        self.every = random.choice((10, 10, 20))
        self.total = random.choice((3_000, 9_375, 24_000, 60_000))
        self.lines = 40  # dicts a period
        self.saving = random.uniform(5, 40)
        self.load = random.uniform(30, 100)
        self.period = self.lines * self.every * self.seconds + self.saving
        self.curve = Curve(random, 3.0, 0.7)

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        at = warnings(page, self.facts, random, at + 3)
        at = page.lines(at, 1.0, f"데이터 불러오는 중 … {self.data}", "토큰화: 길이 4,096으로 묶기")
        shards = random.randint(4, 30)
        for i in range(shards + 1):
            end = "\n" if i == shards else ""
            page.write(
                at + i * 0.4, "\r" + bar(i, shards, i * 0.4, 2.5, label="Loading checkpoint shards") + end, err=True
            )
        page.lines(
            at + shards * 0.4 + 1, 0.1,
            f"trainable params: {random.randint(20, 400) * 65_536:,} || all params: "
            f"{random.randint(70, 330) * 10**8:,}",
            "***** Running training *****", f"  Num examples = {self.total * 32:,}", f"  Num Epochs = {3}",
            f"  Total optimization steps = {self.total:,}",
        )  # fmt: skip

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        luck, write, every, total = random.random, page.write, self.every, self.total
        interval, step = self.seconds * every, index * self.lines * every
        before = index * self.period
        for i in range(1, self.lines + 1):
            step += every
            at, done = start + i * interval, min(step, total)
            for back in (0.6, 0.3, 0.0):
                now = min(total, int(step - back * every))
                seconds = before + (i - back) * interval
                write(at - back * interval, "\r" + bar(now, total, seconds, 1 / self.seconds), err=True)
            write(at, "\n", err=True)
            write(
                at,
                f"{{'loss': {self.curve.at(step, luck()):.4f}, 'grad_norm': {0.2 + luck() * 1.5:.6f}, "
                f"'learning_rate': {2e-5 * (1 - done / total):.6e}, 'epoch': {step / total * 3:.2f}}}\n",
                step=step,
            )
        at = start + self.lines * interval
        page.lines(
            at + 0.5, self.saving / 3,
            f"{{'eval_loss': {self.curve.at(step, 0.7):.4f}, 'eval_runtime': {self.saving / 3:.4f}, "
            f"'eval_samples_per_second': {20 + luck() * 80:.3f}, 'epoch': {step / total * 3:.2f}}}",
            f"Saving model checkpoint to {self.runs}/checkpoint-{step}",
            f"saved checkpoint {self.runs}/step_{step}",
        )  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        seconds = at - self.facts.started
        page.lines(
            at - 0.5, 0.2,
            f"{{'train_runtime': {seconds:.4f}, 'train_steps_per_second': {max(step, 0) / max(1, seconds):.3f}, "
            f"'train_loss': {self.curve.at(max(step, 0), 0.5):.6f}, 'epoch': {max(step, 0) / self.total * 3:.2f}}}",
            f"모델을 저장했습니다: {self.runs}/final",
        )  # fmt: skip


def rate(peak: float, step: int, total: int) -> float:
    """A learning rate that warms up and then falls."""
    if step < 2000:
        return peak * step / 2000
    return peak * max(0.1, 1 - step / total)
