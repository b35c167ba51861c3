"""Real services in processes of their own, waited for until they listen."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def service(environ: Mapping[str, str], *options: str) -> Iterator[tuple[str, Any]]:
    """`analytics-sync serve` on a free port; gives its address and its process."""
    command = [sys.executable, "-m", "analytics_sync", "serve", "--json", *options]
    process = subprocess.Popen(
        [*command, *(() if "--uds" in options else ("--port", "0"))],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["listening"], process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def memory(pid: int) -> int:
    """MiB that a process and its children hold in memory."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    own = next(int(line.split()[1]) for line in told if line.startswith("VmRSS"))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return own // 1024 + sum(memory(int(child)) for child in children)
