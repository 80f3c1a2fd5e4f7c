"""Names and the patterns that stand for them: exact, `prefix-*` or `*`."""


def matches(pattern: str, name: str) -> bool:
    """`*` and `prefix-*` match as their form says; anything else matches itself."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
