"""Text completions: relayed to upstreams of OpenAI's dialect, refused elsewhere."""

import json

import pytest

from .client import ask
from .conftest import Start
from .scripted import End, ScriptedUpstream, always, answer, chunk, stream, stream_head

PATH = "/v1/completions"
BODY = {"model": "chat/code", "prompt": "def add(a, b):", "suffix": "\nprint(add(1, 2))", "max_tokens": 9}


def piece(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    event = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "code", "choices": [choice]}
    return b"data: %s\n\n" % json.dumps(event).encode()


WHOLE = {
    "id": "cmpl-1", "object": "text_completion", "created": 1, "model": "code",
    "choices": [{"index": 0, "text": " return a + b", "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
}  # fmt: skip


@pytest.mark.parametrize("path", [PATH, "/completions", "/openai/v1/completions"])
def test_a_completion_is_relayed(start_wired: Start, wire: ScriptedUpstream, path: str) -> None:
    wire.script = always(answer(WHOLE))
    reply = ask(start_wired().port, "openai_chat", BODY, path=path)
    assert reply.json() == {**WHOLE, "model": "chat/code"}
    assert wire.requests[0].target == PATH
    assert wire.requests[0].json() == {**BODY, "model": "code"}
    assert wire.requests[0].header("authorization") == "Bearer sk-test-upstream"


def test_a_streamed_completion_is_relayed_without_what_only_we_asked_for(
    start_wired: Start, wire: ScriptedUpstream
) -> None:
    counts = b'data: {"id":"cmpl-1","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}\n\n'
    events = piece(" return") + piece(" a + b", "stop")
    wire.script = always(stream(events + counts + b"data: [DONE]\n\n"))
    reply = ask(start_wired().port, "openai_chat", {**BODY, "stream": True}, path=PATH)
    assert reply.body == events.replace(b'"model": "code"', b'"model": "chat/code"') + b"data: [DONE]\n\n"
    assert wire.requests[0].json()["stream_options"] == {"include_usage": True}


def test_a_completion_that_breaks_off_is_an_error(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(stream_head(), chunk(piece(" return")), End.FIN)
    reply = ask(start_wired().port, "openai_chat", {**BODY, "stream": True}, path=PATH)
    assert reply.is_cut
    assert b'"error"' in reply.body
    assert b"[DONE]" not in reply.body


def test_another_form_than_asked_for_is_no_answer(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(stream(piece(" return", "stop") + b"data: [DONE]\n\n"))
    assert ask(start_wired().port, "openai_chat", BODY, path=PATH).status == 502


@pytest.mark.parametrize("upstream", ["messages", "responses"])
def test_elsewhere_there_is_none(start_wired: Start, wire: ScriptedUpstream, upstream: str) -> None:
    reply = ask(start_wired().port, "openai_chat", {**BODY, "model": f"{upstream}/m"}, path=PATH)
    assert reply.status == 400
    assert "/v1/chat/completions" in reply.json()["error"]["message"]
    assert wire.requests == []


def test_a_completion_needs_a_prompt(start_wired: Start) -> None:
    reply = ask(start_wired().port, "openai_chat", {"model": "chat/code"}, path=PATH)
    assert (reply.status, reply.json()["error"]["param"]) == (400, "prompt")
