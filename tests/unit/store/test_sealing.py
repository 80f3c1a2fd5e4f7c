"""Secrets at rest, and changing the key that seals them."""

from pathlib import Path

import pytest
from sqlalchemy import select

from fastproxy.config import Config, Secret, Server
from fastproxy.config import Store as Settings
from fastproxy.store.database import Store
from fastproxy.store.sealing import Sealed, Secrets, Vault, open_vault
from fastproxy.store.tables import SECRETS

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_sealed_secret_is_opened_under_its_own_name_only() -> None:
    vault = Vault(OLD)
    sealed = vault.seal("account/a", "sk-test-secret")
    assert b"sk-test" not in sealed
    assert vault.open("account/a", sealed) == "sk-test-secret"
    assert vault.seal("account/a", "sk-test-secret") != sealed
    with pytest.raises(Sealed, match="was changed"):
        vault.open("account/b", sealed)


@pytest.mark.parametrize("place", [0, 3, 12, 30, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    vault = Vault(OLD)
    sealed = bytearray(vault.seal("a", "sk-test-secret"))
    sealed[place] ^= 1
    with pytest.raises(Sealed):
        vault.open("a", bytes(sealed))


async def test_rotation_leaves_nothing_under_the_old_key(store: Store) -> None:
    old = Secrets(store, Vault(OLD))
    for name in ("a", "b", "c"):
        await old.put(name, f"sk-test-{name}")
    before = {row.sealed for row in await store.read(select(SECRETS.c.sealed))}
    both = Secrets(store, Vault(NEW, OLD))
    assert await both.get("b") == "sk-test-b"
    assert await both.reseal() == 3
    assert await both.reseal() == 0
    assert not before & {row.sealed for row in await store.read(select(SECRETS.c.sealed))}
    new = Secrets(store, Vault(NEW))
    assert [await new.get(name) for name in await new.names()] == ["sk-test-a", "sk-test-b", "sk-test-c"]
    with pytest.raises(Sealed, match="is not here"):
        await old.get("a")


async def test_a_rotation_that_fails_changes_nothing(store: Store) -> None:
    await Secrets(store, Vault(OLD)).put("a", "sk-test-a")
    await Secrets(store, Vault(b"x" * 32)).put("b", "sk-test-b")
    with pytest.raises(Sealed, match="'b'"):
        await Secrets(store, Vault(NEW, OLD)).reseal()
    assert await Secrets(store, Vault(OLD)).get("a") == "sk-test-a"


async def test_replacing_and_forgetting(store: Store) -> None:
    secrets = Secrets(store, Vault(OLD))
    await secrets.put("a", "sk-test-1")
    await secrets.put("a", "sk-test-2")
    assert await secrets.get("a") == "sk-test-2"
    assert (await secrets.forget("a"), await secrets.forget("a")) == (True, False)
    assert await secrets.get("a") is None


def test_an_installation_has_its_own_key_until_one_is_set(tmp_path: Path) -> None:
    server = Server(data_dir=str(tmp_path))
    first = open_vault(Config(server=server))
    sealed = first.seal("a", "sk-test-a")
    assert open_vault(Config(server=server)).open("a", sealed) == "sk-test-a"
    assert (tmp_path / "store.key").stat().st_mode & 0o777 == 0o600
    set_ = open_vault(Config(server=server, store=Settings(key=Secret("k" * 32))))
    assert set_.key_id != first.key_id
    assert set_.open("a", sealed) == "sk-test-a"
