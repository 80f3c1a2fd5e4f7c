"""`fastproxy db upgrade`, `backup`, `restore`, `export`, `import`, `rotate`.

The database's libraries take 20 MB and a third of a second to load: only commands that run need them.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import Config
from .open_store import with_store
from .options import config_option, flag
from .report import talk

if TYPE_CHECKING:
    from ..store.database import Store

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def db() -> None:
    """The store: client keys, usage, sealed secrets."""


@db.command()
@config_option
@flag("--quiet", "Print only mistakes.")
def upgrade(config: Path | None, quiet: bool) -> None:
    """Bring the tables to this version. The server does so itself when it starts.

    \b
    Example:
      fastproxy db upgrade
    """
    where = with_store(config, _where)
    if not quiet:
        talk().print(f"{where} is up to date.", markup=False)


@db.command()
@_FILE
@config_option
def backup(file: Path, config: Path | None) -> None:
    """Copy an SQLite store to a new file, while the server runs.

    \b
    Example:
      fastproxy db backup monday.db
    """

    async def work(store: "Store", _: Config) -> None:
        from ..store.backup import backup

        backup(store, file)

    with_store(config, work)


@db.command()
@_FILE
@config_option
def restore(file: Path, config: Path | None) -> None:
    """Put a copy back in the place of the SQLite store. What came since is gone.

    \b
    Example:
      fastproxy db restore monday.db
    """

    async def work(store: "Store", _: Config) -> None:
        from ..store.backup import restore

        restore(store, file)
        await store.upgrade()

    with_store(config, work)


@db.command("export")
@_FILE
@config_option
def export_file(file: Path, config: Path | None) -> None:
    """Write everything as text, one JSON object per line, to a new file. Secrets stay sealed.

    \b
    Example:
      fastproxy db export everything.ndjson
    """

    async def work(store: "Store", _: Config) -> int:
        from ..store.carry import export_to

        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            return await export_to(store, output)

    talk().print(f"{with_store(config, work)} rows.")


@db.command("import")
@_FILE
@config_option
def import_file(file: Path, config: Path | None) -> None:
    """Take over an export, from this or another database. Rows of the same name are replaced.

    \b
    Example:
      fastproxy db import everything.ndjson
    """

    async def work(store: "Store", _: Config) -> int:
        from ..store.carry import import_from

        with file.open(encoding="utf-8") as source:
            return await import_from(store, source)

    talk().print(f"{with_store(config, work)} rows.")


@db.command()
@config_option
def rotate(config: Path | None) -> None:
    """Seal every secret anew with `store.key`. `store.previous_key` can be taken away after.

    \b
    Example:
      fastproxy db rotate
    """

    async def work(store: "Store", settings: Config) -> int:
        from ..store.sealing import Secrets, open_vault

        return await Secrets(store, open_vault(settings)).reseal()

    count = with_store(config, work)
    talk().print(f"{count} secrets sealed anew.")


async def _where(store: "Store", _: Config) -> str:
    return store.where
