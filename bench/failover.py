"""`python -m bench failover`: what it costs a request that the first account refuses it, and what an outage costs the
upstream. Through HTTP, judged by the simulated upstream."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fastproxy.demo import BackgroundSimulation, Simulation
from fastproxy.demo.launch import end, free_port, wait_until_ready

_WARM, _ASKED = 20, 200
_GOAL_MS, _GOAL_ATTEMPTS = 5.0, 1.25
CONFIG = """
[server]
listen = "127.0.0.1:{port}"
data_dir = "{data}"
access_log = false
[logging]
level = "error"
[[upstreams]]
name = "whole"
dialect = "openai_chat"
base_url = "{base_url}"
accounts = [{{ name = "a", key = "sk-test-a" }}]
[[upstreams]]
name = "half"
dialect = "openai_chat"
base_url = "{base_url}"
max_cooldown = 0
accounts = [{{ name = "a", key = "sk-limited-a", priority = 1 }}, {{ name = "b", key = "sk-test-b" }}]
[[upstreams]]
name = "none"
dialect = "openai_chat"
base_url = "{base_url}"
max_cooldown = 0
accounts = [{{ name = "a", key = "sk-broken-a" }}, {{ name = "b", key = "sk-broken-b" }}, {{ name = "c", key = "sk-broken-c" }}]
"""


def ask(connection: http.client.HTTPConnection, upstream: str) -> tuple[int, int, float]:
    """Status, attempts and milliseconds of one request."""
    body = json.dumps({"model": f"{upstream}/echo", "messages": [{"role": "user", "content": "hello"}]})
    began = time.perf_counter()
    connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
    response = connection.getresponse()
    response.read()
    attempts = int(response.headers.get("x-fastproxy-attempts", "0"))
    return response.status, attempts, (time.perf_counter() - began) * 1000


def added_ms(connection: http.client.HTTPConnection) -> float:
    """The median of what a refusal adds. One after the other in turn, so that noise meets both alike; the budget of retries
    lets one request in five fail over, so that four others go between."""
    plain, over = [], []
    for number in range(_WARM + _ASKED):
        times = [ask(connection, "whole")[2] for _ in range(5)]
        status, attempts, milliseconds = ask(connection, "half")
        if status == 200 and attempts == 2 and number >= _WARM:
            plain.append(statistics.median(times))
            over.append(milliseconds)
    if len(over) < _ASKED // 2:
        raise RuntimeError(f"only {len(over)} of {_ASKED} requests failed over")
    print(f"{len(over)} failovers: {statistics.median(over):.2f} ms, {statistics.median(plain):.2f} ms without")
    return statistics.median(a - b for a, b in zip(over, plain, strict=True))


def amplification(connection: http.client.HTTPConnection, simulation: Simulation) -> float:
    """Attempts per request while no account answers."""
    before = sum(simulation.concurrency.served.values())
    for _ in range(_ASKED):
        ask(connection, "none")
    return (sum(simulation.concurrency.served.values()) - before) / _ASKED


def main(arguments: list[str]) -> int:
    """Measure both; 1 when a goal is missed."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="fastproxy-failover-") as folder, BackgroundSimulation() as simulation:
        config, log = Path(folder) / "fastproxy.toml", Path(folder) / "proxy.log"
        base_url = simulation.base_url("openai_chat")
        config.write_text(CONFIG.format(port=port, data=Path(folder) / "data", base_url=base_url))
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "fastproxy", "serve", "--config", str(config)], stdout=output, stderr=output
            )
        try:
            wait_until_ready(process, port, log)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            added, attempts = added_ms(connection), amplification(connection, simulation)
        finally:
            end(process)
    print(
        f"failover adds {added:.2f} ms (goal {_GOAL_MS:g}); an outage makes {attempts:.2f} attempts per request (goal {_GOAL_ATTEMPTS:g})"
    )
    return int(added > _GOAL_MS or attempts > _GOAL_ATTEMPTS)
