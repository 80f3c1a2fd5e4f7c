"""OpenAI Chat: the request body, checked as strictly as the service checks it, read into an `Ask`."""

import msgspec

from fastproxy.demo.ask import Ask
from fastproxy.demo.checked import Node, parse
from fastproxy.demo.dialects.dialect import Context
from fastproxy.demo.dialects.openai_chat import messages, tools
from fastproxy.demo.script import Plan
from fastproxy.demo.sse import dumps

FIELDS = frozenset(
    "messages model stream stream_options max_completion_tokens max_tokens temperature top_p frequency_penalty "
    "presence_penalty logit_bias logprobs top_logprobs n seed stop tools tool_choice parallel_tool_calls functions "
    "function_call response_format reasoning_effort verbosity modalities audio prediction service_tier prompt_cache_key "
    "prompt_cache_options prompt_cache_retention user safety_identifier metadata store moderation web_search_options".split()
)
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
MOST_STOPS = 4
MOST_METADATA = 16


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request: the neutral ask, and what only this dialect's answer depends on."""

    ask: Ask
    plan: Plan
    include_usage: bool = False
    obfuscate: bool = True
    copies: int = 1
    logprobs: int | None = None
    old_functions: bool = False


def read(raw: bytes, context: Context) -> ChatRequest:
    body = parse(raw)
    plan = context.vocabulary.plan(body.need("model").text(low=1))
    is_open = plan.lenient or plan.family in messages.OPEN_FAMILIES
    body.object(None if is_open else FIELDS)
    said = messages.read(body.need("messages"), _thinking_plan(body, plan))
    stream = (flag := body.get("stream")) is not None and flag.boolean()
    _limits(body, plan)
    offered = tools.read_tools(body)
    parallel = body.get("parallel_tool_calls")
    if parallel is not None and not offered and not is_open:
        parallel.refuse("'parallel_tool_calls' is only allowed when 'tools' are specified", code="invalid_value")
    schema, json_mode = tools.read_format(body, said.prompt)
    ask = Ask(
        model=body.value["model"],
        said=said.said,
        prompt=said.prompt + dumps(body.value.get("tools") or []),
        stream=stream,
        tools=offered,
        choice=tools.read_choice(body, offered),
        parallel=parallel is None or parallel.boolean(),
        results=said.results,
        rounds=said.rounds,
        media=said.media,
        max_tokens=_max_tokens(body, plan),
        stops=_stops(body, plan),
        schema=schema,
        json_mode=json_mode,
        reasoning=_reasoning(body, plan),
    )
    usage, obfuscate = _stream_options(body, stream)
    return ChatRequest(
        ask=ask,
        plan=context.vocabulary.directed(plan, ask.said),
        include_usage=usage,
        obfuscate=obfuscate and plan.family not in messages.OPEN_FAMILIES,
        copies=count.integer(1, 128) if (count := body.get("n")) is not None else 1,
        logprobs=_logprobs(body),
        old_functions=body.get("functions") is not None and body.get("tools") is None,
    )


def _thinking_plan(body: Node, plan: Plan) -> Plan:
    """A DeepSeek request that switches thinking off need not replay any."""
    off = _reasoning(body, plan) is False
    return msgspec.structs.replace(plan, family="host") if off and plan.family == "deepseek" else plan


def _limits(body: Node, plan: Plan) -> None:
    """Ranges and closed lists of the plain parameters."""
    for name, low, high in (
        ("temperature", 0, 2),
        ("top_p", 0, 1),
        ("frequency_penalty", -2, 2),
        ("presence_penalty", -2, 2),
    ):
        if (node := body.get(name)) is not None:
            value = node.number(low, high)
            if plan.family == "reasoner" and value != (0 if name.endswith("penalty") else 1):
                node.refuse("only the default value is supported with this model", code="unsupported_value")
    for name, allowed in (
        ("reasoning_effort", EFFORTS),
        ("service_tier", TIERS),
        ("verbosity", ("low", "medium", "high")),
    ):
        if (node := body.get(name)) is not None:
            node.one_of(*allowed)
    if (node := body.get("seed")) is not None:
        node.integer(-(2**63), 2**63 - 1)
    for token, bias in node.object().value.items() if (node := body.get("logit_bias")) is not None else ():
        Node(bias, ("logit_bias", token)).number(-100, 100)
    if (node := body.get("metadata")) is not None:
        _metadata(node.object())
    for name in ("user", "safety_identifier", "prompt_cache_key"):
        if (node := body.get(name)) is not None:
            node.text()


def _metadata(node: Node) -> None:
    if len(node.value) > MOST_METADATA:
        node.refuse(f"expected at most {MOST_METADATA} entries", code="object_above_max_properties")
    for name in node.value:
        node.need(name).text(high=512)
        if len(name) > 64:
            node.refuse("metadata keys have at most 64 characters", code="string_above_max_length")


def _max_tokens(body: Node, plan: Plan) -> int | None:
    old, new = body.get("max_tokens"), body.get("max_completion_tokens")
    if old is not None and plan.family == "reasoner":
        old.refuse("not supported with this model; use 'max_completion_tokens' instead", code="unsupported_parameter")
    if old is not None and new is not None:
        old.refuse("'max_tokens' and 'max_completion_tokens' cannot both be set", code="invalid_parameter_combination")
    node = new if new is not None else old
    return None if node is None else node.integer(1)


def _stops(body: Node, plan: Plan) -> tuple[str, ...]:
    stop = body.get("stop")
    if stop is None:
        return ()
    if plan.family == "reasoner":
        stop.refuse("not supported with this model", code="unsupported_parameter")
    if isinstance(stop.value, str):
        return (stop.text(low=1),)
    return tuple(entry.text(low=1) for entry in stop.items(low=1, high=MOST_STOPS))


def _reasoning(body: Node, plan: Plan) -> bool | None:
    """On, off or not mentioned. DeepSeek has a switch of its own, and is on by default."""
    effort, switch = body.get("reasoning_effort"), body.get("thinking")
    if switch is not None and plan.family == "deepseek":
        return switch.need("type").one_of("enabled", "disabled") == "enabled"
    if effort is not None:
        return effort.one_of(*EFFORTS) != "none"
    return True if plan.family == "deepseek" else None


def _stream_options(body: Node, stream: bool) -> tuple[bool, bool]:
    options = body.get("stream_options")
    if options is None:
        return False, True
    if not stream:
        options.refuse("only allowed when 'stream' is enabled", code="invalid_value")
    options.object({"include_usage", "include_obfuscation"})
    usage, obfuscate = options.get("include_usage"), options.get("include_obfuscation")
    return usage is not None and usage.boolean(), obfuscate is None or obfuscate.boolean()


def _logprobs(body: Node) -> int | None:
    """How many alternatives to list per token; None: no logprobs at all."""
    wanted, top = body.get("logprobs"), body.get("top_logprobs")
    on = wanted is not None and wanted.boolean()
    if top is not None and not on:
        top.refuse("only allowed when 'logprobs' is enabled", code="invalid_value")
    return (top.integer(0, 20) if top is not None else 0) if on else None
