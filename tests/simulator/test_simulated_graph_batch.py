"""Batches: order, items of their own, null items, and what is refused whole."""

import json

import pytest

from support.graph_wire import IDS_REFUSED, Wire, error_of, gone


@pytest.fixture
def wire():
    return Wire(posts=12, media=12)


def test_a_batch_keeps_order_and_judges_each_item_alone(wire):
    posts = wire.posts("text")[:2]
    answer = wire.batch(
        f"{posts[0].id}/insights?metric=post_media_view&period=lifetime",
        f"{posts[1].id}?fields=id,created_time",
        "4711?fields=id",
        f"{posts[0].id}/insights?metric=post_impressions",
    )
    assert answer.status_code == 200
    items = answer.json()
    assert [item["code"] for item in items] == [200, 200, 400, 400]
    bodies = [json.loads(item["body"]) for item in items]
    assert bodies[0]["data"][0]["name"] == "post_media_view"
    assert bodies[1]["id"] == posts[1].id
    bodies[2]["error"].pop("fbtrace_id")
    assert bodies[2]["error"] == gone("4711")
    assert "valid insights metric" in bodies[3]["error"]["message"]


def test_items_have_headers_of_their_own_unless_unwanted(wire):
    items = wire.batch("me", "4711").json()
    headers = [{h["name"]: h["value"] for h in item["headers"]} for item in items]
    assert headers[0]["Facebook-API-Version"] == "v26.0"
    assert headers[1]["WWW-Authenticate"].startswith('OAuth "Facebook Platform" "invalid_request"')
    assert all(set(i) == {"code", "body"} for i in wire.batch("me", include_headers="false").json())


def test_usage_headers_stand_in_the_items(wire):
    headers = [
        {h["name"] for h in item["headers"]} for item in wire.batch(*["me?fields=id"] * 4).json()
    ]
    assert "X-Business-Use-Case-Usage" not in headers[0]
    assert {"X-App-Usage", "X-Business-Use-Case-Usage"} <= headers[3]


def test_each_item_is_charged(wire):
    wire.batch(*["me?fields=id"] * 7)
    request = wire.world.journal.requests[-1]
    assert (request.label, request.charged) == ("batch", 7)
    assert wire.world.journal.labels["facebook batch item page"] == 7


def test_more_than_fifty_items_are_refused_whole(wire):
    assert len(wire.batch(*["me"] * 50).json()) == 50
    status, error = error_of(wire.batch(*["me"] * 51))
    assert status == 400
    assert error["message"] == "Too many requests in batch message. Maximum batch size is 50"


@pytest.mark.parametrize("text", ["", "{}", "nonsense", '"x"'])
def test_what_is_no_batch(wire, text):
    form = {"batch": text, "access_token": wire.page.token}
    status, error = error_of(wire.send("POST", "/facebook/v26.0/", data=form))
    assert (status, error["code"]) == (400, 100)


def test_a_batch_needs_a_token_at_the_top(wire):
    item = f"me?access_token={wire.page.token}"
    assert error_of(wire.batch(item, token=None))[1]["code"] == 104
    wire.world.tokens[wire.page.token].revoked = "460"
    assert error_of(wire.batch("me"))[1]["code"] == 190


def test_items_may_have_tokens_of_their_own(wire):
    other = wire.facebook.populate(3, "Other", 3)
    items = wire.batch(
        "me?fields=id", f"me?fields=id&access_token={other.token}", "me?access_token=x"
    )
    bodies = [json.loads(item["body"]) for item in items.json()]
    assert [body.get("id") for body in bodies] == [wire.page_id, other.platform_account_id, None]
    assert bodies[2]["error"]["code"] == 190


def test_batches_come_as_form_json_multipart_and_with_a_bearer(wire):
    items = [{"method": "GET", "relative_url": "v26.0/me?fields=id"}]
    text, token = json.dumps(items), wire.page.token
    bearer = {"Authorization": f"Bearer {token}"}
    root = "/facebook/v26.0/"
    answers = [
        wire.send("POST", root, data={"access_token": token, "batch": text}),
        wire.send("POST", root, json={"access_token": token, "batch": items}),
        wire.send("POST", root, files={"access_token": (None, token), "batch": (None, text)}),
        wire.send("POST", root, params={"access_token": token}, data={"batch": text}),
        wire.send("POST", root, headers=bearer, data={"batch": text}),
        wire.send("POST", "/facebook/", headers=bearer, data={"batch": text}),
    ]
    for answer in answers:
        assert json.loads(answer.json()[0]["body"]) == {"id": wire.page_id}


def test_items_with_slashes_lists_and_bodies(wire):
    items = wire.batch(
        "/me/?fields=%5B%22id%22%5D",
        {"method": "POST", "relative_url": "me", "body": "fields=id"},
        {"relative_url": "me?fields=id"},
        {"method": "GET"},
    ).json()
    assert [item["code"] for item in items] == [200, 400, 200, 400]


def test_ids_in_an_item_is_refused_there(wire):
    item = wire.batch("?ids=1,2").json()[0]
    error = json.loads(item["body"])["error"]
    error.pop("fbtrace_id")
    assert (item["code"], error) == (500, IDS_REFUSED)


def test_an_item_that_did_not_end_in_time_is_null_and_charged(wire):
    wire.fault("null_item", match="fields=name")
    items = wire.batch("me?fields=id", "me?fields=name", "me?fields=id,name").json()
    assert [item is None for item in items] == [False, True, False]
    assert wire.world.journal.requests[-1].charged == 3
    assert all(item is not None for item in wire.batch("me?fields=name").json())


def test_instagrams_host_takes_batches_only_by_switch(wire):
    status, error = error_of(wire.batch("me?fields=user_id", host="instagram"))
    assert (status, error["code"], error["type"]) == (400, 100, "IGApiException")
    wire.switch(instagram__batch=True)
    item = wire.batch("me?fields=user_id", host="instagram").json()[0]
    assert json.loads(item["body"])["user_id"] == wire.direct.platform_account_id
