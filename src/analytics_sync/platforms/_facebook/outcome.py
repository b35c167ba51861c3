"""What the answers about one Facebook post come to: a reading, or why there is none."""

from collections.abc import Mapping

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.records import PostFailure, Reading
from analytics_sync.errors import CallFailed, Refused
from analytics_sync.platforms._facebook.numbers import (
    extra_numbers,
    is_reel,
    node_numbers,
    post_columns,
    summary_numbers,
    video_columns,
)
from analytics_sync.platforms._facebook.posts import kind_of_status
from analytics_sync.platforms._facebook.questions import NO_INSIGHTS, Inquiry
from analytics_sync.platforms._graph.errors import is_not_allowed
from analytics_sync.platforms._graph.metrics import Said, said_metrics
from analytics_sync.platforms._graph.requests import rows_of


def outcome_of(inquiry: Inquiry) -> Reading | PostFailure | None:
    """None when the account was stopped before this post was asked to the end."""
    if any(question.is_stopped for question in inquiry.questions):
        return None
    broken = _broken_off(inquiry)
    if broken is not None:
        return _failed(inquiry, broken.code, broken.message, tried=False)
    if not inquiry.exists:
        return _refused_wholly(inquiry)
    said, fields = _said(inquiry), _fields(inquiry)
    if not said and not fields:
        words = "Facebook has no numbers for it yet."
        return _failed(inquiry, ErrorCode.NO_NUMBERS_YET, words)
    return _reading(inquiry, said, fields)


def _broken_off(inquiry: Inquiry) -> CallFailed | None:
    """The main numbers did not come, and not because they were refused: asked again soon."""
    main = next(iter(inquiry.questions), None)
    answer = main.answer if main is not None else None
    if isinstance(answer, CallFailed) and not isinstance(answer, Refused):
        return answer
    return None


def _refused_wholly(inquiry: Inquiry) -> PostFailure:
    refusals = (question.refusal for question in inquiry.questions)
    refusal = next(filter(None, refusals), None)
    if refusal is None:
        return _failed(inquiry, ErrorCode.NO_NUMBERS_YET, "No metric is left to ask for.")
    if inquiry.is_gone:
        return _failed(inquiry, ErrorCode.POST_UNAVAILABLE, refusal.message, sighting=True)
    not_allowed = is_not_allowed(refusal)
    code = ErrorCode.PERMISSION_MISSING if not_allowed else ErrorCode.CALL_REFUSED
    return _failed(inquiry, code, refusal.message)


def _failed(
    inquiry: Inquiry, code: str, message: str, *, sighting: bool = False, tried: bool = True
) -> PostFailure:
    post_id = inquiry.post.platform_post_id
    return PostFailure(post_id, str(code), message, sighting=sighting, tried=tried)


def _said(inquiry: Inquiry) -> dict[str, Said]:
    said: dict[str, Said] = {}
    for question in inquiry.insights:
        if isinstance(question.answer, dict):
            said.update(said_metrics(rows_of(question.answer)))
    return said


def _fields(inquiry: Inquiry) -> dict[str, int]:
    node = inquiry.node.answer if inquiry.node is not None else None
    return {**node_numbers(node), **summary_numbers(node)} if isinstance(node, dict) else {}


def _reading(inquiry: Inquiry, said: Mapping[str, Said], fields: Mapping[str, int]) -> Reading:
    newly_video = inquiry.is_video and not inquiry.is_known_video
    post_id, full_id = inquiry.post.platform_post_id, inquiry.full_id
    return Reading(
        platform_post_id=post_id,
        columns=video_columns(said) if inquiry.is_video else post_columns(said, fields),
        extra=extra_numbers(said, fields),
        kind=_learned_kind(inquiry, said),
        newest_id=full_id,
        versions=(post_id,) if full_id is not None else (),
        refused=frozenset(inquiry.refused | ({NO_INSIGHTS} if newly_video else set())),
    )


def _learned_kind(inquiry: Inquiry, said: Mapping[str, Said]) -> str | None:
    """Only where the kind was unknown."""
    if inquiry.post.kind is not None:
        return None
    if inquiry.is_video:
        return "reel" if is_reel(said) else "video"
    return kind_of_status(inquiry.status_type)
