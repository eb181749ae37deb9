"""`naru demo`: the terminal on a simulated centre, or one plain page of it."""

import argparse

from naru.commands.snapshot import CSV, opens_terminal, run
from naru_client.i18n import _

__all__ = ["CSV", "arguments", "opens_terminal", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help=_("one plain page instead of the terminal"))
    parser.add_argument("--scenario", metavar=_("NAME"), help=_("which centre is simulated"))
    parser.add_argument(
        "--seed", type=int, metavar=_("NUMBER"), help=_("another seed makes another centre of that kind")
    )
    parser.set_defaults(demo=True)
