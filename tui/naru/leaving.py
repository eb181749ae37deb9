"""Leaving in any case: how one knows that the terminal is gone, and what happens when an orderly end takes too long."""

import os
import select
import threading


def terminal_gone(handle: int) -> bool:
    """Whether a terminal that was read from this handle has hung up."""
    looking = select.poll()
    looking.register(handle, 0)  # hang-ups and errors are told whether or not one asks for them
    return any(told & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _handle, told in looking.poll(0))


def leave_for_good_after(seconds: float, code: int) -> None:
    """End this process, and every command it runs, after so many seconds, unless it has ended by itself by then."""
    last_resort = threading.Timer(seconds, _leave_for_good, (code,))
    last_resort.daemon = True
    last_resort.start()


def _leave_for_good(code: int) -> None:
    from naru_client.slurm.children import kill_all

    kill_all()
    os._exit(code)
