"""Gemini: the conversation. Parts and what must be in them, and how calls, results and signatures belong together."""

import base64
import binascii
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NoReturn

import msgspec

from fastproxy.demo import seal
from fastproxy.demo.ask import Conversation, Json, Media, Result
from fastproxy.demo.checked import Node
from fastproxy.demo.errors import Kind, Refused
from fastproxy.demo.script import Plan
from fastproxy.demo.sse import dumps

SIGNATURE = "gemini signature"
# What the documentation offers to who brings calls that another model made.
SKIP_SIGNATURE = "skip_thought_signature_validator"
PART_FIELDS = frozenset(
    "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall toolResponse "
    "thought thoughtSignature videoMetadata mediaResolution partMetadata".split()
)
ONE_OF = (
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
)
ROLES = ("user", "model", "function")


class Turn(msgspec.Struct, frozen=True):
    """One content, read."""

    role: str
    text: str
    media: tuple[Media, ...]
    calls: tuple[Node, ...]
    results: tuple[tuple[Node, Result], ...]


def refuse(message: str) -> NoReturn:
    """What is wrong with the conversation as a whole: the service names no field then."""
    raise Refused(Kind.INVALID, message)


def read(contents: Node, plan: Plan) -> Conversation:
    turns = [_turn(node) for node in contents.items(low=1)]
    _pair(turns)
    if plan.family == "gemini-3":
        _demand_signatures(turns)
    by_user = [turn for turn in turns if turn.role == "user" and (turn.text or turn.media)]
    spoke = max((at for at, turn in enumerate(turns) if turn.role == "model"), default=-1)
    return Conversation(
        said=tuple(turn.text for turn in by_user if turn.text),
        prompt=" ".join(turn.text for turn in turns),
        media=by_user[-1].media if by_user else (),
        results=tuple(result for turn in turns[spoke + 1 :] for _, result in turn.results),
        rounds=_rounds(turns),
    )


def read_text(content: Node) -> str:
    """A system instruction: text only, its role is ignored."""
    if isinstance(content.value, str):
        content.refuse("expected an object", code="invalid_type")
    parts = content.object({"parts", "role"}).need("parts")
    nodes = [parts] if isinstance(parts.value, dict) else list(parts.items(low=1))
    return "".join(node.object({"text", "thought", "partMetadata"}).need("text").text() for node in nodes)


def _turn(node: Node) -> Turn:
    role = node.object({"role", "parts"}).get("role")
    name = "user" if role is None else role.text()
    if name not in ROLES:
        refuse("Please use a valid role: user, model.")
    texts: list[str] = []
    media: list[Media] = []
    calls: list[Node] = []
    results: list[tuple[Node, Result]] = []
    for part in node.need("parts").items(low=1):
        field = _field(part)
        if field == "text":
            texts.append("" if part.value.get("thought") else part.need("text").text())
        elif field in MEDIA:
            media.append(MEDIA[field](part.need(field)))
        elif field == "functionCall":
            calls.append(_call(part))
        elif field == "functionResponse":
            results.append((part, _result(part.need(field))))
    return Turn(name, "".join(texts), tuple(media), tuple(calls), tuple(results))


def _field(part: Node) -> str:
    """Which of the alternatives a part is; exactly one must be given."""
    part.object(PART_FIELDS)
    given = [name for name in ONE_OF if part.value.get(name) is not None]
    if not given:
        Node(None, (*part.path, "data")).refuse("required oneof field 'data' must have one initialized field")
    if len(given) > 1:
        part.need(given[1]).refuse(f"oneof field 'data' is already set. Cannot set '{given[1]}'", code="invalid_type")
    if (signature := part.get("thoughtSignature")) is not None:
        _signature(signature)
    return given[0]


