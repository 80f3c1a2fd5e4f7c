"""Whether a fallback would carry less of a request than the first choice.

Parts count, not shades: a picture, a tool, the form that the answer must have. A seed or a cache marker that the other
dialect does not know, or another vendor's thinking, is told as a loss and stops no fallback; strict models refuse those too.
"""

from __future__ import annotations

from .. import _core

_PARTS = frozenset({"media_dropped", "tool_unsupported", "args_invalid_json", "order_lost"})
#: Settings that decide what an answer is, wherever the dialects keep them.
_FORMS = frozenset(
    {"/tools", "/tool_choice", "/response_format", "/text/format", "/output_config/format", "/functions"}
)
_DROPPED = frozenset({"field_dropped", "param_forbidden", "schema_lowered"})


def severe(prepared: _core.Prepared) -> set[tuple[str, str]]:
    """The parts of a request that this form of it has lost: code and path."""
    return {
        (code, path) for code, path, _ in prepared.losses if code in _PARTS or (code in _DROPPED and path in _FORMS)
    }


def loses_more(prepared: _core.Prepared, than: _core.Prepared) -> bool:
    """Whether it loses a part that the other one carries."""
    return bool(severe(prepared) - severe(than))
