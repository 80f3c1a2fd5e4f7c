"""Gemini: the request body, checked as strictly as the service checks it, read into an `Ask`."""

import msgspec

from fastproxy.demo.ask import Ask
from fastproxy.demo.checked import Node, parse
from fastproxy.demo.compose import PROMPT_OVERHEAD
from fastproxy.demo.dialects.dialect import Context, Reply
from fastproxy.demo.dialects.gemini import contents, tools
from fastproxy.demo.dialects.gemini.generation import Generation, read_generation
from fastproxy.demo.dialects.gemini.spelling import camel
from fastproxy.demo.errors import Kind, Refused
from fastproxy.demo.script import Plan
from fastproxy.demo.sse import dumps
from fastproxy.demo.story import tokens

FIELDS = frozenset(
    "model contents systemInstruction tools toolConfig safetySettings cachedContent labels serviceTier store "
    "generationConfig".split()
)
CATEGORIES = (
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
)
THRESHOLDS = (
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
)


class GeminiRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request: the neutral ask, and what only this dialect's answer depends on."""

    ask: Ask
    plan: Plan
    generation: Generation
    stream_arguments: bool = False


def read(raw: bytes, model: str, context: Context, *, stream: bool) -> GeminiRequest:
    return _read(Node(camel(parse(raw).value)), model, context, stream=stream)


def _read(body: Node, model: str, context: Context, *, stream: bool) -> GeminiRequest:
    plan = context.vocabulary.plan(model)
    body.object(None if plan.lenient or plan.family == "host" else FIELDS)
    if (named := body.get("model")) is not None and named.text().removeprefix("models/") != model:
        named.refuse("model must match the model of the request's path")
    if (cached := body.get("cachedContent")) is not None:
        cached.refuse(f"CachedContent not found (or permission denied): {cached.text()}", kind=Kind.PERMISSION)
    if body.get("contents") is None:
        raise Refused(Kind.INVALID, "* GenerateContentRequest.contents: contents is not specified\n")
    said = contents.read(body.need("contents"), plan)
    system = body.get("systemInstruction")
    instructions = contents.read_text(system) if system is not None else ""
    offered = tools.read_tools(body)
    generation = read_generation(body, plan, has_tools=bool(offered))
    _safety(body)
    choice, stream_arguments = tools.read_choice(body, offered)
    ask = Ask(
        model=model,
        said=said.said,
        prompt=f"{instructions} {said.prompt} {dumps(body.value.get('tools') or [])}",
        stream=stream,
        tools=offered,
        choice=choice,
        results=said.results,
        rounds=said.rounds,
        media=said.media,
        max_tokens=generation.max_tokens,
        stops=generation.stops,
        schema=generation.schema,
        json_mode=generation.json_mode,
        reasoning=generation.reasoning,
    )
    return GeminiRequest(
        ask=ask,
        plan=context.vocabulary.directed(plan, ask.said),
        generation=generation,
        stream_arguments=stream_arguments,
    )


def count(raw: bytes, model: str, context: Context) -> Reply:
    """`countTokens`: of some contents, or of a whole request."""
    body = Node(camel(parse(raw).value)).object({"model", "contents", "generateContentRequest"})
    inner = body.get("generateContentRequest")
    if inner is not None and body.get("contents") is not None:
        raise Refused(Kind.INVALID, "Please use only one of contents and generate_content_request.")
    ask = _read(body if inner is None else inner, model, context, stream=False).ask
    total = len(tokens(ask.prompt)) + PROMPT_OVERHEAD
    return Reply(body={"totalTokens": total, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}]})


def _safety(body: Node) -> None:
    settings = body.get("safetySettings")
    seen: set[str] = set()
    for node in settings.items() if settings is not None else ():
        category = node.object({"category", "threshold", "method"}).need("category")
        if category.one_of(*CATEGORIES) in seen:
            category.refuse("element has been specified more than once")
        seen.add(category.value)
        node.need("threshold").one_of(*THRESHOLDS)
