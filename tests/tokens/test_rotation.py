"""Sealing everything anew, on both databases, beside processes that store secrets."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from analytics_sync.locks import FileLocks
from analytics_sync.store import apps, credentials, rotation
from analytics_sync.store.advisory import AdvisoryLocks
from analytics_sync.tokens.rotation import Rotation
from analytics_sync.vault import Keys, Vault
from analytics_sync.vault.keys import new_key

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
OLD, NEW, LOST = new_key(), new_key(), new_key()


def vault(*keys):
    return Vault(Keys(keys, "a test"))


def add(database, box, secret="token"):
    with database.write() as connection:
        id = credentials.add(
            connection, platform="x", facts=credentials.Facts(), now=NOW, app_id=None
        )
        credentials.seal(connection, id, box.seal({"credential": id}, {"access_token": secret}))
    return id


def add_app(database, box):
    with database.write() as connection:
        id = apps.add(connection, platform="x", name="ours", client_id="client", now=NOW)
        apps.seal(connection, id, box.seal({"app": id}, {"client_secret": "secret"}))
    return id


def texts(database):
    with database.read() as connection:
        return {one.name: one.ciphertext for one in rotation.sealed(rotation.over(connection))}


@pytest.fixture
def locks(database, tmp_path):
    if database.path is not None:
        yield FileLocks(tmp_path / "locks")
        return
    made = AdvisoryLocks(database)
    yield made
    made.close()


@pytest.fixture
def rotating(database, locks, tmp_path):
    return Rotation(database, vault(NEW, OLD), locks, tmp_path / "journal")


@pytest.mark.postgres
def test_rows_and_journals_open_with_the_new_key_alone(database, rotating, tmp_path):
    one, other = add(database, vault(OLD)), add(database, vault(NEW))
    app = add_app(database, vault(OLD))
    lost = add(database, vault(LOST))
    folder = tmp_path / "journal"
    folder.mkdir()
    owner = {"credential": one, "journal": 1}
    sealed = vault(OLD).seal(owner, {"token": "renewed"})
    (folder / f"credential-{one}.journal").write_text(f"1 {sealed}\n")
    (folder / f"credential-{one}.draft").write_text(f"1 {sealed}\n")
    (folder / "credential-77.journal").write_text(f"4 {vault(LOST).seal(owner, {})}\n")
    before = texts(database)
    rotating.reseal()
    with rotating.proven() as told:
        pass
    assert (told.rows, told.journals) == (2, 1)
    assert told.unreadable == (f"credential {lost}", "credential-77.journal")
    after = texts(database)
    assert after[f"credential {other}"] == before[f"credential {other}"]
    assert after[f"credential {lost}"] == before[f"credential {lost}"]
    new = vault(NEW)
    assert new.open({"credential": one}, after[f"credential {one}"]) == {"access_token": "token"}
    assert new.open({"app": app}, after[f"app {app}"]) == {"client_secret": "secret"}
    version, text = (folder / f"credential-{one}.journal").read_text().split()
    assert version == "1"
    assert new.open(owner, text) == {"token": "renewed"}
    assert sorted(path.name for path in folder.iterdir()) == [
        f"credential-{one}.journal",
        "credential-77.journal",
    ]
    with database.read() as connection:
        assert credentials.get(connection, one).version == 1, "the secret is the same one"


@pytest.mark.postgres
def test_what_is_stored_under_the_old_key_after_the_pass_is_found(database, rotating):
    rotating.reseal()
    late = add(database, vault(OLD), "late")
    with rotating.proven() as told:
        assert told.rows == 1
    found = texts(database)[f"credential {late}"]
    assert vault(NEW).open({"credential": late}, found) == {"access_token": "late"}


def test_nobody_stores_a_secret_while_the_old_key_is_dropped(tmp_path, rotating, database):
    import threading

    add(database, vault(OLD))
    rotating.reseal()
    stored = threading.Event()

    def store():
        add(database, vault(NEW))
        stored.set()

    thread = threading.Thread(target=store)
    with rotating.proven():
        thread.start()
        assert not stored.wait(0.05)
    thread.join(30)
    assert stored.is_set()


def test_no_byte_of_an_old_ciphertext_is_left_in_the_files(tmp_path, rotating, database):
    if database.path is None:
        pytest.skip("PostgreSQL's files are its own")
    ids = [add(database, vault(OLD), "x" * 300) for _ in range(40)]
    for id in ids:
        # Renewed now and then, as in life, and some removed.
        with database.write() as connection:
            if id % 5 == 0:
                connection.exec_driver_sql(f"DELETE FROM credential WHERE id = {id}")
            else:
                text = vault(OLD).seal({"credential": id}, {"access_token": "y" * (id * 7)})
                credentials.seal(connection, id, text)
    old = list(texts(database).values())
    rotating.reseal()
    with rotating.proven():
        pass
    files = b"".join(
        path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("test.db")
    )
    for text in old:
        # Pieces, as a page holds less than all of it.
        assert not any(text[at : at + 40].encode() in files for at in range(20, len(text) - 40, 40))
    for text in texts(database).values():
        assert text[20:60].encode() in files, "the search would have found them"


def test_a_reader_that_stays_is_waited_for_and_then_told(rotating, database, monkeypatch):
    import sqlite3

    from analytics_sync.errors import Busy

    if database.path is None:
        pytest.skip("PostgreSQL keeps readers apart")
    monkeypatch.setattr("analytics_sync.store.database.BUSY_SECONDS", 0.05)
    add(database, vault(OLD))
    with closing(sqlite3.connect(database.path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM credential").fetchone()
        rotating.reseal()
        with pytest.raises(Busy, match="keeps old content in its WAL"), rotating.proven():
            raise AssertionError("nothing may be dropped now")
    with rotating.proven():
        pass
