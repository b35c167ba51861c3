"""What does not exist, and what is said in the wrong form: status 2, words, and nothing changed."""

from collections.abc import Iterator

import pytest

from support.command import Command
from support.house import House

IDS = ["99", str(2**63), "9" * 30, "-1", "0"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A home with the business Acme, for commands that must not change it."""
    house = House(tmp_path_factory.mktemp("acme"))
    house.add_business("Acme")
    return str(house.home.path)


@pytest.fixture
def acme(home: str, command: Command) -> Iterator[Command]:
    """The program in that home, which is as it was in the end."""
    command.set({"ANALYTICS_SYNC_HOME": home})
    yield command
    told = command.call("business", "list").document
    assert [(b["id"], b["name"], b["archived"]) for b in told["businesses"]] == [(1, "Acme", False)]
    assert command.call("runs").document == {"runs": []}


@pytest.mark.parametrize(
    "before",
    [
        ("sync", "--json", "--business"),
        ("account", "list", "--json", "--business"),
        ("business", "archive", "--json", "--"),
        ("business", "remove", "--json", "--purge", "--"),
    ],
)
def test_a_business_that_there_is_not(acme: Command, before: tuple[str, ...]) -> None:
    for name in [*IDS, "9" * 5000, "Nobody", "", " ", "١٢", "x' OR 1", "\udcff", "²"]:
        result = acme.say(*before, name)
        assert (result.status, result.error["code"]) == (2, "unknown_business"), name
        assert "business list" in result.error["hint"]


@pytest.mark.parametrize(
    ("before", "code"), [(("account", "remove"), "unknown_account"), (("runs",), "unknown_run")]
)
def test_an_account_or_run_that_there_is_not(
    acme: Command, before: tuple[str, ...], code: str
) -> None:
    for id in IDS:
        result = acme.say(*before, "--json", "--", id)
        assert (result.status, result.error["code"]) == (2, code)
        assert f" {id}." in result.error["message"]
        assert result.error["hint"]


def test_a_credential_that_there_is_not(acme: Command) -> None:
    for id in IDS:
        acme.refuse(2, "unknown_credential", "account", "add", "Acme", "x", f"--credential={id}")


def test_a_name_that_no_business_can_have(acme: Command) -> None:
    for name in ["", " ", "77", "٧٧", "²", "a\nb", "a\x1b[31mb", "a\u2028b", "\udcff", "x" * 201]:
        acme.refuse(2, "usage", "business", "add", name)
        acme.refuse(2, "usage", "business", "rename", "Acme", name)


def test_a_name_that_a_business_can_have(command: Command) -> None:
    for name in ["Ünïcode 漢字", "👩‍💻 Studio", "a'b\"c%d", "--json", "7 Seas"]:
        made = command.say("business", "add", "--json", "--", name).document
        assert made["name"] == name
        assert command.say("business", "archive", "--json", "--", name).document["id"] == made["id"]
        assert name in command.say("business", "list").output


def test_a_name_that_is_taken(command: Command) -> None:
    command.call("business", "add", "Acme")
    command.refuse(2, "business_exists", "business", "add", " Acme ")
    command.call("business", "add", "Other")
    command.refuse(2, "business_exists", "business", "rename", "Other", "Acme")
    assert command.call("business", "rename", "Acme", "Acme").status == 0


def test_a_name_used_again_means_the_business_that_is_there(command: Command) -> None:
    command.call("business", "add", "Acme")
    command.call("business", "remove", "Acme")
    again = command.call("business", "add", "Acme").document["id"]
    assert command.call("business", "remove", "Acme", "--purge").document["id"] == again
    assert command.call("business", "remove", "Acme", "--purge").document["id"] == 1
    command.refuse(2, "unknown_business", "business", "remove", "Acme", "--purge")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["sync", "--limit", "0"], "--limit"),
        (["sync", "--limit", "-1"], "--limit"),
        (["sync", "--limit", "ten"], "--limit"),
        (["sync", "--shard", "5/4"], "--shard: '5/4'"),
        (["sync", "--shard", "1/0"], "--shard: '1/0'"),
        (["sync", "--shard", "-1/4"], "--shard: '-1/4'"),
        (["sync", "--shard", "١/٤"], "--shard"),
        (["sync", "--shard", ""], "--shard: ''"),
        (["sync", "--wait", "x"], "--wait: 'x'"),
        (["sync", "--wait", "-5s"], "--wait: '-5s'"),
        (["sync", "--wait", "30"], "--wait: '30'"),
        (["sync", "--wait", ""], "--wait: ''"),
        (["sync", "--wait", "9999999999w"], "--wait"),
        (["sync", "--nonsense"], "--nonsense"),
        (["sync", "extra"], "extra"),
        (["nonsense"], "nonsense"),
        (["runs", "abc"], "abc"),
        (["runs", "--limit", "0"], "--limit"),
        (["logs", "--lines", "0"], "--lines"),
        (["logs", "--level", "loud"], "--level"),
        (["business", "add", "B", "--id", "0"], "--id"),
        (["business", "add", "B", "--id", str(2**63)], "--id"),
        (["business", "add", "B", "--timezone", "Mars/Base"], "--timezone"),
        (["business", "add", "B", "--timezone", "../../etc/passwd"], "--timezone"),
        (["business", "add", "B", "--timezone", "/etc/localtime"], "--timezone"),
        (["business", "add", "B", "--timezone", ""], "--timezone"),
        (["business", "add", "B", "--timezone", "\udcff"], "--timezone"),
        (["business", "add"], "name"),
        (["account", "add"], "business"),
        (["account", "remove", "abc"], "abc"),
        (["account", "add", "Acme", "x", "--credential", "abc"], "--credential"),
        (["account", "add", "Acme", "x", "--token-file"], "--token-file"),
        (["simulator", "--port", "65536"], "--port"),
    ],
)
def test_an_option_in_the_wrong_form_is_named(acme: Command, words: list[str], named: str) -> None:
    assert named in acme.refuse(2, "usage", *words)


@pytest.mark.parametrize(
    "words", [["sync", "--platform"], ["account", "add", "--token-stdin", "Acme"]]
)
def test_a_platform_that_there_is_not(acme: Command, words: list[str]) -> None:
    for name in ["myspace", "", "x ex", "\udcff", "ⅹ"]:
        told = acme.refuse(2, "unknown_platform", *words, name)
        assert all(known in told for known in ("facebook", "instagram", "linkedin", "x"))


def test_a_family_is_no_platform_for_one_account(acme: Command) -> None:
    told = acme.refuse(2, "usage", "account", "add", "Acme", "meta", "--token-stdin")
    assert "facebook" in told
    assert "instagram" in told


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--token-stdin", "--token-file", "/nowhere"],
        ["--token-stdin", "--token-command", "true"],
        ["--token-file", "/nowhere", "--credential", "1"],
        ["--token-command", "true", "--credential", "1"],
    ],
)
def test_exactly_one_token_is_wanted(acme: Command, options: list[str]) -> None:
    told = acme.refuse(2, "usage", "account", "add", "Acme", "x", *options)
    assert "--token-file" in told


def test_without_json_the_same_words_go_to_standard_error(acme: Command) -> None:
    result = acme.say("account", "remove", "99")
    assert (result.status, result.output) == (2, "")
    assert result.errors.startswith("Error: There is no account 99.")
    assert "account list" in result.errors
