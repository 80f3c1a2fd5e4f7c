"""A client that sees bytes: one request, one connection, no interpretation."""

import http.client
import json
import socket
from dataclasses import dataclass, field
from typing import Any

PATHS = {"openai_chat": "/v1/chat/completions", "anthropic": "/v1/messages"}
_PATHS = {**PATHS, "openai_responses": "/v1/responses"}


def body_for(model: str, text: str = "hello", *, stream: bool = False, **more: Any) -> dict[str, Any]:
    """A request that both dialects take."""
    messages = [{"role": "user", "content": text}]
    return {"model": model, "max_tokens": 100_000, "stream": stream, "messages": messages, **more}


@dataclass
class Reply:
    """What came back. `is_cut`: the connection ended before the body did."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_cut: bool

    def json(self) -> Any:
        return json.loads(self.body)

    def text(self) -> str:
        return self.body.decode()


def ask(
    port: int,
    dialect: str,
    body: Any = b"",
    *,
    headers: dict[str, str] | None = None,
    path: str | None = None,
    method: str = "POST",
) -> Reply:
    """Send one request and read all of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json", **(headers or {})}
        if dialect == "anthropic":
            sent.setdefault("anthropic-version", "2023-06-01")
        connection.request(method, path or _PATHS[dialect], body=payload, headers=sent)
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        try:
            return Reply(response.status, received, response.read(), is_cut=False)
        except http.client.IncompleteRead as cut:
            return Reply(response.status, received, cut.partial, is_cut=True)
    finally:
        connection.close()


@dataclass
class Stream:
    """A streamed answer that is read piece by piece, or not at all."""

    port: int
    dialect: str
    body: dict[str, Any]
    path: str | None = None
    received: bytearray = field(default_factory=bytearray)

    def __enter__(self) -> "Stream":
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        payload = json.dumps(self.body).encode()
        head = (
            f"POST {self.path or _PATHS[self.dialect]} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"anthropic-version: 2023-06-01\r\ncontent-length: {len(payload)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + payload)
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def read_until(self, wanted: bytes) -> bytes:
        """Read until this has come; everything that came so far."""
        while wanted not in self.received:
            piece = self.socket.recv(4096)
            if not piece:
                raise AssertionError(f"{wanted!r} never came: {bytes(self.received)!r}")
            self.received += piece
        return bytes(self.received)

    def read_all(self) -> bytes:
        """Read until the connection ends, or the last chunk came."""
        while not self.received.endswith(b"\r\n0\r\n\r\n"):
            piece = self.socket.recv(65536)
            if not piece:
                break
            self.received += piece
        return bytes(self.received)
