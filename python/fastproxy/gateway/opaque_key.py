"""The key that seals opaque state: made once per installation, kept readable by its owner only."""

from __future__ import annotations

from pathlib import Path

from ..store.key_file import key_file


def opaque_key(data_dir: Path) -> bytes:
    """The installation's key. Raises `ValueError` when others may read it: they could forge what a client carries."""
    return key_file(data_dir, "opaque.key")
