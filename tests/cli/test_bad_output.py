"""Output, errors and input that are closed, full, narrow or of another encoding."""

import asyncio
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from analytics_sync.cli import frame
from support.command import Command
from support.house import House
from support.rights import bound_by_rights

PROGRAM = [sys.executable, "-m", "analytics_sync"]
NAME = "Ünïcode 漢字 👍 & Söhne"


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a home with businesses of unusual names."""
    house = House.of_today(tmp_path_factory.mktemp("output"))
    house.add_business(NAME)
    house.add_business("Very " + "long " * 30 + "name")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
    return {**kept, "ANALYTICS_SYNC_HOME": str(house.home.path), "PYTHONDONTWRITEBYTECODE": "1"}


def run(
    environ: Mapping[str, str],
    *arguments: str,
    before: Callable[[], None] | None = None,
    **streams: int,
) -> subprocess.CompletedProcess[bytes]:
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=dict(environ),
        check=False,
        timeout=60,
        preexec_fn=before,
        **(pipes | streams),
    )


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def closing(*descriptors: int) -> Callable[[], None]:
    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return close


@pytest.mark.parametrize(
    ("words", "status", "unbuffered"), [(["business", "list"], 1, ""), (["runs", "9"], 2, "1")]
)
def test_a_full_disk_behind_the_output(
    environ: Mapping[str, str], words: list[str], status: int, unbuffered: str
) -> None:
    descriptor = full()
    done = run({**environ, "PYTHONUNBUFFERED": unbuffered}, *words, "--json", stdout=descriptor)
    os.close(descriptor)
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    assert b"Error: " in done.stderr
    assert b"No space left" in done.stderr or b"There is no run 9" in done.stderr


def test_a_full_disk_behind_the_errors_keeps_the_status(environ: Mapping[str, str]) -> None:
    descriptor = full()
    done = run(environ, "runs", "9", stderr=descriptor)
    os.close(descriptor)
    assert (done.returncode, done.stdout) == (2, b"")


def test_closed_streams_keep_the_status(environ: Mapping[str, str]) -> None:
    assert run(environ, "runs", "9", before=closing(0, 1, 2)).returncode == 2
    assert run(environ, "business", "list", before=closing(1)).returncode == 0
    done = run(environ, "account", "add", "1", "x", "--token-stdin", "--json", before=closing(0))
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "usage"


def test_closed_streams_are_not_mistaken_for_the_files_opened_next(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    """Descriptor 1 would be the key, the lock or the log, and the answer would be written to it."""
    home = {**environ, "ANALYTICS_SYNC_HOME": str(tmp_path / "home")}
    assert run(home, "init", before=closing(0, 1, 2)).returncode == 0
    assert run(home, "business", "add", "Acme", before=closing(1)).returncode == 0
    files = {p.name: p.read_bytes() for p in (tmp_path / "home").rglob("*") if p.is_file()}
    assert not [name for name, content in files.items() if b"Added business" in content]
    assert not [name for name, content in files.items() if b"Home:" in content]
    assert len(files["key"].split()) == 1
    assert len(files["analytics-sync.db.write.lock"]) <= 11


@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [(["business", "list"], "1"), (["business", "list", "--json"], "")],
)
def test_a_reader_that_has_gone(
    environ: Mapping[str, str], words: list[str], unbuffered: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run({**environ, "PYTHONUNBUFFERED": unbuffered}, *words, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_a_place_that_knows_no_unicode(
    environ: Mapping[str, str], locale: Mapping[str, str]
) -> None:
    done = run({**environ, **locale}, "business", "list", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    encoding = "latin-1" if "latin-1" in locale.values() else "utf-8"
    names = [b["name"] for b in json.loads(done.stdout.decode(encoding))["businesses"]]
    assert names[0] == NAME
    shown = run({**environ, **locale}, "business", "list")
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"hne" in shown.stdout


@pytest.mark.parametrize("columns", [1, 20])
def test_a_narrow_terminal(environ: Mapping[str, str], columns: int) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 5, columns, 0, 0))
    home = {**environ, "COLUMNS": str(columns), "LANG": "C.UTF-8", "TERM": "xterm"}
    done = [
        run(home, *words, stdout=theirs, stderr=theirs).returncode
        for words in (["business", "list"], ["sync", "--help"])
    ]
    os.close(theirs)
    shown = b""
    try:
        while some := os.read(ours, 65536):
            shown += some
    except OSError:
        pass
    os.close(ours)
    assert done == [0, 0]
    assert b"Traceback" not in shown
    assert b"Error" not in shown


def test_a_log_that_can_not_be_written_stops_nothing(command: Command, tmp_path: Path) -> None:
    assert command.call("init").status == 0
    log = tmp_path / "home" / "logs" / "analytics-sync.log"
    log.unlink(missing_ok=True)
    log.symlink_to("/dev/full")
    result = command.say("runs", "9")
    assert result.status == 2
    assert result.errors.count("can't be written") == 1
    assert "There is no run 9" in result.errors
    log.unlink()
    log.parent.chmod(0o500)
    with bound_by_rights():
        result = command.call("sync")
    log.parent.chmod(0o700)
    assert (result.status, result.document["outcome"]) == (0, "nothing_due")
    assert result.errors.count("can't be written") == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, asyncio.CancelledError])
@pytest.mark.usefixtures("command")
def test_an_interruption_ends_without_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    interruption: type[BaseException],
) -> None:
    def interrupted(*_: object) -> None:
        raise interruption

    monkeypatch.setattr("analytics_sync.wiring.initialise", interrupted)
    assert frame.run(["init"]) == 130
    assert [text.strip() for text in capsys.readouterr()] == ["", ""]
