"""Keys of an installation: made once, kept in the data directory, readable by their owner only."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

_BYTES = 32


def key_file(data_dir: Path, name: str) -> bytes:
    """The key in this file, created at first use (0600, in a directory of 0700).

    Raises `ValueError` when others may read it: whoever can read it has what it protects.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_bytes(_BYTES)
        file.write(key)
    return key


def _read(path: Path) -> bytes:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is not a regular file")
    if os.name == "posix" and status.st_mode & 0o077:
        raise ValueError(f"{path} may be read by others: chmod 600 it, or delete it to get a new key")
    key = path.read_bytes()
    if len(key) < _BYTES:
        raise ValueError(f"{path} is damaged: delete it to get a new key")
    return key
