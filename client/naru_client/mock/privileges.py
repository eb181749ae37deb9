"""What a caller may see where a site keeps things private (PrivateData): operators everything, coordinators what their
accounts do, anybody else what is theirs."""

from collections.abc import Iterable
from typing import TypeVar

from naru_client.mock.entities import Job, Window
from naru_client.mock.people import People
from naru_client.mock.requests import Caller, Trouble

T = TypeVar("T")


class Privileges:
    """Asked for one site; `private` are the kinds of things that are kept from people there."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.private = frozenset(people.plan.private)

    def jobs(self, caller: Caller, jobs: Iterable[Job]) -> Iterable[Job]:
        """Those of some jobs that the caller may see."""
        if self._open("jobs", caller):
            return jobs
        return [job for job in jobs if job.user == caller.user or job.account in caller.coordinates]

    def usage(self, caller: Caller, account: str, user: str) -> bool:
        """The caller may see what an association has used."""
        return self._open("usage", caller) or (bool(user) and user == caller.user) or account in caller.coordinates

    def association(self, caller: Caller, account: str, user: str) -> bool:
        """The caller may see an association, which tells who works in an account, and its limits."""
        if self._open("users", caller) or account in caller.coordinates:
            return True
        if user:
            return user == caller.user
        mine = self.people.accounts_of.get(caller.user, [])
        kinds = {a.kind for a in self.people.plan.accounts if a.name in mine}
        return account in mine or account in kinds or account == "root"

    def user(self, caller: Caller, name: str) -> bool:
        """The caller may see that there is this user."""
        return self._open("users", caller) or name == caller.user

    def account(self, caller: Caller, name: str) -> bool:
        """The caller may see what an account is: of private ones, those they work in or coordinate."""
        mine = self.people.accounts_of.get(caller.user, [])
        return self._open("accounts", caller) or name in mine or name in caller.coordinates

    def window(self, caller: Caller, window: Window) -> bool:
        """The caller may see a reservation: of private ones, those they may use."""
        mine = self.people.accounts_of.get(caller.user, [])
        return (
            self._open("reservations", caller)
            or caller.user in window.users
            or any(account in mine for account in window.accounts)
        )

    def nodes(self, caller: Caller, source: str) -> None:
        """Raise Trouble unless the caller may see nodes, which slurmctld keeps whole."""
        if not self._open("nodes", caller):
            raise denied("Failure to query nodes", source)

    def _open(self, kind: str, caller: Caller) -> bool:
        return kind not in self.private or caller.operator


def denied(words: str, source: str) -> Trouble:
    """The answer to a question that only operators may ask."""
    return Trouble(422, (2002, "Access/permission denied", source), description=words)
