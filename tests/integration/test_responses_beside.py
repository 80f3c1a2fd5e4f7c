"""What stands beside answers: token counts and compaction."""

from typing import Any

import pytest

from .client import ask
from .conftest import Start
from .scripted import ScriptedUpstream, always, answer

COUNT = "/v1/responses/input_tokens"
COMPACT = "/v1/responses/compact"
TURN = {"role": "user", "content": "count these few words"}


def body(upstream: str, **more: Any) -> dict[str, Any]:
    return {"model": f"{upstream}/m", "input": [TURN], **more}


@pytest.mark.parametrize(("upstream", "path"), [("messages", "/v1/messages/count_tokens"), ("responses", COUNT)])
def test_tokens_are_counted_by_who_can(start_wired: Start, wire: ScriptedUpstream, upstream: str, path: str) -> None:
    wire.script = always(answer({"object": "response.input_tokens", "input_tokens": 77}))
    reply = ask(start_wired().port, "openai_responses", body(upstream, max_output_tokens=5), path=COUNT)
    assert reply.json() == {"object": "response.input_tokens", "input_tokens": 77}
    assert wire.requests[0].target == path
    if upstream == "messages":
        assert set(wire.requests[0].json()) == {"model", "messages"}, "the API refuses what is no part of the prompt"


def test_a_count_asked_in_another_dialect_holds_only_the_prompt(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(answer({"object": "response.input_tokens", "input_tokens": 78}))
    asked = {"model": "responses/m", "messages": [TURN], "system": "Be short."}
    reply = ask(start_wired().port, "anthropic", asked, path="/v1/messages/count_tokens")
    assert reply.json() == {"input_tokens": 78}
    assert set(wire.requests[0].json()) <= {"model", "input", "instructions"}


@pytest.mark.parametrize("broken", [{"input_tokens": -1}, {"input_tokens": True}, {}, [], b"<html>"])
def test_what_is_no_count_is_estimated_instead(start_wired: Start, wire: ScriptedUpstream, broken: Any) -> None:
    wire.script = always(answer(broken))
    reply = ask(start_wired().port, "openai_responses", body("responses"), path=COUNT)
    assert reply.json()["object"] == "response.input_tokens"
    assert 4 <= reply.json()["input_tokens"] <= 30


def test_an_upstream_that_cannot_count_is_not_asked(start_wired: Start, wire: ScriptedUpstream) -> None:
    reply = ask(start_wired().port, "openai_responses", body("chat"), path=COUNT)
    assert 4 <= reply.json()["input_tokens"] <= 30
    assert wire.requests == []


COMPACTION = {
    "id": "resp_c", "object": "response.compaction", "created_at": 1,
    "output": [{"id": "cmp_1", "type": "compaction", "encrypted_content": "gAAAA"}],
    "usage": {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11},
}  # fmt: skip


def test_a_conversation_is_compacted_by_its_vendor(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(answer(COMPACTION))
    reply = ask(start_wired().port, "openai_responses", body("responses"), path=COMPACT)
    assert reply.json() == COMPACTION
    assert (wire.requests[0].target, wire.requests[0].json()) == (COMPACT, {"model": "m", "input": [TURN]})


@pytest.mark.parametrize("upstream", ["chat", "messages"])
def test_nobody_else_can_compact(start_wired: Start, wire: ScriptedUpstream, upstream: str) -> None:
    reply = ask(start_wired().port, "openai_responses", body(upstream), path=COMPACT)
    assert reply.status == 400
    assert "compact" in reply.json()["error"]["message"]
    assert wire.requests == []


def test_a_compaction_is_not_streamed(start_wired: Start, wire: ScriptedUpstream) -> None:
    reply = ask(start_wired().port, "openai_responses", body("responses", stream=True), path=COMPACT)
    assert (reply.status, reply.json()["error"]["param"]) == (400, "stream")
    assert wire.requests == []
