"""Keeps jobs in the crontab of the user who calls, through `crontab -l` and `crontab -` alone."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import ClassVar, Final

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule import _cron_daemon
from analytics_sync.schedule._backend import Backend, Change, Entry, Piece, Place
from analytics_sync.schedule._block import carried, read, refuse_copy, spliced
from analytics_sync.schedule._commands import Answer, find, run
from analytics_sync.schedule._cron_entry import cron_lines, drift_of
from analytics_sync.schedule._cron_lines import field_values, machine_zone
from analytics_sync.schedule._user_lock import locked, user_folder, user_name
from analytics_sync.schedule.entries import unseen

TRIES: Final = 5
BACKUP: Final = "crontab.before"
# What the programs of Debian, Fedora and busybox say when there is none yet.
NO_CRONTAB: Final = ("no crontab for", "no such file")


# By Debian's `crontab -l`, so that nobody hides a command behind them.
LISTED_AS: Final = {b"\r": b"\\r", b"\b": b"\\b"}


class Crontab(Backend):
    """A block of lines in the user's own crontab."""

    name: ClassVar[str] = "crontab"
    seconds: ClassVar[float] = 20.0

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._where = f"crontab of {user_name(os.getuid())}"

    @classmethod
    def serves(cls, place: Place) -> bool:  # noqa: ARG003
        return find("crontab") is not None

    def check(self) -> None:
        self._read()

    def change(self, entries: Sequence[Entry], *, mend: bool = False) -> Change:
        before = self._read()
        refuse_copy(read(before, self.place.name), self.place.home, f"the {self._where}")
        # Nothing is loaded of zones where nothing is wanted, as `status` looks for what was left.
        wanted = cron_lines(self.place, entries, machine_zone()) if entries else {}
        after = self._spliced(before, list(chain.from_iterable(wanted.values())), mend=mend)
        return Change((Piece(self._where, before, after),)) if after != before else Change()

    def apply(self, change: Change) -> None:
        with locked(*self._lock_folders()):
            for piece in change.pieces:
                self._apply(piece)

    def tidy(self) -> None:
        if self._backup.exists():
            self._tidy(self._read())

    def drift(self, entries: Sequence[Entry]) -> dict[str, str]:
        try:
            content = read(self._read(), self.place.name)
            refuse_copy(content, self.place.home, f"the {self._where}")
            expected = cron_lines(self.place, entries, machine_zone())
        except SchedulerUnusable as error:
            return unseen((one.name for one in entries), error.message)
        return drift_of(content, expected, f"the {self._where}")

    def alive(self, now: datetime, ticked_at: datetime | None) -> bool:
        return _cron_daemon.running()

    def advice(self) -> list[str]:
        said = _cron_daemon.advice()
        caller = user_name(os.getuid())
        if self.place.user != caller:
            said.append(
                f"The jobs will run as {caller}, but the home {self.place.home} belongs to"
                f" {self.place.user}: better schedule as {self.place.user}."
            )
        return said

    def _spliced(
        self, before: bytes | None, jobs: Sequence[bytes], *, mend: bool = False
    ) -> bytes | None:
        home = os.fsencode(self.place.home)
        try:
            after = spliced(before, self.place.name, home, jobs, mend=mend)
        except SchedulerUnusable as error:
            raise self._about_the_crontab(error) from error
        known = set(read(before, self.place.name).jobs)
        check_lines(line for line in jobs if line not in known)
        return after

    def _apply(self, piece: Piece) -> None:
        """Write one change, unless somebody else is always quicker; what others wrote stays."""
        before, after = piece.before, piece.after
        for _ in range(TRIES):
            current = self._read()
            if current == before:
                self._keep(current)
                after = self._write(after)
                current = self._read()
            if current == after:
                self._tidy(after)
                return
            before, after = current, self._carried(current, piece)
        raise SchedulerUnusable(
            f"The {self._where} was changed by somebody else {TRIES} times while it was written.",
            hint="Look who else writes it, then run the command again.",
            code="crontab_busy",
        )

    def _carried(self, current: bytes | None, piece: Piece) -> bytes | None:
        home = os.fsencode(self.place.home)
        try:
            return carried(current, piece.before, piece.after, self.place.name, home)
        except SchedulerUnusable as error:
            raise self._about_the_crontab(error) from error

    def _about_the_crontab(self, error: SchedulerUnusable) -> SchedulerUnusable:
        words = f"Nothing was written to the {self._where}: {error.message}."
        return SchedulerUnusable(words, hint=error.hint, code=error.code)

    def _read(self) -> bytes | None:
        """The whole crontab; None when the user has none.

        :raises SchedulerUnusable: the program is missing, or refuses this user.
        """
        answer = run("crontab", "-l", seconds=self.seconds)
        if answer.status == 0:
            return self._exactly(answer.output)
        if any(words in answer.complaint.lower() for words in NO_CRONTAB):
            return None
        raise self._refused("read", answer)

    def _exactly(self, listed: bytes) -> bytes:
        """The crontab's bytes: Debian's program lists two control characters as two letters each.

        An editor gets the bytes themselves; `cat` is one that changes nothing.
        """
        if not any(letters in listed for letters in LISTED_AS.values()):
            return listed
        editor = {"VISUAL": "cat", "EDITOR": "cat"}
        answer = run("crontab", "-e", seconds=self.seconds, environ=editor)
        if answer.status == 0 and listed in (answer.output, _as_listed(answer.output)):
            return answer.output
        raise self._refused("read as it is", answer)

    def _write(self, content: bytes | None) -> bytes | None:
        """Make it the whole crontab; returns what the program was willing to take.

        :raises SchedulerUnusable: it refuses; the crontab is as it was.
        """
        if content is None:
            answer = run("crontab", "-r", seconds=self.seconds)
        else:
            answer = run("crontab", "-", stdin=content, seconds=self.seconds)
            if answer.status != 0 and "newline" in answer.complaint and content[-1:] != b"\n":
                # The last line had no end before us. Debian's program takes no such file.
                return self._write(content + b"\n")
        if answer.status != 0:
            raise self._refused("written", answer)
        return content

    def _refused(self, what: str, answer: Answer) -> SchedulerUnusable:
        said = " ".join(answer.complaint.split()) or f"status {answer.status}"
        return SchedulerUnusable(
            f"The {self._where} can't be {what}: {said}",
            hint="Whoever runs the machine allows it in /etc/cron.allow and /etc/cron.deny; or"
            " take another --backend.",
            code="crontab_refused",
        )

    def _lock_folders(self) -> list[Path]:
        """The lock is the user's, not the home's: two installations share one crontab."""
        folder = user_folder(os.getuid())
        return [self.place.home] if folder is None else [folder, self.place.home]

    @property
    def _backup(self) -> Path:
        return self.place.home / BACKUP

    def _keep(self, current: bytes | None) -> None:
        """Before our block comes, or is mended: one copy of what others had."""
        found = read(current, self.place.name)
        if current is None or (found.ours and not found.trouble):
            return
        new = self._backup.with_name(f"{BACKUP}.new")
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(current)
                file.flush()
                os.fsync(descriptor)
            new.replace(self._backup)
        except OSError as error:
            with suppress(OSError):
                new.unlink()
            raise SchedulerUnusable(
                f"No copy of the {self._where} can be kept in {self._backup}: {error.strerror}.",
                hint="Nothing was changed. The home needs room, and must be yours.",
            ) from error

    def _tidy(self, content: bytes | None) -> None:
        """Once our block is gone, and the rest was read back as it was, the copy goes too."""
        if not read(content, self.place.name).ours:
            with suppress(OSError):
                self._backup.unlink()


def _as_listed(content: bytes) -> bytes:
    for control, letters in LISTED_AS.items():
        content = content.replace(control, letters)
    return content


def check_lines(lines: Iterable[bytes]) -> None:
    """Have another reader of crontabs find in new lines what we mean, before cron reads them.

    :raises SchedulerUnusable: it does not.
    """
    new = list(lines)
    if not new:
        return
    from crontab import CronItem, CronTab  # type: ignore[import-untyped]

    table = CronTab(tab="")
    for line in new:
        text = line.decode(errors="surrogateescape").rstrip("\n")
        item = CronItem.from_line(text, cron=table)
        mark = text.rpartition("# ")[2]
        if not (item.is_valid() and item.is_enabled() and str(item.comment).endswith(mark)):
            raise _misread(text)
        for number, (part, field) in enumerate(zip(item.slices, text.split(" "), strict=False)):
            if set(part) != {
                value % 7 if number == 4 else value for value in field_values(number, field)
            }:
                raise _misread(text)


def _misread(line: str) -> SchedulerUnusable:
    return SchedulerUnusable(
        f"python-crontab does not read this line as it is meant, so it was not written: {line}",
        hint="Please report it with the job's timing; or take another --backend.",
    )


BACKEND = Crontab
