"""Whether a fallback would carry less of a request than the first choice."""

from __future__ import annotations

from .. import _core

#: What strict mode refuses: parts of the request, not shades of it.
_SEVERE = frozenset(name for name, is_refused in _core.loss_table() if is_refused)


def severe(prepared: _core.Prepared) -> set[tuple[str, str]]:
    """The parts of a request that this form of it has lost: code and path."""
    return {(code, path) for code, path, _ in prepared.losses if code in _SEVERE}


def loses_more(prepared: _core.Prepared, than: _core.Prepared) -> bool:
    """Whether it loses a part that the other one carries."""
    return bool(severe(prepared) - severe(than))
