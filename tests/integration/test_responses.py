"""OpenAI Responses over HTTP: answers that are kept, by whom, and what continues them."""

from collections.abc import Callable
from typing import Any

import pytest

from .client import Reply, Stream, ask
from .conftest import Start
from .scripted import (
    Asked,
    End,
    ScriptedUpstream,
    Step,
    always,
    answer,
    chunk,
    opening_events,
    stream_head,
    text_answer,
    well_behaved,
)

KEYS = """
[[keys]]
name = "one"
key = "sk-test-client-one-0123456789"

[[keys]]
name = "two"
key = "sk-test-client-two-0123456789"
"""
ONE = {"authorization": "Bearer sk-test-client-one-0123456789"}
TWO = {"authorization": "Bearer sk-test-client-two-0123456789"}
ELSEWHERE = ["chat", "messages"]

Kept = Callable[..., Reply]


def create(port: int, upstream: str, text: str = "hello", *, headers: dict[str, str] | None = None, **more: Any) -> Any:
    reply = ask(port, "openai_responses", {"model": f"{upstream}/m", "input": text, **more}, headers=headers)
    assert reply.status == 200, reply.body
    return reply.json()


def kept(port: int, id: str, below: str = "", *, method: str = "GET", headers: dict[str, str] | None = None) -> Reply:
    return ask(port, "openai_responses", path=f"/v1/responses/{id}{below}", method=method, headers=headers)


def streamed(port: int, upstream: str, **more: Any) -> str:
    """The id of an answer that came as a stream."""
    with Stream(port, "openai_responses", {"model": f"{upstream}/m", "input": "hello", "stream": True, **more}) as peer:
        received = peer.read_all()
    assert b"event: response.completed" in received
    return received.partition(b'"id":"')[2].partition(b'"')[0].decode()


@pytest.mark.parametrize("upstream", ELSEWHERE)
@pytest.mark.parametrize("is_stream", [False, True])
def test_an_answer_is_kept_and_shown(start_wired: Start, upstream: str, is_stream: bool) -> None:
    port = start_wired().port
    id = streamed(port, upstream) if is_stream else create(port, upstream)["id"]
    shown = kept(port, id)
    assert shown.status == 200
    body = shown.json()
    assert (body["id"], body["status"], body["model"]) == (id, "completed", f"{upstream}/m")
    assert body["output"][0]["content"][0]["text"] == "hello"
    if not is_stream:
        assert body["usage"]["total_tokens"] == 5
    items = kept(port, id, "/input_items").json()
    assert [item["content"][0]["text"] for item in items["data"]] == ["hello"]
    assert kept(port, id, method="DELETE").json() == {"id": id, "object": "response", "deleted": True}
    gone = kept(port, id)
    assert (gone.status, gone.json()["error"]["code"]) == (404, "response_not_found")


@pytest.mark.parametrize("upstream", ELSEWHERE)
def test_a_conversation_goes_on_where_it_was(start_wired: Start, wire: ScriptedUpstream, upstream: str) -> None:
    port = start_wired().port
    first = streamed(port, upstream)
    second = create(port, upstream, "and then?", previous_response_id=first)
    assert second["previous_response_id"] == first
    create(port, upstream, "at last?", previous_response_id=second["id"])
    turns = [turn["role"] for turn in wire.requests[-1].json()["messages"]]
    assert turns == ["user", "assistant", "user", "assistant", "user"]
    items = kept(port, second["id"], "/input_items?order=asc&limit=2").json()
    assert [item["role"] for item in items["data"]] == ["user", "assistant"]
    assert items["has_more"] is True
    rest = kept(port, second["id"], f"/input_items?order=asc&after={items['last_id']}").json()
    assert ([item["role"] for item in rest["data"]], rest["has_more"]) == (["user"], False)


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "order=up", "after=nothing"])
def test_a_page_that_cannot_be_is_refused(start_wired: Start, query: str) -> None:
    port = start_wired().port
    reply = kept(port, create(port, "chat")["id"], f"/input_items?{query}")
    assert (reply.status, reply.json()["error"]["type"]) == (400, "invalid_request_error")


def test_what_is_not_to_be_kept_is_not(start_wired: Start) -> None:
    port = start_wired().port
    id = create(port, "chat", store=False)["id"]
    assert kept(port, id).status == 404


@pytest.mark.parametrize("upstream", ELSEWHERE)
def test_an_answer_that_broke_off_is_not_kept(start_wired: Start, wire: ScriptedUpstream, upstream: str) -> None:
    port = start_wired().port
    wire.script = lambda asked: [stream_head(), chunk(opening_events(asked.dialect)), End.FIN]
    with Stream(port, "openai_responses", {"model": f"{upstream}/m", "input": "hello", "stream": True}) as peer:
        received = peer.read_all()
    assert b"event: response.failed" in received
    id = received.partition(b'"id":"')[2].partition(b'"')[0].decode()
    assert kept(port, id).status == 404


