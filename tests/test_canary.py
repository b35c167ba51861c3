"""Plants secrets, does all that the program can do with them, and looks for them everywhere."""

import json
import logging
import os
import re
import signal
import sqlite3
import sys
import warnings
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from analytics_sync.cli.frame import run
from analytics_sync.logs import redact
from analytics_sync.logs.setup import set_up
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.server import serving
from support.agreeing import agree
from support.canaries import Canaries, Spy, Watched
from support.crontab_program import CrontabProgram
from support.house import House
from support.told import Program
from support.waiting import until

PROGRAM = str(Path(sys.executable).with_name("analytics-sync"))
PASSPHRASE = "canary-passphrase-4711-over-the-hills"
CLIENT_SECRET = "canary-client-secret-90ac3f7731d2"
# Loaded by every Python that finds it: breaks the program from within, as BREAK says.
SITE = """
import os
if os.environ.get("BREAK") == "sync":
    import analytics_sync.sync.context as context
    def broken(parts, account, access, **_):
        raise RuntimeError(f"broken with {access.token} and {access.settings.client_secret}")
    context.open_context = broken
if os.environ.get("BREAK") == "journal":
    import signal
    from analytics_sync.tokens.journal import Journal
    Journal.remove = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if os.environ.get("BREAK") == "units":
    from pathlib import Path
    from support.stand_ins import use_units_in
    use_units_in(Path(os.environ["UNITS"]))
"""


class Place:
    """A house whose program is run as processes of its own, with spies on all that it does."""

    def __init__(self, folder: Path) -> None:
        self.canaries = Canaries()
        self.house = House.of_today(folder)
        self.spy = Spy(self.house.simulator.app, self.canaries)
        self.house.simulator.app = self.spy
        self.folder = folder
        self.home = self.house.home.path
        self.x = self.house.simulator.services["x"]
        self.site = folder / "site"
        self.site.mkdir()
        (self.site / "sitecustomize.py").write_text(SITE)
        self.crontab = CrontabProgram(folder / "cron")
        self.told = Program(folder / "told" / "tell")
        self.told.path.parent.mkdir()
        self.told.write("echo heard; exit 0")
        self.watched = Watched(
            self.home,
            {
                "ANALYTICS_SYNC_HOME": str(self.home),
                "HOME": os.environ["HOME"],
                "PATH": f"{self.crontab.folder}:/usr/bin:/bin",
                "PYTHONPATH": f"{self.site}:{Path(__file__).parent}",
                "UNITS": str(folder / "units"),
                "LANG": "C.UTF-8",
            },
        )

    def write_config(self, origin: str) -> None:
        """All of it in the file, so that installed entries find it."""
        lines = [f'[notify]\ncommand = ["{self.told.path}"]\n']
        sections: dict[str, list[str]] = {}
        for name, value in self.house.simulator.settings(origin).items():
            _, platform, key = name.removeprefix("ANALYTICS_SYNC_").split("__", 2)
            sections.setdefault(platform.lower(), []).append(f'{key.lower()} = "{value}"')
            if key == "CLIENT_SECRET":
                self.canaries.add("client_secret of the settings", value)
        for platform, settings in sections.items():
            lines.append("\n".join([f"[platforms.{platform}]", *settings, ""]))
        (self.home / "config.toml").write_text("\n".join(lines))

    def call(self, *words: str, status: int | None = 0, stdin: bytes = b"", **environ: str) -> None:
        came = self.watched.run(PROGRAM, *words, stdin=stdin, **environ)
        name = " ".join(words[:3])
        told = [self.watched.kept[f"{what} of {name}"] for what in ("output", "errors")]
        assert status is None or came == status, (words, came, [one[-3000:] for one in told])

    def connect(self, person: str, *words: str, status: int = 0) -> None:
        """Log in as a person does without a browser: open the address, agree, paste the answer."""
        process = self.watched.start(PROGRAM, "account", "connect", *words, "--no-browser")
        assert process.stderr is not None
        said = b""
        while not (found := re.search(rb"https?://\S+\?\S+", said)):
            some = os.read(process.stderr.fileno(), 65_536)
            assert some, said
            said += some
        answer = agree(found.group().decode(), person)
        self.canaries.add("state", parse_qs(urlsplit(answer).query)["state"][0])
        came = self.watched.finish(process, answer.encode() + b"\n", name="account connect")
        self.watched.keep("errors of account connect", said)
        assert came == status, self.watched.kept["errors of account connect"]

    def plant(self) -> None:
        """All that the platforms' worlds know of secrets, and the key."""
        for token in self.house.world.tokens.values():
            self.canaries.add(f"a token of {token.platform}", token.value)
        for grant in self.x.oauth.grants:
            for value in filter(None, (grant.access, grant.refresh, *grant.used)):
                self.canaries.add("a token of x", value)
        for line in self.house.home.key.read_text().split():
            self.canaries.add("key", line)
        self.canaries.add("passphrase", PASSPHRASE)
        self.canaries.add("client secret of an app", CLIENT_SECRET)

    def found(self) -> dict[str, list[str]]:
        """Where secrets are that belong nowhere."""
        self.plant()
        found = {}
        for where, content in self.watched.kept.items():
            # A person is shown the address of the log-in, with its state in it.
            but = {"state"} if where == "errors of account connect" else set()
            if names := self.canaries.found_in(content, but=but):
                found[where] = names
        return found

    def change(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.home / "analytics-sync.db")) as connection, connection:
            connection.execute(statement, values)


