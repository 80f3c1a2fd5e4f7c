"""Gemini: function declarations and the choice among them."""

import re

from fastproxy.demo.ask import Choice, Json, Mode, Tool
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.gemini.schema import as_json_schema, check_json_schema, check_schema

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")
DECLARATION_FIELDS = frozenset(
    "name description parameters parametersJsonSchema response responseJsonSchema behavior".split()
)
HOSTED = frozenset(
    "googleSearch googleSearchRetrieval codeExecution urlContext fileSearch googleMaps computerUse mcpServers".split()
)
MODES = ("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED")
CONFIG_FIELDS = {"mode", "allowedFunctionNames", "streamFunctionCallArguments"}


def read_tools(body: Node) -> tuple[Tool, ...]:
    """All declarations of all tools; what the service runs itself is accepted and never called."""
    tools = body.get("tools")
    found: list[Tool] = []
    for node in tools.items() if tools is not None else ():
        declared = node.object(HOSTED | {"functionDeclarations"}).get("functionDeclarations")
        for declaration in declared.items() if declared is not None else ():
            tool = _tool(declaration)
            if any(tool.name == other.name for other in found):
                declaration.need("name").refuse(f"Duplicate function declaration found: {tool.name}")
            found.append(tool)
    return tuple(found)


def _tool(node: Node) -> Tool:
    name = node.object(DECLARATION_FIELDS).need("name")
    if not NAME.fullmatch(name.text()):
        name.refuse(
            "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), "
            "underscores (_), dots (.), colons (:) or dashes (-), with a maximum length of 128."
        )
    if (about := node.get("description")) is not None:
        about.text()
    parameters, json_schema = node.get("parameters"), node.get("parametersJsonSchema")
    if parameters is not None and json_schema is not None:
        json_schema.refuse("only one of parameters and parameters_json_schema may be set")
    if parameters is not None:
        check_schema(parameters)
        _must_be_object(parameters, str(parameters.value.get("type", "")).upper() == "OBJECT")
        return Tool(name=name.value, schema=as_json_schema(parameters.value))
    if json_schema is None:
        return Tool(name=name.value)
    check_json_schema(json_schema)
    schema: Json = json_schema.value
    _must_be_object(json_schema, not schema or schema.get("type") == "object")
    return Tool(name=name.value, schema=schema)


def _must_be_object(node: Node, is_object: bool) -> None:
    if not is_object:
        node.refuse("schema should be of OBJECT type.")


def read_choice(body: Node, offered: tuple[Tool, ...]) -> tuple[Choice, bool]:
    """The choice, and whether arguments are to be streamed."""
    outer = body.get("toolConfig")
    if outer is not None:
        outer.object({"functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"})
    config = outer.get("functionCallingConfig") if outer is not None else None
    if config is None:
        return Choice(), False
    mode_node, allowed = config.object(CONFIG_FIELDS).get("mode"), config.get("allowedFunctionNames")
    mode = "AUTO" if mode_node is None else mode_node.one_of(*MODES)
    names = tuple(entry.text() for entry in allowed.items()) if allowed is not None else ()
    if allowed is not None and names and mode not in ("ANY", "VALIDATED"):
        allowed.refuse("Allowed function names should only be set when the function calling mode is ANY or VALIDATED.")
    for name in names:
        if name not in {tool.name for tool in offered} and allowed is not None:
            allowed.refuse(f"function '{name}' is not declared")
    streamed = config.get("streamFunctionCallArguments")
    if mode == "ANY" and not offered:
        config.refuse("Function calling config is set without function_declarations.")
    choices = {"ANY": Mode.REQUIRED, "NONE": Mode.NONE}
    return Choice(mode=choices.get(mode, Mode.AUTO), only=names), streamed is not None and streamed.boolean()
