"""Posts, videos and Reels as nodes, and insights of videos."""

import pytest

from support.graph_wire import NOT_A_METRIC, Wire, gone, values


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=48)


@pytest.fixture
def wire():
    return Wire(posts=12, media=6)


def test_shares_are_left_out_at_zero(wire):
    post = wire.posts("text")[0]
    post.fixed["shares"] = 4
    assert wire.get(post.id, fields="shares").json()["shares"] == {"count": 4}
    post.fixed["shares"] = 0
    assert wire.get(post.id, fields="id,shares").json() == {"id": post.id}


def test_comments_and_reactions_are_summed_up(wire):
    post = wire.posts("text")[0]
    post.fixed |= {"comments": 7, "likes": 31, "shares": 4}
    asked = (
        "id,shares,comments.limit(0).summary(true),reactions.limit(0).summary(total_count),"
        "reactions.type(LOVE).limit(0).summary(total_count).as(love),"
        "reactions.type(LIKE).limit(0).summary(total_count).as(like),"
        "reactions.type(CARE).limit(0).summary(total_count).as(care)"
    )
    said = wire.get(post.id, fields=asked).json()
    assert said["shares"] == {"count": 4}
    assert said["comments"] == {"data": [], "summary": {"total_count": 7, "order": "ranked"}}
    assert said["reactions"] == {"data": [], "summary": {"total_count": 31}}
    counts = {name: said[name]["summary"]["total_count"] for name in ("like", "love", "care")}
    assert counts == {"like": 22, "love": 6, "care": 1}
    assert "summary" not in wire.get(post.id, fields="comments.limit(0)").json()["comments"]
    assert wire.error(post.id, fields="reactions.type(NO)")[1]["code"] == 100


def test_comments_are_listed_but_not_for_a_person(wire):
    post = wire.posts("text")[0]
    post.fixed["comments"] = 3
    assert len(wire.get(f"{post.id}/comments").json()["data"]) == 3
    person = wire.facebook.add_person([wire.page_id]).value
    assert wire.get(f"{post.id}/comments", token=person).json() == {"data": []}


@pytest.mark.parametrize(
    ("kind", "status_type", "media_type"),
    [
        ("text", "mobile_status_update", None),
        ("photo", "added_photos", "photo"),
        ("album", "added_photos", "album"),
        ("video", "added_video", "video"),
        ("link", "shared_story", "link"),
    ],
)
def test_kinds_show_in_status_and_attachments(still, kind, status_type, media_type):
    asked = "status_type,attachments{media_type,type,subattachments}"
    said = still.get(still.post(kind).id, fields=asked).json()
    assert said["status_type"] == status_type
    if media_type is None:
        assert "attachments" not in said
        return
    (attachment,) = said["attachments"]["data"]
    assert attachment["media_type"] == media_type
    children = attachment.get("subattachments", {"data": []})["data"]
    assert [child["media_type"] for child in children] == ["photo"] * (3 if kind == "album" else 0)


def test_attachments_refuse_unknown_fields(still):
    error = still.error(still.post("photo").id, fields="attachments{nonsense}")[1]
    assert error["message"].endswith("(nonsense) on node type (StoryAttachment)")


def test_post_id_on_a_post_fails_the_read(still):
    assert still.error(still.post("text").id, fields="id,post_id")[1] == {
        "message": "(#100) Tried accessing nonexisting field (post_id) on node type (Post)",
        "type": "OAuthException",
        "code": 100,
    }


def test_a_photo_or_video_post_is_found_by_its_bare_id_too(still):
    for kind in ("photo", "video"):
        post = still.post(kind)
        bare = post.facts["object_id"]
        assert still.get(f"{still.page_id}_{bare}", fields="id").json() == {"id": post.id}
    assert still.get(bare, fields="post_id").json() == {"post_id": post.id, "id": bare}
    photo = still.post("photo")
    bare = photo.facts["object_id"]
    assert still.get(bare, fields="page_story_id").json()["page_story_id"] == photo.id
    assert "node type (Photo)" in still.error(f"{bare}/insights", metric="x")[1]["message"]
    joined = f"{still.page_id}_{still.post('reel').id}"
    assert still.error(joined) == (400, gone(joined))


