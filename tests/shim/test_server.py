"""Several processes of one service: none is left over."""

import os
import signal
from pathlib import Path

import httpx
import pytest

from support.started import service
from support.waiting import until


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(tmp_path):
    environ = {"ANALYTICS_SYNC_HOME": str(tmp_path / "home")}
    with service(environ, "--workers", "2") as (address, supervisor):
        until(lambda: httpx.get(f"{address}/healthz", timeout=60).status_code == 200)
        children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children")
        workers = children.read_text("ascii").split()
        assert len(workers) >= 2
        os.kill(supervisor.pid, signal.SIGKILL)
        supervisor.wait(30)
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, timeout=60)
