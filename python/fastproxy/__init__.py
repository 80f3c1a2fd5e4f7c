"""fastproxy: an LLM API proxy that speaks every big dialect."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("fastproxy")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
