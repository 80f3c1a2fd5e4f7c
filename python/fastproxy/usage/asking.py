"""What can be asked of the usage. Kept apart from the asking, which needs the database's libraries."""

from __future__ import annotations

import msgspec

#: What sums can be asked for by. Days are those of UTC, as whole days since 1970; hours likewise.
BY = ("key", "owner", "project", "upstream", "account", "model", "day", "hour")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows. `since` and `until` (not included) are milliseconds since 1970; `None`: any."""

    since: int | None = None
    until: int | None = None
    key: str | None = None
    owner: str | None = None
    project: str | None = None
    upstream: str | None = None
    account: str | None = None
    model: str | None = None
    status: str | None = None
