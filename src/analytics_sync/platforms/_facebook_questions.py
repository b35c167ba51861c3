"""What is asked about one Facebook post, and what its answers come to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import AnalyticsSyncError, CallFailed, Refused
from analytics_sync.platforms._facebook_numbers import (
    CLASSIC_VIDEO_METRICS,
    POST_METRICS,
    REEL_METRICS,
    VIDEO_POST_METRICS,
    extra_numbers,
    is_reel,
    node_numbers,
    post_columns,
    summary_numbers,
    video_columns,
)
from analytics_sync.platforms._facebook_posts import is_full, kind_of_status
from analytics_sync.platforms._graph import relative_url, rows_of
from analytics_sync.platforms._graph_batch import Answer
from analytics_sync.platforms._graph_errors import field_missing, is_gone_or_hidden, is_not_allowed
from analytics_sync.platforms._graph_metrics import Said, said_metrics

# In the memory of refused metrics of a post: it is a video, which has no edge of this name.
NO_INSIGHTS = "insights"

NODE_FIELDS = "id,created_time,status_type,shares"
# Fails as a whole without pages_read_user_content, so never together with other fields.
SUMMARY_FIELDS = "id,comments.limit(0).summary(true),reactions.limit(0).summary(total_count)"


@dataclass(slots=True)
class Question:
    """One item of a batch.

    `metrics` gives each metric asked for and the scope in which its retirement is remembered;
    None where a refusal says nothing of other posts.
    """

    path: str
    fields: str = ""
    metrics: Mapping[str, str | None] = field(default_factory=dict)
    answer: Answer | None = None

    @property
    def url(self) -> str:
        if self.metrics:
            names = ",".join(self.metrics)
            return relative_url(self.path, {"metric": names, "period": "lifetime"})
        return relative_url(self.path, {"fields": self.fields})

    @property
    def refusal(self) -> Refused | None:
        return self.answer if isinstance(self.answer, Refused) else None

    @property
    def is_stopped(self) -> bool:
        """No answer came, because something stopped the whole account."""
        return isinstance(self.answer, AnalyticsSyncError) and not isinstance(
            self.answer, CallFailed
        )

    def without(self, names: Collection[str]) -> bool:
        """Leave these metrics out from now on; tell whether any is left to ask for."""
        self.metrics = {name: scope for name, scope in self.metrics.items() if name not in names}
        return bool(self.metrics)


@dataclass(slots=True)
class Inquiry:
    """All questions about one post. `refused`: what was newly found to be missing for it."""

    post: Post
    page_id: str
    is_video: bool = False
    insights: list[Question] = field(default_factory=list)
    node: Question | None = None
    summaries: Question | None = None
    refused: set[str] = field(default_factory=set)

    @classmethod
    def about(cls, post: Post, page_id: str) -> "Inquiry":
        inquiry = cls(post, page_id)
        if inquiry.is_known_video:
            inquiry.ask_as_video()
        else:
            inquiry.ask_as_post()
        return inquiry

    @property
    def is_known_video(self) -> bool:
        """A Reel by its own id, or a video that was found to be one."""
        is_reel_id = self.post.kind == "reel" and not is_full(self.post.platform_post_id)
        return is_reel_id or NO_INSIGHTS in self.post.refused

    @property
    def post_node(self) -> str:
        """A bare number is most often the second half of a post's id, so that is tried first."""
        post_id = self.post.platform_post_id
        return post_id if is_full(post_id) else f"{self.page_id}_{post_id}"

    def ask_as_post(self) -> None:
        metrics: dict[str, str | None] = dict.fromkeys(POST_METRICS, "post")
        if self.post.kind == "video":
            metrics |= dict.fromkeys(VIDEO_POST_METRICS, "video")
        self.insights = [Question(f"{self.post_node}/insights", metrics=metrics)]
        self.node = Question(self.post_node, fields=NODE_FIELDS)

    def ask_as_video(self) -> None:
        """Reels' and classic names apart, so that one family can't lose the other.

        Not known as a Reel, it may be a classic video, which lacks the Reels' plays.
        """
        self.is_video, self.node, self.summaries = True, None, None
        scope = "reel" if self.post.kind == "reel" else None
        edge = f"{self.post.platform_post_id}/video_insights"
        self.insights = [
            Question(edge, metrics=dict.fromkeys(names, scope))
            for names in (REEL_METRICS, CLASSIC_VIDEO_METRICS)
        ]

    def ask_summaries(self) -> Question | None:
        """Comments and reactions, once the post is known to be there."""
        if self.is_video or not self._exists:
            return None
        self.summaries = Question(self.post_node, fields=SUMMARY_FIELDS)
        return self.summaries

    def turns_out_as_video(self) -> bool:
        """Whether the answers say that this is a video's own id, which has no `insights`."""
        if self.is_video:
            return False
        refusals = [question.refusal for question in self.questions]
        missing = [field_missing(refusal) for refusal in refusals if refusal is not None]
        if any(found is not None and found[1] == "Video" for found in missing):
            return True
        is_bare = not is_full(self.post.platform_post_id)
        return is_bare and not self._exists and self._is_gone

    def is_surely(self, scope: str | None) -> bool:
        """Whether it is of the kind that a scope stands for. A kind may be a user's mistake, and
        must not make all accounts forget a metric.
        """
        return scope != "video" or kind_of_status(self._status_type) == "video"

    @property
    def questions(self) -> list[Question]:
        others = (self.node, self.summaries)
        return [*self.insights, *(question for question in others if question is not None)]

    @property
    def _decisive(self) -> list[Question]:
        """Without the summaries, which are best effort."""
        return [question for question in self.questions if question is not self.summaries]

    @property
    def _exists(self) -> bool:
        """Some answer proves that the object is there."""
        return any(isinstance(question.answer, dict) for question in self.questions)

    @property
    def _is_gone(self) -> bool:
        refusals = (question.refusal for question in self.questions)
        return any(refusal is not None and is_gone_or_hidden(refusal) for refusal in refusals)

    # What came of it.

    def outcome(self) -> Reading | PostFailure | None:
        """The reading, why there is none, or None when this post was not asked to the end."""
        if any(question.is_stopped for question in self._decisive):
            return None
        broken = self._broken_off()
        if broken is not None:
            return self._failed(broken.code, broken.message, tried=False)
        if not self._exists:
            return self._refused_wholly()
        said, fields = self._said(), self._fields()
        if not said and not fields:
            return self._failed(ErrorCode.NO_NUMBERS_YET, "Facebook has no numbers for it yet.")
        return self._reading(said, fields)

    def _broken_off(self) -> CallFailed | None:
        """The main numbers did not come, and not because they were refused: asked again soon."""
        answers = [question.answer for question in (self.insights or self.questions)[:1]]
        answer = answers[0] if answers else None
        broken = isinstance(answer, CallFailed) and not isinstance(answer, Refused)
        return answer if broken and isinstance(answer, CallFailed) else None

    def _refused_wholly(self) -> PostFailure:
        refusals = [question.refusal for question in self.questions]
        refusal = next((refusal for refusal in refusals if refusal is not None), None)
        if refusal is None:
            return self._failed(ErrorCode.NO_NUMBERS_YET, "No metric is left to ask for.")
        if self._is_gone:
            return self._failed(ErrorCode.POST_UNAVAILABLE, refusal.message, sighting=True)
        code = ErrorCode.POST_REFUSED
        if is_not_allowed(refusal):
            code = ErrorCode.PERMISSION_MISSING
        return self._failed(code, refusal.message)

    def _failed(
        self, code: str, message: str, *, sighting: bool = False, tried: bool = True
    ) -> PostFailure:
        post_id = self.post.platform_post_id
        return PostFailure(post_id, str(code), message, sighting=sighting, tried=tried)

    def _said(self) -> dict[str, Said]:
        said: dict[str, Said] = {}
        for question in self.insights:
            if isinstance(question.answer, dict):
                said.update(said_metrics(rows_of(question.answer)))
        return said

    def _fields(self) -> dict[str, int]:
        numbers: dict[str, int] = {}
        if self.node is not None and isinstance(self.node.answer, dict):
            numbers.update(node_numbers(self.node.answer))
        if self.summaries is not None and isinstance(self.summaries.answer, dict):
            numbers.update(summary_numbers(self.summaries.answer))
        return numbers

    def _reading(self, said: Mapping[str, Said], fields: Mapping[str, int]) -> Reading:
        if self.is_video and not self.is_known_video:
            self.refused.add(NO_INSIGHTS)
        return Reading(
            platform_post_id=self.post.platform_post_id,
            columns=video_columns(said) if self.is_video else post_columns(said, fields),
            extra=extra_numbers(said, fields),
            kind=self._learned_kind(said),
            refused=frozenset(self.refused),
        )

    def _learned_kind(self, said: Mapping[str, Said]) -> str | None:
        """Only where the kind was unknown."""
        if self.post.kind is not None:
            return None
        if self.is_video:
            return "reel" if is_reel(said) else "video"
        return kind_of_status(self._status_type)

    @property
    def _status_type(self) -> Any:
        answer = self.node.answer if self.node is not None else None
        return answer.get("status_type") if isinstance(answer, dict) else None
