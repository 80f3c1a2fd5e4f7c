"""`python -m bench [codec|load|failover|soak] [options]`: codecs and load, or one of them with its own options."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench import failover, soak
from bench.load import __main__ as load

_FOLDER = Path(__file__).parent


def codec(arguments: list[str]) -> int:
    """The codecs beside orjson and msgspec: pytest-benchmark with its options."""
    # its own configuration: the tests' timeouts and parallel runs would be measured too
    return int(pytest.main(["-c", str(_FOLDER / "pytest.ini"), "--rootdir", str(_FOLDER), str(_FOLDER), *arguments]))


def main(arguments: list[str]) -> int:
    """Without a name, all."""
    match arguments:
        case ["codec", *rest]:
            return codec(rest)
        case ["load", *rest]:
            return load.main(rest)
        case ["failover", *rest]:
            return failover.main(rest)
        case ["soak", *rest]:
            return soak.main(rest)
        case []:
            return codec([]) or load.main([])
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
