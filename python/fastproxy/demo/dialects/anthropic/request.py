"""Anthropic: the request body, checked as strictly as the service checks it, read into an `Ask`."""

import msgspec

from fastproxy.demo.ask import Ask
from fastproxy.demo.checked import Node, parse
from fastproxy.demo.dialects.anthropic import messages, tools
from fastproxy.demo.dialects.anthropic.blocks import read_blocks
from fastproxy.demo.dialects.anthropic.terms import Terms, terms
from fastproxy.demo.dialects.dialect import Context
from fastproxy.demo.script import Plan
from fastproxy.demo.sse import dumps
from fastproxy.demo.wire import HttpRequest

COUNT_FIELDS = frozenset("messages model system thinking tool_choice tools output_config cache_control speed".split())
FIELDS = COUNT_FIELDS | frozenset(
    "max_tokens container diagnostics inference_geo metadata service_tier stop_sequences stream user_profile_id workspace_id".split()
)
SAMPLING = ("temperature", "top_p", "top_k")
BETA_FIELDS = {  # field: how the name of its beta begins; "" where any beta will do
    "context_management": "context-management-",
    "mcp_servers": "mcp-client-",
    "output_format": "structured-outputs-",
    "fallbacks": "",
    "compaction": "",
    "thread": "",
    "billing_policy": "",
}
LEAST_BUDGET = 1024


class MessagesRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request: the neutral ask, and what only this dialect's answer depends on."""

    ask: Ask
    plan: Plan
    omit_thinking: bool = False


def read(request: HttpRequest, context: Context, *, counting: bool = False) -> MessagesRequest:
    agreed = terms(request)
    body = parse(request.body)
    plan = context.vocabulary.plan(body.need("model").text(low=1))
    _known_fields(body, agreed, COUNT_FIELDS if counting else FIELDS, is_open=plan.lenient or plan.family == "host")
    max_tokens = None if counting else body.need("max_tokens").integer(0)
    _sampling(body, agreed)
    thinking = _thinking(body, max_tokens, agreed)
    said = messages.read(
        body.need("messages"), agreed, prefill=plan.family == "claude-3", manual_thinking=thinking == "enabled"
    )
    system = body.get("system")
    instructions = read_blocks(system, "system", agreed).text if system is not None else ""
    offered = tools.read_tools(body)
    is_thinking = thinking in ("enabled", "adaptive")
    choice, parallel = tools.read_choice(body, offered, thinking=is_thinking)
    tools.check_breakpoints(body)
    _plain(body)
    ask = Ask(
        model=body.value["model"],
        said=said.said,
        prompt=f"{instructions} {said.prompt} {dumps(body.value.get('tools') or [])}",
        stream=(flag := body.get("stream")) is not None and flag.boolean(),
        tools=offered,
        choice=choice,
        parallel=parallel,
        results=said.results,
        rounds=said.rounds,
        media=said.media,
        max_tokens=max_tokens,
        stops=_stops(body),
        schema=tools.read_format(body),
        reasoning={"": None, "disabled": False}.get(thinking, True),
    )
    display = (body.value.get("thinking") or {}).get("display")
    return MessagesRequest(
        ask=ask, plan=context.vocabulary.directed(plan, ask.said), omit_thinking=display == "omitted"
    )


def _known_fields(body: Node, agreed: Terms, known: frozenset[str], *, is_open: bool) -> None:
    for name in body.value:
        node = Node(body.value[name], (name,))
        if name in SAMPLING and agreed.is_new:
            node.refuse(f"`{name}` is not supported in this API version")
        is_beta = name in BETA_FIELDS and agreed.betas and agreed.has_beta(BETA_FIELDS[name])
        if name not in known and name not in SAMPLING and not is_beta and not is_open:
            node.refuse("extra inputs are not permitted")


def _sampling(body: Node, agreed: Terms) -> None:
    temperature, top_p, top_k = (body.get(name) for name in SAMPLING)
    if temperature is not None:
        temperature.number(0, 1)
    if top_p is not None:
        top_p.number(0, 1)
    if top_k is not None:
        top_k.integer(0)


def _thinking(body: Node, max_tokens: int | None, agreed: Terms) -> str:
    """The kind of thinking asked for, with the limits that it puts on the other parameters; "" when not mentioned."""
    node = body.get("thinking")
    if node is None:
        return ""
    kind = (
        node.object({"type", "budget_tokens", "display"})
        .need("type")
        .one_of("enabled", "adaptive", "between_tools", "disabled")
    )
    if (display := node.get("display")) is not None:
        display.one_of("summarized", "omitted")
    if kind == "enabled":
        budget = node.need("budget_tokens")
        budget.integer(LEAST_BUDGET)
        if max_tokens is not None and budget.value >= max_tokens and not agreed.has_beta("interleaved-thinking-"):
            Node(max_tokens, ("max_tokens",)).refuse("`max_tokens` must be greater than `thinking.budget_tokens`")
    if kind in ("enabled", "adaptive"):
        _thinking_sampling(body)
    return kind


def _thinking_sampling(body: Node) -> None:
    temperature, top_p, top_k = (body.get(name) for name in SAMPLING)
    if temperature is not None and temperature.value != 1:
        temperature.refuse("`temperature` may only be set to 1 when thinking is enabled")
    if top_p is not None and top_p.value < 0.95:
        top_p.refuse("`top_p` must be at least 0.95 when thinking is enabled")
    if top_k is not None:
        top_k.refuse("`top_k` must be unset when thinking is enabled")


def _stops(body: Node) -> tuple[str, ...]:
    stops = body.get("stop_sequences")
    if stops is None:
        return ()
    texts = tuple(entry.text() for entry in stops.items())
    for at, text in enumerate(texts):
        if not text.strip():
            stops[at].refuse("each stop sequence must contain non-whitespace")
    return texts


def _plain(body: Node) -> None:
    """Closed lists and shapes of the remaining parameters."""
    if (metadata := body.get("metadata")) is not None and (
        user := metadata.object({"user_id"}).get("user_id")
    ) is not None:
        user.text()
    if (tier := body.get("service_tier")) is not None:
        tier.one_of("auto", "standard_only")
    if (speed := body.get("speed")) is not None:
        speed.one_of("standard", "fast")
