"""The simulated centre: a seeded simulation of a national programme that speaks the contracts real centres speak.

What there is, as data:
    scenario, scenario_check, work_kinds, scenarios/*.toml

What is the case, and what happens (pure: no clock, no network, no client's words):
    entities, cluster             nodes, jobs, reservations; who holds which core and accelerator
    tres, limits, fair_share      what jobs take, what people may have and have used, who comes first
    gates, spans, scheduler       who may start, where, and when
    workload, opening, numbers    what people bring, and how a site looks when it is first seen
    clockwork, runs, deeds, simulator    one heap of events; `advance(to)` moves it, people act on it
    world                         the sites of a scenario and their one clock

How it is told (faces: apps of requests and answers, without a network):
    asgi                                                     how a request comes in and an answer goes out
    slurmrestd, slurmctld, slurmdbd, body_*, privileges      reading, by slurmrestd v0.0.42 to v0.0.44
    actions*, submission*                                    writing; of v0.0.45 requeueing alone
    firecrest*, files, logs, log_*                           job logs through FirecREST's file operations
    tokens, faults, fault_*, server*                         who asks, what goes wrong, a loopback socket

    open         the door: a profile → ordinary centres over these faces

Nothing here implements the Centre protocol: the client that reads the simulation is the one that reads real centres.
"""
