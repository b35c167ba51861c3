"""The simulated X: look-ups, dialects, partial errors and profiles, each with its exact shape."""

import json
import re
from pathlib import Path

import pytest

from analytics_sync.simulator import services
from analytics_sync.simulator.services._x.accounts import time_of
from analytics_sync.simulator.services._x.switches import SWITCHES
from support.simulated_x import LEGACY, NEW, NOW, AskedX

PUBLIC = {"reply_count", "like_count", "quote_count", "bookmark_count", "impression_count"}
UNAUTHORIZED = {
    "title": "Unauthorized",
    "type": "about:blank",
    "status": 401,
    "detail": "Unauthorized",
}


def invalid(*errors: tuple[dict[str, list[str]], str]) -> dict[str, object]:
    return {
        "errors": [{"parameters": wrong, "message": message} for wrong, message in errors],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{LEGACY}invalid-request",
    }


# --- GET /2/tweets


def test_a_look_up_answers_only_the_fields_asked_for() -> None:
    x = AskedX()
    post = x.post()
    body = x.look_up(post, tweet_fields="created_at,public_metrics")
    assert body == {
        "data": [
            {
                "id": post.id,
                "text": post.text,
                "created_at": "2026-11-23T11:00:00.000Z",
                "edit_history_tweet_ids": [post.id],
                "public_metrics": {
                    "retweet_count": x.world.value(post, "shares"),
                    "reply_count": x.world.value(post, "comments"),
                    "like_count": x.world.value(post, "likes"),
                    "quote_count": x.world.value(post, "quotes"),
                    "bookmark_count": x.world.value(post, "saves"),
                    "impression_count": x.world.value(post, "impressions"),
                },
            }
        ],
        "meta": {"result_count": 1},
    }
    assert set(x.look_up(post)["data"][0]) == {"id", "text", "edit_history_tweet_ids"}


def test_the_answer_is_json_with_the_simulated_date() -> None:
    x = AskedX()
    answer = x.ask("/2/tweets", ids=x.post().id)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["date"] == "Mon, 23 Nov 2026 12:00:00 GMT"
    assert answer.headers["x-access-level"] == "read"


def test_the_order_of_data_is_not_that_of_the_ids_but_always_the_same() -> None:
    x = AskedX(40)
    ids = [post.id for post in x.posts]
    seen = [row["id"] for row in x.look_up(*ids)["data"]]
    assert sorted(seen) == sorted(ids)
    assert seen not in (ids, ids[::-1])
    assert [row["id"] for row in x.look_up(*ids[::-1])["data"]] == seen


def test_a_hundred_ids_are_taken_and_one_more_is_not() -> None:
    x = AskedX(100)
    ids = [post.id for post in x.posts]
    assert len(x.look_up(*ids)["data"]) == 100
    texts = ",".join([*ids, "1"])
    answer = x.ask("/2/tweets", ids=texts)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    message = (
        "The number of values in the `ids` query parameter list [101] is not between 1 and 100"
    )
    assert answer.json() == invalid(({"ids": [texts]}, message))


