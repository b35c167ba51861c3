"""Tells posts without activity from deleted ones: LinkedIn's statistics leave out both alike."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import AnswerNotUnderstood, Refused
from analytics_sync.platforms._batches import Results, chunks, each
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._linkedin.calls import POSTS, Api, object_of
from analytics_sync.platforms._linkedin.numbers import implied_zeros
from analytics_sync.platforms._linkedin.posts import is_author, newest_posts
from analytics_sync.platforms._linkedin.restli import decode_key

logger = logging.getLogger(__name__)

# Calls for single posts in one run; what is left stays due. Development: of 100 a day.
_MOST_SINGLE_CALLS: Final = {"standard": 25, "development": 5}


class ExistenceCheck:
    """Asks `/rest/posts` for posts that the statistics left out.

    In lists first; where the tier does not allow lists of ids, the list of the newest posts shows
    most of them. What is not shown is asked for by itself, because only a 404 of
    `/rest/posts/{URN}` says for certain that a post is gone.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.api = Api.of(context)
        self.tier = context.settings.text("tier")
        self._unseen: list[Post] = []
        self._may_list = self.tier == "standard"
        self._denials = 0
        self._shown = 0

    async def results(self, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        """Zeros for posts that exist, failures for the others."""
        left = list(posts)
        if self._may_list and len(left) > 1:
            batches = chunks(left, self.context.settings.number("list_size"))
            async for result in each(batches, self._list):
                yield result
            left = self._unseen
        if not self._may_list and len(left) > 1:
            self._unseen = []
            async for result in each([left], self._newest):
                yield result
            left = self._unseen
        most = _MOST_SINGLE_CALLS[self.tier]
        if len(left) > most:
            logger.info("%d posts are looked for next time", len(left) - most)
        async for result in each(chunks(left[:most], 1), self._single):
            yield result

    async def _list(self, posts: Sequence[Post]) -> Results:
        call = self.api.batch_get(POSTS, [post.platform_post_id for post in posts])
        try:
            reply = await self.context.send(call)
        except Refused as refused:
            self._may_list = False
            return self._denied(posts, refused)
        return self._seen(posts, _results(object_of(call, reply)))

    async def _newest(self, posts: Sequence[Post]) -> Results:
        try:
            elements = await newest_posts(self.context)
        except Refused as refused:
            return self._denied(posts, refused)
        return self._seen(posts, {str(element.get("id")): element for element in elements})

    def _denied(self, posts: Sequence[Post], refused: Refused) -> Results:
        self._denials += refused.status == 403
        self._unseen += posts
        return []

    def _seen(self, posts: Sequence[Post], shown: Mapping[str, Mapping[str, Any]]) -> Results:
        self._shown += len(shown)
        self._unseen += [post for post in posts if post.platform_post_id not in shown]
        return [
            self._exists(post, shown[post.platform_post_id])
            for post in posts
            if post.platform_post_id in shown
        ]

    async def _single(self, posts: Sequence[Post]) -> Results:
        (post,) = posts
        if self._denials > 1 and not self._shown:
            return [self._may_not_look(post)]
        call = self.api.get(POSTS, post.platform_post_id)
        try:
            reply = await self.context.send(call)
        except Refused as refused:
            return [self._not_shown(post, refused)]
        self._shown += 1
        return [self._exists(post, object_of(call, reply))]

    def _exists(self, post: Post, element: Mapping[str, Any]) -> Reading | PostFailure:
        account = self.context.account.platform_account_id
        if is_author(element, account):
            return implied_zeros(post.platform_post_id, confirmed=True)
        return PostFailure(
            post.platform_post_id,
            ErrorCode.POST_REFUSED,
            f"{post.platform_post_id} was published by {element['author']}, not by {account}: "
            "LinkedIn gives its numbers only to its author's administrators.",
        )

    def _not_shown(self, post: Post, refused: Refused) -> PostFailure:
        urn = post.platform_post_id
        if refused.status == 404:
            message = f"{urn} is no longer at LinkedIn (HTTP 404)."
            return PostFailure(urn, ErrorCode.POST_GONE, message, definite=True)
        if refused.status == 403:
            self._denials += 1
            return PostFailure(urn, ErrorCode.POST_UNAVAILABLE, refused.message)
        return PostFailure(urn, ErrorCode.POST_REFUSED, refused.message)

    def _may_not_look(self, post: Post) -> PostFailure:
        return PostFailure(
            post.platform_post_id,
            ErrorCode.PERMISSION_MISSING,
            f"LinkedIn's statistics left out {post.platform_post_id}, and the token may not look "
            "whether it still exists (scope r_organization_social).",
        )


def _results(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The posts that a BATCH_GET shows, by their plain URNs.

    :raises AnswerNotUnderstood: there is no object `results`.
    """
    results = answer.get("results")
    if not isinstance(results, dict):
        raise AnswerNotUnderstood("posts by ids: the answer has no object `results`")
    return {decode_key(key): post for key, post in results.items() if isinstance(post, dict)}
