"""A PostgreSQL of our own for the store's tests: Debian's, started in a folder of its own, on a socket only.

PostgreSQL refuses to run as root, so root's tests start it as `nobody`. Without it the tests say so and are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "fastproxy_test"
_START_SECONDS = 60


def find_program(name: str) -> str | None:
    """Debian keeps them outside the path, by version; the newest is taken."""
    if found := shutil.which(name):
        return str(Path(found).resolve())
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(installed[-1]) if installed else None


def missing() -> str | None:
    """Why it cannot be started here."""
    if find_program("initdb") is None or find_program("pg_ctl") is None:
        return "PostgreSQL is not installed (apt-get install postgresql)"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser"
    return None


@contextmanager
def running() -> Iterator[str]:
    """The URL of an empty database, with a server that lives as long as this."""
    folder = Path(tempfile.mkdtemp(prefix="fp-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        data = folder / "data"
        _run("initdb", "-D", str(data), "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=60"
        _run(
            "pg_ctl",
            "-D",
            str(data),
            "-w",
            "-t",
            str(_START_SECONDS),
            "-l",
            str(folder / "log"),
            "-o",
            options,
            "start",
        )
        try:
            yield f"postgresql://{USER}@/postgres?host={folder}"
        finally:
            _run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: str, *arguments: str) -> None:
    path = find_program(program)
    assert path is not None
    command = [path, *arguments]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "nobody", "--", *command]
    # Into a file: a server that was started keeps the output open, and a pipe would be waited for.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=False)
        output.seek(0)
        assert done.returncode == 0, output.read().decode()
