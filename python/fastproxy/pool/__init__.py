"""Accounts of one upstream, and the right to use one of them."""

from .account import Account, Fault
from .lease import Lease
from .pool import Pool

__all__ = ["Account", "Fault", "Lease", "Pool"]
