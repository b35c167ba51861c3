from datetime import UTC, datetime, timedelta

import pytest

from analytics_sync.errors import (
    AnswerNotUnderstood,
    CredentialRefused,
    RateLimited,
    Refused,
    Temporary,
)
from analytics_sync.transport.call import Call, Reply
from analytics_sync.transport.statuses import default_failure

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
CALL = Call(
    url="https://api.x.com/2/tweets?access_token=planted-secret",
    label="recent posts",
    buckets=("x:tweets", "x:app:0"),
)


def _failure(status: int, call: Call = CALL, **headers: str) -> Exception | None:
    reply = Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")
    return default_failure(call, reply, NOW)


@pytest.mark.parametrize("status", [200, 201, 204, 206, 299])
def test_an_answer_is_no_failure(status: int) -> None:
    assert _failure(status) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, Temporary) for status in (408, 425, 500, 502, 503, 504, 599)),
        *((status, Refused) for status in (400, 402, 403, 404, 405, 410, 414, 422, 426, 451, 499)),
        *(
            (status, AnswerNotUnderstood)
            for status in (100, 300, 301, 302, 304, 308, 399, 600, 999)
        ),
        (401, CredentialRefused),
        (429, RateLimited),
    ],
)
def test_each_status_has_its_consequence(status: int, kind: type[Exception]) -> None:
    failure = _failure(status)
    assert type(failure) is kind
    assert "recent posts" in str(failure)
    assert "api.x.com" in str(failure)
    assert str(status) in str(failure)
    assert "planted-secret" not in str(failure)


def test_a_refusal_carries_its_status() -> None:
    failure = _failure(404)
    assert isinstance(failure, Refused)
    assert failure.status == 404


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30), ("Mon, 23 Nov 2026 14:01:00 GMT", 60), ("soon", 900)]
)
def test_a_limit_lasts_as_long_as_the_platform_says(header: str, seconds: int) -> None:
    failure = _failure(429, retry_after=header)
    assert isinstance(failure, RateLimited)
    assert failure.until == NOW + timedelta(seconds=seconds)
    assert failure.bucket == "x:tweets"


def test_a_limit_without_words_lasts_a_quarter_of_an_hour_in_a_bucket_of_the_call() -> None:
    failure = _failure(429, Call(url="https://api.x.com/", label="who am I"))
    assert isinstance(failure, RateLimited)
    assert failure.until == NOW + timedelta(minutes=15)
    assert failure.bucket == "who am I"
    assert "2026-11-23T14:15:00Z" in failure.message
