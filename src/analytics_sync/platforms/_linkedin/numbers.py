"""LinkedIn's numbers as readings: which name fills which column, and what a left-out post means."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.metrics import IMPLIED, Number, as_count, as_number
from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.platforms._linkedin import urns

# Column: LinkedIn's name (LinkedIn docs: Organization Share Statistics).
ORGANIZATION_NAMES: Final = {
    "impressions": "impressionCount",
    "reach": "uniqueImpressionsCount",
    "likes": "likeCount",
    "comments": "commentCount",
    "shares": "shareCount",
    "clicks": "clickCount",
}

# LinkedIn docs: Member Post Statistics.
MEMBER_NAMES: Final = {
    "impressions": "IMPRESSION",
    "reach": "MEMBERS_REACHED",
    "likes": "REACTION",
    "comments": "COMMENT",
    "shares": "RESHARE",
    "saves": "POST_SAVE",
    "clicks": "LINK_CLICKS",
}

_DEEPEST = 5


def reading(
    platform_post_id: str,
    numbers: Mapping[str, Number],
    names: Mapping[str, str],
    *,
    confirmed: bool = True,
    refused: frozenset[str] = frozenset(),
) -> Reading:
    """What was said, by column and by LinkedIn's own names."""
    counts = {name: as_count(numbers.get(name)) for name in names.values()}
    columns = {
        column: {name: count}
        for column, name in names.items()
        if (count := counts[name]) is not None
    }
    return Reading(platform_post_id, columns, dict(numbers), confirmed=confirmed, refused=refused)


def implied_zeros(platform_post_id: str, *, confirmed: bool) -> Reading:
    """The reading of a post that exists and was left out: its counts are 0.

    `confirmed`: whether an existence check was just made.
    """
    zeros: dict[str, Number] = dict.fromkeys(ORGANIZATION_NAMES.values(), 0)
    return reading(platform_post_id, {**zeros, IMPLIED: 1}, ORGANIZATION_NAMES, confirmed=confirmed)


def wrong_id(post: Post) -> PostFailure:
    """The failure of a post whose id LinkedIn would refuse: an activity, a bare number."""
    words = f"{post.platform_post_id!r} is not in the form of a LinkedIn post id"
    try:
        urns.post_urn(post.platform_post_id)
    except ValueError as error:
        words = str(error)
    return PostFailure(post.platform_post_id, ErrorCode.POST_REFUSED, words)


def flat_numbers(said: Mapping[str, Any]) -> dict[str, Number]:
    """Every number, nested ones under their path with dots."""
    return dict(_numbers_in(said, "", _DEEPEST))


def _numbers_in(said: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, Number]]:
    for name, value in said.items():
        if isinstance(value, dict) and depth > 1:
            yield from _numbers_in(value, f"{path}{name}.", depth - 1)
        elif (number := as_number(value)) is not None:
            yield f"{path}{name}", number
