"""A proxy in front of the simulated upstream, and a client that sees bytes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from fastproxy.demo import BackgroundSimulation, Simulation

from ..sdk.servers import Running, running_proxy
from .scripted import ScriptedUpstream, well_behaved

Start = Callable[..., Running]


class Listening(Protocol):
    """An upstream that listens."""

    port: int


CONFIG = """
[server]
listen = "{{listen}}"
data_dir = "data"
{server}

{sections}

[[upstreams]]
name = "chat"
dialect = "openai_chat"
base_url = "{address}/v1"
accounts = {accounts}
{upstream}

[[upstreams]]
name = "messages"
dialect = "anthropic"
base_url = "{address}"
accounts = {accounts}
{upstream}

[[upstreams]]
name = "responses"
dialect = "openai_responses"
base_url = "{address}/v1"
accounts = {accounts}
{upstream}

{models}
"""


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with BackgroundSimulation() as running:
        yield running


def config_text(upstream: Listening, /, **parts: str) -> str:
    """The configuration of a test: `server`, `sections`, `accounts`, `upstream`, `models` fill the gaps."""
    gaps = {"server": "", "sections": "", "models": "", "upstream": "max_cooldown = 0"}
    gaps["accounts"] = '[{ name = "a", key = "sk-test-upstream" }]'
    return CONFIG.format(address=f"http://127.0.0.1:{upstream.port}", **{**gaps, **parts})


@pytest.fixture
def start(simulation: Simulation, tmp_path: Path) -> Iterator[Start]:
    """Starts a proxy; it is stopped, and must end with code 0, after the test."""
    with ExitStack() as stack:

        def run(**parts: str) -> Running:
            return stack.enter_context(running_proxy(config_text(simulation, **parts), tmp_path))

        yield run


@pytest.fixture
def wire() -> Iterator[ScriptedUpstream]:
    """An upstream that answers as it should until a test gives it another script."""
    with ScriptedUpstream(well_behaved) as running:
        yield running


@pytest.fixture
def start_wired(wire: ScriptedUpstream, tmp_path: Path) -> Iterator[Start]:
    """As `start`, in front of the scripted upstream."""
    with ExitStack() as stack:

        def run(**parts: str) -> Running:
            return stack.enter_context(running_proxy(config_text(wire, **parts), tmp_path))

        yield run
