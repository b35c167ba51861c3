"""The tables as queries use them: names, types, keys and defaults. Written by `make tables`.

The schema itself, with its constraints and indexes, is in `schema`. Loading its classes would take
half of the time in which a sync starts.
"""

from sqlalchemy import JSON, BigInteger, Column, Date, Integer, MetaData, String, Table, Text

from analytics_sync.store.types import Instant

metadata = MetaData()

app = Table(
    "app",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform", String, nullable=False),
    Column("name", String, nullable=False),
    Column("client_id", String, nullable=False),
    Column("ciphertext", String),
    Column("created_at", Instant, nullable=False),
)
business = Table(
    "business",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("timezone", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    Column("removed_at", Instant),
)
call_budget = Table(
    "call_budget",
    metadata,
    Column("bucket", String, primary_key=True),
    Column("period", Integer, primary_key=True),
    Column("period_start", Instant),
    Column("used", Integer, nullable=False, default=0),
    Column("ceiling", Integer),
    Column("remaining", Integer),
    Column("resets_at", Instant),
    Column("not_before", Instant),
    Column("reason", String),
)
metric_event = Table(
    "metric_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("metric", String, nullable=False),
    Column("event", String, nullable=False),
    Column("reason", Text),
    Column("at", Instant, nullable=False),
)
sync_run = Table(
    "sync_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("trigger", String, nullable=False),
    Column("outcome", String),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("requests", Integer, nullable=False, default=0),
    Column("discovered", Integer, nullable=False, default=0),
    Column("snapshots", Integer, nullable=False, default=0),
    Column("selected", Integer, nullable=False, default=0),
    Column("synced", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("deferred", Integer, nullable=False, default=0),
    Column("accounts", JSON, nullable=False),
)
credential = Table(
    "credential",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform", String, nullable=False),
    Column("app_id", Integer),
    Column("ciphertext", Text, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("subject", String),
    Column("scopes", String),
    Column("expires_at", Instant),
    Column("refused_at", Instant),
    Column("refused_reason", String),
    Column("created_at", Instant, nullable=False),
)
account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("business_id", Integer, nullable=False),
    Column("platform", String, nullable=False),
    Column("platform_account_id", String, nullable=False),
    Column("kind", String),
    Column("name", String),
    Column("credential_id", Integer),
    Column("discovered", JSON, nullable=False),
    Column("totals_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
)
account_snapshot = Table(
    "account_snapshot",
    metadata,
    Column("account_id", Integer, primary_key=True, autoincrement=False),
    Column("captured_at", Instant, primary_key=True),
    Column("followers", BigInteger),
    Column("extra", JSON, nullable=False),
)
post = Table(
    "post",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, nullable=False),
    Column("platform_post_id", String, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("kind", String),
    Column("text", Text),
    Column("permalink", Text),
    Column("state", String, nullable=False, default="active"),
    Column("sightings", Integer, nullable=False, default=0),
    Column("versions", JSON, nullable=False),
    Column("refused", JSON, nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("last_read_at", Instant),
    Column("last_tried_at", Instant),
    Column("confirmed_at", Instant),
    Column("charged_on", Date),
)
sync_error = Table(
    "sync_error",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("account_id", Integer),
    Column("platform_post_id", String),
    Column("code", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
latest = Table(
    "latest",
    metadata,
    Column("post_id", Integer, primary_key=True, autoincrement=False),
    Column("captured_at", Instant, nullable=False),
    Column("impressions", BigInteger),
    Column("reach", BigInteger),
    Column("likes", BigInteger),
    Column("comments", BigInteger),
    Column("shares", BigInteger),
    Column("saves", BigInteger),
    Column("clicks", BigInteger),
    Column("video_views", BigInteger),
    Column("watch_time_ms", BigInteger),
    Column("extra", JSON, nullable=False),
    Column("unsaid", JSON, nullable=False),
    Column("sources", JSON, nullable=False),
)
snapshot = Table(
    "snapshot",
    metadata,
    Column("post_id", Integer, primary_key=True, autoincrement=False),
    Column("captured_at", Instant, primary_key=True),
    Column("impressions", BigInteger),
    Column("reach", BigInteger),
    Column("likes", BigInteger),
    Column("comments", BigInteger),
    Column("shares", BigInteger),
    Column("saves", BigInteger),
    Column("clicks", BigInteger),
    Column("video_views", BigInteger),
    Column("watch_time_ms", BigInteger),
    Column("extra", JSON, nullable=False),
)
