"""Files that root makes in a user's folder."""

import os

import pytest

from analytics_sync.ownership import open_or_make

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")


def test_a_missing_file_is_made_for_its_owner_alone(tmp_path):
    os.close(open_or_make(tmp_path / "lock", os.O_RDWR))
    found = (tmp_path / "lock").stat()
    assert (found.st_mode & 0o777, found.st_uid) == (0o600, tmp_path.stat().st_uid)


@ROOT_ONLY
def test_root_makes_it_for_the_owner_of_the_folder(tmp_path):
    os.chown(tmp_path, 12345, 12346)
    os.close(open_or_make(tmp_path / "lock", os.O_RDWR))
    found = (tmp_path / "lock").stat()
    assert (found.st_uid, found.st_gid) == (12345, 12346)


@ROOT_ONLY
def test_root_gives_away_nothing_that_was_there(tmp_path):
    (tmp_path / "system").touch()
    folder = tmp_path / "home"
    folder.mkdir()
    os.chown(folder, 12345, 12346)
    (folder / "lock").symlink_to(tmp_path / "system")
    os.close(open_or_make(folder / "lock", os.O_RDWR))
    assert (tmp_path / "system").stat().st_uid == os.geteuid()


def test_no_file_is_made_behind_a_link_to_nowhere(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        open_or_make(tmp_path / "lock", os.O_RDWR)
    assert not (tmp_path / "elsewhere").exists()
