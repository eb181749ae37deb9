"""One job on its own page: why it is where it is, everything about it, its cost, and what the source says."""

from datetime import datetime, timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll

from naru.cost_lines import LABELS, JobCost, cost_facts, facts_wanted, job_cost
from naru.format import accelerators, duration, size, time_limit, when
from naru.joining import addressed
from naru.log_summary import summary_lines, summary_of
from naru.screens.base import ALWAYS, NaruScreen
from naru.screens.job_columns import state_style
from naru.state import Part, State, Topic
from naru.widgets.text_lines import Line, TextLines, labelled
from naru_client.errors import NaruError
from naru_client.i18n import _, mark
from naru_client.insight.reasons import shown_estimate
from naru_client.insight.run_times import RunTimes
from naru_client.insight.why import why
from naru_client.logs.summary import Summary
from naru_client.model import Job
from naru_client.reading import Reading

PARTS = (("why", mark("Why")), ("details", mark("Details")), ("cost", mark("Cost")), ("raw", mark("Raw")))
LOOK_AGAIN = timedelta(minutes=1)  # between two looks into the log of a job whose page is open
STATE_STYLES = {"running": "good", "waiting": "warning", "moving": "link", "failed": "bad", "done": "quiet"}


class JobScreen(NaruScreen):
    TOPICS: ClassVar[tuple[Topic, ...]] = ("jobs", "history")
    CSS_PATH = "job.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", _("Back"), id="job.back"),
        Binding("tab,right_square_bracket", "part(1)", _("Next part"), id="job.next", priority=True),
        Binding(
            "shift+tab,left_square_bracket", "part(-1)", _("Part before"), show=False, id="job.previous", priority=True
        ),
        Binding("j,down", "scroll(1)", _("Down"), show=False, id="job.down"),
        Binding("k,up", "scroll(-1)", _("Up"), show=False, id="job.up"),
        Binding("l", "log", _("Log"), id="job.log"),
        Binding("P", "plan", _("Plan one like this"), show=False, id="job.plan"),
        Binding("y", "copy", _("Copy the id"), id="job.copy"),
    ]

    def __init__(self, job: Job, tab: str) -> None:
        super().__init__()
        self.job_id = job.id
        self._site = job.site
        self._submitted = job.submitted  # a job put back into the queue stands in accounting once for each run
        self._tab = tab
        self._part = "why"
        self._last: Job | None = job
        self._past: tuple[Reading[tuple[Job, ...]], RunTimes] | None = None  # how long jobs took, by which reading
        self._log: Summary | None = None
        self._log_of: tuple[str, datetime] | None = None  # in which state the log was last looked into, and when

    @property
    def tab(self) -> str:
        return self._tab

    def body(self) -> ComposeResult:
        yield TextLines(wrapped=False, id="title")
        yield TextLines(wrapped=False, id="parts")
        with Container(id="sheet"):
            for part, _title in PARTS:
                with VerticalScroll(id=f"{part}-part", classes="part"):
                    yield TextLines(id=part)

    def on_mount(self) -> None:
        self._show_part()

    def show_state(self, state: State) -> None:
        listed = state.find_job(self._site, self.job_id, self._submitted)
        job = self._last = listed or self._last
        if job is None:
            self.query_one("#title", TextLines).show(
                [((_("job {id} is no longer listed").format(id=self.job_id), "warning"),)]
            )
            return
        now = self.terminal.now()
        title: list[tuple[str, str]] = [
            (addressed(job.site, job.id, state.several), "heading"),
            ("  ", ""),
            (job.state, STATE_STYLES[state_style(job.state)]),
            ("  ", ""),
            (accelerators(job.accelerators), "strong"),
            ("  ", ""),
            (job.name, ""),
        ]
        if listed is None and not job.finished:
            gone = _("no longer listed")
            title.append((f"  ({gone})", "warning"))
        self.query_one("#title", TextLines).show([title])
        said: list[Line] = [((line, ""),) for line in why(job, now)]
        if self._log is not None:
            said += [(("", ""),), *summary_lines(self._log, now, self.terminal.glyphs)]
        self.query_one("#why", TextLines).show(said)
        if job.stdout and not job.waiting and self._log_is_old(job, now):
            self._log_of = (job.state, now)
            self.work_on(self._look_into_log, "log", "looks into a job's log")
        self.query_one("#details", TextLines).show(details(job, now))
        self._show_cost(job, state, now)
        raw = state.raw.get((self._site, self.job_id))
        if raw is None:
            lines: list[Line] = [((_("asking …"), "quiet"),)]
        elif raw.stale:
            lines = [((raw.error, "warning"),)]
        else:
            lines = [((raw.source, "quiet"),), *(((line, ""),) for line in raw.value.split("\n"))]
        self.query_one("#raw", TextLines).show(lines)

    def _show_cost(self, job: Job, state: State, now: datetime) -> None:
        """What it costs by the tariff, which may lean on the site's nodes and pools: only then are these asked for."""
        part = next((one for one in state.parts if state.same_site(one.id, self._site)), state.parts[0])
        needed = facts_wanted(self.terminal.pricing)
        if lacking := [topic for topic in needed if getattr(part, topic) is None and topic not in part.failures]:
            self.terminal.want((*self.TOPICS, *lacking, *ALWAYS))
        told = job_cost(
            self.terminal.pricing,
            job,
            part.all_jobs,
            now,
            nodes=part.nodes.value if part.nodes and "nodes" in needed else (),
            pools=part.pools.value if part.pools and "pools" in needed else (),
            run_times=None if job.finished else self._run_times(part),
        )
        self.query_one("#cost", TextLines).show(cost_page(told))

    def _run_times(self, part: Part) -> RunTimes | None:
        """How long the jobs took that accounting told of, worked out once for each of its answers."""
        if part.history is None:
            return None
        if self._past is None or self._past[0] is not part.history:
            self._past = part.history, RunTimes(part.history.value)
        return self._past[1]

    def _log_is_old(self, job: Job, now: datetime) -> bool:
        """What it says of a job that runs is told with its age: it must not be older than it seems."""
        if self._log_of is None or job.state != self._log_of[0]:
            return True
        return job.running and now - self._log_of[1] >= LOOK_AGAIN

    async def _look_into_log(self) -> None:
        """What the job's log says; where it cannot be read this page has nothing to say of it."""
        job = self._last
        if job is None or not job.stdout:
            return
        try:
            self._log = await summary_of(self.terminal.open_log(self._site, job.stdout), self.terminal.now)
        except NaruError:
            return
        self.show_state(self.terminal.state)

    def action_back(self) -> None:
        self.app.pop_screen()

    def action_part(self, by: int) -> None:
        names = [part for part, _title in PARTS]
        step = names.index(self._part) + by
        self._part = names[step % len(names)]
        if self._part == "raw":
            self.terminal.want_raw(self._site, self.job_id)
        self._show_part()

    def action_scroll(self, by: int) -> None:
        self.query_one(f"#{self._part}-part", VerticalScroll).scroll_relative(y=by, animate=False)

    def action_log(self) -> None:
        from naru.screens.log import LogScreen

        if self._last is not None:
            self.app.push_screen(LogScreen((self._last,), self.tab))

    def action_plan(self) -> None:
        if self._last is not None:
            self.plan_like(self._last)

    def action_copy(self) -> None:
        from naru.clipboard import copy_ids

        if self._last is not None:
            copy_ids(self.app, [self._last])

    def _show_part(self) -> None:
        self.set_class(self._part == "raw", "-raw")
        for part, _title in PARTS:
            self.query_one(f"#{part}-part").set_class(part == self._part, "-shown")
        line = []
        for part, title in PARTS:
            line += [(f" {_(title)} ", "heading" if part == self._part else "quiet"), (" ", "")]
        self.query_one("#parts", TextLines).show([line])
        self.query_one(f"#{self._part}-part", VerticalScroll).focus()


