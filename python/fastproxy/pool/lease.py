"""The right to use one account until the answer's last byte."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .account import Account


class Lease:
    """Held for one attempt. Released by value on every way out; releasing twice is releasing once."""

    __slots__ = ("_on_release", "account", "id")

    def __init__(self, lease_id: int, account: Account, on_release: Callable[[Lease], None]) -> None:
        self.id = lease_id
        self.account = account
        self._on_release: Callable[[Lease], None] | None = on_release

    def release(self) -> None:
        """Give the slot back."""
        callback, self._on_release = self._on_release, None
        if callback is not None:
            callback(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
