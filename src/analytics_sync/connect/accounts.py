"""Adds an account: tries its token, then stores credential and account together."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from analytics_sync.connect.session import talking
from analytics_sync.domain.records import Account, Identity
from analytics_sync.errors import CallFailed, WrongUsage
from analytics_sync.platforms._contract import Platform
from analytics_sync.store import accounts, credentials
from analytics_sync.sync.parts import Parts
from analytics_sync.tokens import Token, from_command, sealed
from analytics_sync.vault import Vault

NOTHING_STORED = (
    "Nothing was stored: run the command again, or add --no-check to store the account untried."
)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What was asked for. Exactly one of `token`, `command` and `credential_id` is set."""

    business_id: int
    platform: str
    platform_account_id: str | None = None
    kind: str | None = None
    token: Token | None = None
    command: str | None = None
    credential_id: int | None = None


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
    stored = await parts.write(store_account, vault, new, wanted, identity, parts.clock.now())
    return Added(stored, identity)


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
) -> Account:
    """Store the credential, sealed for its own row, and the account that points to it."""
    credential_id = new.credential_id
    if credential_id is None:
        token = new.token
        scopes = token.scopes if token and token.scopes else identity.scopes if identity else ()
        credential_id = credentials.add(
            connection,
            platform=wanted.platform,
            facts=credentials.Facts(
                subject=identity.name if identity else None,
                scopes=scopes,
                expires_at=token.expires_at if token else None,
            ),
            now=now,
        )
        secret = sealed(token) if token is not None else {"command": new.command}
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
