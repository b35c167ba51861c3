"""What the platforms say of stored credentials: alive, whose, what they may, and of which accounts.

One inspection a credential, and where it came by a log-in one look at what that reaches: never one
of each for every account. Nothing is renewed for a look alone, unless the token has expired.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from analytics_sync.connect.session import login_talk, talking
from analytics_sync.connect.stored import Stored, fresh, open_stored
from analytics_sync.domain.credentials import Inspection, Reach, Token
from analytics_sync.domain.records import Account, Identity
from analytics_sync.errors import (
    AccountRefused,
    AnalyticsSyncError,
    CallFailed,
    CredentialRefused,
    ExitStatus,
    NotYet,
    Refused,
    WrongUsage,
)
from analytics_sync.platforms._login import Login, Talk
from analytics_sync.store import leaving
from analytics_sync.sync.parts import Parts
from analytics_sync.vault import Vault

RENEWED = "The access token had expired, so it was renewed."
# Of one's own account nothing more is to be looked at: scopes are inspected.
OWNER = "owner"
NO_CREDENTIAL = "The account has no credential."


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of an account's credential now.

    `inspection` None: the platform could not be asked, `error` says why. `lacks`: what can't be
    read of this account, in words. `notes`: more for people.
    """

    account: Account
    inspection: Inspection | None = None
    lacks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: AnalyticsSyncError | None = None

    @property
    def outcome(self) -> str:
        """`ok`, `lacking`, `refused`, or `unknown`: nothing could be learned."""
        if self.inspection is None:
            return "refused" if isinstance(self.error, CredentialRefused) else "unknown"
        if not self.inspection.alive:
            return "refused"
        return "lacking" if self.lacks or self.inspection.missing else "ok"

    @property
    def reason(self) -> str:
        if self.error is not None:
            return self.error.message
        return self.inspection.reason if self.inspection is not None else ""

    @property
    def status(self) -> ExitStatus:
        match self.outcome:
            case "ok":
                return ExitStatus.DONE
            case "refused":
                return ExitStatus.CREDENTIAL
            case "lacking":
                return ExitStatus.FAILED
        return self.error.exit_status if self.error is not None else ExitStatus.FAILED


class _Looked(NamedTuple):
    """What was learned of a consent: of the token itself (with the role on `account`, where there
    is only one), and of what it reaches.
    """

    stored: Stored
    inspection: Inspection
    account: Account | None = None
    reach: Reach | None = None
    notes: tuple[str, ...] = ()


async def check_accounts(parts: Parts, vault: Vault, chosen: Sequence[Account]) -> list[Checked]:
    """Look at the credential of each of these accounts, and keep what was learned."""
    by_credential: dict[int | None, list[Account]] = {}
    for account in chosen:
        by_credential.setdefault(account.credential_id, []).append(account)
    checked: list[Checked] = []
    for id, served in by_credential.items():
        if id is None:
            missing = CredentialRefused(NO_CREDENTIAL)
            checked += [Checked(account, error=missing) for account in served]
        else:
            checked += await _check(parts, vault, id, served)
    return sorted(checked, key=lambda one: (one.account.business_id, one.account.id))


async def _check(parts: Parts, vault: Vault, id: int, served: Sequence[Account]) -> list[Checked]:
    try:
        stored = await parts.read(open_stored, parts, vault, id, served[0].kind)
        if stored.token is None or stored.login is None or stored.app is None:
            return [await _tried(parts, stored, account) for account in served]
        looked = await _look(parts, vault, stored, served)
    except AnalyticsSyncError as error:
        return [Checked(account, error=error) for account in served]
    row = looked.stored.row
    await parts.write(leaving.note_check, row.id, row.version, looked.inspection, parts.clock.now())
    return [_judged(looked, account) for account in served]


async def _look(parts: Parts, vault: Vault, stored: Stored, served: Sequence[Account]) -> _Looked:
    """Ask what the platform knows of the token, and what it reaches."""
    login, app = stored.login, stored.app
    assert login is not None
    assert app is not None
    notes: tuple[str, ...] = ()
    async with login_talk(parts, login, app) as talk:
        before = stored
        stored = await fresh(parts, vault, stored, served[0], talk)
        if stored is not before:
            notes = (RENEWED,)
        token = stored.token
        assert token is not None
        account = _shown(token, served)
        inspection = await login.inspect(talk, token, account)
        reach = None
        if inspection.alive and stored.by_login and inspection.role != OWNER:
            reach, failure = await _reach(login, talk, token)
            notes += (failure,) if failure else reach.notes if reach is not None else ()
        elif inspection.alive and len(served) > 1:
            notes += ("What it may read of each account is not looked at: it came by no log-in.",)
        return _Looked(stored, inspection, account, reach, notes)


def _shown(token: Token, served: Sequence[Account]) -> Account | None:
    """The account with which a token is inspected: the only one, or one with a token of its own,
    which may live longer than the person's.
    """
    own = [one for one in served if one.platform_account_id in token.account_tokens]
    return own[0] if own else served[0] if len(served) == 1 else None


async def _reach(login: Login, talk: Talk, token: Token) -> tuple[Reach | None, str]:
    """What a log-in reaches; or why that is not told. Tokens of accounts may outlive the person's."""
    try:
        return await login.reach(talk, token), ""
    except (AccountRefused, CallFailed, CredentialRefused, NotYet, WrongUsage) as error:
        return None, f"{login.title} does not tell what it reaches: {error.message}"


def _judged(looked: _Looked, account: Account) -> Checked:
    """One account by what was learned of its credential."""
    inspection = looked.inspection
    if looked.account not in {None, account}:
        # What it was told of another account.
        inspection = replace(inspection, role=None, missing=())
    return Checked(account, inspection, _lacks(looked, account), (*inspection.notes, *looked.notes))


def _lacks(looked: _Looked, account: Account) -> tuple[str, ...]:
    place = account.platform, account.platform_account_id
    if looked.reach is not None:
        for one in looked.reach.accounts:
            if (one.platform, one.platform_account_id) == place:
                return one.lacks
        return ("anything: this log-in does not reach the account",)
    inspection = looked.inspection
    # Of a token from elsewhere the person is asked for the role, where it is of a person.
    asked = looked.account == account and not looked.stored.by_login
    if asked and inspection.alive and inspection.subject_id and not inspection.role:
        return ("what takes a role on the account: its person has none",)
    return ()


async def _tried(parts: Parts, stored: Stored, account: Account) -> Checked:
    """By trying the token, where nothing can inspect it: of a command, or without an app."""
    checked = await _identified(parts, account)
    found, row = checked.inspection, stored.row
    # A command may print another token at any time.
    if found is not None and (found.alive or stored.token is not None):
        await parts.write(leaving.note_check, row.id, row.version, found, parts.clock.now())
    return checked


async def _identified(parts: Parts, account: Account) -> Checked:
    try:
        async with talking(parts, account, None) as context:
            identity = await parts.platforms[account.platform].identify(context)
    except CredentialRefused as refused:
        return Checked(account, Inspection(False, refused.message))
    except (AccountRefused, Refused) as refused:
        return Checked(account, Inspection(True), lacks=(refused.message,))
    except AnalyticsSyncError as error:
        return Checked(account, error=error)
    return _known(account, identity)


def _known(account: Account, identity: Identity) -> Checked:
    inspection = Inspection(True, subject=identity.name, scopes=identity.scopes)
    if identity.platform_account_id != account.platform_account_id:
        lacks = (f"anything: the token is of {identity.platform_account_id}",)
        return Checked(account, inspection, lacks)
    return Checked(account, inspection, identity.lacks)
