"""`python -m bench soak`: many requests, many of them cancelled at random points; then no slot may be missing.

The simulated upstream is the judge. While it runs, no account may ever have more requests under way than it may hold.
Afterwards the pool must be able to fill every slot at once: a leaked one could not be filled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from fastproxy.demo import BackgroundSimulation, Simulation
from fastproxy.demo.launch import end, free_port, tail, wait_until_ready

ACCOUNTS, SLOTS = 6, 4
#: How often and how long it is looked whether every slot is filled.
_LOOKS, _LOOK_SECONDS = 100, 0.1
#: Answers of all lengths, refusals and broken answers.
MODELS = (
    *("echo", "long-5", "long-30-1", "long-200", "long-60-4", "delay-20+echo", "tools"),
    *("error-500", "error-503", "error-400", "cut-rst-3+long-20", "cut-clean-0+echo", "vanish"),
)
CONFIG = """
[server]
listen = "127.0.0.1:{port}"
data_dir = "{data}"
access_log = false
[logging]
level = "error"
[[upstreams]]
name = "up"
dialect = "openai_chat"
base_url = "{base_url}"
max_cooldown = 0.05
accounts = [{accounts}]
pool = {{ max_waiting = 100000, short_rest = 1 }}
[[models]]
name = "*"
targets = [{{ upstream = "up" }}]
"""


class Client:
    """Asks and leaves, sometimes in the middle."""

    def __init__(self, port: int, share: float, seed: int) -> None:
        self._port = port
        self._share = share
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.ends: Counter[str] = Counter()

    async def ask(self) -> None:
        """One request; with the share's probability it is cut after a random time or number of bytes."""
        draw = self._random
        is_cut = draw.random() < self._share
        seconds = draw.choice((0.0, 0.001, 0.005, 0.02, 0.05)) if is_cut else 60.0
        read = draw.choice((1, 200, 2000, 1 << 30)) if is_cut else 1 << 30
        try:
            async with asyncio.timeout(seconds):
                status = await exchange(self._port, draw.choice(MODELS), draw.random() < 0.7, read)
            self.ends[status] += 1
        except TimeoutError:
            self.ends["cancelled"] += 1


async def exchange(port: int, model: str, is_stream: bool, most: int = 1 << 30) -> str:
    """One connection, one request, read to its end or to `most` bytes. The status, or how it ended without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        body = json.dumps(
            {"model": model, "stream": is_stream, "messages": [{"role": "user", "content": "hello"}]}
        ).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        received = b""
        while len(received) < most and (piece := await reader.read(65536)):
            received += piece
        return received[9:12].decode() if received else "closed"
    except ConnectionError:
        return "reset"
    finally:
        writer.transport.abort()


async def run(port: int, simulation: Simulation, requests: int, share: float, seed: int, at_once: int) -> Counter[str]:
    """All requests, so many at once."""
    client = Client(port, share, seed)
    left = iter(range(requests))

    async def worker() -> None:
        for number in left:
            await client.ask()
            if number % 1000 == 0:
                simulation.requests.clear()

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return client.ends


async def fill(port: int, simulation: Simulation) -> int:
    """How many requests the pool has under way at once when everybody wants a slot."""
    asking = [asyncio.create_task(exchange(port, "silent", True)) for _ in range(ACCOUNTS * SLOTS * 2)]
    held = 0
    for _ in range(_LOOKS):
        held = sum(simulation.concurrency.now().values())
        if held == ACCOUNTS * SLOTS:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    return held


async def soak(port: int, simulation: Simulation, options: argparse.Namespace) -> list[str]:
    """What is wrong."""
    started = time.monotonic()
    ends = await run(port, simulation, options.requests, options.cancel, options.seed, options.at_once)
    seconds = time.monotonic() - started
    await asyncio.sleep(1)
    stuck = sum(simulation.concurrency.now().values())
    held = await fill(port, simulation)
    over = {key: peak for key, peak in simulation.concurrency.peaks.items() if peak > SLOTS}
    print(f"{options.requests} requests in {seconds:.0f} s, seed {options.seed}: {dict(sorted(ends.items()))}")
    print(
        f"upstream: {sum(simulation.concurrency.served.values())} attempts, peaks {dict(simulation.concurrency.peaks)}"
    )
    print(f"still under way when idle: {stuck}; slots that can be filled afterwards: {held} of {ACCOUNTS * SLOTS}")
    problems = [f"over the limit of {SLOTS}: {over}"] if over else []
    problems += [f"{stuck} requests never ended"] if stuck else []
    problems += [f"{ACCOUNTS * SLOTS - held} slots leaked"] if held != ACCOUNTS * SLOTS else []
    return problems


def main(arguments: list[str]) -> int:
    """Start the upstream and the proxy, soak, judge."""
    parser = argparse.ArgumentParser(prog="bench soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--cancel", type=float, default=0.3, help="share that leaves before its end")
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    options = parser.parse_args(arguments)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="fastproxy-soak-") as folder, BackgroundSimulation() as simulation:
        config, log = Path(folder) / "fastproxy.toml", Path(folder) / "proxy.log"
        accounts = ", ".join(
            f'{{ name = "a{n}", key = "sk-test-a{n}", max_in_flight = {SLOTS} }}' for n in range(ACCOUNTS)
        )
        base_url = simulation.base_url("openai_chat")
        config.write_text(CONFIG.format(port=port, data=Path(folder) / "data", base_url=base_url, accounts=accounts))
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "fastproxy", "serve", "--config", str(config)], stdout=output, stderr=output
            )
        try:
            wait_until_ready(process, port, log)
            problems = asyncio.run(soak(port, simulation, options))
        finally:
            end(process)
        if problems:
            print(tail(log), file=sys.stderr)
    print("soak: " + ("; ".join(problems) if problems else "fine"))
    return 1 if problems else 0
