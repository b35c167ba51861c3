import asyncio
import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_socket

from support.fake_clock import START, FakeClock


def test_nothing_leaves_this_machine() -> None:
    with (
        pytest.warns(UserWarning, match="tried to use"),
        pytest.raises(pytest_socket.SocketConnectBlockedError),
    ):
        socket.create_connection(("192.0.2.1", 80), timeout=0.01)


def test_loopback_and_unix_sockets_are_allowed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        client.connect(str(tmp_path / "s"))


def test_home_is_a_throw_away_folder_and_settings_are_gone(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    assert Path.home().is_relative_to(tmp_path_factory.getbasetemp())
    assert not [name for name in os.environ if name.startswith("ANALYTICS_SYNC_")]
    assert not [name for name in os.environ if name.upper().endswith("_PROXY")]


def test_sleeping_moves_the_fake_clock(fake_clock: FakeClock) -> None:
    before = fake_clock.monotonic()
    asyncio.run(fake_clock.sleep(90))
    assert fake_clock.now() == START + timedelta(seconds=90)
    assert fake_clock.monotonic() == before + 90
    assert fake_clock.slept == [90]
