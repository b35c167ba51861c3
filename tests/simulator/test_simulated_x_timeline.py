"""The simulated X: a user's posts, page by page."""

import functools
import operator
from datetime import timedelta

import pytest

from analytics_sync.simulator.services._x import timeline as reach
from support.simulated_x import LEGACY, NOW, AskedX


def timeline(x: AskedX, **query: str | int) -> dict:
    answer = x.ask(f"/2/users/{x.user}/tweets", **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(page: dict) -> list[str]:
    return [row["id"] for row in page.get("data", [])]


def pages(x: AskedX, **query: str | int) -> list[dict]:
    found = [timeline(x, **query)]
    while token := found[-1]["meta"].get("next_token"):
        found.append(timeline(x, **query, pagination_token=token))
    return found


def test_posts_come_newest_first_ten_at_a_time() -> None:
    x = AskedX(23)
    found = pages(x, exclude="retweets")
    assert [len(ids(page)) for page in found] == [10, 10, 3]
    assert functools.reduce(operator.iadd, map(ids, found), []) == [post.id for post in x.posts]
    assert [page["meta"]["result_count"] for page in found] == [10, 10, 3]
    assert found[0]["meta"]["newest_id"] == x.posts[0].id
    assert found[0]["meta"]["oldest_id"] == x.posts[9].id
    assert set(found[0]["meta"]) == {"result_count", "newest_id", "oldest_id", "next_token"}
    assert set(found[2]["meta"]) == {"result_count", "newest_id", "oldest_id", "previous_token"}


def test_a_previous_token_leads_back() -> None:
    x = AskedX(23)
    first, second, third = pages(x, exclude="retweets")
    back = timeline(x, exclude="retweets", pagination_token=third["meta"]["previous_token"])
    assert ids(back) == ids(second)
    again = timeline(x, exclude="retweets", pagination_token=back["meta"]["previous_token"])
    assert ids(again) == ids(first)


def test_a_post_published_between_two_pages_shifts_nothing() -> None:
    x = AskedX(20)
    first = timeline(x, exclude="retweets")
    expected = [post.id for post in x.posts[10:]]
    x.service.publish(x.user)
    second = timeline(x, exclude="retweets", pagination_token=first["meta"]["next_token"])
    assert ids(second) == expected


def test_the_last_full_page_has_no_next_token() -> None:
    assert "next_token" not in timeline(AskedX(10), exclude="retweets")["meta"]


def test_an_account_without_posts_has_no_data() -> None:
    assert timeline(AskedX()) == {"meta": {"result_count": 0}}
    assert timeline(AskedX(result_count=False)) == {"meta": {}}


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("4", "The `max_results` query parameter value [4] is not between 5 and 100"),
        ("101", "The `max_results` query parameter value [101] is not between 5 and 100"),
        ("many", "The `max_results` query parameter value [many] is not valid"),
        ("", "The `max_results` query parameter can not be empty"),
    ],
)
def test_five_to_a_hundred_posts_a_page(size: str, message: str) -> None:
    x = AskedX()
    answer = x.ask(f"/2/users/{x.user}/tweets", max_results=size)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error == {"parameters": {"max_results": [size]}, "message": message}


def test_five_and_a_hundred_are_taken() -> None:
    x = AskedX(110)
    assert len(ids(timeline(x, max_results=5))) == 5
    assert len(ids(timeline(x, max_results=100))) == 100


@pytest.mark.parametrize("token", ["meta.next_token", "e5o6", "ABC===", "7140dibs"])
def test_a_token_that_x_never_gave_is_refused(token: str) -> None:
    x = AskedX(20)
    answer = x.ask(f"/2/users/{x.user}/tweets", pagination_token=token)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == (
        f"The `pagination_token` query parameter value [{token}] is not a valid token."
    )


def test_a_token_of_another_timeline_is_refused() -> None:
    x = AskedX(20)
    other = x.service.populate(2, "Other", 20).platform_account_id
    token = timeline(x)["meta"]["next_token"]
    assert x.ask(f"/2/users/{other}/tweets", pagination_token=token).status_code == 400


