"""`post`: what a person or a script sees of import, add, list, discover and ignore."""

import pytest

from analytics_sync.cli import discover as discover_module
from analytics_sync.domain.metrics import COLUMNS
from support.command import Command
from support.house import House

HEAD = "business_id,platform,platform_account_id,platform_post_id,published_at\n"
WHEN = "2026-11-20T10:00:00Z"


@pytest.fixture
def acme(command: Command, tmp_path) -> Command:
    """A business with an X account whose token was not tried."""
    command.call("business", "add", "Acme")
    add_account(command, "10")
    return command


def add_account(command: Command, id: str, business: str = "1") -> None:
    added = ("account", "add", business, "x", "--platform-account-id", id, "--token-stdin")
    assert command.call(*added, "--no-check", stdin=b"planted-token-1").status == 0


def listed(command: Command, *options: str) -> list:
    return command.call("post", "list", *options).document["posts"]


def test_import_answers_counts_and_refused_lines_and_ends_with_1(acme, tmp_path):
    file = tmp_path / "posts.csv"
    file.write_text(f"{HEAD}1,x,10,5,{WHEN}\n1,x,10,abc,{WHEN}\n", encoding="utf-8")
    result = acme.call("post", "import", str(file))
    assert result.status == 1
    (refusal,) = result.document["refused"]
    assert set(result.document) == {"imported", "unchanged", "refused"}
    assert (result.document["imported"], result.document["unchanged"]) == (1, 0)
    assert set(refusal) == {"line", "field", "message"}
    assert (refusal["line"], refusal["field"]) == (3, "platform_post_id")
    assert acme.call("post", "import", str(file)).document["unchanged"] == 1


def test_import_from_standard_input_ends_with_0(acme):
    result = acme.call("post", "import", "-", stdin=f"{HEAD}1,x,10,5,{WHEN}\n".encode())
    assert (result.status, result.document) == (0, {"imported": 1, "unchanged": 0, "refused": []})


def test_people_see_the_first_refused_lines(acme):
    lines = "".join(f"9,x,10,{n},{WHEN}\n" for n in range(30))
    result = acme.say("post", "import", "-", stdin=(HEAD + lines).encode())
    assert result.status == 1
    assert "Imported 0 lines; 0 told nothing new, 30 were refused." in result.output
    assert "line 21:" in result.output
    assert "line 22:" not in result.output
    assert "10 more" in result.output


def test_options_fill_columns_by_name_and_alias(acme):
    options = ("--business", "Acme", "--platform", "twitter")
    text = f"platform_post_id,published_at\n5,{WHEN}\n"
    assert acme.call("post", "import", "-", *options, stdin=text.encode()).status == 0
    assert [post["platform_post_id"] for post in listed(acme)] == ["5"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("-",), "column_missing", "published_at"),
        (("-", "--business", "9"), "unknown_business", "9"),
        (("-", "--platform", "myspace"), "unknown_platform", "myspace"),
        (("-", "--platform", "meta"), "usage", "several"),
        (("no/such/file.csv",), "file_unreadable", "no/such/file.csv"),
        (("/",), "file_unreadable", "folder"),
    ],
)
def test_what_refuses_a_whole_file(acme, arguments, code, words):
    text = b"business_id,platform,platform_post_id\n1,x,5\n"
    assert words in acme.refuse(2, code, "post", "import", *arguments, stdin=text)
    assert listed(acme) == []


def test_list_shows_the_newest_numbers_with_null_for_the_unsaid(acme):
    assert listed(acme) == []
    place = '"business_id": 1, "platform": "x", "platform_account_id": "10"'
    line = (
        f'{{{place}, "platform_post_id": "5", "published_at": "{WHEN}", '
        '"captured_at": "2026-11-21T00:00:00Z", "likes": 0}'
    )
    acme.call("import", "-", stdin=line.encode())
    (post,) = listed(acme)
    assert list(post) == [
        "id",
        "business_id",
        "platform",
        "platform_account_id",
        "platform_post_id",
        "published_at",
        "kind",
        "permalink",
        "state",
        "last_read_at",
        *COLUMNS,
    ]
    assert {name: post[name] for name in ("id", "business_id", "likes", "impressions")} == {
        "id": 1,
        "business_id": 1,
        "likes": 0,
        "impressions": None,
    }
    assert (post["published_at"], post["state"]) == (WHEN, "active")
    assert "–" in acme.say("post", "list").output


