"""Adds an account: tries its token, then stores credential and account together."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from analytics_sync.connect.session import talking
from analytics_sync.domain.records import Account, Identity
from analytics_sync.errors import CallFailed, WrongUsage
from analytics_sync.platforms._contract import Platform
from analytics_sync.platforms._login import Login
from analytics_sync.store import accounts, businesses, credentials
from analytics_sync.sync.parts import Parts
from analytics_sync.tokens import Token, from_command, sealed
from analytics_sync.tokens.facts import can_renew, dated, facts_of, login_at
from analytics_sync.vault import Vault

NOTHING_STORED = (
    "Nothing was stored: run the command again, or add --no-check to store the account untried."
)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What was asked for. Exactly one of `token`, `command` and `credential_id` is set.

    `app_id`: the stored app that the token was given to; None: the default one, if it is ours.
    """

    business_id: int
    platform: str
    platform_account_id: str | None = None
    kind: str | None = None
    token: Token | None = None
    command: str | None = None
    credential_id: int | None = None
    app_id: int | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The account as stored, and what the platform said of the token (None: not asked)."""

    account: Account
    identity: Identity | None


async def add_account(parts: Parts, vault: Vault, new: NewAccount, *, check: bool) -> Added:
    """Try the token, then store the account; an account added again keeps its history.

    :raises WrongUsage: an id or kind in the wrong form, or no id and no check to ask for it.
    :raises CredentialRefused: the platform refused the token; nothing was stored.
    """
    platform = parts.platforms[new.platform]
    wanted = _wanted(platform, new)
    identity = None
    if check:
        identity = await _ask(parts, new, wanted)
        wanted = wanted._replace(
            platform_account_id=wanted.platform_account_id or identity.platform_account_id,
            kind=wanted.kind or identity.kind,
            name=identity.name,
        )
    if not wanted.platform_account_id:
        raise WrongUsage(
            "Without asking the token, the account's id must be said.",
            hint=f"--platform-account-id takes {platform.account_id_help}; or leave out --no-check.",
        )
    wanted = wanted._replace(kind=_kind(platform, wanted))
    login = renewing_login(parts, wanted, new)

    def store() -> Account:
        with parts.database.write(durable=True) as connection:
            # It may have been removed while the platform was asked.
            businesses.find(connection, str(new.business_id))
            return store_account(
                connection, vault, new, wanted, identity, parts.clock.now(), login=login
            )

    return Added(await asyncio.shield(asyncio.to_thread(store)), identity)


def renewing_login(parts: Parts, account: Account, new: NewAccount) -> Login | None:
    """What renews the tokens of such an account; None where no app is known for it."""
    login = login_at(parts.platforms[account.platform], account.kind)
    if login is None or not can_renew(login, new.app_id, parts.settings):
        return None
    return login


def kind_for(platform: Platform, credential_platform: str, kind: str | None) -> str | None:
    """The kind of an account that is to use a credential of this platform.

    :raises WrongUsage: such accounts have other credentials.
    """
    if kind is None and credential_platform == platform.name:
        return None
    for known in platform.account_kinds if kind is None else (kind,):
        login = login_at(platform, known)
        if login is not None and login.platform == credential_platform:
            return known
    if credential_platform == platform.name:
        return kind
    raise WrongUsage(
        f"--credential: that one is for {credential_platform}, not for {platform.name}.",
        hint="`analytics-sync credential list` shows them, and which accounts use each.",
    )


def _wanted(platform: Platform, new: NewAccount) -> Account:
    """The account in its stored form, before anything is known of it but what was typed."""
    if new.kind is not None and new.kind not in platform.account_kinds:
        kinds = ", ".join(platform.account_kinds)
        raise WrongUsage(
            f"--kind: {platform.title} has no accounts of kind {new.kind!r}.",
            hint=f"Its kinds: {kinds}." if kinds else "Leave --kind out: there is one kind alone.",
        )
    platform_account_id = ""
    if new.platform_account_id is not None:
        platform_account_id = account_id(platform, new.platform_account_id)
    wanted = Account(
        id=0,
        business_id=new.business_id,
        platform=platform.name,
        platform_account_id=platform_account_id,
        kind=new.kind,
        credential_id=new.credential_id,
    )
    _kind(platform, wanted)
    return wanted


def _kind(platform: Platform, wanted: Account) -> str | None:
    """:raises WrongUsage: the kind that was said is not the one that the id tells."""
    kind = platform.account_kind(wanted.platform_account_id, wanted.kind)
    if wanted.kind is not None and kind != wanted.kind:
        raise WrongUsage(
            f"--kind {wanted.kind}: {wanted.platform_account_id} is of kind {kind}.",
            hint="Leave --kind out, or give another --platform-account-id.",
        )
    return kind


def account_id(platform: Platform, text: str) -> str:
    """:raises WrongUsage: not the id of an account of this platform."""
    try:
        return platform.parse_account_id(text)
    except ValueError as error:
        raise WrongUsage(
            f"platform_account_id: {error}.",
            hint="Left out, the token is asked whose it is.",
            code="account_id_invalid",
        ) from None


async def _ask(parts: Parts, new: NewAccount, wanted: Account) -> Identity:
    token = new.token
    if new.command is not None:
        token = await from_command(new.command)
    try:
        async with talking(parts, wanted, token) as context:
            return await parts.platforms[new.platform].identify(context)
    except CallFailed as failure:
        # Words that were written for a sync, which comes again by itself.
        advice = failure.hint.replace("; tried again next run", "")
        failure.hint = f"{advice} {NOTHING_STORED}".strip()
        raise


def store_account(
    connection: Connection,
    vault: Vault,
    new: NewAccount,
    wanted: Account,
    identity: Identity | None,
    now: datetime,
    id: int | None = None,
    *,
    login: Login | None = None,
) -> Account:
    """Store the credential, sealed for its own row, and the account that points to it."""
    credential_id = new.credential_id
    if credential_id is None:
        credential_id = credentials.add(
            connection,
            platform=wanted.platform,
            app_id=new.app_id,
            facts=_facts(new, identity, login),
            now=now,
        )
        secret = {"command": new.command}
        if new.token is not None:
            secret = sealed(dated(new.token, login, now))
        sealed_text = vault.seal({"credential": credential_id}, secret)
        credentials.seal(connection, credential_id, sealed_text)
    return accounts.put(
        connection,
        business_id=wanted.business_id,
        platform=wanted.platform,
        platform_account_id=wanted.platform_account_id,
        kind=wanted.kind,
        name=wanted.name,
        credential_id=credential_id,
        now=now,
        id=id,
    )


def _facts(new: NewAccount, identity: Identity | None, login: Login | None) -> credentials.Facts:
    subject = identity.name if identity else None
    scopes = identity.scopes if identity else ()
    if new.token is None:
        return credentials.Facts(subject=subject, scopes=scopes)
    return facts_of(new.token, login, subject=subject, scopes=scopes)