def ago(**span: float) -> int:
    return int((datetime.now(UTC) - timedelta(**span)).timestamp() * 1000)


@pytest.mark.slow
@pytest.mark.xdist_group("canary")
def test_no_secret_is_anywhere(tmp_path):
    place = Place(tmp_path)
    house = place.house
    with serving(house.simulator) as origin:
        place.write_config(origin)
        _set_up(place)
        _sync_in_every_way(place)
        _break(place)
        _look_at_everything(place)
        _schedule(place)
        _take_out(place)
        _remove(place)
    files = place.watched.keep_files(
        tmp_path, but={place.home / "config.toml", house.home.key, *tmp_path.glob("*.token")}
    )
    assert place.watched.processes >= 40
    assert files >= 20
    assert len(place.canaries.known) >= 40
    assert place.found() == {}
    sys.stdout.write(
        f"{len(place.canaries.known)} secrets, {len(place.watched.kept)} places,"
        f" {place.watched.processes} processes, {files} files: 0 found\n"
    )


def _set_up(place):
    place.call("init")
    place.call("business", "add", "Acme")
    place.call("business", "add", "Gone")
    place.call(
        *("app", "add", "x", "--name", "ours", "--client-id", "canary-client"),
        "--client-secret-stdin",
        stdin=CLIENT_SECRET.encode(),
    )
    place.x.add_app("ours", "canary-client", CLIENT_SECRET)
    people = [place.x.add_user(f"Person {number}", posts=5).id for number in range(2)]
    place.connect(people[0], "1", "x", "--all", "--app", "ours")
    place.connect(people[1], "2", "x", "--all", "--app", "ours", "--json")
    for kind, status in (("half_json", 1), ("refuse", 1), ("status", 1)):
        place.house.world.faults.add(Fault(kind, "x", "oauth2/token", times=None))
        place.connect(people[0], "1", "x", "--all", "--app", "ours", status=status)
        place.house.world.faults.clear()
    for platform in ("x", "linkedin", "facebook", "instagram"):
        handle = place.house.simulator.services[platform].populate(7, "By hand", 5)
        file = place.folder / f"{platform}.token"
        file.write_text(handle.token)
        file.chmod(0o600)
        where = ("--token-file", str(file))
        place.call("account", "add", "1", platform, *where, *_kind(handle), "--json")
    told = place.x.oauth1(place.x.add_user("Signs", posts=3).id)
    signed = {
        "consumer_key": told["consumer_key"],
        "consumer_secret": told["consumer_secret"],
        "access_token": told["token"],
        "access_token_secret": told["token_secret"],
    }
    for name in ("consumer_secret", "token", "token_secret"):
        place.canaries.add(f"{name} of OAuth 1.0a", told[name])
    place.call("account", "add", "1", "x", "--token-stdin", stdin=json.dumps(signed).encode())
    place.call("account", "add", "1", "x", "--token-stdin", status=None, stdin=b"canary bad token")
    # Before the key is rotated and tokens are renewed.
    place.plant()


def _kind(handle):
    return ("--kind", handle.kind) if handle.kind else ()


def _sync_in_every_way(place):
    debug = {"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1", "PYTHONWARNINGS": "default"}
    place.call("-v", "sync", **debug)
    place.call("sync", "--json")
    faults = place.house.world.faults
    for kind in ("status", "html", "half_json", "cut", "refuse", "redirect"):
        faults.add(Fault(kind, times=6, body="http://127.0.0.1:9/elsewhere?access_token=1"))
        place.call("-v", "sync", status=None)
        faults.clear()
    # Every token of X has expired: renewed, and one of them killed with its journal on the disk.
    place.house.pass_time(hours=3)
    place.call("-v", "sync", "--platform", "x", status=-signal.SIGKILL, BREAK="journal")
    place.call("-v", "sync", "--platform", "x", status=None)
    person = place.house.world.of("x")
    place.x.withdraw(next(iter(person)).id)
    place.call("-v", "sync", status=None)


def _break(place):
    place.call("-v", "sync", status=None, BREAK="sync")
    errors = place.watched.kept["errors of -v sync"]
    assert b"broken with [redacted] and [redacted]" in errors
    # A dump of all threads, in the middle of a request.
    place.house.world.faults.add(Fault("slow", seconds=30, times=1000))
    process = place.watched.start(PROGRAM, "-v", "sync", PYTHONFAULTHANDLER="1")
    until(lambda: place.house.world.faults.pending[0].times != 1000)
    process.send_signal(signal.SIGABRT)
    assert place.watched.finish(process, name="a dump") == -signal.SIGABRT
    assert b"Current thread" in place.watched.kept["errors of a dump"]
    place.house.world.faults.clear()


