"""aimock as a running upstream: a mock of the vendors' APIs that others wrote, so our own idea of them is not the only one."""

import contextlib
import json
import subprocess
from collections.abc import Iterator

from .node_sdks import FOLDER
from .servers import Running


@contextlib.contextmanager
def running_aimock(*arguments: str) -> Iterator[Running]:
    """`node aimock.mjs`; it serves until its standard input is closed."""
    process = subprocess.Popen(
        ["node", "aimock.mjs", *arguments], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"aimock ended with code {process.wait(timeout=10)}; its message is on stderr"
        yield Running(json.loads(line)["port"])
    finally:
        process.communicate(timeout=10)
