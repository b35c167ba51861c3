"""As much of a `Context` as single calls need: a log-in asks before there is any account."""

from dataclasses import dataclass, field
from typing import Protocol

from analytics_sync.clock import Clock
from analytics_sync.domain.credentials import OAuth1, Token
from analytics_sync.domain.records import Account
from analytics_sync.platforms._login import Talk
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.transport.call import Call, Reply, Rules, Sender


class Asking(Protocol):
    """What a call is made of and goes out by; `Context` is one."""

    @property
    def account(self) -> Account: ...
    @property
    def token(self) -> str: ...
    @property
    def settings(self) -> PlatformSettings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def oauth1(self) -> OAuth1 | None: ...

    async def send(self, call: Call) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One with a token alone, or with the account that is looked at."""

    account: Account
    token: str = field(repr=False)
    settings: PlatformSettings
    clock: Clock
    sender: Sender
    rules: Rules
    oauth1: OAuth1 | None = None

    async def send(self, call: Call) -> Reply:
        return await self.sender.send(call, self.rules)


def nobody(talk: Talk) -> Account:
    """Stands where no account is known; calls count for the app."""
    return Account(0, 0, talk.app.platform, "", app_id=talk.app.id)


def inquiry(talk: Talk, token: Token, rules: Rules, account: Account) -> Inquiry:
    """What asks with `token`, or with the account's own where it has one."""
    secret = token.account_tokens.get(account.platform_account_id, token.access_token)
    return Inquiry(
        account, secret, talk.settings, talk.clock, talk.sender, rules, oauth1=token.oauth1
    )
