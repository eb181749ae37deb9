"""The half of the Plan tab that reckons: from what is known already, off the loop that draws."""

import asyncio
import os
from abc import abstractmethod

from msgspec.structs import replace

from naru.asking_plan import FinishedArrived, StartsArrived
from naru.plan_reading import account_asked
from naru.planning import Plan, SiteKnown, load_site_rules, plan
from naru.screens.plan_proposals import own_accounts
from naru.screens.plan_script import PlanScriptScreen
from naru.state import Part, State
from naru_client.errors import NaruError
from naru_client.i18n import _
from naru_client.insight.offers import Offer, ordered
from naru_client.insight.request import Asked
from naru_client.insight.run_times import RunTimes
from naru_client.insight.site_rules import SiteRules, Submission
from naru_client.model import Job

Inputs = tuple[object, ...]


class PlanReckoningScreen(PlanScriptScreen):
    """Subclasses say what is `asked` and draw in `plan_made()` what was made of it."""

    def __init__(self) -> None:
        super().__init__()
        self.made: Plan | None = None  # the last plan, whatever is asked by now
        self.error = ""  # why nothing can be planned
        self.testing = False  # whether the scheduler is being asked
        self._planned: Inputs = ()  # what the last plan rests on
        self._planning = False
        self._rules: SiteRules | None = None
        self._rules_read = False
        self._finished: dict[str, tuple[Job, ...]] = {}  # one's own finished jobs, by site
        self._run_times: dict[str, tuple[tuple[Job, ...], RunTimes]] = {}
        self._finished_asked = False
        self._starts: dict[tuple[str, str], Offer] = {}  # what the scheduler said
        self._starts_of: Asked | None = None  # and of which wish

    @property
    @abstractmethod
    def asked(self) -> Asked | None:
        """What is to be planned; None while that cannot be read."""

    @abstractmethod
    def plan_made(self) -> None:
        """There is another plan, or a reason why there is none."""

    @property
    def stale(self) -> bool:
        """Whether the last plan is not of what is asked now."""
        return bool(self.error) or self.asked is None or (self.made is not None and self.made.asked != self.asked)

    def on_screen_resume(self) -> None:
        """One's own finished jobs, which tell how long one like them takes, are asked for once an opening."""
        if not self._finished_asked and not self.terminal.recorded:
            self._finished_asked = True
            self.terminal.want_finished(self.post_message)

    # ---- planning ----------------------------------------------------------------------------------------------

    def plan_anew(self) -> bool:
        """Plan what is asked, where anything it rests on has changed; one at a time, the last wish last.

        Whether there is something to plan: then `plan_made` follows.
        """
        if self._wanted(self.terminal.state) and not self._planning:
            self._planning = True
            self.work_on(self._make_plan, "plan", "plans a job", alone=False)
        return self._planning

    def _wanted(self, state: State) -> bool:
        return self.asked is not None and state.pools is not None and not _same(self._inputs(state), self._planned)

    def _inputs(self, state: State) -> Inputs:
        known = [(part.pools, part.nodes, part.quotas) for part in state.parts]
        return (self.asked, self._finished, *(reading for three in known for reading in three))

    async def _make_plan(self) -> None:
        try:
            while (asked := self.asked) is not None and self._wanted(state := self.terminal.state):
                self._planned = self._inputs(state)
                try:
                    self.made, self.error = await asyncio.to_thread(self._planned_now, asked, state), ""
                except NaruError as error:
                    self.error = f"{error.message}: {error.hint}" if error.hint else error.message
                except Exception as error:  # a mistake of ours must not leave an old answer looking new
                    self.error = _("internal error: {kind}").format(kind=type(error).__name__)
                self.plan_made()
        finally:
            self._planning = False

    def _planned_now(self, asked: Asked, state: State) -> Plan:
        """In a thread of its own: reads the tariff and the rules when it is first called, then reckons."""
        terminal = self.terminal
        if not self._rules_read:
            self._rules = load_site_rules(terminal.profile)
            self._rules_read = True
        folder = os.path.realpath(os.getcwd()) if self.script is not None else None
        made = [
            plan(
                asked,
                [self._known(part, state)],
                terminal.pricing,
                now=terminal.now(),
                account=account_asked(asked) or self.usual_account(part, state),
                rules=self._rules,
                submission=Submission(user=part.user or state.user, directory=folder),
            )
            for part in state.parts
            if part.pools is not None
        ]
        offers = ordered(offer for one in made for offer in one.offers)
        accounts = {site: account for one in made for site, account in one.accounts.items()}
        return replace(made[0], offers=offers, accounts=accounts)

    def _known(self, part: Part, state: State) -> SiteKnown:
        return SiteKnown(
            site=part.id,
            pools=part.filled_pools,
            nodes=part.nodes.value if part.nodes else None,
            quotas=part.quotas.value if part.quotas else None,
            user=part.user or state.user,
            run_times=self._run_times_of(part.id),
        )

    def usual_account(self, part: Part, state: State) -> str | None:
        """The account of one's newest job at a site, where it may still be charged; else the only one there is."""
        own = own_accounts(part, state.user)
        jobs = (*part.my_jobs, *self._finished.get(part.id, ()))
        told = [job for job in jobs if job.account and job.submitted and (not own or job.account in own)]
        newest = max(told, key=lambda job: (job.submitted, job.job_id), default=None)
        return newest.account if newest is not None else own[0] if len(own) == 1 else None

    def _run_times_of(self, site: str) -> RunTimes | None:
        """Made of a site's finished jobs when they are first asked about."""
        jobs = self._finished.get(site)
        if not jobs:
            return None
        made_of, found = self._run_times.get(site, ((), None))
        if found is None or made_of is not jobs:
            found = RunTimes(jobs)
            self._run_times[site] = jobs, found
        return found

    def on_finished_arrived(self, message: FinishedArrived) -> None:
        if message.error is None and self._finished.get(message.site) != message.jobs:
            self._finished = {**self._finished, message.site: message.jobs}
            self.plan_anew()

    # ---- the scheduler's own answer ----------------------------------------------------------------------------

    def action_test(self) -> None:
        if self.made is not None and not self.stale:
            self.testing = True
            script = None if self.script is None else self.script.path
            self.terminal.want_starts(self.made, script, self.post_message)
            self.plan_made()

    def on_starts_arrived(self, message: StartsArrived) -> None:
        self.testing = False
        if message.error is not None:
            self.app.notify(message.error.message, severity="warning", markup=False)
        elif message.plan is not None:
            offers = message.plan.offers
            self._starts = {(offer.site, offer.pool): offer for offer in offers}
            self._starts_of = message.plan.asked
            why = next((offer.starts_why for offer in offers if offer.starts_why), "")
            if why and not any(offer.starts for offer in offers):
                self.app.notify(why, severity="warning", markup=False)
        self.plan_made()

    def offers(self) -> tuple[Offer, ...]:
        """Those of the last plan, with the scheduler's own answers as long as the same is asked for."""
        if self.made is None:
            return ()
        if self._starts_of != self.made.asked:
            return self.made.offers
        return ordered(self._with_start(offer) for offer in self.made.offers)

    def _with_start(self, offer: Offer) -> Offer:
        told = self._starts.get((offer.site, offer.pool))
        if told is None:
            return offer
        if told.fits is False and offer.fits is not False:  # the scheduler's word goes before what was foretold
            return replace(offer, fits=False, why_not=told.why_not)
        if told.starts is not None and offer.fits is None:  # what else was open, the scheduler has settled
            unsure = offer.limits_unsure
            offer = replace(offer, unsure=unsure, fits=None if unsure else True)
        return replace(offer, starts=told.starts, starts_why=told.starts_why)


def _same(one: Inputs, other: Inputs) -> bool:
    """Whether two plans rest on the same: readings are compared by identity, they may be long."""
    if len(one) != len(other) or one[:1] != other[:1]:
        return False
    return all(a is b for a, b in zip(one[1:], other[1:], strict=True))
