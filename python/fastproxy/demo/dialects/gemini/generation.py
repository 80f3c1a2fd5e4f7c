"""Gemini: `generationConfig`, with the limits that its fields put on each other."""

import msgspec

from fastproxy.demo.ask import Json
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.gemini.schema import as_json_schema, check_json_schema, check_schema
from fastproxy.demo.script import Plan

FIELDS = frozenset(
    "temperature topP topK candidateCount maxOutputTokens stopSequences responseMimeType responseSchema "
    "responseJsonSchema responseFormat presencePenalty frequencyPenalty seed responseLogprobs logprobs "
    "responseModalities thinkingConfig mediaResolution speechConfig imageConfig enableEnhancedCivicAnswers".split()
)
RANGES = (
    ("temperature", 0, 2),
    ("topP", 0, 1),
    ("presencePenalty", -2, 2),
    ("frequencyPenalty", -2, 2),
)
LEVELS = ("THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH")
MODALITIES = ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO")
MOST_STOPS, MOST_CANDIDATES, MOST_LOGPROBS, MOST_BUDGET = 5, 8, 20, 32_768
JSON, ENUM = "application/json", "text/x.enum"


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    candidates: int = 1
    schema: Json | None = None
    json_mode: bool = False
    reasoning: bool | None = None
    show_thoughts: bool = False
    logprobs: int | None = None


def read_generation(body: Node, plan: Plan, *, has_tools: bool) -> Generation:
    otherwise = True if plan.family == "gemini-3" else None
    config = body.get("generationConfig")
    if config is None:
        return Generation(reasoning=otherwise)
    config.object(None if plan.lenient or plan.family == "host" else FIELDS)
    for name, low, high in RANGES:
        if (node := config.get(name)) is not None:
            node.number(low, high)
    if (seed := config.get("seed")) is not None:
        seed.integer(-(2**31), 2**31 - 1)
    if (top_k := config.get("topK")) is not None:
        top_k.number(1, 1000)
    for modality in nodes.items() if (nodes := config.get("responseModalities")) is not None else ():
        modality.one_of(*MODALITIES)
    limit, count, stops = (config.get(name) for name in ("maxOutputTokens", "candidateCount", "stopSequences"))
    schema, json_mode = _format(config)
    if json_mode and has_tools and plan.family != "gemini-3":
        config.refuse(f"Function calling with a response mime type: '{JSON}' is unsupported")
    reasoning, show = _thinking(config, otherwise)
    return Generation(
        max_tokens=None if limit is None else limit.integer(1),
        stops=() if stops is None else tuple(stop.text(low=1) for stop in stops.items(high=MOST_STOPS)),
        candidates=1 if count is None else count.integer(1, MOST_CANDIDATES),
        schema=schema,
        json_mode=json_mode,
        reasoning=reasoning,
        show_thoughts=show,
        logprobs=_logprobs(config),
    )


def _thinking(config: Node, otherwise: bool | None) -> tuple[bool | None, bool]:
    """Is thinking on, off or not mentioned, and is it shown?"""
    node = config.get("thinkingConfig")
    if node is None:
        return otherwise, False
    node.object({"includeThoughts", "thinkingBudget", "thinkingLevel"})
    shown, budget, level = (node.get(name) for name in ("includeThoughts", "thinkingBudget", "thinkingLevel"))
    if budget is not None and level is not None:
        node.refuse("You can only set only one of thinking budget and thinking level.")
    if level is not None:
        level.one_of(*LEVELS)
    is_off = budget is not None and budget.integer(-1, MOST_BUDGET) == 0
    show = shown is not None and shown.boolean()
    if is_off and show:
        node.refuse("Thinking_config.include_thoughts is only enabled when thinking is enabled.")
    return not is_off, show


def _format(config: Node) -> tuple[Json | None, bool]:
    """The schema of a structured answer, and whether it must be JSON at all."""
    mime = config.get("responseMimeType")
    kind = "text/plain" if mime is None else mime.one_of("text/plain", JSON, ENUM)
    schema, json_schema = config.get("responseSchema"), config.get("responseJsonSchema")
    if schema is not None and json_schema is not None:
        json_schema.refuse("only one of response_schema and response_json_schema may be set")
    found = schema if schema is not None else json_schema
    if found is not None and kind == "text/plain":
        found.refuse(f"only supported when `response_mime_type` is set to {JSON} or {ENUM}")
    if schema is not None:
        check_schema(schema)
        return as_json_schema(schema.value), kind == JSON
    if json_schema is not None:
        check_json_schema(json_schema)
        return dict(json_schema.value), kind == JSON
    return None, kind == JSON


def _logprobs(config: Node) -> int | None:
    wanted, top = config.get("responseLogprobs"), config.get("logprobs")
    is_on = wanted is not None and wanted.boolean()
    if top is not None and not is_on:
        top.refuse("logprobs requires response_logprobs to be true")
    return (0 if top is None else top.integer(0, MOST_LOGPROBS)) if is_on else None
