"""Databases that are none, another's, damaged, locked, full or gone: words, 78, nothing lost."""

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from analytics_sync.errors import StoreUnusable, WrongUsage
from analytics_sync.store import businesses, migrate, quick, residence
from analytics_sync.store.database import Database
from analytics_sync.store.version import SCHEMA_VERSION
from support import first_starts
from support.command import Command
from support.house import START, House
from support.rights import bound_by_rights

COMMANDS = [
    ["init"],
    ["business", "add", "New"],
    ["business", "list"],
    ["sync", "--no-discover"],
    ["sync", "--due"],
    ["runs"],
    ["db", "stats"],
    ["db", "upgrade"],
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one account and its history, to be copied and broken."""
    house = House(tmp_path_factory.mktemp("filled"))
    house.add_business()
    house.populate("x", posts=30)
    house.sync()
    with house.opened() as found, found.database.write() as connection:
        # Its copies are to be homes of their own.
        residence.put(connection, None, "copied")
    return house.home.path


@pytest.fixture
def home(filled: Path, tmp_path: Path, command: Command) -> Path:
    """A copy of it, in which `command` works; its platforms don't answer."""
    shutil.copytree(filled, tmp_path / "home")
    command.set({"ANALYTICS_SYNC_PLATFORMS__X__BASE_URL": "http://127.0.0.1:9"})
    return tmp_path / "home"


def statement(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for one in statements:
            connection.execute(one)
        connection.commit()


def garbage(database: Path) -> None:
    database.write_bytes(b"this is no database, but it is long enough to be one" * 100)


def note(database: Path) -> None:
    database.write_bytes(b"x")


def other_program(database: Path) -> None:
    database.unlink()
    statement(database, "CREATE TABLE bookmarks (a)")


def other_with_alembic(database: Path) -> None:
    other_program(database)
    statement(
        database,
        "CREATE TABLE alembic_version (version_num VARCHAR)",
        "INSERT INTO alembic_version VALUES ('0001')",
    )


def other_with_empty_alembic(database: Path) -> None:
    other_program(database)
    statement(database, "CREATE TABLE alembic_version (version_num VARCHAR)")


def newer(database: Path) -> None:
    statement(database, "UPDATE alembic_version SET version_num = '0099'")


def unknown(database: Path) -> None:
    statement(database, "UPDATE alembic_version SET version_num = '1f3a9c'")


def folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


def cut(database: Path) -> None:
    database.write_bytes(database.read_bytes()[:9000])


def scribbled(database: Path) -> None:
    content = bytearray(database.read_bytes())
    for start in range(3 * 4096, len(content), 2 * 4096):
        content[start : start + 4096] = os.urandom(4096)
    database.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "code", "words"),
    [
        (garbage, "database", "is not an SQLite database"),
        (note, "database", "is not an SQLite database"),
        (other_program, "database", "belongs to another program"),
        (other_with_alembic, "database", "belongs to another program"),
        (other_with_empty_alembic, "database", "belongs to another program"),
        (newer, "schema_newer", "newer release"),
        (unknown, "schema_unknown", "'1f3a9c'"),
        (folder, "database", "is a folder"),
        (cut, "database", "is damaged"),
        (scribbled, "database", "is damaged"),
    ],
)
def test_a_database_that_is_no_use_is_named_and_left_as_it_is(
    home: Path, command: Command, damage: Callable[[Path], None], code: str, words: str
) -> None:
    database = home / "analytics-sync.db"
    damage(database)
    before = database.read_bytes() if database.is_file() else None
    for arguments in COMMANDS:
        told = command.refuse(78, code, *arguments)
        assert words in told, arguments
        assert (str(database) in told) or code.startswith("schema")
    assert (database.read_bytes() if database.is_file() else None) == before


def test_an_empty_file_is_a_new_database(tmp_path: Path, command: Command) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "analytics-sync.db").touch()
    assert command.call("business", "add", "Acme").status == 0


