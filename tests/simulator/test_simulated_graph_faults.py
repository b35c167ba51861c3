"""Faults on demand, each with the exact answer."""

import pytest

from support.graph_wire import Wire, error_of, gone, values


@pytest.fixture
def wire():
    return Wire(posts=12, media=12)


def test_transient_faults(wire):
    wire.fault("unknown_error")
    wire.fault("service_unavailable")
    assert wire.error("me") == (
        500,
        {"message": "An unknown error has occurred.", "type": "OAuthException", "code": 1},
    )
    status, error = wire.error("me")
    assert (status, error["code"], error["is_transient"]) == (500, 2, True)
    assert wire.get("me").status_code == 200


def test_too_much_data_above_a_limit(wire):
    wire.fault("reduce_data", times=None, facts={"limit": 5})
    path = f"{wire.page_id}/published_posts"
    status, error = wire.error(path, limit=6)
    assert (status, error["code"]) == (500, 1)
    assert error["message"] == (
        "Please reduce the amount of data you're asking for, then retry your request"
    )
    assert wire.get(path, limit=5).status_code == 200


def test_an_error_with_http_200(wire):
    wire.fault("error_200")
    answer = wire.get("me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, 2)


def test_an_error_in_another_language(wire):
    wire.fault("localised")
    error = wire.error("4711")[1]
    assert error["message"] == "Parámetro no válido"
    assert (error["code"], error["error_subcode"]) == (100, 33)
    wire.fault("localised", facts={"message": "不正なパラメータ"})
    answer = wire.get("4711")
    assert answer.json()["error"]["message"] == "不正なパラメータ"
    assert answer.headers["www-authenticate"].isascii()


def test_a_token_that_dies_in_mid_run(wire):
    wire.fault("token_expired", skip=1)
    assert wire.get("me").status_code == 200
    assert wire.error("me")[1]["error_subcode"] == 463
    wire.fault("token_revoked", facts={"subcode": 492})
    assert wire.error("me")[1]["error_subcode"] == 492
    wire.fault("token_expired", match="fields=name")
    codes = [item["code"] for item in wire.batch("me?fields=id", "me?fields=name").json()]
    assert codes == [200, 400]


def test_a_block(wire):
    wire.fault("blocked")
    assert wire.error("me") == (
        400,
        {
            "message": "The action attempted has been deemed abusive or is otherwise disallowed",
            "type": "OAuthException",
            "code": 368,
        },
    )


def test_an_object_that_is_gone_for_once(wire):
    wire.fault("object_gone")
    assert wire.error(wire.page_id) == (400, gone(wire.page_id))


@pytest.mark.parametrize("code", [4, 17, 32, 341, 613, 80001, 80002, 80014])
def test_a_throttle_on_demand_lasts(wire, code):
    wire.fault("throttle", facts={"code": code, "minutes": 30})
    assert wire.error("me")[1]["code"] == code
    assert wire.error("me")[1]["code"] == code
    wire.advance(minutes=40)
    assert wire.get("me").status_code == 200


def test_any_envelope_on_demand(wire):
    facts = {"message": "m", "code": 803, "type": "X", "error_subcode": 5, "status": 404}
    wire.fault("error", facts=facts)
    assert wire.error("me") == (
        404,
        {"message": "m", "type": "X", "code": 803, "error_subcode": 5},
    )


def test_faults_of_a_whole_batch_and_of_one_item(wire):
    wire.fault("service_unavailable")
    assert error_of(wire.batch("me"))[1]["code"] == 2
    wire.fault("service_unavailable", match="fields=name")
    codes = [item["code"] for item in wire.batch("me?fields=id", "me?fields=name").json()]
    assert codes == [200, 500]


def test_a_metric_that_retires_between_two_calls(wire):
    post = wire.posts("text")[0]
    wire.fault("retired_metric", match="insights", skip=1, facts={"metric": "post_clicks"})
    assert wire.insights(post, "post_clicks").status_code == 200
    assert wire.insights(post, "post_clicks").json()["error"]["code"] == 100
    assert "post_clicks" in values(wire.insights(post, "post_clicks"))
