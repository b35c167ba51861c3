from support.log_ins import logged_in_at_x
from support.rows import changed


def test_checking_says_what_is_known_of_each_account(at_platforms, house):
    house.add_business("Other")
    one = logged_in_at_x(house)
    logged_in_at_x(house, business=2)
    result = at_platforms.call("account", "check")
    assert result.status == 0
    first, second = result.document["accounts"]
    assert (first["id"], first["outcome"], first["alive"]) == (one.account.id, "ok", True)
    assert first["dies_with"] == [second["id"]]
    assert first["renews"]
    assert first["role"] is None or first["role"] == "owner"
    told = at_platforms.say("account", "check", str(one.account.id)).output
    assert told.startswith(f"Account {one.account.id}: x acme1: well\n")
    assert "with it end the accounts: 2" in told
    assert one.grant.access not in told + result.output


def test_a_refused_one_is_77_and_proposed_to_be_connected_again(at_platforms, house):
    one = logged_in_at_x(house)
    house.simulator.services["x"].withdraw(one.account.platform_account_id)
    result = at_platforms.call("account", "check")
    assert result.status == 77
    assert result.document["accounts"][0]["reason"]
    (told,) = at_platforms.call("status").document["status"]["attention"]
    assert (told["code"], told["command"]) == (
        "credential_refused",
        "analytics-sync account connect 1 x",
    )


def test_nothing_to_check_is_well_and_what_is_not_there_is_not(house, command):
    command.set(house.environ)
    assert command.call("account", "check").document == {"accounts": []}
    assert "No account yet" in command.say("account", "check").output
    assert command.call("account", "check", "x").status == 2
    command.refuse(2, "unknown_account", "account", "check", "7")
    logged_in_at_x(house)
    changed(house.home.path, "UPDATE account SET credential_id = NULL")
    told = command.say("account", "check")
    assert (told.status, "has no credential" in told.output) == (77, True)
