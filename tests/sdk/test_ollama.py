"""The official `ollama` package in front of upstreams of other dialects."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import ollama
import pytest

from .conftest import Talk
from .conversation import Conversation, SdkFailure, Settings
from .python_ollama import PythonOllama, client
from .servers import CLIENT_KEY, Running
from .test_answers import CITY, png
from .test_tools import TIME, WEATHER, finish

UPSTREAMS = ["chat", "messages"]


@pytest.fixture(params=UPSTREAMS)
def upstream(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def asks(proxy: Running, upstream: str, stream: bool) -> Iterator[Talk]:
    """Opens conversations with a scripted model; they are closed after the test."""
    conversations: list[Conversation] = []

    def open_with(script: str, **settings: Any) -> Conversation:
        chosen = Settings(model=f"{upstream}/{script}", **{"stream": stream, **settings})
        conversations.append(PythonOllama().open(proxy.address, CLIENT_KEY, chosen))
        return conversations[-1]

    yield open_with
    for conversation in conversations:
        conversation.close()


def test_text_counts_and_model(asks: Talk, upstream: str) -> None:
    answer = asks("long-50").say("Count, please.")
    assert answer.text == " ".join(f"word{number}" for number in range(1, 51))
    assert (answer.stop, answer.model) == ("end", f"{upstream}/long-50")
    assert answer.usage is not None
    assert answer.usage.output == 50
    assert answer.usage.input > 0


def test_every_character_survives(asks: Talk) -> None:
    """The package splits lines where Unicode does: U+2028 must not stand in one."""
    answer = asks("unicode+ragged-3").say("Torture me.")
    for piece in ("😀", "👩‍👩‍👧‍👦", "e\u0301", "שלום", "\u2028", "\u0085", "data: [DONE]", "\r\n: comment"):
        assert piece in answer.text


def test_a_conversation_goes_on(asks: Talk) -> None:
    conversation = asks("echo")
    assert conversation.say("first").text == "first"
    assert conversation.say("second").text == "second"


def test_images_arrive_byte_for_byte(asks: Talk) -> None:
    small, wide = png(3, 2), png(17, 5)
    answer = asks("media").say("What is this?", images=(small, wide))
    assert f"image/png 3x2 ({len(small)} bytes)" in answer.text
    assert f"image/png 17x5 ({len(wide)} bytes)" in answer.text


def test_structured_output_follows_the_schema(asks: Talk) -> None:
    city = json.loads(asks("json", schema=CITY).say("A city, please.").text)
    assert set(city) == {"name", "people"}


def test_the_token_limit_is_told(asks: Talk) -> None:
    answer = asks("long-100", max_tokens=10).say("Count.")
    assert answer.stop == "length"
    assert answer.text == " ".join(f"word{number}" for number in range(1, 11))


def test_thinking_is_shown_apart_from_the_text(asks: Talk) -> None:
    answer = asks("echo+thinking", thinking=True).say("Ponder this.")
    assert answer.text == "Ponder this."
    assert "I decide what to answer" in answer.thinking


def test_a_loop_of_parallel_calls_without_ids(asks: Talk) -> None:
    conversation = asks("tools", tools=(WEATHER, TIME))
    answer = conversation.say("Weather and time in Lisbon?")
    assert [call.name for call in answer.calls] == ["get_weather", "get_time"]
    assert isinstance(answer.calls[0].arguments["days"], int)
    last = finish(conversation, answer)
    assert last.stop == "end"
    assert "get_weather gave result of get_weather number 0" in last.text
    assert "get_time gave result of get_time number 1" in last.text


def test_one_tool_called_twice_stays_two_calls(asks: Talk) -> None:
    conversation = asks("twice", tools=(WEATHER,))
    answer = conversation.say("Twice, please.")
    assert len(answer.calls) == 2
    assert "number 1" in finish(conversation, answer).text


@pytest.mark.parametrize(("script", "status"), [
    ("error-400", 400), ("error-401", 502), ("error-404", 404), ("error-429", 429), ("error-500", 502),
    ("error-503", 503), ("error-529", 503), ("html-200", 502), ("empty-200", 502),
])  # fmt: skip
def test_errors_have_their_status(asks: Talk, script: str, status: int) -> None:
    with pytest.raises(SdkFailure) as caught:
        asks(script).say("Hello.")
    assert (caught.value.error, caught.value.status) == ("ResponseError", status)
    assert caught.value.message


@pytest.mark.parametrize("cut", ["cut-clean", "cut-fin", "cut-rst", "error-after-3", "cut-clean-0"])
def test_a_cut_answer_raises(asks: Talk, cut: str) -> None:
    """The package takes a stream that just ends for a whole answer: only the error line tells it."""
    with pytest.raises(SdkFailure):
        asks(f"long-200+{cut}").say("Hello.")


def test_generate_with_its_own_form_of_answer(proxy: Running, upstream: str) -> None:
    with client(proxy.address, CLIENT_KEY) as sdk:
        model = f"{upstream}/echo"
        whole = sdk.generate(model=model, prompt="hello there", system="Be kind.")
        assert (whole.response, whole.done, whole.done_reason) == ("hello there", True, "stop")
        pieces = list(sdk.generate(model=model, prompt="hello there", stream=True))
        assert "".join(piece.response or "" for piece in pieces) == "hello there"
        assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
        loaded = sdk.generate(model=model, keep_alive="5m")
        assert (loaded.response, loaded.done_reason) == ("", "load")
        with pytest.raises(ollama.ResponseError) as refused:
            sdk.generate(model=model, prompt="def f(", suffix="pass")
        assert refused.value.status_code == 400


def test_the_asynchronous_client(proxy: Running, upstream: str) -> None:
    async def ask() -> list[str]:
        headers = {"authorization": f"Bearer {CLIENT_KEY}"}
        messages = [{"role": "user", "content": "one two three"}]
        async with ollama.AsyncClient(host=proxy.address, headers=headers, timeout=30) as sdk:
            parts = await sdk.chat(model=f"{upstream}/echo", messages=messages, stream=True)
            return [part.message.content or "" async for part in parts]

    assert "".join(asyncio.run(ask())) == "one two three"


def test_models_are_listed_and_shown(proxy: Running) -> None:
    with client(proxy.address, CLIENT_KEY) as sdk:
        listed = sdk.list()
        names = [entry.model for entry in listed.models]
        assert "agent:latest" in names
        assert all(entry.digest and entry.modified_at for entry in listed.models)
        shown = sdk.show("agent:latest")
        assert shown.capabilities is not None
        assert "tools" in shown.capabilities
        assert sdk.ps().models == []
        with pytest.raises(ollama.ResponseError) as refused:
            sdk.pull("llama3")
        assert refused.value.status_code == 400
        with pytest.raises(ollama.ResponseError) as unknown:
            sdk.show("no-such-model")
        assert unknown.value.status_code == 404


def test_a_wrong_key_is_refused(proxy: Running) -> None:
    with client(proxy.address, "sk-test-wrong") as sdk, pytest.raises(ollama.ResponseError) as refused:
        sdk.list()
    assert refused.value.status_code == 401
    assert "sk-test-wrong" not in refused.value.error


def test_a_tool_loop_with_thinking_goes_on_without_ids(asks: Talk) -> None:
    """`lenient`: the package loses what a vendor signed, so the upstream must be asked in a way that needs none of it."""
    conversation = asks("tools+thinking+lenient", tools=(WEATHER, TIME), thinking=True)
    answer = conversation.say("Think, then look it up.")
    assert "I decide what to answer" in answer.thinking
    assert len(answer.calls) == 2
    assert "get_weather gave" in finish(conversation, answer).text
