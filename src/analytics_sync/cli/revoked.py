"""How commands that remove accounts ask for, and tell of, the end of consents at the platforms."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from analytics_sync.cli.tables import say
from analytics_sync.errors import AnalyticsSyncError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from analytics_sync.connect.revoking import Revocation
    from analytics_sync.wiring import Installation

Revoke = Annotated[
    bool | None,
    typer.Option(
        "--revoke/--no-revoke",
        help="End the consent at the platform too. Left out: where it came by a log-in and nothing"
        " else needs it.",
    ),
]


def mark(
    installation: "Installation",
    connection: "Connection",
    credential_ids: Collection[int | None],
    account_ids: Collection[int],
    *,
    revoke: bool | None,
) -> list[int]:
    """Of the credentials of accounts that are removed now, those whose consent is to be ended."""
    if revoke is False:
        return []
    from analytics_sync.store import leaving

    ids = {id for id in credential_ids if id is not None}
    return leaving.serve_nobody(connection, ids, installation.clock.now(), without=account_ids)


def end(
    installation: "Installation", ids: Collection[int], *, revoke: bool | None
) -> "list[Revocation]":
    """End these consents and forget their credentials. Never fails a removal that is done."""
    if not ids:
        return []
    import asyncio

    from analytics_sync.connect.revoking import end_consents, forget_unopened

    try:
        parts, vault, journal = installation.parts(), installation.vault, installation.journal
    except AnalyticsSyncError as error:
        # As without its key: nothing can be opened any more, but all can be removed.
        return forget_unopened(installation.database, ids, error.message)
    return asyncio.run(end_consents(parts, vault, journal, ids, even_foreign=revoke is True))


def tell(revocations: "Sequence[Revocation]") -> None:
    """What was ended, and what was not and how a person does it."""
    for one in revocations:
        whose = ", ".join(filter(None, (one.platform, one.subject)))
        if one.revoked:
            say(f"  Revoked at the platform: credential {one.credential_id} ({whose})")
            continue
        say(f"  Not revoked at the platform: credential {one.credential_id} ({whose})")
        say(f"    {one.reason}")
        if one.by_hand:
            say(f"    By hand: {one.by_hand}")