def test_list_is_limited_and_chosen_by_business_and_platform(acme):
    acme.call("business", "add", "Other")
    add_account(acme, "20", business="2")
    lines = "".join(f"1,x,10,{n},2026-11-{n:02}T00:00:00Z\n" for n in range(1, 10))
    acme.call("post", "import", "-", stdin=f"{HEAD}{lines}2,x,20,77,{WHEN}\n".encode())
    assert len(listed(acme)) == 10
    assert [post["platform_post_id"] for post in listed(acme, "--limit", "2")] == ["77", "9"]
    assert [p["platform_post_id"] for p in listed(acme, "--business", "Other")] == ["77"]
    assert listed(acme, "--platform", "meta") == []
    assert len(listed(acme, "--platform", "twitter", "--business", "1")) == 9
    assert acme.call("post", "list", "--business", "9").status == 2
    assert acme.call("post", "list", "--limit", "0").status == 2
    shown = acme.say("post", "list", "--limit", "2").output
    assert "77" in shown


def test_people_are_shown_a_screenful(acme, monkeypatch):
    monkeypatch.setattr("analytics_sync.cli.post.SCREENFUL", 3)
    lines = "".join(f"1,x,10,{n},2026-11-{n:02}T00:00:00Z\n" for n in range(1, 10))
    acme.call("post", "import", "-", stdin=f"{HEAD}{lines}".encode())
    assert "These are the newest 3" in acme.say("post", "list").output
    assert "newest" not in acme.say("post", "list", "--limit", "9").output


def test_ignore_takes_our_id_or_the_platform_s(acme):
    acme.call("post", "import", "-", stdin=f"{HEAD}1,x,10,500,{WHEN}\n1,x,10,600,{WHEN}\n".encode())
    assert acme.call("post", "ignore", "500").document["state"] == "ignored"
    assert acme.call("post", "ignore", "2").document["platform_post_id"] == "600"
    assert acme.call("post", "ignore", "2").status == 0
    assert {post["state"] for post in listed(acme)} == {"ignored"}


def test_ignore_of_an_unknown_post(acme):
    for id in ("99", "9" * 40, "abc", "", "\udcff", "٣"):
        acme.refuse(2, "unknown_post", "post", "ignore", id)


def test_ignore_names_the_posts_that_an_id_could_mean(acme):
    acme.call("business", "add", "Other")
    add_account(acme, "20", business="2")
    text = f"{HEAD}1,x,10,2,{WHEN}\n2,x,20,500,{WHEN}\n1,x,10,500,{WHEN}\n"
    acme.call("post", "import", "-", stdin=text.encode())
    said = acme.refuse(2, "ambiguous_post", "post", "ignore", "2")
    assert "post 1 (x 2 of business 1); post 2 (x 500 of business 2)" in said
    acme.refuse(2, "ambiguous_post", "post", "ignore", "500")
    assert {post["state"] for post in listed(acme)} == {"active"}


def test_add_asks_the_platform_and_answers_the_post(at_platforms: Command, house: House):
    house.populate("x", posts=3)
    truth = [id for _, id in house.truth()]
    result = at_platforms.call("post", "add", truth[0])
    assert result.status == 0
    told = result.document
    assert (told["id"], told["platform_post_id"], told["new"]) == (1, truth[0], True)
    alone = {name: told[name] for name in told if name not in {"posts", "refused"}}
    assert told["posts"] == [alone]
    both = at_platforms.call("post", "add", truth[0], f"https://x.com/a/status/{truth[1]}")
    assert [post["new"] for post in both.document["posts"]] == [False, True]
    assert [post["id"] for post in both.document["posts"]] == [1, 2]
    assert "id" not in both.document
    assert "Known already: post 1" in at_platforms.say("post", "add", truth[0]).output


