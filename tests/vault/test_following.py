"""A vault that was opened before a rotation goes on with the keys of after it."""

import shutil

import pytest

from analytics_sync.errors import CredentialRefused
from analytics_sync.vault import Keys, Vault, create_key_file, open_vault
from analytics_sync.vault.key_file import begin, finish
from analytics_sync.vault.sealing import opens

OWNER = {"credential": 5}
SECRET = {"access_token": "the-access-token"}


def opened(key_file, **environ):
    return open_vault(key_file, environ, (), holds_secrets=lambda: True)


def rotate(key_file, *texts):
    """Rotate, and give what became of the texts."""
    keys = begin(key_file)
    after = [Vault(keys).reseal(text) or text for text in texts]
    finish(key_file, keys.texts[0])
    return after


def test_it_seals_with_the_new_key_as_soon_as_there_is_one(tmp_path):
    create_key_file(tmp_path / "key")
    vault = opened(tmp_path / "key")
    vault.seal(OWNER, SECRET)
    new, old = begin(tmp_path / "key").texts
    text = vault.seal(OWNER, SECRET)
    assert opens(new, text)
    assert not opens(old, text)


@pytest.mark.parametrize("used", [True, False])
def test_it_opens_what_was_sealed_anew(tmp_path, used):
    create_key_file(tmp_path / "key")
    vault = opened(tmp_path / "key")
    before = opened(tmp_path / "key").seal(OWNER, SECRET)
    if used:
        vault.open(OWNER, before)
    (after,) = rotate(tmp_path / "key", before)
    assert vault.open(OWNER, after) == SECRET
    with pytest.raises(CredentialRefused):
        vault.open(OWNER, before)


def test_a_unit_that_began_with_the_old_key_goes_on(tmp_path):
    """systemd copies the key when the unit starts; the key file is what it was copied from."""
    create_key_file(tmp_path / "key")
    (tmp_path / "credentials").mkdir()
    shutil.copy(tmp_path / "key", tmp_path / "credentials/analytics-sync.key")
    vault = opened(tmp_path / "key", CREDENTIALS_DIRECTORY=str(tmp_path / "credentials"))
    before = vault.seal(OWNER, SECRET)
    (after,) = rotate(tmp_path / "key", before)
    assert vault.open(OWNER, after) == SECRET
    assert Vault(vault.keys).open(OWNER, vault.seal(OWNER, SECRET)) == SECRET
    new = (tmp_path / "key").read_text().strip()
    assert opens(new, vault.seal(OWNER, SECRET))


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_text("?")])
def test_a_key_file_that_is_gone_or_damaged_costs_no_token(tmp_path, damage):
    create_key_file(tmp_path / "key")
    vault = opened(tmp_path / "key")
    before = vault.seal(OWNER, SECRET)
    damage(tmp_path / "key")
    assert vault.open(OWNER, vault.seal(OWNER, SECRET)) == SECRET
    assert vault.open(OWNER, before) == SECRET


def test_resealing_keeps_the_secret_and_leaves_what_is_new_or_closed(tmp_path):
    old, new, other = (create_key_file(tmp_path / name).texts[0] for name in ("a", "b", "c"))
    both = Vault(Keys((new, old), "a test"))
    before = Vault(Keys((old,), "a test")).seal(OWNER, SECRET)
    after = both.reseal(before)
    assert after is not None
    assert Vault(Keys((new,), "a test")).open(OWNER, after) == SECRET
    assert both.reseal(after) is None
    closed = Vault(Keys((other,), "a test")).seal(OWNER, SECRET)
    assert both.reseal(closed) is None
    assert [both.can_open(text) for text in (before, after, closed)] == [True, True, False]


def test_a_row_without_a_secret_is_told_so(tmp_path):
    create_key_file(tmp_path / "key")
    with pytest.raises(CredentialRefused, match="backup without secrets"):
        opened(tmp_path / "key").open(OWNER, "")
