import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from analytics_sync.domain.timing import Cron, Every, Timing
from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule import _cron_daemon, crontab
from analytics_sync.schedule._backend import Change, Entry
from analytics_sync.schedule._block import read
from analytics_sync.schedule.crontab import Crontab, check_lines
from support.crontab_program import CrontabProgram, place

HOURLY = Every(timedelta(hours=1), timedelta(minutes=17))
FOREIGN = {
    "empty": b"",
    "missing": None,
    "latin-1": "# caf\xe9\n0 0 * * * caf\xe9\n".encode("latin-1"),
    "crlf": b"MAILTO=me\r\n0 0 * * * x\r\n",
    "control characters": b"0 0 * * * grep '\\bx\\r'\r\n#\b\n",
    "no last newline": b"0 0 * * * x",
    "10,000 lines": b"".join(b"%d 1 * * * x%%y\n" % (number % 60) for number in range(10_000)),
    "what python-crontab would change": b"0 0 * * * x\\%y # DISABLED 'z'\nA = \" b \"\n@daily q\n*\n",
}


def entry(number: int | str, timing: Timing = HOURLY) -> Entry:
    name = f"sync_business_{number}"
    return Entry(name, name, timing, ("sync", "--job", name))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "the home"
    folder.mkdir()
    return folder


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CrontabProgram:
    # The lock is on the real user's home folder: tests take one of their own.
    monkeypatch.setattr(crontab, "user_folder", lambda number: tmp_path)
    monkeypatch.setattr(crontab, "machine_zone", lambda: UTC)
    return CrontabProgram(tmp_path / "bin", monkeypatch)


@pytest.fixture
def backend(home: Path, program: CrontabProgram) -> Crontab:
    return Crontab(place(home))


def put(backend: Crontab, *entries: Entry, mend: bool = False) -> Change:
    change = backend.change(entries, mend=mend)
    backend.apply(change)
    assert not backend.change(entries)
    return change


def test_a_job_is_a_line_with_program_and_home_and_its_name(
    backend: Crontab, program: CrontabProgram, home: Path
) -> None:
    change = put(backend, entry(1), Entry("tick", "Tick", HOURLY, ("tick",)))
    assert [piece.before for piece in change.pieces] == [None]
    assert program.tab == change.pieces[0].after
    text = (program.tab or b"").decode().splitlines()
    command = f"17 * * * * ANALYTICS_SYNC_HOME='{home}' /opt/as/bin/analytics-sync"
    assert text[0] == f"# BEGIN analytics-sync:1a2b3c4d (new) {home}"
    assert (
        text[1] == f"{command} sync --job sync_business_1 # analytics-sync:1a2b3c4d sync_business_1"
    )
    assert text[2] == f"{command} tick # analytics-sync:1a2b3c4d tick"
    assert backend.drift([entry(1), Entry("tick", "Tick", HOURLY, ("tick",))]) == {}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_was_there_comes_back_when_the_jobs_go(
    kind: str, backend: Crontab, program: CrontabProgram, home: Path
) -> None:
    program.tab = FOREIGN[kind]
    put(backend, entry(1))
    put(backend, entry(1), entry(2))
    assert (program.tab or b"").startswith(FOREIGN[kind] or b"")
    put(backend)
    expected = FOREIGN[kind]
    if kind == "no last newline":
        # Debian's program takes no crontab without it, and cron itself runs none.
        expected = (expected or b"") + b"\n"
    assert program.tab == expected
    assert list(home.iterdir()) == []


def test_a_program_that_takes_a_line_without_end_gets_it_back(
    backend: Crontab, program: CrontabProgram
) -> None:
    source = (program.folder / "crontab").read_text()
    (program.folder / "crontab").write_text(source.replace("-ne 10", "-eq 999"))
    program.tab = b"0 0 * * * x"
    put(backend, entry(1))
    put(backend)
    assert program.tab == b"0 0 * * * x"


