"""One configuration, built: what requests of one moment are served by."""

from __future__ import annotations

from typing import Self

import msgspec

from .. import _core
from ..config import Config
from ..routing import Prices, Router, no_price
from ..shared_state import SharedState
from ..upstreams import Upstream


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable; a reload builds the next one."""

    config: Config
    router: Router
    upstreams: dict[str, Upstream]

    @classmethod
    def build(
        cls,
        client: _core.Client,
        config: Config,
        previous: Self | None,
        *,
        state: SharedState | None = None,
        prices: Prices = no_price,
    ) -> Self:
        """Build everything that a configuration names. Raises `ValueError` for settings that can never work."""
        known = previous.upstreams if previous is not None else {}
        upstreams = {
            configured.name: Upstream.build(client, configured, known.get(configured.name), state)
            for configured in config.upstreams
        }
        router = Router(config, speeds=lambda place: upstreams[place.upstream].pool.seconds(place.model), prices=prices)
        # Only now that nothing can fail: a refused configuration must leave no trace.
        for upstream in upstreams.values():
            upstream.enter_service()
        return cls(config=config, router=router, upstreams=upstreams)
