"""OAuth 2.0 as all log-ins share it: the form, its refusals by consequence, the token answer."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.credentials import App, OAuth1, Token
from analytics_sync.errors import (
    AnswerNotUnderstood,
    CallFailed,
    ConfigurationInvalid,
    CredentialRefused,
    RateLimited,
    Refused,
    Temporary,
    WrongUsage,
)
from analytics_sync.logs import redacted
from analytics_sync.platforms._oauth import (
    OAuthRules,
    Step,
    address,
    basic,
    beside,
    challenge_of,
    form_call,
    missing_of,
    moment_of,
    scopes_of,
    secret_of,
    span_of,
    token_of,
)
from analytics_sync.transport.call import Reply

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
APP = App("x", "client-1", "a-client-secret-of-mine", id=4, name="Agency")
CALL = form_call(
    "https://api.x.com/2/oauth2/token", {}, app=APP, label="X renewal", repeatable=False
)
BEFORE = Token(
    "old-access-token",
    "old-refresh-token",
    NOW,
    ("read", "offline"),
    refresh_expires_at=NOW + timedelta(days=300),
    account_tokens={"1": "page-token-1"},
    oauth1=OAuth1("key", "consumer", "token", "secret"),
    refreshes=False,
)


def answered(body, status=200, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, headers, raw, "X renewal")


def read(before=None, usual=None, asked=(), **fields):
    reply = answered({"access_token": "new-access-token", **fields})
    return token_of(reply, NOW, before=before, asked=asked, usual_life=usual)


def judged(step, status, body=b"", call=CALL, **headers):
    return OAuthRules("X", APP, step).failure(call, answered(body, status, **headers), NOW)


def refusal(error, description="words of the server"):
    return {"error": error, "error_description": description}


# --- the answer of a token endpoint ---------------------------------------------------------------


def test_a_whole_answer_is_read():
    token = read(
        expires_in=7200, refresh_token="new-refresh-token", scope="a b", token_type="bearer"
    )
    assert (token.access_token, token.refresh_token) == ("new-access-token", "new-refresh-token")
    assert (token.expires_at, token.issued_at) == (NOW + 2 * HOUR, NOW)
    assert token.scopes == ("a", "b")


@pytest.mark.parametrize("life", [7200, 7200.0, "7200", "7200.9", 7200.9])
def test_a_life_in_seconds_is_read_in_every_form_of_a_number(life):
    assert read(expires_in=life).expires_at == NOW + 2 * HOUR


@pytest.mark.parametrize(
    "life",
    [None, 0, -1, -7200, "", "soon", True, [], {}, 10**30, "9" * 5000, 1e300, "1e999", "nan", 0.2],
)
def test_a_life_that_cannot_be_meant_is_the_usual_one_or_none(life):
    assert read(expires_in=life).expires_at is None
    assert read(expires_in=life, usual=HOUR).expires_at == NOW + HOUR
    assert read(refresh_token_expires_in=life).refresh_expires_at is None


def test_json_numbers_beyond_all_bounds_are_no_life():
    body = b'{"access_token": "new-access-token", "expires_in": 1e400}'
    assert token_of(answered(body), NOW).expires_at is None


@pytest.mark.parametrize("refresh", [None, "", "  ", 7, [], "two words", "line\nbreak", "é" * 9])
def test_no_empty_or_odd_refresh_token_takes_the_place_of_one(refresh):
    token = read(BEFORE, refresh_token=refresh)
    assert token.refresh_token == "old-refresh-token"
    assert token.refresh_expires_at == BEFORE.refresh_expires_at
    assert read(refresh_token=refresh).refresh_token is None


def test_what_is_not_said_again_is_kept():
    token = read(BEFORE)
    assert (token.scopes, token.refreshes) == (BEFORE.scopes, False)
    assert (token.account_tokens, token.oauth1) == (BEFORE.account_tokens, BEFORE.oauth1)
    assert token.access_token == "new-access-token"


def test_another_refresh_token_does_not_take_over_the_end_of_the_first():
    assert read(BEFORE, refresh_token="another-refresh-token").refresh_expires_at is None
    same = read(BEFORE, refresh_token="old-refresh-token", refresh_token_expires_in=60)
    assert same.refresh_expires_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("a b", ("a", "b")),
        ("a,b", ("a", "b")),
        (" a , b,,a ", ("a", "b")),
        (["a", "b c", 3], ("a", "b", "c")),
    ],
)
def test_scopes_stand_between_spaces_or_commas_or_in_a_list(scope, names):
    assert read(scope=scope).scopes == scopes_of(scope) == names


@pytest.mark.parametrize("scope", [None, "", ",", 5, {}, []])
def test_scopes_that_are_not_said_are_those_asked_for(scope):
    assert read(scope=scope, asked=("a",)).scopes == ("a",)
    assert read(BEFORE, scope=scope, asked=("a",)).scopes == BEFORE.scopes


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Bad gateway</body></html>",
        b'{"access_token": "cut-off',
        b"[]",
        b"null",
        b'"access_token"',
        b"{}",
        b'{"access_token": ""}',
        b'{"access_token": null}',
        b'{"access_token": 12345678}',
        b'{"access_token": "two words"}',
        b'{"access_token": "line\\nbreak"}',
        b'{"access_token": "\xc3\xa9\xc3\xa9"}',
        b'{"access_token": "' + b"a" * 16_385 + b'"}',
        b'{"access_token": "a", "expires_in": NaN}',
        b"[" * 100_000,
    ],
)
def test_an_answer_without_a_token_is_not_understood(body):
    with pytest.raises(AnswerNotUnderstood) as caught:
        token_of(answered(body), NOW, before=BEFORE)
    assert "X renewal" in caught.value.message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {"access_token": st.just("a-usual-access-token") | json_values},
        optional=dict.fromkeys(
            ("refresh_token", "expires_in", "scope", "refresh_token_expires_in"), json_values
        ),
    )
)
def test_every_answer_gives_a_usable_token_or_is_not_understood(fields):
    body = json.dumps(fields).encode()
    try:
        token = token_of(answered(body), NOW, before=BEFORE)
    except AnswerNotUnderstood:
        return
    assert token.access_token.isprintable()
    assert token.refresh_token
    assert token.expires_at is None or token.expires_at > NOW
    assert token.refresh_expires_at is None or token.refresh_expires_at > NOW
    assert all(token.scopes)


def test_what_an_answer_holds_is_kept_out_of_logs_even_where_it_is_not_understood():
    answer = {"access_token": "", "refresh_token": "r-canary-1", "id_token": "i-canary-1"}
    with pytest.raises(AnswerNotUnderstood):
        token_of(answered(answer), NOW)
    assert redacted("got r-canary-1 and i-canary-1") == "got [redacted] and [redacted]"


@pytest.mark.parametrize("value", [None, "", 0, -1, True, "x", 10**14, 1.5, []])
def test_a_moment_that_cannot_be_meant_is_none(value):
    assert moment_of(value) is None


def test_moments_and_spans_are_seconds():
    assert moment_of(1_766_184_000) == moment_of("1766184000")
    assert moment_of(1_766_184_000) == datetime(2025, 12, 19, 22, 40, tzinfo=UTC)
    assert span_of(86_400) == timedelta(days=1)


def test_what_is_missing_is_known_only_where_the_granted_is():
    assert missing_of(("a", "b"), ("b",)) == ("a",)
    assert missing_of(("a", "b"), ()) == ()


# --- refusals by consequence ----------------------------------------------------------------------


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_request"])
def test_a_dead_grant_is_the_persons_to_mend(error):
    renewing = judged(Step.RENEW, 400, refusal(error, "Value passed for the token was invalid."))
    assert isinstance(renewing, CredentialRefused)
    assert "Value passed for the token was invalid)." in renewing.message
    assert "account connect" in renewing.hint
    exchanging = judged(Step.EXCHANGE, 400, refusal(error))
    assert isinstance(exchanging, WrongUsage)
    assert "account connect" in exchanging.hint


@pytest.mark.parametrize(
    ("lifetime", "words"), [(timedelta(seconds=30), "30 seconds"), (HOUR / 2, "30 minutes")]
)
def test_a_refused_code_says_how_long_codes_live(lifetime, words):
    rules = OAuthRules("X", APP, Step.EXCHANGE, lifetime)
    failure = rules.failure(CALL, answered(refusal("invalid_grant"), 400), NOW)
    assert isinstance(failure, WrongUsage)
    assert f"codes live {words}" in failure.hint


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, "invalid_client"),
        (400, "invalid_client"),
        (401, "unauthorized_client"),
        (400, "unauthorized_client"),
        (403, "invalid_client_id"),
        (401, "something_new"),
    ],
)
def test_an_app_that_is_not_taken_is_the_configurations_fault(step, status, error):
    failure = judged(step, status, refusal(error))
    assert isinstance(failure, ConfigurationInvalid)
    assert "app 4 ('Agency'), client id 'client-1'" in failure.message
    assert error in failure.message
    assert "platforms.x.client_id" in failure.hint


@pytest.mark.parametrize(
    "words",
    [
        "Missing required parameter [client_id].",
        'A required parameter "client_secret" is missing',
        "Missing valid authorization header",
    ],
)
def test_a_client_that_is_missed_says_nothing_about_the_grant(words):
    assert isinstance(
        judged(Step.RENEW, 400, refusal("invalid_request", words)), ConfigurationInvalid
    )


@pytest.mark.parametrize(
    "words", ["Missing required parameter [refresh_token].", "Content-Type must be a form"]
)
def test_another_thing_that_is_missed_kills_no_credential_either(words):
    failure = judged(Step.RENEW, 400, refusal("invalid_request", words))
    assert isinstance(failure, Refused)
    assert words.rstrip(".") in failure.message


def test_a_redirect_address_that_is_not_taken_is_named():
    failure = judged(Step.EXCHANGE, 400, refusal("invalid_redirect_uri"))
    assert isinstance(failure, ConfigurationInvalid)
    assert "redirect_uri" in failure.hint


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, refusal("server_error"), Temporary),
        (503, b"<html>down</html>", Temporary),
        (502, b"", Temporary),
        (408, b"", Temporary),
        (429, b"", RateLimited),
        (401, b"<html>proxy</html>", Refused),
        (403, b"<html>proxy</html>", Refused),
        (404, b"", Refused),
        (400, b"", Refused),
        (400, refusal("unsupported_grant_type"), Refused),
        (400, {"error": {"message": "not OAuth's shape"}}, Refused),
    ],
)
def test_what_tells_nothing_about_the_grant_ends_nothing(step, status, body, kind):
    assert type(judged(step, status, body)) is kind
    assert issubclass(kind, CallFailed | RateLimited)


@pytest.mark.parametrize("name", ["detail", "message"])
def test_words_in_another_envelope_are_told_too(name):
    failure = judged(Step.RENEW, 403, {name: "The app is suspended.", "status": 403})
    assert type(failure) is Refused
    assert "The app is suspended" in failure.message


def test_a_refusal_inside_a_200_is_one():
    assert isinstance(judged(Step.RENEW, 200, refusal("invalid_grant")), CredentialRefused)
    assert judged(Step.RENEW, 200, {"access_token": "a"}) is None
    assert judged(Step.RENEW, 200, b"<html>") is None


def test_a_limit_of_the_token_endpoint_rests_that_endpoint_alone():
    rules = OAuthRules("X", APP, Step.RENEW)
    (limit,) = rules.limits(CALL, answered(b"", 429, **{"retry-after": "60"}), NOW)
    assert (limit.bucket, limit.stop_until) == ("x:app:4:oauth", NOW + timedelta(minutes=1))
    assert not list(rules.limits(CALL, answered({}, 200), NOW))


def test_words_of_the_server_are_shown_in_one_line_and_without_secrets():
    call = form_call(
        CALL.url, {"refresh_token": "echoed-refresh-token"}, app=APP, label="X", repeatable=False
    )
    words = "no\n\tgood: echoed-refresh-token " + "x" * 900
    failure = judged(Step.RENEW, 400, refusal("invalid_grant", words), call)
    assert "no good: [redacted]" in failure.message
    assert "echoed" not in failure.message
    assert len(failure.message) < 500


# --- what is sent ---------------------------------------------------------------------------------


def test_a_form_is_posted_with_its_secrets_in_the_body_only():
    fields = {"grant_type": "refresh_token", "refresh_token": "a b+c/d=&é", "client_id": "client-1"}
    call = form_call(CALL.url, fields, app=APP, label="X renewal", repeatable=False)
    assert (call.method, call.repeatable, call.url) == ("POST", False, CALL.url)
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert {k: v[0] for k, v in parse_qs(call.body.decode()).items()} == fields
    assert "a b+c" not in repr(call)
    assert redacted("said a b+c/d=&é there") == "said [redacted] there"


def test_what_a_person_pasted_is_sent_whatever_it_is():
    call = form_call(CALL.url, {"code": "half \udc80 of it"}, app=APP, label="X", repeatable=False)
    assert call.body == b"code=half+%3F+of+it"


def test_a_confidential_client_shows_its_secret_by_basic():
    header = basic(APP, secret_of(APP))["Authorization"]
    scheme, _, pair = header.partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"client-1:a-client-secret-of-mine")
    assert pair not in redacted(f"sent {pair}")


def test_an_app_without_the_secret_that_it_needs_is_named():
    with pytest.raises(ConfigurationInvalid, match="the default app, client id 'c',") as caught:
        secret_of(App("linkedin", "c"))
    assert "app add linkedin" in caught.value.hint


def test_an_address_is_encoded_once_and_keeps_what_it_had():
    made = address("https://x.com/authorize?lang=en", {"scope": "a b", "state": "s&t=1/2?"})
    assert "scope=a%20b" in made
    assert parse_qs(urlsplit(made).query) == {
        "lang": ["en"],
        "scope": ["a b"],
        "state": ["s&t=1/2?"],
    }


@pytest.mark.parametrize("end", ["", "/"])
def test_other_addresses_stand_beside_that_of_tokens(end):
    assert beside(f"https://h/oauth/v2/accessToken{end}", "revoke") == "https://h/oauth/v2/revoke"


def test_the_challenge_of_pkce_is_made_as_in_the_rfc():
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert verifier not in redacted(f"verifier {verifier}")
