"""`key path` and `key rotate`, as people and programs use them."""

import pytest

from analytics_sync.store import rotation
from analytics_sync.vault.key_file import begin
from analytics_sync.vault.keys import new_key
from analytics_sync.vault.sealing import opens


def ciphertexts(house):
    with house.opened() as found, found.database.read() as connection:
        return [one.ciphertext for one in rotation.sealed(rotation.over(connection))]


def test_the_path_says_where_the_key_comes_from_and_shows_none(command, tmp_path):
    home = tmp_path / "home"
    assert command.call("key", "path").document == {
        "place": "file",
        "where": str(home / "key"),
        "exists": False,
        "keys": None,
        "rotating": False,
    }
    command.call("init")
    key = (home / "key").read_text().strip()
    command.secrets.add(key)
    found = command.call("key", "path").document
    assert (found["place"], found["exists"], len(found["keys"])) == ("file", True, 1)
    begin(home / "key")
    assert "goes on with it" in command.say("key", "path").output
    assert command.call("key", "path").document["rotating"] is True
    assert "was broken off" in command.say("status").output
    attention = command.call("status").document["status"]["attention"]
    assert [one["command"] for one in attention] == ["analytics-sync key rotate"]

    other = new_key()
    command.secrets.add(other)
    command.set({"ANALYTICS_SYNC_KEY": other})
    found = command.call("key", "path").document
    assert (found["place"], found["where"]) == ("environment", "ANALYTICS_SYNC_KEY")
    command.set({"ANALYTICS_SYNC_KEY_COMMAND": '["sh", "-c", "exit 3"]'})
    found = command.call("key", "path").document
    assert (found["place"], found["keys"]) == ("command", None)
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/analytics-sync.key").write_text(other)
    command.set({"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")})
    assert command.call("key", "path").document["place"] == "credential"


def test_a_rotation_leaves_the_old_key_useless(house, command):
    house.populate("x", "linkedin", posts=2)
    command.set(house.environ)
    old = house.home.key.read_text().strip()
    before = ciphertexts(house)
    kept = house.home.database.with_name("analytics-sync.db.before-0002.bak")
    kept.write_bytes(b"")
    told = command.call("key", "rotate").document
    new = house.home.key.read_text().strip()
    command.secrets |= {old, new}
    assert (told["finished"], told["resumed"], told["rows"]) == (True, False, 2)
    assert told["copies"] == [str(kept)]
    assert new != old
    assert all(opens(old, text) for text in before)
    assert all(opens(new, text) and not opens(old, text) for text in ciphertexts(house))
    assert house.sync().outcome == "complete"
    words = command.say("key", "rotate").output
    assert "2 secrets and 0 journals were encrypted anew" in words
    assert "Dropped: " in words


def test_a_rotation_that_was_broken_off_is_finished_without_another_key(house, command):
    house.populate("x", posts=2)
    command.set(house.environ)
    new, old = begin(house.home.key).texts
    told = command.call("key", "rotate").document
    assert (told["resumed"], told["rows"]) == (True, 1)
    assert house.home.key.read_text() == f"{new}\n"
    assert all(opens(new, text) and not opens(old, text) for text in ciphertexts(house))


def test_keys_from_the_environment_are_told_apart_by_what_may_go(house, command):
    house.populate("x", posts=2)
    old, new = house.home.key.read_text().strip(), new_key()
    command.set({**house.environ, "ANALYTICS_SYNC_KEY": f"{new},{old}"})
    told = command.call("key", "rotate").document
    assert (told["place"], told["rows"], told["dropped"]) == ("environment", 1, [])
    assert len(told["droppable"]) == 1
    assert "when no command that was started before now" in command.say("key", "rotate").output
    assert all(opens(new, text) for text in ciphertexts(house))
    assert house.home.key.read_text().strip() == old, "what is not used is left alone"
    command.set({"ANALYTICS_SYNC_KEY": new})
    assert "There is one key alone" in command.say("key", "rotate").output


def test_no_key_is_made_where_tokens_wait_for_a_lost_one(house, command):
    house.populate("x", posts=2)
    command.set(house.environ)
    house.home.key.unlink()
    assert "There is no key" in command.refuse(78, "configuration", "key", "rotate")
    assert not house.home.key.exists()


def test_two_rotations_at_once(house, command):
    from analytics_sync.locks import try_lock

    house.populate("x", posts=2)
    command.set(house.environ)
    before = house.home.key.read_text()
    held = try_lock(house.home.locks / "key.lock")
    assert held is not None
    with held:
        command.refuse(75, "busy", "key", "rotate")
    assert house.home.key.read_text() == before


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_can_read_is_refused(house, command, mode):
    house.populate("x", posts=2)
    command.set(house.environ)
    house.home.key.chmod(mode)
    assert "chmod 600" in command.refuse(78, "configuration", "key", "rotate")
    assert "chmod 600" in command.refuse(78, "configuration", "key", "path")


def test_a_rotation_with_another_key_than_the_tokens_need_says_so_by_its_status(house, command):
    house.populate("x", posts=2)
    command.set(house.environ)
    before = ciphertexts(house)
    house.home.key.write_text(f"{new_key()}\n")
    refused = command.call("key", "rotate")
    assert refused.status == 77
    assert (refused.document["rows"], refused.document["unreadable"]) == (0, ["credential 1"])
    assert ciphertexts(house) == before
