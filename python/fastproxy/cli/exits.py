"""What the exit code tells a script."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILURE = 1
    CONFIG = 2  # wrong usage or settings; click uses it for wrong usage too
    UNREACHABLE = 3
    DENIED = 4
    INTERRUPTED = 130
