"""Simulated centres for tests: of Naru, of what is built on `naru_client`, and of any other client of slurmrestd.

One line gives an ordinary client on a centre whose time a test steps:

    from naru_client.testing import stepped_centre

    async def test_a_job_runs_and_ends() -> None:
        async with stepped_centre("small", seed=1) as lab:
            job_id = lab.submit(partition="rngd_8", accelerators=1, hours=0.5)
            lab.step(minutes=5)
            [job] = (await lab.centre.job(job_id)).value
            assert job.state == "RUNNING"
            lab.faults.use("status:503/30")
            with pytest.raises(Unreachable):
                await lab.centre.jobs()
            lab.faults.clear()
            lab.step(hours=1)
            [job] = (await lab.centre.job(job_id)).value
            assert job.state == "COMPLETED"

Another gives the same centre on real ports of this machine, for a client in any language:

    from naru_client.testing import served_centre

    def test_somebody_else_s_client() -> None:
        with served_centre("small", seed=1) as served:
            request = urllib.request.Request(f"{served.url}/slurm/v0.0.44/jobs")
            request.add_header("X-SLURM-USER-TOKEN", served.token())
            with urllib.request.urlopen(request) as answer:
                assert json.load(answer)["jobs"]

The same scenario, seed and steps give the same centre, job numbers included. Nothing here needs pytest; fixtures are in
`naru_client.testing.plugin`, which a project takes by `pytest_plugins = ["naru_client.testing.plugin"]`.
"""

from naru_client.testing.bench import LONG, START, Bench, FaultSwitch
from naru_client.testing.lab import Lab, stepped_centre
from naru_client.testing.served import ServedCentre, served_centre

__all__ = ["LONG", "START", "Bench", "FaultSwitch", "Lab", "ServedCentre", "served_centre", "stepped_centre"]
