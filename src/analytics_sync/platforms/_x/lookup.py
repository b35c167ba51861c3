"""Looks posts up by the hundred: own batches for private metrics, edits summed, the budget kept."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import AccountRefused, AnswerNotUnderstood
from analytics_sync.platforms._batches import each
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._x.answers import Answer, columns_of, history_of, metrics_of
from analytics_sync.platforms._x.requests import Requests
from analytics_sync.platforms.x import PRIVATE_AGE, X

BATCH = X.posts_per_call
# The scope and name under which a token that may not see private metrics is remembered.
PRIVATE_GROUP = "non_public_metrics"

Results = list[Reading | PostFailure]


class Lookup:
    """One account's look-ups in one run."""

    def __init__(self, context: Context, requests: Requests) -> None:
        self._context = context
        self._requests = requests
        self._public_only: list[Post] = []
        self._private_rows = 0
        # Another token, which `account add` brings, may be the author's: it is asked anew.
        account = context.account
        self._private_scope = f"posts of account {account.id}, credential {account.credential_id}"

    async def afford(self, posts: Sequence[Post]) -> tuple[list[Post], list[Post]]:
        """Split into posts that the day's budget pays for and those that it does not.

        Posts already charged today cost nothing more on this UTC day.
        """
        free = [post for post in posts if post.charged_today]
        paid = [post for post in posts if not post.charged_today]
        granted = await self._context.reads.take(sum(map(_cost, paid)))
        affordable, unaffordable = list(free), []
        for post in paid:
            if _cost(post) <= granted:
                granted -= _cost(post)
                affordable.append(post)
            else:
                unaffordable.append(post)
        await self._context.reads.give_back(granted)
        return affordable, unaffordable

    async def results(self, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        """Private and public batches side by side, then what was refused again, public only."""
        private = [post for post in posts if self._may_be_private(post)]
        public = [post for post in posts if not self._may_be_private(post)]
        young = {post.id for post in private}

        async def look_up(batch: Sequence[Post]) -> Results:
            return await (self._private if batch[0].id in young else self._public)(batch)

        async for result in each([*_batches(private), *_batches(public)], look_up):
            yield result
        if self._public_only:
            self._remember_refusal()
            async for result in each(_batches(self._public_only), self._public):
                yield result

    def _may_be_private(self, post: Post) -> bool:
        age = self._context.clock.now() - post.published_at
        return age < PRIVATE_AGE and PRIVATE_GROUP not in self._context.metrics.retired(
            self._private_scope
        )

    def _remember_refusal(self) -> None:
        """Not one private row: the token is not the author's, so don't ask twice for each post."""
        if self._private_rows == 0:
            self._context.metrics.retire(
                self._private_scope, PRIVATE_GROUP, "the token is not the author's own"
            )

    async def _private(self, batch: Sequence[Post]) -> Results:
        try:
            answer = Answer(await self._requests.posts(_ids(batch), private=True))
        except AccountRefused:
            # A token that may not ask for private metrics at all: an application's own.
            self._public_only += batch
            return []
        refused = [post for post in batch if _fields_refused(post, answer)]
        self._public_only += refused
        kept = [post for post in batch if post not in refused]
        self._private_rows += len(answer.rows)
        return await self._judge(kept, answer, private=True)

    async def _public(self, batch: Sequence[Post]) -> Results:
        answer = Answer(await self._requests.posts(_ids(batch), private=False))
        return await self._judge(batch, answer, private=False)

    async def _judge(self, batch: Sequence[Post], answer: Answer, *, private: bool) -> Results:
        _check_contract(answer)
        await self._fetch_versions(batch, answer, private=private)
        results = [_result(post, answer) for post in batch]
        await self._settle(batch, results)
        return results

    async def _fetch_versions(
        self, batch: Sequence[Post], answer: Answer, *, private: bool
    ) -> None:
        """Look up versions that only this answer told of (X docs: Edit Posts)."""
        asked = set(_ids(batch))
        told = [id for post in batch for id in _chain(post, answer) if id not in answer.rows]
        missing = [id for id in dict.fromkeys(told) if id not in asked]
        for start in range(0, len(missing), BATCH):
            some = missing[start : start + BATCH]
            granted = await self._context.reads.take(len(some))
            if granted:
                more = Answer(await self._requests.posts(some[:granted], private=private))
                answer.rows |= more.rows
                answer.problems |= more.problems

    async def _settle(self, batch: Sequence[Post], results: Results) -> None:
        """Give back what X did not charge: posts that it did not return."""
        failed = {r.platform_post_id for r in results if isinstance(r, PostFailure)}
        unpaid = [p for p in batch if p.platform_post_id in failed and not p.charged_today]
        await self._context.reads.give_back(sum(map(_cost, unpaid)))


def _cost(post: Post) -> int:
    return 1 + len(post.versions)


def _ids(posts: Iterable[Post]) -> list[str]:
    """All versions' ids, each once."""
    return list(
        dict.fromkeys(id for post in posts for id in (*post.versions, post.platform_post_id))
    )


def _batches(posts: Sequence[Post]) -> list[list[Post]]:
    """At most 100 ids a batch, all versions of a post together."""
    batches: list[list[Post]] = []
    room = 0
    for post in posts:
        if _cost(post) > room:
            batches.append([])
            room = BATCH
        batches[-1].append(post)
        room -= _cost(post)
    return batches


def _fields_refused(post: Post, answer: Answer) -> bool:
    ids = (*post.versions, post.platform_post_id)
    return any(id not in answer.rows and answer.only_fields_refused(id) for id in ids)


def _chain(post: Post, answer: Answer) -> tuple[str, ...]:
    """All versions of a post, oldest first, as the answer tells them."""
    row = answer.rows.get(post.platform_post_id)
    told = history_of(row) if row is not None else (post.platform_post_id,)
    known = [id for id in (*post.versions, post.platform_post_id) if id not in told]
    return tuple(dict.fromkeys([*known, *told]))


def _check_contract(answer: Answer) -> None:
    """:raises AnswerNotUnderstood: posts came, but the metrics asked for are in none of them.

    Not where X says itself that it could not fill them in.
    """
    if answer.hydration_failed():
        return
    if answer.rows and all(metrics_of(row) is None for row in answer.rows.values()):
        raise AnswerNotUnderstood(
            "X: no post of the answer has public_metrics: the names of its fields have changed.",
            hint="Try the other value of platforms.x.dialect (legacy, new).",
            code=ErrorCode.CONTRACT_CHANGED,
        )


def _result(post: Post, answer: Answer) -> Reading | PostFailure:
    chain = _chain(post, answer)
    numbers: Counter[str] = Counter()
    for id in chain:
        row = answer.rows.get(id)
        found = metrics_of(row) if row is not None else None
        if found is None:
            return _failure(post, id, answer)
        numbers.update(found)
    return Reading(
        platform_post_id=post.platform_post_id,
        columns=columns_of(numbers),
        extra=dict(numbers),
        newest_id=chain[-1],
        versions=chain[:-1],
        charged=True,
    )


def _failure(post: Post, missing: str, answer: Answer) -> PostFailure:
    """A version that fails makes the sum wrong, so the whole post fails."""
    if missing in answer.rows:
        return PostFailure(
            post.platform_post_id,
            ErrorCode.NO_NUMBERS_YET,
            "X sent the post without its numbers.",
            tried=False,
        )
    failure = answer.failure(missing)
    return PostFailure(
        post.platform_post_id,
        failure.code,
        failure.message,
        sighting=failure.sighting,
        tried=failure.tried,
    )
