"""What X's answers say: posts, failures of single posts, users, pages."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from analytics_sync.clock import from_milliseconds
from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.metrics import Number, as_count
from analytics_sync.domain.records import AccountTotals, FoundPost, Identity, PostFailure
from analytics_sync.errors import AnswerNotUnderstood

ID = re.compile(r"[0-9]{1,19}")
POST_ADDRESS = re.compile(
    r"https?://(?:[a-z]+\.)?(?:x|twitter)\.com/(?:[^/?#]+|i/web)/status(?:es)?/([0-9]{1,19})(?![0-9])",
    re.IGNORECASE,
)
# Ids below this one were not made from the time (X docs: Snowflake).
FIRST_SNOWFLAKE = 29_700_859_247
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
# Two names of one measure, of the new and of the legacy dialect.
REPOSTS = ("repost_count", "retweet_count")
COLUMN_SOURCES = {
    "impressions": "impression_count",
    "likes": "like_count",
    "comments": "reply_count",
    "saves": "bookmark_count",
}


def parse_post_id(text: str) -> str:
    """:raises ValueError: neither an id nor the web address of a post."""
    word = text.strip()
    address = POST_ADDRESS.match(word)
    id = address[1] if address else word
    if ID.fullmatch(id) and int(id) > 0:
        return str(int(id))
    raise ValueError(
        f"{text!r} is not an X post id: expected 1 to 19 digits, or an address such as "
        "https://x.com/name/status/1990000000000000001"
    )


def parse_user_id(text: str) -> str:
    """:raises ValueError: not a numeric user id."""
    word = text.strip()
    if ID.fullmatch(word) and int(word) > 0:
        return str(int(word))
    raise ValueError(
        f"{text!r} is not an X user id: expected digits, for example 2244994945 (not the @name)"
    )


class Answer:
    """A look-up's answer, sorted by id: nothing depends on order or count."""

    def __init__(self, told: Any) -> None:
        lists = (told.get("data"), told.get("errors")) if isinstance(told, dict) else ()
        if not any(isinstance(found, list) for found in lists):
            raise AnswerNotUnderstood("X: the answer has neither a list `data` nor `errors`.")
        self.rows: dict[str, Mapping[str, Any]] = {}
        for row in _rows(told.get("data")):
            self.rows.setdefault(row["id"], row)
        for row in _rows(_includes(told)):
            self.rows.setdefault(row["id"], row)
        self.problems: dict[str, list[Mapping[str, Any]]] = {}
        for problem in told.get("errors") or ():
            if isinstance(problem, dict):
                about = str(problem.get("resource_id") or problem.get("value") or "")
                self.problems.setdefault(about, []).append(problem)

    def kinds(self, id: str) -> set[str]:
        """Types of the problems with one id, by their last path segment."""
        return {
            str(problem.get("type", "")).rstrip("/").rsplit("/", 1)[-1]
            for problem in self.problems.get(id, ())
        }

    def only_fields_refused(self, id: str) -> bool:
        """Whether the post is there, and only the fields asked for were not allowed."""
        kinds = self.kinds(id)
        return bool(kinds) and kinds <= {"not-authorized-for-field", "field-unauthorized"}

    def hydration_failed(self) -> bool:
        """Whether X could not fill in some field; its error need not name the post."""
        return any("field-hydration-failure" in self.kinds(id) for id in self.problems)

    def failure(self, id: str) -> PostFailure:
        """Why there is no row for this id (X docs: Partial errors)."""
        kinds = self.kinds(id)
        detail = next(
            (str(p["detail"])[:200] for p in self.problems.get(id, ()) if "detail" in p), ""
        )
        if not kinds:
            return PostFailure(
                id, ErrorCode.POST_UNKNOWN, "X said nothing about this post.", tried=False
            )
        if "resource-not-found" in kinds:
            return PostFailure(
                id,
                ErrorCode.POST_GONE,
                f"X does not find this post: deleted, or never there. {detail}".strip(),
                sighting=True,
            )
        if kinds & {"not-authorized-for-resource", "resource-unavailable", "disallowed-resource"}:
            return PostFailure(
                id,
                ErrorCode.POST_UNAVAILABLE,
                f"X does not show this post: its author is protected or suspended. {detail}".strip(),
            )
        if "field-hydration-failure" in kinds:
            return PostFailure(
                id, ErrorCode.NO_NUMBERS_YET, "X could not fill in the numbers.", tried=False
            )
        return PostFailure(id, ErrorCode.POST_REFUSED, f"X refused this post. {detail}".strip())