def test_one_copy_of_the_foreign_state_is_kept_while_jobs_are_there(
    backend: Crontab, program: CrontabProgram, home: Path
) -> None:
    program.tab = b"theirs\n"
    put(backend, entry(1))
    put(backend, entry(1), entry(2))
    copy = home / "crontab.before"
    assert copy.read_bytes() == b"theirs\n"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in home.iterdir()] == ["crontab.before"]
    program.tab = (program.tab or b"").replace(b"17 *", b"18 *")
    put(backend, entry(1), mend=True)
    assert b"18 *" in copy.read_bytes()
    assert [file.name for file in home.iterdir()] == ["crontab.before"]


def test_without_room_for_the_copy_nothing_is_written(
    backend: Crontab, program: CrontabProgram, home: Path
) -> None:
    program.tab = b"theirs\n"
    (home / "crontab.before").mkdir()
    with pytest.raises(SchedulerUnusable, match="No copy of the crontab"):
        put(backend, entry(1))
    assert program.tab == b"theirs\n"
    assert program.writes == 0


def test_nothing_is_written_when_all_is_there(backend: Crontab, program: CrontabProgram) -> None:
    put(backend, entry(1))
    assert program.writes == 1
    assert not backend.change([entry(1)])
    backend.apply(backend.change([entry(1)]))
    assert program.writes == 1
    assert not Crontab(replace(backend.place, name="00000000")).change([])


def test_a_change_is_undone(backend: Crontab, program: CrontabProgram) -> None:
    program.tab = b"theirs\n"
    change = put(backend, entry(1))
    backend.apply(change.reversed())
    assert program.tab == b"theirs\n"
    backend.apply(change)
    program.tab = b"more\n" + (program.tab or b"")
    backend.apply(change.reversed())
    assert program.tab == b"more\ntheirs\n"


def test_a_forbidden_user_hears_the_programs_own_words(
    backend: Crontab, program: CrontabProgram
) -> None:
    program.deny()
    for attempt in (backend.check, lambda: backend.change([entry(1)])):
        with pytest.raises(SchedulerUnusable, match=r"You .somebody. are not allowed") as caught:
            attempt()
        assert "/etc/cron.allow" in caught.value.hint
    assert "not allowed" in backend.drift([entry(1)])[""]


