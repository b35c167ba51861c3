"""A copied installation notices that it is one; a renamed or mounted one does not mind."""

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from hashlib import sha256

import pytest

from analytics_sync.errors import StoreUnusable, WrongUsage
from analytics_sync.store import residence
from analytics_sync.store.database import Database
from analytics_sync.store.light import reading
from analytics_sync.store.residence import Residence, check, other_home, settle, take_over
from support import ready


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine whose id can be changed; gives the file of it."""
    file = tmp_path / "machine-id"
    file.write_text("one machine\n")
    monkeypatch.setattr(residence, "MACHINE_IDS", (str(file),))
    return file


@pytest.fixture
def home(tmp_path, machine):
    """A home that was used where it is."""
    (tmp_path / "home").mkdir()
    with closing(ready.sqlite(tmp_path / "home/our.db")) as database:
        settle(database, "ourname")
    return tmp_path / "home"


def use(folder):
    with closing(Database(f"sqlite:///{folder / 'our.db'}")) as database:
        check(database)
        settle(database, "another name")


def told(folder):
    with closing(sqlite3.connect(folder / "our.db")) as connection:
        return connection.execute("SELECT name, lives_at FROM installation").fetchone()


def test_it_is_noted_once_and_used_again(home):
    name, before = told(home)
    assert name == "ourname"
    assert before.endswith(f" {os.path.realpath(home)}")
    assert "one machine" not in before
    assert before.startswith(f"{sha256(b'analytics-sync one machine').hexdigest()[:16]} ")
    use(home)
    assert told(home) == ("ourname", before)


def test_its_machine_is_known_again_by_a_python_without_hashes_of_its_own(home, monkeypatch):
    _, before = told(home)
    for name in ("_sha2", "_sha256"):
        monkeypatch.setitem(sys.modules, name, None)
    use(home)
    assert told(home) == ("ourname", before)


def test_one_of_an_older_release_or_that_was_scheduled_before_is_taken_as_it_is(home):
    with closing(sqlite3.connect(home / "our.db")) as connection, connection:
        connection.execute("UPDATE installation SET lives_at = NULL, name = 'kept', backend = 'x'")
    use(home)
    name, lives_at = told(home)
    assert name == "kept"
    assert lives_at is not None


def test_a_copy_is_refused_and_says_what_to_do(home, tmp_path):
    shutil.copytree(home, tmp_path / "copy")
    with pytest.raises(StoreUnusable) as caught:
        use(tmp_path / "copy")
    assert caught.value.exit_status == 78
    assert f"is in {os.path.realpath(home)} on this machine" in caught.value.message
    assert "db takeover" in caught.value.hint
    use(home)


def test_the_same_folder_on_another_machine_is_a_copy(home, machine):
    machine.write_text("another machine\n")
    with pytest.raises(StoreUnusable, match="on another machine"):
        use(home)


@pytest.mark.parametrize("ids", [("one\n", ""), ("", "one\n"), ("", "uninitialized\n")])
def test_where_a_machine_has_no_id_the_folder_counts(tmp_path, machine, ids):
    (tmp_path / "home").mkdir()
    ready.put_sqlite(tmp_path / "home/our.db")
    machine.write_text(ids[0])
    use(tmp_path / "home")
    machine.write_text(ids[1])
    use(tmp_path / "home")
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    with pytest.raises(StoreUnusable):
        use(tmp_path / "copy")


def test_a_home_that_was_renamed_goes_on_and_its_new_place_counts(home, tmp_path):
    home.rename(tmp_path / "renamed")
    use(tmp_path / "renamed")
    assert told(tmp_path / "renamed")[1].endswith("/renamed")


def test_a_link_to_the_home_is_the_home(home, tmp_path):
    (tmp_path / "link").symlink_to(home)
    before = told(home)
    use(tmp_path / "link")
    assert told(home) == before


def test_a_file_that_was_put_back_in_its_place_goes_on(home):
    shutil.copy(home / "our.db", home / "kept")
    (home / "our.db").unlink()
    shutil.move(home / "kept", home / "our.db")
    use(home)


def test_a_takeover_says_from_where_and_the_original_then_is_the_copy(home, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    url = f"sqlite:///{copy / 'our.db'}"
    with reading(url) as rows:
        assert other_home(rows, url) == f"{os.path.realpath(home)} on this machine"
    with closing(Database(url)) as database:
        before, here = take_over(database, "x")
        assert before == f"{os.path.realpath(home)} on this machine"
        assert here == os.path.realpath(copy)
        assert take_over(database, "x") == (None, here)
    use(copy)
    with reading(url) as rows:
        assert other_home(rows, url) is None


def test_another_machine_than_stored_by_nobody_of_us(home):
    with closing(sqlite3.connect(home / "our.db")) as connection, connection:
        connection.execute("UPDATE installation SET lives_at = 'nonsense'")
    use(home)


def test_a_folder_whose_name_is_no_text(tmp_path, machine):
    folder = tmp_path / os.fsdecode(b"h\xffme")
    folder.mkdir()
    assert Residence.of(folder / "our.db").folder.endswith("/h\\xffme")


def test_postgresql_lives_in_one_place():
    # Nobody asks the server, so there need be none.
    with closing(Database("postgresql://nobody@/none?host=/nowhere")) as database:
        check(database)
        settle(database, "x")
        with pytest.raises(WrongUsage):
            take_over(database, "x")
