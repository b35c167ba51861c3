"""How a run gets at access tokens: opened once, renewed in time, set aside when refused."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from analytics_sync.clock import Clock
from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.credentials import OAuth1, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import (
    AnalyticsSyncError,
    Busy,
    CallFailed,
    ConfigurationInvalid,
    CredentialRefused,
    NotYet,
)
from analytics_sync.locks import Locks
from analytics_sync.platforms._contract import Platform
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.store.database import Database
from analytics_sync.tokens.command import from_command
from analytics_sync.tokens.journal import Journal
from analytics_sync.tokens.logins import Logins
from analytics_sync.tokens.opening import Held, Opener
from analytics_sync.tokens.refusals import Refusals, SetAside
from analytics_sync.tokens.renewal import Renewal, RenewalRefused
from analytics_sync.transport.call import Sender
from analytics_sync.vault import Vault

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """What an account is asked with.

    `settings`: with the client id and secret of the credential's app. `version`: of the
    credential. `own`: the token is of this account alone (a Page). `trial`: it was refused before.
    """

    token: str = field(repr=False)
    settings: PlatformSettings = field(repr=False)
    oauth1: OAuth1 | None = None
    credential_id: int | None = None
    version: int = 0
    own: bool = False
    trial: bool = False


class Tokens:
    """The access tokens of one run."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        locks: Locks,
        clock: Clock,
        platforms: Mapping[str, Platform],
        settings: Mapping[str, PlatformSettings],
        journal: Journal,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._opener = Opener(database, vault, settings)
        self._logins = Logins(self._opener, clock, platforms, settings)
        self._renewal = Renewal(database, vault, locks, clock, settings, journal)
        self.refusals = Refusals(database)
        self._held: dict[int, Held] = {}
        self._rows: dict[int, CredentialRow] = {}
        self._alone: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        # What is not done twice in a run: renewals after a refusal, and those that failed.
        self._forced: set[int] = set()
        self._failed: dict[int, AnalyticsSyncError] = {}

    async def access(
        self, account: Account, sender: Sender, *, clock: Clock | None = None
    ) -> Access:
        """What to ask with now; the credential is renewed first when it is time.

        `clock`: for waits, which a run may cut short.

        :raises CredentialRefused: there is none, it can't be decrypted, its command fails, the
            platform no longer renews it, or it is set aside because it was refused.
        :raises ConfigurationInvalid: it has expired, and the platform does not take its app.
        :raises Busy: it was replaced meanwhile; or it has expired and could not be renewed now.
        :raises NotYet: it has expired, and the platform wants to renew it later.
        """
        id = account.credential_id
        if id is None:
            raise CredentialRefused(
                "The account has no credential.",
                hint="Add it again with a token: `analytics-sync account add`.",
            )
        clock = clock or self._clock
        async with self._alone[id]:
            try:
                held = self._held[id] = await self._ready(id, account, sender, clock)
                access = await self._access(account, held)
            except SetAside:
                raise
            except CredentialRefused as refusal:
                await self._note(id, refusal.message, asked=isinstance(refusal, RenewalRefused))
                raise
        await self._logins.settle(account, held, clock)
        return access

    async def renewed(
        self, account: Account, sender: Sender, refused: Access, *, clock: Clock | None = None
    ) -> Access | None:
        """Another token after the platform refused this one; None: there is none to be had.

        A credential is renewed so once in a run.

        :raises RenewalRefused: the platform no longer renews it.
        :raises Busy: whether it was renewed is not known; the next run tries again.
        :raises AnalyticsSyncError: as `access`.
        """
        id = refused.credential_id
        if id is None:
            return None
        clock = clock or self._clock
        async with self._alone[id]:
            held = self._held[id]
            if held.token_of(account) == refused.token:
                held = await self._again(account, held, sender, clock)
                self._held[id] = held
            if held.token_of(account) == refused.token:
                return None
            access = await self._access(account, held)
        await self._logins.settle(account, held, clock)
        return access

    async def refused(self, account: Account, sender: Sender, access: Access, reason: str) -> None:
        """Set the credential aside, because the platform refused its token.

        Where that was the token of a single account, the consent may still be good for others.
        """
        id = access.credential_id
        if id is None:
            return
        async with self._alone[id]:
            held = self._held[id]
            if held.row.version != access.version:
                return
            if access.own and not await self._logins.is_dead(account, held, sender):
                return
            # A command may print another token at any time.
            await self._note(id, reason, asked=not held.command)

    async def worked(self, access: Access) -> None:
        """The platform took the token: it is not refused any more."""
        if access.trial and access.credential_id is not None:
            async with self._alone[access.credential_id]:
                await self._note(access.credential_id, None)

    async def given(self, account: Account, token: Token) -> Access:
        """The same for a token that is not stored (yet)."""
        own = token.account_tokens.get(account.platform_account_id)
        settings = await self._logins.settings_of(account.platform, account.app_id)
        return Access(own or token.access_token, settings, token.oauth1, own=own is not None)

    async def _ready(self, id: int, account: Account, sender: Sender, clock: Clock) -> Held:
        held = self._held[id] = self._held.get(id) or await self._open(id)
        if held.row.refused_at is not None:
            held = await self._tried(account, held, clock)
        if held.command and not held.token.access_token:
            return replace(held, token=await from_command(held.command))
        if self._logins.is_due(account, held):
            return await self._in_time(account, held, sender, clock)
        return held

    async def _open(self, id: int) -> Held:
        row = self._rows[id] = await asyncio.to_thread(self._opener.row, id)
        return self._opener.open(row)

    async def _tried(self, account: Account, held: Held, clock: Clock) -> Held:
        """The refused credential, where it may be asked with; for the others it is set aside."""
        id = held.row.id
        if self._journal.lies(id):
            # It was refused to another machine, because this one had renewed it and died.
            held = await self._renewal.take_up(id, self._logins.behind(account, held), clock)
            self._rows[id] = held.row
        if held.row.refused_at is None:
            return held
        now = clock.now()
        if await self.refusals.check(held.row, now):
            # For the others it stays set aside until this account has shown that it is well.
            return replace(held, row=replace(held.row, tried_at=now))
        return held

    async def _in_time(self, account: Account, held: Held, sender: Sender, clock: Clock) -> Held:
        """Renewed ahead of its end; what fails is not tried again in this run."""
        id = held.row.id
        failure = self._failed.get(id)
        if failure is None:
            try:
                login = self._logins.behind(account, held)
                return await self._renewal.renew(
                    id, login, sender, clock, lambda found: self._logins.is_due(account, found)
                )
            except (CallFailed, NotYet, Busy, ConfigurationInvalid) as error:
                failure = self._failed[id] = _later(id, error)
        expires_at = held.token.expires_at
        if expires_at is not None and expires_at <= self._clock.now():
            raise failure
        log.info("the credential %s is not renewed yet: %s", id, failure.message)
        return held

    async def _again(self, account: Account, held: Held, sender: Sender, clock: Clock) -> Held:
        """After a refusal: what another process stored, or a renewal, once."""
        id = held.row.id
        if held.own_of(account) is not None:
            return await self._open(id)
        if id in self._failed:
            raise self._failed[id]
        if id in self._forced:
            return held
        self._forced.add(id)
        if held.command:
            return replace(held, token=await from_command(held.command))
        refused = held.token.access_token
        try:
            return await self._renewal.renew(
                id,
                self._logins.behind(account, held),
                sender,
                clock,
                lambda found: found.token.access_token == refused,
            )
        except RenewalRefused as refusal:
            await self._note(id, refusal.message)
            raise
        except (CallFailed, NotYet, Busy) as error:
            failure = self._failed[id] = _later(id, error)
            raise failure from None

    async def _access(self, account: Account, held: Held) -> Access:
        row = held.row
        return Access(
            token=held.token_of(account),
            settings=await self._logins.settings_of(account.platform, row.app_id),
            oauth1=held.token.oauth1,
            credential_id=row.id,
            version=row.version,
            own=held.own_of(account) is not None,
            trial=row.refused_at is not None,
        )

    async def _note(self, id: int, reason: str | None, *, asked: bool = True) -> None:
        """Keep in mind, and in the database, whether a credential is refused."""
        row = self._rows.get(id)
        if row is None:
            return
        held = self._held.get(id)
        row = held.row if held is not None else row
        now = self._clock.now()
        await self.refusals.note(row, reason, now, asked=asked)
        since = None if reason is None else row.refused_at or now
        tried = now if asked and reason is not None else None
        self._remember(id, replace(row, refused_at=since, refused_reason=reason, tried_at=tried))

    def _remember(self, id: int, row: CredentialRow) -> None:
        self._rows[id] = row
        if id in self._held:
            self._held[id] = replace(self._held[id], row=row)


def _later(id: int, error: AnalyticsSyncError) -> AnalyticsSyncError:
    """As a failure that only means to try later."""
    if not isinstance(error, CallFailed):
        return error
    return Busy(
        f"The credential {id} could not be renewed: {error.message}",
        hint="Tried again next run.",
        code=ErrorCode.PLATFORM_UNAVAILABLE,
    )
