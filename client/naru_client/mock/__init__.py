"""The simulated centre: a seeded simulation of a computing centre that speaks the contracts real centres speak.

    scenario     what there is: nodes, partitions, limits, people, work (data, from scenarios/*.toml)
    cluster      what is the case now: nodes, jobs, who holds which core and accelerator
    limits, planner, scheduler     who may start, where, and when
    workload, opening              what people submit, and how the world looks when it is first seen
    simulator    the clock: one heap of events over all of the above; `advance(to)` and nothing else moves it
    slurmrestd…  a face: the simulation as slurmrestd and slurmdbd tell it, an ASGI app
    open         the door: a profile → an ordinary centre over that face

Nothing here implements the Centre protocol: the client that reads the simulation is the one that reads real centres.
"""
