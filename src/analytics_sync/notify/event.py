"""What people are told: one event of one job, as a program receives it."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from analytics_sync.clock import iso
from analytics_sync.logs import redacted

# Characters of a message: no service takes more than 10,000, and no environment 128 KiB.
LONGEST = 8_000


class What(StrEnum):
    FAILURE = "failure"
    RECOVERY = "recovery"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Event:
    """Something of a job that people should know. `since`: when they were told that it broke."""

    what: What
    job: str
    title: str
    business_id: int | None
    status: int
    message: str
    at: datetime
    since: datetime | None = None

    def variables(self) -> dict[str, str]:
        """It as environment variables."""
        return {
            "ANALYTICS_SYNC_EVENT": self.what,
            "ANALYTICS_SYNC_JOB": self.job,
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
            "host": platform.node(),
            "home": home,
        }


def told(words: str) -> str:
    """Words as they may leave this machine: without secrets and what can't be sent, not endless."""
    text = redacted(words).encode("utf-8", "replace").decode()
    kept = "".join(c for c in text if c.isprintable() or c == "\n").strip()
    return kept if len(kept) <= LONGEST else kept[: LONGEST - 1] + "…"
