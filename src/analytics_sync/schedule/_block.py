"""Our marked block among the lines of somebody else's crontab; all other bytes stay as they are.

Ours are the two marker lines, which carry the installation's name, and each line that ends with
its mark, `# analytics-sync:NAME JOB`. The first marker also remembers what must come back when the
block goes: that there was no crontab before, or that its last line had no end. The last marker
has a checksum of the lines between, so that a change by hand is seen before it is lost.
"""

import os
import re
import zlib
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from analytics_sync.errors import SchedulerUnusable

# In the first marker: there was no file, or the line before it (by its checksum) had no end.
NEW = b"(new)"
OPEN = b"(open %08x)"
MARKER = rb"\S+ \S+ \S+ (?:(\(new\)|\(open [0-9a-f]{8}\)) )?([^\r\n]*)"
BEGIN_OF_NEW = rb"# BEGIN analytics-sync:[0-9a-f]+ \(new\) .*\n"
END_OF_ANY = rb"# END analytics-sync:[0-9a-f]+ [0-9a-f]{8}\n"


class Marks(NamedTuple):
    """How lines of one installation are told from all others."""

    name: str

    @property
    def mark(self) -> bytes:
        return b"# analytics-sync:%b " % self.name.encode()

    def begin(self, flag: bytes, home: bytes) -> bytes:
        flag = flag + b" " if flag else b""
        return b"# BEGIN analytics-sync:%b %b%b\n" % (self.name.encode(), flag, home)

    def end(self, lines: Sequence[bytes]) -> bytes:
        return b"# END analytics-sync:%b %08x\n" % (self.name.encode(), zlib.crc32(b"".join(lines)))

    def begins(self, line: bytes) -> bool:
        return line.startswith(b"# BEGIN analytics-sync:%b " % self.name.encode())

    def ends(self, line: bytes) -> bool:
        return line.startswith(b"# END analytics-sync:%b " % self.name.encode())

    def job(self, line: bytes) -> str | None:
        """The job that a line of ours starts; None when it is not ours."""
        _, found, job = line.rstrip(b"\r\n").rpartition(self.mark)
        return job.decode() if found and re.fullmatch(rb"\w+", job) else None

    def ours(self, line: bytes) -> bool:
        return self.begins(line) or self.ends(line) or self.job(line) is not None


class Content:
    """The lines of a file or crontab, each with its end, and where ours are among them."""

    def __init__(self, lines: list[bytes], marks: Marks) -> None:
        self.lines = lines
        self.marks = marks

    @cached_property
    def ours(self) -> list[int]:
        name = self.marks.name.encode()
        return [
            number
            for number, line in enumerate(self.lines)
            if name in line and self.marks.ours(line)
        ]

    @cached_property
    def jobs(self) -> list[bytes]:
        """Our lines without the markers."""
        chosen = (self.lines[number] for number in self.ours)
        return [line for line in chosen if self.marks.job(line) is not None]

    @property
    def flag(self) -> bytes:
        """What the first marker remembers, as it is written there."""
        return self._first_marker[0]

    @property
    def home(self) -> bytes | None:
        """The home that the block belongs to; None when there is none, or it does not say."""
        return self._first_marker[1] or None

    @cached_property
    def _first_marker(self) -> tuple[bytes, bytes]:
        for line in (self.lines[number] for number in self.ours):
            match = re.match(MARKER, line) if self.marks.begins(line) else None
            if match:
                return match[1] or b"", match[2]
        return b"", b""

    @cached_property
    def trouble(self) -> str:
        """What is wrong with our block, in words with line numbers; "" when nothing is."""
        begins = [n for n in self.ours if self.marks.begins(self.lines[n])]
        ends = [n for n in self.ours if self.marks.ends(self.lines[n])]
        for numbers, word in ((begins, "begins"), (ends, "ends")):
            if len(numbers) > 1:
                return f"it {word} {len(numbers)} times, in {_lines(numbers)}"
        if begins and not ends:
            return f"it begins in line {begins[0] + 1} and does not end"
        if ends and not begins:
            return f"it ends in line {ends[0] + 1} and does not begin"
        if not begins:
            return f"without it, {_lines(self.ours)} of ours" if self.ours else ""
        return self._trouble_within(begins[0], ends[0])

    def _trouble_within(self, begin: int, end: int) -> str:
        if end < begin:
            return f"it ends in line {end + 1} and begins after that, in line {begin + 1}"
        outside = [number for number in self.ours if not begin <= number <= end]
        if outside:
            return f"it is in lines {begin + 1} to {end + 1}, but {_lines(outside)} of ours outside"
        known = set(self.ours)
        foreign = [number for number in range(begin, end) if number not in known]
        if foreign:
            return f"inside of it, something else is in {_lines(foreign)}"
        if self.marks.end(self.lines[begin + 1 : end]).rstrip() != self.lines[end].rstrip():
            return f"lines {begin + 1} to {end + 1} were changed by hand"
        return ""


