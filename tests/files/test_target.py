"""An exported file appears whole or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from analytics_sync.errors import AnalyticsSyncError, ExitStatus, WrongUsage
from analytics_sync.files import target


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_there_only_in_the_end(tmp_path):
    with target.opened(str(tmp_path / "out.csv")) as sink:
        sink.write(b"a")
        assert "out.csv" not in names(tmp_path)
    assert names(tmp_path) == ["out.csv"]
    assert (tmp_path / "out.csv").read_bytes() == b"a"


def test_what_was_there_before_stays_when_it_fails(tmp_path):
    file = tmp_path / "out.csv"
    file.write_bytes(b"before")

    def stopped(sink):
        sink.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), target.opened(str(file)) as sink:
        stopped(sink)
    assert (names(tmp_path), file.read_bytes()) == (["out.csv"], b"before")


def test_rights_follow_the_umask_and_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "there" / "real.csv")
    before = os.umask(0o027)
    try:
        with target.opened(str(link)) as sink:
            sink.write(b"a")
    finally:
        os.umask(before)
    assert link.is_symlink()
    real = tmp_path / "there" / "real.csv"
    assert real.read_bytes() == b"a"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EIO, "Input/output error")]
)
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, number, words):
    with (
        pytest.raises(AnalyticsSyncError, match=words) as raised,
        target.opened(str(tmp_path / "out.csv")),
    ):
        raise OSError(number, os.strerror(number))
    assert (raised.value.code, raised.value.exit_status) == ("file_unwritable", ExitStatus.FAILED)
    assert raised.value.hint
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")
def test_a_device_is_written_directly():
    with (
        pytest.raises(AnalyticsSyncError, match="disk is full"),
        target.opened("/dev/full") as sink,
    ):
        sink.write(b"a")


def test_a_pipe_is_written_directly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with target.opened(str(pipe)) as sink:
        sink.write(b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("name", ["missing/out.csv", "file/out.csv", ".", "x" * 300])
def test_a_place_where_no_file_can_be_is_wrong_usage(tmp_path, name):
    (tmp_path / "file").touch()
    with (
        pytest.raises(WrongUsage, match="can't be written") as raised,
        target.opened(str(tmp_path / name)) as sink,
    ):
        sink.write(b"a")
    assert raised.value.code == "file_unwritable"


def test_a_circle_of_links_is_wrong_usage(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(WrongUsage), target.opened(str(tmp_path / "a")):
        pass


def test_a_very_long_name_gets_its_file(tmp_path):
    with target.opened(str(tmp_path / ("x" * 250))) as sink:
        sink.write(b"a")
    assert names(tmp_path) == ["x" * 250]


def test_a_reader_that_has_gone_is_left_to_the_frame():
    with pytest.raises(BrokenPipeError), target.opened("/dev/null"):
        raise BrokenPipeError
