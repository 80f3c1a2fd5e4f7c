"""One configuration, built: what requests of one moment are served by."""

from __future__ import annotations

from typing import Self

import msgspec

from .. import _core
from ..access import Caller, KeyRing
from ..access.keys import digest
from ..config import Config
from ..routing import Router
from ..upstreams import Upstream


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable; a reload builds the next one."""

    config: Config
    router: Router
    keys: KeyRing
    upstreams: dict[str, Upstream]

    @classmethod
    def build(cls, client: _core.Client, config: Config, previous: Self | None) -> Self:
        """Build everything that a configuration names. Raises `ValueError` for settings that can never work."""
        known = previous.upstreams if previous is not None else {}
        upstreams = {
            configured.name: Upstream.build(client, configured, known.get(configured.name))
            for configured in config.upstreams
        }
        ring = KeyRing(
            (digest(key.key.reveal()), Caller(name=key.name, models=tuple(key.models) if key.models else None))
            for key in config.keys
        )
        router = Router(config)
        # Only now that nothing can fail: a refused configuration must leave no trace.
        for upstream in upstreams.values():
            upstream.enter_service()
        return cls(config=config, router=router, keys=ring, upstreams=upstreams)
