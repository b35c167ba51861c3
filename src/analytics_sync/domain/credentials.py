"""Apps, tokens, and what a log-in gives. Nothing secret is ever shown by `repr`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class App:
    """An OAuth application at a platform. `id` is None for the default app of the settings.

    `client_secret` is None for a public client (X knows such apps).
    """

    platform: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    id: int | None = None
    name: str = "default"


@dataclass(frozen=True, slots=True)
class OAuth1:
    """What signs requests of a user by OAuth 1.0a (X); such tokens never expire."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """The secret of one consent, as a log-in, a file, standard input or a command gives it.

    `expires_at`: end of the access token (None: none is known). `refresh_expires_at`: end of the
    refresh token, or of the consent where that ends by itself. `issued_at`: when the access token
    was given, where that is known. `scopes`: what was granted. `account_tokens`: tokens of single
    accounts (Facebook Pages, and the Instagram accounts behind them), by platform_account_id; an
    account that is not in it uses `access_token`. `refreshes`: False when another program renews it.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    refresh_expires_at: datetime | None = None
    issued_at: datetime | None = None
    account_tokens: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    oauth1: OAuth1 | None = field(default=None, repr=False)
    refreshes: bool = True


@dataclass(frozen=True, slots=True)
class Reachable:
    """An account that a log-in reaches. `lacks`: what can't be read of it, in words; empty is best."""

    platform: str
    platform_account_id: str
    kind: str | None
    name: str | None
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """Who logged in (`subject_id`: the platform's id of the person) and what that reaches.

    `token` is the one to keep: with the tokens of single accounts where the platform has such.
    `notes`: for the person, such as an account that can't be reached and why.
    """

    subject_id: str
    subject: str
    accounts: tuple[Reachable, ...]
    token: Token
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a platform says of a token, without cost in its data quotas.

    `expires_at`, `renew_until`: end of the access token, and of the consent or refresh token; None
    where the platform does not tell or there is none. `role`: of the person on the account.
    `missing`: scopes that are needed and not granted. `notes`: more for people.
    """

    alive: bool
    reason: str = ""
    app: str | None = None
    subject_id: str | None = None
    subject: str | None = None
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    role: str | None = None
    expires_at: datetime | None = None
    renew_until: datetime | None = None
    notes: tuple[str, ...] = ()
