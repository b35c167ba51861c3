"""Access tokens: the forms in which they come in, and how a run gets at them."""

import asyncio
import json
import os
import shlex
import sys
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.credentials import OAuth1
from analytics_sync.errors import CredentialRefused, WrongUsage
from analytics_sync.logs.redaction import redacted
from analytics_sync.tokens import Token, from_command, parse_token


def command(code):
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


@pytest.mark.parametrize("text", ["AAAA%2Fbc-_.~", "  AAAA%2Fbc-_.~\r\n", "\ufeffAAAA%2Fbc-_.~\n"])
def test_a_bare_token_is_taken_with_what_editors_put_around_it(text):
    assert parse_token(text, "the file") == Token("AAAA%2Fbc-_.~")


def test_json_gives_the_rest_and_unknown_keys_are_ignored():
    told = {
        "access_token": "abcdef",
        "refresh_token": "r",
        "expires_at": "2026-12-31T01:00:00+01:00",
        "scopes": ["a", "b"],
        "token_type": "bearer",
    }
    expected = Token("abcdef", "r", datetime(2026, 12, 31, tzinfo=UTC), ("a", "b"))
    assert parse_token(json.dumps(told), "the file") == expected


def test_the_end_of_a_refresh_token_may_be_told():
    told = {"access_token": "abcdef", "refresh_token_expires_at": "2027-11-23T14:00:00Z"}
    parsed = parse_token(json.dumps(told), "the file")
    assert parsed.refresh_expires_at == datetime(2027, 11, 23, 14, tzinfo=UTC)


SIGNED = {
    "consumer_key": "the key",
    "consumer_secret": "the-secret-of-the-app",
    "access_token": "12-the-users-token",
    "access_token_secret": "the-secret-of-the-token",
}


def test_oauth_1_tokens_come_with_all_that_signs():
    told = SIGNED | {"consumer_key": "the-key"}
    parsed = parse_token(json.dumps(told), "the file")
    assert parsed.oauth1 == OAuth1(
        "the-key", "the-secret-of-the-app", "12-the-users-token", "the-secret-of-the-token"
    )
    assert (parsed.access_token, parsed.expires_at) == ("12-the-users-token", None)
    for secret in ("the-secret-of-the-app", "12-the-users-token", "the-secret-of-the-token"):
        assert secret not in repr(parsed)
        assert secret not in redacted(f"X said {secret}.")


@pytest.mark.parametrize("name", ["consumer_key", "consumer_secret", "access_token_secret"])
def test_half_of_an_oauth_1_token_is_refused_by_name(name):
    told = {key: value for key, value in SIGNED.items() if key != name}
    with pytest.raises(WrongUsage, match=name):
        parse_token(json.dumps(told), "the file")
    with pytest.raises(WrongUsage, match=name):
        parse_token(json.dumps(SIGNED | {name: 5}), "the file")
    with pytest.raises(WrongUsage, match="space"):
        parse_token(json.dumps(SIGNED), "the file")


@pytest.mark.parametrize("scopes", ["a,b", "a b", ["a", "b"]])
def test_scopes_come_in_several_forms(scopes):
    text = json.dumps({"access_token": "abcdef", "scopes": scopes})
    assert parse_token(text, "the file").scopes == ("a", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("two words", "space or a line break"),
        ("one\ntwo", "space or a line break|one line"),
        ("tökén", "no access token"),
        ("a\0b", "no access token"),
        ("x" * 20_000, "no access token"),
        ("{", "begins like JSON"),
        ("{}", "access_token"),
        ('{"access_token": 5}', "access_token"),
        ('{"access_token": ""}', "no access token"),
        ('{"access_token": "abcdef", "expires_at": "2026-12-31T00:00:00"}', "no zone"),
        ('{"access_token": "abcdef", "expires_at": "soon"}', "not a time"),
        ('{"access_token": "abcdef", "expires_at": 5}', "not a time"),
        ('{"access_token": "abcdef", "refresh_token": 5}', "refresh_token"),
        ('{"access_token": "abcdef", "scopes": 5}', "scopes"),
    ],
)
def test_what_is_no_token_is_refused_with_words_and_its_source(text, words):
    with pytest.raises(WrongUsage, match=words) as caught:
        parse_token(text, "the token file a.txt")
    assert "a.txt" in caught.value.message


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text):
    try:
        found = parse_token(text, "the file")
    except WrongUsage:
        return
    assert found.access_token.isascii()
    assert not any(character.isspace() for character in found.access_token)


def test_a_token_is_never_shown():
    assert "hunter2" not in repr(Token("hunter2hunter2", "hunter2hunter2"))


def test_a_command_prints_the_token():
    found = asyncio.run(from_command(command("print('secret-token')")))
    assert found.access_token == "secret-token"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(3)", "ended with 3"),
        ("print()", "is empty"),
        ("print('two words')", "space"),
    ],
)
def test_a_command_that_gives_no_token_refuses_the_credential(code, words):
    with pytest.raises(CredentialRefused, match=words):
        asyncio.run(from_command(command(code)))


@pytest.mark.parametrize("text", ["/no/such/program", "unbalanced '", ""])
def test_a_command_that_cannot_be_run_refuses_the_credential(text):
    with pytest.raises(CredentialRefused):
        asyncio.run(from_command(text))


def test_a_command_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr("analytics_sync.tokens.command.COMMAND_SECONDS", 0.2)
    begun = time.monotonic()
    with pytest.raises(CredentialRefused, match="took more than"):
        asyncio.run(from_command(command("import time; time.sleep(60)")))
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("print('a' * 1_000_000)", id="more than is read"),
        pytest.param(
            "import subprocess; subprocess.Popen(['sleep', '60']); print('a' * 1_000_000)",
            id="and leaves a program that holds its output",
        ),
    ],
)
def test_a_command_that_prints_too_much_holds_nobody_up(code):
    started = time.monotonic()
    with pytest.raises(CredentialRefused, match="larger than 64 KiB"):
        asyncio.run(from_command(command(code)))
    assert time.monotonic() - started < 30


def test_what_a_command_left_running_ends_with_it(monkeypatch, tmp_path):
    monkeypatch.setattr("analytics_sync.tokens.command.COMMAND_SECONDS", 0.5)
    pipe = tmp_path / "held"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    text = f"import subprocess; subprocess.Popen(['sleep', '60'], stderr=open({str(pipe)!r}, 'w'))"
    with pytest.raises(CredentialRefused, match="took more than"):
        asyncio.run(from_command(command(text)))
    # The end of the pipe, at which somebody who lives would be waited for.
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""
    os.close(reader)
