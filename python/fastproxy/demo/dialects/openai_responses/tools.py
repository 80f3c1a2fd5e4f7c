"""OpenAI Responses: tools, also in namespaces, the choice among them, and the schema of structured output."""

import msgspec

from fastproxy.demo.ask import Choice, Json, Mode, Tool
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.openai.schema import NAME, read_schema

FUNCTION_FIELDS = frozenset(
    "type name description parameters strict defer_loading allowed_callers output_schema".split()
)
CUSTOM_FIELDS = frozenset("type name description format defer_loading allowed_callers".split())
NAMESPACE_FIELDS = frozenset("type name description tools".split())
CHOSEN = ("function", "custom")
HOSTED = (
    "web_search",
    "web_search_2025_08_26",
    "web_search_preview",
    "file_search",
    "code_interpreter",
    "image_generation",
    "computer",
    "computer_use_preview",
    "mcp",
    "local_shell",
    "shell",
    "apply_patch",
    "tool_search",
    "programmatic_tool_calling",
)


class Offered(msgspec.Struct, frozen=True):
    """The tools of a request. Those in a namespace are told apart by `namespace.name`, which `spaces` takes apart again."""

    tools: tuple[Tool, ...] = ()
    spaces: dict[str, tuple[str, str]] = {}
    echoed: tuple[Json, ...] = ()

    def called(self, name: str) -> Json:
        """How a call names its tool."""
        if name not in self.spaces:
            return {"name": name}
        space, local = self.spaces[name]
        return {"name": local, "namespace": space}

    def find(self, name: str) -> str | None:
        """The tool that a choice names, by its full or its local name."""
        if any(tool.name == name for tool in self.tools):
            return name
        return next((full for full, (_, local) in self.spaces.items() if local == name), None)


def read_tools(body: Node) -> Offered:
    """The client's own tools; those that the service runs itself are accepted and never called."""
    field = body.get("tools")
    tools: list[Tool] = []
    spaces: dict[str, tuple[str, str]] = {}
    echoed: list[Json] = []
    for node in field.items() if field is not None else ():
        kind = node.object().need("type").one_of("function", "custom", "namespace", *HOSTED)
        echoed.append(_echoed(node.value, kind))
        if kind == "namespace":
            for tool, local in _namespace(node):
                spaces[tool.name] = local
                tools.append(tool)
        elif kind not in HOSTED:
            tools.append(_tool(node))
    return Offered(tuple(tools), spaces, tuple(echoed))


def _echoed(tool: Json, kind: str) -> Json:
    """A function that does not say how strict it is reads back as strict."""
    if kind != "function":
        return tool
    return {"description": None, "parameters": None, **tool, "strict": tool.get("strict", True) is not False}


def _tool(node: Node) -> Tool:
    kind = node.object().need("type").one_of("function", "custom")
    name = node.object(FUNCTION_FIELDS if kind == "function" else CUSTOM_FIELDS).need("name").text(pattern=NAME)
    if (about := node.get("description")) is not None:
        about.text()
    if kind == "custom":
        _custom_format(node.get("format"))
        return Tool(name=name, custom=True)
    strict, parameters = node.get("strict"), node.get("parameters")
    must_close = strict is not None and strict.boolean()
    if parameters is None:
        return Tool(name=name)
    return Tool(name=name, schema=read_schema(parameters, strict=must_close, where="function", name=name))


def _custom_format(form: Node | None) -> None:
    if form is not None and form.object().need("type").one_of("text", "grammar") == "grammar":
        form.object({"type", "definition", "syntax"}).need("definition").text(low=1)
        form.need("syntax").one_of("lark", "regex")


def _namespace(node: Node) -> list[tuple[Tool, tuple[str, str]]]:
    space = node.object(NAMESPACE_FIELDS).need("name").text(pattern=NAME)
    node.need("description").text()
    tools = [_tool(entry) for entry in node.need("tools").items(low=1)]
    return [(msgspec.structs.replace(tool, name=f"{space}.{tool.name}"), (space, tool.name)) for tool in tools]


def read_choice(body: Node, offered: Offered) -> Choice:
    node = body.get("tool_choice")
    if node is None:
        return Choice()
    if isinstance(node.value, str):
        mode = node.one_of("none", "auto", "required")
        if mode == "required" and not body.value.get("tools"):
            node.refuse("tool choice 'required' must be specified with 'tools' parameter", code="invalid_value")
        return Choice(mode=Mode(mode))
    kind = node.object().need("type").one_of("function", "custom", "allowed_tools", *HOSTED)
    if kind in HOSTED:
        return Choice()
    if kind != "allowed_tools":
        return Choice(mode=Mode.REQUIRED, only=(_chosen(node, offered),))
    node.object({"type", "mode", "tools"})
    entries = node.need("tools").items(low=1)
    names = [_chosen(entry, offered) for entry in entries if entry.object().need("type").text() in CHOSEN]
    return Choice(mode=Mode(node.need("mode").one_of("auto", "required")), only=tuple(names))


def _chosen(node: Node, offered: Offered) -> str:
    name = node.object({"type", "name", "namespace"}).need("name")
    found = offered.find(name.text())
    if found is None:
        name.refuse(f"tool choice '{name.value}' not found in 'tools' parameter", code="invalid_value")
    return found


def read_format(body: Node, prompt: str) -> tuple[Json | None, bool]:
    """`text.format` as (schema, plain JSON mode)."""
    text = body.get("text")
    if text is None:
        return None, False
    if (verbosity := text.object({"format", "verbosity"}).get("verbosity")) is not None:
        verbosity.one_of("low", "medium", "high")
    form = text.get("format")
    if form is None:
        return None, False
    kind = form.object().need("type").one_of("text", "json_object", "json_schema")
    form.object({"type"} if kind != "json_schema" else {"type", "name", "schema", "description", "strict"})
    if kind == "json_object":
        if "json" not in prompt.lower():
            form.refuse("'input' must contain the word 'json' in some form to use 'json_object'")
        return None, True
    if kind == "text":
        return None, False
    name = form.need("name").text(pattern=NAME)
    strict = (flag := form.get("strict")) is not None and flag.boolean()
    schema = form.need("schema")
    if schema.object().value.get("type") != "object":
        schema.refuse(
            f"invalid schema for text.format '{name}': schema must be of type 'object'", code="invalid_json_schema"
        )
    return read_schema(schema, strict=strict, where="text.format", name=name), False
