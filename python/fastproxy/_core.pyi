"""The Rust part of fastproxy. Checked against the built extension by stubtest (`make lint`)."""

from typing import Final, TypedDict, type_check_only

__all__ = ["__version__", "build_info"]

__version__: Final[str]

@type_check_only
class BuildInfo(TypedDict):
    version: str
    arch: str
    os: str
    profile: str
    dialects: list[str]

def build_info() -> BuildInfo:
    """Facts about this build: version, platform, profile and the dialects that are in it."""
