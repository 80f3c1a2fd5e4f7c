"""What is asked of shared state: leases, rates, rests and budgets of subjects.

A subject is a name that somebody counts by: `account:openai/a`, `key:dev`, `pool:openai`. Limits are data and travel with
the question, so a changed configuration needs no change here. Every call is one atomic step: nothing is read first and
reserved later, so every one of them can be one Lua script where the state is in Redis.

**Answers and orders.** Only `acquire` and the two questions (`look`, `snapshot`) have an answer that somebody waits for. Where
the state is in this process they answer at once; where it is elsewhere they return an awaitable, and `answered` awaits
exactly then. The hot path so stays a plain call without one suspension, and no caller knows which of the two it has.
`settle`, `cancel`, `recover`, `rest`, `observe`, `seed` and `clear` are orders: nobody waits for them, they can be given while a
request is being cancelled, and a remote state sends them later, in their order, many in one round trip.

**Leases.** A lease is known by the id that its owner gave it. Asking twice with one id is asking once; ending an unknown
lease is nothing. So a repeated or lost message can neither leak a slot nor free one twice. A state that outlives its
clients must end the leases of those that died (by expiry and renewal of its own); this one's die with the process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from inspect import isawaitable
from typing import Literal, Protocol, TypeVar

import msgspec

#: Calendar windows of budgets, in UTC; `total` never ends.
Period = Literal["day", "month", "total"]
#: Amounts by unit: `requests`, `tokens`, `nano_usd`, …
Amounts = Mapping[str, int]
T = TypeVar("T")


class Slots(msgspec.Struct, frozen=True):
    """At most so many leases at a time; `None`: any number, but counted."""

    subject: str
    limit: int | None


class Rate(msgspec.Struct, frozen=True):
    """At most so much of a unit in any window of `per` seconds; `None`: only what `observe` was told."""

    subject: str
    unit: str
    limit: int | None
    per: float = 60.0


class Budget(msgspec.Struct, frozen=True):
    """At most so much of a unit in a calendar period: reserved when leased, settled when known."""

    subject: str
    unit: str
    limit: int
    period: Period


class Claim(msgspec.Struct, frozen=True):
    """What one lease would take. `rested`: subjects that must not be resting."""

    slots: tuple[Slots, ...] = ()
    rates: tuple[Rate, ...] = ()
    budgets: tuple[Budget, ...] = ()
    rested: tuple[str, ...] = ()


Reason = Literal["resting", "slots", "rate", "budget"]


class Block(msgspec.Struct, frozen=True):
    """Why a claim was refused. `until`: when it may be granted, other things being equal; `None`: not told by time."""

    reason: Reason
    subject: str
    until: float | None = None
    #: A rest's cause, or the unit that is used up.
    why: str = ""


class Granted(msgspec.Struct, frozen=True):
    """The lease stands. `index`: which of the claims it took."""

    index: int
    #: Its success or failure decides about a subject that had rested.
    is_probe: bool = False


class Refused(msgspec.Struct, frozen=True):
    """None of the claims could be granted: one block for each, in their order."""

    blocks: tuple[Block, ...]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault, and how long its subject is to rest.

    A wait that was `stated` is believed up to `cap`. Else the rest is drawn between 0 and `base` doubled with each fault in a
    row, at most `cap` (full jitter; `jitter` is the draw, from 0 to 1: the state draws nothing itself). The first
    `after` - 1 faults in a row only count. Of a `group`, at most `group_limit` subjects rest at once for faults that name it.
    """

    why: str
    base: float
    cap: float
    jitter: float
    stated: float | None = None
    after: int = 1
    group: str = ""
    group_limit: int = 0


class Rest(msgspec.Struct, frozen=True):
    """A subject's rest. Past `until` it is half open: one lease at a time tries it."""

    until: float
    why: str


class Look(msgspec.Struct, frozen=True):
    """What stands about one subject."""

    in_flight: int
    rest: Rest | None
    #: Used of each rate, by unit and seconds.
    rates: dict[tuple[str, float], int]
    #: Spent and reserved of each budget in its present period, by unit and period.
    budgets: dict[tuple[str, Period], tuple[int, int]]


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fact that a restart must not forget: a rest, or what was spent of a budget."""

    subject: str
    until: float = 0.0
    why: str = ""
    unit: str = ""
    period: Period | None = None
    #: The period that the amount was spent in: `2026-11-20`, `2026-11`, or nothing.
    of: str = ""
    spent: int = 0


class SharedState(Protocol):
    """One machine's or many machines' account of who holds, used and spent what."""

    def acquire(
        self, lease_id: str, claims: Sequence[Claim], amounts: Amounts
    ) -> Granted | Refused | Awaitable[Granted | Refused]:
        """Grant the first of these claims that nothing stands against, taking all of it, or none of any."""

    def settle(self, lease_id: str, spent: Amounts) -> None:
        """End a lease. What was reserved of a unit becomes what was spent; a unit not named was spent as reserved."""

    def cancel(self, lease_id: str) -> None:
        """End a lease as if it had never been: nothing was asked of anybody."""

    def recover(self, lease_id: str, subject: str | None = None) -> None:
        """It went well for this lease: earlier faults of its subjects, or of this one of them, are forgotten, unless it
        began before them."""

    def rest(self, subject: str, fault: Fault) -> None:
        """Count a fault, and rest its subject when it is time. A rest never becomes shorter by another fault."""

    def clear(self, subject: str) -> None:
        """Forget a subject's faults and its rest."""

    def observe(self, subject: str, unit: str, left: int, until: float) -> None:
        """Somebody who knows says that so much of a unit is left until then. Believed only downwards, and at once."""

    def seed(self, kept: Sequence[Kept]) -> None:
        """Facts from before a restart. What has ended since is dropped; an amount never becomes smaller by it."""

    def look(self, subject: str) -> Look | Awaitable[Look]:
        """What stands about a subject."""

    def snapshot(self, longer_than: float) -> Sequence[Kept] | Awaitable[Sequence[Kept]]:
        """Rests that last longer than this many seconds, and the spending of present periods."""


async def answered(answer: T | Awaitable[T]) -> T:
    """The answer, waited for only where it is elsewhere."""
    return await answer if isawaitable(answer) else answer
