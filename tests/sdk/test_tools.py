"""Tool loops as a user's program runs them: the calls, their results, the answer that uses them."""

import pytest

from .conftest import Talk, Way
from .conversation import Answer, Conversation, Sdk, Tool
from .test_answers import SHOWS_NO_THINKING

WEATHER = Tool(
    "get_weather",
    "The weather in a city",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
)
TIME = Tool(
    "get_time",
    "The time in a zone",
    {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
)


def results_for(answer: Answer) -> dict[str, str]:
    return {call.id: f"result of {call.name} number {number}" for number, call in enumerate(answer.calls)}


def finish(conversation: Conversation, answer: Answer) -> Answer:
    """Answer calls until there are none."""
    rounds = 0
    while answer.calls:
        rounds += 1
        assert rounds < 10, "the tool loop does not end"
        answer = conversation.give(results_for(answer))
    return answer


def test_parallel_calls_arrive_with_names_and_arguments(talk: Talk) -> None:
    answer = talk("tools", tools=(WEATHER, TIME)).say("Weather and time in Lisbon?")
    assert answer.stop == "tools"
    assert [call.name for call in answer.calls] == ["get_weather", "get_time"]
    weather, time = answer.calls
    assert isinstance(weather.arguments["city"], str)
    assert isinstance(weather.arguments["days"], int)
    assert set(time.arguments) == {"zone"}
    assert weather.id != time.id


def test_text_before_a_call_is_kept(talk: Talk) -> None:
    answer = talk("preamble", tools=(WEATHER,)).say("Weather?")
    assert answer.text == "Let me look that up. "
    assert len(answer.calls) == 1


def test_results_reach_the_model(talk: Talk) -> None:
    conversation = talk("tools", tools=(WEATHER, TIME))
    answer = finish(conversation, conversation.say("Weather and time in Lisbon?"))
    assert answer.stop == "end"
    for number, name in enumerate(["get_weather", "get_time"]):
        assert f"{name} gave" in answer.text
        assert f"result of {name} number {number}" in answer.text


def test_one_tool_called_twice_stays_two_calls(talk: Talk) -> None:
    conversation = talk("twice", tools=(WEATHER,))
    answer = conversation.say("Twice, please.")
    assert len({call.id for call in answer.calls}) == 2
    assert "number 1" in finish(conversation, answer).text


def test_a_chain_of_turns_ends(talk: Talk) -> None:
    conversation = talk("chain-3", tools=(WEATHER, TIME))
    assert finish(conversation, conversation.say("Step by step.")).stop == "end"


def test_a_tool_without_arguments_is_called_with_none(talk: Talk) -> None:
    ping = Tool("ping", "Takes nothing", {"type": "object", "properties": {}})
    answer = talk("no-arguments", tools=(ping,)).say("Ping.")
    assert [call.arguments for call in answer.calls] == [{}]


def test_a_tool_loop_with_thinking_keeps_what_the_vendor_needs(talk: Talk, sdk: Sdk) -> None:
    """The Anthropic simulation refuses a second turn without its signed blocks, whoever the client is.

    `lenient`: OpenAI itself, which never sends `reasoning_content`, refuses it when an SDK sends it back.
    """
    conversation = talk("tools+thinking+lenient", tools=(WEATHER, TIME), thinking=True)
    answer = conversation.say("Think, then look it up.")
    assert "I decide what to answer" in answer.thinking or sdk.name == SHOWS_NO_THINKING
    assert len(answer.calls) == 2
    assert "get_weather gave" in finish(conversation, answer).text


def test_hidden_thinking_survives_the_loop(talk: Talk, sdk: Sdk, way: Way) -> None:
    if way.upstream == "chat" or (way.upstream == "direct" and sdk.dialect != "anthropic"):
        pytest.skip("only Anthropic hides thinking in redacted blocks")
    conversation = talk("tools+thinking+redacted", tools=(WEATHER, TIME), thinking=True)
    answer = conversation.say("Think in secret.")
    assert "get_time gave" in finish(conversation, answer).text


def test_a_host_that_wants_its_thinking_back_gets_it(talk: Talk, sdk: Sdk, way: Way) -> None:
    """DeepSeek refuses an assistant turn with calls and without its `reasoning_content`."""
    if way.upstream != "chat":
        pytest.skip("this is a rule of some Chat hosts")
    if sdk.dialect == "openai_chat":
        pytest.skip("the official OpenAI SDKs drop `reasoning_content`, and the raw lane sends what they send")
    if sdk.dialect == "ollama":
        pytest.skip(
            "without ids of calls nothing tells whose thinking comes back; `replay_reasoning = always` is for this"
        )
    conversation = talk("deepseek-chat+tools+thinking", tools=(WEATHER,), thinking=True)
    assert "get_weather gave" in finish(conversation, conversation.say("Look it up.")).text
