"""Gemini: its own `Schema`, a narrow relative of JSON Schema: what it takes, and what it means."""

import re
from typing import Any

from fastproxy.demo import draft
from fastproxy.demo.ask import Json
from fastproxy.demo.checked import Node

FIELDS = frozenset(
    "type format title description nullable enum items minItems maxItems properties required minProperties "
    "maxProperties minimum maximum minLength maxLength pattern example anyOf propertyOrdering default $ref $defs".split()
)
TYPES = ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")
TEXT_FORMATS = ("enum", "date-time")
COUNTS = ("minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength")
NUMBER = re.compile(r"-?\d+")


def check_schema(node: Node) -> None:
    """Unknown fields are unknown names, as anywhere in the service: `$schema`, `const` and `additionalProperties` too."""
    node.object(FIELDS)
    given = node.get("type")
    kind = ""
    if given is not None:
        kind = given.text().upper()
        if kind not in TYPES:
            given.refuse(f'"{given.value}"', code="invalid_type")
    for name in COUNTS:
        if (count := node.get(name)) is not None and not NUMBER.fullmatch(str(count.value)):
            count.refuse(f'(TYPE_INT64), "{count.value}"', code="invalid_type")
    if (enum := node.get("enum")) is not None:
        for entry in enum.items():
            entry.text(low=1)
        if kind != "STRING":
            enum.refuse("only allowed for STRING type")
    if kind == "STRING" and (form := node.get("format")) is not None and form.text() not in TEXT_FORMATS:
        form.refuse("only 'enum' and 'date-time' are supported for STRING type")
    _inner(node, kind)


def _inner(node: Node, kind: str) -> None:
    items, properties = node.get("items"), node.get("properties")
    if kind == "ARRAY" and items is None:
        Node(None, (*node.path, "items")).refuse("missing field.")
    if items is not None:
        check_schema(items)
    if properties is not None and kind not in ("OBJECT", ""):
        properties.refuse("only allowed for OBJECT type")
    for group in ("properties", "$defs"):
        for name, part in Node(node.value.get(group) or {}, (*node.path, group)).object().value.items():
            check_schema(Node(part, (*node.path, group, name)))
    known = properties.value if properties is not None else {}
    if (required := node.get("required")) is not None:
        for entry in required.items():
            if entry.text() not in known:
                entry.refuse("property is not defined")
    for part in options.items() if (options := node.get("anyOf")) is not None else ():
        check_schema(part)


def check_json_schema(node: Node) -> None:
    if problem := draft.problem(node.object().value):
        node.refuse(problem)


def as_json_schema(schema: Any) -> Any:
    """The same in JSON Schema, so that the scripts can make an example of it."""
    if not isinstance(schema, dict):
        return schema
    plain: Json = {name: value for name, value in schema.items() if name not in ("nullable", "propertyOrdering")}
    if isinstance(plain.get("type"), str):
        plain["type"] = plain["type"].lower()
    for name in ("properties", "$defs"):
        if name in plain:
            plain[name] = {key: as_json_schema(part) for key, part in plain[name].items()}
    if "items" in plain:
        plain["items"] = as_json_schema(plain["items"])
    if "anyOf" in plain:
        plain["anyOf"] = [as_json_schema(part) for part in plain["anyOf"]]
    for name in COUNTS:
        if name in plain:
            plain[name] = int(plain[name])
    return plain
