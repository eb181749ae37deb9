"""Asking accounting for the use by day: as few questions as it takes, and nothing told that is not whole."""

import asyncio
from datetime import date, datetime, timedelta

from msgspec.structs import replace
from tests.tui.fake import NOW, FakeCentre, job
from tests.tui.quotas import HOUR, bound, centre, lab, quota, ran

from naru.asking_use import Use, accounts_to_ask, others_run, own_accounts, read_use
from naru_client.errors import NotProvided, Unreachable, UsageError
from naru_client.insight.quota import Quota
from naru_client.model import Job
from naru_client.reading import Reading

YESTERDAY = NOW.date() - timedelta(days=1)


class Asked(FakeCentre):
    """Tells the span of each question to accounting, and only what ended in it; `private`: only of one's own jobs."""

    private = False
    fails_before: datetime | None = None

    def __init__(self, quotas: tuple[Quota, ...], history: tuple[Job, ...], live: tuple[Job, ...] = ()) -> None:
        super().__init__(live)
        self.held_quotas, self.held_history = quotas, history
        self.asked: list[tuple[str | None, datetime, datetime]] = []

    async def history(
        self,
        *,
        since: datetime,
        user: str | None,
        until: datetime | None = None,
        account: str | None = None,
        ran: bool = False,
    ) -> Reading[tuple[Job, ...]]:
        assert until is not None
        assert user is None
        self.asked.append((account, since, until))
        if self.fails_before is not None and since < self.fails_before:
            raise Unreachable("accounting does not answer")
        reading = await super().history(since=since, user=user, until=until, account=account)
        told = (j for j in reading.value if j.ended is not None and since <= j.ended <= until)
        return replace(reading, value=tuple(j for j in told if not self.private or j.user == self.user))


def use(made: FakeCentre, *accounts: str, live: tuple[Job, ...] | None = None) -> Use:
    return asyncio.run(read_use(made, made.held_quotas, accounts or ("lab",), now=NOW, live=live))


HISTORY = (ran(1, 1, 3), ran(2, 1, 2, "bob"), ran(3, 27, 5))


def test_a_quiet_account_takes_two_questions_back_to_four_weeks_ago() -> None:
    made = Asked(lab(), HISTORY)
    told = use(made, live=())
    assert [(account, round((until - since) / timedelta(days=1))) for account, since, until in made.asked] == [
        ("lab", 14), ("lab", 14),
    ]  # fmt: skip
    assert (told.whole, told.warnings, told.as_of, told.source) == (True, (), NOW, "a test")
    days = told.daily["lab", "gpu"]
    assert len(days) == 28
    assert {day: amount for day, amount in days.items() if amount} == {
        YESTERDAY: 5 * HOUR, NOW.date() - timedelta(days=27): 5 * HOUR,
    }  # fmt: skip
    assert told.daily["lab/bob", "gpu"][YESTERDAY] == 2 * HOUR


def test_a_parent_is_told_only_when_all_below_it_is() -> None:
    quotas = bound(*(q for q in lab() if q.holder != "univ"), quota("univ", 900, 507))
    quotas = (*quotas, quota("other", None, 7, above="univ"))
    assert ("univ", "gpu") not in use(Asked(quotas, HISTORY), live=()).daily
    both = use(Asked(quotas, (*HISTORY, ran(9, 1, 7, account="other"))), "lab", "other", live=())
    assert both.daily["univ", "gpu"][YESTERDAY] == 12 * HOUR
    idle = tuple(replace(q, used=0, used_decayed=0) if q.holder == "other" else q for q in quotas)
    assert ("univ", "gpu") not in use(Asked(idle, HISTORY), live=()).daily  # of 507 hours 7 are nobody's
    idle = tuple(replace(q, used=500 * HOUR, used_decayed=500 * HOUR) if q.holder == "univ" else q for q in idle)
    assert ("univ", "gpu") in use(Asked(idle, HISTORY), live=()).daily


def test_a_parent_is_not_told_where_more_was_used_than_by_those_who_are_told_of() -> None:
    quotas = bound(*(q for q in lab() if q.holder != "univ"), quota("univ", 5000, 900))
    assert ("univ", "gpu") not in use(Asked(quotas, HISTORY), live=()).daily


