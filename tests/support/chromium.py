"""A real headless Chromium, and the real command beside it."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from support.desk import ADDRESS

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.support.wait import WebDriverWait

# For a machine that has much else to do.
PATIENCE = 60
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "chromedriver": ("chromedriver",),
}
HEADING = "return document.querySelector('h1')?.innerText"
TEXT = "return document.body.innerText"
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def found(name: str) -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS[name])), None)


def why_not() -> str | None:
    """Why no browser can be driven here; None: it can."""
    missing = [name for name in PROGRAMS if found(name) is None]
    return f"{' and '.join(missing)} not installed" if missing else None


@contextmanager
def browser() -> Iterator["Chrome"]:
    """A browser with a profile of its own."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(found("chromium"))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for switch in (*SWITCHES, f"--user-data-dir={profile}"):
            options.add_argument(switch)
        driver = Chrome(options=options, service=Service(found("chromedriver")))
        try:
            driver.set_page_load_timeout(PATIENCE)
            yield driver
        finally:
            driver.quit()


def click(driver: "Chrome", id: str) -> None:
    """Press what has this id, when it is there."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support import expected_conditions

    there = expected_conditions.element_to_be_clickable((By.ID, id))
    _waiting(driver).until(there).click()


def press(driver: "Chrome", id: str) -> None:
    """Press a button that leads away, and wait until its page is gone.

    Without that the next look could still be at this page.
    """
    from selenium.webdriver.support import expected_conditions

    page = driver.find_element("tag name", "html")
    click(driver, id)
    _waiting(driver).until(expected_conditions.staleness_of(page))


def heading(driver: "Chrome", part: str) -> str:
    """The page's whole text, when its heading has these words in it."""

    def there(one: "Chrome") -> str:
        found = one.execute_script(HEADING) or ""
        return str(one.execute_script(TEXT)) if part in found else ""

    return _waiting(driver).until(there)


def _waiting(driver: "Chrome") -> "WebDriverWait[Chrome]":
    """Patience, also with a page that gives way to the next while it is looked at."""
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.support.wait import WebDriverWait

    return WebDriverWait(driver, PATIENCE, ignored_exceptions=(WebDriverException,))


class Connecting:
    """`analytics-sync account connect` as a process of its own."""

    def __init__(self, environ: Mapping[str, str], *arguments: str) -> None:
        program = Path(sys.executable).with_name("analytics-sync")
        # As on a server: no screen, so that no browser is opened by the command.
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._process = subprocess.Popen(
            [str(program), "account", "connect", *arguments, "--json"],
            env={**kept, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        self._ready = threading.Condition()
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._ear.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._ready:
                self.said += line
                self._ready.notify_all()

    def address(self, after: str) -> str:
        """Where to log in, when the command has said `after`."""
        with self._ready:
            assert self._ready.wait_for(lambda: after in self.said, PATIENCE), self.said
        return str(ADDRESS.findall(self.said)[-1])

    def paste(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def ended(self) -> tuple[int, Any]:
        """Exit status and JSON, when it has ended."""
        import json

        assert self._process.stdout is not None
        output = self._process.stdout.read()
        self._process.wait(PATIENCE)
        assert "Traceback" not in self.said
        return self._process.returncode, json.loads(output)
