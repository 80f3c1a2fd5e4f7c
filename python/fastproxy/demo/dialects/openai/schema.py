"""The schema rules that OpenAI enforces on tools and on structured output."""

import re
from typing import Any

from fastproxy.demo.ask import Json
from fastproxy.demo.checked import Node

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
NOT_STRICT = ("allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties")


def check_schema(node: Node, schema: Any, *, strict: bool, where: str, name: str) -> None:
    """The schema rules that OpenAI enforces: known types and array items always; closed and complete objects when strict."""
    if not isinstance(schema, dict):
        return
    problem = _problem(schema) or (strict and _not_strict(schema)) or None
    if problem:
        node.refuse(
            f"invalid schema for {where} '{name}': {problem}",
            code=f"invalid_{'function_parameters' if where == 'function' else 'json_schema'}",
        )
    for group in ("properties", "$defs", "definitions"):
        for part in (schema.get(group) or {}).values():
            check_schema(node, part, strict=strict, where=where, name=name)
    parts = [
        schema.get("items"),
        *(schema.get("anyOf") or ()),
        *(schema.get("oneOf") or ()),
        *(schema.get("allOf") or ()),
    ]
    for part in parts:
        check_schema(node, part, strict=strict, where=where, name=name)


def _problem(schema: Json) -> str | None:
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in TYPES:
            return f"{kind!r} is not a valid type"
    if schema.get("type") == "array" and "items" not in schema and "prefixItems" not in schema:
        return "array schema missing items"
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(entry, str) for entry in required):
        return "'required' must be an array of strings"
    return "'properties' must be an object" if not isinstance(schema.get("properties", {}), dict) else None


def _not_strict(schema: Json) -> str | None:
    if banned := [word for word in NOT_STRICT if word in schema]:
        return f"'{banned[0]}' is not permitted in strict mode"
    if schema.get("type") != "object" and "properties" not in schema:
        return None
    if schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false"
    missing = set(schema.get("properties", {})) - set(schema.get("required", []))
    return f"'required' must list every property; missing {sorted(missing)[0]!r}" if missing else None


def read_schema(node: Node, *, strict: bool, where: str, name: str) -> Json:
    """A schema that must describe an object, checked."""
    schema: Json = node.object().value
    if schema and schema.get("type") != "object":
        kind = "function_parameters" if where == "function" else "json_schema"
        node.refuse(
            f"invalid schema for {where} '{name}': schema must be of type 'object', got {schema.get('type')!r}",
            code=f"invalid_{kind}",
        )
    check_schema(node, schema, strict=strict, where=where, name=name)
    return schema
