"""Fills the templates of unit files: what systemd is given for an installation and its entries."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from analytics_sync.domain.timing import Once
from analytics_sync.schedule._backend import Entry, Place
from analytics_sync.schedule._calendar import on_calendar

TEMPLATES: Final = Path(__file__).with_name("templates")
SERVICES: Final = ("sync@.service", "once@.service", "tick.service", "failed@.service")
HTTP: Final = "http.service"
# Inside of what `ProtectHome=tmpfs` hides.
LASTING: Final = "/run/user/tmp"
TICK: Final = "tick"
# A run ends itself at `max_run`; systemd steps in only when it does not.
GRACE_SECONDS: Final = 120
# A tick makes as many runs as there are missed jobs.
LONGEST_TICK: Final = 86_400
# A part of every system, which no unit hides.
SYSTEM: Final = Path("/usr")
PLAIN: Final = r"[\w@%+=:,./-]+"
UNSAFE: Final = r"[\"'\\]"
FIELD: Final = r"\{\{ (\w+) \}\}"
# By name of a unit, its words: stop its timer, forget when it last fired, remove it.
FORGET: Final = (
    'cd "$$1" && systemctl $$3 stop "$$2"; rm -f "$$2" "timers.target.wants/$$2" "$$4/stamp-$$2";'
    " systemctl $$3 daemon-reload"
)


def prefix(place: Place) -> str:
    """What the names of all units of an installation begin with."""
    return f"analytics-sync-{place.name}"


def ours(place: Place) -> re.Pattern[str]:
    """The names that our unit files have; no other file is ever touched."""
    return re.compile(
        rf"{prefix(place)}(?:@\.service|-(?:once@|failed@|tick)\.service|-(?:tick|sync_\w+)\.timer)"
    )


def services(place: Place, folder: Path, stamps: Path) -> dict[str, str]:
    """The texts of the services by unit name; the timers lie in `folder`."""
    fields = _fields(place) | {
        "forget": _forget(place, folder, stamps),
        "sandbox": _filled("system.conf" if place.as_root else "user.conf", _fields(place)),
    }
    tick = {"seconds": str(max(LONGEST_TICK, _seconds(place)))}
    return {
        service_name(place, template): _filled(
            template, fields | (tick if template == "tick.service" else {})
        )
        for template in SERVICES
    }


def http_service(place: Place) -> tuple[str, str]:
    """Name and text of the service behind HTTP, which people install by hand.

    Syncs that were asked for go on without it, while systemd takes its credentials and its `/tmp`
    away. So they read the key from the home, and have temporary files where nothing else is.
    """
    lasting = f"TemporaryFileSystem={LASTING}:mode=1777\nEnvironment=TMPDIR={LASTING}"
    fields = _fields(place) | {
        "target": "multi-user.target" if place.as_root else "default.target",
        "temporary": lasting if place.as_root else "",
    }
    fields["sandbox"] = _filled("system.conf" if place.as_root else "user.conf", fields)
    return service_name(place, HTTP), _filled(HTTP, fields)


def service_name(place: Place, template: str) -> str:
    if template.startswith("sync@"):
        return f"{prefix(place)}{template.removeprefix('sync')}"
    return f"{prefix(place)}-{template}"


def timer_name(place: Place, entry: str) -> str:
    return f"{prefix(place)}-{entry}.timer"


def entry_of(place: Place, timer: str) -> str:
    """The entry that a timer is for."""
    return timer.removeprefix(f"{prefix(place)}-").removesuffix(".timer")


def timer(place: Place, entry: Entry) -> str:
    """The text of the timer of an entry."""
    instance = "-once@" if isinstance(entry.timing, Once) else "@"
    unit = "-tick" if entry.name == TICK else f"{instance}{entry.name}"
    return _filled(
        "job.timer",
        {
            "title": literal(entry.title),
            "on_calendar": "\n".join(f"OnCalendar={one}" for one in on_calendar(entry.timing)),
            "unit": f"{prefix(place)}{unit}.service",
        },
    )


def home_line(home: Path) -> str:
    """The line of a service that names the home."""
    return f"Environment={quoted(f'ANALYTICS_SYNC_HOME={home}')}"


def home_of(service: str) -> Path | None:
    """The home that a service names; None when it names none."""
    start = "Environment="
    line = next((one for one in service.splitlines() if one.startswith(start)), None)
    if line is None:
        return None
    word = line.removeprefix(start)
    if word.startswith('"'):
        word = re.sub(r"\\(.)", r"\1", word[1:-1])
    name, _, home = word.replace("%%", "%").partition("=")
    return Path(home) if name == "ANALYTICS_SYNC_HOME" else None


def quoted(text: object) -> str:
    """A text as one word of a unit file."""
    escaped = literal(str(text))
    if re.fullmatch(PLAIN, escaped):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(text: str) -> str:
    """A text in which systemd finds no specifier."""
    return text.replace("%", "%%")


def _fields(place: Place) -> dict[str, str]:
    fields = {
        "prefix": prefix(place),
        "program": _command(place.program),
        "home": home_line(place.home),
        "seconds": str(_seconds(place)),
        "network": "",
        "mounts": "",
        "credential": "",
    }
    if not place.as_root:
        return fields
    written = _words([place.home, *place.writes])
    if place.key is not None:
        # The path goes on to the end of the line, whatever is in it.
        fields["credential"] = f"LoadCredential=analytics-sync.key:{literal(str(place.key))}"
    return fields | {
        "user": literal(place.user),
        "network": "Wants=network-online.target\nAfter=network-online.target",
        "mounts": f"RequiresMountsFor={written}",
        "binds": f"BindPaths={written}\nBindReadOnlyPaths={_words(_read(place))}".removesuffix(
            "\nBindReadOnlyPaths="
        ),
    }


def _command(program: Path) -> str:
    """What starts the program: systemd itself starts none whose path has quotes or backslashes."""
    if not re.search(UNSAFE, str(program)):
        return quoted(program)
    return f"/usr/bin/env {_argument(program)}"


def _argument(path: Path) -> str:
    """A path behind the program, where `$` would name a variable."""
    return quoted(str(path).replace("$", "$$"))


def _read(place: Place) -> list[Path]:
    """What a run reads besides the system: the Python that it needs, and the program itself."""
    prefixes = [path for path in place.prefixes if not path.is_relative_to(SYSTEM)]
    inside = any(place.program.is_relative_to(path) for path in (*prefixes, SYSTEM))
    return prefixes if inside else [*prefixes, place.program]


def _words(paths: Iterable[Path]) -> str:
    # Without the quotes a colon would part a path from the place where it is shown.
    return " ".join(
        f'"{word}"' if ":" in (word := quoted(path)) and not word.startswith('"') else word
        for path in paths
    )


def _seconds(place: Place) -> int:
    return int(place.max_run.total_seconds()) + GRACE_SECONDS


def _forget(place: Place, folder: Path, stamps: Path) -> str:
    """What ends a timer for a single time: in spite of the sandbox around the run, as root."""
    words: Sequence[str] = (
        f"/bin/sh -c '{FORGET}' sh",
        _argument(folder),
        f"{prefix(place)}-%i.timer",
        "--system" if place.as_root else "--user",
        _argument(stamps),
    )
    return f"{'+' if place.as_root else ''}{' '.join(words)}"


def _filled(template: str, fields: Mapping[str, str]) -> str:
    """A template with its fields; a line that holds an empty one alone is left out."""
    lines = _template(template)
    filled = (
        re.sub(FIELD, lambda match: fields[match[1]], line) if "{{" in line else line
        for line in lines
    )
    kept = (new for old, new in zip(lines, filled, strict=True) if new or not old)
    return "\n".join(kept).rstrip() + "\n"


@lru_cache
def _template(name: str) -> list[str]:
    return (TEMPLATES / name).read_text("utf-8").splitlines()
