"""Who may call."""

from .keys import Caller, KeyRing

__all__ = ["Caller", "KeyRing"]
