"""Whether a browser is tried, and what it is given."""

from pathlib import Path

import pytest

from analytics_sync.connect.browser import can_open, open_browser


@pytest.mark.parametrize(
    ("environ", "system", "opens"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"SSH_CONNECTION": "1 2 3 4"}, "linux", False),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "1 2 3 4"}, "darwin", False),
    ],
)
def test_a_browser_is_tried_where_it_is_seen(
    environ: dict[str, str], system: str, opens: bool
) -> None:
    assert can_open(environ, system) is opens


def test_the_address_reaches_the_persons_browser_whole(tmp_path: Path) -> None:
    shown, program = tmp_path / "shown", tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {shown}.part; mv {shown}.part {shown}\n')
    program.chmod(0o755)
    address = "https://example.org/authorize?state=a&scope=b%20c"

    open_browser(address, {"BROWSER": str(program), "PATH": "/usr/bin:/bin"}).wait(60)

    assert shown.read_text() == address