@pytest.mark.parametrize(
    ("path", "errors"),
    [
        ("/2/tweets", [({"ids": []}, "The `ids` query parameter can not be empty")]),
        ("/2/tweets?ids=", [({"ids": [""]}, "The `ids` query parameter can not be empty")]),
        (
            "/2/tweets?ids=abc",
            [({"ids": ["abc"]}, "The `ids` query parameter value [abc] is not valid")],
        ),
        (
            "/2/tweets?ids=1,,12345678901234567890",
            [
                (
                    {"ids": ["1,,12345678901234567890"]},
                    "The `ids` query parameter value [] is not valid",
                ),
                (
                    {"ids": ["1,,12345678901234567890"]},
                    "The `ids` query parameter value [12345678901234567890] is not valid",
                ),
            ],
        ),
        (
            "/2/tweets?ids=1&ids=2",
            [
                (
                    {"ids": ["1", "2"]},
                    "Duplicate parameters are not allowed: the `ids` query parameter",
                )
            ],
        ),
        (
            "/2/tweets?ids=1&since_id=2",
            [
                (
                    {"since_id": ["2"]},
                    (
                        "The query parameter [since_id] is not one of [ids,expansions,"
                        "tweet.fields,media.fields,poll.fields,place.fields,user.fields]"
                    ),
                )
            ],
        ),
        (
            "/2/tweets?ids=1&tweet.fields=",
            [
                (
                    {"tweet.fields": [""]},
                    "The `tweet.fields` query parameter can not be empty",
                )
            ],
        ),
        ("/2/tweets/abc", [({"id": ["abc"]}, "The `id` query parameter value [abc] is not valid")]),
        (
            "/2/tweets/1?id=2",
            [
                (
                    {"id": ["1", "2"]},
                    "Duplicate parameters are not allowed: the `id` query parameter",
                )
            ],
        ),
    ],
)
def test_a_bad_parameter_fails_the_whole_call(
    path: str, errors: list[tuple[dict[str, list[str]], str]]
) -> None:
    answer = AskedX().ask(path)
    assert answer.status_code == 400
    assert answer.json() == invalid(*errors)


def test_an_arabic_digit_is_no_digit() -> None:
    assert AskedX().ask("/2/tweets", ids="١٢").status_code == 400


@pytest.mark.parametrize(
    ("switch", "status", "rows"), [(None, 200, 1), ("repeat", 200, 2), ("refuse", 400, 0)]
)
def test_an_id_given_twice_is_collapsed_repeated_or_refused(
    switch: str | None, status: int, rows: int
) -> None:
    x = AskedX(duplicate_ids=switch)
    post = x.post()
    answer = x.ask("/2/tweets", ids=f"{post.id},{post.id}")
    assert answer.status_code == status
    assert len(answer.json().get("data", [])) == rows


def test_result_count_may_be_missing() -> None:
    x = AskedX(result_count=False)
    assert set(x.look_up(x.post())) == {"data"}


# --- partial errors


def test_a_missing_post_is_an_error_entry_beside_the_data() -> None:
    x = AskedX()
    post, deleted = x.post(), x.post(days=2)
    deleted.deleted_at = NOW
    body = x.look_up(post, deleted, "1990000000000000002")
    assert [row["id"] for row in body["data"]] == [post.id]
    assert body["errors"] == [
        {
            "resource_type": "tweet",
            "resource_id": missing,
            "parameter": "ids",
            "value": missing,
            "title": "Not Found Error",
            "detail": f"Could not find tweet with ids: [{missing}].",
            "type": f"{LEGACY}resource-not-found",
        }
        for missing in (deleted.id, "1990000000000000002")
    ]
    assert body["meta"] == {"result_count": 1}


def test_when_no_id_resolves_there_is_no_data_key() -> None:
    assert set(AskedX(result_count=False).look_up("1", "2")) == {"errors"}
    assert set(AskedX().ask("/2/tweets/1").json()) == {"errors"}


@pytest.mark.parametrize("fact", ["protected", "suspended"])
def test_posts_of_protected_and_suspended_authors_are_not_shown(fact: str) -> None:
    x = AskedX()
    post = x.post()
    x.account.facts[fact] = True
    body = x.look_up(post, token=x.app_token)
    assert "data" not in body
    assert body["errors"] == [
        {
            "resource_type": "tweet",
            "resource_id": post.id,
            "parameter": "ids",
            "value": post.id,
            "section": "data",
            "title": "Authorization Error",
            "detail": f"Sorry, you are not authorized to see the Tweet with ids: [{post.id}].",
            "type": f"{LEGACY}not-authorized-for-resource",
        }
    ]


def test_a_protected_author_sees_their_own_posts() -> None:
    x = AskedX()
    post = x.post()
    x.account.facts["protected"] = True
    assert [row["id"] for row in x.look_up(post)["data"]] == [post.id]


