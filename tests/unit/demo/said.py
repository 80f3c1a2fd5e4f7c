"""Plain readers of every dialect: what a whole answer and what a stream says, without any SDK."""

import json
from collections.abc import Callable
from typing import Any


class Said:
    """What one answer says, in no dialect."""

    def __init__(self, finish: Any, usage: Any) -> None:
        self.text = ""
        self.thought = ""
        self.hidden = ""
        """What only the vendor can read of it."""
        self.calls: list[tuple[str, Any]] = []
        self.finish = finish
        self.usage = usage

    def call(self, name: str, arguments: Any) -> None:
        if isinstance(arguments, str):
            arguments = json.loads(arguments) if arguments else {}
        self.calls.append((name, arguments))

    def seen(self) -> tuple[Any, ...]:
        return _joined(self.text), _joined(self.thought), self.hidden, self.calls, self.finish, self.usage


def _joined(text: str) -> str:
    """Half surrogates that stand beside each other are one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def chat(whole: Any) -> Said:
    choice = whole["choices"][0]
    said = Said(choice["finish_reason"], whole["usage"])
    message = choice["message"]
    said.text = (message["content"] or "") + (message["refusal"] or "")
    said.thought = message.get("reasoning_content") or ""
    for call in message.get("tool_calls") or ():
        said.call(call["function"]["name"], call["function"]["arguments"])
    return said


def chat_stream(events: list[Any]) -> Said:
    assert events[-1] == "[DONE]"
    *chunks, last = events[:-1]
    said = Said(chunks[-1]["choices"][0]["finish_reason"], last["usage"])
    calls: dict[int, list[str]] = {}
    for delta in (chunk["choices"][0]["delta"] for chunk in chunks):
        said.text += (delta.get("content") or "") + (delta.get("refusal") or "")
        said.thought += delta.get("reasoning_content") or ""
        for part in delta.get("tool_calls") or ():
            call = calls.setdefault(part["index"], ["", ""])
            call[0] += part["function"].get("name", "")
            call[1] += part["function"]["arguments"]
    for name, arguments in calls.values():
        said.call(name, arguments)
    return said


def responses(whole: Any) -> Said:
    said = Said((whole["status"], whole["incomplete_details"]), whole["usage"])
    for item in whole["output"]:
        if item["type"] == "message":
            said.text += "".join(part.get("text") or part.get("refusal") or "" for part in item["content"])
        elif item["type"] == "reasoning":
            said.thought += "".join(part["text"] for part in [*item["summary"], *item.get("content", ())])
        else:
            said.call(item["name"], item["arguments"])
    return said


def responses_stream(events: list[Any]) -> Said:
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    final = responses(events[-1]["response"])
    said = Said(final.finish, final.usage)
    calls: dict[int, str] = {}
    names: dict[int, str] = {}
    for event in events:
        kind = event["type"]
        if kind in ("response.output_text.delta", "response.refusal.delta"):
            said.text += event["delta"]
        elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            said.thought += event["delta"]
        elif kind == "response.function_call_arguments.delta":
            calls[event["output_index"]] = calls.get(event["output_index"], "") + event["delta"]
        elif kind == "response.output_item.done" and event["item"]["type"] == "function_call":
            names[event["output_index"]] = event["item"]["name"]
    for index, name in names.items():
        said.call(name, calls.get(index, ""))
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert done == events[-1]["response"]["output"]
    return said


def messages(whole: Any) -> Said:
    said = Said((whole["stop_reason"], whole["stop_sequence"]), whole["usage"]["output_tokens"])
    for block in whole["content"]:
        said.text += block.get("text", "")
        said.thought += block.get("thinking", "")
        said.hidden += block.get("data", "")
        if block["type"] == "tool_use":
            said.call(block["name"], block["input"])
    return said


def messages_stream(events: list[Any]) -> Said:
    assert (events[0]["type"], events[-1]["type"]) == ("message_start", "message_stop")
    end = events[-2]
    said = Said((end["delta"]["stop_reason"], end["delta"]["stop_sequence"]), end["usage"]["output_tokens"])
    inputs: dict[int, list[str]] = {}
    for event in events:
        delta = event.get("delta", {})
        said.text += delta.get("text", "")
        said.thought += delta.get("thinking", "")
        if event["type"] == "content_block_start":
            said.hidden += event["content_block"].get("data", "")
            if event["content_block"]["type"] == "tool_use":
                inputs[event["index"]] = [event["content_block"]["name"], ""]
        elif "partial_json" in delta:
            inputs[event["index"]][1] += delta["partial_json"]
    for name, arguments in inputs.values():
        said.call(name, arguments)
    return said


def gemini(whole: Any) -> Said:
    if "candidates" not in whole:
        return Said(whole["promptFeedback"]["blockReason"], whole["usageMetadata"])
    candidate = whole["candidates"][0]
    said = Said(candidate.get("finishReason"), whole.get("usageMetadata"))
    for part in candidate["content"].get("parts", ()):
        if "functionCall" in part:
            said.call(part["functionCall"]["name"], part["functionCall"]["args"])
        elif part.get("thought"):
            said.thought += part["text"]
        else:
            said.text += part["text"]
    return said


def gemini_stream(chunks: list[Any]) -> Said:
    told = [gemini(chunk) for chunk in chunks]
    said = Said(told[-1].finish, told[-1].usage)
    assert [one.finish for one in told[:-1]] == [None] * (len(told) - 1)
    for one in told:
        said.text += one.text
        said.thought += one.thought
        said.calls += one.calls
    return said


def ollama(whole: Any) -> Said:
    assert whole["done"]
    said = Said(whole["done_reason"], (whole["prompt_eval_count"], whole["eval_count"]))
    return _ollama_message(said, whole["message"])


def _ollama_message(said: Said, message: Any) -> Said:
    said.text += message["content"]
    said.thought += message.get("thinking", "")
    for call in message.get("tool_calls", ()):
        said.call(call["function"]["name"], call["function"]["arguments"])
    return said


def ollama_stream(lines: list[Any]) -> Said:
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    said = Said(lines[-1]["done_reason"], (lines[-1]["prompt_eval_count"], lines[-1]["eval_count"]))
    for line in lines:
        _ollama_message(said, line["message"])
    return said


READ: dict[str, tuple[Callable[[Any], Said], Callable[[list[Any]], Said]]] = {
    "openai_chat": (chat, chat_stream),
    "openai_responses": (responses, responses_stream),
    "anthropic": (messages, messages_stream),
    "gemini": (gemini, gemini_stream),
    "ollama": (ollama, ollama_stream),
}
