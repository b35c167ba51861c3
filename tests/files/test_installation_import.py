"""A whole old installation from one file: ids kept, tokens sealed, history in order."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from analytics_sync.domain.records import FoundPost
from analytics_sync.files import history as history_module
from analytics_sync.files import installation as module
from analytics_sync.files.export import write_jsonl
from analytics_sync.store import accounts, businesses, posts
from analytics_sync.store.database import Database
from analytics_sync.store.exports import Wanted, rows
from analytics_sync.store.migrate import upgrade
from analytics_sync.store.tables import account, credential, latest, post, snapshot
from support.file_desk import NOW, Desk, counts, only

WHEN = "2026-11-20T10:00:00Z"
BUSINESS = {"type": "business", "id": 7, "name": "Beta", "timezone": "Europe/Berlin"}
ACCOUNT = {
    "type": "account",
    "id": 40,
    "business_id": 7,
    "platform": "x",
    "platform_account_id": "55",
}
POST = {
    "type": "post",
    "id": 900,
    "account_id": 40,
    "platform_post_id": "123",
    "published_at": WHEN,
    "kind": "photo",
}


def snapshot_line(hour=0, **said):
    captured = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(hours=hour)
    return {
        "type": "snapshot",
        "account_id": 40,
        "platform_post_id": "123",
        "captured_at": captured.isoformat(),
        **said,
    }


def lines(*documents):
    return "".join(json.dumps(document) + "\n" for document in documents)


def history(desk, **wanted):
    return list(rows(desk.database, Wanted(**wanted)))


def credentials(desk):
    with desk.database.read() as connection:
        return {row.id: row for row in connection.execute(select(credential))}


def listed(desk):
    with desk.database.read() as connection:
        return {found.id: found for found in accounts.listed(connection)}


def test_everything_comes_in_with_its_ids_and_twice_is_once(each_desk):
    text = lines(
        BUSINESS, ACCOUNT, POST, snapshot_line(impressions=5, extra={"impression_count": 5})
    )
    assert counts(each_desk.installation(text)) == (4, 0, 0)
    assert counts(each_desk.installation(text)) == (0, 4, 0)
    with each_desk.database.read() as connection:
        assert businesses.find(connection, "7").name == "Beta"
        assert businesses.find(connection, "7").timezone == "Europe/Berlin"
    assert listed(each_desk)[40].platform_account_id == "55"
    found = each_desk.stored()["123"]
    assert (found.id, found.kind, found.impressions, found.likes) == (900, "photo", 5, None)
    (row,) = history(each_desk)
    assert row["captured_at"] == datetime(2026, 11, 21, tzinfo=UTC)
    assert row["extra"] == {"impression_count": 5}
    assert each_desk.vaults_opened == 0


def test_what_is_made_afterwards_gets_a_new_id(each_desk):
    """PostgreSQL counts ids in sequences of their own, which don't see those that were given."""
    each_desk.installation(lines(BUSINESS, ACCOUNT, POST))
    made = each_desk.business("Next")
    assert made.id > 7
    assert each_desk.account(business=made.id).id > 40
    with each_desk.database.write() as connection:
        posts.take(connection, 40, [FoundPost("124", NOW)], now=NOW, listed=True)
    assert each_desk.stored()["124"].id > 900


@pytest.mark.parametrize(
    "told",
    [
        {"token": "planted-token-1"},
        {"token": {"access_token": "planted-token-1", "scopes": "a b"}},
        {"token": '{"access_token": "planted-token-1"}'},
        {"access_token": "planted-token-1", "refresh_token": "planted-refresh-1"},
    ],
)
def test_a_token_is_sealed_at_once_in_each_of_its_forms(desk, told):
    assert counts(desk.installation(lines(BUSINESS, {**ACCOUNT, **told}))) == (2, 0, 0)
    ((id, row),) = credentials(desk).items()
    assert "planted" not in row.ciphertext
    assert desk.vault.open({"credential": id}, row.ciphertext)["access_token"] == "planted-token-1"
    assert listed(desk)[40].credential_id == id
    assert counts(desk.installation(lines(BUSINESS, {**ACCOUNT, **told}))) == (0, 2, 0)
    assert credentials(desk) == {id: row}


def test_expiry_scopes_and_refresh_token_are_kept(desk):
    token = {
        "access_token": "planted-token-1",
        "refresh_token": "planted-refresh-1",
        "expires_at": "2026-12-31T00:00:00Z",
        "scopes": ["tweet.read", "users.read"],
    }
    desk.installation(lines(BUSINESS, {**ACCOUNT, "token": token, "name": "Beta on X"}))
    ((id, row),) = credentials(desk).items()
    assert row.expires_at == datetime(2026, 12, 31, tzinfo=UTC)
    assert (row.scopes, row.subject) == ("tweet.read users.read", "Beta on X")
    assert (
        desk.vault.open({"credential": id}, row.ciphertext)["refresh_token"] == "planted-refresh-1"
    )


