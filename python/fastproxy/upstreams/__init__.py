"""The services we call: what is sent to them besides the body."""

from .api_key import Upstream
from .model_list import ModelList

__all__ = ["ModelList", "Upstream"]
