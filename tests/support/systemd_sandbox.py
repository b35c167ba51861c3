"""A real systemd as PID 1, with journald, logind, timers and user managers, in namespaces of its own.

Its root is an overlay over this machine's: it sees the same programs, and nothing that it writes
leaves it. It can be switched off and booted again, and keeps what was written. Time and network
are the machine's. `/tmp` and `/run` are empty at each boot. It ends with the process that made it.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.waiting import PATIENCE

SYSTEMD: Final = Path("/lib/systemd/systemd")
NEEDED: Final = ("unshare", "nsenter", "setpriv", "systemctl", "systemd-analyze")
BOOT_SECONDS: Final = 60
UNTIL_WE_END: Final = ("setpriv", "--pdeathsig", "KILL")
ALONE: Final = ("fork", "pid", "mount", "uts", "ipc", "cgroup")
# What a machine with users has beside basic.target; the rest of multi-user.target is this machine's.
TARGET: Final = """\
[Unit]
Requires=basic.target
After=basic.target
Wants=dbus.service systemd-logind.service systemd-user-sessions.service
AllowIsolate=yes
"""
# Holds the overlay, also while the sandbox is off, until its standard input is closed.
HOLD: Final = """\
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
rm -rf etc/systemd/system/multi-user.target.wants var/log/journal
mkdir -p etc/systemd/system var/log/journal
printf '%s' "$2" >etc/systemd/system/sandbox.target
# The kernel, its settings and its messages are this machine's.
for unit in sysctl binfmt modules-load; do
    ln -s /dev/null "etc/systemd/system/systemd-$unit.service"
done
printf '[Journal]\\nReadKMsg=no\\n' >etc/systemd/journald.conf
echo ready
read -r _ || true
"""
BOOT: Final = """\
set -e
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
# As on a machine of its own: what systemd mounts for a unit reaches the unit.
mount --make-rshared "$1/root"
exec chroot . env -i PATH="$PATH" container=sandbox \
    /lib/systemd/systemd --system --unit=sandbox.target --log-target=journal
"""


def why_not() -> str | None:
    """Why no systemd can be booted here; None when it can."""
    if os.geteuid() != 0:
        return "a systemd of one's own needs root"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or not SYSTEMD.exists():
        return "systemd is not installed (Debian: apt-get install systemd dbus libpam-systemd)"
    tried = subprocess.run(
        ["unshare", *(f"--{what}" for what in ALONE), *"mount -t cgroup2 cgroup2 /mnt".split()],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode != 0:
        return f"no namespaces or cgroups of one's own here: {tried.stderr.strip()}"
    return None


class Sandbox:
    """One machine. `run` runs a program inside it, as root or as another user."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        hold = ["sh", "-c", HOLD, "hold", str(folder), TARGET]
        self._holder = subprocess.Popen(
            [*UNTIL_WE_END, "unshare", "--mount", *hold],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"ready\n":
            raise AssertionError("no overlay could be made")
        self._booted: subprocess.Popen[bytes] | None = None
        self._first = 0

    def boot(self) -> None:
        """Switch it on, and wait until it is up."""
        log = (self._folder.parent / f"{self._folder.name}.log").open("ab")
        with log:
            disk = ["nsenter", "--mount", "--target", str(self._holder.pid)]
            alone = ["unshare", *(f"--{what}" for what in ALONE), "--kill-child"]
            self._booted = subprocess.Popen(
                [*UNTIL_WE_END, *disk, *alone, "sh", "-c", BOOT, "boot", str(self._folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_up()

    def power_off(self) -> None:
        """Shut it down in order, as a person does."""
        assert self._booted is not None
        # What systemd understands as: halt.
        os.kill(self._first, signal.SIGRTMIN + 4)
        self._booted.wait(PATIENCE)

    def cut_off(self) -> None:
        """Take the power away."""
        if self._booted is not None and self._booted.poll() is None:
            self._booted.kill()
            self._booted.wait(PATIENCE)

    def close(self) -> None:
        self.cut_off()
        self._holder.communicate(timeout=PATIENCE)

    @property
    def enter(self) -> list[str]:
        """What `nsenter` needs to run a program inside."""
        return ["--target", str(self._first), "--all", "--root", "--wdns=/"]

    def path(self, inside: str) -> Path:
        """A path of the sandbox, as it is reached from outside."""
        return Path(f"/proc/{self._first}/root{inside}")

    def run(
        self,
        *command: object,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside, in a bare environment as `su` makes it."""
        inside = ["nsenter", *self.enter]
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        home = self.home_of(user) if user else "/root"
        done = subprocess.run(
            [*inside, *as_user, *map(str, command)],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def add_user(self, name: str) -> str:
        """Make a user; returns the home folder."""
        self.run("useradd", "--create-home", "--user-group", name)
        return self.home_of(name)

    def linger(self, name: str) -> None:
        """Let the user's manager run without log-in, and wait until it does."""
        self.run("loginctl", "enable-linger", name)
        uid = self.run("id", "-u", name).stdout.strip()
        self.wait_for("test", "-S", f"/run/user/{uid}/systemd/private")

    def home_of(self, name: str) -> str:
        return f"/home/{name}"

    def wait_for(self, *command: object, seconds: float = PATIENCE) -> None:
        """Wait until a program ends with 0."""
        end = time.monotonic() + seconds
        while self.run(*command, check=False).returncode != 0:
            if time.monotonic() > end:
                raise AssertionError(f"still not after {seconds} s: {command}")
            time.sleep(0.2)

    def journal(self, *arguments: str) -> str:
        """What the journal says, of all boots."""
        return self.run("journalctl", "--no-pager", "--output=short-iso", *arguments).stdout

    def tree(self, *folders: str) -> dict[str, str]:
        """Every path in these folders with what it is: kind, rights, owner, link or content."""
        script = (
            'for folder; do find "$folder" -printf "%p\\t%y %m %u %l " '
            '\\( -type f -exec sh -c \'cksum <"$1"\' _ {} \\; -o -printf "\\n" \\); done'
        )
        told = self.run("sh", "-c", script, "tree", *folders).stdout
        return dict(line.split("\t", 1) for line in told.splitlines())

    def _wait_until_up(self) -> None:
        assert self._booted is not None
        end = time.monotonic() + BOOT_SECONDS
        state = ""
        while state not in {"running", "degraded"}:
            if time.monotonic() > end or self._booted.poll() is not None:
                raise AssertionError(f"systemd did not come up: {state or 'no answer'}")
            time.sleep(0.1)
            if self._find_first():
                asked = self.run("systemctl", "is-system-running", check=False)
                state = asked.stdout.strip()

    def _find_first(self) -> bool:
        """Find the number that PID 1 of the sandbox has outside."""
        assert self._booted is not None
        process = self._booted.pid
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for child in children:
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                self._first = int(child)
                return True
        return False


@contextmanager
def booted(folder: Path) -> Iterator[Sandbox]:
    """A sandbox that runs; `folder` is where it mounts its disk, unseen from outside."""
    folder.mkdir(parents=True, exist_ok=True)
    sandbox = Sandbox(folder)
    try:
        sandbox.boot()
        yield sandbox
    finally:
        sandbox.close()
