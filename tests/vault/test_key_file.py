"""Rotating a key file: each step is whole or did not happen."""

import os
import stat

import pytest

from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.vault import create_key_file
from analytics_sync.vault.key_file import begin, finish, is_rotating
from analytics_sync.vault.keys import keys_of_file


def test_a_new_key_is_put_before_the_others_and_at_the_end_it_is_alone(tmp_path):
    file = tmp_path / "key"
    old = create_key_file(file).texts[0]
    assert not is_rotating(file)
    new, *others = begin(file).texts
    assert others == [old]
    assert new != old
    assert is_rotating(file)
    finish(file, new)
    assert file.read_text() == f"{new}\n"
    assert not is_rotating(file)
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_a_rotation_that_was_broken_off_gets_no_further_key(tmp_path):
    create_key_file(tmp_path / "key")
    assert begin(tmp_path / "key") == begin(tmp_path / "key")


def test_keys_that_a_person_put_back_are_rotated_with_the_rest(tmp_path):
    file = tmp_path / "key"
    first, second = create_key_file(file).texts[0], create_key_file(tmp_path / "other").texts[0]
    file.write_text(f"# since May\n{first}\n{second}\n")
    new, *others = begin(file).texts
    assert others == [first, second]
    assert new not in others


def test_the_file_stays_its_owners_alone_whatever_the_umask(tmp_path):
    file = tmp_path / "key"
    create_key_file(file)
    if os.geteuid() == 0:
        os.chown(file, 12345, 12346)
    owner = file.stat().st_uid, file.stat().st_gid
    before = os.umask(0)
    try:
        begin(file)
    finally:
        os.umask(before)
    found = file.stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert (found.st_uid, found.st_gid) == owner


def test_a_link_to_the_key_stays_one(tmp_path):
    (tmp_path / "safe").mkdir()
    create_key_file(tmp_path / "safe/key")
    (tmp_path / "key").symlink_to("safe/key")
    begin(tmp_path / "key")
    assert (tmp_path / "key").is_symlink()
    assert is_rotating(tmp_path / "safe/key")


def test_nothing_is_dropped_when_somebody_else_has_changed_the_file(tmp_path):
    file = tmp_path / "key"
    create_key_file(file)
    new = begin(file).texts[0]
    other = create_key_file(tmp_path / "other").texts[0]
    file.write_text(f"{other}\n{file.read_text()}")
    before = file.read_text()
    with pytest.raises(ConfigurationInvalid, match="changed by something else"):
        finish(file, new)
    assert file.read_text() == before


def test_a_full_disk_leaves_the_keys_as_they_were(tmp_path, monkeypatch):
    file = tmp_path / "key"
    keys = create_key_file(file)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationInvalid, match="No space left"):
        begin(file)
    assert keys_of_file(file) == keys
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_what_a_kill_left_of_a_draft_is_replaced(tmp_path):
    create_key_file(tmp_path / "key")
    (tmp_path / "key.rotating").write_text("half a k")
    begin(tmp_path / "key")
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_without_a_file_there_is_nothing_to_rotate(tmp_path):
    with pytest.raises(ConfigurationInvalid, match="no key file"):
        begin(tmp_path / "key")
