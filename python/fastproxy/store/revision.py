"""The newest revision in `migrations/versions`. Apart, so that it can be known without the database's libraries."""

from typing import Final

HEAD: Final = "0001"
