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


class Server:
    """An empty database, and a server for it that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.url = f"postgresql://{USER}@/postgres?host={folder}"
        _run("initdb", "-D", str(self.data), "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off -c max_connections=60"
        log = str(self.folder / "log")
        _run("pg_ctl", "-D", str(self.data), "-w", "-t", str(_START_SECONDS), "-l", log, "-o", options, "start")

    def stop(self) -> None:
        _run("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")


@contextmanager
def serving() -> Iterator[Server]:
    """A server that lives as long as this."""
    folder = Path(tempfile.mkdtemp(prefix="fp-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
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
