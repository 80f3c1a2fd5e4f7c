"""Which account a conversation was served by last: its provider's prompt cache, or its web session, is warm there."""

from __future__ import annotations

from collections import OrderedDict

#: Conversations remembered. Providers forget theirs within the hour.
_MAX = 100_000


class Affinity:
    """Conversation → account, the least recently used forgotten first."""

    def __init__(self, size: int = _MAX) -> None:
        self._size = size
        self._accounts: OrderedDict[int, str] = OrderedDict()

    def get(self, conversation: int) -> str | None:
        """The account that knows this conversation."""
        return self._accounts.get(conversation)

    def note(self, conversation: int, account: str) -> None:
        """It is served by this account now."""
        self._accounts[conversation] = account
        self._accounts.move_to_end(conversation)
        if len(self._accounts) > self._size:
            self._accounts.popitem(last=False)
