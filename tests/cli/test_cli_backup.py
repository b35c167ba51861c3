"""Backup, loss of the machine, restore on another; and a restore over what is there."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from analytics_sync.store import apps, credentials, residence
from analytics_sync.store.credentials import Facts
from analytics_sync.vault import wrapping
from support.house import House

PASSPHRASE = "correct horse battery staple"
SECRETS = ("the-access-token", "the-refresh-token", "the-client-secret", "the-digest")


@pytest.fixture(autouse=True)
def cheap_wrapping(monkeypatch):
    """Parameters are kept in the backup, so that a restore needs no such help."""
    monkeypatch.setattr(wrapping, "COST", 2**10)


@pytest.fixture
def filled(house, command):
    """A house with two accounts, an app and an API token."""
    house.populate("x", "linkedin", posts=3)
    with house.opened() as found, found.database.write() as connection:
        app = apps.add(
            connection, platform="x", name="ours", client_id="client", now=house.clock.now()
        )
        sealed = found.vault.seal({"app": app}, {"client_secret": "the-client-secret"})
        apps.seal(connection, app, sealed)
        connection.exec_driver_sql(
            "INSERT INTO api_token (name, digest, created_at) VALUES ('shim', 'the-digest', 0)"
        )
    command.set(house.environ)
    return house


def row(house, id):
    with house.opened() as found, found.database.read() as connection:
        return credentials.get(connection, id)


def secret(house, id):
    with house.opened() as found:
        return found.vault.open({"credential": id}, row(house, id).ciphertext)


def renew(house, id, **secret):
    """As a renewal does; gives the new version."""
    with house.opened() as found, found.database.write() as connection:
        before = credentials.get(connection, id)
        sealed = found.vault.seal({"credential": id}, {"access_token": "t", **secret})
        facts = Facts(expires_at=None, renews="refresh_token" in secret)
        assert credentials.swap(connection, id, before.version, sealed, facts)
    return before.version + 1


def ciphertexts(path):
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT ciphertext FROM credential UNION ALL SELECT ciphertext FROM app"
        return [text for (text,) in connection.execute(query)]


def elsewhere(house, tmp_path, command, monkeypatch):
    """Another machine with a new home, and the same platforms."""
    other = House.__new__(House)
    other.__dict__.update(house.__dict__)
    other.environ = {**house.environ, "ANALYTICS_SYNC_HOME": str(tmp_path / "other")}
    from analytics_sync.settings.home import find_home

    other.home = find_home(other.environ)
    machine = tmp_path / "machine-id"
    machine.write_text("another\n")
    monkeypatch.setattr(residence, "MACHINE_IDS", (str(machine),))
    command.set(other.environ)
    return other


def test_a_backup_without_credentials_holds_nothing_secret_in_any_byte(filled, command, tmp_path):
    filled.sync()
    posts = len(filled.latest())
    old = ciphertexts(filled.home.database)
    told = command.call("db", "backup", str(tmp_path / "our.bak")).document
    assert (told["secrets"], told["key"], told["journals"]) == (False, False, [])
    raw = (tmp_path / "our.bak").read_bytes()
    assert told["bytes"] == len(raw)
    for text in old:
        assert not any(text[at : at + 30].encode() in raw for at in range(0, len(text) - 30, 30))
    assert b"the-digest" not in raw
    assert b"gAAAA" not in raw
    assert set(ciphertexts(tmp_path / "our.bak")) == {""}
    with closing(sqlite3.connect(tmp_path / "our.bak")) as connection:
        assert connection.execute("SELECT count(*) FROM post").fetchone() == (posts,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert oct((tmp_path / "our.bak").stat().st_mode & 0o777) == "0o600"
    assert [path.name for path in tmp_path.iterdir() if "our.bak" in path.name] == ["our.bak"]


def test_an_existing_file_is_left_alone_without_force(filled, command, tmp_path):
    file = tmp_path / "our.bak"
    file.write_text("precious")
    command.refuse(2, "usage", "db", "backup", str(file))
    assert file.read_text() == "precious"
    command.call("db", "backup", str(file), "--force")
    assert file.read_bytes().startswith(b"SQLite format 3")
    command.refuse(2, "usage", "db", "backup", str(filled.home.database), "--force")
    command.refuse(2, "usage", "db", "backup", str(tmp_path), "--force")
    assert "can't be written" in command.refuse(
        1, "file_unwritable", "db", "backup", str(tmp_path / "no/such/folder")
    )


def test_no_file_of_the_installation_and_no_device_gives_way_to_a_backup(filled, command, tmp_path):
    key = filled.home.key.read_text()
    (tmp_path / "link").symlink_to(filled.home.key)
    os.mkfifo(tmp_path / "pipe")
    own = [
        filled.home.key,
        filled.home.config,
        filled.home.path / "locks/../key",
        filled.home.database.with_name("analytics-sync.db-wal"),
        filled.home.locks / "key.lock",
        tmp_path / "link",
    ]
    for file in own:
        words = command.refuse(2, "usage", "db", "backup", str(file), "--force")
        assert "of this installation itself" in words
    words = command.refuse(2, "usage", "db", "backup", str(tmp_path / "pipe"), "--force")
    assert "no ordinary file" in words
    assert (tmp_path / "pipe").is_fifo()
    assert filled.home.key.read_text() == key


def test_a_full_disk_leaves_nothing(filled, command, tmp_path):
    import resource

    (tmp_path / "backups").mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
    try:
        words = command.refuse(
            1, "file_unwritable", "db", "backup", str(tmp_path / "backups/our.bak")
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "Nothing is left of it" in words
    assert list((tmp_path / "backups").iterdir()) == []


def test_loss_of_the_machine_and_restore_on_another(filled, command, tmp_path, monkeypatch):
    renew(filled, 1, access_token="the-access-token", refresh_token="the-refresh-token")
    command.call("schedule", "--backend", "external")
    file = tmp_path / "our.bak"
    told = command.call(
        "db", "backup", str(file), "--with-credentials", "--passphrase-stdin",
        stdin=f"{PASSPHRASE}\n".encode(),
    ).document  # fmt: skip
    assert (told["secrets"], told["key"]) == (True, True)
    raw = file.read_bytes()
    key = filled.home.key.read_text().strip()
    assert key.encode() not in raw
    assert PASSPHRASE.encode() not in raw
    command.secrets |= {key, PASSPHRASE, *SECRETS}
    # The machine is gone, with its home; a platform still knows the token of LinkedIn.
    shutil.rmtree(filled.home.path)
    other = elsewhere(filled, tmp_path, command, monkeypatch)

    words = command.refuse(
        2, "passphrase_wrong", "db", "restore", str(file), "--passphrase-stdin", stdin=b"wrong"
    )
    assert "does not open the key" in words
    assert not other.home.database.exists()
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE + "\n")
    shown = command.say("db", "restore", str(file), "--passphrase-file", str(passphrase)).output
    assert "Tried at the next sync:" in shown
    assert "credential 1, x" in shown
    assert "may have been renewed since the backup" in shown
    assert "Runs:" in shown
    assert "credential 2, linkedin" in shown
    assert (
        "1 job is in the database, but not on this machine: analytics-sync schedule --apply"
        in shown
    )
    assert other.home.key.read_text().strip() != key, "a new machine has a key of its own"
    assert secret(other, 1)["refresh_token"] == "the-refresh-token"
    record = other.sync()
    outcomes = {one.account.platform: one.outcome for one in record.accounts}
    assert outcomes["linkedin"] == "ok"
    assert not [
        one
        for one in command.call("status").document["status"]["attention"]
        if one["code"] == "copied"
    ]


def test_a_new_home_with_a_key_of_its_own_and_back_to_what_was_kept(
    filled, command, tmp_path, monkeypatch
):
    file = tmp_path / "our.bak"
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    say = ("--passphrase-file", str(passphrase))
    command.call("db", "backup", str(file), "--with-credentials", *say)
    other = elsewhere(filled, tmp_path, command, monkeypatch)
    command.call("init")
    key = other.home.key.read_text()
    told = command.call("db", "restore", str(file), *say).document
    assert {one["state"] for one in told["credentials"]} == {"runs"}
    assert other.home.key.read_text() == key
    with other.opened() as found, found.database.read() as connection:
        assert apps.get(connection, 1).ciphertext
        assert found.vault.open({"app": 1}, apps.get(connection, 1).ciphertext or "")
    renew(other, 1, access_token="since")
    kept = command.call("db", "restore", str(file), *say, "--force").document["kept"]
    told = command.call("db", "restore", kept, "--force").document
    assert told["made_at"] is None
    assert secret(other, 1) == {"access_token": "since"}


def test_without_credentials_every_account_needs_a_log_in(filled, command, tmp_path, monkeypatch):
    file = tmp_path / "our.bak"
    command.call("db", "backup", str(file))
    other = elsewhere(filled, tmp_path, command, monkeypatch)
    told = command.call("db", "restore", str(file)).document
    assert [one["state"] for one in told["credentials"]] == ["log_in", "log_in"]
    assert told["credentials"][0]["command"] == "analytics-sync account connect 1 x"
    assert not other.home.key.exists()
    record = other.sync()
    assert {one.outcome for one in record.accounts} == {"credential_refused"}
    assert "backup without secrets" in record.accounts[0].failures[0].message
    assert other.home.key.exists(), "the next log-in finds one"


def test_a_key_that_was_kept_elsewhere_is_asked_for(filled, command, tmp_path, monkeypatch):
    file = tmp_path / "our.bak"
    command.call("db", "backup", str(file), "--with-credentials")
    other = elsewhere(filled, tmp_path, command, monkeypatch)
    told = command.call("db", "restore", str(file)).document
    assert {one["state"] for one in told["credentials"]} == {"key_missing"}
    assert told["key"] == str(other.home.key)
    assert not other.home.key.exists(), "a new one would be in the way"
    shutil.copy(filled.home.key, other.home.key)
    told = command.call("db", "restore", str(file), "--force").document
    assert {one["state"] for one in told["credentials"]} == {"runs"}
    assert Path(told["kept"]).exists()
    assert other.sync().outcome == "complete"


def test_a_restore_never_puts_an_older_token_over_a_newer_one(filled, command, tmp_path):
    renew(filled, 1, access_token="a", refresh_token="first")
    file = tmp_path / "our.bak"
    command.call("db", "backup", str(file), "--with-credentials")
    version = renew(filled, 1, access_token="b", refresh_token="second")
    filled.pass_time(hours=2)
    assert "--force" in command.refuse(2, "data_there", "db", "restore", str(file))
    told = command.call("db", "restore", str(file), "--force").document
    assert 1 in told["newer"]
    assert secret(filled, 1)["refresh_token"] == "second"
    assert row(filled, 1).version == version
    assert next(one for one in told["credentials"] if one["credential_id"] == 1)["state"] == "runs"
    kept = Path(told["kept"])
    assert kept.name.endswith(".bak")
    assert not kept.name.endswith(".db")
    assert oct(kept.stat().st_mode & 0o777) == "0o600"


def test_the_same_person_is_found_under_another_id(filled, command, tmp_path):
    def name_person(house, id):
        with house.opened() as found, found.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE credential SET subject_id = '77' WHERE id = {id}")

    name_person(filled, 1)
    file = tmp_path / "our.bak"
    command.call("db", "backup", str(file), "--with-credentials")
    with filled.opened() as found, found.database.write() as connection:
        connection.exec_driver_sql("UPDATE account SET credential_id = NULL WHERE id = 1")
        connection.exec_driver_sql("DELETE FROM credential WHERE id = 1")
        again = credentials.add(
            connection,
            platform="x",
            facts=Facts(subject_id="77"),
            now=filled.clock.now() + timedelta(hours=1),
        )
        sealed = found.vault.seal({"credential": again}, {"access_token": "newest"})
        credentials.seal(connection, again, sealed)
        connection.exec_driver_sql(f"UPDATE credential SET version = 9 WHERE id = {again}")
    assert again != 1
    command.call("db", "restore", str(file), "--force")
    assert secret(filled, 1) == {"access_token": "newest"}


def test_a_journal_that_lies_there_is_taken_up_first(filled, command, tmp_path):
    renew(filled, 1, access_token="a", refresh_token="first")
    file = tmp_path / "our.bak"
    command.call("db", "backup", str(file), "--with-credentials")
    leave_journal(filled, 1)
    told = command.call("db", "restore", str(file), "--force").document
    assert 1 in told["newer"]
    assert secret(filled, 1)["refresh_token"] == "second"
    leave_journal(filled, 1, "third")
    command.call("db", "backup", str(tmp_path / "second.bak"), "--with-credentials")
    assert secret(filled, 1)["refresh_token"] == "third", "a backup takes it up too"
    # Now the database is lost, and only the journal of its last moment is left.
    leave_journal(filled, 1, "fourth")
    for path in filled.home.path.glob("analytics-sync.db*"):
        path.unlink()
    told = command.call("db", "restore", str(file)).document
    assert told["newer"] == [1]
    assert secret(filled, 1)["refresh_token"] == "fourth"


def leave_journal(house, id, refresh_token="second"):
    """As a process that died between the platform's answer and the database."""
    from analytics_sync.domain.credentials import Token
    from analytics_sync.tokens.sealing import opened

    with house.opened() as found:
        before = opened(secret(house, id))
        with found.journal.draft(id) as draft:
            token = Token(f"with {refresh_token}", refresh_token)
            draft.put(row(house, id).version, token, before)


