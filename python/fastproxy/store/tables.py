"""The tables. Their history is in `migrations/`; a test holds both against each other.

Times are whole milliseconds since 1970 (UTC), money is whole nano-USD, token counters are disjoint: what is in one is
in no other. `None` means unknown, never 0.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

METADATA = MetaData()

#: Counters of a usage row, in the order in which they are written.
COUNTERS = ("input", "cache_read", "cache_write", "cache_write_1h", "output", "reasoning")

#: Numbers that count changes, so that a process notices those of another with one small question.
REVISIONS = Table(
    "revisions",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

#: Client keys. Only their SHA-256 is kept; `hint` is what people recognise them by.
CLIENT_KEYS = Table(
    "client_keys",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("hint", String(32), nullable=False),
    Column("previous_hash", LargeBinary(32)),
    Column("previous_until", BigInteger),
    Column("terms", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)

#: One row per request that reached an upstream.
USAGE = Table(
    "usage",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("request_id", String(128), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("duration_ms", BigInteger),
    Column("ttft_ms", BigInteger),
    Column("status", String(16), nullable=False),
    Column("error", String(64)),
    Column("key", String(128), nullable=False),
    Column("owner", String(128)),
    Column("project", String(128)),
    Column("dialect", String(32), nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("model_asked", String(512), nullable=False),
    Column("model", String(512), nullable=False),
    Column("model_served", String(512)),
    Column("upstream", String(128), nullable=False),
    Column("account", String(128), nullable=False),
    Column("attempts", Integer, nullable=False),
    *(Column(name, BigInteger) for name in COUNTERS),
    Column("is_estimated", Boolean, nullable=False),
    Column("is_recovered", Boolean, nullable=False),
    Column("finish", String(64)),
    Column("loss", Text),
    Column("cost_nano_usd", BigInteger),
)
Index("usage_started_at", USAGE.c.started_at)
Index("usage_key", USAGE.c.key, USAGE.c.started_at)

#: What is left of rows that are no longer kept: sums per day.
USAGE_DAYS = Table(
    "usage_days",
    METADATA,
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970
    *(
        Column(name, String(512), primary_key=True)
        for name in ("key", "owner", "project", "upstream", "account", "model")
    ),
    Column("requests", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("unpriced", BigInteger, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in COUNTERS),
    Column("cost_nano_usd", BigInteger, nullable=False),
)

#: Secrets, sealed by `sealing.Vault`. `key_id` tells which key opens them.
SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", String(256), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

#: Small states of other parts, as JSON: cool-downs that outlive a restart, accounts added at run time.
DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("kind", String(64), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("body", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
