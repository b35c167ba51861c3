"""A real PostgreSQL in a temporary folder, for the length of the test session."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

# In memory, where a new database takes a tenth of the time; but not where containers have little.
MEMORY = Path("/dev/shm")
ENOUGH = 1024**3


def why_not() -> str | None:
    """Why no server can be started here; None when it can."""
    if _program("initdb") is None:
        return "PostgreSQL's initdb is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and _server_user() is None:
        return "running as root and there is no user `postgres` to run the server as"
    return None


@contextmanager
def server() -> Iterator[str]:
    """Start a server on a Unix socket alone; gives its folder."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=_quick_place()))
    owner = _server_user() if os.geteuid() == 0 else None
    if owner is not None:
        shutil.chown(folder, owner)
    data = folder / "data"
    options = (
        "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        " -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=64MB"
        # Else an immediate stop leaves segments behind.
        " -c dynamic_shared_memory_type=mmap"
    )
    try:
        _run(owner, "initdb", "-D", data, "-A", "trust", "-U", "tester", "-N", "-E", "UTF8")
        _run(
            owner,
            "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            folder / "log",
            "-o",
            f"{options} -k {folder}",
            "start",
        )
        yield str(folder)
    finally:
        _run(owner, "pg_ctl", "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def url(folder: str, name: str) -> str:
    return f"postgresql://tester@/{name}?host={folder}"


def create_database(folder: str, name: str, *, like: str = "template0") -> str:
    """A new database, empty or a copy of another one; returns its URL."""
    import psycopg

    with psycopg.connect(url(folder, "postgres"), autocommit=True) as connection:
        # Older servers know only this way.
        way = "STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}" {way}')
    return url(folder, name)


def drop_database(folder: str, name: str) -> None:
    """A database takes 8 MB; whoever is still in it is thrown out."""
    import psycopg

    with psycopg.connect(url(folder, "postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def new_database(folder: str, *, like: str = "template0") -> Iterator[str]:
    """A database for the block, as `create_database` makes it; gives its URL."""
    name = f"test_{uuid4().hex}"
    try:
        yield create_database(folder, name, like=like)
    finally:
        drop_database(folder, name)


def _quick_place() -> Path | None:
    """None: where temporary files usually lie."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if usable and shutil.disk_usage(MEMORY).free > ENOUGH else None


def _server_user() -> str | None:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


def _program(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(places[-1]) if places else None


def _run(owner: str | None, program: str, *arguments: object, check: bool = True) -> None:
    command = [str(_program(program)), *map(str, arguments)]
    user = {"user": owner, "group": owner, "extra_groups": []} if owner else {}
    subprocess.run(
        command,
        check=check,
        capture_output=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        **user,
    )
