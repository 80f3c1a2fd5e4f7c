"""The simulation in a thread of its own, for callers without an event loop."""

import asyncio
import threading
from types import TracebackType

from fastproxy.demo.server import Simulation

START_SECONDS = 10


class BackgroundSimulation:
    """`with BackgroundSimulation() as simulation:` runs it until the block ends."""

    def __init__(self, *, seed: bytes | None = None) -> None:
        self._seed = seed
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._simulation: Simulation | None = None
        self._thread = threading.Thread(target=self._run, name="simulated-upstream", daemon=True)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # re-raised in the caller's thread by __enter__ or __exit__
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        async with Simulation(seed=self._seed) as simulation:
            self._simulation = simulation
            self._ready.set()
            await self._over.wait()

    def __enter__(self) -> Simulation:
        self._thread.start()
        self._ready.wait(START_SECONDS)
        if self._simulation is None:
            raise RuntimeError("the simulated upstream did not start") from self._failure
        return self._simulation

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._over is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure
