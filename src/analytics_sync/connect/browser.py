"""Opens a person's browser, where this machine has a screen for it."""

import subprocess
import sys
from collections.abc import Mapping

# A screen, or a program that the person named for it.
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def can_open(environ: Mapping[str, str], system: str = sys.platform) -> bool:
    """Whether a browser would be seen. Without a screen, over ssh above all, none is tried."""
    if system in {"darwin", "win32"}:
        return "SSH_CONNECTION" not in environ
    return any(environ.get(name) for name in _SCREENS)


def open_browser(address: str, environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Show the address in the browser; whatever that prints or breaks does not touch us."""
    return subprocess.Popen(  # noqa: S603 - this interpreter, and an address that the platform's module made
        [sys.executable, "-m", "webbrowser", "-t", address],
        env=dict(environ),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
