"""`db`: bring the database to this release's schema, and say how much is in it."""

import typer

from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import cell, say, table

db = typer.Typer(no_args_is_help=True, help="The database.")


def register(app: typer.Typer) -> None:
    app.add_typer(db, name="db")


@db.command()
def upgrade(*, json: Json = False) -> None:
    """Bring the database to this release's schema."""
    from analytics_sync.store.migrate import upgrade as migrate

    with opened() as installation:
        before, after = migrate(installation.raw_database)

    def human() -> None:
        if before == after:
            say(f"The database has schema {after} already.")
        else:
            say(f"Upgraded the database from {before or 'nothing'} to schema {after}.")

    answer({"before": before, "after": after}, as_json=json, human=human)


@db.command()
def stats(*, json: Json = False) -> None:
    """Say how much is stored, and since when."""
    from analytics_sync.store.stats import stats as count

    with opened() as installation:
        found = count(installation.database)

    def human() -> None:
        say(f"{found['database']}, schema {found['schema']}, {found['bytes'] / 1_048_576:,.1f} MiB")
        say(f"History: {cell(found['oldest_snapshot'])} to {cell(found['newest_snapshot'])} UTC")
        table(("table", "rows"), list(found["rows"].items()), empty="")

    answer(found, as_json=json, human=human)
