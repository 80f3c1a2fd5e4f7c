"""Every SDK through the proxy to an upstream that we did not write, in both of its dialects."""

from collections.abc import Iterator

import pytest

from . import node_sdks
from .aimock import running_aimock
from .conversation import Conversation, Sdk, SdkFailure, Settings, Tool
from .servers import CLIENT_KEY, Running, config_for, running_proxy
from .test_answers import SHOWS_NO_THINKING

pytestmark = pytest.mark.node

WEATHER = Tool(
    "get_weather",
    "The weather in a city",
    {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]},
)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    if why := node_sdks.missing():
        pytest.skip(why)
    with running_aimock() as mock:
        config = config_for(mock.address)
        with running_proxy(config, tmp_path_factory.mktemp("aimock")) as running:
            yield running


@pytest.fixture(params=["chat", "messages"])
def conversation(request: pytest.FixtureRequest, sdk: Sdk, stream: bool, proxy: Running) -> Iterator[Conversation]:
    settings = Settings(model=f"{request.param}/m", stream=stream, tools=(WEATHER,))
    opened = sdk.open(proxy.address, CLIENT_KEY, settings)
    yield opened
    opened.close()


def test_text_and_token_counts(conversation: Conversation) -> None:
    answer = conversation.say("hello")
    assert answer.text == "Hello from a stranger, with ünïcödé and 😀."
    assert answer.stop == "end"
    assert answer.usage is not None
    assert answer.usage.output == 13


def test_a_tool_loop_with_parallel_calls(conversation: Conversation) -> None:
    answer = conversation.say("weather")
    assert [call.arguments for call in answer.calls] == [{"city": "Lisbon", "days": 1}, {"city": "Porto", "days": 2}]
    answer = conversation.give({call.id: "sunny" for call in answer.calls})
    assert answer.text == "It is sunny in Lisbon."


def test_thinking_is_shown(conversation: Conversation, sdk: Sdk) -> None:
    answer = conversation.say("think")
    # Vercel's reader of Responses shows summaries only, and none was asked for.
    if sdk.name not in (SHOWS_NO_THINKING, "node-ai-responses"):
        assert answer.thinking == "First this, then that."
    assert answer.text == "Done thinking."


def test_an_overloaded_upstream(conversation: Conversation, sdk: Sdk) -> None:
    with pytest.raises(SdkFailure) as caught:
        conversation.say("overload")
    assert caught.value.status == (529 if sdk.dialect == "anthropic" else 503)


def test_a_stream_that_breaks_off_raises(conversation: Conversation, stream: bool) -> None:
    if not stream:
        pytest.skip("aimock breaks off streams only")
    with pytest.raises(SdkFailure):
        conversation.say("break off")
