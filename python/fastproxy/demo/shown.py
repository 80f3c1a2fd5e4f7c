"""What `fastproxy demo` shows: the dialects that the proxy speaks on either side.

The simulation and its clients may know more. A dialect that the proxy learns gets its line here, and the matrix, the configuration
and the lines to try grow by it.
"""

from fastproxy.demo.clients import CLIENTS
from fastproxy.demo.clients.client import Client
from fastproxy.demo.dialects import DIALECTS
from fastproxy.demo.dialects.dialect import Dialect

CLIENT_SIDE = (
    "openai_chat",
    "openai_responses",
    "anthropic",
    "gemini",
    "ollama",
)
UPSTREAM_SIDE = (
    "anthropic",
    "openai_chat",
    "openai_responses",
    "gemini",
    "ollama",
)


def shown_clients() -> list[type[Client]]:
    """The demo's clients of the dialects that the proxy has an endpoint for."""
    return [client for client in CLIENTS if client.name in CLIENT_SIDE]


def shown_upstreams() -> list[type[Dialect]]:
    """The simulated services that the proxy can stand in front of."""
    return [dialect for dialect in DIALECTS if dialect.name in UPSTREAM_SIDE]