def test_add_takes_the_others_where_one_is_refused_and_asks_for_no_known_one(
    at_platforms: Command, house: House
):
    house.populate("x", posts=3)
    truth = [id for _, id in house.truth()]
    at_platforms.call("post", "add", truth[0])
    asked = len(house.world.journal.requests)
    result = at_platforms.call("post", "add", truth[0], "1111111111111111111", truth[1])
    assert len(house.world.journal.requests) == asked + 2
    assert result.status == 1
    assert [post["platform_post_id"] for post in result.document["posts"]] == truth[:2]
    assert [one["code"] for one in result.document["refused"]] == ["post_gone"]
    at_platforms.refuse(2, "post_gone", "post", "add", "1111111111111111111")


def test_add_of_what_is_no_post(acme):
    acme.refuse(2, "post_id_invalid", "post", "add", "hello")
    acme.refuse(2, "unknown_platform", "post", "add", "5", "--platform", "myspace")
    acme.refuse(2, "unknown_business", "post", "add", "5", "--business", "9")
    assert acme.call("post", "add").status == 2


def test_discover_finds_posts_and_reads_no_numbers(at_platforms: Command, house: House):
    house.populate("x", posts=5)
    result = at_platforms.call("post", "discover", "--business", "Acme business")
    assert result.status == 2
    result = at_platforms.call("post", "discover")
    assert result.status == 0
    assert (result.document["trigger"], result.document["outcome"]) == ("discover", "complete")
    assert result.document["discovered"] == 5
    assert result.document["posts"]["selected"] == 0
    assert {post["impressions"] for post in listed(at_platforms)} == {None}
    shown = at_platforms.say("post", "discover", "--platform", "x")
    assert "charges" not in shown.errors
    assert "ok" in shown.output


def test_discover_says_first_what_x_charges_for_a_long_way_back(
    at_platforms: Command, house: House
):
    house.populate("x", "linkedin", posts=2)
    result = at_platforms.call("post", "discover", "--since", "2020-01-01")
    assert result.status == 0
    assert "X charges for each post that it lists: up to 3,200 posts of 1 account" in result.errors
    assert "at $0.005, at most $16.00" in result.errors
    assert "daily_read_budget (2,000 posts) lets $10.00 of it go today" in result.errors
    only_linkedin = ("post", "discover", "--since", "2020-01-01", "--platform", "linkedin")
    assert "charges" not in at_platforms.call(*only_linkedin).errors


def test_discover_asks_on_a_terminal_alone(
    at_platforms: Command, house: House, monkeypatch: pytest.MonkeyPatch
):
    house.populate("x", posts=2)
    asked = []

    def confirm(*_, **options):
        asked.append(options)
        raise discover_module.typer.Abort

    monkeypatch.setattr(discover_module.typer, "confirm", confirm)
    monkeypatch.setattr(discover_module, "is_interactive", lambda: True)
    far = ("post", "discover", "--since", "2020-01-01")
    assert at_platforms.say(*far).status == 1
    assert asked == [{"abort": True, "err": True}]
    assert listed(at_platforms) == []
    assert at_platforms.say(*far, "--yes").status == 0
    assert len(asked) == 1
    assert len(listed(at_platforms)) == 2


@pytest.mark.parametrize("since", ["2999-01-01", "soon", "0001-01-01T00:00:00+05:00"])
def test_discover_from_no_day_that_was(acme, since):
    acme.refuse(2, "usage", "post", "discover", "--since", since)


def test_discover_tells_of_accounts_that_can_not_be_listed(
    at_platforms: Command, house: House, monkeypatch: pytest.MonkeyPatch
):
    token = ("--token-stdin", "--no-check", "--platform-account-id", "urn:li:person:AbC12")
    at_platforms.call("account", "add", "1", "linkedin", *token, stdin=b"planted-token-1")
    shown = at_platforms.say("post", "discover")
    assert "LinkedIn shows no list of account 1's posts: analytics-sync post add" in shown.output
