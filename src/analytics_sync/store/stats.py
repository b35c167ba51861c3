"""How much is stored."""

from typing import Any

from sqlalchemy import func, select, text

from analytics_sync.store.database import Database
from analytics_sync.store.tables import (
    account,
    account_snapshot,
    api_token,
    app,
    business,
    credential,
    post,
    schedule,
    snapshot,
    sync_error,
    sync_run,
)


def stats(database: Database) -> dict[str, Any]:
    """Rows of each table, size in bytes, and the span of the history."""
    tables = (
        business,
        app,
        credential,
        account,
        post,
        snapshot,
        account_snapshot,
        schedule,
        sync_run,
        sync_error,
        api_token,
    )
    with database.read() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        }
        oldest, newest = connection.execute(
            select(func.min(snapshot.c.captured_at), func.max(snapshot.c.captured_at))
        ).one()
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        size = (
            database.path.stat().st_size
            if database.path is not None
            else connection.execute(text("SELECT pg_database_size(current_database())")).scalar()
        )
    return {
        "database": database.dialect,
        "schema": revision,
        "bytes": size,
        "rows": counts,
        "oldest_snapshot": oldest,
        "newest_snapshot": newest,
    }
