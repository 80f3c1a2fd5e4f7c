"""Configuration: what may be set, where it came from, what is wrong with it.

`Source(path, environ, flags).load()` gives a `Loaded`: the `Config` and every problem. `Reloader` keeps it current.
"""

from .load import Loaded, Source
from .problems import ConfigError, Place, Problem
from .reload import Change, Refused, Reloaded, Reloader
from .secrets import Secret
from .structs import (
    Access,
    Account,
    Budget,
    Config,
    Cors,
    Key,
    Limits,
    Logging,
    Media,
    Metrics,
    Model,
    Opaque,
    Passthrough,
    Pooling,
    Price,
    Profile,
    Responses,
    Server,
    Store,
    Target,
    Timeouts,
    Upstream,
    Usage,
)

__all__ = [
    "Access",
    "Account",
    "Budget",
    "Change",
    "Config",
    "ConfigError",
    "Cors",
    "Key",
    "Limits",
    "Loaded",
    "Logging",
    "Media",
    "Metrics",
    "Model",
    "Opaque",
    "Passthrough",
    "Place",
    "Pooling",
    "Price",
    "Problem",
    "Profile",
    "Refused",
    "Reloaded",
    "Reloader",
    "Responses",
    "Secret",
    "Server",
    "Source",
    "Store",
    "Target",
    "Timeouts",
    "Upstream",
    "Usage",
]