def test_a_missing_program_is_named(
    backend: Crontab, program: CrontabProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Crontab.serves(backend.place)
    (program.folder / "crontab").unlink()
    monkeypatch.setattr("analytics_sync.schedule._commands.USUAL_FOLDERS", "")
    monkeypatch.setenv("PATH", str(program.folder))
    assert not Crontab.serves(backend.place)
    with pytest.raises(SchedulerUnusable, match="`crontab` can't be started"):
        backend.check()


def test_a_program_that_hangs_is_not_waited_for(backend: Crontab, program: CrontabProgram) -> None:
    program.hang()
    backend.__class__ = type("Quick", (Crontab,), {"seconds": 0.05})
    with pytest.raises(SchedulerUnusable, match="did not end within"):
        backend.check()


def test_a_crontab_that_can_not_be_read_exactly_is_left_alone(
    backend: Crontab, program: CrontabProgram
) -> None:
    program.tab = b"0 0 * * * x\r\n"
    source = (program.folder / "crontab").read_text()
    (program.folder / "crontab").write_text(source.replace("$VISUAL", "false"))
    with pytest.raises(SchedulerUnusable, match="can't be read as it is"):
        put(backend, entry(1))
    assert program.tab == b"0 0 * * * x\r\n"


def test_a_refused_crontab_stays_as_it_was(backend: Crontab, program: CrontabProgram) -> None:
    program.tab = b"theirs\n"
    program.refuse('"-":1: bad minute\nerrors in crontab file, can\'t install.')
    with pytest.raises(SchedulerUnusable, match=r"can't be written: .* bad minute errors"):
        put(backend, entry(1))
    assert program.tab == b"theirs\n"


def test_a_line_that_somebody_writes_between_our_look_and_our_write_stays(
    backend: Crontab, program: CrontabProgram
) -> None:
    program.tab = b"theirs\n"
    change = backend.change([entry(1)])
    program.tab = b"theirs\nnew\n"
    backend.apply(change)
    assert (program.tab or b"").startswith(b"theirs\nnew\n# BEGIN")
    assert backend.drift([entry(1)]) == {}


def test_what_somebody_writes_right_after_us_stays_and_ours_is_put_again(
    backend: Crontab, program: CrontabProgram
) -> None:
    # Somebody's editor had the old crontab open, and saves it once.
    program.tab = b"theirs\n"
    program.after("-", "[ -e once ] || { touch once; echo edited > tab; }")
    put(backend, entry(1))
    assert (program.tab or b"").startswith(b"edited\n# BEGIN")
    assert program.writes == 2


def test_somebody_who_is_always_quicker_is_told_of(
    backend: Crontab, program: CrontabProgram
) -> None:
    program.tab = b"0\n"
    program.after("-", "wc -c writes > tab")
    with pytest.raises(SchedulerUnusable, match="changed by somebody else 5 times"):
        put(backend, entry(1))
    assert program.tab == b"10 writes\n"


def test_our_lines_changed_between_look_and_write_are_not_overwritten(
    backend: Crontab, program: CrontabProgram
) -> None:
    put(backend, entry(1))
    change = backend.change([entry(1), entry(2)])
    program.tab = (program.tab or b"").replace(b"17 *", b"18 *")
    now = program.tab
    with pytest.raises(SchedulerUnusable, match="Nothing was written to the crontab"):
        backend.apply(change)
    assert program.tab == now


def test_a_damaged_block_is_refused_until_it_is_mended(
    backend: Crontab, program: CrontabProgram
) -> None:
    program.tab = b"theirs\n"
    put(backend, entry(1), entry(2))
    program.tab = (program.tab or b"").replace(b"\n17 *", b"\nforeign\n17 *", 1)
    now = program.tab
    with pytest.raises(SchedulerUnusable) as caught:
        backend.change([entry(1)])
    assert "our block is damaged: inside of it, something else is in line 3" in str(caught.value)
    assert "`analytics-sync schedule --apply`" in caught.value.hint
    assert program.tab == now
    drift = backend.drift([entry(1), entry(2)])
    assert list(drift) == [""]
    assert "line 3" in drift[""]
    put(backend, entry(1), mend=True)
    put(backend)
    assert program.tab == b"theirs\nforeign\n"


def test_drift_names_missing_changed_and_stray_lines(
    backend: Crontab, program: CrontabProgram
) -> None:
    assert backend.drift([]) == {}
    assert list(backend.drift([entry(1)])) == ["sync_business_1"]
    put(backend, entry(1), entry(2), entry(3))
    other = Every(timedelta(hours=1), timedelta(minutes=18))
    drift = backend.drift([entry(1), entry(2, other), entry(4)])
    assert drift["sync_business_2"].startswith("not as it should be in the crontab of ")
    assert drift["sync_business_4"].startswith("not in the crontab of ")
    assert drift[""].endswith("but not scheduled: sync_business_3")
    assert len(drift) == 3


def test_two_installations_share_a_crontab(
    backend: Crontab, program: CrontabProgram, tmp_path: Path
) -> None:
    second = Crontab(place(tmp_path, "99999999"))
    put(backend, entry(1))
    put(second, entry(1), entry(2))
    put(backend, entry(3))
    assert second.drift([entry(1), entry(2)]) == {}
    put(backend)
    assert second.drift([entry(1), entry(2)]) == {}
    put(second)
    assert program.tab is None


def test_a_copied_home_does_not_take_over_the_jobs_of_the_other(
    backend: Crontab, program: CrontabProgram, home: Path, tmp_path: Path
) -> None:
    put(backend, entry(1))
    copy = Crontab(replace(backend.place, home=tmp_path))
    with pytest.raises(SchedulerUnusable, match="seems to be a copy") as caught:
        copy.change([entry(2)], mend=True)
    assert "unschedule --all" in caught.value.hint
    assert str(home) in copy.drift([entry(1)])[""]
    # The home was moved: the jobs move with it.
    home.rename(tmp_path / "moved")
    put(Crontab(replace(backend.place, home=tmp_path / "moved")), entry(1))
    assert b" (new) %b/moved\n" % bytes(tmp_path) in (program.tab or b"")


def test_a_home_under_another_path_is_no_copy(
    backend: Crontab, program: CrontabProgram, home: Path, tmp_path: Path
) -> None:
    put(backend, entry(1))
    (tmp_path / "link").symlink_to(home)
    linked = Crontab(replace(backend.place, home=tmp_path / "link"))
    assert "not as it should be" in linked.drift([entry(1)])["sync_business_1"]
    put(linked, entry(1))
    assert b"=%b/link " % bytes(tmp_path) in (program.tab or b"")


def test_a_path_with_a_line_break_is_refused(tmp_path: Path, program: CrontabProgram) -> None:
    home = tmp_path / "a\nb"
    home.mkdir()
    backend = Crontab(place(home))
    with pytest.raises(SchedulerUnusable, match="line break"):
        backend.change([entry(1)])
    assert "line break" in backend.drift([entry(1)])[""]
    with pytest.raises(SchedulerUnusable, match="too long for a line of cron"):
        Crontab(place(Path("/" + "x" * 990))).change([entry(1)])


def test_jobs_of_another_users_home_are_advised_against(
    home: Path, program: CrontabProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cron_daemon, "running", lambda: True)
    assert Crontab(replace(place(home), user=crontab.user_name(os.getuid()))).advice() == []
    (words,) = Crontab(replace(place(home), user="alice")).advice()
    assert "better schedule as alice" in words
    monkeypatch.setattr(_cron_daemon, "running", lambda: False)
    assert "No cron daemon runs" in Crontab(place(home)).advice()[0]
    assert not Crontab(place(home)).alive(datetime(2026, 1, 1, tzinfo=UTC), None)


@pytest.mark.parametrize(
    "line",
    [
        b"61 * * * * x # analytics-sync:1a2b3c4d j\n",
        b"0-59 * * * 8 x # analytics-sync:1a2b3c4d j\n",
        b"# * * * * * x # analytics-sync:1a2b3c4d j\n",
    ],
)
def test_a_line_that_another_reader_takes_otherwise_is_not_written(line: bytes) -> None:
    with pytest.raises(SchedulerUnusable, match="python-crontab does not read"):
        check_lines([line])
    check_lines([b"5-59/15 0-4,9 1-31 1,7 5-7 x 'a # b' \\%% # analytics-sync:1a2b3c4d j\n"])


def test_one_more_job_changes_nothing_of_a_thousand_others(backend: Crontab) -> None:
    timings: list[Timing] = [
        HOURLY,
        Cron("30 2 * * *", "Europe/Berlin"),
        Every(timedelta(hours=25)),
    ]
    entries = [entry(number, timings[number % 3]) for number in range(1000)]
    put(backend, *entries)
    assert backend.drift(entries) == {}
    assert backend.change([*entries, entry("more")])


def work(folder: Path, name: str, count: int) -> None:
    """What one process does: as many changes as jobs, each with one job more."""
    os.environ["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"
    crontab.user_folder = lambda number: folder
    backend = Crontab(place(folder, name))
    for number in range(1, count + 1):
        backend.apply(backend.change([entry(one) for one in range(number)]))


def at_once(folder: Path, program: CrontabProgram, processes: int, count: int) -> None:
    foreign = FOREIGN["what python-crontab would change"] or b""
    program.tab = foreign
    names = [f"{number:08x}" for number in range(processes)]
    context = get_context("fork")
    workers = [context.Process(target=work, args=(folder, name, count)) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * processes
    tab = program.tab or b""
    assert tab.startswith(foreign + b"# BEGIN")
    assert sum(len(read(tab, name).jobs) for name in names) == processes * count
    assert all(read(tab, name).trouble == "" for name in names)
    for name in names:
        put(Crontab(place(folder, name)))
    assert program.tab == foreign


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path, program: CrontabProgram) -> None:
    at_once(tmp_path, program, processes=3, count=3)


@pytest.mark.slow
def test_eight_processes_with_25_changes_each_lose_nothing(
    tmp_path: Path, program: CrontabProgram
) -> None:
    at_once(tmp_path, program, processes=8, count=25)
