"""JSON Schema draft 2020-12, as far as a service can tell at a glance that a schema is not one."""

from typing import Any

TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
SCHEMA_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
SCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SCHEMAS = (
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
    "unevaluatedProperties",
)
NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
STRINGS = ("$ref", "$id", "$schema", "title", "description", "pattern", "format")


def problem(schema: Any) -> str | None:
    """What is wrong with the schema, or None. Only the schema tree is read: a property called `title` is data."""
    if isinstance(schema, bool):
        return None
    if not isinstance(schema, dict):
        return "a schema must be an object or a boolean"
    return _own_problem(schema) or next((found for part in parts(schema) if (found := problem(part))), None)


def parts(schema: dict[str, Any]) -> list[Any]:
    """The schemas directly inside this one."""
    found: list[Any] = []
    for word in SCHEMA_MAPS:
        inner = schema.get(word)
        found += inner.values() if isinstance(inner, dict) else ()
    for word in SCHEMA_LISTS:
        found += schema.get(word) or ()
    return found + [schema[word] for word in SCHEMAS if word in schema]


def _own_problem(schema: dict[str, Any]) -> str | None:
    kinds = schema.get("type", [])
    if not _known_types(kinds):
        return f"{kinds!r} is not a type"
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(entry, str) for entry in required):
        return "'required' must be an array of strings"
    if len(set(required)) != len(required):
        return "'required' has duplicate entries"
    for words, wanted, name in (
        (NUMBERS, int | float, "a number"),
        (COUNTS, int, "an integer"),
        (STRINGS, str, "a string"),
    ):
        for word in words:
            value = schema.get(word, 0 if words is not STRINGS else "")
            if isinstance(value, bool) or not isinstance(value, wanted):
                return f"'{word}' must be {name}"
    return _shape_problem(schema)


def _known_types(kinds: Any) -> bool:
    if isinstance(kinds, str):
        return kinds in TYPES
    return isinstance(kinds, list) and all(isinstance(kind, str) and kind in TYPES for kind in kinds)


def _shape_problem(schema: dict[str, Any]) -> str | None:
    for word in SCHEMA_MAPS:
        if not isinstance(schema.get(word, {}), dict):
            return f"'{word}' must be an object"
    for word in SCHEMA_LISTS:
        if word in schema and not (isinstance(schema[word], list) and schema[word]):
            return f"'{word}' must be a non-empty array"
    if not isinstance(schema.get("enum", []), list):
        return "'enum' must be an array"
    if isinstance(schema.get("items"), list):
        return "'items' must be a schema; a list is 'prefixItems'"
    return None
