"""OpenAI Responses: the request body, checked as strictly as the service checks it, read into an `Ask`."""

from typing import Any

import msgspec

from fastproxy.demo.ask import Ask, Json
from fastproxy.demo.checked import Node, parse
from fastproxy.demo.dialects.dialect import Context
from fastproxy.demo.dialects.openai_responses import conversation, limits, tools
from fastproxy.demo.dialects.openai_responses.items import kind_of
from fastproxy.demo.dialects.openai_responses.kept import Kept
from fastproxy.demo.errors import Kind
from fastproxy.demo.ids import HEX
from fastproxy.demo.script import Plan
from fastproxy.demo.sse import dumps

COUNT_FIELDS = frozenset(
    "model input instructions conversation parallel_tool_calls personality previous_response_id reasoning text tool_choice "
    "tools truncation".split()
)
FIELDS = COUNT_FIELDS | frozenset(
    "background client_metadata context_management include max_output_tokens max_tool_calls metadata moderation prompt "
    "prompt_cache_key prompt_cache_options prompt_cache_retention safety_identifier service_tier store stream "
    "stream_options temperature top_logprobs top_p user".split()
)
INCLUDES = (
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "message.input_image.image_url",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
)


class ResponsesRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request: the neutral ask, and what only this dialect's answer depends on."""

    ask: Ask
    plan: Plan
    settings: Json
    """The request's settings as every response object repeats them."""
    history: tuple[Json, ...]
    """The items that lead to the answer, those of earlier responses first."""
    offered: tools.Offered
    summary: bool = False
    encrypted: bool = False
    logprobs: int | None = None
    obfuscate: bool = True


def read(raw: bytes, context: Context, kept: Kept, *, counting: bool = False) -> ResponsesRequest:
    body = parse(raw)
    plan = context.vocabulary.plan(body.need("model").text(low=1))
    is_open = plan.lenient or plan.family == "host"
    body.object(None if is_open else FIELDS)
    before = _before(body, kept)
    field = body.need("input")
    found = conversation.entries(field, before, kept, is_open=is_open)
    said = conversation.read(found, field, is_open=is_open)
    offered = tools.read_tools(body)
    limits.check(body, plan)
    schema, json_mode = tools.read_format(body, said.prompt)
    instructions = node.text() if (node := body.get("instructions")) is not None else ""
    include = _include(body)
    reasoning = body.get("reasoning")
    limit, parallel = body.get("max_output_tokens"), body.get("parallel_tool_calls")
    ask = Ask(
        model=body.value["model"],
        said=said.said,
        prompt=f"{instructions} {said.prompt} {dumps(body.value.get('tools') or [])}",
        stream=_flag(body, "stream", otherwise=False) and not counting,
        tools=offered.tools,
        choice=tools.read_choice(body, offered),
        parallel=parallel is None or parallel.boolean(),
        results=said.results,
        rounds=said.rounds,
        media=said.media,
        max_tokens=None if limit is None else limit.integer(limits.LEAST_OUTPUT),
        schema=schema,
        json_mode=json_mode,
        reasoning=limits.read_effort(reasoning, plan),
    )
    return ResponsesRequest(
        ask=ask,
        plan=context.vocabulary.directed(plan, ask.said),
        settings=_settings(body, offered),
        history=tuple(_named(entry.item, context) for entry in found),
        offered=offered,
        summary=reasoning is not None and (reasoning.get("summary") or reasoning.get("generate_summary")) is not None,
        encrypted="reasoning.encrypted_content" in include,
        logprobs=limits.top_logprobs(body) if "message.output_text.logprobs" in include else None,
        obfuscate=_obfuscates(body, ask.stream) and not is_open,
    )


def _before(body: Node, kept: Kept) -> tuple[Json, ...]:
    """What came before the input: the items of a stored response. Conversations and stored prompts are not simulated."""
    previous, thread, prompt = (body.get(name) for name in ("previous_response_id", "conversation", "prompt"))
    if thread is not None:
        if previous is not None:
            thread.refuse("mutually exclusive with 'previous_response_id'", code="mutually_exclusive_parameters")
        name = thread.value if isinstance(thread.value, str) else thread.need("id").text()
        thread.refuse(f"Conversation with id '{name}' not found.", kind=Kind.NOT_FOUND)
    if prompt is not None:
        prompt.refuse(f"Prompt with id '{prompt.need('id').text()}' not found.", kind=Kind.NOT_FOUND)
    if previous is None:
        return ()
    stored = kept.previous(previous.text(low=1))
    if stored is None:
        previous.refuse(f"Previous response with id '{previous.value}' not found.", code="previous_response_not_found")
    return stored.history


def _named(item: Json, context: Context) -> Json:
    """An item as it is kept: with an id, and a type."""
    if item.get("id") and item.get("type"):
        return item
    kind = kind_of(item)
    prefix = {"message": "msg_", "function_call_output": "fco_"}.get(kind, "item_")
    return {"type": kind, "id": item.get("id") or context.ids.make(prefix, 48, HEX), **_listed(item)}


def _listed(item: Json) -> Json:
    """Content that was a plain string, as the one part that it stands for."""
    content = item.get("content")
    if not isinstance(content, str):
        return {name: value for name, value in item.items() if name != "id"}
    kind = "output_text" if item["role"] == "assistant" else "input_text"
    return {"role": item["role"], "status": "completed", "content": [{"type": kind, "text": content}]}


def _include(body: Node) -> frozenset[str]:
    include = body.get("include")
    return frozenset(entry.one_of(*INCLUDES) for entry in include.items()) if include is not None else frozenset()


def _flag(body: Node, name: str, *, otherwise: bool) -> bool:
    return otherwise if (node := body.get(name)) is None else node.boolean()


def _obfuscates(body: Node, stream: bool) -> bool:
    options = body.get("stream_options")
    if options is None:
        return True
    if not stream:
        options.refuse("only allowed when 'stream' is enabled", code="invalid_value")
    return _flag(options.object({"include_obfuscation"}), "include_obfuscation", otherwise=True)


def _settings(body: Node, offered: tools.Offered) -> Json:
    """What the response object says again, with the defaults filled in."""
    given = body.value

    def setting(name: str, otherwise: Any = None) -> Any:
        return otherwise if given.get(name) is None else given[name]

    reasoning, text = setting("reasoning", {}), setting("text", {})
    return {
        "background": _flag(body, "background", otherwise=False),
        "instructions": setting("instructions"),
        "max_output_tokens": setting("max_output_tokens"),
        "max_tool_calls": setting("max_tool_calls"),
        "metadata": setting("metadata", {}),
        "parallel_tool_calls": setting("parallel_tool_calls", True),
        "previous_response_id": setting("previous_response_id"),
        "prompt_cache_key": setting("prompt_cache_key"),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "safety_identifier": setting("safety_identifier"),
        "store": _flag(body, "store", otherwise=True),
        "temperature": setting("temperature", 1.0),
        "text": {"format": {"type": "text"}, "verbosity": "medium", **text},
        "tool_choice": setting("tool_choice", "auto"),
        "tools": list(offered.echoed),
        "top_logprobs": setting("top_logprobs", 0),
        "top_p": setting("top_p", 1.0),
        "truncation": setting("truncation", "disabled"),
        "user": setting("user"),
    }
