"""Alembic runs this file; the connection, with its lock, comes from `store.migrate`."""

from alembic import context

from fastproxy.store.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=False)
context.run_migrations()