def test_accounts_with_one_token_share_one_credential(each_desk):
    """X's refresh tokens work once: two credentials would refresh against each other."""
    second = {**ACCOUNT, "id": 41, "platform_account_id": "56"}
    third = {**ACCOUNT, "id": 42, "platform_account_id": "57", "token": "planted-token-2"}
    token = {"token": "planted-token-1"}
    each_desk.installation(lines(BUSINESS, {**ACCOUNT, **token}, {**second, **token}, third))
    found = listed(each_desk)
    assert found[40].credential_id == found[41].credential_id != found[42].credential_id
    assert len(credentials(each_desk)) == 2


def test_a_known_account_keeps_its_token_and_one_without_gets_it(desk):
    desk.installation(lines(BUSINESS, ACCOUNT))
    assert listed(desk)[40].credential_id is None
    assert counts(desk.installation(lines({**ACCOUNT, "token": "planted-token-1"}))) == (1, 0, 0)
    before = credentials(desk)
    assert counts(desk.installation(lines({**ACCOUNT, "token": "planted-token-2"}))) == (0, 1, 0)
    assert credentials(desk) == before


def test_a_removed_account_comes_back_with_its_history(desk):
    desk.installation(lines(BUSINESS, ACCOUNT, POST, snapshot_line(likes=1)))
    with desk.database.write() as connection:
        accounts.remove(connection, 40, NOW)
    assert counts(desk.installation(lines({**ACCOUNT, "token": "planted-token-1"}))) == (1, 0, 0)
    assert listed(desk)[40].credential_id is not None
    assert desk.stored()["123"].likes == 1


def test_an_account_known_under_another_id_is_meant_by_the_file_s_id(desk):
    line = {**ACCOUNT, "business_id": 1, "id": 99, "platform_account_id": "10"}
    told = desk.installation(lines(line, {**POST, "account_id": 99}))
    assert counts(told) == (1, 1, 0)
    assert desk.stored()["123"].account_id == 1


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        ({"type": "planet"}, "type", "'planet' is not"),
        ({"name": "x"}, "type", "missing"),
        ({"type": 5}, "type", "'5' is not"),
        ({"type": "business"}, "name", "missing"),
        ({"type": "business", "name": "123"}, "name", "can't be called"),
        ({"type": "business", "id": 1, "name": "Other"}, "id", "belongs to the business 'Acme'"),
        ({"type": "business", "id": 2, "name": "Acme"}, "name", "already a business 'Acme'"),
        ({"type": "business", "id": 0, "name": "Z"}, "id", "whole number from 1"),
        ({"type": "business", "id": 2**31, "name": "Z"}, "id", "whole number from 1"),
        ({"type": "business", "id": -1, "name": "Z"}, "id", "whole number from 1"),
        ({"type": "business", "name": "Z", "timezone": "Mars/One"}, "timezone", "no zone"),
        ({"type": "business", "name": "Z", "timezone": "../etc/passwd"}, "timezone", "no zone"),
        ({**ACCOUNT, "business_id": 8}, "business_id", "no business '8'"),
        ({**ACCOUNT, "platform": "meta"}, "platform", "several platforms"),
        ({**ACCOUNT, "platform_account_id": "@beta"}, "platform_account_id", "not an X user id"),
        ({**ACCOUNT, "kind": "page"}, "kind", "no accounts of kind"),
        ({**ACCOUNT, "id": 1, "platform_account_id": "56"}, "id", "belongs to the x account 10"),
        (
            {**ACCOUNT, "id": 41, "platform_account_id": "9", "token": 5},
            "token",
            "text or an object",
        ),
        ({**ACCOUNT, "platform_account_id": "9", "token": "a b"}, "token", "space"),
        ({**ACCOUNT, "platform_account_id": "9", "token": {}}, "token", "access_token"),
        (
            {
                **ACCOUNT,
                "platform_account_id": "9",
                "token": {"access_token": "t", "expires_at": WHEN[:-1]},
            },
            "token",
            "zone",
        ),
        ({**ACCOUNT, "platform_account_id": "9", "access_token": 7}, "access_token", "no text"),
        ({**POST, "account_id": 5}, "account_id", "no account 5"),
        ({**POST, "platform_post_id": "124", "published_at": WHEN[:-1]}, "published_at", "zone"),
        ({**POST, "platform_post_id": "124"}, "id", "belongs to the post 123"),
        (snapshot_line(likes=1, platform_post_id="5"), "platform_post_id", "There is no post '5'"),
        ({**snapshot_line(likes=1), "captured_at": "2026-11-21T00:00"}, "captured_at", "zone"),
        ({**snapshot_line(likes=1), "captured_at": None}, "captured_at", "missing"),
        (snapshot_line(likes=1.5), "likes", "not a whole number"),
        (snapshot_line(likes=True), "likes", "not a whole number"),
        (snapshot_line(likes=2**63), "likes", "not a whole number"),
        (snapshot_line(likes="many"), "likes", "not a whole number"),
        (snapshot_line(extra=[1]), "extra", "object"),
        (snapshot_line(extra={"a": "b"}), "extra", "'a' is not a number"),
        (snapshot_line(extra={"a\0": 1}), "extra", "NUL"),
    ],
)
def test_a_wrong_line_is_named_and_the_others_are_taken(desk, line, field, words):
    desk.installation(lines(BUSINESS, ACCOUNT, POST))
    text = lines(BUSINESS, line, {**POST, "id": None, "platform_post_id": "777"})
    told = desk.installation(text)
    assert counts(told) == (1, 1, 1), told
    number, wrong, message = only(told)
    assert (number, wrong) == (2, field)
    assert words in message


