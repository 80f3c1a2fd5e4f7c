"""Framing variants and quirks of hosts: what stands on the wire, and that the meaning stays where it should."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from anthropic._streaming import SSEDecoder

TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {}}}}},
    {"type": "function", "function": {"name": "g", "parameters": {"type": "object", "properties": {"city": {}}}}},
]
BLOCK_TOOLS: list[Any] = [
    {"name": name, "input_schema": {"type": "object", "properties": {"city": {}}}} for name in ("f", "g")
]
ASKED = {"stream": True, "stream_options": {"include_usage": True}}
TextOf = Callable[[list[Any]], str]


def finishes(events: list[Any]) -> list[Any]:
    return [event["choices"][0]["finish_reason"] for event in events if isinstance(event, dict) and event["choices"]]


def deltas(events: list[Any]) -> list[dict[str, Any]]:
    return [event["choices"][0]["delta"] for event in events if isinstance(event, dict) and event["choices"]]


def fragments(events: list[Any]) -> list[dict[str, Any]]:
    return [fragment for delta in deltas(events) for fragment in delta.get("tool_calls") or ()]


def usages(events: list[Any]) -> list[int | None]:
    """Total tokens where an event counts them, None where it does not."""
    chunks = [event for event in events if isinstance(event, dict)]
    return [(event.get("usage") or {}).get("total_tokens") for event in chunks]


# Framing.


@pytest.mark.parametrize(
    ("word", "sign"),
    [
        ("crlf", b"event: message_start\r\ndata: {"),
        ("cr", b"event: message_start\rdata: {"),
        ("bom", b"\xef\xbb\xbfevent: message_start\n"),
        ("no-space", b"event:message_start\ndata:{"),
        ("comments", b": PROCESSING\n\nevent: message_start\n"),
        ("comments-glued", b": keep-alive\nevent: message_start\n"),
        ("multi-line", b'data: {\ndata:  "type": "message_start",\n'),
        ("name-last", b"\nevent: message_start\n\n"),
        ("ids", b"id: 0\nevent: message_start\n"),
        ("retry", b"retry: 3000\n\nevent: message_start\n"),
        ("blank-extra", b"\n\n\nevent: "),
    ],
)
async def test_framing_shows_on_the_wire_and_reads_the_same(raw: Any, word: str, sign: bytes) -> None:
    plain = await raw.messages("unicode", stream=True)
    framed = await raw.messages(f"unicode+{word}", stream=True)
    assert sign in framed.body
    assert sign not in plain.body
    assert _kinds_and_texts(framed.body.removeprefix(b"\xef\xbb\xbf")) == _kinds_and_texts(plain.body)


def _kinds_and_texts(body: bytes) -> list[tuple[str | None, str]]:
    events = list(SSEDecoder().iter_bytes(iter([body])))
    return [(event.event, json.loads(event.data).get("delta", {}).get("text", "")) for event in events if event.data]


async def test_last_event_without_its_blank_line(raw: Any) -> None:
    assert (await raw.chat("echo+no-last-blank", stream=True)).body.endswith(b"\n\ndata: [DONE]")


async def test_no_names(raw: Any) -> None:
    assert b"event:" not in (await raw.messages("echo+no-names", stream=True)).body


async def test_payloads_that_are_broken_once(raw: Any) -> None:
    for word, sign in (("bad-utf8", b"\xff\xfe"), ("nan", b'"x":NaN'), ("empty-data", b"\n\ndata: \n\n")):
        assert (await raw.chat(f"echo+{word}", stream=True)).body.count(sign) == 1
    broken = (await raw.messages("echo+bad-json", stream=True)).body.split(b"\n\n")
    failures = 0
    for block in broken[:-1]:
        try:
            json.loads(block.split(b"data: ")[1])
        except ValueError:
            failures += 1
    assert failures == 1


async def test_events_after_the_end_and_twice(raw: Any) -> None:
    assert (await raw.chat("echo+after-end", stream=True)).events()[-2:] == ["[DONE]", {"foo": 1}]
    assert (await raw.chat("echo+end-twice", stream=True)).events()[-2:] == ["[DONE]", "[DONE]"]
    assert [event["type"] for event in (await raw.messages("echo+end-twice", stream=True)).events()][-2:] == [
        "message_stop"
    ] * 2


async def test_unknown_fields_and_events(raw: Any) -> None:
    assert all("x_simulated" in event for event in (await raw.messages("echo+unknown-fields", stream=True)).events())
    assert "x_simulated" in (await raw.chat("echo+unknown-fields")).json()
    assert "x_simulated" in [
        event["type"] for event in (await raw.messages("echo+unknown-event", stream=True)).events()
    ]


# Quirks of Chat hosts.


@pytest.mark.parametrize(
    ("word", "places"),
    [
        ("echo", [-1]),
        ("usage-on-finish", [-1]),
        ("usage-twice", [-2, -1]),
        ("usage-unasked", [-1]),
        ("finish-twice", [-1]),
        ("no-usage", []),
    ],
)
async def test_where_usage_stands(raw: Any, text_of: TextOf, word: str, places: list[int]) -> None:
    events = (await raw.chat(f"echo+{word}", **ASKED)).events()
    counted = usages(events)
    total = (await raw.chat("echo")).json()["usage"]["total_tokens"]
    expected: list[int | None] = [None] * len(counted)
    for place in places:
        expected[place] = total
    assert counted == expected
    assert text_of(events) == "hello there my friend"
    assert events[-1] == "[DONE]"


async def test_usage_unasked_and_growing(raw: Any) -> None:
    assert usages((await raw.chat("echo+usage-unasked", stream=True)).events())[-1] is not None
    growing = usages((await raw.chat("echo+usage-every", **ASKED)).events())
    assert None not in growing
    assert growing == sorted(growing, key=lambda count: count or 0)
    assert growing[-1] == (await raw.chat("echo")).json()["usage"]["total_tokens"]


async def test_roles_and_finishes(raw: Any, text_of: TextOf) -> None:
    repeated = (await raw.chat("echo+role-repeats", stream=True)).events()
    assert [delta.get("role") for delta in deltas(repeated)] == ["assistant"] * 5 + [None]
    late = (await raw.chat("echo+role-after-finish", stream=True)).events()
    assert finishes(late)[-2:] == ["stop", None]
    twice = (await raw.chat("echo+finish-twice", stream=True)).events()
    assert finishes(twice)[-2:] == ["stop", "stop"]
    assert set(finishes((await raw.chat("echo+finish-empty", stream=True)).events())[:-1]) == {""}
    assert set(finishes((await raw.chat("echo+no-finish", stream=True)).events())) == {None}
    unended = (await raw.chat("echo+no-done", stream=True)).events()
    assert finishes(unended)[-1] == "stop"
    first = (await raw.chat("echo+first-empty", stream=True)).events()[0]
    assert (first["choices"], first["id"]) == ([], "")
    assert {text_of(events) for events in (repeated, late, twice, unended)} == {"hello there my friend"}


async def test_content_in_other_shapes(raw: Any) -> None:
    listed = (await raw.chat("echo+list-content", stream=True)).events()
    assert deltas(listed)[1]["content"] == [{"type": "text", "text": "hello"}]
    assert (await raw.chat("echo+list-content")).json()["choices"][0]["message"]["content"][0]["type"] == "text"
    nulls = deltas((await raw.chat("echo+null-fields", stream=True)).events())
    assert all({"role", "content", "refusal", "tool_calls"} <= set(delta) for delta in nulls)
    reasoned = (await raw.chat("echo+thinking+reasoning-field")).json()["choices"][0]["message"]
    assert reasoned["reasoning_details"][0]["text"] == reasoned["reasoning"]
    assert "reasoning_content" not in reasoned


async def test_tool_calls_in_other_shapes(raw: Any) -> None:
    async def called(word: str) -> list[dict[str, Any]]:
        return fragments((await raw.chat(f"tools+{word}", stream=True, tools=TOOLS)).events())

    plain = await called("joined")
    whole = await called("whole-call")
    assert [fragment["function"]["arguments"] for fragment in whole] == ['{"city":"Lisbon"}'] * 2
    mixed = await called("interleaved")
    assert [fragment["index"] for fragment in mixed] == [0, 1] * 4
    assert sorted(f"{f['index']}{f['function']['arguments']}" for f in mixed) == sorted(
        f"{f['index']}{f['function']['arguments']}" for f in plain
    )
    assert not any("id" in fragment for fragment in await called("no-ids"))
    assert [fragment["id"] == "" for fragment in await called("blank-ids")] == [False, True, True, True] * 2
    assert {fragment["index"] for fragment in await called("same-index")} == {0}
    assert {fragment["index"] for fragment in await called("index-from-one")} == {1, 2}
    assert not any("index" in fragment for fragment in await called("no-index"))
    repeated = await called("names-repeated")
    assert [fragment["function"]["name"] for fragment in repeated] == ["f"] * 4 + ["g"] * 4
    assert len({fragment["id"] for fragment in repeated}) == 2
    late = await called("late-name")
    assert ["name" in fragment["function"] for fragment in late] == [False, True, False, False] * 2


async def test_stop_with_tools(raw: Any) -> None:
    assert finishes((await raw.chat("tools+stop-with-tools", stream=True, tools=TOOLS)).events())[-1] == "stop"
    whole = (await raw.chat("tools+stop-with-tools", tools=TOOLS)).json()["choices"][0]
    assert (whole["finish_reason"], len(whole["message"]["tool_calls"])) == ("stop", 2)
    message = (await raw.messages("tools+stop-with-tools", tools=BLOCK_TOOLS)).json()
    assert (message["stop_reason"], len(message["content"])) == ("end_turn", 2)


async def test_hosts_are_bundles_of_quirks(raw: Any) -> None:
    router = await raw.chat("host-openrouter+thinking", stream=True)
    assert router.body.startswith(b": PROCESSING\n\n")
    assert any("reasoning" in delta for delta in deltas(router.events()))
    assert b"obfuscation" not in router.body
    groq = await raw.chat("host-groq+tools", stream=True, tools=TOOLS)
    assert len(fragments(groq.events())) == 2
    assert [count is not None for count in usages(groq.events())] == [False, False, False, True, True]
    deepseek = (await raw.chat("deepseek-chat", stream=True)).events()
    assert usages(deepseek)[-1] is not None
    assert finishes(deepseek)[-1] == "stop"


# Quirks of Messages hosts.


def types(events: list[Any]) -> list[str]:
    return [event["type"] for event in events]


async def test_pings_everywhere_first_and_nowhere(raw: Any) -> None:
    assert types((await raw.messages("echo+no-ping", stream=True)).events()).count("ping") == 0
    assert types((await raw.messages("echo+ping-first", stream=True)).events())[0] == "ping"
    many = types((await raw.messages("echo+no-ping+pings", stream=True)).events())
    assert many[1::2] == ["ping"] * (len(many) // 2)
    assert many[-1] == "message_stop"


async def test_missing_and_short_events(raw: Any) -> None:
    for word, missing in (("no-finish", "message_delta"), ("no-done", "message_stop"), ("no-start", "message_start")):
        assert missing not in types((await raw.messages(f"echo+{word}", stream=True)).events())
    unpaid = (await raw.messages("echo+no-usage", stream=True)).events()
    assert "usage" not in unpaid[0]["message"]
    assert all("usage" not in event for event in unpaid)
    assert "usage" not in (await raw.messages("echo+no-usage")).json()
    short = (await raw.messages("echo+usage-output-only", stream=True)).events()
    assert [list(event["usage"]) for event in short if event["type"] == "message_delta"] == [["output_tokens"]]


async def test_blocks_in_other_shapes(raw: Any) -> None:
    async def blocks(word: str) -> list[Any]:
        events = (await raw.messages(f"tools+{word}", stream=True, tools=BLOCK_TOOLS)).events()
        return [event for event in events if "index" in event]

    mixed = await blocks("interleaved")
    assert [event["index"] for event in mixed] == [0, 1] * (len(mixed) // 2)
    assert [event["type"] for event in mixed[:2]] == ["content_block_start"] * 2
    assert {event["index"] for event in await blocks("index-gap")} == {0, 2}
    whole = await blocks("whole-call")
    assert [event["content_block"]["input"] for event in whole[::2]] == [{"city": "Lisbon"}] * 2
    assert "x_simulated_delta" in [event.get("delta", {}).get("type") for event in await blocks("unknown-delta")]


async def test_unparsable_arguments_stream_as_they_are(raw: Any) -> None:
    events = (await raw.messages("bad-arguments", stream=True, tools=BLOCK_TOOLS)).events()
    pieces = [event["delta"]["partial_json"] for event in events if event["type"] == "content_block_delta"]
    assert (pieces[0], "".join(pieces)) == ("", '{"city": "Lisbon", "days": ')
    whole = (await raw.messages("bad-arguments", tools=BLOCK_TOOLS)).json()
    assert whole["content"][0]["input"] == {"INVALID_JSON": '{"city": "Lisbon", "days": '}
    empty = (await raw.messages("no-arguments", tools=BLOCK_TOOLS)).json()
    assert empty["content"][0]["input"] == {}
