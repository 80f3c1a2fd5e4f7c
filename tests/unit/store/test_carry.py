"""Export, import, backup, restore."""

import io
import json
from pathlib import Path

import pytest

from fastproxy.access import Terms
from fastproxy.access.stored import ClientKeys
from fastproxy.store.backup import backup, restore
from fastproxy.store.carry import export_to, import_from
from fastproxy.store.database import Store, StoreError
from fastproxy.store.sealing import Secrets, Vault
from fastproxy.usage.asking import Filter
from fastproxy.usage.query import rows

from .usage_rows import save, usage_row

VAULT = Vault(b"a" * 32)


async def fill(store: Store) -> None:
    await ClientKeys(store).create("dev", Terms(owner="ann"))
    await Secrets(store, VAULT).put("account/a", "sk-test-secret")
    await save(store, *(usage_row(id=f"row-{i}") for i in range(3)))


async def test_an_export_is_the_store_again(store: Store, tmp_path: Path) -> None:
    await fill(store)
    text = io.StringIO()
    assert await export_to(store, text) == 5
    assert "sk-test-secret" not in text.getvalue()
    other = await Store.open(None, tmp_path / "other")
    text.seek(0)
    assert await import_from(other, text) == 5
    text.seek(0)
    assert await import_from(other, text) == 5  # and again: nothing is there twice
    assert [key.name for key in await ClientKeys(other).list()] == ["dev"]
    assert (await ClientKeys(other).callers())[0].keys() == (await ClientKeys(store).callers())[0].keys()
    assert await Secrets(other, VAULT).get("account/a") == "sk-test-secret"
    assert [row["id"] async for row in rows(other, Filter())] == ["row-0", "row-1", "row-2"]
    await other.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1"),
        ("{}\n", "no export"),
        ('{"fastproxy": "store", "revision": "9999"}\n', "9999"),
        ('{"fastproxy": "store", "revision": "0001"}\n{"table": "users", "row": {}}\n', "line 2: no row"),
        ('{"fastproxy": "store", "revision": "0001"}\n{"table": "secrets", "row": {}}\n', "line 2: its columns"),
        ('{"fastproxy": "store", "revision": "0001"}\n[\n', "line 2: not JSON"),
    ],
)
async def test_a_broken_export_changes_nothing(store: Store, text: str, reason: str) -> None:
    with pytest.raises(StoreError, match=reason):
        await import_from(store, io.StringIO(text))
    assert await Secrets(store, VAULT).names() == []


async def test_a_mistake_at_the_end_takes_back_what_came_before(store: Store) -> None:
    await fill(store)
    text = io.StringIO()
    await export_to(store, text)
    await Secrets(store, VAULT).forget("account/a")
    broken = text.getvalue() + json.dumps({"table": "secrets", "row": {"name": 1}}) + "\n"
    with pytest.raises(StoreError):
        await import_from(store, io.StringIO(broken))
    assert await Secrets(store, VAULT).names() == []


async def test_backup_and_restore_of_a_file(tmp_path: Path) -> None:
    store = await Store.open(None, tmp_path / "data")
    await fill(store)
    copy = tmp_path / "copy.db"
    backup(store, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        backup(store, copy)
    await ClientKeys(store).create("late", Terms())
    restore(store, copy)
    assert [key.name for key in await ClientKeys(store).list()] == ["dev"]
    await store.close()


async def test_what_is_no_backup_is_not_put_back(tmp_path: Path) -> None:
    store = await Store.open(None, tmp_path / "data")
    await fill(store)
    (tmp_path / "text.db").write_text("x" * 5000, encoding="utf-8")
    with pytest.raises(StoreError, match="no store"):
        restore(store, tmp_path / "text.db")
    with pytest.raises(FileNotFoundError):
        restore(store, tmp_path / "none.db")
    assert len(await ClientKeys(store).list()) == 1
    await store.close()
