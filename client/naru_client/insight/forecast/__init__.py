"""When a waiting job will start: a plan over what is known, run times drawn from what jobs did, ranges kept honest.

Pure. `Forecaster` is told what happens (submitted, started, ended) and asked for a forecast; the screen and the
backtest drive the same one.
"""
