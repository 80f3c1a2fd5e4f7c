"""The history of the tables, for Alembic. One file per change in `versions/`; never edit one that was released."""
