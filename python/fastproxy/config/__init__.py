"""Configuration: what may be set, where it came from, what is wrong with it.

`Source(path, environ, flags).load()` gives a `Loaded`: the `Config` and every problem. `Reloader` keeps it current.
"""

from .load import Loaded, Source
from .problems import ConfigError, Place, Problem
from .reload import Change, Refused, Reloaded, Reloader
from .secrets import Secret
from .structs import (
    Account,
    Config,
    Cors,
    Key,
    Limits,
    Logging,
    Model,
    Opaque,
    Pooling,
    Profile,
    Server,
    Target,
    Timeouts,
    Upstream,
)

__all__ = [
    "Account",
    "Change",
    "Config",
    "ConfigError",
    "Cors",
    "Key",
    "Limits",
    "Loaded",
    "Logging",
    "Model",
    "Opaque",
    "Place",
    "Pooling",
    "Problem",
    "Profile",
    "Refused",
    "Reloaded",
    "Reloader",
    "Secret",
    "Server",
    "Source",
    "Target",
    "Timeouts",
    "Upstream",
]