def _signature(node: Node) -> None:
    """Bytes in base64 that were issued here, or the words that switch the check off."""
    text = node.text()
    if text == SKIP_SIGNATURE:
        return
    try:
        raw = base64.b64decode(text, altchars=b"-_" if "-" in text or "_" in text else None, validate=True)
    except (binascii.Error, ValueError):
        node.refuse(f'(TYPE_BYTES), Base64 decoding failed for "{text[:40]}"', code="invalid_type")
    if raw == SKIP_SIGNATURE.encode():
        return
    if seal.reveal(SIGNATURE, base64.b64encode(raw).decode()) is None:
        refuse("Corrupted thought signature.")


def _inline(node: Node) -> Media:
    node.object({"mimeType", "data", "displayName"})
    data = node.need("data")
    try:
        raw = base64.b64decode(data.text(), validate=True)
    except (binascii.Error, ValueError):
        data.refuse(f'(TYPE_BYTES), Base64 decoding failed for "{data.value[:40]}"', code="invalid_type")
    mime = node.need("mimeType").text(low=1)
    return Media(kind=_kind(mime), media_type=mime, data=raw)


def _file(node: Node) -> Media:
    node.object({"mimeType", "fileUri", "displayName"})
    mime = node.get("mimeType")
    return Media(kind=_kind("" if mime is None else mime.text()), reference=node.need("fileUri").text(low=1))


def _kind(mime: str) -> str:
    kind = mime.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "document"


MEDIA: Mapping[str, Callable[[Node], Media]] = MappingProxyType({"inlineData": _inline, "fileData": _file})


def _call(part: Node) -> Node:
    call = part.need("functionCall").object({"name", "args", "id", "partialArgs", "willContinue"})
    call.need("name").text(low=1)
    if (args := call.get("args")) is not None:
        args.object()
    return part


def _result(node: Node) -> Result:
    node.object({"name", "response", "id", "parts", "willContinue", "scheduling"})
    response = node.need("response").object()
    attached = node.get("parts")
    media = [_inline(part.object({"inlineData"}).need("inlineData")) for part in attached.items()] if attached else []
    return Result(
        name=node.need("name").text(low=1),
        text=_worded(response.value),
        is_error="error" in response.value,
        media=tuple(media),
    )


def _worded(response: Json) -> str:
    """The result as the model reads it; a single text is that text."""
    values = list(response.values())
    return values[0] if len(values) == 1 and isinstance(values[0], str) else dumps(response)


def _pair(turns: list[Turn]) -> None:
    """A turn of calls follows the user, and is followed by as many results; results follow calls, by id or by name."""
    before: Turn | None = None
    for turn in turns:
        if turn.calls and (before is None or before.role == "model"):
            refuse(
                "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
            )
        asked = before.calls if before is not None else ()
        if len(turn.results) != len(asked):
            refuse(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        _match(turn, asked)
        before = turn
    if turns[-1].calls:
        refuse("Please ensure that single turn requests end with a user role or the last role is user.")


def _match(turn: Turn, asked: tuple[Node, ...]) -> None:
    waiting = [part.value["functionCall"] for part in asked]
    for part, _ in turn.results:
        given = part.value["functionResponse"]
        found = next((call for call in waiting if _answers(given, call)), None)
        if found is None:
            refuse(f"function response '{given['name']}' answers none of the function calls before it")
        waiting.remove(found)


def _answers(given: Json, call: Json) -> bool:
    has_ids = given.get("id") is not None and call.get("id") is not None
    return bool(given["name"] == call["name"]) and (not has_ids or given["id"] == call["id"])


def _demand_signatures(turns: list[Turn]) -> None:
    """Gemini 3 wants the signature of the first call of each step since the user spoke last."""
    spoken = [at for at, turn in enumerate(turns) if turn.role == "user" and not turn.results]
    for turn in turns[spoken[-1] :] if spoken else turns:
        if turn.calls and turn.calls[0].get("thoughtSignature") is None:
            name = turn.calls[0].value["functionCall"]["name"]
            refuse(f"Function call is missing a thought_signature in functionCall parts: '{name}'.")


def _rounds(turns: list[Turn]) -> int:
    """Turns of the model with calls, since one that ended with an answer."""
    called = [bool(turn.calls) for turn in reversed(turns) if turn.role == "model"]
    return called.index(False) if False in called else len(called)
