"""Secrets in configuration: where they stand, read once, never shown."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path
from typing import Final

_MAX_FILE_BYTES: Final = 64 * 1024


class SecretError(ValueError):
    """A reference that leads to no usable secret. The text names the place, never the value."""


class Secret:
    """A secret value and where it came from (`env:NAME`, `file:PATH`, `literal`)."""

    __slots__ = ("_value", "source")

    def __init__(self, value: str, source: str = "literal") -> None:
        self._value = value
        self.source = source

    def reveal(self) -> str:
        """The value itself: only for the header, hash or cipher that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self.source == other.source and compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((self.source, self._value))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not pickled")


class Resolver:
    """Turns references into secrets; remembers the files it read so that they can be watched."""

    def __init__(self, environ: Mapping[str, str], directory: Path) -> None:
        self._environ = environ
        self._directory = directory
        self.files: list[Path] = []
        self.warnings: list[str] = []

    def resolve(self, reference: str) -> Secret:
        """`env:NAME`, `file:PATH` (relative to the configuration file) or the value itself."""
        kind, colon, rest = reference.partition(":")
        if colon and kind == "env":
            return Secret(usable(self._variable(rest), f"environment variable {rest}"), reference)
        if colon and kind == "file":
            return Secret(usable(self.read(rest), f"file {rest}"), reference)
        return Secret(usable(reference, "the value"))

    def _variable(self, name: str) -> str:
        if not name:
            raise SecretError("env: is not followed by the name of a variable")
        value = self._environ.get(name)
        if value is None:
            raise SecretError(f"environment variable {name} is not set")
        return value

    def read(self, name: str) -> str:
        """The text of a secret file. Links are followed (Kubernetes mounts secrets as links); pipes are not read."""
        if not name or "\0" in name:
            raise SecretError("file: is not followed by a path")
        path = self._directory / Path(name).expanduser()
        self.files.append(path)
        try:
            data = _read_regular(path, self.warnings)
        except OSError as error:
            raise SecretError(f"cannot read {path}: {(error.strerror or 'failed').lower()}") from error
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SecretError(f"{path} is not text") from error


def usable(value: str, place: str) -> str:
    """Stripped, not empty, and safe inside an HTTP header (no CR, LF, NUL or anything beyond ASCII)."""
    value = value.strip()
    if not value:
        raise SecretError(f"{place} is empty")
    if not (value.isascii() and value.isprintable()):
        raise SecretError(f"{place} holds characters that no HTTP header can carry (line ends, control or non-ASCII)")
    return value


def _read_regular(path: Path, warnings: list[str]) -> bytes:
    # O_NONBLOCK: opening a pipe that nobody writes to must not hang the start.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SecretError(f"{path} is not a regular file")
        if status.st_size > _MAX_FILE_BYTES:
            raise SecretError(f"{path} is larger than {_MAX_FILE_BYTES // 1024} KiB: not a secret")
        if os.name == "posix":
            _judge_mode(path, status.st_mode, warnings)
        return file.read(_MAX_FILE_BYTES)


def _judge_mode(path: Path, mode: int, warnings: list[str]) -> None:
    if mode & stat.S_IWOTH:
        raise SecretError(f"{path} can be written by everybody: run chmod 600 {path}")
    if mode & stat.S_IROTH:
        warnings.append(f"{path} can be read by everybody on this machine: run chmod 600 {path}")