@lru_cache(maxsize=4)
def read(content: bytes | None, name: str) -> Content:
    """Look for the block of an installation."""
    return Content(_split(content or b""), Marks(name))


def spliced(
    content: bytes | None, name: str, home: bytes, jobs: Sequence[bytes], *, mend: bool = False
) -> bytes | None:
    """The content with exactly these lines in our block; without lines, without the block.

    `content` and what is returned: None where there is no file. `mend`: gather what is ours from
    a damaged block, and leave the rest.

    :raises SchedulerUnusable: our block is damaged; the words begin with "our block".
    """
    found = read(content, name)
    if found.trouble and not mend:
        raise damaged(found)
    if not found.ours and not jobs:
        return content
    place = found.ours[0] if found.ours else len(found.lines)
    known = set(found.ours)
    before = found.lines[:place]
    after = [line for n, line in enumerate(found.lines) if n > place and n not in known]
    flag = found.flag if found.ours else _new_flag(content)
    if jobs:
        return b"".join([*_with_block(before, flag, found.marks, home, jobs), *after])
    return _without_block(before, after, flag)


def damaged(found: Content) -> SchedulerUnusable:
    return SchedulerUnusable(
        f"our block is damaged: {found.trouble}",
        hint="`analytics-sync schedule --apply` writes it anew and leaves all other lines.",
        code="block_damaged",
    )


def refuse_copy(found: Content, home: Path, where: str) -> None:
    """A copied home has the name of the one that it was copied from.

    :raises SchedulerUnusable: the block belongs to another home, which is still there.
    """
    other = Path(os.fsdecode(found.home)) if found.home else home
    if is_another(other, home):
        raise SchedulerUnusable(
            f"The jobs in {where} belong to the home {other}, of which {home} seems to be a copy.",
            hint="If that home is no longer used, take its jobs away first:"
            f" ANALYTICS_SYNC_HOME={other} analytics-sync unschedule --all",
            code="other_installation",
        )


def is_another(other: Path, home: Path) -> bool:
    """Whether that is another home than ours and is still there, be it under another path."""
    # Of a folder that we may not see, nothing is known.
    if other == home or not os.access(other, os.F_OK):
        return False
    try:
        return not other.samefile(home)
    except OSError:
        return True


def carried(
    current: bytes | None, before: bytes | None, after: bytes | None, name: str, home: bytes
) -> bytes | None:
    """What a change of our block makes of a content that somebody else has changed meanwhile.

    :raises SchedulerUnusable: our own block is not as it was before the change.
    """
    now, was, wanted = read(current, name), read(before, name), read(after, name)
    if now.trouble or wanted.trouble or now.jobs not in (was.jobs, wanted.jobs):
        raise SchedulerUnusable(
            "our block was changed by somebody else in this moment",
            hint="Look who else writes it, then run the command again.",
            code="changed_meanwhile",
        )
    return spliced(current, name, home, wanted.jobs)


def _with_block(
    before: list[bytes], flag: bytes, marks: Marks, home: bytes, jobs: Sequence[bytes]
) -> list[bytes]:
    if before and not before[-1].endswith(b"\n"):
        flag = OPEN % zlib.crc32(before[-1])
        before = [*before[:-1], before[-1] + b"\n"]
    return [*before, marks.begin(flag, home), *jobs, marks.end(jobs)]


def _without_block(before: list[bytes], after: list[bytes], flag: bytes) -> bytes | None:
    rest = b"".join([*before, *after])
    if not rest and flag == NEW:
        return None
    if before and not after and flag == OPEN % zlib.crc32(before[-1][:-1]):
        return rest[:-1]
    return rest


def _new_flag(content: bytes | None) -> bytes:
    """Whether the file goes with us: there is none, or only what others of us have made."""
    if content is None:
        return NEW
    inside = False
    for line in _split(content):
        if inside:
            inside = re.fullmatch(END_OF_ANY, line) is None
        elif re.fullmatch(BEGIN_OF_NEW, line):
            inside = True
        else:
            return b""
    return NEW if content and not inside else b""


def _split(content: bytes) -> list[bytes]:
    """Lines with their ends; only a line feed ends a line."""
    *whole, rest = content.split(b"\n")
    lines = [line + b"\n" for line in whole]
    return [*lines, rest] if rest else lines


def _lines(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number + 1) for number in numbers[:8])
    return f"line{'' if len(numbers) == 1 else 's'} {shown}{', …' if len(numbers) > 8 else ''}"
