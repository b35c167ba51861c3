"""The simulated X: private metrics, edited posts, and the truth about numbers."""

import itertools

import pytest

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.simulator.services._x.accounts import make_edit
from support.simulated_x import LEGACY, NOW, AskedX

NON_PUBLIC = ["impression_count", "url_link_clicks", "user_profile_clicks", "engagements"]
ORGANIC = [
    "impression_count",
    "like_count",
    "reply_count",
    "retweet_count",
    "url_link_clicks",
    "user_profile_clicks",
]
PRIVATE = "public_metrics,non_public_metrics,organic_metrics"


def test_the_author_sees_private_metrics_and_clicks_only_of_links() -> None:
    x = AskedX()
    link, text = x.post("link", days=2), x.post("text", days=2)
    rows = {row["id"]: row for row in x.look_up(link, text, tweet_fields=PRIVATE)["data"]}
    value = x.world.value
    assert rows[link.id]["non_public_metrics"] == {
        "impression_count": value(link, "impressions"),
        "url_link_clicks": value(link, "clicks"),
        "user_profile_clicks": value(link, "profile_visits"),
        "engagements": sum(
            value(link, name)
            for name in (
                "likes",
                "comments",
                "shares",
                "quotes",
                "saves",
                "clicks",
                "profile_visits",
            )
        ),
    }
    assert list(rows[link.id]["organic_metrics"]) == ORGANIC
    assert "url_link_clicks" not in rows[text.id]["non_public_metrics"]
    assert "url_link_clicks" not in rows[text.id]["organic_metrics"]


@pytest.mark.parametrize("who", ["app", "another user"])
def test_private_fields_for_anyone_else_cost_the_whole_row(who: str) -> None:
    x = AskedX()
    post, public = x.post(), "public_metrics"
    other = x.service.populate(2, "Other", 0).token if who == "another user" else x.app_token
    body = x.look_up(post, token=other, tweet_fields=PRIVATE)
    assert "data" not in body
    fields = [f"non_public_metrics.{name}" for name in NON_PUBLIC]
    fields += [f"organic_metrics.{name}" for name in ORGANIC]
    assert body["errors"] == [
        {
            "resource_type": "tweet",
            "resource_id": post.id,
            "parameter": "ids",
            "value": post.id,
            "section": "data",
            "field": field,
            "title": "Field Authorization Error",
            "detail": f"Sorry, you are not authorized to access '{field}' on the Tweet with ids : "
            f"[{post.id}].",
            "type": f"{LEGACY}not-authorized-for-field",
        }
        for field in fields
    ]
    assert len(x.look_up(post, token=other, tweet_fields=public)["data"]) == 1


def test_private_metrics_end_at_30_days() -> None:
    x = AskedX()
    young, old = x.post("link", days=30), x.post("link", days=30, seconds=1)
    body = x.look_up(young, old, tweet_fields=PRIVATE)
    assert [row["id"] for row in body["data"]] == [young.id]
    assert {error["resource_id"] for error in body["errors"]} == {old.id}
    x.later(seconds=1)
    assert "data" not in x.look_up(young, tweet_fields=PRIVATE)


def test_old_private_metrics_may_just_be_absent() -> None:
    x = AskedX(old_private="omit")
    (row,) = x.look_up(x.post(days=31), tweet_fields=PRIVATE)["data"]
    assert set(row) == {"id", "text", "edit_history_tweet_ids", "public_metrics"}


def test_promoted_metrics_of_an_unpromoted_post_cost_its_row() -> None:
    x = AskedX()
    post = x.post(days=1)
    body = x.look_up(post, tweet_fields="promoted_metrics")
    assert "data" not in body
    assert {error["field"].partition(".")[0] for error in body["errors"]} == {"promoted_metrics"}
    post.facts["promoted"] = True
    (row,) = x.look_up(post, tweet_fields="promoted_metrics")["data"]
    assert row["promoted_metrics"]["impression_count"] > 0


def test_counts_go_down() -> None:
    x = AskedX()
    post = x.post(days=1)
    post.size = 40
    seen = []
    for _ in range(60):
        (row,) = x.look_up(post, tweet_fields="public_metrics")["data"]
        seen.append(row["public_metrics"]["like_count"])
        x.later(hours=3)
    assert any(after < before for before, after in itertools.pairwise(seen))


# --- edits


def edited(x: AskedX) -> list[str]:
    """A post with three versions; their ids, oldest first."""
    post = x.service.publish(x.user)
    for _ in range(2):
        x.later(minutes=5)
        post = x.service.edit(post.id)
    x.later(days=2)
    return [version.id for version in (*post.versions, post)]


