"""What is asked about one Instagram media, and what its answers come to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.metrics import Number
from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import CallFailed, Refused
from analytics_sync.platforms._graph.errors import (
    codes,
    field_missing,
    has_too_few_viewers,
    is_before_conversion,
    is_gone_or_hidden,
    is_not_allowed,
    wants_less,
)
from analytics_sync.platforms._graph.metrics import MetricRefusal, Said, metric_refusal
from analytics_sync.platforms._graph.requests import rows_of
from analytics_sync.platforms._instagram.asking import Question
from analytics_sync.platforms._instagram.media import (
    FEED,
    KIND_FIELDS,
    STORY,
    kind_of,
    product_of,
    product_said,
)
from analytics_sync.platforms._instagram.numbers import (
    COUNT_FIELDS,
    METRICS,
    NAVIGATION,
    NAVIGATION_BREAKDOWN,
    SCOPES,
    breakdown_numbers,
    columns,
    count_numbers,
    extra_numbers,
    said_numbers,
)


@dataclass(slots=True)
class Inquiry:
    """All questions about one post, in the order in which they become necessary.

    `node`: what kind it is. `insights`: its metrics. `taps`: the parts of a story's navigation.
    `counts`: the media's own fields, where it has no insights. `refused`: metrics newly found to
    be missing for this post. `hopeless`: no leaving out of metrics mends its refusal.
    """

    post: Post
    node: Question | None = None
    insights: Question | None = None
    taps: Question | None = None
    counts: Question | None = None
    refused: set[str] = field(default_factory=set)
    hopeless: bool = False

    @property
    def kind(self) -> str | None:
        """As the platform told it in this run, else as it is known."""
        return kind_of(self._node_answer) or self.post.kind

    @property
    def product(self) -> str | None:
        """The product type, which decides the metrics; None while it is unknown."""
        if self._node_answer:
            return product_said(self._node_answer) or product_of(self.kind or "")
        return None if self.post.kind is None else product_of(self.post.kind)

    @property
    def scope(self) -> str:
        """What metrics that the platform retired are remembered under."""
        return SCOPES[self.product or FEED]

    @property
    def _node_answer(self) -> Mapping[str, object]:
        answer = self.node.answer if self.node is not None else None
        return answer if isinstance(answer, dict) else {}

    # What to ask next.

    def next_questions(self, retired: Collection[str]) -> list[Question]:
        """What is to be asked now; nothing when all was asked or when a refusal must be mended."""
        if self.node is None and (self.product is None or self._may_be_a_reel):
            self.node = Question(self.post.platform_post_id, {"fields": KIND_FIELDS})
            return [self.node]
        if self.product is None:
            return []
        if self.insights is None or self._has_changed_its_product:
            self._open(retired)
        if self.counts is None and self._has_no_insights:
            fields = ",".join(("id", *COUNT_FIELDS))
            self.counts = Question(self.post.platform_post_id, {"fields": fields})
        asked = (self.insights if self._metrics_asked else None, self.taps, self.counts)
        return [question for question in asked if question is not None and question.answer is None]

    def _open(self, retired: Collection[str]) -> None:
        """The first questions for numbers, without metrics that are known to be refused."""
        gone = {*self.post.refused, *retired}
        wanted = [name for name in self._metrics if name not in gone]
        self.insights = Question.of_insights(self.post.platform_post_id, wanted)
        if NAVIGATION in wanted and NAVIGATION_BREAKDOWN not in gone:
            self.taps = Question.of_insights(
                self.post.platform_post_id, [NAVIGATION], NAVIGATION_BREAKDOWN
            )

    @property
    def _metrics(self) -> Sequence[str]:
        return METRICS[self.product or FEED]

    @property
    def _metrics_asked(self) -> Sequence[str]:
        return self.insights.metrics if self.insights is not None else ()

    @property
    def _may_be_a_reel(self) -> bool:
        """A video that lacks metrics of a video: imported lists often call Reels so."""
        trouble = self.trouble if self.post.kind == "video" else None
        return trouble is not None and not trouble.retired

    @property
    def _has_changed_its_product(self) -> bool:
        """The node told another product than the one whose metrics were asked for."""
        return not set(self._metrics_asked) <= set(self._metrics)

    @property
    def _has_no_insights(self) -> bool:
        """Posted before the account became professional, or no metric is left to ask for."""
        refusal = self.insights.refusal if self.insights is not None else None
        return not self._metrics_asked or (refusal is not None and is_before_conversion(refusal))

    # Refused metrics.

    @property
    def trouble(self) -> MetricRefusal | None:
        """Why the metrics were refused, where leaving some out may help."""
        refusal = self.insights.refusal if self.insights is not None else None
        if refusal is None or self.hopeless:
            return None
        return refused_metrics(refusal, self._metrics_asked)

    def leave_out(self, names: Collection[str]) -> None:
        """Ask again without these metrics."""
        assert self.insights is not None
        self.insights = self.insights.without(names)

    # What came of it.

    @property
    def decisive(self) -> Question | None:
        """The question whose answer decides, because those before it only led to it."""
        if self.insights is not None and self._has_no_insights:
            return self.counts
        return self.insights or self.node

    @property
    def is_finished(self) -> bool:
        """All was asked that had to be asked: not so when the account was stopped half-way."""
        last = self.decisive
        if last is None or last.answer is None or last.is_stopped or self.trouble is not None:
            return False
        return self.insights is not None or not isinstance(last.answer, dict)

    @property
    def lacks_permission(self) -> bool:
        refusal = self.decisive.refusal if self.decisive is not None else None
        return refusal is not None and self._is_not_allowed(refusal)

    @property
    def proves_permission(self) -> bool:
        """Insights were answered, or were refused for reasons that are looked at later."""
        refusal = self.insights.refusal if self.insights is not None else None
        if refusal is not None:
            return is_before_conversion(refusal) or self._has_too_few_viewers(refusal)
        return self.insights is not None and isinstance(self.insights.answer, dict)

    def outcome(self) -> Reading | PostFailure:
        """The reading, or why there is none. Only for what `is_finished`."""
        answer = self.decisive.answer if self.decisive is not None else None
        if isinstance(answer, dict):
            return self._reading()
        if isinstance(answer, Refused) and not wants_less(answer):
            return self._refused(answer)
        assert isinstance(answer, CallFailed)
        return self._failed(answer.code, answer.message, tried=False)

    def _refused(self, refusal: Refused) -> PostFailure:
        if is_gone_or_hidden(refusal):
            return self._failed(ErrorCode.POST_UNAVAILABLE, refusal.message, sighting=True)
        if self._has_too_few_viewers(refusal):
            return self._failed(ErrorCode.TOO_FEW_VIEWERS, refusal.message)
        if self._is_not_allowed(refusal):
            return self._failed(ErrorCode.PERMISSION_MISSING, refusal.message)
        return self._failed(ErrorCode.POST_REFUSED, refusal.message)

    def _has_too_few_viewers(self, refusal: Refused) -> bool:
        return self.product == STORY and has_too_few_viewers(refusal)

    def _is_not_allowed(self, refusal: Refused) -> bool:
        """Only stories are refused for few viewers; the same words of others mean the code."""
        return is_not_allowed(refusal) or (
            has_too_few_viewers(refusal) and not self._has_too_few_viewers(refusal)
        )

    def _failed(
        self, code: str, message: str, *, sighting: bool = False, tried: bool = True
    ) -> PostFailure:
        post_id = self.post.platform_post_id
        return PostFailure(post_id, str(code), message, sighting=sighting, tried=tried)

    def _reading(self) -> Reading:
        said, parts, counts = self._said(), self._parts(), self._counts()
        return Reading(
            platform_post_id=self.post.platform_post_id,
            columns=columns(said, counts, self.product or FEED),
            extra=extra_numbers(said, parts, counts),
            kind=self.kind if self.kind != self.post.kind else None,
            refused=frozenset(self._newly_refused()),
        )

    def _newly_refused(self) -> set[str]:
        """Without insights for ever: all of them, so that only the counts are asked from now on."""
        refused = set(self.refused)
        if self.insights is not None and self.insights.refusal is not None:
            refused |= set(self._metrics)
        if self.taps is not None and self.taps.refusal is not None:
            refused.add(NAVIGATION_BREAKDOWN)
        return refused - self.post.refused

    def _said(self) -> dict[str, Said]:
        answer = self.insights.answer if self.insights is not None else None
        return said_numbers(rows_of(answer)) if isinstance(answer, dict) else {}

    def _parts(self) -> dict[str, Number]:
        answer = self.taps.answer if self.taps is not None else None
        return breakdown_numbers(rows_of(answer)) if isinstance(answer, dict) else {}

    def _counts(self) -> dict[str, int]:
        answer = self.counts.answer if self.counts is not None else None
        return count_numbers(answer) if isinstance(answer, dict) else {}


def refused_metrics(refusal: Refused, asked: Sequence[str]) -> MetricRefusal | None:
    """Which metrics a refusal is about; without names where they must be found by asking less.

    None when it is about something else than metrics.
    """
    is_about_the_post = is_before_conversion(refusal) or is_gone_or_hidden(refusal)
    if codes(refusal)[0] != 100 or is_about_the_post or field_missing(refusal) is not None:
        return None
    return metric_refusal(refusal, asked) or MetricRefusal(retired=False, names=())
