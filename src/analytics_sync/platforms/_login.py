"""How people log in at a platform: the one interface that `connect` and `tokens` know.

A platform gives its log-ins by `Platform.login(kind)`. What is asked of a person stands here as
data (`scopes`, `setup`), so that `connect` and the documentation say it in one voice.
"""

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from analytics_sync.clock import Clock
from analytics_sync.domain.credentials import App, Inspection, Reach, Token
from analytics_sync.domain.records import Account
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.transport.call import Call, Reply, Rules, Sender


class Scope(NamedTuple):
    """A permission that is asked for, and in words what is missing without it."""

    name: str
    needed_for: str


class Setup(NamedTuple):
    """What a person does at the platform before the first log-in.

    `create_at`: the address where an app is made. `steps`: kind of app, products, review tier.
    `who`: who should click in the log-in.
    """

    create_at: str
    steps: tuple[str, ...]
    who: str


class Talk(NamedTuple):
    """What a log-in may use: the app, the platform's settings, and the way out."""

    app: App
    settings: PlatformSettings
    clock: Clock
    sender: Sender

    async def send(self, call: Call, rules: Rules) -> Reply:
        return await self.sender.send(call, rules)


class Login(ABC):
    """One way to log in, and all that is done with what it gave.

    Calls that must never be sent twice blindly (an exchanged code, a refresh token that works once)
    are made with `repeatable=False`.
    """

    # The platform under which its credentials and apps are kept ("facebook" for Instagram accounts
    # that are reached through Facebook).
    platform: ClassVar[str]
    title: ClassVar[str]
    scopes: ClassVar[tuple[Scope, ...]]
    setup: ClassVar[Setup]
    # Registered with the app to the letter.
    redirect_uri: ClassVar[str]
    # How long the code of an answer can be exchanged.
    code_lifetime: ClassVar[timedelta]
    needs_secret: ClassVar[bool] = True
    # The token alone is enough to renew it.
    renews_without_app: ClassVar[bool] = False
    pkce: ClassVar[bool] = False
    revocable: ClassVar[bool] = True
    # Said where `revocable` is False, and when revoking fails: how a person does it.
    revoke_by_hand: ClassVar[str]
    # A renewed token may be refused for so long.
    settle: ClassVar[timedelta] = timedelta(0)

    @abstractmethod
    def authorize_url(
        self,
        app: App,
        settings: PlatformSettings,
        *,
        redirect_uri: str,
        state: str,
        challenge: str,
        scopes: tuple[str, ...],
    ) -> str:
        """The address at which the person logs in. `challenge`: PKCE's S256, "" without PKCE."""

    @abstractmethod
    async def exchange(self, talk: Talk, *, code: str, redirect_uri: str, verifier: str) -> Token:
        """The token for the code of an answer, long-lived where the platform has such.

        :raises WrongUsage: the code is expired, used, or of another app: log in again.
        :raises ConfigurationInvalid: the platform does not take this app or its secret.
        """

    @abstractmethod
    async def reach(self, talk: Talk, token: Token) -> Reach:
        """Who it is, and every account that the token reaches."""

    def renews(self, token: Token) -> bool:
        """Whether this token can be renewed without a person."""
        return token.refreshes and token.refresh_token is not None

    @abstractmethod
    def renew_at(self, token: Token) -> datetime | None:
        """From when on it should be renewed; None: never (it can't be, or need not)."""

    @abstractmethod
    async def renew(self, talk: Talk, token: Token) -> Token:
        """The successor, by exactly one request. What was not said again is kept from `token`.

        :raises CredentialRefused: the platform no longer takes it; a person must log in again.
        :raises ConfigurationInvalid: the platform does not take this app or its secret.
        :raises CallFailed: no answer, or none that tells; whether it was renewed is not known.
        """

    @abstractmethod
    async def inspect(self, talk: Talk, token: Token, account: Account | None) -> Inspection:
        """What the platform says of the token, and of the person's role on the account.

        `account` None: of the consent alone. A dead token is an answer, not an error.
        """

    @abstractmethod
    async def revoke(self, talk: Talk, token: Token) -> None:
        """End the consent at the platform.

        :raises CallFailed: it did not work, or is not possible.
        """
