"""The events of the simulated Responses service, one by one, and the quirks of those that only look like it."""

from typing import Any

import pytest

TOOLS = [{"type": "function", "name": name, "strict": False} for name in ("f", "g")]


def kinds(events: list[Any]) -> list[str]:
    """Event types without their prefix, repeated deltas once."""
    names = [event["type"].removeprefix("response.") for event in events]
    return [name for at, name in enumerate(names) if at == 0 or name != names[at - 1] or not name.endswith("delta")]


async def test_a_message_from_its_announcement_to_its_end(raw: Any) -> None:
    events = (await raw.responses("citations", stream=True)).events()
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.annotation.added",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    text = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    done = next(event for event in events if event["type"] == "response.output_text.done")
    assert done["text"] == text
    assert (events[2]["item"]["status"], events[2]["item"]["content"]) == ("in_progress", [])
    assert all(event["item_id"] == events[2]["item"]["id"] for event in events if "content_index" in event)
    assert all(event["logprobs"] == [] for event in events if event["type"] == "response.output_text.delta")


async def test_reasoning_then_parallel_calls(raw: Any) -> None:
    answer = await raw.responses("tools+thinking", stream=True, tools=TOOLS, include=["reasoning.encrypted_content"])
    events = answer.events()
    call = [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
    ]
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        *call,
        *call,
        "completed",
    ]
    announced = next(event["item"] for event in events if event["type"] == "response.output_item.added")
    done = next(event["item"] for event in events if event["type"] == "response.output_item.done")
    assert announced["encrypted_content"] != done["encrypted_content"]
    assert answer.body.startswith(b"event: response.created\ndata: {")


async def test_hidden_reasoning_open_weights_refusals_and_custom_tools(raw: Any) -> None:
    hidden = (await raw.responses("o3-mini", stream=True)).events()
    assert kinds(hidden)[2:4] == ["output_item.added", "output_item.done"]
    open_weights = (await raw.responses("host-x+thinking", stream=True)).events()
    assert kinds(open_weights)[3:7] == [
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
    ]
    refused = (await raw.responses("refusal", stream=True)).events()
    assert kinds(refused)[3:7] == ["content_part.added", "refusal.delta", "refusal.done", "content_part.done"]
    custom = (await raw.responses("tools", stream=True, tools=[{"type": "custom", "name": "c"}])).events()
    assert kinds(custom)[3:5] == ["custom_tool_call_input.delta", "custom_tool_call_input.done"]


async def test_obfuscation_unless_declined(raw: Any) -> None:
    def hidden(events: list[Any]) -> list[bool]:
        return ["obfuscation" in event for event in events if event["type"].endswith(".delta")]

    assert set(hidden((await raw.responses("echo", stream=True)).events())) == {True}
    declined = await raw.responses("echo", stream=True, stream_options={"include_obfuscation": False})
    assert set(hidden(declined.events())) == {False}


@pytest.mark.parametrize(
    ("quirk", "missing"),
    [
        ("no-done", "response.completed"),
        ("no-start", "response.created"),
        ("no-deltas", "response.output_text.delta"),
        ("no-items", "response.output_item.done"),
    ],
)
async def test_missing_events(raw: Any, quirk: str, missing: str) -> None:
    plain = (await raw.responses("echo", stream=True)).events()
    events = (await raw.responses(f"echo+{quirk}", stream=True)).events()
    assert missing in [event["type"] for event in plain]
    assert missing not in [event["type"] for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


async def test_odd_events(raw: Any) -> None:
    async def events(quirk: str) -> list[Any]:
        answer = await raw.responses(f"tools+{quirk}", stream=True, tools=TOOLS)
        found: list[Any] = answer.events()
        return found

    assert not any("sequence_number" in event for event in await events("no-numbers"))
    assert kinds(await events("only-terminal")) == ["created", "completed"]
    assert (await events("bare-terminal"))[-1]["response"]["output"] == []
    assert [item["id"] for item in (await events("other-ids"))[-1]["response"]["output"]] == ["final_0", "final_1"]
    assert (await events("done-appended"))[-1] == "[DONE]"
    assert [event["output_index"] for event in (await events("interleaved"))[2:6]] == [0, 1, 0, 1]
    assert (await events("no-usage"))[-1]["response"]["usage"] is None
    assert "tools" not in (await events("no-settings"))[-1]["response"]
    whole = (await raw.responses("echo+no-settings+no-usage")).json()
    assert "tools" not in whole
    assert whole["usage"] is None


async def test_paths_and_methods(raw: Any) -> None:
    for method, path, status in (
        ("GET", "/v1/responses", 405),
        ("GET", "/v1/responses/resp_none", 404),
        ("DELETE", "/v1/responses/resp_none", 404),
        ("GET", "/v1/responses/resp_none/input_items", 404),
        ("GET", "/v1/responses/input_tokens", 405),
    ):
        assert (await raw.responses_body({}, path, method)).status == status
    made = (await raw.responses("echo")).json()["id"]
    for method, path, status in (
        ("PUT", f"/v1/responses/{made}", 405),
        ("GET", f"/v1/responses/{made}/nothing", 404),
        ("GET", f"/v1/responses/{made}/input_items?limit=0", 400),
        ("GET", f"/v1/responses/{made}?stream=true", 400),
    ):
        assert (await raw.responses_body({}, path, method)).status == status
