"""Anthropic: tools, the choice among them, structured output, and the cache breakpoints that may stand on any of them."""

import re
from collections.abc import Iterator
from typing import Any

from fastproxy.demo import draft
from fastproxy.demo.ask import Choice, Json, Mode, Tool
from fastproxy.demo.checked import Node

NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
DATED_TYPE = re.compile(r"[a-z0-9_]+_\d{8}")
FIELDS = frozenset(
    "name description input_schema type strict cache_control defer_loading input_examples eager_input_streaming allowed_callers".split()
)
ROOT_UNIONS = ("oneOf", "allOf", "anyOf")
MOST_BREAKPOINTS = 4


def read_tools(body: Node) -> tuple[Tool, ...]:
    """The client's own tools; built-in ones (a dated type) are accepted and never called."""
    tools = body.get("tools")
    offered: list[Tool] = []
    names: set[str] = set()
    for node in tools.items() if tools is not None else ():
        kind = node.object().get("type")
        is_built_in = kind is not None and DATED_TYPE.fullmatch(kind.text()) is not None
        if kind is not None and not is_built_in:
            kind.one_of("custom")
        name = node.need("name").text(pattern=NAME)
        if name in names:
            node.need("name").refuse("tool names must be unique")
        names.add(name)
        if not is_built_in:
            offered.append(Tool(name=name, schema=_schema(node.object(FIELDS))))
    return tuple(offered)


def _schema(tool: Node) -> Json:
    node = tool.need("input_schema").object()
    if node.value.get("type") != "object":
        (node.get("type") or node.need("type")).refuse("input should be 'object'")
    for union in ROOT_UNIONS:
        if union in node.value:
            node.refuse("input_schema does not support oneOf, allOf, or anyOf at the top level")
    if found := draft.problem(node.value):
        node.refuse(f"JSON schema is invalid; it must match JSON Schema draft 2020-12: {found}")
    if (strict := tool.get("strict")) is not None and strict.boolean():
        _closed(node, node.value)
    return dict(node.value)


def _closed(node: Node, schema: Any) -> None:
    """Structured output wants every object closed explicitly."""
    if not isinstance(schema, dict):
        return
    is_object = schema.get("type") == "object" or "properties" in schema
    if is_object and schema.get("additionalProperties") is not False:
        node.refuse("for 'object' type, 'additionalProperties' must be explicitly set to false")
    for part in draft.parts(schema):
        _closed(node, part)


def read_choice(body: Node, tools: tuple[Tool, ...], *, thinking: bool) -> tuple[Choice, bool]:
    """`tool_choice` as (choice, parallel calls allowed)."""
    node = body.get("tool_choice")
    if node is None:
        return Choice(), True
    kind = node.object().need("type").one_of("auto", "any", "tool", "none")
    known = (
        {"type"}
        | ({"name"} if kind == "tool" else set())
        | ({"disable_parallel_tool_use"} if kind != "none" else set())
    )
    node.object(known)
    if body.get("tools") is None:
        node.refuse("tool_choice may only be specified while providing tools")
    if thinking and kind in ("any", "tool"):
        node.refuse("thinking may not be enabled when tool_choice forces tool use")
    single = (flag := node.get("disable_parallel_tool_use")) is not None and flag.boolean()
    if kind == "tool":
        name = node.need("name")
        if name.text() not in {tool.name for tool in tools}:
            name.refuse(f"tool '{name.value}' not found in provided tools")
        return Choice(mode=Mode.REQUIRED, only=(name.value,)), not single
    return Choice(mode={"auto": Mode.AUTO, "any": Mode.REQUIRED, "none": Mode.NONE}[kind]), not single


def read_format(body: Node) -> Json | None:
    """The schema of `output_config.format`, or of `output_format` from the beta before it."""
    config = body.get("output_config")
    form = config.object({"effort", "format", "task_budget"}).get("format") if config is not None else None
    if config is not None and (effort := config.get("effort")) is not None:
        effort.one_of("low", "medium", "high", "xhigh", "max")
    form = form if form is not None else body.get("output_format")
    if form is None:
        return None
    form.object({"type", "schema"}).need("type").one_of("json_schema")
    schema = form.need("schema").object()
    if found := draft.problem(schema.value):
        schema.refuse(found)
    _closed(schema, schema.value)
    return dict(schema.value)


def check_breakpoints(body: Node) -> None:
    """At most four cache breakpoints, the long-lived ones first."""
    marks = [mark for name in ("tools", "system", "messages") for mark in _marks(body.value.get(name))]
    if body.value.get("cache_control"):
        marks.append(body.value["cache_control"])
    if len(marks) > MOST_BREAKPOINTS:
        body.refuse(f"a maximum of {MOST_BREAKPOINTS} blocks with cache_control may be provided; found {len(marks)}")
    lives = [mark.get("ttl", "5m") for mark in marks if isinstance(mark, dict)]
    if "5m" in lives and "1h" in lives[lives.index("5m") :]:
        body.refuse("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")


def _marks(value: Any) -> Iterator[Any]:
    """Breakpoints on tools and blocks; what a tool's schema or arguments call `cache_control` is data."""
    for entry in value if isinstance(value, list) else ():
        if not isinstance(entry, dict):
            continue
        if entry.get("cache_control"):
            yield entry["cache_control"]
        yield from _marks(entry.get("content"))
