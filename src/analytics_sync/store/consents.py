"""Reads what people know of credentials: whose, for which accounts, and when they end.

Nothing is decrypted, and few imports are needed: `status` and every tick look here.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from analytics_sync.clock import from_milliseconds
from analytics_sync.store.light import Rows

# So many days ahead people are told of an end; 0: when it has come.
STEPS: Final = (14, 7, 1, 0)
AHEAD: Final = timedelta(days=STEPS[0])
# Why a credential that serves no account is still there: a removal was stopped half-way.
LEAVING: Final = "Its last account was removed, but not yet its consent at the platform."

# The consent ends with what can't be renewed without a person.
_ENDS: Final = """
    CASE WHEN credential.renews OR credential.expires_at IS NULL THEN credential.renew_until
        WHEN credential.renew_until < credential.expires_at THEN credential.renew_until
        ELSE credential.expires_at END
"""
_FACTS: Final = f"""
    SELECT credential.id AS id, credential.platform AS platform, credential.app_id AS app_id,
        app.name AS app, credential.subject AS subject, credential.subject_id AS subject_id,
        credential.scopes AS scopes, credential.renews AS renews,
        credential.expires_at AS expires_at, credential.renew_until AS renew_until,
        {_ENDS} AS ends_at, credential.refused_at AS refused_at,
        credential.refused_reason AS refused_reason, credential.foretold AS foretold,
        credential.created_at AS created_at
    FROM credential LEFT JOIN app ON app.id = credential.app_id
"""  # noqa: S608 - a constant
_PLACE: Final = """account.id, account.business_id, business.name, account.platform,
        account.platform_account_id, account.kind, account.name"""
LISTED: Final = f"""
    SELECT consent.*, {_PLACE} FROM ({_FACTS}) AS consent
    LEFT JOIN account ON account.credential_id = consent.id AND account.removed_at IS NULL
    LEFT JOIN business ON business.id = account.business_id
    ORDER BY consent.id, account.business_id, account.id
"""  # noqa: S608 - a constant
# Of archived businesses nothing is asked, so nothing ends there.
ENDING: Final = f"""
    SELECT consent.*, {_PLACE} FROM ({_FACTS}) AS consent
    JOIN account ON account.credential_id = consent.id AND account.removed_at IS NULL
    JOIN business ON business.id = account.business_id
    WHERE consent.ends_at <= ? AND business.removed_at IS NULL AND business.archived_at IS NULL
    ORDER BY consent.ends_at, consent.id, account.business_id, account.id
"""  # noqa: S608 - a constant


class Served(NamedTuple):
    """An account that a credential serves."""

    account_id: int
    business_id: int
    business: str
    platform: str
    platform_account_id: str
    kind: str | None
    name: str | None


class Consent(NamedTuple):
    """A credential without its secret.

    `app` None: the default app of the settings, or none. `ends_at`: from when on it needs a person;
    None: no such moment is known. `foretold`: the fewest days before it that people were told.
    """

    id: int
    platform: str
    app_id: int | None
    app: str | None
    subject: str | None
    subject_id: str | None
    scopes: tuple[str, ...]
    renews: bool
    expires_at: datetime | None
    renew_until: datetime | None
    ends_at: datetime | None
    refused_at: datetime | None
    refused_reason: str | None
    foretold: int | None
    created_at: datetime
    accounts: tuple[Served, ...] = ()

    @property
    def whose(self) -> str:
        """The credential in words: `Credential 3 (linkedin, Ada)`."""
        return f"Credential {self.id} ({', '.join(filter(None, (self.platform, self.subject)))})"

    @property
    def by_login(self) -> bool:
        """Whether it came by a log-in of ours, and not as a token from elsewhere."""
        return self.app_id is not None or self.subject_id is not None

    def step(self, now: datetime) -> int | None:
        """The newest of STEPS that has come; None: its end is farther away, or not known."""
        if self.ends_at is None:
            return None
        left = self.ends_at - now
        return min((days for days in STEPS if left <= timedelta(days=days)), default=None)

    def news(self, now: datetime) -> int | None:
        """The step that people must be told of now, if there is one.

        One that was refused before its end needs the same person for the same reason already.
        """
        step = self.step(now)
        if step is None or (self.foretold is not None and self.foretold <= step):
            return None
        refused, ends = self.refused_at, self.ends_at
        return None if refused is not None and ends is not None and refused < ends else step


def listed(rows: Rows) -> list[Consent]:
    """All credentials with the accounts that they serve, by id."""
    return _gathered(rows(LISTED))


def ending(rows: Rows, now: datetime) -> list[Consent]:
    """Those that have ended or end within 14 days and serve an account; the first end first."""
    return _gathered(rows(ENDING, now + AHEAD))


def _gathered(found: Iterable[tuple[Any, ...]]) -> list[Consent]:
    """One consent from its rows, of which each has another account."""
    facts = len(Consent._fields) - 1
    consents: dict[int, Consent] = {}
    for row in found:
        known = consents.get(row[0]) or _consent(row[:facts])
        served = (Served(*row[facts:]),) if row[facts] is not None else ()
        consents[known.id] = known._replace(accounts=known.accounts + served)
    return list(consents.values())


def _consent(facts: tuple[Any, ...]) -> Consent:
    known = dict(zip(Consent._fields, facts, strict=False))
    times = ("expires_at", "renew_until", "ends_at", "refused_at", "created_at")
    known |= {name: _time(known[name]) for name in times}
    known["scopes"] = tuple((known["scopes"] or "").split())
    known["renews"] = bool(known["renews"])
    return Consent(**known)


def _time(milliseconds: Any) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)
