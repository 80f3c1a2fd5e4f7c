"""What holds on every surface, not on chats alone: a key's limits, the row of what it used, the account that serves."""

from pathlib import Path
from typing import Any

import pytest

from .client import Reply, ask
from .conftest import Start
from .kept import usage_of, wait_for_usage
from .scripted import Asked, ScriptedUpstream, Step, always, answer, text_answer

SECRET = "sk-test-client-key-0123456789"
KEY = {"x-api-key": SECRET}
PRICE = '[[prices]]\nmodel = "*"\ninput = 1.0\noutput = 10.0\n'
ACCOUNTS = '[{ name = "a", key = "sk-test-upstream-a" }, { name = "b", key = "sk-test-upstream-b" }]'
MESSAGES = [{"role": "user", "content": "hello"}]
TURNS = [{"role": "user", "parts": [{"text": "hello"}]}]
IMAGES = ("/v1/images/generations", {"model": "chat/painter", "prompt": "a cat"})
EMBED = ("/v1/embeddings", {"model": "chat/vectors", "input": "words"})
COUNT = ("/v1/responses/input_tokens", {"model": "responses/m", "input": "words"})
VECTORS = {
    "object": "list", "model": "served", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
    "usage": {"prompt_tokens": 4, "total_tokens": 4},
}  # fmt: skip
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"model": "chat/m", "messages": MESSAGES}),
    ("/v1/completions", {"model": "chat/m", "prompt": "hello"}),
    ("/v1/messages", {"model": "chat/m", "max_tokens": 10, "messages": MESSAGES}),
    ("/v1/messages/count_tokens", {"model": "chat/m", "messages": MESSAGES}),
    ("/v1/responses", {"model": "chat/m", "input": "hello"}),
    ("/v1/responses/compact", {"model": "responses/m", "input": MESSAGES}),
    ("/v1beta/models/chat%2Fm:generateContent", {"contents": TURNS}),
    ("/v1beta/models/chat%2Fm:countTokens", {"contents": TURNS}),
    ("/v1beta/models/chat%2Fm:embedContent", {"content": {"parts": [{"text": "hello"}]}}),
    ("/api/chat", {"model": "chat/m", "messages": MESSAGES}),
    ("/api/generate", {"model": "chat/m", "prompt": "hello"}),
    ("/api/embed", {"model": "chat/m", "input": "hello"}),
    EMBED,
    COUNT,
    IMAGES,
]


def key(terms: str) -> str:
    return f'{PRICE}\n[[keys]]\nname = "dev"\nkey = "{SECRET}"\n{terms}\n'


