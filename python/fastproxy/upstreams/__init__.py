"""The services we call: what is sent to them besides the body."""

from .api_key import Upstream

__all__ = ["Upstream"]
