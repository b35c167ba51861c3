"""Imports posts from a file."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from analytics_sync.domain.records import Account, FoundPost
from analytics_sync.errors import WrongUsage
from analytics_sync.files import values
from analytics_sync.files.directory import Directory, post_id
from analytics_sync.files.lines import LONGEST_LINE, Stream
from analytics_sync.files.outcome import Outcome, Refusal, Refused
from analytics_sync.files.records import Record
from analytics_sync.files.source import records
from analytics_sync.store import imports
from analytics_sync.store.database import Database
from analytics_sync.store.imports import NewPost

# Lines that are stored in one transaction: some milliseconds' work, so that a sync beside it
# hardly waits. Long ones count as more.
BATCH: Final = 2_000
LONGEST_BATCH: Final = 4 * LONGEST_LINE
COLUMNS: Final = (
    "business_id",
    "business",
    "platform",
    "platform_account_id",
    "platform_post_id",
    "published_at",
    "kind",
    "text",
    "permalink",
)


def import_posts(
    database: Database,
    stream: Stream,
    name: str,
    *,
    now: datetime,
    business: str | None = None,
    platform: str | None = None,
    keep: int | None = None,
) -> Outcome:
    """Take up the posts of a file; a line that is wrong is refused and the others are taken.

    `business` and `platform` fill what the file leaves out. `keep`: as in `Outcome`. What was
    stored stays when the import is stopped; importing the file again goes on.

    :raises WrongUsage: a column is missing, or the header can't be read.
    """
    directory = Directory.of(database, business, platform)
    check = _needed_columns(business is not None, platform is not None)
    outcome = Outcome(keep)
    edited = EditedPosts(database)
    found = records(stream, name, COLUMNS, check)
    for batch in batches(_posts(found, directory, edited, now, outcome)):
        with database.write() as connection:
            written = imports.add_posts(connection, batch, now)
        outcome.take(len(batch), written)
    return outcome


def _needed_columns(
    has_business: bool,
    has_platform: bool,
) -> Callable[[Collection[str]], None]:
    def check(names: Collection[str]) -> None:
        missing = [name for name in ("platform_post_id", "published_at") if name not in names]
        if not (has_platform or "platform" in names):
            missing.insert(0, "platform")
        if not (has_business or {"business_id", "business"} & set(names)):
            missing.insert(0, "business_id")
        if missing:
            plural = "s" if len(missing) > 1 else ""
            raise WrongUsage(
                f"The file has no column{plural} {', '.join(missing)}.",
                hint="The first line must name the columns: business_id, platform, "
                "platform_account_id, platform_post_id, published_at. "
                "--business and --platform fill theirs.",
                code="column_missing",
            )

    return check


def _posts(
    found: Iterable[Record | Refusal],
    directory: Directory,
    edited: "EditedPosts",
    now: datetime,
    outcome: Outcome,
) -> Iterator[NewPost]:
    for record in found:
        if isinstance(record, Refusal):
            outcome.refuse(record.line, record.field, record.message)
            continue
        try:
            account = directory.account(record.fields)
            new = NewPost(account.id, read_post(record.fields, account, now))
        except Refused as refused:
            outcome.refuse(record.line, refused.field, refused.message)
            continue
        if edited.holds(new):
            outcome.take(1, 0)
        else:
            yield new


def read_post(fields: Mapping[str, Any], account: Account, now: datetime) -> FoundPost:
    """The post that a record tells.

    :raises Refused: a field is missing or wrong.
    """
    return FoundPost(
        platform_post_id=post_id(account, fields),
        published_at=values.moment(fields, "published_at", now),
        kind=values.kind(fields),
        text=values.text(fields, "text"),
        permalink=values.web_address(fields, "permalink"),
    )


@dataclass
class EditedPosts:
    """Ids that edited posts had before: they name posts that are known under another id."""

    database: Database
    _older: dict[int, dict[str, str]] = field(default_factory=dict)

    def newest_id(self, account_id: int, platform_post_id: str) -> str:
        """The id under which the post is known now."""
        if account_id not in self._older:
            with self.database.read() as connection:
                self._older[account_id] = imports.older_ids(connection, account_id)
        return self._older[account_id].get(platform_post_id, platform_post_id)

    def holds(self, new: NewPost) -> bool:
        """Whether this is an older version of a known post."""
        given = new.found.platform_post_id
        return self.newest_id(new.account_id, given) != given


def batches(posts: Iterable[NewPost]) -> Iterator[list[NewPost]]:
    """Portions that are stored at once."""
    batch: list[NewPost] = []
    size = 0
    for new in posts:
        batch.append(new)
        size += len(new.found.text or "") + len(new.found.permalink or "")
        if len(batch) >= BATCH or size >= LONGEST_BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
