"""Commands that work on the store: open it, do it, say what went wrong."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from rich.markup import escape

from ..config import Config
from .exits import Exit
from .options import load
from .report import print_problems, talk

if TYPE_CHECKING:
    from ..store.database import Store

T = TypeVar("T")

_NEEDED = frozenset({"", "server", "store", "usage", "access", "prices"})


def with_store(config: Path | None, work: Callable[["Store", Config], Awaitable[T]]) -> T:
    """What `work` answers. A mistake elsewhere in the settings (an upstream's key that is not set in this shell) is
    no matter here."""
    loaded = load(config)
    mistakes = [problem for problem in loaded.errors if problem.path.partition(".")[0] in _NEEDED]
    settings = loaded.read
    if mistakes or settings is None:
        print_problems(talk(), mistakes or loaded.errors)
        sys.exit(Exit.CONFIG)
    from ..store.database import StoreError

    try:
        return asyncio.run(_run(settings, work))
    except StoreError as error:
        stop(str(error), Exit.UNREACHABLE)
    except ValueError as error:
        stop(str(error), Exit.FAILURE)


async def _run(config: Config, work: Callable[["Store", Config], Awaitable[T]]) -> T:
    from ..store.database import open_store

    store = await open_store(config)
    try:
        return await work(store, config)
    finally:
        await store.close()


def stop(reason: str, code: Exit) -> NoReturn:
    """End with this reason."""
    talk().print(f"[bold red]error[/]: {escape(reason)}")
    sys.exit(code)
