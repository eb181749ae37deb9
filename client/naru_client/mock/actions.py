"""What people do to a site through slurmrestd: they bring jobs, change and end them, and operators see to the nodes."""

from collections.abc import Callable
from functools import partial

from naru_client.mock.actions_nodes import Operating
from naru_client.mock.actions_requeue import Requeueing
from naru_client.mock.actions_reservations import Reserving
from naru_client.mock.actions_signal import Signalling
from naru_client.mock.actions_submit import Submitting
from naru_client.mock.actions_update import Updating
from naru_client.mock.requests import Caller, Query
from naru_client.mock.simulator import Simulator
from naru_client.mock.submission import Submission
from naru_client.mock.wire_values import Body

Action = Callable[[Caller, Query, bytes], Body]


class Controller:
    """The requests under `/slurm/v0.0.44/` that change something, and the two of v0.0.45 that requeue.

    Each takes the caller, the parameters and the body, and gives what the answer holds besides `meta`; it raises
    Trouble when it is refused, and then has changed nothing, but in lists: there what came before the fault is done.
    """

    def __init__(self, simulator: Simulator) -> None:
        submission = Submission(simulator)
        submitting, updating = Submitting(submission), Updating(submission)
        signalling, requeueing = Signalling(simulator), Requeueing(simulator)
        operating, reserving = Operating(simulator), Reserving(simulator)
        self._whole: dict[tuple[str, str], Action] = {
            ("POST", "job/submit"): submitting.submit,
            ("POST", "job/allocate"): submitting.allocate,
            ("DELETE", "jobs"): signalling.several,
            ("POST", "jobs/requeue"): requeueing.several,
            ("GET", "reconfigure"): operating.reconfigure,
            ("POST", "nodes"): operating.nodes,
            ("POST", "new/node"): operating.new_node,
            ("POST", "reservation"): reserving.reservation,
            ("POST", "reservations"): reserving.reservations,
        }
        self._named: dict[tuple[str, str, str], Callable[[str, Caller, Query, bytes], Body]] = {
            ("POST", "job", ""): updating.update,
            ("DELETE", "job", ""): signalling.one,
            ("GET", "job", "requeue"): requeueing.one,
            ("POST", "node", ""): operating.node,
            ("DELETE", "node", ""): operating.delete_node,
            ("DELETE", "reservation", ""): reserving.delete_reservation,
        }

    def find(self, method: str, tail: str) -> Action | None:
        """What carries out a request, `tail` being its path behind the version; None when there is no such thing."""
        whole = self._whole.get((method, tail))
        if whole is not None:
            return whole
        kind, _, rest = tail.partition("/")
        name, _, deed = rest.partition("/")
        named = self._named.get((method, kind, deed))
        return partial(named, name) if named is not None and name else None
