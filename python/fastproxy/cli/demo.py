"""`fastproxy demo`."""

import sys

import click

from .exits import Exit
from .options import flag


@click.command()
@flag("--keep", "Leave the simulated upstreams and the proxy running, and print curl lines to try.")
def demo(keep: bool) -> None:
    """Try it: simulated upstreams, the proxy, and a conversation with a tool call through every pair of dialects.

    Nothing outside this machine is called, and no key is needed.

    \b
    Examples:
      fastproxy demo
      fastproxy demo --keep
    """
    from ..demo import run  # simulations, server and clients: only this command pays for them

    sys.exit(run(keep=keep) or Exit.OK)