def test_a_refused_line_never_shows_a_token(desk):
    line = {**ACCOUNT, "business_id": 8, "token": "planted-token-1", "name": "planted-token-1"}
    told = desk.installation(lines(BUSINESS, {**ACCOUNT, "token": "planted-token-1"}, line))
    assert len(told["refused"]) == 1
    assert "planted" not in json.dumps(told)


def test_a_line_may_refer_to_an_earlier_one_only(desk):
    told = desk.installation(lines(ACCOUNT, BUSINESS, ACCOUNT, snapshot_line(likes=1), POST))
    assert counts(told) == (3, 0, 2)
    assert [refusal["line"] for refusal in told["refused"]] == [1, 4]


def test_ids_within_one_file_are_told_apart(each_desk):
    told = each_desk.installation(
        lines(BUSINESS, ACCOUNT, POST, {**POST, "platform_post_id": "124"}, POST)
    )
    assert counts(told) == (3, 1, 1)
    assert only(told)[:2] == (4, "id")


def test_a_reading_of_a_post_that_was_refused_is_refused_too(desk):
    taken = {**POST, "platform_post_id": "124"}
    reading = snapshot_line(likes=1, platform_post_id="124")
    told = desk.installation(lines(BUSINESS, ACCOUNT, POST, taken, reading))
    assert counts(told) == (3, 0, 2)
    assert [(refusal["line"], refusal["field"]) for refusal in told["refused"]] == [
        (4, "id"),
        (5, "platform_post_id"),
    ]


def test_a_known_post_keeps_its_id(each_desk):
    each_desk.installation(lines(BUSINESS, ACCOUNT, POST))
    assert counts(each_desk.installation(lines({**POST, "id": 901}))) == (0, 1, 0)
    assert each_desk.stored()["123"].id == 900


def test_a_reading_that_says_nothing_is_no_change(desk):
    line = snapshot_line(likes=None, extra={})
    assert counts(desk.installation(lines(BUSINESS, ACCOUNT, POST, line))) == (3, 1, 0)
    assert history(desk) == []


def test_on_the_same_key_the_later_reading_replaces(each_desk):
    text = lines(BUSINESS, ACCOUNT, POST, snapshot_line(likes=1), snapshot_line(likes=2, clicks=0))
    assert counts(each_desk.installation(text)) == (5, 0, 0)
    (row,) = history(each_desk)
    assert (row["likes"], row["clicks"], row["shares"]) == (2, 0, None)
    assert (each_desk.stored()["123"].likes, each_desk.stored()["123"].clicks) == (2, 0)


def test_an_unsaid_number_stays_null_in_the_history_and_known_in_latest(each_desk):
    older, newer = snapshot_line(1, likes=1, saves=0), snapshot_line(2, likes=2)
    each_desk.installation(lines(BUSINESS, ACCOUNT, POST, newer, older))
    assert [(row["likes"], row["saves"]) for row in history(each_desk)] == [(1, 0), (2, None)]
    (row,) = history(each_desk, newest_only=True)
    assert (row["likes"], row["saves"]) == (2, 0)
    with each_desk.database.read() as connection:
        assert connection.execute(select(latest.c.unsaid)).scalar() == ["saves"]


def test_past_readings_don_t_overwrite_what_a_sync_has_read_since(desk):
    desk.installation(lines(BUSINESS, ACCOUNT, POST, snapshot_line(1, likes=1)))
    read_at = datetime(2026, 11, 22, tzinfo=UTC)
    with desk.database.write() as connection:
        connection.execute(update(post).values(last_read_at=read_at))
    desk.installation(lines(snapshot_line(2, likes=9, clicks=3)))
    assert (desk.stored()["123"].likes, desk.stored()["123"].clicks) == (1, 3)
    desk.installation(lines(snapshot_line(25, likes=10)))
    assert desk.stored()["123"].likes == 10


