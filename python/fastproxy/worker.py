"""How a worker process learns what it serves: the server's parent leaves it in the environment."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path

import msgspec

from .config.load import Source

_PATH = "FASTPROXY_CONFIG"
_FLAGS = "FASTPROXY_WORKER_FLAGS"


def export_source(source: Source, environ: MutableMapping[str, str]) -> None:
    """Leave it for the worker. Secrets are not among it: files and variables are read again there."""
    if source.path is not None:
        environ[_PATH] = str(source.path.absolute())
    else:
        environ.pop(_PATH, None)
    environ[_FLAGS] = msgspec.json.encode(dict(source.flags)).decode()


def import_source(environ: Mapping[str, str]) -> Source:
    """The source that the parent left."""
    path = environ.get(_PATH)
    flags = msgspec.json.decode(environ.get(_FLAGS, "{}"), type=dict[str, str])
    return Source(Path(path) if path else None, environ, flags)
