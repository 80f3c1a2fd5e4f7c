"""The command line: parses, then calls. Everything it says about settings is said by `fastproxy.config`."""

from .program import main

__all__ = ["main"]
