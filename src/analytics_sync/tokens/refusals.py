"""Credentials that were refused: set aside, tried again now and then, and told of once."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from analytics_sync.clock import is_ahead
from analytics_sync.errors import CredentialRefused
from analytics_sync.store import credentials
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.store.database import Database

# A refused credential costs no request but one in so long.
TRIED_EVERY: Final = timedelta(hours=6)


class SetAside(CredentialRefused):
    """It was refused before, and nothing was asked now."""


class Refusals:
    """What one run knows and writes of refused credentials."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: set[int] = set()

    def is_news(self, credential_id: int) -> bool:
        """Whether nothing was said of it in this run yet; from now on it was."""
        news = credential_id not in self._told
        self._told.add(credential_id)
        return news

    async def check(self, row: CredentialRow, now: datetime) -> bool:
        """Whether this process tries a credential that the platform refused, and writes that down.

        :raises SetAside: it is not time yet, or another process tries it.
        """
        tried = row.tried_at
        if tried is None:
            return False
        early = now - tried < TRIED_EVERY and not is_ahead(tried, now)
        if early or not await asyncio.to_thread(self._take_trial, row, now):
            raise SetAside(
                row.refused_reason or f"The credential {row.id} was refused.",
                hint="Connect the account again (`analytics-sync account connect`), or add it "
                "again with another token. Until then the platform is asked once in 6 hours.",
            )
        return True

    async def note(
        self, row: CredentialRow, reason: str | None, now: datetime, *, asked: bool = True
    ) -> None:
        """Write down that it is refused, or with None that it is well, where that is news."""
        if (row.refused_at is None) if reason is None else (not asked and _same(row, reason)):
            return
        await asyncio.shield(asyncio.to_thread(self._note, row, reason, now, asked))

    def _note(self, row: CredentialRow, reason: str | None, now: datetime, asked: bool) -> None:
        with self._database.write() as connection:
            credentials.note_refusal(
                connection, row.id, reason, now, version=row.version, asked=asked
            )

    def _take_trial(self, row: CredentialRow, now: datetime) -> bool:
        with self._database.write() as connection:
            return credentials.take_trial(connection, row.id, row.tried_at, now)


def _same(row: CredentialRow, reason: str) -> bool:
    return row.refused_reason == reason and row.tried_at is None
