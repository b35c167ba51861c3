"""Journals and facts: what goes in comes out, for its own credential alone."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.credentials import OAuth1, Token
from analytics_sync.errors import CredentialRefused
from analytics_sync.platforms import all_platforms
from analytics_sync.platforms._x.login import LOGIN
from analytics_sync.tokens import facts_of, login_at
from analytics_sync.tokens.journal import Journal, fingerprint
from analytics_sync.vault import Keys, Vault

VAULT = Vault(Keys((Fernet.generate_key().decode(),), "the test"))
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
OLD = Token("old", "refresh")

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
moments = st.none() | st.integers(0, 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds))
tokens = st.builds(
    Token,
    access_token=words,
    refresh_token=st.none() | words,
    expires_at=moments,
    scopes=st.lists(words, max_size=2).map(tuple),
    refresh_expires_at=moments,
    issued_at=moments,
    account_tokens=st.dictionaries(words, words, max_size=2),
    oauth1=st.none() | st.builds(OAuth1, words, words, words, words),
    refreshes=st.booleans(),
)


def written(folder, token, *, id=1, version=3):
    journal = Journal(Path(folder) / "journal", VAULT)
    with journal.draft(id) as draft:
        draft.put(version, token, OLD)
    return journal


@given(tokens)
def test_a_token_comes_out_as_it_went_in(token):
    with tempfile.TemporaryDirectory() as folder:
        journal = written(folder, token)
        entry = journal.read(1, 3)
        assert entry.token == token
        assert entry.token.account_tokens == token.account_tokens
        assert entry.replaces == fingerprint(OLD)
        assert [path.name for path in journal.folder.iterdir()] == ["credential-1.journal"]
        content = journal.path(1).read_bytes()
        assert b"old" not in content
        assert journal.path(1).stat().st_mode & 0o077 == 0


@given(st.binary(max_size=80))
def test_whatever_lies_there_is_never_taken_for_a_token(content):
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), VAULT)
        journal.path(1).write_bytes(content)
        try:
            assert journal.read(1, 3) is None
            assert journal.path(1).with_suffix(".unreadable").read_bytes() == content
        except CredentialRefused:
            assert journal.path(1).read_bytes() == content


def test_a_journal_opens_for_its_own_credential_and_version_alone(tmp_path):
    journal = written(tmp_path, Token("new"))
    journal.path(1).rename(journal.path(2))
    with pytest.raises(CredentialRefused):
        journal.read(2, 3)
    version, _, ciphertext = journal.path(2).read_text().partition(" ")
    journal.path(1).write_text(f"{int(version) + 1} {ciphertext}")
    with pytest.raises(CredentialRefused):
        journal.read(1, 3)
    # Once the row has another token, what can't be opened is kept aside, and in nobody's way.
    assert journal.read(1, 5) is None
    assert not journal.lies(1)


def test_facts_tell_whether_a_token_is_renewed_and_until_when():
    ends = NOW + timedelta(hours=2)
    renewed = Token("a", "r", ends, ("tweet.read",), refresh_expires_at=NOW + timedelta(days=365))
    facts = facts_of(renewed, LOGIN, subject="Ada", subject_id="7", scopes=("other",))
    assert (facts.subject, facts.subject_id, facts.scopes) == ("Ada", "7", ("tweet.read",))
    assert (facts.expires_at, facts.renews) == (ends, True)
    assert facts.renew_until == NOW + timedelta(days=365)
    for token, login in (
        (renewed, None),
        (Token("a", None, ends), LOGIN),
        (Token("a", "r", ends, refreshes=False), LOGIN),
    ):
        facts = facts_of(token, login, scopes=("told",))
        assert (facts.renews, facts.renew_until) == (False, None)
    assert facts.scopes == ("told",)


def test_a_kind_that_is_unknown_has_no_log_in():
    instagram = all_platforms()["instagram"]
    assert login_at(instagram, "no such kind") is None
    assert login_at(None, None) is None
    assert login_at(instagram, "facebook-login").platform == "facebook"
