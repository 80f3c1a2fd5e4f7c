"""The right to use one account until the answer's last byte."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .account import Account


class Lease:
    """Held for one attempt. Released by value on every way out; releasing twice is releasing once."""

    __slots__ = ("_on_release", "account", "id", "is_probe", "is_undone", "model", "tokens")

    def __init__(
        self, lease_id: str, account: Account, model: str, is_probe: bool, on_release: Callable[[Lease], None]
    ) -> None:
        self.id = lease_id
        self.account = account
        self.model = model
        #: It tries an account that has rested.
        self.is_probe = is_probe
        #: What the attempt used; `None`: as much as was reserved.
        self.tokens: int | None = None
        #: The upstream was never reached: the account's limits are as if nothing had been asked.
        self.is_undone = False
        self._on_release: Callable[[Lease], None] | None = on_release

    @property
    def is_released(self) -> bool:
        """Whether the slot was given back."""
        return self._on_release is None

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
