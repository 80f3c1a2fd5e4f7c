"""Accounts of one upstream, and the right to use one of them."""

from .account import Account, State
from .lease import Lease
from .pool import Pool
from .terms import Limits, Need, Policy, Terms, Want

__all__ = ["Account", "Lease", "Limits", "Need", "Policy", "Pool", "State", "Terms", "Want"]
