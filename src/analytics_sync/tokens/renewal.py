"""The refresh protocol: no kill and no race may lose a token that works only once.

Under the lock of the credential: the row is read again, for another process may have renewed it; a
journal that a dead process left is taken up; one request is sent, never again blindly; its answer is
sealed and durable in a journal before anything else is done; the row is replaced, durably, if it
still holds what was renewed; then the journal is removed, and only then is the token used. What is
left is the moment between the platform's answer and the journal, which no client can close.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from analytics_sync.clock import Clock
from analytics_sync.domain.credentials import Token
from analytics_sync.errors import AnalyticsSyncError, Busy, CredentialRefused, WrongUsage
from analytics_sync.locks import LONGEST_PAUSE, SHORTEST_PAUSE, Locks
from analytics_sync.platforms._login import Login, Talk
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store import credentials
from analytics_sync.store.database import Database
from analytics_sync.store.trouble import changed_meanwhile
from analytics_sync.tokens.apps import with_app
from analytics_sync.tokens.facts import facts_of
from analytics_sync.tokens.journal import Draft, Journal, fingerprint
from analytics_sync.tokens.opening import Held, Opener
from analytics_sync.tokens.sealing import hide, sealed
from analytics_sync.transport.call import Sender
from analytics_sync.vault import Vault

T = TypeVar("T")

log = logging.getLogger(__name__)

# Longer than one request may take.
LOCK_SECONDS: Final = 45.0


class RenewalRefused(CredentialRefused):
    """The platform no longer renews this token: a person must log in again."""


class Renewal:
    """Renews credentials, one at a time each."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        locks: Locks,
        clock: Clock,
        settings: Mapping[str, PlatformSettings],
        journal: Journal,
    ) -> None:
        self._database = database
        self._vault = vault
        self._locks = locks
        self._clock = clock
        self._settings = settings
        self._journal = journal
        self._opener = Opener(database, vault, settings)
        self._swept = False

    async def renew(
        self,
        id: int,
        login: Login | None,
        sender: Sender,
        clock: Clock,
        needed: Callable[[Held], bool],
    ) -> Held:
        """The credential, renewed unless another process did so, or `needed` says there is no need.

        `clock`: for waits, which a run may cut short.

        :raises RenewalRefused: the platform refused it.
        :raises CredentialRefused: a secret can't be decrypted.
        :raises ConfigurationInvalid: the platform does not take the app, or there is none; or the
            journal can't be written.
        :raises CallFailed: whether it was renewed is not known.
        :raises Busy: another process renews it, and takes long; or it is gone.
        :raises StoreUnusable: the database can't be written.
        """
        async with self._locked(id, clock):
            held = await self._taken_up(await self._now(id), login)
            if login is None or not needed(held) or not login.renews(held.token):
                return held
            try:
                renewed = await finished(self._exchange(held, login, sender))
            except RenewalRefused:
                again = await self._now(id)
                if again.row.version != held.row.version:
                    return again
                raise
        if not self._swept:
            self._swept = True
            with suppress(AnalyticsSyncError, OSError):
                await asyncio.to_thread(self._sweep)
        return renewed

    async def take_up(self, id: int, login: Login | None, clock: Clock) -> Held:
        """The credential, with what a dead process left of its renewal."""
        async with self._locked(id, clock):
            return await self._taken_up(await self._now(id), login)

    @asynccontextmanager
    async def _locked(self, id: int, clock: Clock) -> AsyncIterator[None]:
        end = clock.monotonic() + LOCK_SECONDS
        pause = SHORTEST_PAUSE
        while True:
            with self._locks.hold("credential", id) as free:
                if free:
                    yield
                    return
            if clock.monotonic() >= end:
                raise Busy(
                    f"Another process renews the credential {id}, still after {LOCK_SECONDS:g} s.",
                    hint="Tried again next run.",
                )
            await clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _sweep(self) -> None:
        """Remove what lies in the folder of credentials that were deleted, once in a run."""
        for id in self._opener.gone(self._journal.known()):
            with self._locks.hold("credential", id) as free:
                # Looked at again: its number may have been given to a new one.
                if free and self._opener.gone([id]):
                    self._journal.forget(id)

    async def _now(self, id: int) -> Held:
        return self._opener.open(await asyncio.to_thread(self._opener.row, id))

    async def _taken_up(self, held: Held, login: Login | None) -> Held:
        id = held.row.id
        entry = self._journal.read(id, held.row.version)
        if entry is None:
            return held
        if entry.replaces == fingerprint(held.token):
            hide(entry.token)
            return await finished(self._commit(held, entry.token, login))
        # It is in the row already, or the row has got another token since.
        self._journal.remove(id)
        return held

    async def _exchange(self, held: Held, login: Login, sender: Sender) -> Held:
        app = await asyncio.to_thread(self._opener.app_behind, held.row, login)
        settings = with_app(self._settings[login.platform], app)
        talk = Talk(app, settings, self._clock, sender)
        with self._journal.draft(held.row.id) as draft:
            try:
                answer = await login.renew(talk, held.token)
            except CredentialRefused as error:
                raise RenewalRefused(error.message, hint=error.hint) from error
            token = successor(held.token, answer, self._clock.now())
            self._note(draft, held, token)
        hide(token)
        return await self._commit(held, token, login)

    def _note(self, draft: Draft, held: Held, token: Token) -> None:
        """Beside nothing else: what comes between the answer and this may cost the token."""
        try:
            draft.put(held.row.version, token, held.token)
        except OSError as error:
            # The database may still take it.
            log.warning("the journal %s can't be written: %s", draft.path, error.strerror)

    async def _commit(self, held: Held, token: Token, login: Login | None) -> Held:
        stored = await asyncio.to_thread(self._swap, held, token, login)
        self._journal.remove(held.row.id)
        return stored

    def _swap(self, held: Held, token: Token, login: Login | None) -> Held:
        """Put the token into the row, unless somebody has put another one there."""
        id = held.row.id
        while True:
            try:
                with self._database.write(durable=True) as connection:
                    found = self._opener.open(credentials.get(connection, id))
                    if fingerprint(found.token) != fingerprint(held.token):
                        return found
                    if credentials.swap(
                        connection,
                        id,
                        found.row.version,
                        self._vault.seal({"credential": id}, sealed(token)),
                        _facts(found, token, login),
                    ):
                        return Held(credentials.get(connection, id), token)
            except WrongUsage:
                self._journal.remove(id)
                raise changed_meanwhile() from None


def successor(token: Token, answer: Token, now: datetime) -> Token:
    """What is kept of an answer: nothing that was known is lost because it was not said again."""
    if not answer.refresh_token:
        answer = replace(
            answer,
            refresh_token=token.refresh_token,
            refresh_expires_at=answer.refresh_expires_at or token.refresh_expires_at,
        )
    if answer.issued_at is None or answer.issued_at == token.issued_at:
        answer = replace(answer, issued_at=now)
    return replace(
        answer,
        scopes=answer.scopes or token.scopes,
        account_tokens=answer.account_tokens or token.account_tokens,
        oauth1=answer.oauth1 or token.oauth1,
    )


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of work that a cancellation does not tear: it is done first, then goes on."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()
        raise cancelled
    return task.result()


def _facts(held: Held, token: Token, login: Login | None) -> credentials.Facts:
    row = held.row
    facts = facts_of(
        token,
        login,
        subject=row.subject,
        subject_id=row.subject_id,
        scopes=(row.scopes or "").split(),
    )
    return facts if facts.renew_until else replace(facts, renew_until=row.renew_until)
