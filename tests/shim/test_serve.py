"""`serve`: where it listens, what it refuses to begin with, and the tokens."""

import importlib.util
import socket
import stat

import httpx
import pytest

from analytics_sync.shim.server import listen, listen_at
from support.command import Command
from support.started import service


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    return Command({"ANALYTICS_SYNC_HOME": str(tmp_path / "home")}, monkeypatch, capsys)


def test_off_loopback_it_does_not_begin_without_a_token(command):
    words = command.refuse(78, "token_missing", "serve", "--host", "0.0.0.0", "--port", "0")
    assert "serve token add" in words
    assert "--uds" in words


def test_without_its_extra_it_says_what_to_install(command, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "analytics-sync[http]" in command.refuse(78, "extra_missing", "serve")


def test_a_taken_port_is_told_with_the_ways_around_it(command):
    with socket.create_server(("127.0.0.1", 0)) as other:
        words = command.refuse(78, "address", "serve", "--port", str(other.getsockname()[1]))
    assert "--port" in words
    assert "router" in words


@pytest.mark.parametrize(
    "wrong",
    [
        ("--allow-origin", "*"),
        ("--allow-origin", "https://app.example/path"),
        ("--allow-host", "a b"),
        ("--workers", "0"),
        ("--port", "70000"),
    ],
)
def test_what_would_open_more_than_was_meant_is_refused(command, wrong):
    command.refuse(2, "usage", "serve", *wrong)


def test_tokens_are_shown_once_listed_and_revoked(command):
    made = command.call("serve", "token", "add", "web").document
    command.secrets.add(made["token"])
    assert made["name"] == "web"
    assert len(made["token"]) > 43
    command.refuse(2, "token_exists", "serve", "token", "add", "web")
    listed = command.call("serve", "token", "list").document["tokens"]
    assert [(one["name"], one["used_at"]) for one in listed] == [("web", None)]
    assert command.call("serve", "token", "revoke", "web").document["revoked"]
    command.refuse(2, "unknown_token", "serve", "token", "revoke", "web")
    assert command.call("serve", "token", "list").document == {"tokens": []}


def test_a_unix_socket_is_for_its_owner_and_goes_with_the_service(tmp_path):
    place = tmp_path / "shim.sock"
    with listen_at(place):
        assert stat.S_IMODE(place.stat().st_mode) == 0o660
        with pytest.raises(Exception, match="Another program listens"), listen_at(place):
            pass
    assert not place.exists()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place))
    with listen_at(place):
        pass
    place.write_text("mine")
    with pytest.raises(Exception, match="no socket"), listen_at(place):
        pass
    assert place.read_text() == "mine"


def test_names_that_are_no_address_are_refused():
    with pytest.raises(Exception, match="can't be used"):
        listen("no such host", 0)


def test_a_real_service_says_where_it_listens_and_ends_well(tmp_path):
    with service({"ANALYTICS_SYNC_HOME": str(tmp_path / "home")}) as (address, process):
        answer = httpx.get(f"{address}/healthz", timeout=120)
        assert answer.json() == {"success": True, "database": "reachable"}
        assert "server" not in answer.headers
    assert process.returncode == 0
