"""What stands beside Chat at the simulated OpenAI: embeddings and legacy completions."""

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from fastproxy.demo import Simulation


@pytest.fixture
async def client(simulation: Simulation) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=simulation.base_url("openai_chat"), api_key="sk-test-1", max_retries=0) as sdk:
        yield sdk


async def test_embeddings_follow_from_the_text(client: AsyncOpenAI) -> None:
    answer = await client.embeddings.create(model="text-embedding-3-small", input=["one", "two", "one"], dimensions=8)
    first, second, third = [entry.embedding for entry in answer.data]
    assert (len(first), first == third, first == second) == (8, True, False)
    assert sum(value * value for value in first) == pytest.approx(1)
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (3, 3)
    plain = await client.embeddings.create(
        model="text-embedding-3-small", input="one", dimensions=8, encoding_format="float"
    )
    assert plain.data[0].embedding == pytest.approx(first)
    assert len((await client.embeddings.create(model="echo", input="x")).data[0].embedding) == 1536
    tokens = await client.embeddings.create(model="echo", input=[[1, 2], [3]])
    assert len(tokens.data) == 2
    assert tokens.data[0].embedding != tokens.data[1].embedding


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": [-1]}, "input[0]"),
        ({"input": "x", "dimensions": 0}, "dimensions"),
        ({"input": "x", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "x", "task": "search"}, "task"),
        ({}, "input"),
    ],
)
async def test_refused_embeddings(raw: Any, fields: dict[str, Any], param: str) -> None:
    request = raw.request(
        "/v1/embeddings", {"model": "echo", **fields}, {"authorization": "Bearer k", "connection": "close"}
    )
    answer = await raw.exchange(request)
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)


async def test_mishaps_strike_embeddings_too(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.RateLimitError):
        await client.embeddings.create(model="text-embedding-3-small+rate-seconds", input="x")
    with pytest.raises(openai.APIConnectionError):
        await client.embeddings.create(model="text-embedding-3-small+vanish", input="x")


async def test_completions_in_both_forms(client: AsyncOpenAI) -> None:
    whole = await client.completions.create(model="echo", prompt="once upon a time")
    assert (whole.choices[0].text, whole.choices[0].finish_reason) == ("once upon a time", "stop")
    assert whole.id.startswith("cmpl-")
    stream = await client.completions.create(
        model="echo", prompt="once upon a time", stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == "once upon a time"
    assert (chunks[-2].choices[0].finish_reason, chunks[-1].choices) == ("stop", [])
    assert chunks[-1].usage == whole.usage


async def test_completions_are_short_unless_told_otherwise(client: AsyncOpenAI) -> None:
    short = await client.completions.create(model="long-50", prompt="x")
    assert short.usage is not None
    assert (short.usage.completion_tokens, short.choices[0].finish_reason) == (16, "length")
    longer = await client.completions.create(model="long-50", prompt="x", max_tokens=100, stop=[" word4"])
    assert longer.choices[0].text == "word1 word2 word3"


async def test_several_prompts_copies_and_echo(client: AsyncOpenAI) -> None:
    answer = await client.completions.create(model="long-2", prompt=["a: ", "b: "], n=2, echo=True)
    assert [choice.text for choice in answer.choices] == ["a: word1 word2"] * 2 + ["b: word1 word2"] * 2
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]


async def test_refused_completions(client: AsyncOpenAI) -> None:
    for fields, param in (
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"temperature": 3}, "temperature"),
        ({"messages": []}, "messages"),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            await client.completions.create(model="echo", prompt="x", extra_body=fields)
        assert refused.value.param == param


async def test_sources_in_a_chat(client: AsyncOpenAI) -> None:
    messages: Any = [{"role": "user", "content": "x"}]
    answer = (await client.chat.completions.create(model="citations", messages=messages)).choices[0].message
    assert answer.content is not None
    cited = [note.url_citation for note in answer.annotations or ()]
    assert [answer.content[note.start_index : note.end_index] for note in cited] == [
        "Lisbon has seven hills.",
        "The tram climbs them.",
    ]
