"""Posts from files: what is taken, what is refused by line and field, and that twice is once."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from analytics_sync.errors import WrongUsage
from analytics_sync.files import posts as module
from analytics_sync.store import accounts, businesses, posts
from analytics_sync.store.tables import post
from support.file_desk import NOW, counts, only

HEAD = (
    "business_id,platform,platform_account_id,platform_post_id,published_at,kind,text,permalink\n"
)
WHEN = "2026-11-20T10:00:00Z"
LINE = f"1,x,10,1990000000000000001,{WHEN},photo,Hello,https://x.com/a/status/1990000000000000001\n"


def json_line(**fields):
    usual = {"business_id": 1, "platform": "x", "platform_account_id": "10", "published_at": WHEN}
    return json.dumps({**usual, **fields}) + "\n"


def test_importing_twice_changes_nothing(each_desk):
    text = HEAD + LINE + f"1,x,10,2,{WHEN},,,\n"
    assert counts(each_desk.posts(text)) == (2, 0, 0)
    before = each_desk.stored()
    assert counts(each_desk.posts(text)) == (0, 2, 0)
    assert each_desk.stored() == before
    first = before["1990000000000000001"]
    assert (first.kind, first.text, first.state) == ("photo", "Hello", "active")
    assert first.permalink == "https://x.com/a/status/1990000000000000001"
    assert first.published_at == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_json_lines_say_the_same(desk):
    text = json_line(platform_post_id="1", kind="Photo", text="a\nb") + json_line(
        platform_post_id=2
    )
    assert counts(desk.posts(text, name="posts.jsonl")) == (2, 0, 0)
    assert counts(desk.posts("\n" + text, name="-")) == (0, 2, 0)
    assert desk.stored()["1"].kind == "photo"
    assert desk.stored()["1"].text == "a\nb"


def test_the_same_post_twice_in_one_file_is_one(each_desk):
    assert counts(each_desk.posts(HEAD + LINE + LINE)) == (1, 1, 0)


def test_a_known_post_is_filled_in_and_never_overwritten(each_desk):
    each_desk.posts(HEAD + f"1,x,10,5,{WHEN},,,\n")
    assert counts(each_desk.posts(HEAD + "1,x,10,5,2020-01-01T00:00:00Z,photo,Words,\n")) == (
        1,
        0,
        0,
    )
    assert counts(each_desk.posts(HEAD + f"1,x,10,5,{WHEN},video,Others,\n")) == (0, 1, 0)
    kept = each_desk.stored()["5"]
    assert (kept.kind, kept.text, kept.permalink) == ("photo", "Words", None)
    assert kept.published_at == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_an_unknown_kind_is_kept_and_treated_as_unset(each_desk):
    each_desk.posts(HEAD + f"1,x,10,5,{WHEN},hologram,,\n")
    assert each_desk.stored()["5"].kind == "hologram"
    with each_desk.database.read() as connection:
        (candidate,) = posts.candidates(connection, 1)
        (loaded,) = posts.load(connection, [candidate.id], NOW.date())
    assert (candidate.kind, loaded.kind) == (None, None)
    assert counts(each_desk.posts(HEAD + f"1,x,10,5,{WHEN},photo,,\n")) == (1, 0, 0)
    assert each_desk.stored()["5"].kind == "photo"


def test_a_web_address_is_taken_for_its_id(desk):
    text = HEAD + f"1,twitter,10,https://x.com/acme/status/1990000000000000009?s=20,{WHEN},,,\n"
    assert counts(desk.posts(text)) == (1, 0, 0)
    assert list(desk.stored()) == ["1990000000000000009"]


def test_a_business_may_be_named(desk):
    text = f"business,platform,platform_post_id,published_at\nAcme,x,1,{WHEN}\n"
    assert counts(desk.posts(text)) == (1, 0, 0)
    named = text.replace("business,", "business_id,")
    assert counts(desk.posts(named)) == (0, 1, 0)


def test_options_fill_what_the_file_leaves_out(desk):
    desk.business("Other")
    desk.account(business=2, platform_account_id="20")
    text = f"platform_post_id,published_at\n1,{WHEN}\n"
    assert counts(desk.posts(text, business="2", platform="x")) == (1, 0, 0)
    with_cells = f"business_id,platform,platform_post_id,published_at\n1,,2,{WHEN}\n,,3,{WHEN}\n"
    assert counts(desk.posts(with_cells, business="2", platform="x")) == (2, 0, 0)
    assert {id: row.business_id for id, row in desk.stored().items()} == {"1": 2, "2": 1, "3": 2}


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("platform,platform_post_id,published_at", "column business_id"),
        ("business,platform_post_id,published_at", "column platform"),
        ("business,platform,published_at", "column platform_post_id"),
        ("business,platform,platform_post_id", "column published_at"),
        ("text", "columns business_id, platform, platform_post_id, published_at"),
    ],
)
def test_a_missing_column_refuses_the_file_and_is_named(desk, header, missing):
    with pytest.raises(WrongUsage, match=missing) as raised:
        desk.posts(header + "\n1\n")
    assert raised.value.code == "column_missing"
    assert desk.stored() == {}


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        (f"9,x,10,1,{WHEN},,,", "business_id", "no business '9'"),
        (f"99999999999999999999,x,10,1,{WHEN},,,", "business_id", "no business"),
        (f",x,10,1,{WHEN},,,", "business_id", "missing"),
        (f"1,myspace,10,1,{WHEN},,,", "platform", "no platform 'myspace'"),
        (f"1,meta,10,1,{WHEN},,,", "platform", "several platforms"),
        (f"1,,10,1,{WHEN},,,", "platform", "missing"),
        (f"1,x,11,1,{WHEN},,,", "platform_account_id", "no X account '11'. It has: 10"),
        (f"1,x,@acme,1,{WHEN},,,", "platform_account_id", "not an X user id"),
        (f"1,facebook,,1,{WHEN},,,", "platform_account_id", "has no Facebook account"),
        (f"1,x,10,,{WHEN},,,", "platform_post_id", "missing"),
        (f"1,x,10,abc,{WHEN},,,", "platform_post_id", "not an X post id"),
        (f"1,x,10,1.99E+18,{WHEN},,,", "platform_post_id", "not an X post id"),
        ("1,x,10,1,,,,", "published_at", "missing"),
        ("1,x,10,1,yesterday,,,", "published_at", "not a time"),
        ("1,x,10,1,2026-11-20T10:00:00,,,", "published_at", "without a zone"),
        ("1,x,10,1,2026-11-20,,,", "published_at", "without a zone"),
        ("1,x,10,1,0001-01-01T00:00:00+05:00,,,", "published_at", "not a time"),
        ("1,x,10,1,9999-12-31T23:59:59-05:00,,,", "published_at", "not a time"),
        ("1,x,10,1,1999-12-31T23:59:59Z,,,", "published_at", "before the year 2000"),
        ("1,x,10,1,2031-01-01T00:00:00Z,,,", "published_at", "more than a year ahead"),
        (f"1,x,10,1,{WHEN},,,javascript:alert(1)", "permalink", "does not begin with https"),
        (f"1,x,10,1,{WHEN},,text, with, commas,", None, "has 10 fields"),
    ],
)
def test_a_wrong_line_is_named_and_the_others_are_taken(desk, line, field, words):
    told = desk.posts(HEAD + LINE + line + "\n" + f"1,x,10,77,{WHEN},,,\n")
    assert counts(told) == (2, 0, 1)
    number, wrong, message = only(told)
    assert (number, wrong) == (3, field)
    assert words in message


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"platform_post_id": 1.99e18}, "platform_post_id", "lost digits"),
        ({"platform_post_id": True}, "platform_post_id", "must be a text"),
        ({"platform_post_id": ["1"]}, "platform_post_id", "must be a text"),
        ({"platform_post_id": "1", "text": "\ud800"}, "text", "lone surrogate"),
        ({"platform_post_id": "1", "text": "a\0b"}, "text", "NUL"),
        ({"platform_post_id": "1", "published_at": 1763632800}, "published_at", "not a time"),
        ({"platform_post_id": "1", "business_id": {"id": 1}}, "business_id", "must be a text"),
        ({}, "platform_post_id", "missing"),
    ],
)
def test_a_wrong_value_in_json_is_named(desk, fields, field, words):
    told = desk.posts(json_line(platform_post_id="9") + json_line(**fields), name="x.jsonl")
    assert counts(told) == (1, 0, 1)
    number, wrong, message = only(told)
    assert (number, wrong) == (2, field)
    assert words in message


def test_several_accounts_must_be_told_apart(desk):
    desk.account(platform_account_id="11")
    told = desk.posts(f"business,platform,platform_post_id,published_at\n1,x,1,{WHEN}\n")
    assert "has 2 X accounts. It has: 10, 11" in only(told)[2]


def test_a_removed_account_or_business_takes_no_posts(desk):
    with desk.database.write() as connection:
        accounts.remove(connection, 1, NOW)
    assert only(desk.posts(HEAD + LINE))[1] == "platform_account_id"
    with desk.database.write() as connection:
        businesses.remove(connection, 1, NOW)
    assert only(desk.posts(HEAD + LINE))[1] == "business_id"


def test_an_older_version_of_an_edited_post_is_not_taken_for_another_post(each_desk):
    each_desk.posts(HEAD + f"1,x,10,2,{WHEN},,,\n")
    with each_desk.database.write() as connection:
        connection.execute(update(post).values(versions=["1"]))
    assert counts(each_desk.posts(HEAD + f"1,x,10,1,{WHEN},,,\n")) == (0, 1, 0)
    assert list(each_desk.stored()) == ["2"]


def test_an_ignored_post_stays_ignored(desk):
    desk.posts(HEAD + LINE)
    with desk.database.write() as connection:
        posts.ignore(connection, 1)
    assert counts(desk.posts(HEAD + LINE)) == (0, 1, 0)
    assert desk.stored()["1990000000000000001"].state == "ignored"


def test_more_lines_than_a_batch_are_all_taken(each_desk, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 3)
    lines = "".join(f"1,x,10,{n},{WHEN},,,\n" for n in range(1, 11))
    assert counts(each_desk.posts(HEAD + lines)) == (10, 0, 0)
    assert counts(each_desk.posts(HEAD + lines + LINE)) == (1, 10, 0)


def test_long_texts_make_a_batch_smaller(desk, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_BATCH", 10)
    sizes = []
    add = module.imports.add_posts
    monkeypatch.setattr(
        module.imports, "add_posts", lambda c, new, now: sizes.append(len(new)) or add(c, new, now)
    )
    desk.posts(HEAD + "".join(f"1,x,10,{n},{WHEN},,123456,\n" for n in range(1, 6)))
    assert sizes == [2, 2, 1]


def test_no_transaction_stays_open_while_a_slow_file_is_read(desk):
    """Another process may write between two lines of a pipe."""

    class Slow:
        def __init__(self):
            self.lines = [HEAD.encode(), LINE.encode()]

        def readline(self, _=-1):
            with desk.database.write():
                return self.lines.pop(0) if self.lines else b""

    outcome = module.import_posts(desk.database, Slow(), "-", now=NOW)
    assert outcome.imported == 1


def test_only_some_refusals_are_kept_where_a_person_reads(desk):
    outcome = desk.posts(HEAD + "9,,,,,,,\n" * 50, keep=3)
    assert [refusal["line"] for refusal in outcome["refused"]] == [2, 3, 4]


def test_a_token_in_a_wrong_column_is_not_shown(desk):
    token = "AQ" + "x" * 60
    told = desk.posts(HEAD + f"1,x,10,{token},{WHEN},,,\n")
    assert token not in json.dumps(told)


def test_messages_stay_short(desk):
    told = desk.posts(HEAD + f"1,x,10,{'9' * 5000},{WHEN},,,\n")
    assert len(only(told)[2]) <= 300
