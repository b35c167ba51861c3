"""What people are told: one event of a job or a credential, as a program receives it."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from analytics_sync.clock import iso
from analytics_sync.errors import ExitStatus
from analytics_sync.logs import redacted

if TYPE_CHECKING:
    from analytics_sync.store.consents import Consent

# Characters of a message: no service takes more than 10,000, and no environment 128 KiB.
LONGEST = 8_000


class What(StrEnum):
    FAILURE = "failure"
    RECOVERY = "recovery"
    EXPIRY = "expiry"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that people should know of a job, or of a credential (`job` is then None).

    `since`: when they were told that the job broke. `credential`: its facts, as JSON has them.
    """

    what: What
    job: str | None
    title: str
    business_id: int | None
    status: int
    message: str
    at: datetime
    since: datetime | None = None
    credential: Mapping[str, Any] | None = None

    def variables(self) -> dict[str, str]:
        """It as environment variables."""
        return {
            "ANALYTICS_SYNC_EVENT": self.what,
            "ANALYTICS_SYNC_JOB": self.job or "",
            "ANALYTICS_SYNC_TITLE": self.title,
            "ANALYTICS_SYNC_STATUS": str(self.status),
            "ANALYTICS_SYNC_MESSAGE": self.message,
        }

    def document(self, home: str) -> Mapping[str, Any]:
        """It as JSON."""
        return {
            "event": self.what,
            "job": self.job,
            "title": self.title,
            "business_id": self.business_id,
            "status": self.status,
            "message": self.message,
            "at": iso(self.at),
            "since": iso(self.since) if self.since else None,
            "credential": self.credential,
            "host": platform.node(),
            "home": home,
        }


def of_credential(one: "Consent", words: str, at: datetime) -> Event:
    """The end of a credential; as a refused one, it has status 77 once it has come."""
    ends = one.ends_at
    assert ends is not None
    return Event(
        what=What.EXPIRY,
        job=None,
        title=one.whose,
        business_id=one.accounts[0].business_id,
        status=ExitStatus.CREDENTIAL if ends <= at else ExitStatus.DONE,
        message=told(words),
        at=at,
        credential={
            "id": one.id,
            "platform": one.platform,
            "subject": one.subject,
            "ends_at": iso(ends),
            "days_left": max((ends - at) // timedelta(days=1), 0),
            "accounts": [each._asdict() for each in one.accounts],
        },
    )


def told(words: str) -> str:
    """Words as they may leave this machine: without secrets and what can't be sent, not endless."""
    text = redacted(words).encode("utf-8", "replace").decode()
    kept = "".join(c for c in text if c.isprintable() or c == "\n").strip()
    return kept if len(kept) <= LONGEST else kept[: LONGEST - 1] + "…"