@pytest.mark.parametrize("upstream", [*ELSEWHERE, "responses"])
def test_one_key_never_sees_anothers_answers(start_wired: Start, wire: ScriptedUpstream, upstream: str) -> None:
    port = start_wired(sections=KEYS).port
    wire.script = relaying if upstream == "responses" else well_behaved
    id = create(port, upstream, headers=ONE)["id"]
    before = len(wire.requests)
    for below, method in (("", "GET"), ("/input_items", "GET"), ("", "DELETE")):
        assert kept(port, id, below, method=method, headers=TWO).status == 404
    body = {"model": f"{upstream}/m", "input": "and?", "previous_response_id": id}
    stolen = ask(port, "openai_responses", body, headers=TWO)
    assert (stolen.status, stolen.json()["error"]["code"]) == (400, "previous_response_not_found")
    assert len(wire.requests) == before
    assert kept(port, id).status == 401
    assert kept(port, id, headers=ONE).status == 200


def test_an_unknown_previous_response_is_told_as_the_vendor_tells_it(start_wired: Start) -> None:
    body = {"model": "chat/m", "input": "and?", "previous_response_id": "resp_nothing"}
    reply = ask(start_wired().port, "openai_responses", body)
    error = reply.json()["error"]
    assert (reply.status, error["code"], error["param"]) == (
        400,
        "previous_response_not_found",
        "previous_response_id",
    )


def relaying(asked: Asked) -> list[Step]:
    """An upstream that keeps its answers itself."""
    if asked.method == "GET" and "input_items" in asked.target:
        return [answer({"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None})]
    if asked.method == "DELETE":
        return [answer({"id": "resp_1", "object": "response", "deleted": True})]
    return [answer(text_answer("openai_responses"))]


ACCOUNTS = '[{ name = "a", key = "sk-test-upstream-a" }, { name = "b", key = "sk-test-upstream-b" }]'


def test_what_the_upstream_keeps_is_asked_of_the_account_that_knows_it(
    start_wired: Start, wire: ScriptedUpstream
) -> None:
    port = start_wired(accounts=ACCOUNTS).port
    wire.script = relaying
    id = create(port, "responses")["id"]
    knows = wire.requests[0].header("authorization")
    for _ in range(4):
        create(port, "responses", "go on", previous_response_id=id)
    assert kept(port, id).json()["model"] == "responses/m"
    assert kept(port, id, "/input_items?limit=5&key=nothing&order=asc").json()["object"] == "list"
    assert wire.requests[-1].target == "/v1/responses/resp_1/input_items?limit=5&order=asc"
    assert kept(port, id, method="DELETE").json()["deleted"] is True
    assert {asked.header("authorization") for asked in wire.requests} == {knows}
    assert kept(port, id).status == 404


def test_an_answer_cannot_go_on_at_another_upstream(start_wired: Start, wire: ScriptedUpstream) -> None:
    port = start_wired().port
    wire.script = relaying
    id = create(port, "responses")["id"]
    reply = ask(port, "openai_responses", {"model": "chat/m", "input": "and?", "previous_response_id": id})
    assert (reply.status, reply.json()["error"]["code"]) == (400, "previous_response_not_found")


def test_an_upstream_that_forgot_is_told(start_wired: Start, wire: ScriptedUpstream) -> None:
    port = start_wired().port
    id = create(port, "responses")["id"]
    error = {"error": {"message": "gone", "type": "invalid_request_error", "param": None, "code": None}}
    wire.script = always(answer(error, status=404))
    assert kept(port, id).status == 404
    wire.script = always(answer({"error": {"message": "bad key sk-test-upstream"}}, status=401))
    refused = kept(port, id)
    assert refused.status == 502
    assert "sk-test-upstream" not in refused.text()
    wire.script = always(answer(b"<html>"))
    assert kept(port, id).status == 502


def test_a_kept_answer_is_not_streamed_again(start_wired: Start) -> None:
    port = start_wired().port
    id = create(port, "chat")["id"]
    reply = kept(port, id, "?stream=true&starting_after=3")
    assert (reply.status, reply.json()["error"]["param"]) == (400, "stream")


def test_nothing_runs_in_the_background(start_wired: Start, wire: ScriptedUpstream) -> None:
    port = start_wired().port
    for upstream in ("chat", "responses"):
        body = {"model": f"{upstream}/m", "input": "hi", "background": True}
        assert ask(port, "openai_responses", body).status == 400
    assert wire.requests == []
    reply = kept(port, "resp_1", "/cancel", method="POST")
    assert (reply.status, "background" in reply.json()["error"]["message"]) == (400, True)


def test_a_websocket_is_refused_so_that_http_is_used(start_wired: Start) -> None:
    port = start_wired().port
    headers = {
        "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }  # fmt: skip
    reply = ask(port, "openai_responses", method="GET", path="/v1/responses", headers=headers)
    assert (reply.status, reply.json()["error"]["code"]) == (426, "websocket_not_supported")
    plain = ask(port, "openai_responses", method="GET", path="/v1/responses")
    assert (plain.status, plain.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/responses", "/openai/v1/responses", "/openai/responses", "/v1/v1/responses"])
def test_bases_that_people_configure_work(start_wired: Start, path: str) -> None:
    reply = ask(start_wired().port, "openai_responses", {"model": "chat/m", "input": "hi"}, path=path)
    assert reply.json()["object"] == "response"


def test_room_for_no_answers_keeps_none(start_wired: Start) -> None:
    port = start_wired(sections="[responses]\nentries = 0").port
    assert kept(port, create(port, "chat")["id"]).status == 404
