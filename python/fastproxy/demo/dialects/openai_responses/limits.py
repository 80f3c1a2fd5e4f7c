"""OpenAI Responses: ranges and closed lists of the plain parameters."""

from fastproxy.demo.checked import Node
from fastproxy.demo.script import Plan

LEAST_OUTPUT = 16
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
CLOSED = (
    ("service_tier", ("auto", "default", "flex", "scale", "priority", "fast")),
    ("truncation", ("auto", "disabled")),
)
REASONING_FIELDS = {"effort", "summary", "generate_summary", "context", "mode"}
MOST_METADATA, METADATA_KEY, METADATA_VALUE = 16, 64, 512
MOST_LOGPROBS = 20


def check(body: Node, plan: Plan) -> None:
    for name, high in (("temperature", 2), ("top_p", 1)):
        if (node := body.get(name)) is None:
            continue
        node.number(0, high)
        if plan.family == "reasoner":
            node.refuse(f"'{name}' is not supported with this model", code="unsupported_parameter")
    for name, allowed in CLOSED:
        if (node := body.get(name)) is not None:
            node.one_of(*allowed)
    for name in ("user", "safety_identifier", "prompt_cache_key", "instructions"):
        if (node := body.get(name)) is not None:
            node.text()
    if (node := body.get("max_tool_calls")) is not None:
        node.integer(1)
    if (node := body.get("metadata")) is not None:
        _metadata(node.object())
    background, store = body.get("background"), body.get("store")
    if background is not None and background.boolean() and store is not None and not store.boolean():
        background.refuse("background mode requires 'store' to be true", code="invalid_parameter_combination")
    top_logprobs(body)


def _metadata(node: Node) -> None:
    if len(node.value) > MOST_METADATA:
        node.refuse(f"expected at most {MOST_METADATA} entries", code="object_above_max_properties")
    for name in node.value:
        node.need(name).text(high=METADATA_VALUE)
        if len(name) > METADATA_KEY:
            node.refuse(f"keys have at most {METADATA_KEY} characters", code="string_above_max_length")


def top_logprobs(body: Node) -> int:
    return 0 if (node := body.get("top_logprobs")) is None else node.integer(0, MOST_LOGPROBS)


def read_effort(reasoning: Node | None, plan: Plan) -> bool | None:
    """Is reasoning on, off, or not mentioned?"""
    if reasoning is None:
        return True if plan.family == "reasoner" else None
    for name in ("summary", "generate_summary"):
        if (node := reasoning.object(REASONING_FIELDS).get(name)) is not None:
            node.one_of("auto", "concise", "detailed")
    effort = reasoning.get("effort")
    return True if effort is None else effort.one_of(*EFFORTS) != "none"
