"""`business`: add, list, rename, archive, remove."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics_sync.cli import revoked
from analytics_sync.cli.options import Json, answer, opened
from analytics_sync.cli.tables import say, table
from analytics_sync.errors import WrongUsage

if TYPE_CHECKING:
    from analytics_sync.store.businesses import BusinessRow

business = typer.Typer(no_args_is_help=True, help="The businesses whose accounts are synced.")
Named = Annotated[str, typer.Argument(metavar="BUSINESS", help="Id or name.")]


def register(app: typer.Typer) -> None:
    app.add_typer(business, name="business")


@business.command()
def add(
    name: str,
    *,
    id: Annotated[
        int | None, typer.Option("--id", min=1, max=2**31 - 1, help="A given id.")
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", help="Its own zone, for example Europe/Berlin.")
    ] = "UTC",
    json: Json = False,
) -> None:
    """Add a business."""
    from analytics_sync.store import businesses

    _check_zone(timezone)
    with opened() as installation, installation.database.write() as connection:
        made = businesses.add(
            connection, name, timezone=timezone, now=installation.clock.now(), id=id
        )
    answer(
        as_document(made),
        as_json=json,
        human=lambda: say(f"Added business {made.id}: {made.name}"),
    )


@business.command("list")
def list_all(*, json: Json = False) -> None:
    """List the businesses."""
    from analytics_sync.store import businesses

    with opened() as installation, installation.database.read() as connection:
        found = businesses.listed(connection)

    def human() -> None:
        table(
            ("id", "name", "zone", "accounts", "state"),
            [
                (
                    str(b.id),
                    b.name,
                    b.timezone,
                    b.accounts,
                    "archived" if b.archived_at else "active",
                )
                for b in found
            ],
            empty='No business yet: analytics-sync business add "My business"',
        )

    answer({"businesses": [as_document(b) for b in found]}, as_json=json, human=human)


@business.command()
def rename(name: Named, new_name: str, *, json: Json = False) -> None:
    """Give a business another name."""
    from analytics_sync.store import businesses

    with opened() as installation, installation.database.write() as connection:
        found = businesses.find(connection, name)
        businesses.rename(connection, found.id, new_name)
        renamed = businesses.find(connection, str(found.id))
    answer(
        as_document(renamed),
        as_json=json,
        human=lambda: say(f"Business {found.id} is now called {renamed.name}"),
    )


@business.command()
def archive(name: Named, *, json: Json = False) -> None:
    """Stop syncing a business; everything is kept, and its jobs do nothing."""
    from analytics_sync.store import businesses

    with opened() as installation, installation.database.write() as connection:
        found = businesses.find(connection, name)
        businesses.archive(connection, found.id, installation.clock.now())
        archived = businesses.find(connection, str(found.id))
    answer(
        as_document(archived),
        as_json=json,
        human=lambda: say(f"Archived business {found.id} ({found.name}); its history is kept"),
    )


@business.command()
def remove(
    name: Named,
    *,
    purge: Annotated[
        bool, typer.Option("--purge", help="Delete its posts and history for good, too.")
    ] = False,
    revoke: revoked.Revoke = None,
    json: Json = False,
) -> None:
    """Remove a business and forget its tokens; posts and history are kept without --purge."""
    from analytics_sync.store import accounts, businesses
    from analytics_sync.wiring import scheduler

    deleted: dict[str, int] = {}
    with opened() as installation:
        with installation.database.read() as connection:
            found = businesses.find(connection, name, removed=purge)
        # First, so that no entry is left on the machine for what is gone.
        jobs = scheduler(installation).remove_business(found.id)
        with installation.database.write() as connection:
            found = businesses.find(connection, str(found.id), removed=purge)
            held = accounts.listed(connection, found.id)
            leaving = revoked.mark(
                installation,
                connection,
                [one.credential_id for one in held],
                [one.id for one in held],
                revoke=revoke,
            )
            if purge:
                deleted = businesses.purge(connection, found.id)
            else:
                businesses.remove(connection, found.id, installation.clock.now())
        ended = revoked.end(installation, leaving, revoke=revoke)
        if purge:
            deleted["credential"] += len(ended)

    def human() -> None:
        say(f"Removed business {found.id} ({found.name})")
        for job in jobs:
            say(f"  Removed job: {job}")
        for what, rows in deleted.items():
            if rows:
                say(f"  deleted {rows:,} rows of {what}")
        if not purge:
            say("  Its posts and history are kept; --purge deletes them.")
        revoked.tell(ended)

    answer(
        {
            "id": found.id,
            "removed": True,
            "purged": purge,
            "deleted": deleted,
            "jobs": jobs,
            "revocations": [one.as_json() for one in ended],
        },
        as_json=json,
        human=human,
    )


def as_document(found: "BusinessRow") -> dict[str, Any]:
    return {**asdict(found), "archived": found.archived_at is not None}


def _check_zone(name: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise WrongUsage(
            f"--timezone: there is no zone {name!r}.",
            hint="Use a name of the IANA list, for example Europe/Berlin.",
        ) from None
