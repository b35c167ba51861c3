"""The numbers over HTTP are those of the database, in pages that leave nothing out."""

import base64
import json

import pytest

from analytics_sync.shim.bounds import make_cursor


def pages(ask, path):
    found, cursor = [], ""
    while cursor is not None:
        answer = ask.get(f"{path}{cursor}").json()
        found += answer.get("posts", answer.get("history", []))
        cursor = answer["next_cursor"] and f"&cursor={answer['next_cursor']}"
    return found


def test_pages_hold_each_post_once_newest_first_with_its_newest_numbers(ask, synced):
    found = pages(ask, "/api/v1/businesses/1/posts?limit=7")
    latest = synced.latest()
    assert {(one["platform"], one["platform_post_id"]) for one in found} == set(latest)
    assert len(found) == len(latest)
    published = [one["published_at"] for one in found]
    assert published == sorted(published, reverse=True)
    for one in found:
        told = latest[one["platform"], one["platform_post_id"]]
        assert {name: one[name] for name in told} == told


def test_posts_of_one_platform_since_a_time(ask):
    every = ask.get("/api/v1/businesses/1/posts?limit=500").json()["posts"]
    since = every[10]["published_at"]
    found = ask.get(
        "/api/v1/businesses/1/posts", params={"since": since, "platform": "twitter"}
    ).json()["posts"]
    wanted = [one for one in every[:11] if one["platform"] == "x"]
    assert found == wanted
    assert 0 < len(found) < 11


def test_a_history_has_each_stored_reading_in_its_order(ask, synced):
    post = ask.get("/api/v1/businesses/1/posts?limit=1&platform=x").json()["posts"][0]
    path = f"/api/v1/posts/x/{post['platform_post_id']}/history?limit=1"
    found = pages(ask, path)
    stored = [
        row for row in synced.exported() if row["platform_post_id"] == post["platform_post_id"]
    ]
    assert [one["impressions"] for one in found] == [row["impressions"] for row in stored]
    assert len(found) == 2


def test_a_summary_counts_growth_from_a_time(ask):
    answer = ask.get("/api/v1/businesses/1/summary?since=2026-11-24").json()
    x = next(one for one in answer["platforms"] if one["platform"] == "x")
    every = ask.get("/api/v1/businesses/1/posts?limit=500&platform=x").json()["posts"]
    assert x["posts"] == len(every)
    assert x["numbers"]["impressions"] == sum(one["impressions"] for one in every)
    assert 0 < x["growth"]["impressions"] < x["numbers"]["impressions"]
    assert answer["fastest"][0]["growth"] > 0


@pytest.mark.parametrize(
    "path", ["businesses/1/posts?limit=3", "businesses/1/summary?since=2026-11-01"]
)
def test_what_the_caller_has_already_is_not_sent_again(ask, path):
    first = ask.get(f"/api/v1/{path}")
    etag = first.headers["etag"]
    again = ask.get(f"/api/v1/{path}", headers={"If-None-Match": f'W/"other", W/{etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    other = ask.get(f"/api/v1/{path}", headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_a_cursor_that_we_never_gave_is_refused(ask):
    answer = ask.get("/api/v1/businesses/1/posts?limit=2").json()
    told = json.loads(base64.urlsafe_b64decode(answer["next_cursor"] + "=="))
    forged = base64.urlsafe_b64encode(json.dumps([told[0], 2**40, told[2]]).encode()).decode()
    for cursor in ("A", "abcd", forged.rstrip("="), "W10", "bnVsbA"):
        refused = ask.get(f"/api/v1/businesses/1/posts?limit=2&cursor={cursor}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "cursor_invalid")
    elsewhere = ask.get(f"/api/v1/businesses/1/posts?platform=x&cursor={answer['next_cursor']}")
    assert elsewhere.status_code == 422


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("businesses/2147483647/posts", 404, "unknown_business"),
        (f"businesses/{2**63}/posts", 422, "invalid"),
        ("businesses/0/summary", 422, "invalid"),
        ("businesses/1/posts?limit=501", 422, "invalid"),
        ("businesses/1/posts?platform=myspace", 422, "invalid"),
        ("businesses/1/posts?since=2026-11-23T14:00:00", 422, "invalid"),
        ("businesses/1/posts?since=yesterday", 422, "invalid"),
        ("businesses/1/summary?since=2026-11-23&until=2026-11-01", 422, "usage"),
        ("posts/x/123/history", 404, "unknown_post"),
        ("posts/x/%00/history", 422, "invalid"),
    ],
)
def test_what_is_out_of_bounds_or_not_there_is_refused_with_words(ask, path, status, code):
    answer = ask.get(f"/api/v1/{path}")
    told = answer.json()
    assert (answer.status_code, told["success"], told["error"]["code"]) == (status, False, code)
    assert set(told["error"]) == {"code", "message", "hint"}
    assert told["error"]["message"]
    assert told["error"]["hint"]


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:60-12:00"])
def test_times_at_the_ends_of_the_calendar_are_taken(ask, since):
    assert ask.get("/api/v1/businesses/1/posts", params={"since": since}).status_code == 200


def test_a_cursor_stands_for_its_listing(synced):
    now = synced.clock.now()
    assert make_cursor(now, 1, ("a", 1)) != make_cursor(now, 1, ("a", 2))