def _includes(told: Mapping[str, Any]) -> Any:
    """Older versions that the new dialect delivers beside the posts."""
    includes = told.get("includes")
    return (includes.get("posts") or includes.get("tweets")) if isinstance(includes, dict) else None


def _rows(told: Any) -> list[Mapping[str, Any]]:
    if not isinstance(told, list):
        return []
    return [row for row in told if isinstance(row, dict) and ID.fullmatch(str(row.get("id", "")))]


def metrics_of(row: Mapping[str, Any]) -> dict[str, int] | None:
    """Every number of a post under X's name; None without a number of the public group.

    Private numbers whose name the public group has too keep their group's name before them.
    """
    numbers = _counts(row.get("public_metrics"))
    if not numbers:
        return None
    for group in ("non_public_metrics", "organic_metrics"):
        for name, value in _counts(row.get(group)).items():
            numbers[f"{group}.{name}" if name in numbers else name] = value
    return numbers


def _counts(group: Any) -> dict[str, int]:
    if not isinstance(group, dict):
        return {}
    return {name: n for name, value in group.items() if (n := as_count(value)) is not None}


def columns_of(numbers: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """The canonical columns that X's numbers fill."""
    columns = {
        column: {source: numbers[source]}
        for column, source in COLUMN_SOURCES.items()
        if source in numbers
    }
    reposts = next((numbers[name] for name in REPOSTS if name in numbers), None)
    if reposts is not None:
        columns["shares"] = {REPOSTS[0]: reposts}
    if "url_link_clicks" in numbers:
        columns["clicks"] = {"url_link_clicks": numbers["url_link_clicks"]}
    return columns


def history_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of all versions of a post, oldest first; its own id alone where it was not edited."""
    told = row.get("edit_history_tweet_ids") or row.get("edit_history_post_ids") or ()
    ids = [str(id) for id in told if ID.fullmatch(str(id))] if isinstance(told, list) else []
    own = str(row["id"])
    # A chain without the post itself would give it another post's name and numbers.
    return tuple(dict.fromkeys(ids)) if own in ids else (own,)


def as_found(row: Mapping[str, Any]) -> FoundPost:
    """:raises AnswerNotUnderstood: no time of publishing."""
    id, text = str(row["id"]), row.get("text")
    published = _time(row.get("created_at")) or published_from_id(id)
    if published is None:
        raise AnswerNotUnderstood(f"X: post {id} has no readable created_at.")
    return FoundPost(
        platform_post_id=id,
        published_at=published,
        text=text if isinstance(text, str) else None,
        permalink=f"https://x.com/i/web/status/{id}",
        versions=tuple(older for older in history_of(row) if older != id),
    )


def _time(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def published_from_id(id: str) -> datetime | None:
    """The time in a post's id; None for ids from before X made them so (X docs: Snowflake)."""
    number = int(id)
    if number < FIRST_SNOWFLAKE:
        return None
    return from_milliseconds((number >> 22) + SNOWFLAKE_EPOCH_MS)


class Page:
    """A page of a timeline. The end is the absence of `next_token`, never an empty page."""

    def __init__(self, told: Any) -> None:
        meta = told.get("meta") if isinstance(told, dict) else None
        if not isinstance(meta, dict):
            raise AnswerNotUnderstood("X: the timeline's answer has no `meta`.")
        rows = _rows(told.get("data"))
        self.count = len(rows)
        self.posts = [as_found(row) for row in rows]
        token = meta.get("next_token")
        self.next_token: str | None = str(token) if token else None


def user_of(told: Any) -> Mapping[str, Any]:
    """:raises AnswerNotUnderstood: no user in the answer."""
    user = told.get("data") if isinstance(told, dict) else None
    if not isinstance(user, dict) or not ID.fullmatch(str(user.get("id", ""))):
        raise AnswerNotUnderstood("X: the answer names no user.")
    return user


def as_identity(user: Mapping[str, Any], *, own: bool) -> Identity:
    clicks = "clicks and profile visits of own posts (until they are 30 days old)"
    return Identity(
        platform_account_id=str(user["id"]),
        name=str(user.get("username") or user.get("name") or "") or None,
        may_read=("new posts", "public numbers of posts", "followers", *((clicks,) if own else ())),
        lacks=() if own else (f"{clicks}: needs the author's own user token",),
    )


def as_totals(user: Mapping[str, Any]) -> AccountTotals:
    numbers: dict[str, Number] = dict(_counts(user.get("public_metrics")))
    followers = numbers.get("followers_count")
    return AccountTotals(None if followers is None else int(followers), numbers)
