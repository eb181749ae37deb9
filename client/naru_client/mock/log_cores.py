"""Logs of work on cores and of simulations: data in shards, downloads, a flow solver, molecules."""

from random import Random

from naru_client.mock.log_facts import Facts
from naru_client.mock.log_kind import Kind, greet
from naru_client.mock.log_page import Page, bar, clock, span, stamp


class Shards(Kind):
    """Documents in shards: counted, cleaned and written, one after the other."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.each = random.uniform(6, 25)
        self.lines = 50
        self.total = random.choice((512, 1024, 4096))
        self.load = random.uniform(3, 15)
        self.period = self.lines * self.each + 4

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        page.lines(at, 0.4, f"[{clock(at)}] 데이터 불러오는 중 … {self.data} ({self.total} shards)",
                   f"[{clock(at)}] 작업자 {self.facts.cpus}개, 형태소 분석기 mecab-ko 0.9.2")  # fmt: skip

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        luck = random.random
        for i in range(self.lines):
            at, shard = start + i * self.each, index * self.lines + i + 1
            documents = int(40_000 + 30_000 * luck())
            page.write(
                at,
                f"[{clock(at)}] shard {shard % self.total:05d}/{self.total:05d}: {documents:,} docs, "
                f"{documents * 1180 / 1e6:.1f} M tokens, {documents / self.each:,.0f} docs/s, "
                f"중복 {luck() * 9:.1f}%, RSS {4 + luck() * 3:.1f} GiB\n",
                step=shard,
            )
            if luck() < 0.03:
                page.write(
                    at + 0.1,
                    f"[{clock(at)}] WARNING 인코딩을 알 수 없는 문서 {int(luck() * 40)}건을 건너뜀\n",
                    err=True,
                )
        at = start + self.lines * self.each
        page.lines(at, 0.1, f"[{clock(at)}] saved checkpoint {self.runs}/manifest-{index:04d}.json")

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at, 0.0, f"[{clock(at)}] 완료: shard {max(step, 0)}개, {span(at - self.facts.started)}")


class Download(Kind):
    """Files from a hub, a bar for each."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.each = random.uniform(30, 90)
        self.files = random.randint(12, 60)
        self.load = random.uniform(2, 6)
        self.period = self.each * 10

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        page.lines(at, 0.2, f"내려받기: 파일 {self.files}개 → {self.data}")

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        for i in range(10):
            number, size = index * 10 + i, random.randint(3800, 4990)
            label = f"model-{number % self.files + 1:05d}-of-{self.files:05d}.safetensors"
            for k in range(6):
                seconds = self.each * k / 6
                text = bar(size * k // 5, size, seconds, size / self.each, label=label, unit="MB")
                page.write(start + i * self.each + seconds, "\r" + text + ("\n" if k == 5 else ""), err=True,
                           step=number + 1)  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at, 0.0, f"완료: {max(step, 0)}개 파일, sha256 확인 {stamp(at)}")


class Flow(Kind):
    """A flow solver: five lines for each time step, and what it writes out now and then."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.each = random.uniform(9, 30)
        self.lines = 40
        self.load = random.uniform(10, 40)
        self.step = random.choice((2e-5, 5e-5, 1e-4))
        self.period = self.lines * self.each + 6

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        page.lines(
            at, 0.5, "/*" + "-" * 75 + "*\\", "| =========                 |  OpenFOAM: The Open Source CFD Toolbox",
            "\\*" + "-" * 75 + "*/", f"nProcs : {self.facts.nodes * max(1, self.facts.cpus)}", f"Case   : {self.runs}",
            "Create mesh for time = 0", f"격자 {random.randint(20, 900):,}만 셀, 경계 조건 12개", "Starting time loop",
        )  # fmt: skip

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        luck = random.random
        for i in range(self.lines):
            at, step = start + i * self.each, index * self.lines + i + 1
            page.write(
                at,
                f"Time = {step * self.step:.5f}\n\n"
                f"Courant Number mean: {0.08 + luck() * 0.02:.6f} max: {0.6 + luck() * 0.2:.6f}\n"
                f"smoothSolver:  Solving for Ux, Initial residual = {luck() * 2e-4:.6e}, Final residual = "
                f"{luck() * 3e-7:.6e}, No Iterations {2 + int(luck() * 4)}\n"
                f"GAMG:  Solving for p, Initial residual = {luck() * 9e-3:.6e}, Final residual = {luck() * 4e-7:.6e}, "
                f"No Iterations {5 + int(luck() * 20)}\n"
                f"ExecutionTime = {at - self.facts.started:.2f} s  ClockTime = {int(at - self.facts.started)} s\n\n",
                step=step,
            )
        at = start + self.lines * self.each
        page.lines(
            at, 0.1, f"writing fields at step {(index + 1) * self.lines} → {self.runs}/step_{(index + 1) * self.lines}"
        )

    def finish(self, page: Page, at: float, step: int) -> None:
        page.lines(at, 0.0, f"Finalising parallel run\nEnd: {max(step, 0)} 단계, {stamp(at)}")


class Molecules(Kind):
    """Molecular dynamics: energies in columns."""

    def __init__(self, facts: Facts, random: Random) -> None:
        super().__init__(facts, random)
        self.each = random.uniform(15, 50)
        self.lines = 30
        self.load = random.uniform(8, 25)
        self.atoms = random.randint(80, 3000) * 1000
        self.period = self.lines * self.each + 3

    def begin(self, page: Page, random: Random) -> None:
        at = greet(page, self.facts, random)
        page.lines(at, 0.3, "GROMACS:      gmx mdrun, version 2025.3", f"Working dir:  {self.runs}",
                   f"starting mdrun '단백질-막 in water', {self.atoms} atoms", "5e+08 steps")  # fmt: skip

    def go_on(self, page: Page, random: Random, start: float, index: int) -> None:
        luck = random.random
        for i in range(self.lines):
            step = (index * self.lines + i + 1) * 5000
            energy = -12.9 * self.atoms * (1 + 0.001 * (luck() - 0.5))
            page.write(
                start + i * self.each,
                f"           Step           Time\n{step:15d} {step * 0.002:14.5f}\n\n   Energies (kJ/mol)\n"
                f"      Potential    Kinetic En.   Total Energy    Temperature  Pressure (bar)\n"
                f"{energy:15.5e}{-energy * 0.17:15.5e}{energy * 0.83:15.5e}{299 + 2 * luck():15.5e}"
                f"{40 * (luck() - 0.5):15.5e}\n\n",
                step=step,
            )
        page.lines(start + self.lines * self.each, 0.1,
                   f"saved checkpoint {self.runs}/state_{(index + 1) * self.lines * 5000}.cpt")  # fmt: skip

    def finish(self, page: Page, at: float, step: int) -> None:
        seconds = max(1.0, at - self.facts.started)
        page.lines(at, 0.0, f"Performance: {max(step, 0) * 2e-6 / seconds * 86_400:10.3f} ns/day",
                   f"Finished mdrun on rank 0 {stamp(at)}")  # fmt: skip