@pytest.mark.parametrize("what", ["file", "folder", "all"])
def test_a_database_that_may_not_be_written(home: Path, command: Command, what: str) -> None:
    database = home / "analytics-sync.db"
    if what != "folder":
        database.chmod(0o400 if what == "file" else 0)
    if what == "folder":
        home.chmod(0o500)
    try:
        with bound_by_rights():
            for arguments in (["business", "add", "New"], ["sync"], ["sync", "--due"]):
                told = command.refuse(78, "database", *arguments)
                assert "analytics-sync.db" in told
            assert command.call("business", "list").status == (0 if what == "file" else 78)
    finally:
        home.chmod(0o700)
        database.chmod(0o600)
    assert [b["name"] for b in command.call("business", "list").document["businesses"]] == ["Acme"]


def test_a_database_that_another_program_holds(
    home: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("quick", "database"):
        monkeypatch.setattr(f"analytics_sync.store.{module}.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(home / "analytics-sync.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        for arguments in (["business", "add", "New"], ["sync"], ["db", "upgrade"]):
            told = command.refuse(75, "busy", *arguments)
            assert "held by another program" in told
        assert command.call("business", "list").status == 0, "a reader waits for nobody"
    assert command.call("business", "add", "New").status == 0


def test_a_process_of_ours_that_writes_for_long(
    home: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analytics_sync import locks

    monkeypatch.setattr(locks.WriteLock.__init__, "__defaults__", (0.05,))
    path = quick.write_lock_file(home / "analytics-sync.db")
    with locks.WriteLock(path):
        told = command.refuse(75, "busy", "business", "add", "New")
    assert str(os.getpid()) in told
    assert command.call("business", "add", "New").status == 0


def test_tables_that_somebody_dropped(home: Path, command: Command) -> None:
    statement(home / "analytics-sync.db", "DROP TABLE snapshot")
    assert "lacks a table" in command.refuse(78, "database", "db", "stats")


def test_values_that_somebody_scribbled_cost_one_account_alone(
    home: Path, command: Command
) -> None:
    database = home / "analytics-sync.db"
    statement(database, "UPDATE account SET discovered = '[1'")
    result = command.call("sync", "--due")
    assert (result.status, result.document["accounts"][0]["outcome"]) == (1, "failed")


# On a full disk --------------------------------------------------------------------------------


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A disk of this size; skips where none can be mounted."""
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root and a kernel that allows it")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, spare: int = 0) -> Path:
    """Take all room but `spare` bytes."""
    ballast = place / "ballast"
    free = os.statvfs(place)
    with ballast.open("wb") as file:
        file.write(b"x" * max(0, free.f_bavail * free.f_frsize - spare))
    return ballast


def test_init_fills_an_empty_postgresql(tmp_path, command, postgres_url):
    command.set({"ANALYTICS_SYNC_HOME": str(tmp_path), "ANALYTICS_SYNC_DATABASE_URL": postgres_url})
    assert set(command.call("init").document["made"]) == {"config", "key"}
    assert command.call("business", "add", "Acme").document["id"] == 1


def test_a_disk_that_is_full_from_the_start(tmp_path: Path, command: Command) -> None:
    with small_disk(tmp_path / "disk", "512k") as disk:
        command.set({"ANALYTICS_SYNC_HOME": str(disk / "home")})
        ballast = fill(disk, spare=12 * 1024)
        for arguments in (["business", "add", "Acme"], ["init"]):
            result = command.call(*arguments)
            assert (result.status, result.error["code"]) in {
                (78, "database"),
                (78, "configuration"),
            }, result
        ballast.unlink()
        assert command.call("init").status == 0
        assert command.call("business", "add", "Acme").status == 0
        assert command.call("config", "check").status == 0


def test_a_disk_that_is_full_later_loses_nothing(
    filled: Path, tmp_path: Path, command: Command
) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        shutil.copytree(filled, disk / "home")
        command.set({"ANALYTICS_SYNC_HOME": str(disk / "home")})
        assert command.call("business", "add", "Before").status == 0
        ballast = fill(disk)
        assert "room" in command.refuse(78, "database", "business", "add", "x" * 200)
        ballast.unlink()
        names = [b["name"] for b in command.call("business", "list").document["businesses"]]
        assert names == ["Acme", "Before"]
        assert command.call("business", "add", "After").status == 0
        with closing(sqlite3.connect(disk / "home" / "analytics-sync.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_limit_on_the_size_of_files_is_as_a_full_disk(home: Path, command: Command) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    assert command.call("business", "add", "Before").status == 0
    wal = home / "analytics-sync.db-wal"
    size = max(path.stat().st_size for path in home.rglob("*") if path != wal)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        result = command.call("business", "add", "Big")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert size > 4096
    assert (result.status, result.error["code"]) == (78, "database")
    names = [b["name"] for b in command.call("business", "list").document["businesses"]]
    assert names == ["Acme", "Before"]


# In the middle of a run ------------------------------------------------------------------------


def meddling(house: House, act: Callable[[], object]) -> list[str]:
    """Do this once, when the next request arrives at the platforms."""
    done: list[str] = []
    app = house.simulator.app

    async def meddler(scope, receive, send):  # type: ignore[no-untyped-def]
        if not done:
            done.append("done")
            act()
        await app(scope, receive, send)

    house.simulator.app = meddler
    return done


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.add_business()
    made.populate("x", posts=20)
    made.sync()
    made.pass_time(hours=7)
    return made


def test_a_file_that_is_deleted_in_the_middle_of_a_run(house: House) -> None:
    done = meddling(house, lambda: shutil.rmtree(house.home.path))
    with pytest.raises(StoreUnusable):
        house.sync()
    assert done


def test_a_file_that_is_overwritten_in_the_middle_of_a_run(house: House) -> None:
    def scribble() -> None:
        for path in house.home.path.glob("analytics-sync.db*"):
            if not path.name.endswith(".lock"):
                path.write_bytes(b"scribble" * 4096)

    done = meddling(house, scribble)
    with pytest.raises(StoreUnusable):
        house.sync()
    assert done


def test_a_business_that_is_purged_in_the_middle_of_a_run(house: House) -> None:
    house.add_business("Other")
    house.populate("linkedin", business=2, posts=5)
    other = Database(f"sqlite:///{house.home.database}")

    def purge() -> None:
        with other.write() as connection:
            businesses.purge(connection, 1)

    done = meddling(house, purge)
    record = house.sync()
    other.close()
    outcomes = {result.account.business_id: result.outcome for result in record.accounts}
    assert done
    assert outcomes == {1: "busy", 2: "ok"}
    with closing(sqlite3.connect(house.home.database)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT outcome FROM sync_run ORDER BY id DESC").fetchone() == (
            "partial",
        )


def test_an_account_that_is_purged_while_a_token_is_tried(house: House) -> None:
    other = Database(f"sqlite:///{house.home.database}")

    def purge() -> None:
        with other.write() as connection:
            businesses.purge(connection, 1)

    handle = house.simulator.handles[0][1]
    meddling(house, purge)
    with pytest.raises(WrongUsage, match="There is no business '1'"):
        house.add_account(handle, 1)
    other.close()
    with closing(sqlite3.connect(house.home.database)) as connection:
        assert connection.execute("SELECT count(*) FROM credential").fetchone() == (0,)


# First starts ----------------------------------------------------------------------------------


def first_start(*arguments: object) -> object:
    done = subprocess.run(
        [sys.executable, first_starts.__file__, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("number", [8, pytest.param(60, marks=pytest.mark.slow)])
def test_first_starts_at_once_make_one_key_and_one_schema(tmp_path: Path, number: int) -> None:
    home = tmp_path / "home"
    assert set(first_start("crowd", home, number)) == {0}  # type: ignore[call-overload]
    assert (home / "key").read_text().count("\n") == 1
    with closing(sqlite3.connect(home / "analytics-sync.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM business").fetchone() == (number // 2,)
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    assert {p.name for p in home.glob("key*")} == {"key"}


@pytest.mark.parametrize("number", [6, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_first_start_that_is_killed_is_made_good_by_the_next(tmp_path: Path, number: int) -> None:
    landed, broken = first_start("kill", tmp_path, number)  # type: ignore[misc]
    assert broken == []
    assert landed > number // 3


def test_a_journal_that_a_killed_first_start_left_is_rolled_back(tmp_path: Path) -> None:
    """The moment in which the file gets its first page, which random kills rarely meet."""
    path = tmp_path / "analytics-sync.db"
    child = (
        "import os, signal, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('PRAGMA cache_size = 1')\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "connection.execute('CREATE TABLE t (a)')\n"
        "connection.executemany('INSERT INTO t VALUES (?)', [('x' * 900,)] * 500)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", child, str(path)], check=False)
    assert path.with_name(f"{path.name}-journal").exists()
    assert path.stat().st_size > 0
    database = Database(f"sqlite:///{path}")
    migrate.ensure(database)
    with database.write() as connection:
        businesses.add(connection, "Acme", timezone="UTC", now=START)
    database.close()


# PostgreSQL ------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_postgres_without_the_schema_names_the_command_that_makes_it(
    postgres_url: str, command: Command
) -> None:
    command.set({"ANALYTICS_SYNC_DATABASE_URL": postgres_url})
    for arguments in (["business", "list"], ["sync"], ["sync", "--due"], ["db", "stats"]):
        assert "analytics-sync db upgrade" in command.refuse(78, "schema_old", *arguments)
    assert command.call("db", "upgrade").document == {"before": None, "after": SCHEMA_VERSION}
    assert command.call("business", "list").status == 0


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("statements", "code", "words"),
    [
        (
            [
                "CREATE TABLE alembic_version (version_num text)",
                "INSERT INTO alembic_version VALUES ('0001')",
            ],
            "database",
            "another program",
        ),
        (["CREATE TABLE account (a int)"], "database", "already exists"),
    ],
)
def test_postgres_of_another_program_is_left_alone(
    postgres_url: str, command: Command, statements: list[str], code: str, words: str
) -> None:
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for one in statements:
            connection.execute(one)
    command.set({"ANALYTICS_SYNC_DATABASE_URL": postgres_url})
    assert words in command.refuse(78, code, "db", "upgrade")
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert found.fetchone() == (1,)


@pytest.mark.postgres
def test_postgres_that_is_upgraded_by_many_at_once(postgres_url: str) -> None:
    program = (
        "import sys, threading\n"
        "from analytics_sync.store.database import Database\n"
        "from analytics_sync.store.migrate import upgrade\n"
        "url, number = sys.argv[1], int(sys.argv[2])\n"
        "gate, told = threading.Barrier(number), []\n"
        "def go():\n"
        "    database = Database(url)\n"
        "    gate.wait()\n"
        "    told.append(upgrade(database))\n"
        "    database.close()\n"
        "threads = [threading.Thread(target=go) for _ in range(number)]\n"
        "[t.start() for t in threads]\n"
        "[t.join() for t in threads]\n"
        "print(len(told), sum(before is None for before, _ in told))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, postgres_url, "6"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["6", "1"], "")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://someone:hunter2secret@127.0.0.1:1/name",
        "postgresql://someone:hunter2secret@127.0.0.1:1/name?sslmode=nonsense",
        "postgresql://someone:hunter2secret@/name?host=/nowhere",
    ],
)
def test_postgres_that_is_not_there(command: Command, url: str) -> None:
    command.secrets.add("hunter2secret")
    command.set({"ANALYTICS_SYNC_DATABASE_URL": url})
    for arguments in (
        ["business", "list"],
        ["sync"],
        ["sync", "--due"],
        ["db", "upgrade"],
        ["init"],
    ):
        assert "PostgreSQL" in command.refuse(78, "database", *arguments)


@pytest.mark.postgres
def test_postgres_that_refuses(postgres_url: str, command: Command) -> None:
    command.set({"ANALYTICS_SYNC_DATABASE_URL": postgres_url.replace("/test_", "/no_such_")})
    assert "does not exist" in command.refuse(78, "database", "business", "list")
    command.set({"ANALYTICS_SYNC_DATABASE_URL": postgres_url.replace("tester@", "nobody@")})
    assert "nobody" in command.refuse(78, "database", "business", "list")


@pytest.mark.postgres
def test_postgres_that_goes_away_in_the_middle_of_a_run(postgres_url: str, tmp_path: Path) -> None:
    import psycopg

    house = House(tmp_path, database_url=postgres_url)
    with house.opened() as opened:
        migrate.upgrade(opened.raw_database)
    house.add_business()
    house.populate("x", posts=20)
    house.sync()
    house.pass_time(hours=7)
    before = house.latest()

    def cut_off() -> None:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    done = meddling(house, cut_off)
    with pytest.raises(StoreUnusable, match="PostgreSQL"):
        house.sync()
    assert done
    assert house.latest() == before
    assert house.sync().outcome == "complete"