def test_since_and_until_are_exclusive() -> None:
    x = AskedX(20)
    known = [post.id for post in x.posts]
    newer = timeline(x, since_id=known[3], exclude="retweets")
    assert ids(newer) == known[:3]
    between = timeline(x, since_id=known[9], until_id=known[2], exclude="retweets")
    assert ids(between) == known[3:9]
    assert timeline(x, since_id=known[0], exclude="retweets") == {"meta": {"result_count": 0}}


def test_start_is_inclusive_and_end_is_not() -> None:
    x = AskedX()
    posts = [x.post(hours=hours) for hours in (1, 2, 3)]
    start, end = "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"
    assert ids(timeline(x, start_time=start)) == [posts[0].id, posts[1].id]
    assert ids(timeline(x, start_time=start, end_time=end)) == [posts[1].id]
    assert ids(timeline(x, start_time="2026-11-23T10:00:00.999Z", end_time=end)) == [posts[1].id]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            {"start_time": "2026-11-23"},
            "The `start_time` query parameter value [2026-11-23] is not valid",
        ),
        (
            {"start_time": "2026-11-23T10:00:00+01:00"},
            "The `start_time` query parameter value [2026-11-23T10:00:00+01:00] is not valid",
        ),
        (
            {"end_time": "2026-13-23T10:00:00Z"},
            "The `end_time` query parameter value [2026-13-23T10:00:00Z] is not valid",
        ),
        (
            {"start_time": "2010-11-05T23:59:59Z"},
            "Invalid 'start_time':'2010-11-05T23:59:59Z'. 'start_time' must be on or after 2010-11-06",
        ),
        (
            {"start_time": "2026-11-02T00:00:00Z", "end_time": "2026-11-02T00:00:00Z"},
            "Invalid 'start_time'. 'start_time' must be earlier than 'end_time'",
        ),
        (
            {"since_id": "10", "until_id": "9"},
            "Invalid 'since_id'. 'since_id' must be less than 'until_id'",
        ),
        ({"since_id": "x"}, "The `since_id` query parameter value [x] is not valid"),
        (
            {"exclude": "quotes"},
            "The `exclude` query parameter value [quotes] is not one of [replies,retweets]",
        ),
        (
            {"next_token": "a"},
            (
                "The query parameter [next_token] is not one of [id,max_results,pagination_token,"
                "exclude,start_time,end_time,since_id,until_id,expansions,tweet.fields,media.fields,"
                "poll.fields,place.fields,user.fields]"
            ),
        ),
    ],
)
def test_wrong_bounds_are_refused(query: dict[str, str], message: str) -> None:
    x = AskedX()
    answer = x.ask(f"/2/users/{x.user}/tweets", **query)
    assert answer.status_code == 400
    assert answer.json()["type"] == f"{LEGACY}invalid-request"
    assert [error["message"] for error in answer.json()["errors"]] == [message]


def test_plain_reposts_are_listed_unless_excluded() -> None:
    x = AskedX(5)
    rows = functools.reduce(
        operator.iadd, (page["data"] for page in pages(x, tweet_fields="referenced_tweets")), []
    )
    reposts = [row for row in rows if row["text"].startswith("RT @")]
    assert len(reposts) == 3
    assert {row["referenced_tweets"][0]["type"] for row in reposts} == {"retweeted"}
    own = {post.id for post in x.posts}
    assert not own & {row["id"] for row in reposts}
    assert set(ids(timeline(x, exclude="retweets"))) == own
    assert x.look_up(reposts[0]["id"])["data"][0]["id"] == reposts[0]["id"]


def test_replies_can_be_excluded() -> None:
    x = AskedX()
    reply, text = x.post("reply"), x.post("text")
    both = timeline(x, tweet_fields="in_reply_to_user_id,referenced_tweets,conversation_id")
    assert set(ids(both)) == {reply.id, text.id}
    row = next(row for row in both["data"] if row["id"] == reply.id)
    assert row["referenced_tweets"] == [{"type": "replied_to", "id": row["conversation_id"]}]
    assert row["in_reply_to_user_id"]
    assert ids(timeline(x, exclude="replies,retweets")) == [text.id]