def _look_at_everything(place):
    for words in (
        "account list",
        "account check",
        "-v account check",
        "credential list",
        "app list",
        "runs",
        "status",
        "jobs",
        "config show",
        "key path",
        "logs",
        "post list",
    ):
        place.call(*words.split(), status=None)
        place.call(*words.split(), "--json", status=None)
    with closing(sqlite3.connect(place.home / "analytics-sync.db")) as connection:
        runs = [row[0] for row in connection.execute("SELECT id FROM sync_run")]
    for run_id in runs:
        place.call("runs", str(run_id), "--json")


def _schedule(place):
    place.call("schedule", "--every", "1h", "--backend", "crontab")
    assert place.crontab.tab
    place.change("UPDATE schedule SET since = ?", ago(days=1))
    place.change("UPDATE credential SET expires_at = ?, renews = 0 WHERE id = 3", ago(days=-2))
    place.call("sync", "--job", "sync_all_businesses", status=None)
    place.call("tick", status=None)
    place.call("notify", "test")
    assert place.told.told
    place.call("unschedule", "--all")
    place.call("schedule", "--every", "1h", "--backend", "systemd", BREAK="units")
    assert list((place.folder / "units").rglob("*.service"))


def _take_out(place):
    for form in ("csv", "jsonl"):
        place.call("export", form, str(place.folder / f"export.{form}"))
    place.call("key", "rotate")
    place.call("db", "stats", "--json")
    place.call("db", "backup", str(place.folder / "plain.backup"))
    file = place.folder / "passphrase.token"
    file.write_text(PASSPHRASE)
    file.chmod(0o600)
    place.call(
        *("db", "backup", str(place.folder / "whole.backup"), "--with-credentials"),
        *("--passphrase-file", str(file)),
    )


def _remove(place):
    place.call("account", "remove", "1")
    place.call("business", "remove", "2", "--purge")
    place.call("credential", "remove", "3", "--yes", status=None)


@pytest.mark.parametrize(
    "shown",
    [
        "{0}",
        "https://x.test/?a={0}",
        "Basic {1}",
        '{{"a": "{0}"}}',
        "...{2}",
    ],
)
def test_the_search_finds_a_secret_in_any_form(shown):
    secret = "a/secret+of?many=forms-1234567890"
    canaries = Canaries()
    canaries.add("planted", secret)
    told = shown.format(quote(secret, safe=""), b64encode(secret.encode()).decode(), secret[-14:])
    assert canaries.found_in(told.encode()) == ["planted"]
    assert canaries.found_in(told.encode(), but=["planted"]) == []
    assert canaries.found_in(b"nothing of the kind") == []


def test_an_internal_error_shows_no_secret_anywhere(tmp_path, monkeypatch, capsys):
    house, canaries = House.of_today(tmp_path), Canaries()
    house.add_business()
    house.simulator.app = Spy(house.simulator.app, canaries)
    house.populate("x", posts=1)

    def broken(parts, account, access, **_):
        raise RuntimeError(f"broken with {access.token} and {access.settings.client_secret}")

    monkeypatch.setattr("analytics_sync.sync.account.open_context", broken)
    with serving(house.simulator) as origin:
        for name, value in {**house.environ, **house.simulator.settings(origin)}.items():
            monkeypatch.setenv(name, value)
        for words in (["-v", "sync"], ["-v", "sync", "--json"], ["runs", "1", "--json"]):
            run(words)
    for token in house.world.tokens.values():
        canaries.add("token", token.value)
    canaries.add("client secret", house.simulator.services["x"].client().client_secret)
    shown = "".join(capsys.readouterr())
    assert shown.count("broken with [redacted] and [redacted]") >= 4
    assert "Traceback" in shown
    assert canaries.found_in(shown.encode()) == []
    files = [file for file in house.home.path.rglob("*") if file.is_file()]
    assert {file.name: canaries.found_in(file.read_bytes()) for file in files} == {
        file.name: [] for file in files
    }


def test_asyncio_and_warnings_go_through_the_filter(tmp_path, capsys):
    secret = "an-asyncio-secret-55aa55aa"
    redact(secret)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # Another test's set-up may have been undone by pytest.
        logging.captureWarnings(capture=False)
        set_up(tmp_path, {}, level=logging.DEBUG)
        logging.getLogger("asyncio").error("Task exception was never retrieved: %s", secret)
        warnings.warn(f"deprecated: {secret}", stacklevel=1)
        set_up(None, {})
        logging.captureWarnings(capture=False)
    shown = capsys.readouterr().err + (tmp_path / "analytics-sync.log").read_text()
    assert shown.count("[redacted]") >= 4
    assert secret not in shown
