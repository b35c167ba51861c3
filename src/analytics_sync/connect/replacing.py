"""Moves all accounts of one credential to another: of another person, or through another app."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection

from analytics_sync.connect.session import login_talk, talking
from analytics_sync.connect.stored import Stored, fresh, open_stored
from analytics_sync.domain.credentials import Token
from analytics_sync.domain.records import Account
from analytics_sync.errors import AnalyticsSyncError, CallFailed, NotYet, WrongUsage
from analytics_sync.store import accounts, credentials, leaving
from analytics_sync.store.credentials import CredentialRow, Facts
from analytics_sync.store.trouble import changed_meanwhile
from analytics_sync.sync.parts import Parts
from analytics_sync.tokens import sealed
from analytics_sync.tokens.sealing import hide
from analytics_sync.vault import Vault

# So many accounts are named one by one.
NAMED = 10


class Replaced(NamedTuple):
    """The accounts that moved, those of them that the new credential does not reach (moved all the
    same, where that was asked for), and the old credential when it serves nobody any more.
    """

    moved: tuple[Account, ...]
    unreached: tuple[Account, ...]
    leaving: tuple[int, ...]


async def replace_credential(
    parts: Parts, vault: Vault, old: int, new: int, *, force: bool, revoke: bool
) -> Replaced:
    """Let all accounts of one credential use another, if it reaches them.

    :raises WrongUsage: no such credential, another platform, or accounts that it does not reach.
    :raises CredentialRefused: the new one is not taken by the platform, or can't be decrypted.
    """
    moving = await parts.read(_moving, old, new)
    found, unreached, richer = await _compare(parts, vault, new, moving)
    if unreached and not force:
        raise _does_not_reach(new, unreached)
    gone = await parts.write(_change, vault, found, richer, old, moving, parts, revoke)
    return Replaced(tuple(moving), tuple(unreached), tuple(gone))


def _moving(connection: Connection, old: int, new: int) -> list[Account]:
    """The accounts that are to move."""
    here, there = credentials.get(connection, old), credentials.get(connection, new)
    if old == new:
        raise WrongUsage(
            "OLD and NEW are the same credential.", hint="`analytics-sync credential list`"
        )
    if here.platform != there.platform:
        raise WrongUsage(
            f"Credential {new} is for {there.platform}, not for {here.platform}.",
            hint="`analytics-sync credential list` shows which are for the same platform.",
        )
    return [one for one in accounts.listed(connection) if one.credential_id == old]


async def _compare(
    parts: Parts, vault: Vault, new: int, moving: Sequence[Account]
) -> tuple[Stored, list[Account], Token | None]:
    """The credential, the accounts that it does not reach, and its token with those of more."""
    found = await parts.read(open_stored, parts, vault, new, moving[0].kind if moving else None)
    if not moving:
        return found, [], None
    if found.login is None or found.app is None or found.token is None or not found.by_login:
        return found, [one for one in moving if not await _opens(parts, one, new)], None
    async with login_talk(parts, found.login, found.app) as talk:
        found = await fresh(parts, vault, found, moving[0], talk)
        assert found.token is not None
        assert found.login is not None
        reach = await found.login.reach(talk, found.token)
    hide(reach.token)
    within = {(one.platform, one.platform_account_id) for one in reach.accounts}
    own = found.token.account_tokens
    more = {id: token for id, token in reach.token.account_tokens.items() if id not in own}
    lacking = [one for one in moving if (one.platform, one.platform_account_id) not in within]
    richer = replace(found.token, account_tokens={**own, **more}) if more else None
    return found, lacking, richer


async def _opens(parts: Parts, account: Account, credential_id: int) -> bool:
    """Whether the platform shows this account to another credential's token."""
    tried = account._replace(credential_id=credential_id)
    try:
        async with talking(parts, tried, None) as context:
            identity = await parts.platforms[account.platform].identify(context)
    except (CallFailed, NotYet):
        raise
    except AnalyticsSyncError:
        return False
    return identity.platform_account_id == account.platform_account_id


def _change(
    connection: Connection,
    vault: Vault,
    found: Stored,
    richer: Token | None,
    old: int,
    moving: Sequence[Account],
    parts: Parts,
    revoke: bool,
) -> list[int]:
    """Move the accounts; the old credential, if it is to be ended and forgotten."""
    if richer is not None:
        secret = vault.seal({"credential": found.row.id}, sealed(richer))
        row = found.row
        if not credentials.swap(connection, row.id, row.version, secret, _facts(row)):
            raise changed_meanwhile()
    ids = [one.id for one in moving]
    if revoke:
        gone = leaving.serve_nobody(connection, [old], parts.clock.now(), without=ids)
    leaving.hand_over(connection, old, found.row.id, ids)
    if not revoke:
        leaving.forget(connection, [old])
        return []
    return gone


def _facts(row: CredentialRow) -> Facts:
    """What stands beside the secret, as it was."""
    return Facts(
        subject=row.subject,
        subject_id=row.subject_id,
        scopes=tuple((row.scopes or "").split()),
        expires_at=row.expires_at,
        renews=row.renews,
        renew_until=row.renew_until,
    )


def _does_not_reach(new: int, unreached: Sequence[Account]) -> WrongUsage:
    names = [f"account {one.id} ({one.name or one.platform_account_id})" for one in unreached]
    shown = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return WrongUsage(
        f"Credential {new} does not reach {shown}{more}.",
        hint="Give its person a role there first, or move them all the same with --force.",
        code="account_not_reached",
    )