def test_every_version_of_an_edited_post_is_found_with_its_own_numbers() -> None:
    x = AskedX()
    chain = edited(x)
    x.posts[0].versions[0].fixed = {"likes": 7}
    body = x.look_up(*chain, tweet_fields="created_at,public_metrics,edit_controls")
    rows = {row["id"]: row for row in body["data"]}
    assert [rows[one]["edit_history_tweet_ids"] for one in chain] == [chain] * 3
    assert [rows[one]["created_at"][11:16] for one in chain] == ["12:00", "12:05", "12:10"]
    assert rows[chain[0]]["public_metrics"]["like_count"] == 7
    newest = rows[chain[2]]["public_metrics"]
    assert newest["impression_count"] == x.world.value(x.posts[0], "impressions") > 0
    assert rows[chain[0]]["edit_controls"]["edits_remaining"] == 3


def test_the_edit_chain_is_an_expansion_in_both_dialects() -> None:
    x = AskedX()
    chain = edited(x)
    new = x.look_up(chain[0], post_fields="public_metrics", expansions="edit_history_post_ids")
    assert new["data"][0]["edit_history_post_ids"] == chain
    assert [row["id"] for row in new["includes"]["posts"]] == chain[1:]
    assert "public_metrics" in new["includes"]["posts"][0]
    legacy = x.look_up(*chain[:2], expansions="edit_history_tweet_ids")
    assert [row["id"] for row in legacy["includes"]["tweets"]] == chain[2:]


def test_private_metrics_of_included_versions_follow_the_same_rule() -> None:
    x = AskedX()
    chain = edited(x)
    x.later(days=28, minutes=-7)
    body = x.look_up(
        chain[2], tweet_fields="non_public_metrics", expansions="edit_history_tweet_ids"
    )
    assert [row["id"] for row in body["includes"]["tweets"]] == [chain[1]]
    assert {error["resource_id"] for error in body["errors"]} == {chain[0]}
    assert {error["section"] for error in body["errors"]} == {"includes"}
    assert {error["parameter"] for error in body["errors"]} == {"edit_history_tweet_ids"}


def test_deleting_an_edited_post_deletes_all_its_versions() -> None:
    x = AskedX()
    chain = edited(x)
    x.posts[0].deleted_at = x.world.clock.now()
    assert "data" not in x.look_up(*chain)


def test_an_edited_post_is_one_post_under_its_newest_id() -> None:
    x = AskedX()
    chain = edited(x)
    assert [post.id for post in x.posts] == [chain[-1]]


def test_the_old_version_keeps_the_numbers_it_had() -> None:
    x = AskedX()
    old = x.service.publish(x.user)
    x.later(minutes=20)
    before = x.world.values(old)
    new = x.service.edit(old.id)
    x.later(days=5)
    assert x.world.values(old) == before
    assert x.world.value(new, "impressions") > before["impressions"]


def test_posts_are_edited_five_times_within_half_an_hour() -> None:
    x = AskedX()
    post = x.service.publish(x.user)
    for _ in range(5):
        post = x.service.edit(post.id)
    assert len({version.id for version in (*post.versions, post)}) == 6
    with pytest.raises(LookupError, match="5 times within 30 minutes"):
        x.service.edit(post.id)
    with pytest.raises(LookupError, match="5 times within 30 minutes"):
        make_edit(x.world, x.post(hours=1), NOW)
    with pytest.raises(LookupError, match="no post '404'"):
        x.service.edit("404")


# --- truth


def test_truth_sums_an_edited_posts_versions_as_a_client_would() -> None:
    x = AskedX(60)
    post = next(post for post in x.posts if post.versions)
    ids = [version.id for version in (*post.versions, post)]
    rows = x.look_up(*ids, tweet_fields="public_metrics")["data"]
    names = {
        "impressions": "impression_count",
        "likes": "like_count",
        "comments": "reply_count",
        "shares": "retweet_count",
        "saves": "bookmark_count",
    }
    summed = {
        column: sum(row["public_metrics"][name] for row in rows) for column, name in names.items()
    }
    truth = x.service.truth(post)
    assert {column: truth[column] for column in names} == summed
    assert truth["impressions"] > x.world.value(post, "impressions")


def test_truth_names_every_column_and_leaves_unsaid_what_x_does_not_say() -> None:
    x = AskedX()
    truth = x.service.truth(x.post(days=3))
    assert set(truth) == set(COLUMNS)
    unsaid = {column for column, value in truth.items() if value is None}
    assert unsaid == {"reach", "clicks", "video_views", "watch_time_ms"}


def test_truth_knows_clicks_just_where_the_author_is_told_them() -> None:
    x = AskedX(100)
    for post in x.posts:
        ids = [version.id for version in (*post.versions, post)]
        body = x.look_up(*ids, tweet_fields="non_public_metrics")
        rows = body.get("data", [])
        said = [row["non_public_metrics"].get("url_link_clicks") for row in rows]
        complete = len(rows) == len(ids) and None not in said
        assert x.service.truth(post)["clicks"] == (sum(said) if complete else None)
    clicks = {x.service.truth(post)["clicks"] is None for post in x.posts}
    assert clicks == {True, False}


def test_truth_without_the_authors_token_has_no_clicks() -> None:
    x = AskedX()
    post = x.post("link", days=1)
    assert x.service.truth(post)["clicks"] is not None
    x.account.facts["read_by"] = "app"
    assert x.service.truth(post)["clicks"] is None