def details(job: Job, now: datetime) -> list[Line]:
    """Everything the source told of a job, line by line; what it did not tell is left out."""

    def moment(time: datetime | None) -> str | None:
        return when(time, now) if time else None

    expected = None
    if estimate := shown_estimate(job):
        expected = _("~{time} (the scheduler's estimate)").format(time=when(estimate, now))
    exit_text = ""
    if job.exit:
        exit_text = f"{job.exit.code if job.exit.code is not None else '–'}"
        if job.exit.signal:
            exit_text += ", " + _("signal {signal}").format(signal=job.exit.signal)
    pairs: list[tuple[str, str | None]] = [
        (_("User"), job.user),
        (_("Account"), job.account),
        ("QOS", job.qos),
        (_("Pool"), job.pool),
        (_("Reservation"), job.reservation),
        (_("Reason"), " ".join(p for p in (job.reason, job.reason_detail) if p)),
        (_("Dependency"), job.dependency),
        (_("Priority"), None if job.priority is None else str(job.priority)),
        (_("Accelerators"), accelerators(job.accelerators)),
        (_("Nodes"), " ".join(p for p in (str(job.nodes) if job.nodes is not None else "", job.node_list) if p)),
        (_("Planned on"), job.planned_nodes),
        (_("CPUs"), None if job.cpus is None else str(job.cpus)),
        (_("Memory"), None if job.memory is None else size(job.memory)),
        (_("Features"), job.features),
        (_("Submitted"), moment(job.submitted)),
        (_("Eligible"), moment(job.eligible)),
        (_("Expected start"), expected),
        (_("Started"), moment(job.started)),
        (_("Ended"), moment(job.ended)),
        (_("Elapsed"), None if job.elapsed is None else f"{duration(job.elapsed)} / {time_limit(job)}"),
        (_("Time limit"), time_limit(job) if job.elapsed is None else None),
        (_("Exit"), exit_text),
        (_("Restarts"), str(job.restarts) if job.restarts else None),
        (_("Comment"), job.comment),
        (_("Folder"), job.work_dir),
        (_("Command"), job.command),
        ("stdout", job.stdout),
        ("stderr", job.stderr if job.stderr != job.stdout else None),
    ]
    return [labelled(label, value) for label, value in pairs if value]


def cost_page(told: JobCost) -> list[Line]:
    """What a job costs, line by line, each label only once."""
    lines: list[Line] = []
    before = ""
    for fact in cost_facts(told):
        lines.append(labelled("" if fact.key == before else _(LABELS[fact.key][0]), fact.text, fact.style))
        before = fact.key
    return lines
