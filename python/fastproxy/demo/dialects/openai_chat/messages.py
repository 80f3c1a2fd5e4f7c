"""OpenAI Chat: the conversation. Shapes of every message, then the pairing of tool calls and their results."""

from fastproxy.demo.ask import Conversation, Json, Media, Result
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.openai import media
from fastproxy.demo.errors import Kind
from fastproxy.demo.script import Plan

ROLES = ("developer", "system", "user", "assistant", "tool", "function")
FIELDS = {
    "developer": {"role", "content", "name"},
    "system": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "refusal", "audio", "tool_calls", "function_call", "annotations"},
    "tool": {"role", "content", "tool_call_id"},
    "function": {"role", "content", "name"},
}
PARTS = {
    "developer": ("text",),
    "system": ("text",),
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
    "tool": ("text",),
    "function": ("text",),
}
CALL_FIELDS = {"id", "type", "function", "custom"}
CALL_ID_LENGTH = 64  # 40 at some older models; live tests of 2026 accept more
OPEN_FAMILIES = ("deepseek", "host")


def read(messages: Node, plan: Plan) -> Conversation:
    """Check all messages as the service does and gather what scripts need."""
    nodes = list(messages.items(low=1))
    contents = [_message(node, plan) for node in nodes]
    _pair(nodes)
    if plan.family == "deepseek":
        for node in nodes:
            _replayed(node)
    by_user = [content for node, content in zip(nodes, contents, strict=True) if node.value["role"] == "user"]
    return Conversation(
        said=tuple(text for text, _ in by_user if text),
        prompt=" ".join(text for text, _ in contents),
        media=by_user[-1][1] if by_user else (),
        results=_results(nodes, [text for text, _ in contents]),
        rounds=_rounds(nodes),
    )


def _message(node: Node, plan: Plan) -> tuple[str, tuple[Media, ...]]:
    role = node.object().need("role").one_of(*ROLES)
    is_open = plan.lenient or plan.family in OPEN_FAMILIES
    # Who shows its reasoning takes it back; OpenAI itself does neither.
    replayed = {"reasoning_content"} if plan.thinking and role == "assistant" else set()
    node.object(None if is_open else FIELDS[role] | replayed)
    if (name := node.get("name")) is not None:
        name.text(low=1, high=64)
    if role == "assistant":
        _assistant(node, None if is_open else CALL_FIELDS)
    if role == "tool":
        node.need("tool_call_id").text()
    if role == "function":
        node.need("name")
    says_otherwise = role == "assistant" and (_calls(node) or node.get("refusal") or node.get("audio"))
    if says_otherwise and node.get("content") is None:
        return "", ()
    return _content(node.need("content"), PARTS[role], is_open=is_open)


def _content(content: Node, allowed: tuple[str, ...], *, is_open: bool) -> tuple[str, tuple[Media, ...]]:
    if isinstance(content.value, str):
        return content.value, ()
    texts: list[str] = []
    seen: list[Media] = []
    for part in content.items(low=1):
        kind = part.object().need("type").one_of(*allowed)
        part.object(None if is_open else {"type", kind, "prompt_cache_breakpoint"})
        if kind in ("text", "refusal"):
            texts.append(part.need(kind).text())
        else:
            seen.append(
                {"image_url": _image, "input_audio": media.audio, "file": _file}[kind](part.need(kind).object())
            )
    return "".join(texts), tuple(seen)


def _image(image: Node) -> Media:
    image.object({"url", "detail"})
    if (detail := image.get("detail")) is not None:
        detail.one_of("auto", "low", "high", "original")
    return media.image(image.need("url"))


def _file(file: Node) -> Media:
    file.object({"file_data", "file_id", "filename"})
    name = file.get("filename")
    if (file_id := file.get("file_id")) is not None:
        file_id.refuse(f"file {file_id.text()} was not found", kind=Kind.NOT_FOUND)
    if name is None:
        file.need("filename")
    media_type, data = media.data_url(file.need("file_data"))
    return Media(kind="document", media_type=media_type, data=data, name=name.text() if name else "")


def _assistant(node: Node, known: set[str] | None) -> None:
    seen: set[str] = set()
    calls = node.get("tool_calls")
    for call in calls.items(low=1) if calls is not None else ():
        call.object(known)
        call_id = call.need("id").text(low=1, high=CALL_ID_LENGTH)
        if call_id in seen:
            call.need("id").refuse("duplicate tool call id", code="invalid_value")
        seen.add(call_id)
        if call.need("type").one_of("function", "custom") == "function":
            function = call.need("function").object({"name", "arguments"})
            function.need("name").text(low=1)
            function.need("arguments").text()
        else:
            custom = call.need("custom").object({"name", "input"})
            custom.need("name").text(low=1)
            custom.need("input").text()


def _calls(node: Node) -> int:
    calls = node.value.get("tool_calls") or ()
    return len(calls) + (node.value.get("function_call") is not None)


def _pair(nodes: list[Node]) -> None:
    """Each call needs its result right after, before any other message; a result needs its call."""
    open_calls: dict[str, Node] = {}
    for node in nodes:
        role = node.value["role"]
        if role == "tool":
            call_id = node.value["tool_call_id"]
            if call_id not in open_calls:
                node.refuse("messages with role 'tool' must answer a tool call of the assistant message before them")
            del open_calls[call_id]
            continue
        _all_answered(open_calls)
        open_calls = {call["id"]: node for call in node.value.get("tool_calls") or ()}
    _all_answered(open_calls)


def _all_answered(open_calls: dict[str, Node]) -> None:
    for node in open_calls.values():
        node.refuse(
            f"an assistant message with 'tool_calls' must be followed by a tool message for each id; missing: {', '.join(open_calls)}"
        )


def _results(nodes: list[Node], texts: list[str]) -> tuple[Result, ...]:
    """The tool messages since the last assistant turn, named by the calls they answer; the user may have spoken after them."""
    names: dict[str, str] = {}
    results: list[Result] = []
    for node, text in zip(nodes, texts, strict=True):
        message: Json = node.value
        for call in message.get("tool_calls") or ():
            names[call["id"]] = (call.get("function") or call.get("custom"))["name"]
        if message["role"] == "tool":
            results.append(Result(name=names[message["tool_call_id"]], text=text))
        elif message["role"] == "function":
            results.append(Result(name=message["name"], text=text))
        elif message["role"] == "assistant":
            results.clear()
    return tuple(results)


def _rounds(nodes: list[Node]) -> int:
    """Assistant turns with calls since one that ended with an answer."""
    turns = [_calls(node) > 0 for node in reversed(nodes) if node.value["role"] == "assistant"]
    return turns.index(False) if False in turns else len(turns)


def _replayed(node: Node) -> None:
    """DeepSeek in thinking mode wants the reasoning of every assistant turn back."""
    if node.value["role"] != "assistant":
        return
    reasoning = node.get("reasoning_content")
    if reasoning is None or not reasoning.text():
        node.refuse(
            "the `reasoning_content` in the thinking mode must be passed back to the API", code="invalid_request_error"
        )