def test_a_field_that_could_not_be_filled_leaves_the_rest() -> None:
    x = AskedX()
    one, other = x.post(), x.post(days=1)
    x.fault("hydration_failure", facts={"ids": [one.id]})
    body = x.look_up(one, other, post_fields="public_metrics,created_at")
    rows = {row["id"]: set(row) for row in body["data"]}
    assert rows[one.id] == {"id", "text", "created_at"}
    assert rows[other.id] == {"id", "text", "created_at", "public_metrics"}
    assert body["errors"] == [
        {
            "resource_type": "post",
            "field": "public_metrics",
            "section": "data",
            "title": "Field Hydration Failure",
            "detail": "The field 'public_metrics' could not be hydrated.",
            "type": f"{NEW}field-hydration-failure",
        }
    ]
    assert "errors" not in x.look_up(one, post_fields="public_metrics")


def test_a_post_may_be_in_neither_list() -> None:
    x = AskedX()
    one, other = x.post(), x.post(days=1)
    x.fault("unmentioned", facts={"ids": [one.id]})
    body = x.look_up(one, other)
    assert [row["id"] for row in body["data"]] == [other.id]
    assert "errors" not in body


def test_nothing_is_ever_null() -> None:
    x = AskedX(60)
    fields = (
        "attachments,author_id,card_uri,conversation_id,created_at,edit_controls,entities,geo,"
        "in_reply_to_user_id,lang,note_tweet,public_metrics,referenced_tweets,source,withheld"
    )
    text = json.dumps(x.look_up(*x.posts[:60], tweet_fields=fields))
    assert "null" not in text
    assert '"geo"' not in text


# --- dialects


def test_the_answer_speaks_the_dialect_of_the_request() -> None:
    x = AskedX()
    reply = x.post("reply")
    fields = "public_metrics,organic_metrics"
    legacy = x.look_up(reply, "1", tweet_fields=f"{fields},referenced_tweets,author_id")
    new = x.look_up(
        reply,
        "1",
        post_fields=fields,
        expansions="referenced_posts,edit_history_post_ids,author_id",
    )
    (old_row,), (new_row,) = legacy["data"], new["data"]
    assert set(old_row["public_metrics"]) == {*PUBLIC, "retweet_count"}
    assert set(new_row["public_metrics"]) == {*PUBLIC, "repost_count"}
    assert "retweet_count" in old_row["organic_metrics"]
    assert "repost_count" in new_row["organic_metrics"]
    assert old_row["edit_history_tweet_ids"] == new_row["edit_history_post_ids"] == [reply.id]
    assert old_row["referenced_tweets"] == new_row["referenced_posts"]
    assert old_row["author_id"] == new_row["author_id"] == x.user
    assert [error["type"] for error in legacy["errors"]] == [f"{LEGACY}resource-not-found"]
    assert {error["type"] for error in new["errors"]} == {f"{NEW}resource-not-found"}
    assert {error["resource_type"] for error in new["errors"]} == {"post"}


def test_in_the_new_dialect_the_edit_chain_and_the_author_are_expansions_only() -> None:
    x = AskedX()
    (row,) = x.look_up(x.post(), post_fields="edit_history_post_ids,author_id,lang")["data"]
    assert set(row) == {"id", "text", "lang"}


def test_without_a_fields_parameter_the_dialect_is_the_legacy_one_or_as_switched() -> None:
    x = AskedX()
    post = x.post()
    asked = x.look_up(post, "1", expansions="edit_history_post_ids")
    assert "edit_history_tweet_ids" in asked["data"][0]
    x.switch(dialect="new")
    assert set(x.look_up(post)["data"][0]) == {"id", "text"}
    assert x.look_up("1")["errors"][0]["type"].startswith(NEW)


def test_unknown_fields_and_expansions_are_dropped_in_silence() -> None:
    x = AskedX()
    (row,) = x.look_up(x.post(), tweet_fields="repost_count,lang", expansions="author")["data"]
    assert set(row) == {"id", "text", "edit_history_tweet_ids", "lang"}


