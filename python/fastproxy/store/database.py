"""The store: reads at once, writes through one writer that commits what waits together.

SQLite has one writer at a time, and a commit costs a hundred times what a row does: so writers queue here, and one
transaction takes all that wait (group commit). Each keeps its own fate by a savepoint.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..config import Config
from . import migrate
from .engine import WRITES, make_engine, store_url

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

#: Most writes of one transaction: it is over soon, and others may read what it wrote.
_MOST = 200


class StoreError(Exception):
    """The store cannot do it. The text names no credentials."""

    def __init__(self, reason: str, *, is_refusal: bool = False) -> None:
        super().__init__(reason)
        #: It was reached, and refused what it was given: doing it again does not help.
        self.is_refusal = is_refusal


class Store:
    """One database. `open` it, `close` it."""

    def __init__(self, engine: AsyncEngine, where: str) -> None:
        self.engine = engine
        #: For people: its address without credentials.
        self.where = where
        self._waiting: list[tuple[Work[Any], asyncio.Future[Any]]] = []
        self._writer: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str | None, data_dir: Path, *, durability: str = "process") -> Self:
        """Connect and bring the tables to this version. Raises `StoreError`."""
        try:
            address = store_url(url, data_dir)
            engine = make_engine(address, durability=durability)
        except (ValueError, OSError) as error:
            raise StoreError(str(error)) from error
        store = cls(engine, address.render_as_string(hide_password=True))
        try:
            await store.upgrade()
        except StoreError:
            await store.close()
            raise
        return store

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of ours."""
        return self.engine.dialect.name == "sqlite"

    async def upgrade(self) -> bool:
        """Bring the tables to this version; whether there was anything to do."""
        try:
            async with self.engine.connect() as connection:
                if await migrate.current(connection) == migrate.HEAD:
                    return False
            async with self._writing() as connection:
                return await migrate.upgrade(connection)
        except migrate.UnknownRevision as error:
            raise StoreError(
                f"{self.where} was written by a newer fastproxy (revision {error}); this one knows {migrate.HEAD}"
            ) from error
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(f"{self.where}: {_reason(error)}") from error

    async def read(self, statement: Executable) -> list[Row[Any]]:
        """All rows of a query."""
        try:
            async with self.engine.connect() as connection:
                return list((await connection.execute(statement)).all())
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(_reason(error)) from error

    async def write(self, work: Work[T]) -> T:
        """Do this in a transaction, and answer once it is committed. Raises `StoreError`."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.append((work, done))
        if self._writer is None or self._writer.done():
            self._writer = loop.create_task(self._write_waiting())
        return await done

    async def execute(self, *statements: Executable) -> int:
        """Statements in one transaction; how many rows the last one changed."""

        async def work(connection: AsyncConnection) -> int:
            count = 0
            for statement in statements:
                count = (await connection.execute(statement)).rowcount
            return count

        return await self.write(work)

    async def close(self) -> None:
        """Finish what waits and disconnect."""
        if self._writer is not None and not self._writer.done():
            await asyncio.wait([self._writer])
        await self.engine.dispose()

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**WRITES)
            async with connection.begin():
                yield connection

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            try:
                results = await self._commit(batch)
            except (SQLAlchemyError, OSError) as error:
                for _, done in batch:
                    _settle(done, _failure(error))
            except BaseException as error:
                for _, done in batch:
                    _settle(done, StoreError(f"stopped: {type(error).__name__}"))
                raise
            else:
                for (_, done), result in zip(batch, results, strict=True):
                    _settle(done, result)

    async def _commit(self, batch: list[tuple[Work[Any], asyncio.Future[Any]]]) -> list[Any]:
        """The results of all, or the errors of those that failed."""
        results: list[Any] = []
        async with self._writing() as connection:
            for work, _ in batch:
                try:
                    async with connection.begin_nested():
                        results.append(await work(connection))
                except DBAPIError as error:
                    if error.connection_invalidated or len(batch) == 1:
                        raise
                    results.append(_failure(error))
                except Exception as error:
                    results.append(error)
        return results


def _settle(done: asyncio.Future[Any], result: Any) -> None:
    if done.cancelled():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)


def _failure(error: BaseException) -> StoreError:
    return StoreError(_reason(error), is_refusal=isinstance(error, DataError | IntegrityError))


def _reason(error: BaseException) -> str:
    """What a driver says, without the statement and its values."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = str(cause).partition("\n")[0] or type(cause).__name__
    return f"the database says: {text}" if isinstance(error, DBAPIError) else text


async def open_store(config: Config) -> Store:
    """The store of a configuration. Raises `StoreError`."""
    settings = config.store
    url = settings.url.reveal() if settings.url is not None else None
    return await Store.open(url, Path(config.server.data_dir), durability=settings.durability)