def send(port: int, path: str, body: object = b"", *, method: str = "POST", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(port, "openai_chat", body, path=path, method=method, headers={**KEY, **named})


@pytest.mark.parametrize(("path", "body"), ASKED, ids=[path for path, _ in ASKED])
def test_a_limit_of_requests_holds(start_wired: Start, wire: ScriptedUpstream, path: str, body: dict[str, Any]) -> None:
    port = start_wired(sections=key("requests_per_minute = 1")).port
    assert send(port, path, body).status != 429
    reached = len(wire.requests)
    refused = send(port, path, body)
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert len(wire.requests) == reached


def test_kept_answers_count_against_the_limit(start_wired: Start) -> None:
    port = start_wired(sections=key("requests_per_minute = 2")).port
    id = send(port, "/v1/responses", {"model": "chat/m", "input": "hello"}).json()["id"]
    statuses = [send(port, f"/v1/responses/{id}", method="GET").status for _ in range(2)]
    assert statuses == [200, 429]


@pytest.mark.parametrize(("path", "body"), [EMBED, COUNT, IMAGES])
def test_a_key_for_other_upstreams_is_refused(
    start_wired: Start, wire: ScriptedUpstream, path: str, body: dict[str, Any]
) -> None:
    port = start_wired(sections=key('upstreams = ["messages"]')).port
    assert send(port, path, body).status == 403
    assert wire.requests == []


@pytest.mark.parametrize(("path", "body"), [EMBED, COUNT, IMAGES])
def test_slots_come_back(start_wired: Start, wire: ScriptedUpstream, path: str, body: dict[str, Any]) -> None:
    port = start_wired(
        sections=key("concurrency = 1"),
        accounts='[{ name = "a", key = "sk-test-upstream", max_in_flight = 1 }]',
    ).port
    wire.script = always(answer(VECTORS))
    assert [send(port, path, body).status for _ in range(4)] == [200] * 4


def test_vectors_are_billed_by_their_texts(start_wired: Start, wire: ScriptedUpstream, tmp_path: Path) -> None:
    wire.script = always(answer(VECTORS))
    port = start_wired(sections=key("")).port
    assert send(port, *EMBED).status == 200
    [row] = wait_for_usage(tmp_path, bool)
    assert (row["key"], row["model"], row["status"]) == ("dev", "vectors", "ok")
    assert (row["input"], row["output"] or 0, row["cost_nano_usd"]) == (4, 0, 4000)


def test_a_count_is_free(start_wired: Start, wire: ScriptedUpstream, tmp_path: Path) -> None:
    wire.script = always(answer({"input_tokens": 77}))
    port = start_wired(sections=key("")).port
    assert send(port, *COUNT).json()["input_tokens"] == 77
    [row] = wait_for_usage(tmp_path, bool)
    assert (row["upstream"], row["account"], row["status"]) == ("responses", "a", "ok")
    assert (row["input"], row["output"], row["cost_nano_usd"]) == (0, 0, 0)


def test_what_is_passed_on_has_a_row_without_numbers(
    start_wired: Start, wire: ScriptedUpstream, tmp_path: Path
) -> None:
    wire.script = always(answer({"data": []}))
    port = start_wired(sections=key("")).port
    assert send(port, *IMAGES).status == 200
    wire.script = always(answer({"error": {"message": "no such size"}}, status=400))
    assert send(port, *IMAGES).status == 400
    rows = wait_for_usage(tmp_path, lambda rows: len(rows) == 2)
    assert sorted(row["status"] for row in rows) == ["error", "ok"]
    for row in rows:
        assert (row["model_asked"], row["model"], row["upstream"]) == ("chat/painter", "painter", "chat")
        assert (row["input"], row["output"], row["cost_nano_usd"]) == (None, None, None)


@pytest.mark.parametrize(("unpriced", "status"), [("refuse", 403), ("allow", 200)])
def test_what_cannot_be_priced_is_not_for_keys_with_a_budget(
    start_wired: Start, wire: ScriptedUpstream, tmp_path: Path, unpriced: str, status: int
) -> None:
    wire.script = always(answer({"data": []}))
    budget = key('budgets = [{ period = "day", usd = 1.0 }]')
    port = start_wired(sections=f'[access]\nunpriced = "{unpriced}"\n{budget}').port
    assert send(port, *IMAGES).status == status
    if status == 403:
        assert wire.requests == []
        assert usage_of(tmp_path) == []


def keeping(asked: Asked) -> list[Step]:
    """An upstream that keeps its answers itself."""
    return [answer(text_answer("openai_responses"))]


def test_a_kept_answer_goes_on_at_its_account_alone(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = keeping
    port = start_wired(sections=key("pin_accounts = true"), accounts=ACCOUNTS).port
    first = send(port, "/v1/responses", {"model": "responses/m", "input": "hello"})
    account = first.headers["x-fastproxy-account"]
    other = "b" if account == "a" else "a"
    more = {"model": "responses/m", "input": "and?", "previous_response_id": first.json()["id"]}
    assert send(port, "/v1/responses", more).headers["x-fastproxy-account"] == account
    assert send(port, "/v1/responses", more, x_fastproxy_account=account).status == 200
    elsewhere = send(port, "/v1/responses", more, x_fastproxy_account=other)
    assert (elsewhere.status, elsewhere.json()["error"]["code"]) == (400, "previous_response_not_found")


def test_what_is_passed_on_goes_to_the_account_that_is_asked_for(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(answer({"data": []}))
    port = start_wired(sections=key("pin_accounts = true"), accounts=ACCOUNTS).port
    for account in ("b", "a", "b"):
        assert send(port, *IMAGES, x_fastproxy_account=account).status == 200
        assert wire.requests[-1].header("authorization") == f"Bearer sk-test-upstream-{account}"


def test_the_default_model_is_for_every_surface(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(answer(VECTORS))
    port = start_wired(sections=key('default_model = "chat/m"')).port
    for path, body in (EMBED, IMAGES, ("/api/embed", {"model": "default:latest", "input": "hello"})):
        named = body if "latest" in str(body) else {**body, "model": "default"}
        assert send(port, path, named).status == 200
        assert wire.requests[-1].json()["model"] == "m"
