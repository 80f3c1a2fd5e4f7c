"""A simulation per test, and a client that sees every byte of its answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from fastproxy.demo import Simulation

DEADLINE = 10


class Raw:
    """One response as bytes: everything until the server closed, and how it closed."""

    def __init__(self, received: bytes, was_reset: bool) -> None:
        self.received = received
        self.was_reset = was_reset
        self.head, _, self.tail = received.partition(b"\r\n\r\n")

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def is_terminated(self) -> bool:
        """Did a chunked body end with its last chunk?"""
        return self.tail.endswith(b"0\r\n\r\n")

    @property
    def chunks(self) -> list[bytes]:
        """The complete chunks of a chunked body."""
        found, rest = [], self.tail
        while rest:
            line, _, rest = rest.partition(b"\r\n")
            size = int(line.split(b";")[0] or b"0", 16)
            if size == 0 or len(rest) < size + 2:
                break
            found.append(rest[:size])
            rest = rest[size + 2 :]
        return found

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks) if self.headers.get("transfer-encoding") == "chunked" else self.tail

    def json(self) -> Any:
        return json.loads(self.body)

    def lines(self) -> list[Any]:
        """The lines of an NDJSON body."""
        return [json.loads(line) for line in self.body.splitlines() if line]

    def events(self) -> list[Any]:
        """The payloads of a stream in the default style, parsed; what is not JSON stays text."""
        text = self.body.decode().replace("\r\n", "\n")
        blocks = [block for block in text.split("\n\n") if block.strip()]
        lines = [line for block in blocks for line in block.split("\n") if line.startswith("data: ")]
        return [json.loads(line[6:]) if line[6:7] in "{[" and line != "data: [DONE]" else line[6:] for line in lines]


class RawClient:
    """Speaks HTTP/1.1 over a plain socket."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.simulation.port)
        self._writers.append(writer)
        return reader, writer

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    async def exchange(self, request: bytes) -> Raw:
        """Send bytes, read until the server closes."""
        reader, writer = await self.open()
        writer.write(request)
        received, was_reset = bytearray(), False
        async with asyncio.timeout(DEADLINE):
            try:
                while data := await reader.read(65536):
                    received += data
            except ConnectionResetError:
                was_reset = True
        writer.close()
        return Raw(bytes(received), was_reset)

    @staticmethod
    def request(path: str, body: Any, headers: dict[str, str], method: str = "POST") -> bytes:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "host: simulated", f"content-length: {len(raw)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw

    async def chat(self, model: str = "echo", text: str = "hello there my friend", **fields: Any) -> Raw:
        body = {"model": model, "messages": [{"role": "user", "content": text}]} | fields
        return await self.chat_body(body)

    async def chat_body(self, body: Any, key: str = "sk-test-1") -> Raw:
        headers = {"authorization": f"Bearer {key}", "connection": "close"}
        return await self.exchange(self.request("/v1/chat/completions", body, headers))

    async def messages(self, model: str = "echo", text: str = "hello there my friend", **fields: Any) -> Raw:
        body = {"model": model, "max_tokens": 1000, "messages": [{"role": "user", "content": text}]} | fields
        return await self.messages_body(body)

    async def messages_body(self, body: Any, path: str = "/v1/messages", **headers: str) -> Raw:
        named = {"x-api-key": "sk-test-1", "anthropic-version": "2023-06-01", "connection": "close"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.exchange(self.request(path, body, named))

    async def responses(self, model: str = "echo", text: str = "hello there my friend", **fields: Any) -> Raw:
        return await self.responses_body({"model": model, "input": text} | fields)

    async def responses_body(self, body: Any, path: str = "/v1/responses", method: str = "POST") -> Raw:
        headers = {"authorization": "Bearer sk-test-1", "connection": "close"}
        return await self.exchange(self.request(path, body, headers, method))

    async def gemini(self, model: str = "echo", text: str = "hello there my friend", **fields: Any) -> Raw:
        """`stream=True` asks for events, `stream="array"` for one JSON array."""
        stream = fields.pop("stream", False)
        method = "streamGenerateContent" if stream else "generateContent"
        query = "?alt=sse" if stream is True else ""
        body = {"contents": [{"role": "user", "parts": [{"text": text}]}]} | fields
        return await self.gemini_body(body, f"/v1beta/models/{model}:{method}{query}")

    async def gemini_body(self, body: Any, path: str, method: str = "POST", key: str = "sk-test-1") -> Raw:
        headers = {"x-goog-api-key": key, "connection": "close"}
        return await self.exchange(self.request(path, body, headers, method))

    async def ollama(self, model: str = "echo", text: str = "hello there my friend", **fields: Any) -> Raw:
        """Streamed unless told otherwise, as the server does."""
        body = {"model": model, "messages": [{"role": "user", "content": text}]} | fields
        return await self.ollama_body(body)

    async def ollama_body(self, body: Any, path: str = "/api/chat", method: str = "POST") -> Raw:
        return await self.exchange(self.request(path, body, {"connection": "close"}, method))


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    async with Simulation(seed=b"test") as running:
        yield running


@pytest.fixture
async def raw(simulation: Simulation) -> AsyncIterator[RawClient]:
    client = RawClient(simulation)
    yield client
    await client.close()


@pytest.fixture
def text_of() -> Callable[[list[Any]], str]:
    """The text in the events of a stream of either dialect."""

    def read(events: list[Any]) -> str:
        texts = []
        for event in events:
            if isinstance(event, dict) and event.get("choices"):
                texts.append(event["choices"][0]["delta"].get("content") or "")
            elif isinstance(event, dict) and event.get("type") == "content_block_delta":
                texts.append(event["delta"].get("text", ""))
        return "".join(texts)

    return read
