"""Each row of Meta's error table, told by the body's codes."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics_sync.errors import (
    AccountRefused,
    CredentialRefused,
    RateLimited,
    Refused,
    Temporary,
)
from analytics_sync.platforms._graph import rules
from analytics_sync.platforms._graph.errors import (
    field_missing,
    has_too_few_viewers,
    is_before_conversion,
    is_gone_or_hidden,
    is_not_allowed,
    redacted,
    wants_less,
)
from analytics_sync.platforms._graph.rules import GraphRules
from analytics_sync.transport.call import Call, Limit, Reply

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CALL = Call(
    url="https://graph.facebook.com/v26.0/1",
    label="one post",
    headers={"Authorization": "Bearer plaintokenofours"},
    buckets=("page", "credential", "app"),
)
RULES = GraphRules(
    title="Facebook",
    version="v26.0",
    usage_type="pages",
    account_bucket="page",
    credential_bucket="credential",
    app_bucket="app",
)


def reply(status: int, body: Any, **headers: str) -> Reply:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, told, body if isinstance(body, bytes) else json.dumps(body).encode())


def envelope(code: int, message: str = "no", **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, **more}}


def failure(status: int, body: Any, **headers: str) -> Exception | None:
    return RULES.failure(CALL, reply(status, body, **headers), NOW)


def refusal(code: int, message: str = "no", *, status: int = 400, **more: Any) -> Refused:
    found = failure(status, envelope(code, message, **more))
    assert isinstance(found, Refused)
    return found


# Tokens


@pytest.mark.parametrize(
    ("subcode", "words"),
    [
        (None, "the token is refused"),
        (458, "removed the app"),
        (459, "security check"),
        (460, "password was changed"),
        (463, "expired"),
        (464, "not confirmed"),
        (467, "no longer valid"),
        (492, "lost the role"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_dead_tokens(status: int, subcode: int | None, words: str) -> None:
    more = {} if subcode is None else {"error_subcode": subcode}
    found = failure(status, envelope(190, "Error validating access token", **more))
    assert isinstance(found, CredentialRefused)
    assert words in found.message
    assert found.hint


def test_session_code_is_a_dead_token_too() -> None:
    assert isinstance(failure(400, envelope(102)), CredentialRefused)


def test_a_lost_role_is_not_mended_by_a_new_token() -> None:
    found = failure(400, envelope(190, error_subcode=492))
    assert isinstance(found, CredentialRefused)
    assert "a new token alone does not help" in found.hint


# Permissions


@pytest.mark.parametrize("code", [3, 10, 200, 230, 299, 1705])
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_missing_permissions(code: int, status: int) -> None:
    found = refusal(code, status=status)
    assert is_not_allowed(found)
    assert found.reason == str(code)
    assert found.status == status


def test_too_few_viewers_is_no_missing_permission() -> None:
    found = refusal(10, "(#10) Not enough viewers for the media to show insights")
    assert has_too_few_viewers(found)
    assert not is_not_allowed(found)


# Limits


@pytest.mark.parametrize("status", [200, 400, 403, 429])
@pytest.mark.parametrize(
    ("code", "bucket"),
    [
        (4, "app"),
        (341, "app"),
        (17, "credential"),
        (32, "credential"),
        (613, "page"),
        (80000, "page"),
        (80001, "page"),
        (80002, "page"),
        (80014, "page"),
    ],
)
def test_throttles(code: int, bucket: str, status: int) -> None:
    found = failure(status, envelope(code, is_transient=True))
    assert isinstance(found, RateLimited)
    assert (found.bucket, found.until) == (bucket, NOW + HOUR)


@pytest.mark.parametrize(("minutes", "wait"), [(0, HOUR), (30, HOUR), (150, 150 * HOUR / 60)])
def test_a_throttle_lasts_as_long_as_estimated_and_at_least_an_hour(
    minutes: int, wait: timedelta
) -> None:
    usage = {"9": [{"type": "pages", "estimated_time_to_regain_access": minutes}]}
    header = {"x_business_use_case_usage": json.dumps(usage)}
    found = failure(400, envelope(80001), **header)
    assert isinstance(found, RateLimited)
    assert found.until == NOW + wait


def test_a_platform_code_explained_by_the_page_stops_only_the_page() -> None:
    """If both kinds of limit apply, that of the business use case wins."""
    usage = '{"9":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":5}]}'
    found = failure(400, envelope(4), x_business_use_case_usage=usage)
    assert isinstance(found, RateLimited)
    assert found.bucket == "page"
    both = failure(
        400, envelope(4), x_business_use_case_usage=usage, x_app_usage='{"call_count":100}'
    )
    assert isinstance(both, RateLimited)
    assert both.bucket == "app"


def test_a_throttle_is_also_told_as_a_limit() -> None:
    limits = list(RULES.limits(CALL, reply(400, envelope(32)), NOW))
    assert limits == [Limit(bucket="credential", stop_until=NOW + HOUR)]


def test_a_block_stops_the_connection_for_a_day_and_alerts() -> None:
    answer = reply(400, envelope(368, "deemed abusive"))
    found = RULES.failure(CALL, answer, NOW)
    assert isinstance(found, AccountRefused)
    assert found.code == "account_blocked"
    [day] = RULES.limits(CALL, answer, NOW)
    assert (day.bucket, day.stop_until) == ("credential", NOW + timedelta(days=1))
    assert "has blocked this connection" in day.reason


# Trouble


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, envelope(1)),
        (500, envelope(2)),
        (200, envelope(2)),
        (400, envelope(9999, is_transient=True)),
        (503, envelope(9999)),
        (500, b"<!doctype html><h1>error</h1>"),
        (502, b""),
    ],
)
def test_trouble_at_the_platform(status: int, body: Any) -> None:
    assert isinstance(failure(status, body), Temporary)


@pytest.mark.parametrize("status", [200, 400, 500])
def test_less_data_is_not_asked_for_again_as_it_was(status: int) -> None:
    words = "Please reduce the amount of data you're asking for, then retry your request"
    assert wants_less(refusal(1, words, status=status, is_transient=True))


# Refusals


@pytest.mark.parametrize("code", [803, 100])
def test_gone_or_hidden(code: int) -> None:
    more = {"error_subcode": 33} if code == 100 else {}
    found = refusal(code, "Object with ID 'x'", **more)
    assert is_gone_or_hidden(found)
    assert not is_not_allowed(found)


def test_gone_or_hidden_by_its_words_where_the_subcode_is_missing() -> None:
    words = "Object with ID '5' does not exist, cannot be loaded due to missing permissions, or"
    assert is_gone_or_hidden(refusal(100, words))
    assert not is_gone_or_hidden(refusal(100, "(#100) other"))


def test_before_conversion_is_told_in_any_language() -> None:
    found = refusal(
        100, "Ungültiger Parameter", error_subcode=2108006, error_user_msg="Der Beitrag"
    )
    assert is_before_conversion(found)
    assert found.reason == "100/2108006"
    assert found.detail == "Ungültiger Parameter - Der Beitrag"


def test_ids_is_permanent_despite_its_status() -> None:
    words = "The ids query parameter is deprecated in v26.0+"
    assert refusal(100, words, status=500).reason == "100"


@pytest.mark.parametrize("code", [100, 2500, 3001, 803])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_mistakes_of_ours_are_final(code: int, status: int) -> None:
    assert refusal(code, status=status).reason == str(code)


def test_a_missing_field_is_named() -> None:
    words = "(#100) Tried accessing nonexisting field (insights) on node type (Video)"
    assert field_missing(refusal(100, words)) == ("insights", "Video")
    assert field_missing(refusal(100, "(#100) other")) is None


@pytest.mark.parametrize(
    "body",
    [envelope(104, "bad signature"), envelope(100, "Invalid appsecret_proof provided")],
)
def test_a_wrong_secret_is_a_matter_of_configuration(body: Any) -> None:
    found = failure(400, body)
    assert isinstance(found, AccountRefused)
    assert found.code == "configuration"
    assert "client_secret" in found.hint


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (404, Refused), (401, CredentialRefused), (429, RateLimited), (200, Refused)],
)
def test_unknown_codes_are_judged_by_status(status: int, kind: type) -> None:
    assert isinstance(failure(status, envelope(987654)), kind)


def test_an_answer_is_no_failure() -> None:
    assert failure(200, {"data": [{"message": 'he said "error"'}]}) is None
    assert failure(200, {"error_count": 1, "errors": [], "error": None}) is None
    assert failure(200, b'{"error": half') is None


@pytest.mark.parametrize("code", ["190", 190.0])
def test_codes_of_other_types_are_understood(code: Any) -> None:
    assert isinstance(failure(400, envelope(code)), CredentialRefused)


# Secrets


def test_tokens_in_messages_are_cut_out() -> None:
    words = (
        "Malformed plaintokenofours and EAABsbCS1iHgBAKtoken in "
        "https://x/?access_token=zzz&appsecret_proof=deadbeef&fields=id"
    )
    found = refusal(100, words, error_user_msg="plaintokenofours")
    for text in (found.message, found.detail, repr(found)):
        assert "plaintokenofours" not in text
        assert "EAAB" not in text
        assert "zzz" not in text
        assert "deadbeef" not in text
    assert "fields=id" in found.message


def test_redaction_leaves_other_words_alone() -> None:
    assert redacted("metric post_clicks of 1_2", ("", "x9")) == "metric post_clicks of 1_2"


# Versions


def test_another_version_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    rules.heed_version.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            list(RULES.limits(CALL, reply(200, {}, facebook_api_version="v21.0"), NOW))
        list(RULES.limits(CALL, reply(200, {}, facebook_api_version="v26.0"), NOW))
        list(RULES.limits(CALL, reply(200, {}), NOW))
    assert [record.getMessage() for record in caplog.records] == [
        "The Graph API answered as version v21.0, not v26.0: set graph_version to a version in use."
    ]
