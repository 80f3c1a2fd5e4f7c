"""What processes and the machine have used: CPU in nanoseconds, memory in bytes.

CPU comes from the kernel's clock of each process, not from the 10 ms ticks of `/proc/PID/stat`.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from msgspec import Struct

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Memory(Struct, frozen=True):
    """Bytes of a process tree: `rss` counts shared pages in every process, `pss` once."""

    rss: int
    pss: int


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = _parent(int(entry.name))
            if parent is not None:
                children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _parent(pid: int) -> int | None:
    try:
        # the name before it may hold spaces and brackets
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def cpu_ns(pid: int) -> int:
    """CPU time of one process, its ended threads included; 0 when it has gone."""
    try:
        # the kernel's encoding of "the CPU clock of that process"
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


def tree_cpu_ns(root: int) -> int:
    """CPU time of a process tree."""
    return sum(cpu_ns(pid) for pid in tree(root))


def tree_memory(root: int) -> Memory:
    """Memory of a process tree."""
    rss = pss = 0
    for pid in tree(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        sizes = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
        rss += int(sizes["Rss"]) * 1024
        pss += int(sizes["Pss"]) * 1024
    return Memory(rss=rss, pss=pss)


def busy_ns() -> int:
    """CPU time that all processors have spent on anything, steal included."""
    user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = _stat()
    return (user + nice + system + irq + softirq + steal) * _TICK_NS


def _stat() -> list[int]:
    with Path("/proc/stat").open() as lines:
        return [int(ticks) for ticks in lines.readline().split()[1:]]


def wait_for_quiet(limit: float, longest: float = 3.0) -> None:
    """Return when less than `limit` processors were busy for 100 ms, or after `longest` seconds."""
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline:
        before, started = busy_ns(), time.monotonic_ns()
        time.sleep(0.1)
        if (busy_ns() - before) / (time.monotonic_ns() - started) < limit:
            return


def model_name() -> str:
    """What the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"
