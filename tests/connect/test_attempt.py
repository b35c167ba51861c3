"""What a person may paste, and which answers belong to an attempt."""

import pytest

from analytics_sync.connect.attempt import AnotherState, Attempt, LoginEnded, NoAnswer
from analytics_sync.logs import redacted

ATTEMPT = Attempt("LinkedIn", "http://localhost:8914/callback", "https://x", "the-state", "")


@pytest.mark.parametrize(
    "pasted",
    [
        "http://localhost:8914/callback?code=the-long-code&state=the-state",
        "  http://localhost:8914/callback?state=the-state&code=the-long-code#_=_ \n",
        "localhost:8914/callback?code=the-long-code&state=the-state",
        "code=the-long-code&state=the-state",
        "code=the-long-code state=the-state",
        "the-long-code the-state",
        '"http://localhost:8914/callback?state=the-state&code=the-long-code"',
        "<http://localhost:8914/callback?state=the-state&code=the-long-code>\n",
        "\x1b[200~http://localhost:8914/callback?state=the-state&code=the-long-code\x1b[201~",
    ],
)
def test_an_answer_is_taken_in_any_form(pasted: str) -> None:
    assert ATTEMPT.code_in(pasted) == "the-long-code"
    assert "the-long-code" not in redacted("a log of the-long-code"), "it is secret from now on"


@pytest.mark.parametrize(
    "pasted",
    ["", "the-long-code", "http://localhost:8914/callback", "a b c", "code=&state=", "x" * 20_000],
)
def test_what_holds_no_code_is_said(pasted: str) -> None:
    with pytest.raises(NoAnswer):
        ATTEMPT.code_in(pasted)


@pytest.mark.parametrize(
    "pasted",
    [
        "?code=c0de&state=other",
        "?code=c0de",
        "c0de the-stat\u00eb",
        "c0de the-stat\udceb",
        "code=c0de&state=\udcff",
        "?error=access_denied&state=",
    ],
)
def test_an_answer_of_another_attempt_is_refused(pasted: str) -> None:
    with pytest.raises(AnotherState):
        ATTEMPT.code_in(pasted)


def test_a_refusal_tells_the_platforms_words() -> None:
    with pytest.raises(LoginEnded, match="LinkedIn did not log you in: user_cancelled: I said no"):
        ATTEMPT.code_in("?error=user_cancelled&error_description=I+said+no.&state=the-state")


def test_a_scope_that_the_app_lacks_is_the_apps_matter() -> None:
    with pytest.raises(LoginEnded) as refused:
        ATTEMPT.code_in("?error=unauthorized_scope_error&state=the-state")
    assert "product" in refused.value.hint
