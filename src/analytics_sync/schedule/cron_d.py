"""Keeps jobs in a file of root's in /etc/cron.d, where each line also says who runs it."""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import ClassVar

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule import _cron_daemon
from analytics_sync.schedule._backend import Backend, Change, Entry, Piece, Place
from analytics_sync.schedule._block import carried, read, refuse_copy, spliced
from analytics_sync.schedule._cron_entry import cron_lines, drift_of
from analytics_sync.schedule._cron_lines import machine_zone
from analytics_sync.schedule._user_lock import locked
from analytics_sync.schedule.crontab import check_lines
from analytics_sync.schedule.entries import unseen


class CronD(Backend):
    """A file of our own in the folder that cron reads beside the crontabs of users."""

    name: ClassVar[str] = "cron.d"
    folder: ClassVar[Path] = Path("/etc/cron.d")

    @property
    def _file(self) -> Path:
        return self.folder / f"analytics-sync-{self.place.name}"

    @classmethod
    def serves(cls, place: Place) -> bool:
        return place.as_root and os.access(cls.folder, os.W_OK)

    def check(self) -> None:
        if not self.place.as_root:
            raise SchedulerUnusable(
                f"Only root may write to {self.folder}.",
                hint="Run the command as root, or take `--backend crontab`.",
                code="needs_root",
            )
        if self.place.user.isdecimal():
            raise SchedulerUnusable(
                f"The home {self.place.home} belongs to user {self.place.user}, who has no name"
                " here; cron runs jobs of users with a name only.",
                hint="Give the home to a user of this machine (`chown -R`), or take another"
                " --backend.",
            )
        if not self.folder.is_dir():
            raise SchedulerUnusable(
                f"There is no folder {self.folder}.",
                hint="Install cron (Debian: `apt install cron`), or take another --backend.",
            )
        if not os.access(self.folder, os.W_OK):
            raise SchedulerUnusable(
                f"The folder {self.folder} can't be written to.",
                hint="It may lie on a file system that is mounted read-only; or take another"
                " --backend.",
            )

    def change(self, entries: Sequence[Entry], *, mend: bool = False) -> Change:
        before = self._read()
        refuse_copy(read(before, self.place.name), self.place.home, str(self._file))
        jobs = list(chain.from_iterable(self._lines(entries).values()))
        home = os.fsencode(self.place.home)
        try:
            after = spliced(before, self.place.name, home, jobs, mend=mend)
        except SchedulerUnusable as error:
            raise self._about_the_file(error) from error
        known = set(read(before, self.place.name).jobs)
        check_lines(line for line in jobs if line not in known)
        return Change((Piece(str(self._file), before, after),)) if after != before else Change()

    def apply(self, change: Change) -> None:
        self.check()
        with locked(self.folder):
            for piece in change.pieces:
                self._write(self._after(piece))

    def drift(self, entries: Sequence[Entry]) -> dict[str, str]:
        try:
            content = read(self._read(), self.place.name)
            refuse_copy(content, self.place.home, str(self._file))
            expected = self._lines(entries)
        except SchedulerUnusable as error:
            return unseen((one.name for one in entries), error.message)
        found = drift_of(content, expected, str(self._file))
        ignored = self._ignored()
        return found | ({"": "; ".join(filter(None, (found.get(""), ignored)))} if ignored else {})

    def alive(self, now: datetime, ticked_at: datetime | None) -> bool:
        return _cron_daemon.running()

    def advice(self) -> list[str]:
        return _cron_daemon.advice()

    def _lines(self, entries: Sequence[Entry]) -> dict[str, list[bytes]]:
        # Nothing is loaded of zones where nothing is wanted, as `status` looks for what was left.
        if not entries:
            return {}
        return cron_lines(self.place, entries, machine_zone(), user=self.place.user)

    def _after(self, piece: Piece) -> bytes | None:
        current = self._read()
        if current == piece.before:
            return piece.after
        home = os.fsencode(self.place.home)
        try:
            return carried(current, piece.before, piece.after, self.place.name, home)
        except SchedulerUnusable as error:
            raise self._about_the_file(error) from error

    def _about_the_file(self, error: SchedulerUnusable) -> SchedulerUnusable:
        words = f"Nothing was written to {self._file}: {error.message}."
        return SchedulerUnusable(words, hint=error.hint, code=error.code)

    def _read(self) -> bytes | None:
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable("read", error) from error

    def _write(self, content: bytes | None) -> None:
        """Cron sees the whole old file or the whole new one; it skips names with a dot."""
        new = self.folder / f".{self._file.name}.new"
        try:
            if content is None:
                self._file.unlink(missing_ok=True)
                return
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            with os.fdopen(descriptor, "wb") as file:
                # Whatever the umask: cron refuses a file that others may write.
                os.fchmod(descriptor, 0o644)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            new.replace(self._file)
        except OSError as error:
            with suppress(OSError):
                new.unlink()
            raise self._unusable("written", error) from error

    def _unusable(self, what: str, error: OSError) -> SchedulerUnusable:
        return SchedulerUnusable(
            f"{self._file} can't be {what}: {error.strerror}.",
            hint=f"The folder {self.folder} needs room, and root writes it; or take another"
            " --backend.",
        )

    def _ignored(self) -> str:
        """Why cron would not read the file though it is there; "" when it would."""
        try:
            status = self._file.lstat()
        except OSError:
            return ""
        if status.st_uid != 0 or status.st_mode & 0o022:
            return f"cron ignores {self._file}: it must be root's, and only root may write it"
        return ""


BACKEND = CronD
