"""How long a command takes to start, against what its libraries alone take.

(a) `--help`, a usage error, completion: the CPU time of `--help` of an empty Typer application
(b) `sync --due` with nothing due, `status`: the CPU time of a command that does nothing
(c) `sync` with work, up to its first request: the CPU time of `import sqlmodel, httpx`
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from measure import HERE, Usage, end_of, heading, in_turn, line, program, run, start
from scene import prepare, running, sync

EMPTY = [sys.executable, str(HERE / "empty.py")]
HEAVY = "sqlmodel sqlalchemy httpx pydantic rich".split()
# Under 7 days "every run" is always due; six hours leave something to be not due.
QUIET = {
    "CADENCE__UNDER_7_DAYS": "6h",
    "CADENCE__X__UNDER_2_DAYS": "6h",
}
COMPLETION = {
    "_ANALYTICS_SYNC_COMPLETE": "complete_bash",
    "COMP_WORDS": "analytics-sync acc",
    "COMP_CWORD": "1",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=21, help="pairs of runs of each line")
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory() as folder, running("x,linkedin,facebook,instagram") as world:
        environ = prepare(Path(folder, "home"), world, **QUIET)
        sync(environ)
        heading("floor", "ours", "ratio")
        light_commands(environ, pairs)
        nothing_due(environ, pairs)
        status(environ, pairs)
        first_request(environ, pairs)


def light_commands(environ: Mapping[str, str], pairs: int) -> None:
    commands = {
        "--help": ([program(), "--help"], environ, 0),
        "sync --help": ([program(), "sync", "--help"], environ, 0),
        "a usage error": ([program(), "sync", "--limit", "none"], environ, 2),
        "completion": ([program()], {**environ, **COMPLETION}, 0),
    }
    for name, (command, variables, status) in commands.items():
        found = in_turn(
            lambda: run([*EMPTY, "--help"], environ),
            lambda: run(command, variables, status=status),  # noqa: B023 - called in this turn
            pairs,
        )
        line(f"{name}, CPU", found.cpu, "1.3x")
        line(f"{name}, wall", found.wall, "")


def nothing_due(environ: Mapping[str, str], pairs: int) -> None:
    command = [program(), "sync", "--due"]
    found = in_turn(lambda: run(EMPTY, environ), lambda: run(command, environ), pairs)
    line("sync --due with nothing due, CPU", found.cpu, "1.6x")
    line("sync --due with nothing due, wall", found.wall, "")
    told, loaded = heavy_modules(environ, "sync", "--due", "--json")
    if json.loads(told)["outcome"] != "nothing_due":
        raise RuntimeError(f"something is due: {told}")
    line_of_modules(loaded)


def status(environ: Mapping[str, str], pairs: int) -> None:
    run([program(), "schedule", "--backend", "external"], environ)
    command = [program(), "status"]
    found = in_turn(lambda: run(EMPTY, environ), lambda: run(command, environ), pairs)
    line("status, CPU", found.cpu, "1.6x")
    line("status, wall", found.wall, "")
    line_of_modules(heavy_modules(environ, "status")[1])


def line_of_modules(loaded: list[str]) -> None:
    print(f"{'  of the heavy packages it loads':44}{', '.join(loaded) or 'none':>33}   none")


def heavy_modules(environ: Mapping[str, str], *words: str) -> tuple[str, list[str]]:
    """What a command printed, and which of the heavy packages it has loaded at its end."""
    script = (
        f"import sys; from analytics_sync.cli.frame import run; run({words});"
        f"sys.exit(' '.join(name for name in {HEAVY} if name in sys.modules) or 0)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False
    )
    return told.stdout, told.stderr.split()


def first_request(environ: Mapping[str, str], pairs: int) -> None:
    """The process is ended as soon as its first request has arrived: that is what it took."""
    imports = [sys.executable, "-c", "import sqlmodel, httpx"]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        to_us = {**environ, "ANALYTICS_SYNC_PLATFORMS__X__BASE_URL": f"http://{host}:{port}"}
        command = [program(), "sync", "--platform", "x"]
        found = in_turn(
            lambda: run(imports, environ), lambda: _until_asked(listening, command, to_us), pairs
        )
    line("sync up to its first request, CPU", found.cpu, "1.3x")
    line("sync up to its first request, wall", found.wall, "")


def _until_asked(listening: socket.socket, command: list[str], environ: Mapping[str, str]) -> Usage:
    started = time.perf_counter()
    process = start(command, environ)
    listening.settimeout(30)
    arrived = b""
    while b"\r\n\r\n" not in arrived:
        # The program before may have left connections behind that it never used.
        with listening.accept()[0] as connection:
            connection.settimeout(30)
            arrived = connection.recv(65536)
            if arrived:
                os.kill(process, signal.SIGKILL)
    return end_of(process, started)


if __name__ == "__main__":
    main()
