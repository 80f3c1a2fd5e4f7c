"""Secrets at rest: AES-256-GCM under a key that is never in the database.

A sealed secret is bound to its name, so one cannot be put in another's place. Its head names the key that sealed it;
with the key before the present one still at hand, everything can be opened while it is sealed anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..clock import now_ms
from ..config import Config
from .database import Store
from .key_file import key_file
from .tables import SECRETS
from .upsert import upsert

_KEY_FILE = "store.key"
_VERSION = b"\x01"
_ID = 8
_NONCE = 12


class Sealed(ValueError):
    """A secret cannot be opened: its key is gone, or it was changed."""


class _Key:
    """One key, derived for this purpose alone: the same input for another purpose is another key."""

    def __init__(self, material: bytes) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"fastproxy/store/secrets").derive(material)
        self.id = hashlib.sha256(b"id" + derived).digest()[:_ID]
        self.cipher = AESGCM(derived)


class Vault:
    """Seals with the first key, opens with any."""

    def __init__(self, material: bytes, *previous: bytes) -> None:
        self._keys = [_Key(material), *map(_Key, previous)]

    @property
    def key_id(self) -> str:
        """Which key seals now."""
        return self._keys[0].id.hex()

    def seal(self, name: str, secret: str) -> bytes:
        """The secret of this name, sealed."""
        key, nonce = self._keys[0], os.urandom(_NONCE)
        return _VERSION + key.id + nonce + key.cipher.encrypt(nonce, secret.encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> str:
        """The secret itself. Raises `Sealed`."""
        head, nonce = sealed[1 : 1 + _ID], sealed[1 + _ID : 1 + _ID + _NONCE]
        key = next((key for key in self._keys if key.id == head), None)
        if sealed[:1] != _VERSION or key is None:
            raise Sealed(f"the key that sealed {name!r} is not here: set store.key or store.previous_key to it")
        try:
            return key.cipher.decrypt(nonce, sealed[1 + _ID + _NONCE :], name.encode()).decode()
        except InvalidTag:
            raise Sealed(f"the sealed secret {name!r} was changed") from None


def open_vault(config: Config) -> Vault:
    """The vault of a configuration. Raises `ValueError` and `OSError` for a key file that is not fit."""
    settings = config.store
    material = settings.key.reveal().encode() if settings.key else key_file(Path(config.server.data_dir), _KEY_FILE)
    previous = [settings.previous_key.reveal().encode()] if settings.previous_key else []
    if settings.key is not None and (path := Path(config.server.data_dir) / _KEY_FILE).exists():
        # From the installation's own key to one that is set: the old one must still open what it sealed.
        previous.append(key_file(path.parent, path.name))
    return Vault(material, *previous)


class Secrets:
    """Sealed secrets in the store, by name."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def put(self, name: str, secret: str) -> None:
        """Keep it; one of the same name is replaced."""
        row = {
            "name": name, "sealed": self._vault.seal(name, secret), "key_id": self._vault.key_id, "changed_at": now_ms(),
        }  # fmt: skip
        await self._store.execute(upsert(SECRETS, self._store.engine.dialect.name).values(row))

    async def get(self, name: str) -> str | None:
        """The secret; `None`: there is none of this name. Raises `Sealed`."""
        rows = await self._store.read(select(SECRETS.c.sealed).where(SECRETS.c.name == name))
        return self._vault.open(name, rows[0].sealed) if rows else None

    async def forget(self, name: str) -> bool:
        """Whether there was one."""
        return await self._store.execute(delete(SECRETS).where(SECRETS.c.name == name)) > 0

    async def names(self) -> list[str]:
        """What is kept."""
        return [row.name for row in await self._store.read(select(SECRETS.c.name).order_by(SECRETS.c.name))]

    async def reseal(self) -> int:
        """Seal anew what another key than the present one sealed; how many. All or none. Raises `Sealed`."""
        other = select(SECRETS).where(SECRETS.c.key_id != self._vault.key_id)

        async def work(connection: AsyncConnection) -> int:
            rows = (await connection.execute(other)).all()
            for row in self._resealed((row.name, row.sealed) for row in rows):
                await connection.execute(SECRETS.update().where(SECRETS.c.name == row["name"]).values(row))
            return len(rows)

        return await self._store.write(work)

    def _resealed(self, rows: Iterable[tuple[str, bytes]]) -> Iterable[dict[str, object]]:
        for name, sealed in rows:
            fresh = self._vault.seal(name, self._vault.open(name, sealed))
            yield {"name": name, "sealed": fresh, "key_id": self._vault.key_id, "changed_at": now_ms()}
