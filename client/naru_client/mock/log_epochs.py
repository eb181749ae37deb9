"""Logs of training by epochs: Lightning, whose line is drawn over itself, and the plain loop of PyTorch's examples."""

from random import Random

from naru_client.mock.log_facts import Facts
from naru_client.mock.log_kind import Curve, Kind, greet, warnings
from naru_client.mock.log_page import Page, bar, span


class Lightning(Kind):
    """Lightning: one line for an epoch, drawn over itself until it is done, then the scores."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.batches = random.choice((313, 782, 1250, 5004))
        self.draws = 30
        self.epoch = random.uniform(300, 1200)  # seconds
        self.load = random.uniform(12, 50)
        self.period = self.epoch * 1.06
        self.curve = Curve(random, 2.5, 0.15)

    def begin(self, page: Page, random: Random) -> None:
        facts, at = self.facts, greet(page, self.facts, random)
        at = page.lines(
            at, 0.3, "GPU available: True (cuda), used: True", "TPU available: False, using: 0 TPU cores",
            f"distributed_backend=nccl, {facts.world} processes",
            "LOCAL_RANK: 0 - CUDA_VISIBLE_DEVICES: [" + ",".join(map(str, range(facts.accelerators))) + "]",
        )  # fmt: skip
        at = warnings(page, facts, random, at)
        page.lines(
            at, 0.2,
            "  | Name      | Type             | Params | Mode", "-" * 52,
            f"0 | encoder   | 트랜스포머       | {random.randint(80, 900)} M  | train",
            f"1 | head      | Linear           | {random.randint(1, 9)}.{random.randint(0, 9)} M  | train", "-" * 52,
            f"데이터 불러오는 중 … {self.data}",
        )  # fmt: skip

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        luck, write, batches = random.random, page.write, self.batches
        rate = batches / self.epoch
        loss = self.curve.at(index * 30, luck())
        label = f"Epoch {index}"
        for i in range(self.draws + 1):
            done = batches * i // self.draws
            seconds = self.epoch * i / self.draws
            loss = self.curve.at(index * 30 + i, luck())
            text = bar(done, batches, seconds, rate, label=label)[:-1]
            write(start + seconds, f"\r{text}, v_num={self.facts.id}, train_loss={loss:.3f}]", err=True,
                  step=index * batches + done)  # fmt: skip
        end = start + self.epoch
        write(end, "\n", err=True)
        page.lines(
            end + self.epoch * 0.04, 0.1,
            f"\x1b[1m epoch {index} 검증: val_loss={loss * (1.02 + 0.1 * luck()):.4f} "
            f"val_acc={1 - loss / (loss + 4):.4f} ({span(self.epoch * 0.04)})\x1b[0m",
            f"saved checkpoint {self.runs}/epoch={index}-step_{(index + 1) * batches}.ckpt",
        )  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at - 0.1, 0.1, f"`Trainer.fit` stopped: `max_epochs={max(step, 0) // self.batches + 1}` reached.")


class Loop(Kind):
    """The loop of PyTorch's own examples, with running means."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.batches = random.choice((1252, 2503, 5004))
        self.lines = self.batches // 50
        self.seconds = random.uniform(0.25, 0.5)  # a batch
        self.load = random.uniform(10, 40)
        self.pause = random.uniform(20, 60)
        self.period = self.lines * 50 * self.seconds + self.pause
        self.curve = Curve(random, 6.9, 0.9)

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        at = warnings(page, self.facts, random, at)
        page.lines(at, 1.5, f"=> creating model '{random.choice(('resnet50', 'vit_b_16', 'swin_t', 'unet'))}'",
                   f"=> 데이터 불러오는 중 … {self.data}")  # fmt: skip

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        luck, write, batches = random.random, page.write, self.batches
        interval, mean = 50 * self.seconds, self.seconds
        for i in range(1, self.lines + 1):
            step = index * batches + i * 50
            loss = self.curve.at(step // 8, luck())
            write(
                start + i * interval,
                f"Epoch: [{index}][{i * 50:4d}/{batches}]\tTime {self.seconds * (0.9 + luck() * 0.2):6.3f} "
                f"({mean:6.3f})\tData {luck() * 0.02:6.3f} ({0.009:6.3f})\tLoss {loss:.4e} ({loss * 1.02:.4e})\t"
                f"Acc@1 {100 / (1 + loss):6.2f} ({100 / (1.05 + loss):6.2f})\n",
                step=step,
            )
        at = start + self.lines * interval
        page.lines(at + self.pause * 0.7, 0.5, f" *   Acc@1 {100 / (1.1 + self.curve.at(index * 625, 0.5)):.3f}",
                   f"saved checkpoint {self.runs}/step_{(index + 1) * batches}.pth.tar")  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at - 0.1, 0.1, f"학습 완료: {max(step, 0):,} 단계, {span(at - self.facts.started)}")
