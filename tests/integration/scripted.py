"""An upstream that is scripted byte by byte: what no server would send, and how no server would end."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self


class End(Enum):
    """What a script does besides sending bytes."""

    FIN = auto()
    RST = auto()
    #: Say nothing more until the proxy closes the connection.
    HOLD = auto()


@dataclass
class Asked:
    """One request as it came. `left_at`: when the proxy closed the connection under a script that held it."""

    connection: int
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    left_at: float | None = None

    @property
    def dialect(self) -> str:
        paths = {"/messages": "anthropic", "/responses": "openai_responses"}
        return next((dialect for path, dialect in paths.items() if path in self.target), "openai_chat")

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


Step = bytes | End
Script = Callable[[Asked], Iterable[Step]]


def always(*steps: Step) -> Script:
    """The same for every request."""
    return lambda asked: steps


@dataclass
class ScriptedUpstream:
    """Answers every request with the steps of `script`. A connection stays open when the script just ends."""

    script: Script
    requests: list[Asked] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer, self.connections), daemon=True).start()

    def _serve(self, peer: socket.socket, number: int) -> None:
        with peer:
            try:
                while (asked := read_request(peer, number)) is not None:
                    self.requests.append(asked)
                    if not play(peer, self.script(asked), asked):
                        return
            except OSError:
                if self.requests and self.requests[-1].connection == number:
                    self.requests[-1].left_at = time.monotonic()


def play(peer: socket.socket, steps: Iterable[Step], asked: Asked) -> bool:
    """Whether the connection is still good for another request."""
    for step in steps:
        if isinstance(step, bytes):
            peer.sendall(step)
        elif step is End.HOLD:
            while peer.recv(65536):
                pass
            asked.left_at = time.monotonic()
            return False
        else:
            if step is End.RST:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
    return True


def read_request(peer: socket.socket, number: int) -> Asked | None:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = peer.recv(65536)
        if not piece:
            return None
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = int(next((value for name, value in headers if name == "content-length"), "0"))
    while len(body) < length:
        body += peer.recv(65536)
    method, target, _ = first.split(" ")
    return Asked(number, method, target, headers, body)


def answer(body: bytes | Any, *headers: str, status: int = 200, media_type: str = "application/json") -> bytes:
    """A whole answer with its length."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} x", f"content-type: {media_type}", f"content-length: {len(payload)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + payload


def stream_head(*headers: str) -> bytes:
    """The head of a chunked stream."""
    lines = ["HTTP/1.1 200 OK", "content-type: text/event-stream", "transfer-encoding: chunked", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk; the last one of a body when empty."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def stream(events: bytes) -> bytes:
    """A whole stream with these bytes."""
    return stream_head() + chunk(events) + chunk(b"")


def text_answer(dialect: str, text: str = "hello") -> dict[str, Any]:
    """A one-shot answer in a dialect."""
    if dialect == "anthropic":
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "served", "stop_reason": "end_turn",
            "stop_sequence": None, "content": [{"type": "text", "text": text}],
            "usage": {"input_tokens": 3, "output_tokens": 2},
        }  # fmt: skip
    if dialect == "openai_responses":
        part = {"type": "output_text", "text": text, "annotations": []}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
        return {
            "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "served",
            "output": [message], "error": None, "incomplete_details": None,
            "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
        }  # fmt: skip
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "served",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }  # fmt: skip


def well_behaved(asked: Asked) -> list[Step]:
    """A whole answer, in the form and the dialect that were asked for."""
    if asked.json().get("stream"):
        return [stream(opening_events(asked.dialect) + closing_events(asked.dialect))]
    return [answer(text_answer(asked.dialect))]


def opening_events(dialect: str, text: str = "hello") -> bytes:
    """A stream up to and with its first content."""
    if dialect == "anthropic":
        message = {**text_answer(dialect), "content": [], "stop_reason": None}
        block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        return b"".join(named({"type": "message_start", "message": message}, block, delta))
    if dialect == "openai_responses":
        response = {**text_answer(dialect), "status": "in_progress", "output": [], "usage": None}
        where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        return b"".join(
            named(
                {"type": "response.created", "sequence_number": 0, "response": response},
                {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": item},
                {"type": "response.output_text.delta", "sequence_number": 2, "delta": text, "logprobs": [], **where},
            )
        )
    return chat_chunk({"role": "assistant", "content": text})


def closing_events(dialect: str) -> bytes:
    """The rest of such a stream."""
    if dialect == "anthropic":
        stop = {"stop_reason": "end_turn", "stop_sequence": None}
        delta = {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 2}}
        return b"".join(named({"type": "content_block_stop", "index": 0}, delta, {"type": "message_stop"}))
    if dialect == "openai_responses":
        response = text_answer(dialect)
        done = {"type": "response.output_item.done", "sequence_number": 3, "output_index": 0}
        end = {"type": "response.completed", "sequence_number": 4, "response": response}
        return b"".join(named({**done, "item": response["output"][0]}, end))
    return chat_chunk({}, finish="stop") + b"data: [DONE]\n\n"


def named(*events: dict[str, Any]) -> list[bytes]:
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]


def chat_chunk(delta: dict[str, Any], *, finish: str | None = None) -> bytes:
    event = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "served",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }  # fmt: skip
    return b"data: %s\n\n" % json.dumps(event).encode()