def test_what_is_at_work_is_not_restored_over(filled, command, tmp_path):
    file = tmp_path / "our.bak"
    command.call("db", "backup", str(file), "--with-credentials")
    before = filled.home.database.read_bytes()
    with filled.opened() as found, found.locks.hold("credential", 1):
        command.refuse(75, "busy", "db", "restore", str(file), "--force")
    with filled.opened() as found:
        from analytics_sync.store import runs

        with found.database.write() as connection:
            run = runs.start(connection, trigger="manual", now=filled.clock.now())
        with found.locks.hold("run", run):
            command.refuse(75, "busy", "db", "restore", str(file), "--force")
    assert len(filled.home.database.read_bytes()) == len(before)


def test_files_that_are_no_backup_change_nothing(filled, command, tmp_path):
    before = ciphertexts(filled.home.database)
    wrong = tmp_path / "wrong"
    command.refuse(2, "usage", "db", "restore", str(wrong), "--force")
    wrong.write_bytes(b"")
    command.refuse(2, "usage", "db", "restore", str(wrong), "--force")
    wrong.write_text("no database at all, but long enough for a header")
    command.refuse(78, "database", "db", "restore", str(wrong), "--force")
    with closing(sqlite3.connect(tmp_path / "other")) as connection:
        connection.execute("CREATE TABLE t (a)")
    command.refuse(78, "database", "db", "restore", str(tmp_path / "other"), "--force")
    shutil.copy(filled.home.database, wrong)
    with closing(sqlite3.connect(wrong)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    command.refuse(78, "schema_newer", "db", "restore", str(wrong), "--force")
    assert ciphertexts(filled.home.database) == before
    assert not list(filled.home.path.glob("*.bak"))
    assert not list(filled.home.path.glob(".restore-*"))


def test_a_damaged_database_is_moved_aside(filled, command, tmp_path):
    file = tmp_path / "our.bak"
    command.call("db", "backup", str(file), "--with-credentials")
    for path in filled.home.path.glob("analytics-sync.db-*"):
        path.unlink()
    filled.home.database.write_bytes(b"rubbish, and much of it" * 99)
    assert "--force" in command.refuse(2, "data_there", "db", "restore", str(file))
    told = command.call("db", "restore", str(file), "--force").document
    assert Path(told["kept"]).read_bytes().startswith(b"rubbish")
    assert filled.sync().outcome == "complete"


def test_a_restore_keeps_readers_and_writers_of_the_file_going(filled, command, tmp_path):
    file = tmp_path / "our.bak"
    filled.sync()
    posts = len(filled.latest())
    command.call("db", "backup", str(file), "--with-credentials")
    with filled.opened() as found:
        with found.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM latest")
        inode = filled.home.database.stat().st_ino
        command.call("db", "restore", str(file), "--force")
        assert filled.home.database.stat().st_ino == inode
        with found.database.read() as connection:
            query = "SELECT count(*) FROM latest"
            assert connection.exec_driver_sql(query).scalar() == posts
        with found.database.write() as connection:
            connection.exec_driver_sql("UPDATE latest SET likes = 1")
    with closing(sqlite3.connect(filled.home.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_key_is_not_rotated_meanwhile(filled, command, tmp_path):
    from analytics_sync.locks import try_lock
    from analytics_sync.vault.key_file import begin

    file = str(tmp_path / "our.bak")
    held = try_lock(filled.home.locks / "key.lock")
    assert held is not None
    with held:
        command.refuse(75, "busy", "db", "backup", file, "--with-credentials")
        command.call("db", "backup", file)
        command.refuse(75, "busy", "db", "restore", file, "--force")
    begin(filled.home.key)
    words = command.refuse(2, "key_rotation", "db", "backup", file, "--with-credentials", "--force")
    assert "analytics-sync key rotate" in words


def test_passphrases_that_are_of_no_use(filled, command, tmp_path):
    file = str(tmp_path / "our.bak")
    say = ("db", "backup", file)
    command.refuse(2, "usage", *say, "--passphrase-stdin", stdin=b"secret")
    command.refuse(2, "usage", *say, "--with-credentials", "--passphrase-stdin", stdin=b"\n")
    words = command.refuse(
        2, "usage", *say, "--with-credentials", "--passphrase-stdin", stdin=b"one\ntwo\n"
    )
    assert "has several lines" in words
    command.refuse(
        2, "usage", *say, "--with-credentials", "--passphrase-file", str(tmp_path / "none")
    )
    command.refuse(
        2, "usage", *say, "--passphrase-stdin", "--passphrase-file", str(tmp_path / "none")
    )
    assert not Path(file).exists()
    command.call(*say, "--with-credentials")
    command.refuse(
        2, "usage", "db", "restore", file, "--force", "--passphrase-stdin", stdin=b"secret"
    )


def test_a_copy_says_so_and_is_taken_over(filled, command, tmp_path):
    command.call("schedule", "--backend", "external")
    filled.sync()
    copy = tmp_path / "copy"
    shutil.copytree(filled.home.path, copy)
    original = dict(filled.environ)
    filled.environ["ANALYTICS_SYNC_HOME"] = str(copy)
    command.set(filled.environ)
    assert "db takeover" in command.refuse(78, "copied", "sync")
    assert command.call("sync", "--job", "sync_all_businesses").status == 0, "nothing is due"
    told = command.call("status").document["status"]["attention"]
    assert [one["command"] for one in told if one["code"] == "copied"] == [
        "analytics-sync db takeover"
    ]
    for reading in (("runs",), ("export", "jsonl", str(tmp_path / "out")), ("jobs",)):
        assert command.call(*reading).status == 0
    command.call("db", "backup", str(tmp_path / "of-copy"))
    taken = command.call("db", "takeover").document
    assert str(filled.home.path) in taken["before"]
    assert taken["here"] == str(copy)
    assert "lives in" in command.say("db", "takeover").output
    assert not [
        one
        for one in command.call("status").document["status"]["attention"]
        if one["code"] == "copied"
    ]
    assert json.loads(command.call("runs").output)["runs"]
    filled.environ.update(original)


@pytest.mark.postgres
def test_postgresql_there_and_back(house, command, tmp_path, postgres_url):
    file = tmp_path / "our.bak"
    house.populate("x", "linkedin", posts=3)
    house.sync()
    before = house.latest()
    command.set(house.environ)
    command.call("db", "backup", str(file), "--with-credentials")
    command.set({"ANALYTICS_SYNC_DATABASE_URL": postgres_url})
    house.environ["ANALYTICS_SYNC_DATABASE_URL"] = postgres_url
    told = command.call("db", "restore", str(file)).document
    assert (told["database"], told["kept"]) == ("PostgreSQL", None)
    assert {one["state"] for one in told["credentials"]} == {"runs"}
    assert house.latest() == before
    house.pass_time(hours=2)
    assert house.sync().outcome == "complete", "ids go on after those that were restored"
    after = house.latest()
    rotated = command.call("key", "rotate").document
    assert (rotated["rows"], len(rotated["dropped"])) == (2, 1)
    assert house.sync().outcome == "complete"
    command.call("db", "backup", str(tmp_path / "second"), "--with-credentials")
    command.call("db", "backup", str(tmp_path / "bare"))
    assert b"gAAAA" not in (tmp_path / "bare").read_bytes()
    assert "gAAAA" in "".join(ciphertexts(tmp_path / "second"))
    told = command.call("db", "restore", str(file), "--force").document
    assert house.latest() == before
    assert Path(told["kept"]).exists()
    told = command.call("db", "restore", str(tmp_path / "second"), "--force").document
    assert house.latest() == after
