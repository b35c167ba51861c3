"""The lines of cron that start an entry, and what is wrong with those that are there."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Final

from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule._backend import Entry, Place
from analytics_sync.schedule._block import Content
from analytics_sync.schedule._cron_lines import lines

# Debian's cron takes 999 bytes of command.
LONGEST: Final = 998
PLAIN: Final = re.compile(r"[A-Za-z0-9_@+=:,./-]+")


def cron_lines(
    place: Place, entries: Sequence[Entry], zone: tzinfo, user: str | None = None
) -> dict[str, list[bytes]]:
    """The lines of each entry, by its name; `user`: for a file that also says who runs them.

    :raises SchedulerUnusable: a path can't stand in a line of cron.
    """
    program = _quoted(str(place.program), "program")
    start = f"ANALYTICS_SYNC_HOME={_quoted(str(place.home), 'home')} {program}"
    whose = "" if user is None else f"{user} "
    found = {}
    for entry in entries:
        words = " ".join(_quoted(word, "argument") for word in entry.arguments)
        command = f"{start} {words} # analytics-sync:{place.name} {entry.name}"
        escaped = os.fsencode(whose + command.replace("%", "\\%"))
        _check_length(place, escaped)
        found[entry.name] = [
            b"%b %b\n" % (fields.encode(), escaped) for fields in lines(entry.timing, zone)
        ]
    return found


def drift_of(found: Content, expected: Mapping[str, Sequence[bytes]], where: str) -> dict[str, str]:
    """What is wrong with our lines, by the entry's name; what concerns none of them under ""."""
    there: dict[str, list[bytes]] = defaultdict(list)
    for line in found.jobs:
        there[str(found.marks.job(line))].append(line)
    drift = {}
    for name, wanted in expected.items():
        if name not in there:
            drift[name] = f"not in {where}"
        elif there[name] != list(wanted):
            drift[name] = f"not as it should be in {where}"
    strays = [name for name in there if name not in expected]
    troubles = [f"our block in {where} is damaged: {found.trouble}"] if found.trouble else []
    if strays:
        troubles.append(f"in {where}, but not scheduled: {_some(strays)}")
    return drift | ({"": "; ".join(troubles)} if troubles else {})


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:5]) + (f" and {len(ordered) - 5} more" if len(ordered) > 5 else "")


def _quoted(word: str, what: str) -> str:
    """A word for the shell, in which cron sees no escape of its own either."""
    if "\n" in word or "\0" in word:
        raise SchedulerUnusable(
            f"The {what} {word!r} has a line break in its name, which no line of cron can hold.",
            hint="Rename it, or take another --backend.",
            code="path_unusable",
        )
    if PLAIN.fullmatch(word):
        return word
    # Some crons drop a backslash before another one; so none stands before anything but a quote.
    return "'" + word.replace("'", "'\"'\"'").replace("\\", "\\''") + "'"


def _check_length(place: Place, command: bytes) -> None:
    if len(command) > LONGEST:
        raise SchedulerUnusable(
            f"The paths of the program and the home are too long for a line of cron:"
            f" {place.program}, {place.home}.",
            hint="Move them to shorter paths, or take another --backend.",
            code="path_unusable",
        )
