"""Runs migrations on the connection that `store.migrate` hands over, inside its transaction."""

from alembic import context
from sqlmodel import SQLModel

import analytics_sync.store.schema  # noqa: F401 - fills the metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    # SQLite can't alter most things in place: Alembic copies the table instead.
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
