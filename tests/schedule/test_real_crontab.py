"""Debian's own `crontab` program, for a user whom the test makes and removes."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from analytics_sync.domain.timing import Cron, Every
from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule._backend import Entry
from analytics_sync.schedule._commands import find
from analytics_sync.schedule.crontab import Crontab, check_lines
from support.crontab_program import place

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("machine with cron")]

USER = "analytics-sync-test"
SPOOL = Path("/var/spool/cron/crontabs")
LINES = (
    b"0 0 * * * x\\%y 'z' \"q\"\n",
    b"@daily /bin/true\n",
    b'MAILTO = "a b" \n',
    b"# caf\xe9 \xff\n",
    b"0 1 * * * x\r\n",
    b"\n",
    b"  \t5\t4 * * sun true # analytics-sync:99999999 job\n",
    b"# BEGIN analytics-sync:99999999 /elsewhere\n",
    b"# " + b"x" * 3000 + b"\n",
    b"#\0\b\n",
    b"0 1 * * * grep '\\bx\\r'\n",
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The home of a user of this machine who has no crontab."""
    if os.geteuid() != 0:
        pytest.skip("a user of one's own needs root")
    if not find("crontab") or not SPOOL.is_dir():
        pytest.skip("Debian's cron is not installed (apt-get install cron)")
    # One that a killed run of these tests left behind.
    remove_user(check=False)
    subprocess.run(["useradd", "--create-home", "--user-group", USER], check=True)
    try:
        yield Path(f"/home/{USER}")
    finally:
        remove_user(check=True)


def remove_user(*, check: bool) -> None:
    subprocess.run(["crontab", "-r", "-u", USER], capture_output=True, check=False)
    subprocess.run(["userdel", "--remove", USER], capture_output=True, check=check)


def as_user(*arguments: str, stdin: bytes | None = None) -> bytes:
    done = subprocess.run(
        ["crontab", "-u", USER, *arguments], input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0 or b"no crontab for" in done.stderr, done.stderr
    return done.stdout


def tab() -> bytes | None:
    """What is in the spool, after the three lines that Debian's program writes itself."""
    file = SPOOL / USER
    return file.read_bytes().split(b"\n", 3)[3] if file.exists() else None


def set_tab(content: bytes | None) -> None:
    if content is None:
        as_user("-r")
    else:
        as_user("-", stdin=content)


def entries(chosen: random.Random) -> list[Entry]:
    timings = [
        Every(
            timedelta(minutes=chosen.randrange(5, 3000)), timedelta(minutes=chosen.randrange(60))
        ),
        Cron("30 2 * * *", "Europe/Berlin"),
        Cron("*/7 0-23/5 28 2,3 sun"),
    ]
    names = chosen.sample(range(100), chosen.randrange(1, 5))
    return [Entry(f"j_{n}", "", chosen.choice(timings), ("sync", "--job", f"j_{n}")) for n in names]


def sequence(home: Path, seed: int) -> None:
    """Some changes by one installation and some by another, and back again."""
    chosen = random.Random(seed)
    # A path with all that cron or a shell might take for something else.
    paths = home, home / "it's 100% \\%b # ü"
    backends = [
        Crontab(place(path, name))
        for path, name in zip(paths, ("1a2b3c4d", "2b3c4d5e"), strict=True)
    ]
    for _ in range(chosen.randrange(2, 6)):
        backend = chosen.choice(backends)
        wanted = entries(chosen)
        backend.apply(backend.change(wanted))
        assert backend.drift(wanted) == {}
        assert not backend.change(wanted)
    for backend in backends:
        backend.apply(backend.change([]))


def forked(home: Path, function: object, *arguments: object) -> None:
    """Run a function in a process of the user, who may not be able to read this checkout."""
    check_lines([b"* * * * * x # analytics-sync:1a2b3c4d j\n"])
    status = home.stat()

    def run() -> None:
        os.setgroups([])
        os.setgid(status.st_gid)
        os.setuid(status.st_uid)
        os.chdir(home)
        os.environ["HOME"] = str(home)
        try:
            function(*arguments)  # type: ignore[operator]
        except BaseException as error:
            print(repr(error), file=sys.stderr)  # noqa: T201
            raise

    process = get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == 0


@pytest.mark.parametrize("seed", range(30))
def test_what_others_wrote_comes_back_through_the_real_program(home: Path, seed: int) -> None:
    chosen = random.Random(seed)
    content = b"".join(chosen.choices(LINES, k=chosen.randrange(6))) if seed else None
    odd = home / "it's 100% \\%b # ü"
    odd.mkdir(exist_ok=True)
    os.chown(odd, home.stat().st_uid, home.stat().st_gid)
    set_tab(content)
    before = sorted(home.rglob("*"))
    forked(home, sequence, home, seed)
    assert tab() == content
    assert sorted(home.rglob("*")) == before


def test_a_crontab_without_last_newline_gets_one_and_keeps_all_else(home: Path) -> None:
    set_tab(b"0 0 * * * true\n")
    # Nobody writes other people's files in that folder; but root may put one in their place.
    content, status = (SPOOL / USER).read_bytes(), (SPOOL / USER).stat()
    new = SPOOL / f"{USER}.new"
    new.write_bytes(content[:-1])
    new.chmod(status.st_mode)
    os.chown(new, status.st_uid, status.st_gid)
    new.replace(SPOOL / USER)
    assert tab() == b"0 0 * * * true"
    forked(home, sequence, home, 1)
    assert tab() == b"0 0 * * * true\n"


def test_the_lines_that_debians_program_writes_itself_are_not_doubled(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_tab(b"0 0 * * * true\n")
    monkeypatch.setenv("CRONTAB_NOHEADER", "N")
    forked(home, sequence, home, 2)
    monkeypatch.delenv("CRONTAB_NOHEADER")
    assert tab() == b"0 0 * * * true\n"


def test_a_forbidden_user_is_told_so_by_the_program(home: Path) -> None:
    deny = Path("/etc/cron.deny")
    if deny.exists() or Path("/etc/cron.allow").exists():
        pytest.skip("this machine has rules of its own on who may use crontab")

    def refused() -> None:
        with pytest.raises(SchedulerUnusable, match=f"You .{USER}. are not allowed"):
            Crontab(place(home)).check()

    deny.write_text(f"{USER}\n")
    try:
        forked(home, refused)
    finally:
        deny.unlink()


def test_a_path_too_long_for_cron_is_the_one_that_the_program_refuses(home: Path) -> None:
    """The longest line that we write is one that the program takes."""

    def longest(length: int) -> None:
        backend = Crontab(place(home, program="/" + "x" * length))
        backend.apply(backend.change([Entry("tick", "", Every(timedelta(hours=1)), ("tick",))]))

    overhead = len(f"ANALYTICS_SYNC_HOME={home} / tick # analytics-sync:1a2b3c4d tick")
    set_tab(None)
    forked(home, longest, 998 - overhead)
    assert b"x" * (998 - overhead) in (tab() or b"")
    with pytest.raises(SchedulerUnusable, match="too long"):
        longest(999 - overhead)
    set_tab(None)
