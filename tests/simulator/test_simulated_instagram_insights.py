"""Insights of Instagram media: the matrix, rows, breakdowns, and refusals."""

import pytest

from support.graph_wire import (
    BY_HOST,
    MATRIX,
    SAFE,
    Wire,
    ask,
    handle_on,
    refused,
    unsupported,
    values,
)

KIND_OF = {"FEED": "image", "REELS": "reel", "STORY": "story"}


@pytest.fixture(scope="module")
def still():
    """A world that no test changes."""
    return Wire(posts=6, media=24)


@pytest.fixture
def wire():
    return Wire(posts=6, media=12)


@BY_HOST
@pytest.mark.parametrize("metric", MATRIX)
@pytest.mark.parametrize("product", ["FEED", "REELS", "STORY"])
def test_the_matrix_of_metrics(still, host, metric, product):
    media = still.posts(KIND_OF[product], handle_on(still, host))[-1]
    answer = ask(still, host, f"{media.id}/insights", metric=metric)
    if product in MATRIX[metric].split():
        assert list(values(answer)) == [metric]
        return
    assert refused(still, host, f"{media.id}/insights", metric=metric) == (
        400,
        unsupported(host, metric),
    )


@BY_HOST
@pytest.mark.parametrize("product", SAFE)
def test_safe_defaults_are_answered(still, host, product):
    media = still.posts(KIND_OF[product], handle_on(still, host))[-1]
    said = values(ask(still, host, f"{media.id}/insights", metric=SAFE[product]))
    assert list(said) == SAFE[product].split(",")
    assert said["views"] == still.world.value(media, "impressions")


def test_a_row_of_media_insights(still):
    media = still.posts("image", still.direct)[-1]
    assert still.direct_get(f"{media.id}/insights", metric='["views"]').json() == {
        "data": [
            {
                "name": "views",
                "period": "lifetime",
                "values": [{"value": still.world.value(media, "impressions")}],
                "title": "Views",
                "description": "Lifetime: Views",
                "id": f"{media.id}/insights/views/lifetime",
            }
        ]
    }


@BY_HOST
def test_a_refusal_names_all_offenders_or_one_group_at_a_time(wire, host):
    reel = wire.posts("reel", handle_on(wire, host))[-1]
    asked = {"metric": "profile_visits,views,replies,follows,navigation"}
    path = f"{reel.id}/insights"
    everyone = unsupported(host, "profile_visits, replies, follows, navigation")
    assert refused(wire, host, path, **asked) == (400, everyone)
    wire.switch(instagram__refusals="staged")
    assert refused(wire, host, path, **asked)[1] == unsupported(host, "profile_visits, follows")
    left = {"metric": "views,replies,navigation"}
    assert refused(wire, host, path, **left)[1] == unsupported(host, "replies, navigation")
    assert list(values(ask(wire, host, path, metric="views"))) == ["views"]


def test_the_style_of_errors_by_switch(wire):
    reel = {h: wire.posts("reel", handle_on(wire, h))[-1].id for h in ("facebook", "instagram")}
    for style, words in (("old", "facebook"), ("new", "instagram")):
        wire.switch(instagram__error_style=style)
        for host, media in reel.items():
            error = refused(wire, host, f"{media}/insights", metric="follows")[1]
            assert error == unsupported(words, "follows")


@BY_HOST
@pytest.mark.parametrize(
    "name",
    ["impressions", "plays", "video_views", "engagement", "exits", "taps_forward", "nonsense"],
)
def test_unknown_and_removed_names(still, host, name):
    media = still.posts("image", handle_on(still, host))[-1]
    status, error = refused(still, host, f"{media.id}/insights", metric=f"views,{name}")
    assert (status, error["code"]) == (400, 100)
    prefix = "(#100) " if host == "facebook" else ""
    wanted = f"{prefix}metric[1] must be one of the following values: "
    assert error["message"].startswith(wanted)
    listed = error["message"].removeprefix(wanted).split(", ")
    assert {"views", "reach", "navigation"} <= set(listed)
    assert name not in listed


@pytest.mark.parametrize("name", ["total_likes", "total_comments", "total_views"])
def test_totals_exist_on_facebooks_host_only(still, name):
    media = still.posts("image", still.behind)[-1]
    assert ask(still, "facebook", f"{media.id}/insights", metric=name).status_code == 200
    other = still.posts("image", still.direct)[-1]
    assert "must be one of" in still.direct_error(f"{other.id}/insights", metric=name)[1]["message"]


def test_metrics_of_media_shared_to_facebook(wire):
    reel = wire.posts("reel", wire.direct)[-1]
    path = f"{reel.id}/insights"
    for name in ("crossposted_views", "facebook_views"):
        assert wire.direct_error(path, metric=name)[1] == unsupported("instagram", name)
    reel.facts["shared_to_facebook"] = True
    assert len(values(wire.direct_get(path, metric="crossposted_views,facebook_views"))) == 2


def test_a_media_may_refuse_a_metric_of_its_kind(wire):
    image = wire.posts("image", wire.direct)[-1]
    image.facts["refused"] = ["shares"]
    error = wire.direct_error(f"{image.id}/insights", metric=SAFE["FEED"])[1]
    assert error == unsupported("instagram", "shares")
    assert wire.instagram.truth(image)["shares"] is None


def test_no_metric_is_refused(still):
    media = still.posts("image", still.direct)[-1]
    assert still.direct_error(f"{media.id}/insights") == (
        400,
        {"message": "The parameter metric is required", "type": "IGApiException", "code": 100},
    )
    assert (
        still.direct_error(f"{media.id}/insights", metric="views", period="hour")[1]["code"] == 100
    )
    assert still.direct_get(f"{media.id}/insights", metric="views", period="lifetime").json()[
        "data"
    ]


def test_a_breakdown_comes_with_a_total_and_lower_case_labels(still):
    story = still.posts("story", still.direct)[-1]
    path = f"{story.id}/insights"
    (row,) = still.direct_get(
        path, metric="navigation", breakdown="story_navigation_action_type"
    ).json()["data"]
    total = row["total_value"]
    assert total["value"] == row["values"][0]["value"]
    (breakdown,) = total["breakdowns"]
    assert breakdown["dimension_keys"] == ["story_navigation_action_type"]
    labels = [result["dimension_values"][0] for result in breakdown["results"]]
    assert labels == [label.lower() for label in labels]
    assert sum(result["value"] for result in breakdown["results"]) == total["value"]
    assert "total_value" not in still.direct_get(path, metric="navigation").json()["data"][0]


def test_a_breakdown_on_a_metric_that_has_none(still):
    story = still.posts("story", still.direct)[-1]
    path = f"{story.id}/insights"
    error = still.direct_error(path, metric="views", breakdown="action_type")[1]
    assert (error["code"], error["message"]) == (1, "An unknown error has occurred.")
    strange = still.direct_error(path, metric="views", breakdown="colour")[1]
    assert strange["message"].startswith("breakdown[0] must be one of the following values: ")
