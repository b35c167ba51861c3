"""No secret gets through, whatever surrounds it."""

import base64
import json
import time
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.logs import concealed, redact, redacted

TOKEN = "hunter2|s3cret-T0ken.x~y+z/w=="
NAMES = "access_token refresh_token client_secret appsecret_proof input_token fb_exchange_token code_verifier password accessToken clientSecret ANALYTICS_SYNC_KEY".split()  # fmt: skip


# Fixed, because workers that share the tests must name them alike.
KEY = "QmFzZTY0LW1hZGUtdXAta2V5LWZvci10ZXN0cy0zMi0="
CIPHERTEXT = (
    "gAAAAABrBHLh5cnnskfnBgLyZzKcOZKnk7q2Ki5PCxjde0VYKTb6a9CTZSi2TYgwmifTfOYftUXccV1mJM4SrI9BJsgt"
    "BrHvuA=="
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "form",
    [
        "{name}={token}",
        "GET https://graph.example/v26.0/me?fields=id&{name}={token}&limit=1 failed",
        "{name}: {token}",
        "{{'{name}': '{token}', 'id': '1'}}",
        '{{"{name}": "{token}", "id": "1"}}',
        '{{"{name}":"{token}"}}',
        '"{{\\"{name}\\":\\"{token}\\"}}"',
        "{{'{name}': b'{token}'}}",
        '{{"{name}": "{token}',
        "relative_url=me%3F{name}%3D{token}%26fields%3Did",
        "{name} = '{token}'",
    ],
)
def test_a_named_secret_goes_in_every_form(name: str, form: str) -> None:
    text = form.format(name=name, token=TOKEN)
    assert "s3cret" not in redacted(text)
    assert "hunter2" not in redacted(text)
    assert "[redacted]" in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"authorization: bearer {TOKEN}",
        f"{{'Authorization': 'Bearer {TOKEN}'}}",
        f"(b'authorization', b'Bearer {TOKEN}')",
        f"sent Bearer {TOKEN} to x",
        f"Authorization: {TOKEN}",
        f"Authorization=OAuth {TOKEN}",
    ],
)
def test_a_header_with_a_token(text: str) -> None:
    assert "s3cret" not in redacted(text)


def test_a_basic_header() -> None:
    encoded = base64.b64encode(b"client-id:s3cret-T0ken").decode()
    assert encoded[:10] not in redacted(f"Authorization: Basic {encoded}")
    assert encoded[:10] not in redacted(f"[('authorization', 'Basic {encoded}')]")


def test_a_password_in_an_address() -> None:
    text = "can't connect to postgresql://me:hunter2@db.example/name"
    assert redacted(text) == "can't connect to postgresql://me:[redacted]@db.example/name"


@pytest.mark.parametrize(
    "shape",
    [
        KEY,
        CIPHERTEXT,
        "EAAG" + "mZ" * 40,
        "IGAAX" + "mZ" * 40,
        "AQ" + "xV_-" * 20,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    ],
)
@pytest.mark.parametrize("form", ["{}", "x {}.", "'{}'", "({})", "a={}&b", "/{}/"])
def test_what_looks_like_a_key_or_token(shape: str, form: str) -> None:
    assert shape[8:20] not in redacted(form.format(shape))


