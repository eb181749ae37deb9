"""`naru demo`: the terminal on a simulated centre, or one plain page of it."""

import argparse
from math import isfinite

from naru.commands.snapshot import CSV, opens_terminal, run
from naru_client.config import DAY
from naru_client.i18n import _

__all__ = ["CSV", "arguments", "opens_terminal", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help=_("one plain page instead of the terminal"))
    parser.add_argument(
        "--scenario", metavar=_("NAME|FILE.toml"), help=_("which centre is simulated: a name, or a file of your own")
    )
    parser.add_argument(
        "--seed", type=seed, metavar=_("NUMBER"), help=_("another seed makes another centre of that kind")
    )
    parser.add_argument("--speed", type=speed, metavar=_("NUMBER"), help=_("simulated seconds a second"))
    parser.set_defaults(demo=True)


def seed(text: str) -> int:
    """A seed as it was typed: a whole number, 0 or more."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(_("{text} is not a whole number from 0 on").format(text=repr(text)))
    return number


def speed(text: str) -> float:
    """A speed as it was typed: above 0, and at most a day a second."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (isfinite(number) and 0 < number <= DAY):
        words = _("{text} is not a number above 0 and up to {most}")
        raise argparse.ArgumentTypeError(words.format(text=repr(text), most=DAY))
    return number
