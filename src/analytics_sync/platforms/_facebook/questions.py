"""What is asked about one Facebook post, and what must be asked after the first answers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from analytics_sync.domain.records import Post
from analytics_sync.errors import AnalyticsSyncError, CallFailed, Refused
from analytics_sync.platforms._facebook.numbers import (
    CLASSIC_VIDEO_METRICS,
    POST_METRICS,
    REEL_METRICS,
    VIDEO_POST_METRICS,
)
from analytics_sync.platforms._facebook.posts import is_full, kind_of_status
from analytics_sync.platforms._graph.batch import Answer
from analytics_sync.platforms._graph.errors import field_missing, is_gone_or_hidden, is_not_allowed
from analytics_sync.platforms._graph.requests import relative_url

# In the memory of refused metrics of a post: it is a video, which has no edge of this name.
NO_INSIGHTS = "insights"

NODE_FIELDS = "id,created_time,status_type,shares"
# Without pages_read_user_content these spoil the whole list of fields, which is then asked for
# again without them; with it they cost no request of their own.
SUMMARY_FIELDS = "comments.limit(0).summary(true),reactions.limit(0).summary(total_count)"


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
    with_summaries: bool = True
    is_video: bool = False
    insights: list[Question] = field(default_factory=list)
    node: Question | None = None
    summaries_refused: Refused | None = None
    refused: set[str] = field(default_factory=set)
    video_ids: list[str] = field(default_factory=list)

    @classmethod
    def about(cls, post: Post, page_id: str, *, with_summaries: bool) -> "Inquiry":
        inquiry = cls(post, page_id, with_summaries)
        post_id = post.platform_post_id
        inquiry.video_ids = list(dict.fromkeys([post_id, post_id.rpartition("_")[2]]))
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
    def full_id(self) -> str | None:
        """The whole id of a post that is known by its second half only. Videos have no other id."""
        if self.node is None or is_full(self.post.platform_post_id):
            return None
        return self.node.path

    def ask_as_post(self) -> None:
        """A bare number is most often the second half of a post's id, so that is tried first."""
        post_id = self.post.platform_post_id
        node = post_id if is_full(post_id) else f"{self.page_id}_{post_id}"
        metrics: dict[str, str | None] = dict.fromkeys(POST_METRICS, "post")
        if self.post.kind == "video":
            metrics |= dict.fromkeys(VIDEO_POST_METRICS, "video")
        fields = f"{NODE_FIELDS},{SUMMARY_FIELDS}" if self.with_summaries else NODE_FIELDS
        self.insights = [Question(f"{node}/insights", metrics=metrics)]
        self.node = Question(node, fields=fields)

    def ask_as_video(self) -> None:
        """Reels' and classic names apart, so that one family can't lose the other.

        Not known as a Reel, it may be a classic video, which lacks the Reels' plays.
        """
        self.is_video, self.node = True, None
        scope = "reel" if self.post.kind == "reel" else None
        edge = f"{self.video_ids.pop(0)}/video_insights"
        self.insights = [
            Question(edge, metrics=dict.fromkeys(names, scope))
            for names in (REEL_METRICS, CLASSIC_VIDEO_METRICS)
        ]

    def ask_without_summaries(self) -> Question | None:
        """The plain fields again, where the summaries may have spoiled them; else None."""
        if not self.asked_too_much or self.node is None:
            return None
        self.summaries_refused = self.node.refusal
        self.node.fields = NODE_FIELDS
        return self.node

    @property
    def asked_too_much(self) -> bool:
        """The fields were refused, and not because there is no such post."""
        refusal = self.node.refusal if self.node is not None and self._asks_summaries else None
        return refusal is not None and not is_gone_or_hidden(refusal)

    @property
    def summaries_missing(self) -> Refused | None:
        """The refusal, where comments and reactions are not allowed but the other fields are."""
        refusal, node = self.summaries_refused, self.node
        if refusal is None or node is None or not isinstance(node.answer, dict):
            return None
        return refusal if is_not_allowed(refusal) else None

    @property
    def summaries_told(self) -> bool:
        """Comments and reactions are allowed."""
        node = self.node
        return self._asks_summaries and node is not None and isinstance(node.answer, dict)

    @property
    def _asks_summaries(self) -> bool:
        return self.node is not None and SUMMARY_FIELDS in self.node.fields

    def turns_out_as_video(self) -> bool:
        """Whether the answers say that this is a video's own id, which has no `insights`."""
        refusals = [question.refusal for question in self.questions]
        missing = [field_missing(refusal) for refusal in refusals if refusal is not None]
        if not self.is_video and any(found and found[1] == "Video" for found in missing):
            return True
        may_be_video = self.is_video or not is_full(self.post.platform_post_id)
        return may_be_video and bool(self.video_ids) and not self.exists and self.is_gone

    def is_surely(self, scope: str | None) -> bool:
        """Whether it is of the kind that a scope stands for. A kind may be a user's mistake, and
        must not make all accounts forget a metric.
        """
        return scope != "video" or kind_of_status(self.status_type) == "video"

    @property
    def questions(self) -> list[Question]:
        return self.insights if self.node is None else [*self.insights, self.node]

    @property
    def exists(self) -> bool:
        """Some answer proves that the object is there."""
        return any(isinstance(question.answer, dict) for question in self.questions)

    @property
    def is_gone(self) -> bool:
        """Some answer says that there is no such object, or none for this token."""
        refusals = (question.refusal for question in self.questions)
        return any(refusal is not None and is_gone_or_hidden(refusal) for refusal in refusals)

    @property
    def status_type(self) -> Any:
        """What the post's own node says of its kind."""
        answer = self.node.answer if self.node is not None else None
        return answer.get("status_type") if isinstance(answer, dict) else None
