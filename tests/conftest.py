"""What holds for every test: a clean environment, an empty home, and no way out of this machine.

pytest puts this folder on the import path, so tests may also say `from support... import ...`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings

from analytics_sync.logs import redaction
from analytics_sync.store.database import Database
from analytics_sync.store.migrate import upgrade
from support import postgres, ready
from support.fake_clock import FakeClock

# How long an example takes says more of the machine than of the program. `make test-slow` tries as
# many of them as is usual.
STEADY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("usual", STEADY)
settings.register_profile("few", STEADY, max_examples=30)
settings.load_profile("few")

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
_RESOLVED: dict[str, set[str]] = {}

_OURS = ("ANALYTICS_SYNC_", "XDG_")
_FOREIGN = {
    "ALL_PROXY",
    "CREDENTIALS_DIRECTORY",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "JOB_COMPLETION_INDEX",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "STATE_DIRECTORY",
}


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No test sees the developer's settings, proxies, tokens or files."""
    for name in list(os.environ):
        if name.startswith(_OURS) or name.upper() in _FOREIGN:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for kind, folder in {
        "CONFIG": ".config",
        "DATA": ".local/share",
        "STATE": ".local/state",
        "CACHE": ".cache",
    }.items():
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / folder))
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))


@pytest.fixture(autouse=True)
def forgotten_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test calls a secret ("secret", for one) is an ordinary word in the next."""
    monkeypatch.setattr(redaction, "_known", set(redaction._known))


@pytest.fixture(autouse=True)
def loopback_only(request: pytest.FixtureRequest) -> None:
    """Connections leave this machine in no test; unix sockets are fine.

    A marker of pytest-socket on the test itself goes before this.
    """
    markers = ("enable_socket", "disable_socket", "allow_hosts")
    if not any(request.node.get_closest_marker(marker) for marker in markers):
        pytest_socket.socket_allow_hosts(
            LOOPBACK, allow_unix_socket=True, resolution_cache=_RESOLVED
        )


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock on which sleeping moves time."""
    return FakeClock()


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[str]:
    """The folder of a running PostgreSQL; skips where none can be started."""
    reason = postgres.why_not()
    if reason is not None:
        pytest.skip(reason)
    with postgres.server() as folder:
        yield folder


@pytest.fixture
def postgres_url(postgres_folder: str) -> Iterator[str]:
    """A new database on a real PostgreSQL."""
    with postgres.new_database(postgres_folder) as url:
        yield url


@pytest.fixture(scope="session")
def ready_postgres(postgres_folder: str) -> str:
    """The name of a PostgreSQL database with this release's schema, to be copied."""
    made = Database(postgres.create_database(postgres_folder, "ready"))
    upgrade(made)
    made.close()
    return "ready"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of each kind in turn: empty, or that of `database`."""
    is_ready = "database" in request.fixturenames
    if request.param == "sqlite":
        file = tmp_path / "test.db"
        if is_ready:
            ready.put_sqlite(file)
        yield f"sqlite:///{file}"
    elif not is_ready:
        yield str(request.getfixturevalue("postgres_url"))
    else:
        folder = request.getfixturevalue("postgres_folder")
        like = request.getfixturevalue("ready_postgres")
        with postgres.new_database(folder, like=like) as url:
            yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with this release's schema, of each kind in turn."""
    made = Database(database_url)
    yield made
    made.close()