def test_unknown_fields_and_expansions_can_be_refused() -> None:
    x = AskedX(unknown_fields="refuse")
    answer = x.ask("/2/tweets", ids="1", post_fields="text,author_id", expansions="author")
    assert answer.status_code == 400
    body = answer.json()
    assert body["type"] == f"{NEW}invalid-request"
    expansions, fields = body["errors"]
    assert expansions["parameters"] == {"expansions": ["author"]}
    assert expansions["message"].startswith(
        "The `expansions` query parameter value [author] is not one of [article.cover_media,"
    )
    assert fields["parameters"] == {"post.fields": ["text,author_id"]}
    assert fields["message"].startswith(
        "The `post.fields` query parameter value [author_id] is not one of [article,article_title,"
    )


def test_a_group_of_metrics_can_vanish_as_if_it_had_been_renamed() -> None:
    x = AskedX(withheld_fields=["public_metrics"])
    (row,) = x.look_up(x.post(), tweet_fields="public_metrics,lang")["data"]
    assert "public_metrics" not in row
    x.switch(unknown_fields="refuse")
    assert x.ask("/2/tweets", ids="1", tweet_fields="public_metrics").status_code == 400


# --- includes


def test_media_come_with_their_own_metrics() -> None:
    x = AskedX()
    video, photo, text = x.post("video", days=3), x.post("photo"), x.post()
    body = x.look_up(
        video,
        photo,
        text,
        tweet_fields="attachments",
        expansions="attachments.media_keys",
        media_fields="public_metrics,non_public_metrics,organic_metrics,duration_ms",
    )
    keys = {row["id"]: row.get("attachments", {}).get("media_keys") for row in body["data"]}
    assert keys == {video.id: [f"7_{video.id}"], photo.id: [f"3_{photo.id}"], text.id: None}
    media = {one["media_key"]: one for one in body["includes"]["media"]}
    assert media[f"3_{photo.id}"] == {"media_key": f"3_{photo.id}", "type": "photo"}
    film = media[f"7_{video.id}"]
    views = x.world.value(video, "video_views")
    assert film["type"] == "video"
    assert film["public_metrics"] == {"view_count": views}
    assert film["non_public_metrics"]["playback_0_count"] == views
    played = [film["non_public_metrics"][f"playback_{n}_count"] for n in (0, 25, 50, 75, 100)]
    assert played == sorted(played, reverse=True)
    assert film["organic_metrics"] == {**film["non_public_metrics"], "view_count": views}


def test_private_metrics_of_anothers_media_take_the_media_away() -> None:
    x = AskedX()
    video = x.post("video")
    body = x.look_up(
        video,
        token=x.app_token,
        expansions="attachments.media_keys",
        media_fields="non_public_metrics",
    )
    assert "includes" not in body
    assert [error["field"] for error in body["errors"]] == ["non_public_metrics"]
    assert body["errors"][0]["section"] == "includes"
    assert [row["id"] for row in body["data"]] == [video.id]


def test_a_referenced_post_that_is_gone_is_an_error_of_the_expansion() -> None:
    x = AskedX()
    reply = x.post("reply")
    body = x.look_up(reply, expansions="referenced_tweets.id")
    parent = body["data"][0]["referenced_tweets"][0]["id"]
    (error,) = body["errors"]
    assert error["parameter"] == "referenced_tweets.id"
    assert error["value"] == parent
    assert error["detail"] == f"Could not find tweet with referenced_tweets.id: [{parent}]."


# --- one post


def test_a_single_look_up_answers_an_object() -> None:
    x = AskedX()
    post = x.post("link")
    body = x.ask(f"/2/tweets/{post.id}", tweet_fields="entities").json()
    assert set(body) == {"data"}
    assert body["data"]["id"] == post.id
    (url,) = body["data"]["entities"]["urls"]
    assert post.text[url["start"] : url["end"]] == url["url"]


def test_a_single_look_up_names_its_parameter_id() -> None:
    (error,) = AskedX().ask("/2/tweets/404").json()["errors"]
    assert error["parameter"] == "id"
    assert error["detail"] == "Could not find tweet with id: [404]."


# --- users


def test_me_answers_the_account_of_the_token() -> None:
    x = AskedX(5)
    body = x.ask("/2/users/me", user_fields="public_metrics").json()
    metrics = body["data"].pop("public_metrics")
    assert body == {"data": {"id": x.user, "name": "Acme", "username": "Acme1"}}
    assert metrics["followers_count"] == x.world.followers(x.account)
    assert metrics["tweet_count"] == 855
    assert set(metrics) == {
        "followers_count",
        "following_count",
        "tweet_count",
        "listed_count",
        "like_count",
        "media_count",
    }


