"""What only the Responses API has: parsed answers, kept ones, reasoning that comes back encrypted."""

from collections.abc import Iterator

import openai
import pytest
from openai.types.responses import FunctionToolParam, ResponseFunctionToolCall
from pydantic import BaseModel

from .servers import CLIENT_KEY, Running

UPSTREAMS = ["chat", "messages"]


class City(BaseModel):
    name: str
    people: int


class GetWeather(BaseModel):
    """The weather in a city."""

    city: str
    days: int


@pytest.fixture
def client(proxy: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{proxy.address}/v1", api_key=CLIENT_KEY, max_retries=0, timeout=30) as client:
        yield client


WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
    "strict": False,
}


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_an_answer_is_parsed(client: openai.OpenAI, upstream: str) -> None:
    parsed = client.responses.parse(model=f"{upstream}/json", input="A city, please.", text_format=City)
    assert isinstance(parsed.output_parsed, City)


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_a_streamed_answer_is_parsed(client: openai.OpenAI, upstream: str) -> None:
    with client.responses.stream(model=f"{upstream}/json", input="A city, please.", text_format=City) as stream:
        numbers = [event.sequence_number for event in stream]
        final = stream.get_final_response()
    assert numbers == list(range(len(numbers)))
    assert isinstance(final.output_parsed, City)


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_arguments_of_a_call_are_parsed(client: openai.OpenAI, upstream: str) -> None:
    tool = openai.pydantic_function_tool(GetWeather)
    flat: FunctionToolParam = {"type": "function", **tool["function"], "strict": True}  # type: ignore[typeddict-item]
    parsed = client.responses.parse(model=f"{upstream}/tools", input="Weather?", tools=[flat])
    calls = [item for item in parsed.output if isinstance(item, ResponseFunctionToolCall)]
    assert [call.name for call in calls] == ["GetWeather"]
    GetWeather.model_validate_json(calls[0].arguments)


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_a_kept_answer_can_be_read_listed_and_deleted(client: openai.OpenAI, upstream: str) -> None:
    first = client.responses.create(model=f"{upstream}/echo", input="first")
    second = client.responses.create(model=f"{upstream}/echo", input="second", previous_response_id=first.id)
    assert second.output_text == "second"
    shown = client.responses.retrieve(second.id)
    assert (shown.output_text, shown.previous_response_id, shown.usage) == ("second", first.id, second.usage)
    items = list(client.responses.input_items.list(second.id, order="asc", limit=1))
    assert [getattr(item, "role", None) for item in items] == ["user", "assistant", "user"], "the SDK turns the pages"
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError) as gone:
        client.responses.retrieve(first.id)
    assert gone.value.code == "response_not_found"
    third = client.responses.create(model=f"{upstream}/echo", input="third", previous_response_id=second.id)
    assert third.output_text == "third", "a conversation does not depend on its earlier answers"


@pytest.mark.parametrize("is_stored", [True, False], ids=["kept", "encrypted"])
@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_reasoning_survives_three_turns(client: openai.OpenAI, upstream: str, is_stored: bool) -> None:
    """The Anthropic simulation refuses a turn whose signed thinking is missing or changed."""
    model = f"{upstream}/tools+thinking+lenient"
    more = {} if is_stored else {"include": ["reasoning.encrypted_content"]}
    history: list[object] = [{"role": "user", "content": "Weather in Lisbon?"}]
    previous: str | None = None
    for turn in range(3):
        response = client.responses.create(
            model=model, input=history, tools=[WEATHER], store=is_stored, previous_response_id=previous,
            reasoning={"effort": "high", "summary": "auto"}, **more,
        )  # type: ignore[call-overload] # fmt: skip
        calls = [item for item in response.output if item.type == "function_call"]
        results = [
            {"type": "function_call_output", "call_id": call.call_id, "output": f"sunny {turn}"} for call in calls
        ]
        asked: list[object] = [*results] or [{"role": "user", "content": f"And on day {turn + 2}?"}]
        if turn == 0:
            assert response.output[0].type == "reasoning"
            assert calls
            assert bool(response.output[0].encrypted_content) or upstream == "chat" or is_stored
        previous = response.id if is_stored else None
        history = (
            asked if is_stored else [*history, *(i.model_dump(exclude_none=True) for i in response.output), *asked]
        )
    assert response.status == "completed"


def test_tokens_are_counted(client: openai.OpenAI) -> None:
    counted = client.responses.input_tokens.count(model="messages/echo", input="count these few words")
    assert (counted.object, 4 <= counted.input_tokens <= 30) == ("response.input_tokens", True)


def test_nobody_else_can_compact(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="compact"):
        client.responses.compact(model="messages/echo", input="a long conversation")


def test_nothing_can_be_cancelled(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="background"):
        client.responses.cancel("resp_1")
