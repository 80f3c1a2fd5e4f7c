"""The life of a request, and what requests are served by."""

from .build import build_gateway
from .call import Call
from .gateway import Gateway
from .passing import pass_on

__all__ = ["Call", "Gateway", "build_gateway", "pass_on"]
