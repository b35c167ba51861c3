"""Runs programs in turn and compares what they took: CPU, wall time and memory of whole processes."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Usage:
    """What one process took, in seconds and bytes of resident memory at its peak."""

    wall: float
    cpu: float
    peak: int
    status: int


@dataclass(frozen=True)
class Comparison:
    """Medians of the floor and of ours, and the median of the ratios of each pair."""

    floor: float
    ours: float
    ratio: float


@dataclass(frozen=True)
class Pair:
    """The same pairs of runs, compared by CPU and by wall time."""

    cpu: Comparison
    wall: Comparison


# Installed programs have their bytecode beside them.
ENVIRON = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def start(command: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Start a program with its output thrown away; returns its process number."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, nowhere, descriptor) for descriptor in (0, 1, 2)]
    try:
        return os.posix_spawn(
            command[0], command, ENVIRON if environ is None else environ, file_actions=actions
        )
    finally:
        os.close(nowhere)


def end_of(process: int, started: float) -> Usage:
    """Wait for a process; `started` is what `time.perf_counter()` showed at its start."""
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - started
    # Linux counts kibibytes, macOS bytes.
    scale = 1 if sys.platform == "darwin" else 1024
    cpu = usage.ru_utime + usage.ru_stime
    return Usage(wall, cpu, usage.ru_maxrss * scale, os.waitstatus_to_exitcode(status))


def run(
    command: Sequence[str], environ: Mapping[str, str] | None = None, *, status: int = 0
) -> Usage:
    """Run a program to its end.

    :raises RuntimeError: it ended with another status than wanted, so it measured nothing.
    """
    started = time.perf_counter()
    usage = end_of(start(command, environ), started)
    if usage.status != status:
        raise RuntimeError(f"{' '.join(command)} ended with {usage.status}, not {status}")
    return usage


def in_turn(floor: Callable[[], Usage], ours: Callable[[], Usage], pairs: int) -> Pair:
    """Run A B A B ..., so that both see the same machine; one pair before warms the caches."""
    floor(), ours()
    found = [(floor(), ours()) for _ in range(pairs)]
    return Pair(
        compared([(one.cpu, other.cpu) for one, other in found]),
        compared([(one.wall, other.wall) for one, other in found]),
    )


def compared(pairs: Sequence[tuple[float, float]]) -> Comparison:
    return Comparison(
        statistics.median(one for one, _ in pairs),
        statistics.median(other for _, other in pairs),
        statistics.median(other / one for one, other in pairs),
    )


def heading(*columns: str) -> None:
    print(f"\n{'':44}" + "".join(f"{name:>12}" for name in columns) + "   aim")


def line(what: str, compared: Comparison, aim: str) -> None:
    """Ratio last, because it alone carries over to another machine."""
    times = f"{compared.floor * 1000:>9.0f} ms{compared.ours * 1000:>9.0f} ms"
    print(f"{what:44}{times}{compared.ratio:>11.2f}x   {aim}", flush=True)


def program() -> str:
    """The console script, as an installed job calls it."""
    found = Path(sys.executable).with_name("analytics-sync")
    if not found.exists():
        raise SystemExit(f"{found} is missing: install the project into this environment first.")
    return str(found)
