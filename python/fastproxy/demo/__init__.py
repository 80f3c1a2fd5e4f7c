"""The simulated upstream: every API dialect, byte by byte, including everything that can go wrong.

`Simulation` is an asyncio server for tests, `BackgroundSimulation` the same in a thread; `run` is `fastproxy demo`.
What it answers is chosen by the model name: see docs/reference/demo.md.
"""

from fastproxy.demo.background import BackgroundSimulation
from fastproxy.demo.record import Recorded
from fastproxy.demo.run import run
from fastproxy.demo.server import Simulation

__all__ = ["BackgroundSimulation", "Recorded", "Simulation", "run"]
