"""Configuration: what may be set, where it came from, what is wrong with it."""

from fastproxy.config.secrets import Secret
from fastproxy.config.structs import (
    Account,
    Config,
    Cors,
    Key,
    Limits,
    Logging,
    Model,
    Opaque,
    Profile,
    Server,
    Target,
    Timeouts,
    Upstream,
)

__all__ = [
    "Account",
    "Config",
    "Cors",
    "Key",
    "Limits",
    "Logging",
    "Model",
    "Opaque",
    "Profile",
    "Secret",
    "Server",
    "Target",
    "Timeouts",
    "Upstream",
]
