"""OpenAI Chat: tools, the choice among them, and the schemas of structured output."""

from fastproxy.demo.ask import Choice, Json, Mode, Tool
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.openai.schema import NAME, check_schema, read_schema

MOST_TOOLS = 128
FUNCTION_FIELDS = {"name", "description", "parameters", "strict"}


def read_tools(body: Node) -> tuple[Tool, ...]:
    """`tools`, or the deprecated `functions`."""
    tools = body.get("tools")
    if tools is not None:
        return tuple(_tool(node) for node in tools.items(low=1, high=MOST_TOOLS))
    functions = body.get("functions")
    return tuple(_function(node) for node in functions.items(low=1, high=MOST_TOOLS)) if functions is not None else ()


def _tool(node: Node) -> Tool:
    if node.object({"type", "function", "custom"}).need("type").one_of("function", "custom") == "function":
        return _function(node.need("function"))
    custom = node.need("custom").object({"name", "description", "format"})
    if (form := custom.get("format")) is not None and form.need("type").one_of("text", "grammar") == "grammar":
        grammar = form.need("grammar").object({"definition", "syntax"})
        grammar.need("definition").text(low=1)
        grammar.need("syntax").one_of("lark", "regex")
    return Tool(name=custom.need("name").text(pattern=NAME), custom=True)


def _function(node: Node) -> Tool:
    name = node.object(FUNCTION_FIELDS).need("name").text(pattern=NAME)
    if (about := node.get("description")) is not None:
        about.text()
    strict = (flag := node.get("strict")) is not None and flag.boolean()
    parameters = node.get("parameters")
    if parameters is None:
        return Tool(name=name)
    schema = read_schema(parameters, strict=strict, where="function", name=name)
    return Tool(name=name, schema=schema)


def read_choice(body: Node, tools: tuple[Tool, ...]) -> Choice:
    """`tool_choice`, or the deprecated `function_call`."""
    node = body.get("tool_choice")
    if node is None:
        old = body.get("function_call")
        if old is None:
            return Choice()
        return _mode(old, "none", "auto") if isinstance(old.value, str) else _named(old, tools)
    if not tools:
        node.refuse("'tool_choice' is only allowed when 'tools' are specified", code="invalid_value")
    if isinstance(node.value, str):
        return _mode(node, "none", "auto", "required")
    kind = node.object().need("type").one_of("function", "custom", "allowed_tools")
    if kind != "allowed_tools":
        return _named(node.need(kind), tools)
    allowed = node.need("allowed_tools").object({"mode", "tools"})
    names = tuple(_reference(entry, tools) for entry in allowed.need("tools").items(low=1))
    return Choice(mode=Mode(allowed.need("mode").one_of("auto", "required")), only=names)


def _mode(node: Node, *allowed: str) -> Choice:
    return Choice(mode=Mode(node.one_of(*allowed)))


def _named(node: Node, tools: tuple[Tool, ...]) -> Choice:
    name = node.object({"name"}).need("name")
    if name.text() not in {tool.name for tool in tools}:
        name.refuse(f"tool choice '{name.value}' not found in 'tools'", code="invalid_value")
    return Choice(mode=Mode.REQUIRED, only=(name.value,))


def _reference(entry: Node, tools: tuple[Tool, ...]) -> str:
    kind = entry.object().need("type").one_of("function", "custom")
    return _named(entry.need(kind), tools).only[0]


def read_format(body: Node, prompt: str) -> tuple[Json | None, bool]:
    """`response_format` as (schema, plain JSON mode)."""
    form = body.get("response_format")
    if form is None:
        return None, False
    kind = form.object({"type", "json_schema"}).need("type").one_of("text", "json_object", "json_schema")
    if kind == "json_object":
        if "json" not in prompt.lower():
            form.refuse("'messages' must contain the word 'json' in some form to use 'json_object'")
        return None, True
    if kind == "text":
        return None, False
    wanted = form.need("json_schema").object({"name", "description", "schema", "strict"})
    name = wanted.need("name").text(pattern=NAME)
    strict = (flag := wanted.get("strict")) is not None and flag.boolean()
    schema = wanted.get("schema")
    if schema is None:
        if strict:
            wanted.need("schema")
        return {}, False
    if strict and schema.object().value.get("type") != "object":
        schema.refuse(
            f"invalid schema for response_format '{name}': schema must be of type 'object'", code="invalid_json_schema"
        )
    check_schema(schema, schema.object().value, strict=strict, where="response_format", name=name)
    return schema.value, False
