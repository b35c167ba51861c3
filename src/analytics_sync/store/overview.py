"""Reads what `status` shows beside jobs: refused credentials, failing jobs, the last run, freshness."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from analytics_sync.clock import from_milliseconds
from analytics_sync.store.consents import LEAVING
from analytics_sync.store.light import Rows

REFUSED: Final = """
    SELECT credential.id, credential.refused_at, credential.refused_reason, account.business_id,
        business.name, account.platform, account.platform_account_id,
        account.kind, credential.app_id IS NOT NULL OR credential.subject_id IS NOT NULL
    FROM credential
    JOIN account ON account.credential_id = credential.id AND account.removed_at IS NULL
    JOIN business ON business.id = account.business_id
    WHERE credential.refused_at IS NOT NULL AND business.removed_at IS NULL
    ORDER BY credential.refused_at, credential.id, account.id
"""
# Long enough for whoever removes it to end its consent at the platform.
LEFT_OVER: Final = """
    SELECT id, platform, subject, refused_at FROM credential
    WHERE refused_reason = ? AND refused_at < ?
    AND NOT EXISTS (SELECT 1 FROM account WHERE account.credential_id = credential.id)
    ORDER BY id
"""
# From the first slot that failed after the last one that did not.
FAILING: Final = """
    SELECT min(claimed_at) FROM slot WHERE schedule_id = ? AND status NOT IN (0, 75)
    AND due_at > coalesce(
        (SELECT max(due_at) FROM slot WHERE schedule_id = ? AND status = 0), ?)
"""
LAST_RUN: Final = """
    SELECT id, "trigger", job, outcome, started_at, finished_at, selected, synced, failed
    FROM sync_run ORDER BY id DESC LIMIT 1
"""
# The newest posts are those that are read most often; more of them would tell the same.
FRESHNESS: Final = """
    SELECT business_id, name, platform, count(*), max(read_at) FROM (
        SELECT account.business_id AS business_id, business.name AS name,
            account.platform AS platform,
            (SELECT max(young.last_read_at) FROM (
                SELECT post.last_read_at FROM post
                WHERE post.account_id = account.id AND post.state = 'active'
                ORDER BY post.published_at DESC LIMIT 20) AS young) AS read_at
        FROM account JOIN business ON business.id = account.business_id
        WHERE account.removed_at IS NULL AND business.removed_at IS NULL
        AND business.archived_at IS NULL) AS accounts
    GROUP BY business_id, name, platform ORDER BY business_id, platform
"""


class Refused(NamedTuple):
    """A credential that a platform took no more, with the first of its accounts.

    `by_login`: it came by a log-in, and not as a token from elsewhere.
    """

    credential_id: int
    refused_at: datetime
    reason: str | None
    business_id: int
    business: str
    platform: str
    platform_account_id: str
    kind: str | None
    by_login: bool
    accounts: int


class LeftOver(NamedTuple):
    """A credential without accounts whose consent at the platform was not ended."""

    credential_id: int
    platform: str
    subject: str | None
    since: datetime


class LastRun(NamedTuple):
    """The newest run. `outcome` None: it runs, or was killed."""

    run_id: int
    trigger: str
    job: str | None
    outcome: str | None
    started_at: datetime
    finished_at: datetime | None
    selected: int
    synced: int
    failed: int


class Fresh(NamedTuple):
    """When the newest posts of a business on one platform were last read."""

    business_id: int
    business: str
    platform: str
    accounts: int
    last_read_at: datetime | None


def refused(rows: Rows) -> list[Refused]:
    """Each refused credential once, the longest refused first."""
    found: dict[int, Refused] = {}
    for row in rows(REFUSED):
        before = found.get(row[0])
        if before is not None:
            found[row[0]] = before._replace(accounts=before.accounts + 1)
        else:
            one = Refused._make((*row, 1))
            when = from_milliseconds(row[1])
            found[row[0]] = one._replace(refused_at=when, by_login=bool(one.by_login))
    return list(found.values())


def left_over(rows: Rows, before: datetime) -> list[LeftOver]:
    """What was left by removals that were stopped half-way, before a moment."""
    return [
        LeftOver(id, platform, subject, from_milliseconds(since))
        for id, platform, subject, since in rows(LEFT_OVER, LEAVING, before)
    ]


def failing_since(rows: Rows, schedule_id: int, epoch: datetime) -> datetime | None:
    """Since when each run of a job has failed; `epoch`: an instant before all others."""
    return _time(rows(FAILING, schedule_id, schedule_id, epoch)[0][0])


def last_run(rows: Rows) -> LastRun | None:
    found = rows(LAST_RUN)
    if not found:
        return None
    id, trigger, job, outcome, started, finished, *counts = found[0]
    return LastRun(id, trigger, job, outcome, from_milliseconds(started), _time(finished), *counts)


def freshness(rows: Rows) -> list[Fresh]:
    return [
        Fresh(id, name, platform, accounts, _time(at))
        for id, name, platform, accounts, at in rows(FRESHNESS)
    ]


def _time(milliseconds: Any) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)
