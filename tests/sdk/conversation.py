"""One conversation, told without any SDK: every SDK under test is driven through these few words.

An `Sdk` opens conversations; a `Conversation` keeps its history as its own SDK gives it, as a user's program would.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True)
class Tool:
    name: str
    description: str
    schema: Json


@dataclass(frozen=True)
class Settings:
    """What the client asks for besides words."""

    model: str
    stream: bool
    tools: tuple[Tool, ...] = ()
    schema: Json | None = None
    max_tokens: int = 4096
    thinking: bool = False
    max_retries: int = 0


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: Json


@dataclass(frozen=True)
class Usage:
    input: int
    output: int


@dataclass(frozen=True)
class Answer:
    """What the SDK's own accumulator made of the answer. `stop`: end, tools, length, stop, refusal."""

    model: str
    text: str
    stop: str
    usage: Usage | None
    calls: tuple[Call, ...] = ()
    thinking: str = ""
    refusal: str = ""


@dataclass
class SdkFailure(Exception):
    """The SDK raised. `error` is the name of its exception class."""

    error: str
    message: str
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.error} {self.status}: {self.message}"


class Conversation(Protocol):
    """Turns of one conversation."""

    def say(self, text: str, *, images: tuple[bytes, ...] = ()) -> Answer: ...

    def give(self, results: dict[str, str]) -> Answer:
        """Answer the last turn's calls, by their ids."""
        ...

    def close(self) -> None: ...


class Sdk(Protocol):
    """One official SDK in one language."""

    @property
    def name(self) -> str: ...

    @property
    def dialect(self) -> str: ...

    def open(self, address: str, key: str, settings: Settings) -> Conversation: ...
