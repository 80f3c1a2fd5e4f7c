"""Runs Claude Code through the proxy, inside a network namespace that holds nothing but loopback.

`unshare -rn python -m tests.sdk.isolated_claude CLAUDE FOLDER` prints one JSON object: what Claude Code said, and every
request that reached the upstream, a Chat Completions server that knows no Anthropic.
"""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from .aimock import running_aimock
from .servers import CLIENT_KEY, config_for, running_proxy

SECRET = "the-kingfisher-nests-at-dawn"  # what the file holds; only a real tool call can learn it
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def raise_loopback() -> None:
    """A new namespace's loopback is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def run_claude(claude: str, folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ANTHROPIC_BASE_URL": address,
        "ANTHROPIC_AUTH_TOKEN": CLIENT_KEY,
        "ANTHROPIC_MODEL": "agent",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "IS_SANDBOX": "1",
    }
    command = [claude, "-p", "What does the file say?", "--output-format", "json", "--dangerously-skip-permissions"]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def journal(address: str) -> list[Any]:
    """Every request that aimock has seen."""
    with urllib.request.urlopen(f"{address}/__aimock/journal", timeout=10) as response:  # noqa: S310 - our own loopback
        entries: list[Any] = json.load(response)
        return entries


def main(claude: str, folder: Path) -> None:
    raise_loopback()
    note = folder / "note.txt"
    note.write_text(SECRET + "\n", encoding="utf-8")
    with (
        running_aimock(str(note), SECRET) as mock,
        running_proxy(config_for(mock.address), folder) as proxy,
    ):
        done = run_claude(claude, folder, proxy.address)
        requests = journal(mock.address)
    result = {"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr, "requests": requests}
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
