"""Ollama `/api/chat`: the request, checked as the server checks it: types strictly, names it does not know not at all."""

from fastproxy.demo.ask import Ask, Choice, Conversation, Json, Media, Result, Tool
from fastproxy.demo.checked import Node, parse
from fastproxy.demo.dialects.dialect import Context, Renderer, Reply
from fastproxy.demo.dialects.ollama.answer import ChatRenderer, loaded
from fastproxy.demo.dialects.ollama.options import planned, read_images, read_options
from fastproxy.demo.sse import dumps

ROLES = ("system", "user", "assistant", "tool")


def read(raw: bytes, context: Context) -> Renderer | Reply:
    body = parse(raw)
    plan = planned(body, context)
    options = read_options(body)
    tools = _tools(body)
    field = body.get("messages")
    messages = list(field.items()) if field is not None else []
    if not messages:
        message = {"message": {"role": "assistant", "content": ""}}
        return Reply(body=loaded(body.value["model"], context, message, unloads=options.unloads))
    said = _conversation(messages)
    ask = Ask(
        model=body.value["model"],
        said=said.said,
        prompt=said.prompt + dumps(body.value.get("tools") or []),
        stream=options.stream,
        tools=tools,
        choice=Choice(),
        results=said.results,
        rounds=said.rounds,
        media=said.media,
        max_tokens=options.max_tokens,
        stops=options.stops,
        schema=options.schema,
        json_mode=options.json_mode,
        reasoning=options.reasoning,
    )
    return ChatRenderer(ask, context.vocabulary.directed(plan, ask.said), context)


def _tools(body: Node) -> tuple[Tool, ...]:
    tools = body.get("tools")
    return tuple(_tool(node) for node in tools.items()) if tools is not None else ()


def _tool(node: Node) -> Tool:
    node.object()
    if (kind := node.get("type")) is not None:
        kind.text()
    function = node.need("function").object()
    parameters = function.get("parameters")
    schema: Json = parameters.object().value if parameters is not None else {}
    return Tool(name=function.need("name").text(low=1), schema=schema)


def _conversation(messages: list[Node]) -> Conversation:
    read_media = [_message(node) for node in messages]
    texts = [node.value.get("content") or "" for node in messages]
    by_user = [at for at, node in enumerate(messages) if node.value["role"] == "user"]
    return Conversation(
        said=tuple(texts[at] for at in by_user if texts[at]),
        prompt=" ".join(texts),
        media=read_media[by_user[-1]] if by_user else (),
        results=_results(messages, read_media),
        rounds=_rounds(messages),
    )


def _message(node: Node) -> tuple[Media, ...]:
    node.object().need("role").one_of(*ROLES)
    for name in ("content", "thinking", "tool_name", "tool_call_id"):
        if (text := node.get(name)) is not None:
            text.text()
    calls = node.get("tool_calls")
    for call in calls.items() if calls is not None else ():
        function = call.object().need("function").object()
        function.need("name").text()
        if (arguments := function.get("arguments")) is not None and not isinstance(arguments.value, dict):
            arguments.refuse("json: cannot unmarshal string into Go struct field of type api.ToolCallFunctionArguments")
    return read_images(node.get("images"))


def _results(messages: list[Node], media: list[tuple[Media, ...]]) -> tuple[Result, ...]:
    """The results since the assistant's last turn. Named by the tool, by the call's id, or else in the order of the calls."""
    results: list[Result] = []
    names: dict[str, str] = {}
    waiting: list[str] = []
    for node, seen in zip(messages, media, strict=True):
        message: Json = node.value
        if message["role"] == "assistant":
            results.clear()
            calls = message.get("tool_calls") or ()
            waiting = [call["function"]["name"] for call in calls]
            names = {call["id"]: call["function"]["name"] for call in calls if call.get("id")}
        elif message["role"] == "tool":
            name = message.get("tool_name") or names.get(message.get("tool_call_id") or "")
            name = name or (waiting[0] if waiting else "tool")
            if name in waiting:
                waiting.remove(name)
            results.append(Result(name=name, text=message.get("content") or "", media=seen))
    return tuple(results)


def _rounds(messages: list[Node]) -> int:
    """Assistant turns with calls, since one that ended with an answer."""
    turns = [bool(node.value.get("tool_calls")) for node in reversed(messages) if node.value["role"] == "assistant"]
    return turns.index(False) if False in turns else len(turns)
