"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COUNTERS = ("input", "cache_read", "cache_write", "cache_write_1h", "output", "reasoning")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "revisions",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "client_keys",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("hash", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("hint", sa.String(32), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(32)),
        sa.Column("previous_until", sa.BigInteger),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
    )
    _usage()
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(256), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("kind", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(256), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )


def _usage() -> None:
    op.create_table(
        "usage",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("ttft_ms", sa.BigInteger),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", sa.String(64)),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("owner", sa.String(128)),
        sa.Column("project", sa.String(128)),
        sa.Column("dialect", sa.String(32), nullable=False),
        sa.Column("stream", sa.Boolean, nullable=False),
        sa.Column("model_asked", sa.String(512), nullable=False),
        sa.Column("model", sa.String(512), nullable=False),
        sa.Column("model_served", sa.String(512)),
        sa.Column("upstream", sa.String(128), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in _COUNTERS),
        sa.Column("is_estimated", sa.Boolean, nullable=False),
        sa.Column("is_recovered", sa.Boolean, nullable=False),
        sa.Column("finish", sa.String(64)),
        sa.Column("loss", sa.Text),
        sa.Column("cost_nano_usd", sa.BigInteger),
    )
    op.create_index("usage_started_at", "usage", ["started_at"])
    op.create_index("usage_key", "usage", ["key", "started_at"])
    dimensions = ("key", "owner", "project", "upstream", "account", "model")
    op.create_table(
        "usage_days",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.String(512), primary_key=True) for name in dimensions),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("unpriced", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _COUNTERS),
        sa.Column("cost_nano_usd", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("documents", "secrets", "usage_days", "usage", "client_keys", "revisions"):
        op.drop_table(table)
