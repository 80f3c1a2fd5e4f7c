"""Leases, rates, rests and budgets behind one small protocol, with the state of a single process behind it."""

from .clock import Clock, period_of, steady_clock
from .memory import MemoryState
from .protocol import (
    Amounts,
    Block,
    Budget,
    Claim,
    Fault,
    Granted,
    Kept,
    Look,
    Period,
    Rate,
    Refused,
    Rest,
    SharedState,
    Slots,
    answered,
)

__all__ = [
    "Amounts",
    "Block",
    "Budget",
    "Claim",
    "Clock",
    "Fault",
    "Granted",
    "Kept",
    "Look",
    "MemoryState",
    "Period",
    "Rate",
    "Refused",
    "Rest",
    "SharedState",
    "Slots",
    "answered",
    "period_of",
    "steady_clock",
]
