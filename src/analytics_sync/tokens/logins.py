"""The log-ins and apps behind credentials, as one run asks for them again and again."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from analytics_sync.clock import Clock
from analytics_sync.domain.credentials import App
from analytics_sync.domain.records import Account
from analytics_sync.errors import AnalyticsSyncError, CredentialRefused
from analytics_sync.platforms._contract import Platform
from analytics_sync.platforms._login import Login, Talk
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.tokens.apps import settings_with, with_app
from analytics_sync.tokens.facts import can_renew, login_at
from analytics_sync.tokens.opening import Held, Opener
from analytics_sync.transport.call import Sender

log = logging.getLogger(__name__)


class Logins:
    """What is known of log-ins and apps is looked up once."""

    def __init__(
        self,
        opener: Opener,
        clock: Clock,
        platforms: Mapping[str, Platform],
        settings: Mapping[str, PlatformSettings],
    ) -> None:
        self._opener = opener
        self._clock = clock
        self._platforms = platforms
        self._settings = settings
        self._apps: dict[int, App] = {}
        self._logins: dict[tuple[str, str | None], Login | None] = {}
        self._looked_at: set[int] = set()

    def behind(self, account: Account, held: Held) -> Login | None:
        """The log-in of an account's credential; None where nothing can be renewed by it."""
        platform = held.row.platform
        key = platform, account.kind if platform == account.platform else None
        if key not in self._logins:
            self._logins[key] = login_at(self._platforms.get(platform), key[1])
        login = self._logins[key]
        if login is None or not can_renew(login, held.row.app_id, self._settings):
            return None
        return login

    def is_due(self, account: Account, held: Held) -> bool:
        """Whether it is time to renew the credential."""
        token = held.token
        known = token.refresh_token or token.expires_at or token.issued_at
        if held.command or not token.refreshes or not known:
            return False
        login = self.behind(account, held)
        if login is None or not login.renews(token):
            return False
        at = login.renew_at(token)
        return at is not None and self._clock.now() >= at

    async def settle(self, account: Account, held: Held, clock: Clock) -> None:
        """Wait while the platform may not know a new token everywhere yet."""
        issued_at = held.token.issued_at
        login = self.behind(account, held) if issued_at is not None else None
        if issued_at is None or login is None or not login.settle:
            return
        left = issued_at + login.settle - clock.now()
        if timedelta(0) < left <= login.settle:
            await clock.sleep(left.total_seconds())

    async def settings_of(self, platform: str, app_id: int | None) -> PlatformSettings:
        """The settings of an account's platform, with this app where it is not the default one.

        :raises CredentialRefused: the app's secret can't be decrypted.
        """
        settings = self._settings[platform]
        if app_id is None:
            return settings
        if app_id not in self._apps:
            self._apps[app_id] = await asyncio.to_thread(self._opener.app, app_id)
        return settings_with(settings, platform, self._apps[app_id])

    async def is_dead(self, account: Account, held: Held, sender: Sender) -> bool:
        """Whether the consent behind an account's own token is refused too, asked once in a run."""
        login = self.behind(account, held)
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
