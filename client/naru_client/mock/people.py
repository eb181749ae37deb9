"""Numbers for users, groups and associations, as a site's directory and accounting would give them."""

from naru_client.mock.scenario import Account, SitePlan, User


class People:
    """Who is at a site. `association` are the numbers of its associations by account and user; the user is empty for
    the association of the account itself."""

    def __init__(self, plan: SitePlan) -> None:
        self.plan = plan
        self.kinds: tuple[str, ...] = tuple(dict.fromkeys(account.kind for account in plan.accounts))
        names = dict.fromkeys(user.name for user in plan.users)
        self.user_id = {"root": 0} | {name: 20001 + i for i, name in enumerate(names)}
        self.group_id = {account.name: 30001 + i for i, account in enumerate(plan.accounts)}
        self.members: dict[str, list[User]] = {account.name: [] for account in plan.accounts}
        self.accounts_of: dict[str, list[str]] = {name: [] for name in names}  # the default one first
        for user in plan.users:
            self.members[user.account].append(user)
            self.accounts_of[user.name].append(user.account)
        lines = [("root", ""), ("root", "root"), *((kind, "") for kind in self.kinds)]
        lines += [(account.name, "") for account in plan.accounts]
        lines += [(user.account, user.name) for user in plan.users]
        self.association = {line: i for i, line in enumerate(dict.fromkeys(lines), 1)}

    def of_kind(self, kind: str) -> list[Account]:
        """The accounts under a kind of account."""
        return [account for account in self.plan.accounts if account.kind == kind]

    def coordinators(self, account: str) -> tuple[str, ...]:
        return next((a.coordinators for a in self.plan.accounts if a.name == account), ())
