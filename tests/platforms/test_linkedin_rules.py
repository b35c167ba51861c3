"""Every row of LinkedIn's failure table, and what repeated answers mean."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from analytics_sync.errors import (
    AccountRefused,
    AnswerNotUnderstood,
    CredentialRefused,
    PlatformStopped,
    RateLimited,
    Refused,
    Temporary,
)
from analytics_sync.platforms._linkedin.calls import Api
from analytics_sync.platforms._linkedin.organization import statistics_call
from analytics_sync.platforms._linkedin.rules import REFRESH_LAG, InputRefused, LinkedInRules
from analytics_sync.transport.call import Limit
from support.linkedin_script import context, input_refusal, refusal, reply, share

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)

APPLICATION_DAY = refusal(
    429,
    service=101,
    message="Resource level throttle APPLICATION DAY limit for calls to this resource is reached.",
)
MEMBER_DAY = refusal(
    429, "TOO_MANY_REQUESTS", 429, "Resource level throttle MEMBER DAY limit is reached."
)
UNEXPLAINED = refusal(429, "TOO_MANY_REQUESTS", message="Too many requests")


@pytest.fixture
def rules() -> LinkedInRules:
    return LinkedInRules("202607")


@pytest.fixture
def one_post():
    made, _ = context(lambda _: {})
    return Api.of(made).get("posts", share(1))


@pytest.fixture
def other_post():
    made, _ = context(lambda _: {})
    return Api.of(made).get("posts", share(2))


@pytest.fixture
def statistics():
    made, _ = context(lambda _: {})
    return statistics_call(made)


def test_success_is_an_answer_to_read(rules, one_post):
    assert rules.failure(one_post, reply({}), NOW) is None
    assert list(rules.limits(one_post, reply({}), NOW)) == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refusal(400, "QUERY_PARAM_NOT_ALLOWED"), "QUERY_PARAM_NOT_ALLOWED"),
        (refusal(400, "INVALID_URN_TYPE"), "INVALID_URN_TYPE"),
        (refusal(400, "FIELD_INVALID"), "FIELD_INVALID"),
        (refusal(400), ""),
        (refusal(403, "ACCESS_DENIED", 100), "ACCESS_DENIED"),
        (refusal(403, service=100), "100"),
        (refusal(404, "NOT_FOUND"), "NOT_FOUND"),
        (refusal(405), ""),
        (refusal(411), ""),
        (refusal(414), ""),
        (reply(b"<html>Request-URI Too Large</html>", 414), ""),
        (refusal(422, "UNPROCESSABLE"), "UNPROCESSABLE"),
    ],
)
def test_what_linkedin_says_no_to_is_refused_with_its_code(rules, one_post, answer, reason):
    failure = rules.failure(one_post, answer, NOW)
    assert isinstance(failure, Refused)
    assert not isinstance(failure, AccountRefused)
    assert (failure.status, failure.reason) == (answer.status, reason)
    assert f"HTTP {answer.status}" in failure.message


def test_the_parameter_at_fault_is_named(rules, one_post):
    failure = rules.failure(one_post, input_refusal("ids[3]", "QUERY_PARAM_NOT_ALLOWED"), NOW)
    assert isinstance(failure, InputRefused)
    assert (failure.reason, failure.field) == ("QUERY_PARAM_NOT_ALLOWED", "ids[3]")
    assert "ids[3]" in failure.message


def test_a_404_points_at_the_version_unless_a_post_was_asked_for(rules, one_post, statistics):
    failure = rules.failure(statistics, refusal(404), NOW)
    assert isinstance(failure, Refused)
    assert "202607" in failure.hint
    failure = rules.failure(one_post, refusal(404), NOW)
    assert isinstance(failure, Refused)
    assert "no such post" in failure.hint


def test_statistics_refused_for_lack_of_a_right_refuse_the_account(rules, statistics):
    failure = rules.failure(statistics, refusal(403, "ACCESS_DENIED", 100), NOW)
    assert isinstance(failure, AccountRefused)
    assert failure.code == "permission_missing"
    assert "ADMINISTRATOR" in failure.hint
    assert "rw_organization_admin" in failure.hint


@pytest.mark.parametrize("number", [1, 150])
def test_a_list_refused_for_lack_of_a_right_may_be_the_fault_of_one_post(rules, number):
    made, _ = context(lambda _: {})
    posts = [share(7_000_000_000_000_000_000 + n) for n in range(number)]
    failure = rules.failure(statistics_call(made, posts), refusal(403), NOW)
    assert isinstance(failure, Refused)


def test_a_missing_version_header_stops_the_platform(rules, one_post):
    failure = rules.failure(one_post, refusal(400, "VERSION_MISSING"), NOW)
    assert isinstance(failure, PlatformStopped)
    assert "LinkedIn-Version" in failure.message


@pytest.mark.parametrize(
    "answer",
    [
        refusal(426, "NONEXISTENT_VERSION", message="Requested version 20260701 is not active"),
        reply(b"<html>Upgrade Required</html>", 426),
    ],
)
def test_a_version_past_its_end_stops_the_platform_and_says_what_to_set(rules, one_post, answer):
    failure = rules.failure(one_post, answer, NOW)
    assert isinstance(failure, PlatformStopped)
    assert failure.code == "version_expired"
    assert "202607" in failure.message
    assert "`version` under [platforms.linkedin]" in failure.hint
    assert "YYYYMM" in failure.hint


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal(401, "INVALID_ACCESS_TOKEN", 65600), "not valid"),
        (refusal(401, service=65600), "not valid"),
        (refusal(401, "EXPIRED_ACCESS_TOKEN", 65602), "expired"),
        (refusal(401, service=65602), "expired"),
        (refusal(401, service=401, message="Empty oauth2_access_token"), "no token arrived"),
        (refusal(401, service=65604), "refuses the token"),
        (reply(b"", 401), "refuses the token"),
    ],
)
def test_a_refused_token_needs_a_person_at_once(rules, one_post, answer, words):
    failure = rules.failure(one_post, answer, NOW)
    assert isinstance(failure, CredentialRefused)
    assert words in failure.message
    assert "account add" in failure.hint


@pytest.mark.parametrize(
    "answer", [refusal(401, "REVOKED_ACCESS_TOKEN", 65601), refusal(401, service=65601)]
)
def test_a_revoked_token_is_tried_once_more(rules, one_post, statistics, answer):
    first = rules.failure(one_post, answer, NOW)
    assert isinstance(first, Temporary)
    assert first.least_wait == REFRESH_LAG
    assert isinstance(rules.failure(statistics, answer, NOW), Temporary)
    failure = rules.failure(one_post, answer, NOW)
    assert isinstance(failure, CredentialRefused)
    assert "withdrew" in failure.message


def test_the_code_goes_before_the_service_code_and_both_before_the_words(rules, one_post):
    answer = refusal(401, "EXPIRED_ACCESS_TOKEN", 65601, "The token has been revoked")
    failure = rules.failure(one_post, answer, NOW)
    assert isinstance(failure, CredentialRefused)
    assert "expired" in failure.message


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425])
def test_server_trouble_may_pass(rules, one_post, status):
    assert isinstance(rules.failure(one_post, refusal(status), NOW), Temporary)


def test_a_redirect_is_not_understood(rules, one_post):
    assert isinstance(rules.failure(one_post, reply(b"", 302), NOW), AnswerNotUnderstood)


def test_the_first_429_is_taken_for_a_burst(one_post):
    for answer in (APPLICATION_DAY, MEMBER_DAY, UNEXPLAINED):
        rules = LinkedInRules("202607")
        assert list(rules.limits(one_post, answer, NOW)) == []
        failure = rules.failure(one_post, answer, NOW)
        assert isinstance(failure, RateLimited)
        assert failure.until == NOW + timedelta(seconds=45)
        assert failure.bucket == "linkedin:credential:7:posts"


def test_calls_under_way_meet_the_same_burst(rules, one_post, other_post):
    rules.failure(one_post, UNEXPLAINED, NOW)
    second = rules.failure(other_post, UNEXPLAINED, NOW + timedelta(seconds=20))
    assert isinstance(second, RateLimited)
    assert second.until == NOW + timedelta(seconds=65)


def test_the_same_call_before_the_rest_is_over_meets_the_same_burst(rules, one_post):
    rules.failure(one_post, UNEXPLAINED, NOW)
    second = rules.failure(one_post, UNEXPLAINED, NOW + timedelta(seconds=20))
    assert isinstance(second, RateLimited)
    assert second.until == NOW + timedelta(seconds=45)


def test_once_the_quota_is_known_to_be_spent_no_call_of_that_endpoint_rests(
    rules, one_post, other_post
):
    rules.failure(one_post, UNEXPLAINED, NOW)
    rules.failure(one_post, UNEXPLAINED, NOW + timedelta(seconds=46))
    failure = rules.failure(other_post, UNEXPLAINED, NOW + timedelta(seconds=47))
    assert isinstance(failure, RateLimited)
    assert failure.until > MIDNIGHT


@pytest.mark.parametrize(
    ("answer", "bucket"),
    [
        (APPLICATION_DAY, "linkedin:app:2:posts"),
        (MEMBER_DAY, "linkedin:credential:7:posts"),
        (UNEXPLAINED, "linkedin:credential:7:posts"),
        (reply(b"slow down", 429), "linkedin:credential:7:posts"),
    ],
)
def test_a_429_after_the_rest_is_the_quota_of_the_utc_day(rules, one_post, answer, bucket):
    rules.failure(one_post, answer, NOW)
    later = NOW + timedelta(seconds=46)
    limits = list(rules.limits(one_post, answer, later))
    failure = rules.failure(one_post, answer, later)
    assert isinstance(failure, RateLimited)
    assert failure.bucket == bucket
    assert MIDNIGHT < failure.until <= MIDNIGHT + timedelta(minutes=5)
    assert limits == [Limit(bucket=bucket, stop_until=failure.until)]


def test_other_endpoints_are_not_meant_by_a_429(rules, one_post, statistics):
    rules.failure(one_post, UNEXPLAINED, NOW)
    failure = rules.failure(statistics, UNEXPLAINED, NOW + timedelta(seconds=46))
    assert isinstance(failure, RateLimited)
    assert failure.until == NOW + timedelta(seconds=46 + 45)


def test_an_answer_after_the_rest_proves_that_it_was_a_burst(rules, one_post):
    rules.failure(one_post, UNEXPLAINED, NOW)
    rules.failure(one_post, reply({}), NOW + timedelta(seconds=46))
    new = rules.failure(one_post, UNEXPLAINED, NOW + timedelta(seconds=50))
    assert isinstance(new, RateLimited)
    assert new.until == NOW + timedelta(seconds=95)


def test_each_run_begins_anew(one_post):
    for _ in range(2):
        failure = LinkedInRules("202607").failure(one_post, UNEXPLAINED, NOW)
        assert isinstance(failure, RateLimited)
        assert failure.until == NOW + timedelta(seconds=45)


def test_the_ids_by_which_linkedin_finds_a_call_are_told_and_logged(
    rules, one_post, caplog: pytest.LogCaptureFixture
):
    answer = reply(
        {"message": "no", "code": "NOT_FOUND"},
        404,
        x_li_uuid="AAX1",
        x_li_fabric="prod-lva1",
        x_li_request_id="R2",
    )
    with caplog.at_level(logging.DEBUG, logger="analytics_sync.platforms"):
        failure = rules.failure(one_post, answer, NOW)
    assert isinstance(failure, Refused)
    for trace in ("x-li-uuid=AAX1", "x-li-fabric=prod-lva1", "x-li-request-id=R2"):
        assert trace in failure.detail
        assert trace in caplog.text
    assert "TOKEN" not in caplog.text + failure.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b'{"code": 7, "serviceErrorCode": {}, "message": [1]}',
        b'{"errorDetails": {"inputErrors": []}}',
        b'{"errorDetails": {"inputErrors": ["x"]}}',
        b'{"errorDetails": {"inputErrors": [{"input": []}]}}',
        b"[" * 100_000,
    ],
)
def test_error_bodies_of_any_shape_are_read(rules, one_post, body):
    assert isinstance(rules.failure(one_post, reply(body, 400), NOW), Refused)
    assert isinstance(rules.failure(one_post, reply(body, 429), NOW), RateLimited)
    assert isinstance(rules.failure(one_post, reply(body, 401), NOW), CredentialRefused)
