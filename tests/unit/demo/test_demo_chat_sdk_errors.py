"""Errors, retries and the model list of the simulated Chat Completions service, as the official `openai` SDK sees them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk

from fastproxy.demo import Simulation

QUESTION: list[Any] = [{"role": "user", "content": "what is it like there?"}]


@pytest.fixture
async def client(simulation: Simulation) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=simulation.base_url("openai_chat"), api_key="sk-test-1", max_retries=0) as sdk:
        yield sdk


async def streamed(client: AsyncOpenAI, **fields: Any) -> list[ChatCompletionChunk]:
    return [chunk async for chunk in await client.chat.completions.create(stream=True, **fields)]


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("error-400", openai.BadRequestError),
        ("error-401", openai.AuthenticationError),
        ("error-403", openai.PermissionDeniedError),
        ("no-such-model", openai.NotFoundError),
        ("error-409", openai.ConflictError),
        ("error-422", openai.UnprocessableEntityError),
        ("rate-none", openai.RateLimitError),
        ("error-500", openai.InternalServerError),
        ("error-529", openai.InternalServerError),
        ("vanish", openai.APIConnectionError),
    ],
)
async def test_errors_become_the_sdks_exceptions(client: AsyncOpenAI, model: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await client.chat.completions.create(model=model, messages=QUESTION)


@pytest.mark.parametrize("model", ["error-event", "echo+error-after"])
async def test_error_events_raise(client: AsyncOpenAI, model: str) -> None:
    with pytest.raises(openai.APIError, match="the service is overloaded"):
        await streamed(client, model=model, messages=QUESTION)


@pytest.mark.parametrize("model", ["echo+cut-fin", "echo+cut-rst", "echo+bad-chunk"])
async def test_broken_connections_raise(client: AsyncOpenAI, model: str) -> None:
    with pytest.raises((openai.APIConnectionError, httpx2.TransportError)):
        await streamed(client, model=model, messages=QUESTION)


async def test_a_clean_cut_goes_unnoticed_as_it_does_with_the_real_service(client: AsyncOpenAI) -> None:
    chunks = await streamed(client, model="echo+cut-clean", messages=QUESTION)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "what is"


async def test_the_sdk_retries_as_the_headers_tell_it(simulation: Simulation, client: AsyncOpenAI) -> None:
    patient = client.with_options(max_retries=2)
    answer = await patient.chat.completions.create(model="echo+rate-ms-5+times-2", messages=QUESTION)
    assert answer.choices[0].message.content == "what is it like there?"
    assert len(simulation.requests) == 3
    with pytest.raises(openai.RateLimitError):
        await patient.chat.completions.create(model="rate-no-retry", messages=QUESTION)
    assert len(simulation.requests) == 4


async def test_model_list(client: AsyncOpenAI) -> None:
    models = [model.id async for model in client.models.list()]
    assert {"echo", "tools", "long-20"} <= set(models)
    assert (await client.models.retrieve("gpt-x")).id == "gpt-x"
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("nothing")
    assert caught.value.code == "model_not_found"


async def test_a_direction_in_the_text_chooses_the_script(client: AsyncOpenAI) -> None:
    said: Any = [
        {"role": "user", "content": "please do script:long-3+letters. Thanks"},
        {"role": "user", "content": "a reminder"},
    ]
    chunks = await streamed(client, model="gpt-x", messages=said)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "word1 word2 word3"
    assert len(chunks) == len("word1 word2 word3") + 2
