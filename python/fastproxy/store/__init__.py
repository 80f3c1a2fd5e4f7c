"""What outlives the process: client keys, usage, sealed secrets. SQLite in the data directory, or PostgreSQL."""

from .database import Store, StoreError, open_store
from .sealing import Vault

__all__ = ["Store", "StoreError", "Vault", "open_store"]
