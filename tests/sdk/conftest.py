"""Every SDK × every way to a model × stream or not: the matrix that the tests here run through.

`upstream` is one of `UPSTREAMS` (through the proxy, to an upstream of that dialect) or `direct` (the simulation itself, which
shows that a test asks for what the dialect really says).
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fastproxy.demo import BackgroundSimulation, Simulation

from . import node_sdks
from .conversation import Conversation, Sdk, Settings
from .node_sdks import DIALECTS, Node, NodeSdk
from .python_anthropic import PythonAnthropic
from .python_google import PythonGoogle
from .python_ollama import PythonOllama
from .python_openai import PythonOpenai
from .python_responses import PythonResponses
from .servers import CLIENT_KEY, UPSTREAM_KEY, UPSTREAMS, Running, config_for, running_proxy

PROXIED = list(UPSTREAMS)
_PYTHON: tuple[Sdk, ...] = (
    PythonOpenai(),
    PythonResponses(is_stored=True),
    PythonResponses(is_stored=False),
    PythonAnthropic(),
    PythonGoogle(),
    PythonOllama(),
)
PYTHON = {sdk.name: sdk for sdk in _PYTHON}

# For tests of what only the proxy does.
proxied = pytest.mark.parametrize("way", PROXIED, indirect=True)


@dataclass(frozen=True)
class Way:
    """How a test reaches a scripted model."""

    address: str
    key: str
    upstream: str

    @property
    def is_proxied(self) -> bool:
        return self.upstream != "direct"

    def model(self, script: str) -> str:
        return f"{self.upstream}/{script}" if self.is_proxied else script

    def dialect(self, sdk: Sdk) -> str:
        """The dialect of the upstream; the simulation itself is spoken to in the client's."""
        return UPSTREAMS[self.upstream][0] if self.is_proxied else sdk.dialect

    def is_raw(self, sdk: Sdk) -> bool:
        """Whether client and upstream speak the same dialect."""
        return self.dialect(sdk) == sdk.dialect


Talk = Callable[..., Conversation]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """LangChain's classes keep their connections, so all tests of them need the same loop."""
    for item in items:
        if item.path.name == "test_langchain.py" and inspect.iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def simulation() -> Iterator[Simulation]:
    with BackgroundSimulation() as running:
        yield running


@pytest.fixture(scope="session")
def proxy(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    config = config_for(simulation.origin)
    with running_proxy(config, tmp_path_factory.mktemp("proxy")) as running:
        yield running


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    if why := node_sdks.missing():
        pytest.skip(why)
    process = Node()
    yield process
    process.close()


@pytest.fixture(params=[*PYTHON, *(pytest.param(f"node-{name}", marks=pytest.mark.node) for name in DIALECTS)])
def sdk(request: pytest.FixtureRequest) -> Sdk:
    name: str = request.param
    if name in PYTHON:
        return PYTHON[name]
    return NodeSdk(request.getfixturevalue("node"), name.removeprefix("node-"))


@pytest.fixture(params=[*PROXIED, "direct"])
def way(request: pytest.FixtureRequest) -> Way:
    upstream: str = request.param
    if upstream == "direct":
        return Way(request.getfixturevalue("simulation").origin, UPSTREAM_KEY, upstream)
    return Way(request.getfixturevalue("proxy").address, CLIENT_KEY, upstream)


@pytest.fixture(params=[True, False], ids=["stream", "whole"])
def stream(request: pytest.FixtureRequest) -> bool:
    is_stream: bool = request.param
    return is_stream


@pytest.fixture
def talk(sdk: Sdk, way: Way, stream: bool) -> Iterator[Talk]:
    """Opens conversations with a scripted model; they are closed after the test."""
    conversations: list[Conversation] = []

    def open_with(script: str, **settings: Any) -> Conversation:
        chosen = Settings(model=way.model(script), **{"stream": stream, **settings})
        conversations.append(sdk.open(way.address, way.key, chosen))
        return conversations[-1]

    yield open_with
    for conversation in conversations:
        conversation.close()