def test_account_counts_may_be_null_or_missing_and_are_renamed_in_the_new_dialect() -> None:
    x = AskedX(account_counts="null")
    asked = {"user_fields": "public_metrics", "post_fields": "id"}
    metrics = x.ask(f"/2/users/{x.user}", **asked).json()["data"]["public_metrics"]
    assert (metrics["like_count"], metrics["media_count"]) == (None, None)
    assert "post_count" in metrics
    x.switch(account_counts="missing")
    metrics = x.ask(f"/2/users/{x.user}", **asked).json()["data"]["public_metrics"]
    assert not {"like_count", "media_count"} & set(metrics)


def test_an_unknown_user_and_a_suspended_one() -> None:
    x = AskedX()
    (unknown,) = x.ask("/2/users/404").json()["errors"]
    assert unknown == {
        "resource_type": "user",
        "resource_id": "404",
        "parameter": "id",
        "value": "404",
        "title": "Not Found Error",
        "detail": "Could not find user with id: [404].",
        "type": f"{LEGACY}resource-not-found",
    }
    x.account.facts["suspended"] = True
    (suspended,) = x.ask(f"/2/users/{x.user}").json()["errors"]
    assert suspended["title"] == "Forbidden"
    assert suspended["detail"] == f"User has been suspended: [{x.user}]."


# --- who may ask


