"""Accounts of one upstream, and the right to use one of them."""

from .account import Account, State
from .lease import Lease
from .pool import Pool
from .standing import Standing
from .terms import Limits, Need, Policy, Terms, Want

__all__ = ["Account", "Lease", "Limits", "Need", "Policy", "Pool", "Standing", "State", "Terms", "Want"]
