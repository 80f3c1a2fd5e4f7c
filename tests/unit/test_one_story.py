"""One story through all pairs of dialects, without a network: hundreds of made-up answers, streamed and whole.

The SDKs hear the same stories in tests/sdk/test_one_story.py; here the bytes are rendered, transcoded and read in one process.
"""

import itertools
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from tests.sdk.stories import joined, stories, told

from fastproxy import _core
from fastproxy.demo.compose import compose
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.service import Service
from fastproxy.demo.sse import Style, dumps
from fastproxy.demo.story import Finish, Story
from fastproxy.demo.wire import HttpRequest

from .demo.said import READ, Said

ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "openai_chat": ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Tell."}]}),
    "openai_responses": ("/v1/responses", {"input": "Tell.", "store": False}),
    "anthropic": ("/v1/messages", {"messages": [{"role": "user", "content": "Tell."}], "max_tokens": 9}),
    "gemini": ("/v1beta/models/{model}:{method}", {"contents": [{"role": "user", "parts": [{"text": "Tell."}]}]}),
    "ollama": ("/api/chat", {"messages": [{"role": "user", "content": "Tell."}]}),
}


def request(dialect: str, model: str, *, stream: bool) -> HttpRequest:
    path, body = ASKED[dialect]
    query = {}
    if dialect == "gemini":
        path = path.format(model=model, method="streamGenerateContent" if stream else "generateContent")
        query = {"alt": "sse"} if stream else {}
    else:
        body = {**body, "model": model, "stream": stream}
    if dialect == "openai_chat" and stream:
        body["stream_options"] = {"include_usage": True}
    headers = (("content-type", "application/json"), ("anthropic-version", "2023-06-01"))
    content = json.dumps(body).encode()
    return HttpRequest(method="POST", target=path, path=path, query=query, headers=headers, body=content)


def rendered(dialect: str, story: Story, *, stream: bool) -> bytes:
    """The story as the simulated service of this dialect would send it."""
    service = Service(b"seed")
    name = service.told.add(story)
    context = Context(vocabulary=service.vocabulary, ids=service.ids, now=time.time(), request_id="req_1")
    speaker = next(known for known in service.dialects if known.name == dialect)
    renderer = speaker.open(request(dialect, name, stream=stream), context)
    assert isinstance(renderer, Renderer)
    composed = compose(renderer.ask, renderer.plan)
    if not stream:
        return dumps(renderer.whole(composed)).encode()
    frames = renderer.frames(composed)
    encoded = (renderer.encode(frame, Style(), at, frame is frames[-1]) for at, frame in enumerate(frames))
    return b"".join(encoded)


def read(dialect: str, body: bytes, *, stream: bool) -> Said:
    whole, streamed = READ[dialect]
    if not stream:
        return whole(json.loads(body))
    lines = body.decode().split("\n")
    payloads = [line.removeprefix("data: ").strip() for line in lines if dialect == "ollama" or line[:6] == "data: "]
    return streamed([payload if payload == "[DONE]" else json.loads(payload) for payload in payloads if payload])


def heard(upstream: str, client: str, story: Story, *, chunk: int | None) -> Said:
    """What a client hears: of a stream that arrives in pieces of `chunk` bytes (0: at once), of a whole answer without."""
    body = rendered(upstream, story, stream=chunk is not None)
    if chunk is None:
        return read(client, _core.transcode_response(upstream, client, body), stream=False)
    return read(client, _core.transcode_stream(upstream, client, body, chunk=chunk), stream=True)


@pytest.mark.timeout(120)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=stories().filter(lambda story: story.finish is not Finish.REFUSAL), chunk=st.integers(0, 40))
@pytest.mark.parametrize("upstream", ASKED)
def test_every_dialect_says_the_same(upstream: str, story: Story, chunk: int) -> None:
    """Words of a refusal are left to the SDKs' test: which field they stand in is what differs there."""
    note(f"{story!a}")
    due = told(story)
    for client, size in itertools.product(ASKED, (chunk, None)):
        said = heard(upstream, client, story, chunk=size)
        got = joined(said.text), joined(said.thought), tuple(said.calls)
        assert got == (due.text, due.thinking, due.calls), f"{upstream} → {client}, pieces of {size}"
