"""The history of the tables, as Alembic migrations; run by ``store.opening``, never by hand."""
