"""What LinkedIn says of a token, and of the member's role on the account.

LinkedIn docs: Token Introspection; Organization Access Control. Introspection draws on no quota of
the data endpoints; the role takes one call of `organizationAcls`.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from analytics_sync.domain.credentials import Inspection, Token
from analytics_sync.errors import AccountRefused, AnalyticsSyncError, CredentialRefused, Refused
from analytics_sync.platforms._asking import Inquiry
from analytics_sync.platforms._linkedin import permissions
from analytics_sync.platforms._linkedin.kinds import MEMBER, is_person
from analytics_sync.platforms._linkedin.person import person_of
from analytics_sync.platforms._linkedin.roles import ADMINISTRATOR, Role, roles
from analytics_sync.platforms._oauth import missing_of, moment_of, scopes_of

_DEAD: Final = {
    "expired": "The token has expired (LinkedIn's live 60 days).",
    "revoked": "The member withdrew the consent, or a later one with other scopes ended it.",
}


class _Standing(NamedTuple):
    """Who has the token, and the role on the account, as far as it is told."""

    subject_id: str | None = None
    subject: str | None = None
    role: str | None = None
    note: str | None = None


async def inspected(asking: Inquiry, token: Token, told: Mapping[str, Any] | None) -> Inspection:
    """`told`: the answer of the introspection; None where no app is there to ask by."""
    status = str(told.get("status", "")) if told is not None else ""
    if status in _DEAD:
        return _inspection(asking, token, told, _Standing(), _DEAD[status])
    is_vouched = told is not None and told.get("active") is True
    try:
        standing = await _standing(asking, is_vouched=is_vouched)
    except CredentialRefused as refused:
        return _inspection(asking, token, told, _Standing(), refused.message)
    except AnalyticsSyncError as error:
        if not is_vouched:
            raise
        standing = _Standing(note=f"LinkedIn does not tell the role: {error.message}")
    notes = () if is_vouched else (_foreign(told),)
    return _inspection(asking, token, told if is_vouched else None, standing, notes=notes)


def _inspection(
    asking: Inquiry,
    token: Token,
    told: Mapping[str, Any] | None,
    standing: _Standing,
    dead: str = "",
    notes: tuple[str, ...] = (),
) -> Inspection:
    said = told or {}
    granted = scopes_of(said.get("scope")) or token.scopes
    app = said.get("client_id")
    is_member = _is_member(asking) if asking.account.platform_account_id else None
    return Inspection(
        alive=not dead,
        reason=dead,
        app=app if isinstance(app, str) else None,
        subject_id=standing.subject_id,
        subject=standing.subject,
        scopes=granted,
        missing=missing_of(permissions.needed_by(granted, is_member), granted),
        role=standing.role,
        expires_at=moment_of(said.get("expires_at")) or token.expires_at,
        renew_until=token.refresh_expires_at if token.refreshes else None,
        notes=(*notes, *((standing.note,) if standing.note else ())),
    )


def _foreign(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "No app is set up, so LinkedIn can't be asked for scopes and end of the token."
    return "The token works, but was made through another app, which alone can renew or revoke it."


def _is_member(asking: Inquiry) -> bool:
    return is_person(asking.account.platform_account_id) or asking.account.kind == MEMBER


async def _standing(asking: Inquiry, *, is_vouched: bool) -> _Standing:
    """:raises CredentialRefused: the token is dead."""
    if _is_member(asking):
        return await _owner(asking)
    if asking.account.platform_account_id:
        return await _page_role(asking)
    if is_vouched:
        return _Standing()
    # Any call tells whether the token is dead.
    person = await person_of(asking)
    return _Standing(person.urn, person.name) if person is not None else _Standing()


async def _owner(asking: Inquiry) -> _Standing:
    person = await person_of(asking)
    wanted = asking.account.platform_account_id
    if person is None:
        return _Standing(note="LinkedIn does not tell whose token it is (scope openid).")
    if wanted and person.urn != wanted:
        note = f"It belongs to {person.urn}: a member's numbers are shown to that member only."
        return _Standing(person.urn, person.name, note=note)
    return _Standing(person.urn, person.name, role="owner")


async def _page_role(asking: Inquiry) -> _Standing:
    page = asking.account.platform_account_id
    try:
        held = await roles(asking)
    except (Refused, AccountRefused) as refused:
        return _Standing(note=f"LinkedIn does not tell the role on {page}: {refused.message}")
    names = [role.name for role in held if role.page == page]
    role = ADMINISTRATOR if ADMINISTRATOR in names else next(iter(names), None)
    note = None
    if role != ADMINISTRATOR:
        note = f"The member is {role or 'without a role'} on {page}: {ADMINISTRATOR} is needed."
    return _Standing(_assignee(held), None, role, note)


def _assignee(held: list[Role]) -> str | None:
    return next((role.member for role in held if role.member), None)
