"""Ends consents at the platforms, of credentials that serve no account any more.

What a person asked for comes first and whole: the account is gone, and its credential is marked as
leaving, in one transaction. Then its consent is ended, then it is forgotten. Whatever is killed in
between, the credential that is left says so in `status`, and `credential remove` goes on from there.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from analytics_sync.connect.session import login_talk
from analytics_sync.connect.stored import Stored, login_for, open_stored
from analytics_sync.errors import AnalyticsSyncError, WrongUsage
from analytics_sync.locks import waited_for
from analytics_sync.platforms import all_platforms
from analytics_sync.platforms._contract import Platform
from analytics_sync.store import credentials, leaving
from analytics_sync.store.consents import LEAVING
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.store.database import Database
from analytics_sync.sync.parts import Parts
from analytics_sync.tokens import Journal
from analytics_sync.vault import Vault

log = logging.getLogger(__name__)

# A platform that does not answer must not hold a removal up.
SECONDS: Final = 10.0


class UnknownCredential(WrongUsage):
    """It is gone already."""


class Revocation(NamedTuple):
    """What came of ending one consent. `reason`: why it was not ended; `by_hand`: how to do it."""

    credential_id: int
    platform: str
    subject: str | None
    revoked: bool
    reason: str = ""
    by_hand: str = ""

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


async def end_consents(
    parts: Parts,
    vault: Vault,
    journal: Journal,
    ids: Collection[int],
    *,
    even_foreign: bool = False,
) -> list[Revocation]:
    """End the consent of each of these credentials, and forget it; what came of each.

    A failure is told and keeps nothing: the credential is forgotten all the same.
    `even_foreign`: tokens too that did not come by a log-in of ours, and may serve others.
    """
    came = []
    for id in ids:
        with suppress(UnknownCredential):
            came.append(await _end_one(parts, vault, journal, id, even_foreign=even_foreign))
    return came


async def _end_one(
    parts: Parts, vault: Vault, journal: Journal, id: int, *, even_foreign: bool
) -> Revocation:
    row = await parts.read(_known, id)
    try:
        with waited_for(parts.locks, "credential", id, SECONDS):
            reason = await _end(parts, vault, journal, id, even_foreign=even_foreign)
    except UnknownCredential:
        raise
    except AnalyticsSyncError as error:
        reason = error.message
    if await parts.write(leaving.forget, [id]):
        journal.remove(id)
    return _told(parts.platforms, row, reason)


def _known(connection: Connection, id: int) -> CredentialRow:
    """:raises UnknownCredential: another process has removed it meanwhile."""
    try:
        return credentials.get(connection, id)
    except WrongUsage as error:
        raise UnknownCredential(error.message, hint=error.hint) from None


def forget_unopened(database: Database, ids: Collection[int], reason: str) -> list[Revocation]:
    """Forget credentials that nobody can open here; their consents stay as they are."""
    with database.write() as connection:
        rows = []
        for id in ids:
            with suppress(UnknownCredential):
                rows.append(_known(connection, id))
        leaving.forget(connection, ids)
    platforms = all_platforms()
    return [_told(platforms, row, reason) for row in rows]


async def _end(parts: Parts, vault: Vault, journal: Journal, id: int, *, even_foreign: bool) -> str:
    """Why a consent was not ended, or nothing."""
    row = await parts.read(_known, id)
    if row.refused_reason != LEAVING:
        return "Somebody has logged in again meanwhile, and uses it."
    others = await parts.read(leaving.same_consent, row)
    if others:
        numbers = ", ".join(str(other.id) for other in others)
        return f"The same person's consent still serves the credential {numbers}."
    found = await parts.read(open_stored, parts, vault, row.id)
    if found.token is None:
        return "Its token came from a command; whoever keeps it renewed may still use it."
    if not found.by_login and not even_foreign:
        return "The token was made elsewhere and may serve other programs (--revoke ends it too)."
    if found.login is None or not found.login.revocable:
        return f"{row.platform} has no way to end it from here."
    if found.app is None:
        return f"The app through which it came is not set up (platforms.{row.platform}.client_id)."
    # A process that died may have left a newer token than the database has.
    left = journal.read(row.id, row.version)
    return await _revoked(parts, found if left is None else found._replace(token=left.token))


async def _revoked(parts: Parts, found: Stored) -> str:
    assert found.login is not None
    assert found.app is not None
    assert found.token is not None
    try:
        async with asyncio.timeout(SECONDS):
            async with login_talk(parts, found.login, found.app) as talk:
                await found.login.revoke(talk, found.token)
    except TimeoutError:
        return f"{found.login.title} did not answer within {SECONDS:g} s."
    except AnalyticsSyncError as error:
        return error.message
    except Exception as error:
        log.exception("credential %s: its consent was not ended", found.row.id)
        return f"Unexpected failure: {type(error).__name__}."
    log.info("credential %s: its consent at %s was ended", found.row.id, found.login.title)
    return ""


def _told(platforms: Mapping[str, Platform], row: CredentialRow, reason: str) -> Revocation:
    login = login_for(platforms, row.platform)
    by_hand = login.revoke_by_hand if reason and login is not None else ""
    return Revocation(row.id, row.platform, row.subject, not reason, reason, by_hand)
