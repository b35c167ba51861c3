"""X's two vocabularies: tweets, up to OpenAPI 2.166, and posts, from 2.167 on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one vocabulary names things.

    `always`: fields that come without being asked for. `synonyms`: expansions of the other
    vocabulary that are understood all the same.
    """

    name: str
    resource: str
    fields: tuple[str, ...]
    expansions: tuple[str, ...]
    user_fields: tuple[str, ...]
    user_expansions: tuple[str, ...]
    always: tuple[str, ...]
    reposts: str
    history: str
    references: str
    references_expansion: str
    included: str
    posts_written: str
    problems: str
    synonyms: Mapping[str, str]

    @property
    def fields_parameter(self) -> str:
        return f"{self.resource}.fields"

    def problem(self, name: str) -> str:
        """The `type` of a problem."""
        return self.problems + name


_FIELDS = """
article attachments card_uri community_id context_annotations conversation_id created_at
display_text_range edit_controls entities geo id lang matched_media_notes media_metadata
non_public_metrics note_request_suggestions organic_metrics paid_partnership possibly_sensitive
promoted_metrics public_metrics reply_settings scopes source suggested_source_links
suggested_source_links_with_counts text withheld
"""
_EXPANSIONS = """
article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet
attachments.poll_ids author_id entities.mentions.username geo.place_id in_reply_to_user_id
"""
_USER_FIELDS = """
confirmed_email connection_status created_at description entities id is_identity_verified location
name parody profile_banner_url profile_image_url protected public_metrics receives_your_dm
subscription subscription_type url username verified verified_followers_count verified_type withheld
"""


def _words(*lists: str) -> tuple[str, ...]:
    return tuple(sorted(" ".join(lists).split()))


LEGACY = Dialect(
    name="legacy",
    resource="tweet",
    fields=_words(
        _FIELDS,
        "author_id edit_history_tweet_ids in_reply_to_user_id note_tweet referenced_tweets",
    ),
    expansions=_words(
        _EXPANSIONS,
        "edit_history_tweet_ids entities.note.mentions.username referenced_tweets.id"
        " referenced_tweets.id.attachments.media_keys referenced_tweets.id.author_id",
    ),
    user_fields=_words(_USER_FIELDS, "affiliation most_recent_tweet_id pinned_tweet_id"),
    user_expansions=("affiliation", "most_recent_tweet_id", "pinned_tweet_id"),
    always=("id", "text", "edit_history_tweet_ids"),
    reposts="retweet_count",
    history="edit_history_tweet_ids",
    references="referenced_tweets",
    references_expansion="referenced_tweets.id",
    included="tweets",
    posts_written="tweet_count",
    problems="https://api.twitter.com/2/problems/",
    synonyms={
        "referenced_posts": "referenced_tweets.id",
        "edit_history_post_ids": "edit_history_tweet_ids",
    },
)
NEW = Dialect(
    name="new",
    resource="post",
    fields=_words(_FIELDS, "article_title note_post"),
    expansions=_words(_EXPANSIONS, "edit_history_post_ids referenced_posts username"),
    user_fields=_words(_USER_FIELDS, "subscriber_count"),
    user_expansions=("affiliation", "most_recent_post_id", "pinned_post_id"),
    always=("id", "text"),
    reposts="repost_count",
    history="edit_history_post_ids",
    references="referenced_posts",
    references_expansion="referenced_posts",
    included="posts",
    posts_written="post_count",
    problems="https://api.x.com/2/problems/",
    synonyms={},
)
DIALECTS = {dialect.name: dialect for dialect in (LEGACY, NEW)}

MEDIA_FIELDS = _words(
    "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url"
    " promoted_metrics public_metrics type url variants width"
)
POLL_FIELDS = _words("duration_minutes end_datetime id options voting_status")
PLACE_FIELDS = _words("contained_within country country_code full_name geo id name place_type")
USAGE_FIELDS = _words(
    "cap_reset_day daily_client_app_usage daily_project_usage project_cap project_id project_usage"
)


def dialect_of(given: Mapping[str, Sequence[str]], default: str) -> Dialect:
    """The vocabulary that a request speaks. Its fields parameter tells, expansions do not."""
    for dialect in (NEW, LEGACY):
        if dialect.fields_parameter in given:
            return dialect
    return DIALECTS[default]
