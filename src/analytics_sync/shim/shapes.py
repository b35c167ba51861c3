"""What answers hold, for their description; the documents themselves come from the commands' code."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel


class Shape(BaseModel):
    """Has a name of its own in descriptions: another application has its posts and jobs too."""

    def __init_subclass__(cls) -> None:
        cls.__qualname__ = f"AnalyticsSync{cls.__name__}"


class Done(Shape):
    """What every answer has that is no failure."""

    success: Literal[True]


class Problem(Shape):
    """What is wrong, as a code, and in words with what to do."""

    code: str
    message: str
    hint: str


class Failure(Shape):
    """Every failure has this form."""

    success: Literal[False]
    error: Problem


class RunFailure(Failure):
    """A run is in the way: which, and where to look at it."""

    run_id: int
    location: str


class Job(Shape):
    """Something scheduled. `drift`: how the machine differs from what was scheduled."""

    id: str
    name: str
    trigger: str
    next_run_time: datetime | None
    last_run_time: datetime | None
    running: bool
    paused: bool
    business_id: int | None
    drift: str | None
    last_status: int | None
    last_run_id: int | None


class Jobs(Done):
    jobs: list[Job]


class Attention(Shape):
    """What needs a person, since when, and the command that mends it."""

    code: str
    message: str
    since: datetime | None
    command: str | None


class State(Shape):
    """As `status --json` tells. `running`: whether the machine's scheduler is alive."""

    running: bool | None
    backend: str | None
    home: str
    config: str
    database: str
    user: str
    host: str
    enabled: bool
    ticked_at: datetime | None
    attention: list[Attention]
    jobs: list[Job]
    last_run: dict[str, object] | None
    businesses: list[dict[str, object]]


class Status(Done):
    status: State


class NewJob(Shape):
    """A job that was installed, and what a day of it costs; null: not yet known."""

    id: str
    name: str
    trigger: str
    next_run_time: datetime | None
    business_id: int | None
    timezone: str
    backend: str
    replaces: str | None
    left_out: bool
    calls_per_day: float | None
    reads_per_day: float | None
    dollars_per_day: float | None
    advice: list[str]


class Scheduled(Done):
    message: str
    job: NewJob


class Unscheduled(Done):
    message: str
    removed: list[str]


class Triggered(Done):
    message: str
    run_id: int
    location: str


class Counts(Shape):
    selected: int
    synced: int
    failed: int
    deferred: int


class Run(Shape):
    """As `runs --json` tells; `outcome` is null while it runs."""

    id: int
    run_id: int
    trigger: str
    job: str | None
    slot: datetime | None
    made_up: int
    outcome: Literal["complete", "partial", "failed", "interrupted", "nothing_due"] | None
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    requests: int
    discovered: int
    snapshots: int
    posts: Counts


class ShortError(Shape):
    platform_post_id: str | None
    code: str
    message: str


class RunError(ShortError):
    """What failed: of a post, or of an account as a whole; and what to do about it."""

    business_id: int | None
    account_id: int | None
    platform: str | None
    platform_account_id: str | None
    hint: str


class AccountOutcome(Counts):
    """What came of one account."""

    account_id: int
    business_id: int
    platform: str
    platform_account_id: str
    outcome: Literal["ok", "rate_limited", "budget_spent", "credential_refused", "busy", "failed"]
    requests: int
    not_before: datetime | None


class AccountErrors(AccountOutcome):
    errors: list[ShortError]


class WholeRun(Run):
    running: bool
    accounts: list[AccountErrors]
    errors: list[RunError]


class RunAnswer(Done):
    run: WholeRun


class PlacedRun(Run):
    location: str


class Refresh(Done):
    """The state of the last sync: `never`, `running`, or its outcome."""

    business_id: int
    business: str
    state: Literal[
        "never", "running", "complete", "partial", "failed", "interrupted", "nothing_due"
    ]
    run: PlacedRun | None
    accounts: list[AccountOutcome]
    errors: list[RunError]


class Numbers(Shape):
    """The canonical columns, null where the platform did not say; `extra`: all, as it names them."""

    impressions: int | None
    reach: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    clicks: int | None
    video_views: int | None
    watch_time_ms: int | None
    extra: dict[str, object]


class Post(Numbers):
    """A post with its newest numbers. `unsaid`: columns that the newest reading left out."""

    id: int
    business_id: int
    platform: str
    platform_account_id: str
    platform_post_id: str
    published_at: datetime
    kind: str | None
    text: str | None
    permalink: str | None
    state: str
    last_read_at: datetime | None
    captured_at: datetime | None
    unsaid: list[str]


class Posts(Done):
    posts: list[Post]
    next_cursor: str | None


class Reading(Numbers):
    captured_at: datetime


class History(Done):
    post: Post
    history: list[Reading]
    next_cursor: str | None


class OfPlatform(Shape):
    """Sums over a platform's posts, and how much they grew."""

    platform: str
    posts: int
    numbers: dict[str, int | None]
    growth: dict[str, int | None]


class Grown(Shape):
    """A post that grew much."""

    platform: str
    platform_post_id: str
    published_at: datetime
    impressions: int | None
    growth: int | None


class Summary(Done):
    business_id: int
    business: str
    since: datetime | date
    until: datetime | date | None
    platforms: list[OfPlatform]
    fastest: list[Grown]


class Imported(Done):
    imported: int
    unchanged: int


class Health(Done):
    database: Literal["reachable"]