@pytest.mark.parametrize(
    "text",
    [
        "Business 1 sync complete: 45/50 posts synced",
        "Scheduled analytics sync complete: 145/200 posts synced, 5 failures in 120.45s",
        "the token of account 3 was refused; a new access token is needed",
        "GET https://api.x.com/2/tweets?ids=1,2,3&pagination_token=abc: 429, code=88",
        "urn:li:organization:1000 at 2026-11-23T14:00:00Z",
        "/home/me/.local/share/analytics-sync/analytics-sync.db",
        "Basic access is enough; Basic authentication is not used",
        "Add the account again with a fresh token: `analytics-sync account add`.",
        "the token file a.txt holds no access token: expected one line of printable characters.",
        'Write a bare token, or {"access_token": "..."}.',
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redacted(text) == text


class TestTold:
    """Secrets that it was told of go wherever they stand."""

    def test_bytes_that_are_no_text_are_kept_too(self) -> None:
        redact("pasted-\udc80-canary")
        assert redacted("got pasted-\udc80-canary") == "got [redacted]"

    def test_plain_and_as_in_an_address(self) -> None:
        redact(" pass word/1\n")
        for form in ("pass word/1", quote("pass word/1", safe=""), urlencode({"q": "pass word/1"})):
            assert redacted(f"<{form}>") in ("<[redacted]>", "<q=[redacted]>")

    def test_the_longer_one_goes_first(self) -> None:
        redact("secret-part")
        redact("the-secret-part-whole")
        assert redacted("x the-secret-part-whole y") == "x [redacted] y"

    def test_too_short_ones_would_tear_holes(self) -> None:
        redact("12345")
        assert redacted("12345 posts") == "12345 posts"

    @given(
        st.lists(st.text("abXY12 /+%&=é", min_size=6, max_size=20), min_size=1, max_size=4),
        st.text(max_size=10),
        st.text(max_size=10),
    )
    def test_no_told_secret_is_left(self, secrets: list[str], before: str, after: str) -> None:
        told = [secret for secret in secrets if len(secret.strip()) >= 6]
        for secret in told:
            redact(secret)
        text = redacted(before + after.join(told))
        assert not any(secret.strip() in text for secret in told)


@given(
    st.sampled_from(NAMES),
    st.text("abcXYZ0189-._~+/|%", min_size=8, max_size=60),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_a_named_secret_goes_whatever_stands_around_it(
    name: str, token: str, before: str, after: str
) -> None:
    for text in (f"{before} {name}={token} {after}", f"{before}{json.dumps({name: token})}{after}"):
        rest = redacted(text)
        assert token not in rest.replace(before, "").replace(after, "")


@given(st.text())
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "access_token=" * 20_000,
        "access_token" * 20_000,
        "://" * 50_000,
        "://a:" * 50_000,
        '"token": "' + "\\" * 100_000,
        "token" + " " * 100_000,
        "Bearer " * 20_000,
        "Bearer" + " " * 100_000,
        "authorization: " * 10_000,
        "-eyJaaaaaaaa" * 20_000,
        "-EAA" * 20_000,
    ],
)
def test_a_huge_text_takes_no_more_than_its_share_of_time(text: str) -> None:
    started = time.process_time()
    redacted(text)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "GET /callback?state=4f2Zq_x81&code=V1hR-77_a%3D HTTP/1.1",
            "GET /callback?state=[redacted]&code=[redacted] HTTP/1.1",
        ),
        (
            "grant_type=authorization_code&code=V1hR77a9&code_verifier=abcdefgh",
            "grant_type=authorization_code&code=[redacted]&code_verifier=[redacted]",
        ),
        (
            'OAuth oauth_signature="a%2Bb%3D", oauth_signature_method="HMAC-SHA1"',
            'OAuth oauth_signature="[redacted]", oauth_signature_method="HMAC-SHA1"',
        ),
        ("token_secret=abcdefgh", "token_secret=[redacted]"),
        ("passphrase: hunter2", "passphrase: [redacted]"),
        ("the state=active, the code=post_gone", "the state=active, the code=post_gone"),
    ],
)
def test_what_a_log_in_leaves_in_addresses_and_headers_is_taken_out(text, kept):
    assert redacted(text) == kept


def test_what_programs_read_loses_known_secrets_alone():
    secret = "concealed-4b1c-77de-and-long-enough"
    redact(secret)
    redact("short-1")
    told = f"short-1 {secret} access_token=abc"
    assert concealed(told) == "short-1 [redacted] access_token=abc"
