"""Who may call, for what, and how much."""

from .admission import Admission
from .keys import ANYBODY, Caller, KeyRing
from .terms import Allowance, Terms

__all__ = ["ANYBODY", "Admission", "Allowance", "Caller", "KeyRing", "Terms"]
