"""Client keys in the store: made, changed, rotated and revoked while servers run.

A key is shown once, when it is made. Every change counts the revision `client_keys` up; servers ask for that number twice a
second, so that a revocation holds within one.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..clock import now_ms
from ..store.database import Store
from ..store.revisions import bump, revision
from ..store.tables import CLIENT_KEYS
from .keys import PREFIX, Caller, Known, digest, new_secret
from .terms import Terms

REVISION = "client_keys"


class KeyProblem(ValueError):
    """A key cannot be made or changed so."""


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key in the store, without its secret. Times are milliseconds since 1970."""

    name: str
    #: Its end, by which people recognise it.
    hint: str
    terms: Terms
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None
    #: Until when the secret before the last rotation is still good.
    previous_until: int | None = None

    def state(self, now: int) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "active"


class ClientKeys:
    """The keys of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, name: str, terms: Terms, *, expires_at: int | None = None) -> str:
        """Make a key; answers with its secret, which is kept nowhere. Raises `KeyProblem` for a name that is taken."""
        secret = new_secret()
        row = {
            "name": name, "hash": digest(secret), "hint": _hint(secret), "previous_hash": None, "previous_until": None,
            "terms": msgspec.json.encode(terms).decode(), "created_at": now_ms(), "expires_at": expires_at,
            "revoked_at": None,
        }  # fmt: skip

        async def work(connection: AsyncConnection) -> None:
            if await _row(connection, name) is not None:
                raise KeyProblem(f"there is a key named {name!r}; names are not used twice, as usage is told by them")
            await connection.execute(CLIENT_KEYS.insert().values(row))
            await bump(connection, REVISION)

        await self._store.write(work)
        return secret

    async def rotate(self, name: str, *, grace_ms: int = 0) -> str:
        """A new secret for the same key; the one before is good for `grace_ms` more. Raises `KeyProblem`."""
        secret = new_secret()

        async def work(connection: AsyncConnection) -> None:
            row = await _active(connection, name)
            values: dict[str, Any] = {"hash": digest(secret), "hint": _hint(secret)}
            values["previous_hash"] = row.hash if grace_ms > 0 else None
            values["previous_until"] = now_ms() + grace_ms if grace_ms > 0 else None
            await connection.execute(CLIENT_KEYS.update().where(CLIENT_KEYS.c.name == name).values(values))
            await bump(connection, REVISION)

        await self._store.write(work)
        return secret

    async def change(self, name: str, terms: Terms, *, expires_at: int | None) -> None:
        """Other terms for the same key. Raises `KeyProblem`."""
        values = {"terms": msgspec.json.encode(terms).decode(), "expires_at": expires_at}
        await self._update(name, values)

    async def revoke(self, name: str) -> None:
        """Not valid any more, for good. Its row stays, so that its name is not used again. Raises `KeyProblem`."""
        await self._update(name, {"revoked_at": now_ms(), "previous_hash": None, "previous_until": None})

    async def list(self) -> list[StoredKey]:
        """Every key, revoked ones included, in the order of their names."""
        return [_stored(row) for row in await self._store.read(select(CLIENT_KEYS).order_by(CLIENT_KEYS.c.name))]

    async def get(self, name: str) -> StoredKey:
        """One key. Raises `KeyProblem`."""
        rows = await self._store.read(select(CLIENT_KEYS).where(CLIENT_KEYS.c.name == name))
        if not rows:
            raise KeyProblem(f"there is no key named {name!r}")
        return _stored(rows[0])

    async def revision(self) -> int:
        """Changes with every change."""
        return await revision(self._store, REVISION)

    async def callers(self) -> tuple[Known, bool]:
        """What callers are known by, and whether there was ever a key."""
        rows = await self._store.read(select(CLIENT_KEYS))
        known: Known = {}
        for row in rows:
            key = _stored(row)
            if key.revoked_at is not None:
                continue
            known[row.hash] = Caller(name=key.name, terms=key.terms, expires_at=key.expires_at)
            if row.previous_hash is not None:
                ends = [at for at in (key.previous_until, key.expires_at) if at is not None]
                known[row.previous_hash] = Caller(name=key.name, terms=key.terms, expires_at=min(ends, default=None))
        return known, bool(rows)

    async def _update(self, name: str, values: dict[str, Any]) -> None:
        async def work(connection: AsyncConnection) -> None:
            await _active(connection, name)
            await connection.execute(CLIENT_KEYS.update().where(CLIENT_KEYS.c.name == name).values(values))
            await bump(connection, REVISION)

        await self._store.write(work)


async def _row(connection: AsyncConnection, name: str) -> Row[Any] | None:
    return (await connection.execute(select(CLIENT_KEYS).where(CLIENT_KEYS.c.name == name))).first()


async def _active(connection: AsyncConnection, name: str) -> Row[Any]:
    row = await _row(connection, name)
    if row is None:
        raise KeyProblem(f"there is no key named {name!r}")
    if row.revoked_at is not None:
        raise KeyProblem(f"the key {name!r} is revoked")
    return row


def _stored(row: Row[Any]) -> StoredKey:
    return StoredKey(
        name=row.name,
        hint=row.hint,
        terms=msgspec.json.decode(row.terms, type=Terms),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        previous_until=row.previous_until,
    )


def _hint(secret: str) -> str:
    return f"{PREFIX}…{secret[-4:]}"