def test_fields_of_bare_videos_and_photos(still):
    reel, video, photo = still.post("reel"), still.post("video"), still.post("photo")
    asked = "description,created_time,permalink_url,views,published,from,post_id"
    said = still.get(reel.id, fields=asked).json()
    assert "post_id" not in said
    assert said["permalink_url"] == f"/reel/{reel.id}/"
    assert said["views"] == still.world.value(reel, "video_views")
    bare = video.facts["object_id"]
    said = still.get(bare, fields=asked).json()
    assert said["permalink_url"] == f"/{still.page_id}/videos/{bare}/"
    assert said["from"] == {"id": still.page_id, "name": "Bakery"}
    said = still.get(photo.facts["object_id"]).json()
    assert set(said) == {"created_time", "name", "id"}


def test_cdn_addresses_stand_where_there_is_a_picture(still):
    asked = "full_picture,permalink_url,attachments{media,target,title,url,description}"
    said = still.get(still.post("photo").id, fields=asked).json()
    assert said["full_picture"].startswith("https://cdn.example/")
    (attachment,) = said["attachments"]["data"]
    assert set(attachment) == {"media", "target", "title", "url"}
    assert attachment["target"]["id"] == still.post("photo").facts["object_id"]
    assert "full_picture" not in still.get(still.post("text").id, fields=asked).json()


def test_a_video_has_no_insights_edge(still):
    wanted = {
        "message": "(#100) Tried accessing nonexisting field (insights) on node type (Video)",
        "type": "OAuthException",
        "code": 100,
    }
    for identity in (still.post("reel").id, still.post("video").facts["object_id"]):
        assert still.error(f"{identity}/insights", metric="post_media_view") == (400, wanted)
        assert still.error(identity, fields="id,insights.metric(x)") == (400, wanted)


def test_video_insights_of_a_reel(still):
    reel = still.post("reel")
    names = (
        "fb_reels_total_plays,blue_reels_play_count,fb_reels_replay_count,post_video_view_time,"
        "post_video_likes_by_reaction_type,post_video_social_actions,total_video_views"
    )
    answer = still.get(f"{reel.id}/video_insights", metric=names)
    assert answer.json()["data"][0]["id"] == (
        f"{reel.id}/video_insights/fb_reels_total_plays/lifetime"
    )
    said, world = values(answer), still.world
    assert said["fb_reels_total_plays"] == world.value(reel, "impressions")
    plays = said["blue_reels_play_count"] + said["fb_reels_replay_count"]
    assert plays == said["fb_reels_total_plays"]
    assert said["post_video_social_actions"] == {
        "COMMENT": world.value(reel, "comments"),
        "SHARE": world.value(reel, "shares"),
    }
    reactions = said["post_video_likes_by_reaction_type"]
    assert sum(reactions.values()) == world.value(reel, "likes")
    assert all(name.startswith("REACTION_") for name in reactions)


def test_video_insights_without_metric_answer_a_usual_set(still):
    reel = values(still.get(f"{still.post('reel').id}/video_insights"))
    assert {"fb_reels_total_plays", "post_video_social_actions"} <= set(reel)
    assert "total_video_views" not in reel
    classic = values(still.get(f"{still.post('video').facts['object_id']}/video_insights"))
    assert "total_video_views" in classic
    assert "fb_reels_total_plays" not in classic


def test_video_insights_refuse_strange_names(still):
    video = still.post("video").facts["object_id"]
    for name in ("total_video_impressions", "fb_reels_total_plays", "post_media_view"):
        assert still.error(f"{video}/video_insights", metric=name) == (400, NOT_A_METRIC)