def test_a_reading_makes_its_post_where_it_says_when_it_was_published(each_desk):
    place = {"business_id": 7, "platform": "x", "platform_account_id": "55"}
    line = {**place, "platform_post_id": "5", "captured_at": WHEN, "published_at": WHEN, "likes": 3}
    assert counts(each_desk.installation(lines(BUSINESS, ACCOUNT, line, line))) == (3, 1, 0)
    assert each_desk.stored()["5"].likes == 3


def test_a_reading_under_an_older_id_belongs_to_the_edited_post(desk):
    desk.installation(lines(BUSINESS, ACCOUNT, POST))
    with desk.database.write() as connection:
        connection.execute(update(post).values(versions=["122"]))
    assert counts(desk.installation(lines({**POST, "platform_post_id": "122"}))) == (0, 1, 0)
    assert counts(desk.installation(lines(snapshot_line(likes=4, platform_post_id="122")))) == (
        1,
        0,
        0,
    )
    assert desk.stored()["123"].likes == 4


def test_an_export_comes_back_as_it_was_in_another_installation(each_desk, tmp_path):
    other = {**POST, "id": 901, "platform_post_id": "124"}
    readings = [
        snapshot_line(
            hour, likes=hour, saves=None if hour % 2 else 3, extra={"like_count": hour, "rate": 0.5}
        )
        for hour in range(5)
    ]
    again = [{**line, "platform_post_id": "124"} for line in readings]
    each_desk.installation(lines(BUSINESS, ACCOUNT, POST, other, *readings, *again))
    exported = io.BytesIO()
    write_jsonl(rows(each_desk.database, Wanted()), exported)
    elsewhere = Database(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    upgrade(elsewhere)
    there = Desk(elsewhere)
    told = there.installation(lines(BUSINESS, ACCOUNT) + exported.getvalue().decode())
    assert counts(told) == (12, 0, 0)
    for newest in (False, True):
        assert history(there, newest_only=newest) == history(each_desk, newest_only=newest)
    assert counts(there.installation(exported.getvalue())) == (0, 10, 0)
    elsewhere.close()


def test_batches_make_no_difference(each_desk, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(history_module, "REMEMBERED", 1)
    readings = [snapshot_line(hour, likes=hour) for hour in (3, 1, 4, 0, 2)]
    more = [{**line, "platform_post_id": "124"} for line in readings]
    other = {**POST, "id": 901, "platform_post_id": "124"}
    told = each_desk.installation(lines(BUSINESS, ACCOUNT, POST, *readings, other, *more))
    assert counts(told) == (14, 0, 0)
    assert {row.likes for row in each_desk.stored().values()} == {4}


columns = st.dictionaries(
    st.sampled_from(["likes", "clicks", "saves"]), st.integers(0, 3), min_size=1
)


@pytest.fixture
def history_desk(tmp_path):
    made = Database(f"sqlite:///{tmp_path / 'history.db'}")
    upgrade(made)
    desk = Desk(made)
    desk.installation(lines(BUSINESS, ACCOUNT, POST))
    yield desk
    made.close()


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    readings=st.lists(st.tuples(st.integers(0, 30), columns), min_size=1, unique_by=lambda r: r[0]),
    size=st.integers(1, 4),
)
def test_in_any_order_and_portions_latest_is_what_was_said_last(history_desk, readings, size):
    with history_desk.database.write() as connection:
        connection.execute(snapshot.delete())
        connection.execute(latest.delete())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "BATCH", size)
        history_desk.installation(lines(*(snapshot_line(hour, **said) for hour, said in readings)))
    expected = {}
    for _, said in sorted(readings, key=lambda reading: reading[0]):
        expected |= said
    found = history_desk.stored()["123"]
    assert {name: getattr(found, name) for name in expected} == expected


@given(raw=st.binary(max_size=200))
@settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_no_bytes_raise(history_desk, raw):
    told = history_desk.installation(raw)
    assert told["imported"] == told["unchanged"] == 0


def test_an_account_of_a_platform_that_is_gone_is_named(desk):
    with desk.database.write() as connection:
        connection.execute(
            insert(account).values(
                id=50, business_id=1, platform="myspace", platform_account_id="1", discovered={},
                created_at=NOW,
            )
        )  # fmt: skip
    told = desk.installation(lines({**POST, "account_id": 50}))
    assert only(told)[1:] == ("platform", "There is no platform 'myspace'.")
