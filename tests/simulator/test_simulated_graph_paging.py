"""Pages of a listing: cursors, links, limits, and empty pages with a next one."""

import pytest

from support.graph_wire import START, Wire, pages


@pytest.fixture
def wire():
    return Wire(posts=12, media=12)


def test_an_empty_page_may_have_a_next_one(wire):
    path = f"{wire.page_id}/published_posts"
    whole = [post for page in pages(wire, path, limit=4) for post in page]
    wire.fault("empty_page")
    first = wire.get(path, limit=4).json()
    assert first["data"] == []
    assert "after=" in first["paging"]["next"]
    wire.switch(facebook__empty_pages=True)
    with_gaps = pages(wire, path, limit=4)
    assert [len(page) for page in with_gaps] == [0, 4, 0, 4, 0, 2]
    assert [post for page in with_gaps for post in page] == whole


def test_cursors_go_both_ways_and_strange_ones_are_refused(wire):
    path = f"{wire.page_id}/published_posts"
    first = wire.get(path, limit=4).json()
    second = wire.get(path, limit=4, after=first["paging"]["cursors"]["after"]).json()
    assert "previous" not in first["paging"]
    assert "previous" in second["paging"]
    back = wire.get(path, limit=4, before=second["paging"]["cursors"]["before"]).json()
    assert back["data"] == first["data"]
    for strange in ("nonsense", first["paging"]["cursors"]["after"][:-3]):
        assert wire.error(path, after=strange)[1]["code"] == 100
    assert wire.error(f"{wire.page_id}/video_reels", after=first["paging"]["cursors"]["after"])[
        1
    ] == {"message": "(#100) Invalid cursors values", "type": "OAuthException", "code": 100}


def test_a_cursor_survives_the_post_that_it_names(wire):
    path = f"{wire.page_id}/published_posts"
    first = wire.get(path, limit=4).json()
    after = first["paging"]["cursors"]["after"]
    rest = wire.get(path, limit=4, after=after).json()["data"]
    wire.world.post("facebook", first["data"][3]["id"]).deleted_at = START
    assert wire.get(path, limit=4, after=after).json()["data"] == rest


def test_next_is_a_whole_address_with_the_token_and_works(wire):
    path = f"{wire.page_id}/published_posts"
    first = wire.get(path, limit=4, fields="id,created_time").json()
    link = first["paging"]["next"]
    assert link.startswith(f"http://sim/facebook/v26.0/{wire.page_id}/published_posts?")
    assert wire.page.token in link
    second = wire.send("GET", link.removeprefix("http://sim")).json()
    assert set(second["data"][0]) == {"id", "created_time"}
    assert second["data"][0] != first["data"][0]


def test_the_last_page_still_has_cursors(wire):
    last = wire.get(f"{wire.page_id}/published_posts", limit=100).json()
    assert set(last["paging"]) == {"cursors"}
    assert last["paging"]["cursors"]["after"]


@pytest.mark.parametrize("limit", ["101", "1000", "-1", "many", "1.5"])
def test_limits_that_pages_refuse(wire, limit):
    status, error = wire.error(f"{wire.page_id}/published_posts", limit=limit)
    assert (status, error["code"]) == (400, 100)