def test_a_timeline_reaches_back_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (reach.REACH, reach.REACH_WITHOUT_REPLIES) == (3200, 800)
    monkeypatch.setattr(reach, "REACH", 12)
    monkeypatch.setattr(reach, "REACH_WITHOUT_REPLIES", 7)
    x = AskedX(40)
    assert sum(len(ids(page)) for page in pages(x, max_results=5)) == 12
    assert sum(len(ids(page)) for page in pages(x, max_results=5, exclude="replies")) == 7
    beyond = timeline(x, until_id=x.posts[20].id, exclude="retweets")
    assert beyond == {"meta": {"result_count": 0}}


def test_private_metrics_past_30_days_leave_an_empty_page_with_a_next_one() -> None:
    x = AskedX()
    old = [x.post(days=40 + number) for number in range(7)]
    young = [x.post(days=2 + number) for number in range(2)]
    first, second = pages(x, max_results=5, tweet_fields="non_public_metrics")
    assert ids(first) == [post.id for post in young]
    assert first["meta"]["result_count"] == 2
    assert "errors" not in first
    assert set(second) == {"meta"}
    assert second["meta"] == {
        "result_count": 0,
        "previous_token": second["meta"]["previous_token"],
    }
    query = {"max_results": 5, "tweet_fields": "non_public_metrics", "until_id": young[1].id}
    empty, last = pages(x, **query)
    assert empty == {"meta": {"result_count": 0, "next_token": empty["meta"]["next_token"]}}
    assert ids(last) == []
    assert len(ids(timeline(x, until_id=young[1].id))) == len(old)


def test_private_metrics_of_another_author_are_errors_here_too() -> None:
    x = AskedX()
    post = x.post("link")
    other = x.service.populate(2, "Other", 0).token
    body = x.ask(f"/2/users/{x.user}/tweets", other, tweet_fields="organic_metrics").json()
    assert "data" not in body
    assert {error["resource_id"] for error in body["errors"]} == {post.id}
    assert body["meta"] == {"result_count": 0}


def test_a_timeline_shows_the_newest_version_of_an_edited_post() -> None:
    x = AskedX()
    old = x.service.publish(x.user)
    x.later(minutes=3)
    new = x.service.edit(old.id)
    page = timeline(x, post_fields="created_at", expansions="edit_history_post_ids")
    (row,) = page["data"]
    assert row["id"] == new.id
    assert row["edit_history_post_ids"] == [old.id, new.id]
    assert [one["id"] for one in page["includes"]["posts"]] == [old.id]


def test_posts_of_the_future_are_not_there_yet() -> None:
    x = AskedX(3)
    x.world.clock.advance(timedelta(days=-200))
    assert timeline(x) == {"meta": {"result_count": 0}}
    x.world.clock.advance(timedelta(days=200))
    assert x.world.clock.now() == NOW
    assert len(ids(timeline(x))) == 6


@pytest.mark.parametrize("fact", ["protected", "suspended"])
def test_a_hidden_users_timeline_is_an_authorization_error(fact: str) -> None:
    x = AskedX(5)
    x.account.facts[fact] = True
    body = x.ask(f"/2/users/{x.user}/tweets", x.app_token).json()
    assert body == {
        "errors": [
            {
                "resource_type": "user",
                "resource_id": x.user,
                "parameter": "id",
                "value": x.user,
                "section": "data",
                "title": "Authorization Error",
                "detail": f"Sorry, you are not authorized to see the User with id: [{x.user}].",
                "type": f"{LEGACY}not-authorized-for-resource",
            }
        ]
    }


def test_an_unknown_users_timeline_is_not_found() -> None:
    (error,) = AskedX().ask("/2/users/404/tweets").json()["errors"]
    assert error["type"] == f"{LEGACY}resource-not-found"
    assert error["resource_type"] == "user"
