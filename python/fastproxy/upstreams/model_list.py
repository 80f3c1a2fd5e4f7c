"""The models that an upstream says it has, remembered for a minute."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from .. import _core
from ..errors import ProxyError
from ..pool import Account
from .api_key import Upstream

#: How long a list is believed. Seconds.
_FRESH = 60.0
_TIMEOUT = 5.0


class _Entry(msgspec.Struct):
    id: str


class _Named(msgspec.Struct):
    """Gemini's (`models/NAME`) and Ollama's."""

    name: str


class _List(msgspec.Struct):
    data: list[_Entry] = []
    models: list[_Named] = []

    def names(self) -> list[str]:
        return [entry.id for entry in self.data] or [entry.name.removeprefix("models/") for entry in self.models]


class ModelList:
    """Asks upstreams for their models, at most once a minute each. An upstream that does not answer has none."""

    def __init__(self, client: _core.Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[float, list[str]]] = {}

    async def names(self, upstream: Upstream) -> list[str]:
        """Names as the upstream has them."""
        fetched_at, names = self._known.get(upstream.name, (float("-inf"), []))
        if self._clock() - fetched_at < _FRESH or not upstream.can("models"):
            return names
        lease = upstream.pool.try_acquire()
        if lease is None:
            return names
        with lease:
            names = await self._fetch(upstream, lease.account)
        self._known[upstream.name] = (self._clock(), names)
        return names

    async def _fetch(self, upstream: Upstream, account: Account) -> list[str]:
        try:
            status, _, body = await self._client.fetch(
                upstream.endpoint(account),
                upstream.path("models", query="pageSize=1000" if upstream.dialect == "gemini" else ""),
                method="GET",
                headers=upstream.headers(account, upstream.dialect, [], "models"),
                timeout=_TIMEOUT,
                max_bytes=8 << 20,
            )
        except ProxyError:
            return []
        if status != 200:
            return []
        try:
            return msgspec.json.decode(body, type=_List).names()
        except msgspec.DecodeError:
            return []
