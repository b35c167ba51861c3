"""Looks one Facebook post up by an id that a person gave (Meta docs: Post, Video)."""

from typing import Any

from analytics_sync.domain.records import FoundPost
from analytics_sync.errors import AnswerNotUnderstood, Refused
from analytics_sync.platforms._facebook.posts import (
    POST_FIELDS,
    VIDEO_FIELDS,
    found_post,
    found_video,
    is_full,
)
from analytics_sync.platforms._graph.errors import field_missing, is_gone_or_hidden
from analytics_sync.platforms._graph.requests import Graph

LABEL = "Facebook: one post"


async def look_up(graph: Graph, post_id: str) -> FoundPost:
    """A post, Reel or video, under the fullest id that answers.

    A bare number is first tried as the second half of a post's id.

    :raises Refused: the platform shows none of this id.
    """
    if is_full(post_id):
        return await _post_or_video(graph, post_id, post_id)
    page_id = graph.context.account.platform_account_id
    try:
        return await _post_or_video(graph, f"{page_id}_{post_id}", post_id)
    except Refused as refusal:
        if not is_gone_or_hidden(refusal):
            raise
    return await _video(graph, post_id)


async def _post_or_video(graph: Graph, node_id: str, video_id: str) -> FoundPost:
    try:
        node = await graph.get(node_id, {"fields": POST_FIELDS}, LABEL)
    except Refused as refusal:
        missing = field_missing(refusal)
        if missing is None or missing[1] != "Video":
            raise
        return await _video(graph, video_id)
    return _found(found_post(node))


async def _video(graph: Graph, video_id: str) -> FoundPost:
    """A video that is no Reel is stored as its post, which has more numbers."""
    node = await _node(graph, video_id, list(VIDEO_FIELDS))
    video = found_video(node)
    post_id = node.get("post_id")
    if video is None or video.kind == "reel" or not (isinstance(post_id, str) and is_full(post_id)):
        return _found(video)
    try:
        return _found(found_post(await graph.get(post_id, {"fields": POST_FIELDS}, LABEL)))
    except Refused:
        return video


async def _node(graph: Graph, node_id: str, fields: list[str]) -> dict[str, Any]:
    """The node, without fields that it turns out not to have."""
    while True:
        try:
            return await graph.get(node_id, {"fields": ",".join(fields)}, LABEL)
        except Refused as refusal:
            missing = field_missing(refusal)
            if missing is None or missing[0] not in fields or len(fields) == 1:
                raise
            fields.remove(missing[0])


def _found(post: FoundPost | None) -> FoundPost:
    if post is None:
        raise AnswerNotUnderstood(
            f"{LABEL}: the answer has no id or no created_time", hint="Try again later."
        )
    return post