def test_no_token_a_wrong_one_and_a_foreign_one_are_unauthorized() -> None:
    x = AskedX()
    x.user_token(value="of-linkedin", platform="linkedin")
    for headers in (
        {"accept": "*/*"},
        {"authorization": "Bearer nobody"},
        {"authorization": f"Basic {x.token}"},
        {"authorization": "Bearer of-linkedin"},
    ):
        answer = x.ask("/2/tweets?ids=1", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == UNAUTHORIZED
        assert not [name for name in answer.headers if name.startswith("x-")]


def test_an_expired_token_and_a_revoked_one_are_unauthorized_in_the_same_words() -> None:
    x = AskedX()
    short = x.service.oauth.grant(x.user)
    assert x.ask("/2/users/me", short.access).status_code == 200
    x.later(hours=1, minutes=59)
    assert x.ask("/2/users/me", short.access).status_code == 200
    x.later(minutes=1)
    expired = x.ask("/2/users/me", short.access)
    revoked = x.ask("/2/users/me", x.user_token(revoked="by the user").value)
    assert expired.status_code == revoked.status_code == 401
    assert expired.json() == revoked.json() == UNAUTHORIZED


def test_a_token_may_be_refused_on_demand() -> None:
    x = AskedX()
    x.fault("unauthorized")
    assert [x.ask("/2/users/me").status_code for _ in range(2)] == [401, 200]


def test_an_application_has_no_me() -> None:
    x = AskedX()
    answer = x.ask("/2/users/me", x.app_token)
    assert answer.status_code == 403
    assert answer.json() == {
        "title": "Unsupported Authentication",
        "detail": "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  "
        "Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
        "type": f"{LEGACY}unsupported-authentication",
        "status": 403,
    }


def test_a_token_without_the_scopes_is_forbidden() -> None:
    x = AskedX()
    poor = x.user_token(scopes=frozenset({"users.read"}))
    answer = x.ask("/2/tweets?ids=1", poor.value)
    assert answer.status_code == 403
    assert answer.json()["type"] == "about:blank"


@pytest.mark.parametrize("by_fault", [True, False])
def test_an_application_outside_a_project_is_forbidden(by_fault: bool) -> None:
    x = AskedX(enrolled=by_fault)
    if by_fault:
        x.fault("client_not_enrolled")
    answer = x.ask("/2/tweets?ids=1")
    assert answer.status_code == 403
    body = answer.json()
    assert body["reason"] == "client-not-enrolled"
    assert body["type"] == f"{LEGACY}client-forbidden"
    assert body["registration_url"].startswith("https://developer.twitter.com/")
    assert "errors" not in body


def test_there_is_nothing_else() -> None:
    x = AskedX()
    missing = x.ask("/2/tweets/search/nowhere")
    assert missing.status_code == 404
    assert missing.json() == {
        "title": "Not Found",
        "type": "about:blank",
        "status": 404,
        "detail": "Not Found",
    }
    assert x.ask("/2/tweets/").status_code == 404
    assert x.ask("/2/tweets", method="POST").status_code == 405


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_trouble_as_a_problem(status: int) -> None:
    x = AskedX()
    x.fault("trouble", status=status)
    answer = x.ask("/2/tweets?ids=1")
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_specification_is_public() -> None:
    x = AskedX(openapi_version="2.171")
    specification = x.ask("/2/openapi.json", headers={"accept": "*/*"}).json()
    assert specification["info"]["version"] == "2.171"
    assert {"/2/tweets", "/2/users/{id}/tweets"} <= set(specification["paths"])
    names = specification["components"]["schemas"]["PostPublicMetrics"]["required"]
    assert set(names) == {*PUBLIC, "repost_count"}


# --- made-up accounts and the log


def test_a_made_up_account_is_mixed_denser_towards_now_and_the_same_each_time() -> None:
    x, again = AskedX(120), AskedX(120)
    posts = x.posts
    assert [post.id for post in posts] == [post.id for post in again.posts]
    assert x.token == again.token
    assert {post.kind for post in posts} == {"text", "link", "photo", "video", "reply"}
    ages = [NOW - post.published_at for post in posts]
    assert min(ages).total_seconds() >= 2700
    assert 100 < max(ages).days <= 120
    assert sum(age.days < 7 for age in ages) > sum(80 <= age.days < 87 for age in ages) * 2
    assert {len(post.versions) for post in posts} == {0, 1, 2}
    assert int(x.user) > 2**53
    assert AskedX(120, seed=2).token != x.token


def test_ids_tell_their_time() -> None:
    x = AskedX(30)
    for post in x.posts:
        for version in (*post.versions, post):
            assert time_of(version.id) == version.published_at
            assert len(version.id) == 19


def test_ids_of_many_accounts_never_meet() -> None:
    x = AskedX(20)
    for business in range(2, 30):
        x.service.populate(business, f"Shop {business}", 20)
    accounts = list(x.world.of("x"))
    ids = [
        version.id
        for account in accounts
        for post in account.posts.values()
        for version in (*post.versions, post)
    ]
    assert len(ids) == len(set(ids))
    assert len({account.facts["username"] for account in accounts}) == 29


def test_publishing_makes_a_post_of_now() -> None:
    x = AskedX(3)
    made = [x.service.publish(x.user) for _ in range(3)]
    assert [post.published_at for post in made] == [NOW] * 3
    assert sorted(post.id for post in made) == [post.id for post in made]
    assert [post.id for post in x.posts[:3]] == [post.id for post in made[::-1]]


def test_requests_are_labelled_and_counted() -> None:
    x = AskedX(2)
    x.look_up(*x.posts)
    x.ask(f"/2/tweets/{x.posts[0].id}")
    x.ask(f"/2/users/{x.user}/tweets")
    x.ask(f"/2/users/{x.user}")
    x.ask("/2/users/me")
    x.ask("/2/usage/tweets")
    x.ask("/2/oauth2/token", method="POST")
    labels = ("tweets lookup", "tweet lookup", "timeline", "user", "me", "usage", "token")
    assert x.world.journal.labels == {f"x {label}": 1 for label in labels}
    assert x.world.journal.charged["x"] == len(labels)
    assert x.world.journal.crashes == []


def test_the_listed_switches_are_those_that_are_read() -> None:
    folder = Path(services.__file__).parent
    code = "".join(path.read_text() for path in [folder / "x.py", *folder.glob("_x/*.py")])
    read = set(re.findall(r'(?:switches\.\w+|\bnumber)\(f?"([a-z_]{2}[a-z_.]*)', code))
    assert read == {name.removesuffix("ENDPOINT") for name in SWITCHES}
