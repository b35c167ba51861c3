"""How a run gets at access tokens: opened once, renewed in time, set aside when refused."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from analytics_sync.clock import Clock
from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.credentials import App, OAuth1, Token
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
from analytics_sync.platforms._login import Login, Talk
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.store.database import Database
from analytics_sync.tokens.apps import settings_with, with_app
from analytics_sync.tokens.command import from_command
from analytics_sync.tokens.facts import login_at
from analytics_sync.tokens.journal import Journal
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
        self._platforms = platforms
        self._settings = settings
        self._journal = journal
        self._opener = Opener(database, vault, settings)
        self._renewal = Renewal(database, vault, locks, clock, settings, journal)
        self.refusals = Refusals(database)
        self._held: dict[int, Held] = {}
        self._rows: dict[int, CredentialRow] = {}
        self._apps: dict[int, App] = {}
        self._logins: dict[tuple[str, str | None], Login | None] = {}
        self._alone: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        # What is not done twice in a run: renewals after a refusal and those that failed, looks.
        self._forced: set[int] = set()
        self._looked_at: set[int] = set()
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
        await self._settle(account, held, clock)
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
            if _token_of(account, held) == refused.token:
                held = await self._again(account, held, sender, clock)
                self._held[id] = held
            if _token_of(account, held) == refused.token:
                return None
            access = await self._access(account, held)
        await self._settle(account, held, clock)
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
            if access.own and not await self._is_dead(account, held, sender):
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
        settings = await self._settings_of(account.platform, account.app_id)
        return Access(own or token.access_token, settings, token.oauth1, own=own is not None)

    async def _ready(self, id: int, account: Account, sender: Sender, clock: Clock) -> Held:
        held = self._held[id] = self._held.get(id) or await self._open(id)
        if held.row.refused_at is not None:
            held = await self._tried(account, held, clock)
        if held.command and not held.token.access_token:
            return replace(held, token=await from_command(held.command))
        if self._is_due(account, held):
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
            held = await self._renewal.take_up(id, self._login(account, held), clock)
            self._rows[id] = held.row
        if held.row.refused_at is None:
            return held
        now = clock.now()
        if await self.refusals.check(held.row, now):
            # For the others it stays set aside until this account has shown that it is well.
            return replace(held, row=replace(held.row, tried_at=now))
        return held

    def _is_due(self, account: Account, held: Held) -> bool:
        token = held.token
        known = token.refresh_token is not None or token.expires_at is not None
        if held.command or not token.refreshes or not known:
            return False
        login = self._login(account, held)
        if login is None or not login.renews(token):
            return False
        at = login.renew_at(token)
        return at is not None and self._clock.now() >= at

    async def _in_time(self, account: Account, held: Held, sender: Sender, clock: Clock) -> Held:
        """Renewed ahead of its end; what fails is not tried again in this run."""
        id = held.row.id
        failure = self._failed.get(id)
        if failure is None:
            try:
                login = self._login(account, held)
                return await self._renewal.renew(
                    id, login, sender, clock, lambda found: self._is_due(account, found)
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
        if _own(account, held) is not None:
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
                self._login(account, held),
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
            token=_token_of(account, held),
            settings=await self._settings_of(account.platform, row.app_id),
            oauth1=held.token.oauth1,
            credential_id=row.id,
            version=row.version,
            own=_own(account, held) is not None,
            trial=row.refused_at is not None,
        )

    async def _settings_of(self, platform: str, app_id: int | None) -> PlatformSettings:
        settings = self._settings[platform]
        if app_id is None:
            return settings
        if app_id not in self._apps:
            self._apps[app_id] = await asyncio.to_thread(self._opener.app, app_id)
        return settings_with(settings, platform, self._apps[app_id])

    async def _settle(self, account: Account, held: Held, clock: Clock) -> None:
        """Wait while the platform may not know a new token everywhere yet."""
        issued_at = held.token.issued_at
        login = self._login(account, held) if issued_at is not None else None
        if issued_at is None or login is None or not login.settle:
            return
        left = issued_at + login.settle - clock.now()
        if timedelta(0) < left <= login.settle:
            await clock.sleep(left.total_seconds())

    async def _is_dead(self, account: Account, held: Held, sender: Sender) -> bool:
        """Whether the consent behind an account's own token is refused too, asked once in a run."""
        login = self._login(account, held)
        if login is None or held.row.id in self._looked_at:
            return False
        self._looked_at.add(held.row.id)
        try:
            app = await asyncio.to_thread(self._opener.app_behind, held.row, login)
            settings = with_app(self._settings[login.platform], app)
            talk = Talk(app, settings, self._clock, sender)
            return not (await login.inspect(talk, held.token, None)).alive
        except CredentialRefused:
            return True
        except AnalyticsSyncError as error:
            log.info("the credential %s could not be looked at: %s", held.row.id, error.message)
            return False

    def _login(self, account: Account, held: Held) -> Login | None:
        """The log-in behind a credential; None where nothing can be renewed by it."""
        platform = held.row.platform
        key = platform, account.kind if platform == account.platform else None
        if key not in self._logins:
            self._logins[key] = login_at(self._platforms.get(platform), key[1])
        login = self._logins[key]
        if login is None or held.row.app_id is not None:
            return login
        return login if self._settings[login.platform].client_id else None

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


def _own(account: Account, held: Held) -> str | None:
    return held.token.account_tokens.get(account.platform_account_id)


def _token_of(account: Account, held: Held) -> str:
    return _own(account, held) or held.token.access_token


def _later(id: int, error: AnalyticsSyncError) -> AnalyticsSyncError:
    """As a failure that only means to try later."""
    if not isinstance(error, CallFailed):
        return error
    return Busy(
        f"The credential {id} could not be renewed: {error.message}",
        hint="Tried again next run.",
        code=ErrorCode.PLATFORM_UNAVAILABLE,
    )
