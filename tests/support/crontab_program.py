"""A stand-in for Debian's `crontab` program, backed by a file; for tests that call it often."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from analytics_sync.schedule._backend import Place

PROGRAM = """#!/bin/sh
# Behaves as Debian's cron 3.0pl1-162 does, with a file in place of the spool.
folder=$(dirname "$0")
tab=$folder/tab
if [ -e "$folder/hangs" ]; then sleep 60; fi
if [ -e "$folder/denied" ]; then
    echo "You (somebody) are not allowed to use this program (crontab)" >&2
    echo "See crontab(1) for more information" >&2
    exit 1
fi
if [ -e "$tab" ]; then there=yes; else there=; fi
case "$1" in
-l | -r)
    if [ -z "$there" ]; then echo "no crontab for somebody" >&2; exit 1; fi
    if [ "$1" = -r ]; then rm "$tab"; else LC_ALL=C sed 's/\\r/\\\\r/g; s/\\x08/\\\\b/g' "$tab"; fi
    ;;
-e)
    $VISUAL "$tab"
    echo "No modification made" >&2
    ;;
-)
    new=$(mktemp "$folder/new.XXXXXX")
    cat > "$new"
    if [ -s "$new" ] && [ "$(tail -c 1 "$new" | od -An -tu1)" -ne 10 ]; then
        rm "$new"
        echo "new crontab file is missing newline before EOF, can't install." >&2
        exit 1
    fi
    if [ -e "$folder/refuses" ]; then rm "$new"; cat "$folder/refuses" >&2; exit 1; fi
    mv "$new" "$tab"
    echo x >> "$folder/writes"
    ;;
esac
if [ -x "$folder/after$1" ]; then "$folder/after$1"; fi
exit 0
"""


class CrontabProgram:
    """The stand-in in a folder of its own, in front of everything on PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
        self.folder = folder
        folder.mkdir()
        program = folder / "crontab"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        if monkeypatch is not None:
            monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    @property
    def tab(self) -> bytes | None:
        file = self.folder / "tab"
        return file.read_bytes() if file.exists() else None

    @tab.setter
    def tab(self, content: bytes | None) -> None:
        if content is None:
            (self.folder / "tab").unlink(missing_ok=True)
        else:
            (self.folder / "tab").write_bytes(content)

    @property
    def writes(self) -> int:
        file = self.folder / "writes"
        return len(file.read_bytes()) // 2 if file.exists() else 0

    def deny(self) -> None:
        (self.folder / "denied").touch()

    def hang(self) -> None:
        (self.folder / "hangs").touch()

    def refuse(self, words: str) -> None:
        (self.folder / "refuses").write_text(words)

    def after(self, option: str, script: str) -> None:
        """What somebody else does right after each `crontab OPTION`, in the program's folder."""
        file = self.folder / f"after{option}"
        file.write_text(f'#!/bin/sh\ncd "$(dirname "$0")"\n{script}\n')
        file.chmod(0o755)


def place(home: Path, name: str = "1a2b3c4d", program: str = "/opt/as/bin/analytics-sync") -> Place:
    """An installation as backends see it."""
    return Place(
        name=name,
        program=Path(program),
        home=home,
        prefixes=(),
        user="root" if os.geteuid() == 0 else "somebody",
        as_root=os.geteuid() == 0,
        max_run=timedelta(minutes=10),
    )
