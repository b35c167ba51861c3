"""How httpx is imported, seen from a fresh interpreter."""

import subprocess
import sys

import pytest


def _fresh(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_httpx_comes_without_its_command_line() -> None:
    loaded = _fresh(
        "import sys, analytics_sync.transport.client\n"
        "print(*[n for n in ('click', 'rich', 'pygments', 'httpx._main') if n in sys.modules])"
    )
    assert loaded == ""


def test_whoever_wants_the_command_line_still_gets_it() -> None:
    assert _fresh(
        "import analytics_sync.transport.client, httpx._main; print(httpx._main.main.name)"
    )


def test_an_httpx_that_was_imported_before_is_left_as_it_is() -> None:
    assert (
        _fresh(
            "import httpx; main = httpx.main\n"
            "import sys, analytics_sync.transport.client\n"
            "print(httpx.main is main and sys.modules['httpx._main'] is not None)"
        )
        == "True"
    )


def test_a_library_that_is_not_there_is_looked_for_once() -> None:
    looks = _fresh(
        "import importlib.util\n"
        "installed = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name: None if name == 'sniffio' else installed(name)\n"
        "import sys, analytics_sync.transport.client\n"
        "import importlib.abc\n"
        "class Looks(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None): print(name)\n"
        "import httpcore\n"
        "from httpcore._synchronization import current_async_library\n"
        "sys.meta_path.insert(0, Looks())\n"
        "assert current_async_library() == 'asyncio'"
    )
    assert looks == ""


@pytest.mark.parametrize("module", ["call", "statuses", "retry_after", "address"])
def test_what_platforms_import_loads_no_heavy_library(module: str) -> None:
    loaded = _fresh(
        f"import sys, analytics_sync.transport.{module}\n"
        "print(*[n for n in ('httpx', 'backoff', 'email', 'ipaddress') if n in sys.modules])"
    )
    assert loaded == ""
