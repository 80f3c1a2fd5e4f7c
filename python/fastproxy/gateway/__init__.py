"""The life of a request, and what requests are served by."""

from .build import build_gateway, build_keeper
from .call import Call
from .gateway import Gateway
from .keeping import Keeper, Sink, StateFile
from .passing import pass_on

__all__ = ["Call", "Gateway", "Keeper", "Sink", "StateFile", "build_gateway", "build_keeper", "pass_on"]
