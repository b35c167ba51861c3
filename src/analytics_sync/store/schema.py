"""The schema: every table with its constraints and indexes, as migrations must make it.

Queries use plain tables of the same columns: `tables`, written from here by `make tables`.
"""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Date, Index, Text, text
from sqlalchemy.types import JSON
from sqlmodel import Field, SQLModel

from analytics_sync.store import schema_history
from analytics_sync.store.types import Instant

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING
schema_history.add_to(SQLModel.metadata)


def _instant(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_type=Instant, nullable=nullable)


class Business(SQLModel, table=True):
    """A customer whose accounts are synced."""

    __table_args__: ClassVar[Any] = (
        Index(
            "uq_business_name",
            "name",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    name: str
    timezone: str
    created_at: datetime = _instant(nullable=False)
    archived_at: datetime | None = _instant()
    removed_at: datetime | None = _instant()


class App(SQLModel, table=True):
    """An OAuth application at a platform; `ciphertext` seals its client secret."""

    __table_args__: ClassVar[Any] = (Index("uq_app_name", "platform", "name", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    platform: str
    name: str
    client_id: str
    ciphertext: str | None = None
    created_at: datetime = _instant(nullable=False)


class Credential(SQLModel, table=True):
    """One consent of one person through one app; it may serve many accounts.

    `version` grows with each change of `ciphertext`, for compare-and-swap. `subject_id`: the
    platform's id of the person. `renews`: it is renewed without a person; `renew_until`: only until
    then. `foretold`: the fewest days before its end of which people were told. `tried_at`: when it
    was last tried since it was refused.
    """

    id: int | None = Field(default=None, primary_key=True)
    platform: str
    app_id: int | None = Field(default=None, foreign_key="app.id")
    ciphertext: str = Field(sa_type=Text)
    version: int = 1
    subject: str | None = None
    scopes: str | None = None
    expires_at: datetime | None = _instant()
    refused_at: datetime | None = _instant()
    refused_reason: str | None = None
    created_at: datetime = _instant(nullable=False)
    subject_id: str | None = None
    renews: bool = False
    renew_until: datetime | None = _instant()
    foretold: int | None = None
    tried_at: datetime | None = _instant()


class Account(SQLModel, table=True):
    """One page, profile or channel of a business on one platform.

    `discovered`: milliseconds since 1970 of the newest listing, by listing; under "...:left" of the
    oldest post that a broken one had told of. `totals_at`: when its followers were last read.
    """

    __table_args__: ClassVar[Any] = (
        Index("uq_account_place", "business_id", "platform", "platform_account_id", unique=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    business_id: int = Field(foreign_key="business.id")
    platform: str
    platform_account_id: str
    kind: str | None = None
    name: str | None = None
    credential_id: int | None = Field(default=None, foreign_key="credential.id", index=True)
    discovered: dict[str, int] = Field(sa_type=JSON)
    totals_at: datetime | None = _instant()
    created_at: datetime = _instant(nullable=False)
    removed_at: datetime | None = _instant()


class Post(SQLModel, table=True):
    """A published item. `state`: active, gone, ignored or superseded (by a newer version).

    `last_tried_at`: the slot in which the platform last answered for it; `last_read_at`: the slot
    of its newest numbers. `versions`: ids of older versions. `refused`: metrics that the platform
    has not for it. `charged_on`: the UTC day of its newest paid read.
    """

    __table_args__: ClassVar[Any] = (
        Index("uq_post_place", "account_id", "platform_post_id", unique=True),
        Index("ix_post_due", "account_id", "state", "published_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    platform_post_id: str
    published_at: datetime = _instant(nullable=False)
    kind: str | None = None
    text: str | None = Field(default=None, sa_type=Text)
    permalink: str | None = Field(default=None, sa_type=Text)
    state: str = "active"
    sightings: int = 0
    versions: list[str] = Field(sa_type=JSON)
    refused: list[str] = Field(sa_type=JSON)
    found_at: datetime = _instant(nullable=False)
    last_read_at: datetime | None = _instant()
    last_tried_at: datetime | None = _instant()
    confirmed_at: datetime | None = _instant()
    charged_on: date | None = Field(default=None, sa_type=Date)


class SyncRun(SQLModel, table=True):
    """One sync. `outcome` stays NULL while it runs, or when it was killed.

    Of a job: its name (`job`), the slot it ran (`slot_at`), and how many older slots, which nobody
    ran, it made up (`made_up`). `businesses`: ids of those that were asked for; NULL: all.
    """

    __tablename__ = "sync_run"
    id: int | None = Field(default=None, primary_key=True)
    trigger: str
    job: str | None = None
    slot_at: datetime | None = _instant()
    made_up: int = 0
    outcome: str | None = None
    started_at: datetime = _instant(nullable=False)
    finished_at: datetime | None = _instant()
    requests: int = 0
    discovered: int = 0
    snapshots: int = 0
    selected: int = 0
    synced: int = 0
    failed: int = 0
    deferred: int = 0
    accounts: list[dict[str, Any]] = Field(sa_type=JSON)
    businesses: list[int] | None = Field(default=None, sa_type=JSON(none_as_null=True))


class SyncError(SQLModel, table=True):
    """One thing that failed in one run; of an account when there is no post."""

    __tablename__ = "sync_error"
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="sync_run.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    platform_post_id: str | None = None
    code: str
    message: str = Field(sa_type=Text)
    at: datetime = _instant(nullable=False)


class Installation(SQLModel, table=True):
    """The only row: what this installation is called on machines, and where its jobs are installed.

    `name` marks its entries among others'. `made`: folders that did not exist before. `ticked_at`:
    when its last tick began. `lives_at`: the machine and folder where it is used, so that a copy
    notices that it is one (SQLite).
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str
    backend: str | None = None
    host: str | None = None
    made: list[str] = Field(sa_type=JSON)
    ticked_at: datetime | None = _instant()
    lives_at: str | None = None


class ApiToken(SQLModel, table=True):
    """Opens the HTTP shim to a program; only the token's digest is kept."""

    __tablename__ = "api_token"
    __table_args__: ClassVar[Any] = (Index("uq_api_token_name", "name", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    name: str
    digest: str
    created_at: datetime = _instant(nullable=False)
    used_at: datetime | None = _instant()


class Schedule(SQLModel, table=True):
    """A job: every `seconds` plus `offset`, by `cron` in a `timezone`, or once `at` a time.

    Its slots begin after `since`. `told`: the exit status that people were last told of, since
    `told_at`.
    """

    __table_args__: ClassVar[Any] = (Index("uq_schedule_job", "job", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    job: str
    business_id: int | None = Field(default=None, foreign_key="business.id", index=True)
    seconds: int | None = None
    offset: int = 0
    cron: str | None = None
    timezone: str | None = None
    at: datetime | None = _instant()
    since: datetime = _instant(nullable=False)
    paused_at: datetime | None = _instant()
    ended_at: datetime | None = _instant()
    told: int | None = None
    told_at: datetime | None = _instant()
    created_at: datetime = _instant(nullable=False)


class CallBudget(SQLModel, table=True):
    """What is known of a call budget.

    `period` (seconds) is 0 for what the platform told (`remaining`, `not_before`), else the length
    of a window of our own counting, in which `used` were spent since `period_start`.
    """

    __tablename__ = "call_budget"
    bucket: str = Field(primary_key=True)
    period: int = Field(primary_key=True)
    period_start: datetime | None = _instant()
    used: int = 0
    ceiling: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = _instant()
    not_before: datetime | None = _instant()
    reason: str | None = None


class MetricEvent(SQLModel, table=True):
    """A metric that a platform retired for a kind of object (`scope`)."""

    __tablename__ = "metric_event"
    id: int | None = Field(default=None, primary_key=True)
    platform: str
    scope: str
    metric: str
    event: str
    reason: str | None = Field(default=None, sa_type=Text)
    at: datetime = _instant(nullable=False)
