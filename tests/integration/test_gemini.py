"""Gemini's surface over HTTP: the model in the path, streams as events or as one array, errors in Google's form."""

import json
from typing import Any

import pytest

from .client import Reply, ask
from .conftest import Start
from .scripted import Asked, End, ScriptedUpstream, Step, always, answer, chunk, stream, stream_head, well_behaved

BODY = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
FIRST: dict[str, Any] = {
    "candidates": [{"content": {"parts": [{"text": "hel"}], "role": "model"}, "index": 0}], "modelVersion": "served",
}  # fmt: skip
LAST: dict[str, Any] = {
    "candidates": [{"content": {"parts": [{"text": "lo"}], "role": "model"}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": USAGE, "modelVersion": "served",
}  # fmt: skip
GEMINI = """
[[upstreams]]
name = "google"
dialect = "gemini"
base_url = "{base}"
accounts = [{{ name = "a", key = "sk-test-google" }}]
max_cooldown = 0
timeouts = {{ idle = 0.3 }}
"""


def events(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: %s\r\n\r\n" % json.dumps(one).encode() for one in chunks)


def google(asked: Asked) -> list[Step]:
    """A Gemini upstream that behaves; every other path is another dialect's."""
    if ":streamGenerateContent" in asked.target:
        return [stream(events(FIRST, LAST))]
    if ":generateContent" in asked.target:
        return [answer({**LAST, "responseId": "r1"})]
    if ":countTokens" in asked.target:
        return [answer({"totalTokens": 42})]
    return well_behaved(asked)


@pytest.fixture
def port(start_wired: Start, wire: ScriptedUpstream) -> int:
    wire.script = google
    return start_wired(models=GEMINI.format(base=f"http://127.0.0.1:{wire.port}")).port


def generate(port: int, model: str, method: str = "generateContent", body: Any = BODY, query: str = "") -> Reply:
    return ask(port, "gemini", body, path=f"/v1beta/models/{model}:{method}{query}")


def texts(chunks: list[dict[str, Any]]) -> str:
    parts = [part for one in chunks for part in one["candidates"][0]["content"]["parts"]]
    return "".join(part["text"] for part in parts)


def of_events(reply: Reply) -> list[dict[str, Any]]:
    frames = reply.text().replace("\r\n", "\n").split("\n\n")
    return [json.loads(frame.removeprefix("data: ")) for frame in frames if frame]


def test_a_request_reaches_an_upstream_of_its_dialect(port: int, wire: ScriptedUpstream) -> None:
    reply = generate(port, "google/gemini-3-pro")
    assert reply.status == 200
    assert reply.json() == {**LAST, "responseId": "r1", "modelVersion": "google/gemini-3-pro"}
    asked = wire.requests[0]
    assert (asked.target, asked.json()) == ("/v1beta/models/gemini-3-pro:generateContent", BODY)
    assert asked.header("x-goog-api-key") == "sk-test-google"
    assert asked.header("authorization") is None


@pytest.mark.parametrize("upstream", ["google", "chat", "messages", "responses"])
def test_streams_are_events_or_one_array(port: int, wire: ScriptedUpstream, upstream: str) -> None:
    as_events = generate(port, f"{upstream}/m", "streamGenerateContent", query="?alt=sse")
    assert as_events.headers["content-type"].startswith("text/event-stream")
    as_array = generate(port, f"{upstream}/m", "streamGenerateContent")
    assert as_array.headers["content-type"].startswith("application/json")
    for chunks in (of_events(as_events), as_array.json()):
        assert texts(chunks) == "hello"
        assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
        assert chunks[-1]["modelVersion"] == f"{upstream}/m"
    if upstream == "google":
        assert {asked.target for asked in wire.requests} == {"/v1beta/models/m:streamGenerateContent?alt=sse"}


@pytest.mark.parametrize("upstream", ["chat", "messages", "responses"])
def test_a_whole_answer_of_every_dialect(port: int, upstream: str) -> None:
    body = generate(port, f"{upstream}/m").json()
    assert texts([body]) == "hello"
    assert body["usageMetadata"]["totalTokenCount"] == 5


@pytest.mark.parametrize("stream_wanted", [False, True])
@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic", "openai_responses"])
def test_clients_of_other_dialects_reach_it(
    port: int, wire: ScriptedUpstream, dialect: str, stream_wanted: bool
) -> None:
    turn = [{"role": "user", "content": "hello"}]
    body = {"model": "google/tuned model/1", "stream": stream_wanted, "max_tokens": 9, "messages": turn}
    if dialect == "openai_responses":
        body = {"model": "google/tuned model/1", "stream": stream_wanted, "input": turn}
    reply = ask(port, dialect, body)
    assert reply.status == 200
    assert not reply.is_cut
    pieces = ("hel", "lo") if stream_wanted else ("lo",)
    assert all(f'"{piece}"' in reply.text() for piece in pieces)
    method = "streamGenerateContent?alt=sse" if stream_wanted else "generateContent"
    asked = wire.requests[0]
    assert asked.target == f"/v1beta/models/tuned%20model%2F1:{method}"
    assert set(asked.json()) <= {"contents", "generationConfig"}


@pytest.mark.parametrize("alt", ["", "?alt=sse"])
def test_half_a_stream_ends_with_an_error_and_a_cut(port: int, wire: ScriptedUpstream, alt: str) -> None:
    wire.script = always(stream_head() + chunk(events(FIRST)), End.HOLD)
    reply = generate(port, "google/m", "streamGenerateContent", query=alt)
    assert (reply.status, reply.is_cut) == (200, True)
    chunks = of_events(reply) if alt else reply.json()
    assert texts(chunks[:1]) == "hel"
    assert chunks[-1]["error"]["code"] == 504


def test_an_end_without_a_reason_is_no_answer(port: int, wire: ScriptedUpstream) -> None:
    wire.script = always(stream(events(FIRST)))
    reply = generate(port, "google/m", "streamGenerateContent")
    assert (reply.status, reply.json()["error"]["status"]) == (502, "UNAVAILABLE")


def test_an_upstreams_error_keeps_its_class_and_its_delay(port: int, wire: ScriptedUpstream) -> None:
    delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
    error = {"code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED", "details": [delay]}
    wire.script = always(answer([{"error": error}], status=429))
    reply = generate(port, "google/m", "streamGenerateContent")
    assert reply.status == 429
    told = reply.json()["error"]
    assert (told["code"], told["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert int(reply.headers["retry-after"]) >= 7
    assert any("retryDelay" in detail for detail in told["details"])


@pytest.mark.parametrize(
    ("path", "method", "body", "status", "word"),
    [
        ("/v1beta/models/google/m:generateContent", "POST", b"{", 400, "INVALID_ARGUMENT"),
        ("/v1beta/models/google/m:generateContent", "POST", b'{"contents":[]}', 400, "INVALID_ARGUMENT"),
        ("/v1/models/nowhere-at-all:generateContent", "POST", b"{}", 404, "NOT_FOUND"),
        ("/v1beta/models/google/m:generateContent", "PUT", b"{}", 405, "NOT_FOUND"),
        ("/v1beta/models/google/m:doSomething", "POST", b"{}", 404, "NOT_FOUND"),
    ],
)
def test_mistakes_are_told_in_googles_form(
    port: int, path: str, method: str, body: bytes, status: int, word: str
) -> None:
    reply = ask(port, "gemini", body, path=path, method=method)
    assert reply.status == status
    error = reply.json()["error"]
    assert (error["code"], error["status"]) == (status, word)


def test_tokens_are_counted_by_the_upstream_or_here(port: int, wire: ScriptedUpstream) -> None:
    assert generate(port, "google/m", "countTokens").json() == {"totalTokens": 42}
    assert (wire.requests[0].target, wire.requests[0].json()) == ("/v1beta/models/m:countTokens", BODY)
    wrapped = {"generateContentRequest": {"model": "models/google/m", **BODY}}
    assert generate(port, "google/m", "countTokens", wrapped).json() == {"totalTokens": 42}
    assert wire.requests[1].json()["generateContentRequest"]["model"] == "models/m"
    assert 1 <= generate(port, "chat/m", "countTokens").json()["totalTokens"] < 20


def test_another_dialects_count_is_a_whole_request(port: int, wire: ScriptedUpstream) -> None:
    body = {"model": "google/m", "messages": [{"role": "user", "content": "hi"}], "system": "Be short."}
    reply = ask(port, "anthropic", body, path="/v1/messages/count_tokens")
    assert reply.json() == {"input_tokens": 42}
    asked = wire.requests[0].json()["generateContentRequest"]
    assert asked["model"] == "models/m"
    assert asked["systemInstruction"] == {"parts": [{"text": "Be short."}]}


@pytest.mark.parametrize(
    ("base", "target"),
    [
        ("/v1beta", "/v1beta/models/m:generateContent"),
        ("/v1/", "/v1/models/m:generateContent"),
        (
            "/v1/projects/p/locations/l/publishers/google",
            "/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
        ),
        ("/gateway/v1/google", "/gateway/v1/google/v1beta/models/m:generateContent"),
    ],
)
def test_a_base_url_may_hold_the_version(start_wired: Start, wire: ScriptedUpstream, base: str, target: str) -> None:
    wire.script = google
    port = start_wired(models=GEMINI.format(base=f"http://127.0.0.1:{wire.port}{base}")).port
    assert generate(port, "google/m").status == 200
    assert wire.requests[0].target == target


@pytest.mark.parametrize(
    "prefix", ["/v1beta", "/v1", "/gemini/v1beta", "/gemini", "/v1beta1/projects/p/locations/l/publishers/google"]
)
def test_every_base_url_of_a_client(port: int, prefix: str) -> None:
    assert ask(port, "gemini", BODY, path=f"{prefix}/models/google/m:generateContent").status == 200


def test_a_key_is_found_where_google_has_it(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = google
    key = "sk-test-client-key-0123456789"
    sections = f'[[keys]]\nname = "dev"\nkey = "{key}"\n'
    port = start_wired(sections=sections, models=GEMINI.format(base=f"http://127.0.0.1:{wire.port}")).port
    path = "/v1beta/models/google/m:generateContent"
    assert ask(port, "gemini", BODY, path=f"{path}?key={key}").status == 200
    assert ask(port, "gemini", BODY, path=path, headers={"x-goog-api-key": key}).status == 200
    refused = ask(port, "gemini", BODY, path=path)
    assert (refused.status, refused.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert all(key not in str(asked) for asked in wire.requests)
