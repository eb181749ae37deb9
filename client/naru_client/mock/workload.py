"""What people bring to the centre: jobs drawn from the kinds of work a scenario describes, and when they come.

Everything is drawn from the generator it is given, in the order it is asked, so the same seed gives the same people.
"""

from itertools import accumulate
from random import Random

from naru_client.mock.cluster import Cluster, Job
from naru_client.mock.scenario import Scenario, Work

# How jobs end, with the share of each; a failed one ends early, one out of memory soon after its data is loaded.
OUTCOMES = ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY")
OUTCOMES_UP_TO = (80, 89, 93, 97, 100)
EXIT_CODES = (1, 1, 1, 2, 134, 137)
USER_MEMORY = 0.95  # the share of a node's memory that jobs may have, spread evenly over its cores


class Workload:
    """Draws jobs."""

    def __init__(self, scenario: Scenario, cluster: Cluster, random: Random) -> None:
        self.scenario = scenario
        self.cluster = cluster
        self.random = random
        self.account_of = {user.name: user.account for user in scenario.users}
        self.people = [user.name for user in scenario.users if user.weight > 0]
        self.weights = list(accumulate(user.weight for user in scenario.users if user.weight > 0))
        self.shapes = {work: list(accumulate(common for *_, common in work.shapes)) for work in scenario.work}

    def interval(self, work: Work, waiting: int) -> float:
        """Seconds until the next job of this kind, given how many of its partition wait."""
        pull = (work.pending + 2) / (waiting + 2)
        return self.random.expovariate(work.per_hour * min(2.5, max(0.2, pull * pull)) / 3600)

    def draw(self, work: Work, now: float) -> Job:
        """One job of this kind, submitted now; for `arrays` of them a group of tasks."""
        random = self.random
        nodes, accelerators, _ = random.choices(work.shapes, cum_weights=self.shapes[work])[0]
        user = random.choices(self.people, cum_weights=self.weights)[0]
        job = self.make(
            user=user,
            name=random.choice(work.names),
            partition=work.partition,
            nodes=nodes,
            accelerators=accelerators,
            cores=0 if accelerators or not work.cores else random.choice(work.cores),
            hours=random.choice(work.hours),
            now=now,
            qos=work.qos,
            comment=work.comment,
        )
        if nodes == 1 and random.random() < work.arrays:
            self.make_array(job, random.choice((4, 6, 8, 12, 16)), random.choice((2, 2, 3, 4)))
        self.fate(job, work.used_share)
        return job

    def make(
        self, *, user: str, name: str, partition: str, nodes: int, accelerators: int, cores: int, hours: float,
        now: float, qos: str = "normal", comment: str = "",
    ) -> Job:  # fmt: skip
        """A job as its owner describes it; cores 0 are the partition's share for its accelerators."""
        node = self.cluster.members[partition][0]
        if not cores:
            cores = max(1, node.cpus * accelerators // max(1, node.gres_count))
        gibibytes = max(1, int(node.memory * USER_MEMORY / node.cpus) // 1024) * cores
        return Job(
            name=name,
            user=user,
            account=self.account_of[user],
            partition=self.cluster.partitions[partition],
            qos=qos,
            nodes=nodes,
            accelerators=accelerators,
            gres_name=node.gres_name if accelerators else "",
            gres_type=node.gres_type if accelerators else "",
            cpus=cores,
            memory=gibibytes * 1024,
            limit=hours * 3600,
            comment=comment,
            submitted=now,
        )

    def make_array(self, job: Job, tasks: int, throttle: int) -> None:
        """Turn a job into the group of that many tasks, 0 …, of which at most `throttle` run together (0: any)."""
        job.array = job
        job.tasks = list(range(tasks))
        job.throttle = throttle

    def split(self, group: Job) -> Job:
        """The next task of a group, as a job of its own with a fate of its own; the last one is the group itself."""
        task = group.tasks.pop(0)
        if not group.tasks:
            group.task = task
            self.fate(group)
            return group
        values = {name: getattr(group, name) for name in Job.__struct_fields__}
        values.update(id=0, task=task, tasks=[])
        job = Job(**values)
        self.fate(job)
        return job

    def fate(self, job: Job, used_share: float = 0.4) -> None:
        """Decide how long the job will run and how it will end."""
        random = self.random
        job.outcome = random.choices(OUTCOMES, cum_weights=OUTCOMES_UP_TO)[0]
        share = min(0.97, random.lognormvariate(0.0, 0.6) * used_share)
        if job.outcome == "FAILED":
            share *= random.random()
            job.exit_code = random.choice(EXIT_CODES)
        elif job.outcome == "OUT_OF_MEMORY":
            share *= 0.3
        job.run = job.limit if job.outcome == "TIMEOUT" else max(20.0, share * job.limit)
        job.epilog = 2.0 + 4.0 * random.random()
        if job.outcome == "CANCELLED":
            job.cancelled_by = job.user
