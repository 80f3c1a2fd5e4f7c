"""Everything that a configuration needs before the first request."""

from __future__ import annotations

from pathlib import Path

from .. import _core
from ..config import Config
from ..shared_state import MemoryState
from .books import Books
from .gateway import Gateway
from .keeping import Keeper, StateFile
from .opaque_key import opaque_key

_STATE_FILE = "accounts.json"


def build_gateway(config: Config) -> Gateway:
    """A gateway for this configuration. Raises `ValueError` and `OSError` for what can never work."""
    opaque = config.opaque
    key = opaque.key.reveal().encode() if opaque.key is not None else opaque_key(Path(config.server.data_dir))
    kept = config.responses
    state = _core.OpaqueState(
        key,
        entries=opaque.ledger_entries,
        bytes=opaque.ledger_bytes,
        ttl=float(opaque.ledger_ttl),
        responses=(kept.entries, kept.bytes, float(kept.ttl)),
    )
    return Gateway(_core.Client(), state, config, Books(config, MemoryState()))


def build_keeper(gateway: Gateway) -> Keeper:
    """What keeps the accounts' states of this gateway over restarts."""
    path = Path(gateway.snapshot.config.server.data_dir) / _STATE_FILE
    return Keeper(StateFile(path), gateway.state, gateway.pools)