def test_running_jobs_count_for_the_days_that_are_over_once() -> None:
    start = NOW - timedelta(hours=33, minutes=30)  # at 0:00 yesterday
    running = job(7, started=start, elapsed=int(33.5 * HOUR), user="bob")
    assert use(Asked(lab(), HISTORY), live=(running,)).daily["lab", "gpu"][YESTERDAY] == (5 + 4 * 24) * HOUR
    ended = replace(running, state="COMPLETED", ended=NOW)
    told = use(Asked(lab(), (*HISTORY, ended)), live=(running,))
    assert told.daily["lab", "gpu"][YESTERDAY] == (5 + 4 * 24) * HOUR
    asking = Asked(lab(), HISTORY, (running,))
    assert use(asking).daily["lab", "gpu"][YESTERDAY] == (5 + 4 * 24) * HOUR
    assert asking.calls[0] == "jobs"


def test_where_only_ones_own_jobs_are_told_only_ones_own_use_is() -> None:
    made = Asked(lab(), HISTORY)
    made.private = True
    told = use(made, live=())
    assert told.whole is False
    assert set(told.daily) == {("lab/me", "gpu")}
    assert made.asked[-1][0] is None  # whether anybody else's job is told at all


def test_nobody_is_asked_whether_others_are_told_where_there_are_none() -> None:
    alone = tuple(q for q in lab(used=8) if q.user != "bob")
    alone = bound(*(replace(q, used_decayed=8 * HOUR, used=8 * HOUR) if q.user else q for q in alone))
    made = Asked(alone, HISTORY[:1])
    assert use(made, live=()).whole is True
    assert len(made.asked) == 2


def test_others_that_have_not_run_of_late_hide_nothing() -> None:
    made = Asked(lab(), (*HISTORY[:1], ran(5, 0, 9, "eve", account="other")))
    assert use(made, live=()).whole is True
    assert made.asked[-1][0] is None


def test_others_that_run_unseen_make_the_use_ones_own() -> None:
    quotas = tuple(replace(q, committed=HOUR) if q.holder in ("lab", "lab/bob") else q for q in lab())
    assert others_run(quotas, ("lab",), "me")
    assert not others_run(lab(), ("lab",), "me")
    assert use(Asked(quotas, HISTORY), live=()).whole is False
    assert use(Asked(quotas, HISTORY), live=(job(8, user="bob"),)).whole is True


def test_what_was_read_before_a_failure_is_told_and_no_more() -> None:
    made = Asked(lab(), HISTORY)
    made.fails_before = NOW - timedelta(days=20)
    told = use(made, live=())
    assert told.warnings == ("use by day: accounting does not answer",)
    assert min(told.daily["lab", "gpu"]) == NOW.date() - timedelta(days=13)


def test_a_centre_without_accounting_tells_why() -> None:
    made = centre(lab())
    made.errors["history"] = NotProvided("this site keeps no accounting")
    told = use(made, live=())
    assert (told.daily, told.as_of, told.warnings) == ({}, None, ("this site keeps no accounting",))
    made.errors = {"jobs": Unreachable("no queue")}
    assert use(made).daily == {}


def test_a_name_that_cannot_be_asked_for_does_not_keep_the_others_from_it() -> None:
    class Strict(Asked):
        async def history(self, **asked: object) -> Reading[tuple[Job, ...]]:
            if asked["account"] == "a b":
                raise UsageError("'a b' is not an account's name")
            return await super().history(**asked)  # type: ignore[arg-type]

    quotas = bound(*lab(), quota("a b", 10, 1, above="univ"))
    told = use(Strict(quotas, HISTORY), "a b", "lab", live=())
    assert ("lab", "gpu") in told.daily
    assert ("a b", "gpu") not in told.daily
    assert told.warnings == ("use by day: 'a b' is not an account's name",)


def test_busy_accounts_are_asked_for_in_shorter_slices() -> None:
    many = tuple(ran(n, 5, 1, "bob") for n in range(2_500))
    made = Asked(lab(), many)
    assert use(made, live=()).daily["lab", "gpu"][date(2026, 2, 25)] == 2_500 * HOUR
    lengths = [round((until - since) / timedelta(days=1)) for _account, since, until in made.asked]
    assert lengths[:3] == [14, 7, 7]


def test_those_that_draw_on_the_same_grant_are_asked_for_too_unless_they_are_many() -> None:
    few = bound(*lab(None), quota("univ", 9000), *(quota(f"g{n}", None, 1, above="univ") for n in range(5)))
    assert accounts_to_ask(few, ["lab"]) == ("lab", *(f"g{n}" for n in range(5)))
    many = bound(*lab(None), quota("univ", 9000), *(quota(f"g{n}", None, 1, above="univ") for n in range(50)))
    assert accounts_to_ask(many, ["lab"]) == ("lab",)
    assert own_accounts(few, "me") == ("lab",)
    assert own_accounts(few, None) == ()
