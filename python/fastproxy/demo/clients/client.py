"""The demo's own small clients: one conversation with a tool loop, over the standard library, in any client dialect."""

import http.client
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from fastproxy.demo.ask import Json

TIMEOUT_SECONDS = 30
QUESTION = "What is the weather in Lisbon, and what time is it there?"
# The tools of the conversation and what they return; the answer must mention both.
RESULTS = MappingProxyType({"get_weather": "21 degrees and sunny", "get_time": "half past nine"})
SCHEMAS: MappingProxyType[str, Json] = MappingProxyType(
    {
        "get_weather": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "get_time": {"type": "object", "properties": {"timezone": {"type": "string"}}, "required": ["timezone"]},
    }
)


class ToolCall(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One assistant turn as a client sees it. `turn` is what must be sent back in the next request."""

    text: str
    calls: tuple[ToolCall, ...]
    finish: str
    input_tokens: int | None
    output_tokens: int | None
    is_complete: bool
    turn: Json


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one request, with what the demo's table shows beside it."""

    answer: Answer
    first_token_ms: float
    loss: str


class Failed(Exception):
    """The request brought no answer; the text says why."""


class Accumulator(ABC):
    """Puts the events of one stream together."""

    @abstractmethod
    def feed(self, data: str) -> bool:
        """Take one event; True when it holds content."""

    @abstractmethod
    def answer(self) -> Answer: ...


class Client(ABC):
    """One client dialect: how it asks, and how it reads what comes back."""

    name: ClassVar[str]
    base_path: ClassVar[str]
    """What follows the origin in the base URL."""
    path: ClassVar[str]
    """What follows the base URL in a request."""
    tool_finish: ClassVar[str]
    """How a turn that ends with tool calls says so."""

    @abstractmethod
    def headers(self, key: str) -> dict[str, str]: ...

    def address(self, request: Json) -> tuple[str, Json]:
        """The path of a request and its body, for dialects that say in the path what others say in the body."""
        return self.path, request

    def payloads(self, response: http.client.HTTPResponse) -> Iterator[str]:
        """The events of a stream, without their framing."""
        return events(response)

    @abstractmethod
    def question(self, model: str, *, stream: bool) -> Json:
        """The first request."""

    @abstractmethod
    def follow_up(self, question: Json, answer: Answer) -> Json:
        """The second request: the answer's turn replayed, and a result for each call."""

    @abstractmethod
    def read_whole(self, body: Json) -> Answer: ...

    @abstractmethod
    def accumulator(self) -> Accumulator: ...

    @abstractmethod
    def error_text(self, body: Json) -> str: ...

    def send(self, base_url: str, key: str, request: Json) -> Received:
        """One request over a connection of its own."""
        url = urlsplit(base_url)
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=TIMEOUT_SECONDS)
        started = time.perf_counter()
        try:
            path, body = self.address(request)
            connection.request("POST", url.path.rstrip("/") + path, json.dumps(body).encode(), self.headers(key))
            response = connection.getresponse()
            loss = response.getheader("x-fastproxy-loss", "")
            if response.status != http.HTTPStatus.OK:
                raise Failed(f"HTTP {response.status}: {self._error(response.read())}")
            if not request.get("stream"):
                whole = json.loads(response.read())
                return Received(answer=self.read_whole(whole), first_token_ms=_since(started), loss=loss)
            return self._stream(response, started, loss)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, IndexError) as error:
            raise Failed(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _stream(self, response: http.client.HTTPResponse, started: float, loss: str) -> Received:
        accumulator, first = self.accumulator(), None
        for data in self.payloads(response):
            if accumulator.feed(data) and first is None:
                first = _since(started)
        return Received(
            answer=accumulator.answer(), first_token_ms=_since(started) if first is None else first, loss=loss
        )

    def _error(self, raw: bytes) -> str:
        try:
            return self.error_text(json.loads(raw))
        except (ValueError, KeyError, TypeError):
            return raw[:200].decode(errors="replace")


def events(response: http.client.HTTPResponse) -> Iterator[str]:
    """The payloads of a stream that is framed as we frame it: one `data:` line per event."""
    while line := response.readline():
        if line.startswith(b"data: "):
            yield line[len(b"data: ") :].decode().rstrip("\r\n")


def arguments_of(call: ToolCall) -> Any:
    """The arguments of a call as JSON; raises ValueError."""
    return json.loads(call.arguments or "{}")


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
