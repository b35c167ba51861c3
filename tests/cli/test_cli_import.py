"""`import`: a whole old installation, then a sync as if it had always been here."""

import json

import pytest

from support.command import Command
from support.house import House

WHEN = "2026-11-20T10:00:00Z"
BUSINESS = {"type": "business", "id": 7, "name": "Beta"}
ACCOUNT = {
    "type": "account",
    "id": 40,
    "business_id": 7,
    "platform": "x",
    "platform_account_id": "55",
    "token": "planted-token-1",
}
POST = {"type": "post", "id": 900, "account_id": 40, "platform_post_id": "5", "published_at": WHEN}
READING = {
    "type": "snapshot",
    "account_id": 40,
    "platform_post_id": "5",
    "captured_at": "2026-11-21T00:00:00Z",
    "likes": 3,
    "extra": {"like_count": 3},
}


def lines(*documents: object) -> bytes:
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


def test_everything_comes_in_and_twice_is_once(command: Command, tmp_path):
    command.secrets.add("planted-token-1")
    file = tmp_path / "old.jsonl"
    file.write_bytes(lines(BUSINESS, ACCOUNT, POST, READING))
    result = command.call("import", str(file))
    assert (result.status, result.document) == (0, {"imported": 4, "unchanged": 0, "refused": []})
    again = command.call("import", str(file))
    assert (again.status, again.document) == (0, {"imported": 0, "unchanged": 4, "refused": []})
    (account,) = command.call("account", "list").document["accounts"]
    assert (account["id"], account["business_id"], account["credential_id"]) == (40, 7, 1)
    (post,) = command.call("post", "list").document["posts"]
    assert (post["id"], post["likes"], post["shares"]) == (900, 3, None)
    assert command.call("business", "add", "New").document["id"] == 8


def test_refused_lines_end_with_1_and_the_rest_is_stored(command: Command):
    broken = {**ACCOUNT, "business_id": 8}
    result = command.call(
        "import", "-", stdin=lines(BUSINESS, broken) + b"{oops\n" + lines(ACCOUNT)
    )
    assert result.status == 1
    assert (result.document["imported"], result.document["unchanged"]) == (2, 0)
    places = [(refusal["line"], refusal["field"]) for refusal in result.document["refused"]]
    assert places == [(2, "business_id"), (3, None)]
    shown = command.say("import", "-", stdin=lines(broken))
    assert shown.status == 1
    assert "line 1: business_id: There is no business '8'." in shown.output


@pytest.mark.parametrize("name", ["no/such/file", "/"])
def test_a_file_that_can_not_be_read(command: Command, name: str):
    command.refuse(2, "file_unreadable", "import", name)


def test_an_empty_file_holds_nothing(command: Command):
    assert command.call("import", "-").document == {"imported": 0, "unchanged": 0, "refused": []}


def test_an_export_is_imported_elsewhere(command: Command, tmp_path):
    file = tmp_path / "history.jsonl"
    command.call("import", "-", stdin=lines(BUSINESS, ACCOUNT, POST, READING))
    assert command.call("export", "jsonl", str(file)).document["exported"] == 1
    assert command.call("import", str(file)).document["unchanged"] == 1
    command.set({"ANALYTICS_SYNC_HOME": str(tmp_path / "elsewhere")})
    assert command.call("import", str(file)).status == 1
    command.call("import", "-", stdin=lines(BUSINESS, ACCOUNT))
    assert command.call("import", str(file)).document["imported"] == 1
    (post,) = command.call("post", "list").document["posts"]
    assert (post["platform_post_id"], post["likes"]) == ("5", 3)


def test_an_imported_account_is_synced_with_its_token(at_platforms: Command, house: House):
    handle = house.simulator.services["x"].populate(1, "Acme", 3)
    house.simulator.handles.append((1, handle))
    account = {
        "type": "account",
        "id": 40,
        "business_id": 1,
        "platform": "x",
        "platform_account_id": handle.platform_account_id,
        "token": handle.token,
    }
    at_platforms.secrets.add(handle.token)
    assert at_platforms.call("import", "-", stdin=lines(account)).status == 0
    told = at_platforms.call("sync").document
    assert told["accounts"][0]["account_id"] == 40
    assert told["posts"]["synced"] == 3
