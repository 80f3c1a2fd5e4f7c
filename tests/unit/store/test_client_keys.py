"""Client keys in the store."""

import re

import pytest
from sqlalchemy import select

from fastproxy.access import Allowance, KeyRing, Terms
from fastproxy.access.keys import digest
from fastproxy.access.stored import ClientKeys, KeyProblem
from fastproxy.clock import now_ms
from fastproxy.errors import ProxyError
from fastproxy.store.database import Store
from fastproxy.store.tables import CLIENT_KEYS

TERMS = Terms(models=("gpt-*",), owner="ann", budgets=(Allowance(period="day", nano_usd=5 * 10**9),))


async def test_a_key_is_known_by_its_hash_alone(store: Store) -> None:
    keys = ClientKeys(store)
    secret = await keys.create("dev", TERMS)
    assert re.fullmatch(r"sk-fp-[A-Za-z0-9_-]{43}", secret)
    [row] = await store.read(select(CLIENT_KEYS))
    assert secret not in str(row)
    assert row.hash == digest(secret)
    assert row.hint.endswith(secret[-4:])
    known, ever = await keys.callers()
    assert (known[digest(secret)].name, known[digest(secret)].terms, ever) == ("dev", TERMS, True)


async def test_names_are_not_used_twice(store: Store) -> None:
    keys = ClientKeys(store)
    await keys.create("dev", Terms())
    await keys.revoke("dev")
    with pytest.raises(KeyProblem, match="there is a key named 'dev'"):
        await keys.create("dev", Terms())
    for change in (keys.revoke("dev"), keys.rotate("dev"), keys.change("dev", Terms(), expires_at=None)):
        with pytest.raises(KeyProblem, match="revoked"):
            await change
    with pytest.raises(KeyProblem, match="no key"):
        await keys.revoke("other")


async def test_every_change_is_noticed(store: Store) -> None:
    keys = ClientKeys(store)
    seen = [await keys.revision()]
    await keys.create("dev", Terms())
    seen.append(await keys.revision())
    await keys.change("dev", TERMS, expires_at=5)
    seen.append(await keys.revision())
    await keys.rotate("dev")
    seen.append(await keys.revision())
    await keys.revoke("dev")
    seen.append(await keys.revision())
    assert seen == sorted(set(seen))
    assert (await keys.get("dev")).terms == TERMS


async def test_rotation_with_and_without_grace(store: Store) -> None:
    keys = ClientKeys(store)
    first = await keys.create("dev", TERMS)
    second = await keys.rotate("dev", grace_ms=60_000)
    known, _ = await keys.callers()
    assert known[digest(second)].expires_at is None
    expires = known[digest(first)].expires_at
    assert expires is not None
    assert expires <= now_ms() + 60_000
    third = await keys.rotate("dev")
    assert (await keys.callers())[0].keys() == {digest(third)}


async def test_revoking_the_last_key_opens_nothing(store: Store) -> None:
    keys = ClientKeys(store)
    await keys.create("dev", Terms())
    await keys.revoke("dev")
    known, ever = await keys.callers()
    assert (known, ever) == ({}, True)
    with pytest.raises(ProxyError):
        KeyRing(known.items(), is_closed=ever).authenticate([], b"")
    assert [key.state(now_ms()) for key in await keys.list()] == ["revoked"]


async def test_a_key_that_has_expired(store: Store) -> None:
    keys = ClientKeys(store)
    secret = await keys.create("dev", Terms(), expires_at=1000)
    ring = KeyRing((await keys.callers())[0].items(), clock=lambda: 1000)
    with pytest.raises(ProxyError, match="expired"):
        ring.authenticate([(b"x-api-key", secret.encode())], b"")
    assert (await keys.get("dev")).state(999) == "active"
    assert (await keys.get("dev")).state(1000) == "expired"
