"""Opens stored credentials and the applications behind them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from analytics_sync.domain.credentials import App, Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import WrongUsage
from analytics_sync.platforms._login import Login
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store import credentials
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.store.database import Database
from analytics_sync.store.trouble import changed_meanwhile
from analytics_sync.tokens.apps import app_of, stored_app
from analytics_sync.tokens.sealing import hide, opened
from analytics_sync.vault import Vault


@dataclass(frozen=True, slots=True)
class Held:
    """A credential with its secret: a token, or the `command` that prints one ("" for none)."""

    row: CredentialRow
    token: Token
    command: str = ""

    def own_of(self, account: Account) -> str | None:
        """The token of this account alone (a Page), where it has one."""
        return self.token.account_tokens.get(account.platform_account_id)

    def token_of(self, account: Account) -> str:
        return self.own_of(account) or self.token.access_token


class Opener:
    """Reads credentials and apps, each in a transaction of its own."""

    def __init__(
        self, database: Database, vault: Vault, settings: Mapping[str, PlatformSettings]
    ) -> None:
        self._database = database
        self._vault = vault
        self._settings = settings

    def row(self, id: int) -> CredentialRow:
        """:raises Busy: the credential is gone.

        Its account was removed, or added again with another token, after it was chosen.
        """
        with self._database.read() as connection:
            try:
                return credentials.get(connection, id)
            except WrongUsage:
                raise changed_meanwhile() from None

    def gone(self, ids: Collection[int]) -> set[int]:
        """Those of these credentials that were deleted."""
        with self._database.read() as connection:
            return set(ids) - credentials.known(connection, ids)

    def open(self, row: CredentialRow) -> Held:
        """:raises CredentialRefused: its secret can't be decrypted."""
        secret = self._vault.open({"credential": row.id}, row.ciphertext)
        if "command" in secret:
            return Held(row, Token(""), str(secret["command"]))
        token = opened(secret)
        hide(token)
        return Held(row, token)

    def app(self, id: int) -> App:
        """A stored app.

        :raises CredentialRefused: its secret can't be decrypted.
        """
        with self._database.read() as connection:
            return stored_app(connection, self._vault, id)

    def app_behind(self, row: CredentialRow, login: Login) -> App:
        """The app through which a credential is renewed.

        :raises ConfigurationInvalid: it is the default app, and the settings have none (any more).
        """
        settings = self._settings[login.platform]
        if login.renews_without_app and row.app_id is None and not settings.client_id:
            return App(login.platform, "")
        with self._database.read() as connection:
            return app_of(connection, self._vault, settings, login.platform, row.app_id)
