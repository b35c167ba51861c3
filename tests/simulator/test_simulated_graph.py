"""What holds on every Graph host: versions, parameters, objects, fields, and the log."""

from datetime import timedelta

import pytest

from analytics_sync.simulator.services._graph.errors import GraphError
from analytics_sync.simulator.services._graph.fields import parse_fields
from support.graph_wire import IDS_REFUSED, START, Wire, gone

VERSIONS = ["v21.0", "v22.0", "v23.0", "v24.0", "v25.0", "v26.0"]


@pytest.fixture
def wire():
    return Wire(posts=12, media=12)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("host", ["facebook", "instagram"])
def test_usable_versions_are_served_as_asked(wire, version, host):
    answer = wire.get("me", host=host, version=version)
    assert (answer.status_code, answer.headers["facebook-api-version"]) == (200, version)


@pytest.mark.parametrize("version", ["v18.0", "v20.0", "v27.0", "v26", "v25.5"])
def test_other_versions_are_served_as_the_oldest_usable_one(wire, version):
    answer = wire.get("me", version=version)
    assert (answer.status_code, answer.headers["facebook-api-version"]) == (200, "v21.0")


def test_a_version_past_its_end_is_served_as_the_next_one():
    wire = Wire(posts=1, media=1, start=START + timedelta(days=90))
    assert wire.get("me", version="v21.0").headers["facebook-api-version"] == "v22.0"


def test_an_impossible_version_is_an_unknown_path(wire):
    assert wire.send("GET", "/facebook/v99.0/me").json()["error"]["code"] == 2500
    status, error = wire.error("me", version="v99.0")
    assert (status, error) == (
        400,
        {"message": "Unknown path components: /me", "type": "OAuthException", "code": 2500},
    )


def test_without_a_version_the_default_of_the_application_answers(wire):
    def served():
        path = f"/facebook/me?access_token={wire.page.token}"
        return wire.send("GET", path).headers["facebook-api-version"]

    assert served() == "v21.0"
    wire.switch(facebook__default_version="v24.0")
    assert served() == "v24.0"


def test_removed_parameters(wire):
    answer = wire.get("me", pretty="1", debug="all", metadata="1")
    assert set(answer.json()) == {"id", "name"}
    status, error = wire.error("me", date_format="U")
    assert (status, error["code"]) == (400, 100)
    assert "date_format" in error["message"]


def test_if_none_match_never_gives_304(wire):
    target = f"/facebook/v26.0/me?access_token={wire.page.token}"
    assert wire.send("GET", target, headers={"If-None-Match": "*"}).status_code == 200


@pytest.mark.parametrize("version", VERSIONS)
def test_root_ids_is_refused_with_http_500_on_every_version(wire, version):
    ids = ",".join(post.id for post in wire.posts()[:2])
    assert wire.error("", version=version, ids=ids) == (500, IDS_REFUSED)
    assert wire.error("", version=version, ids=ids, host="instagram") == (500, IDS_REFUSED)


def test_root_without_anything_is_unsupported(wire):
    status, error = wire.error("")
    assert (status, error["code"], error["type"]) == (400, 100, "GraphMethodException")
    assert error["message"].startswith("Unsupported get request.")


def test_content_type_may_be_javascript(wire):
    assert wire.get("me").headers["content-type"].startswith("application/json")
    wire.switch(facebook__content_type="text/javascript; charset=UTF-8")
    assert wire.get("me").headers["content-type"] == "text/javascript; charset=UTF-8"


@pytest.mark.parametrize("fields", ["id,name", '["id","name"]', "id, name"])
def test_lists_come_with_commas_or_as_json(wire, fields):
    assert set(wire.get("me", fields=fields).json()) == {"id", "name"}


def test_a_trailing_slash_and_summary_change_nothing(wire):
    plain = wire.get(f"{wire.page_id}/published_posts", limit=3).json()["data"]
    assert wire.get(f"{wire.page_id}/published_posts/", limit=3).json()["data"] == plain
    summed = wire.get(f"{wire.page_id}/published_posts", limit=3, summary="true").json()
    assert summed["data"] == plain
    assert "summary" not in summed
    assert wire.get(f"{wire.page_id}/").json() == wire.get(wire.page_id).json()


def test_ids_and_times_are_written_as_meta_writes_them(wire):
    post = wire.get(wire.posts("text")[0].id, fields="id,created_time").json()
    assert isinstance(post["id"], str)
    assert post["created_time"].endswith("+0000")


def test_unknown_objects_aliases_paths_and_fields(wire):
    assert wire.error("4711") == (400, gone("4711"))
    assert wire.error("nobody") == (
        400,
        {
            "message": "(#803) Some of the aliases you requested do not exist: nobody",
            "type": "OAuthException",
            "code": 803,
        },
    )
    assert wire.error("me/insights/page_follows/day")[1] == {
        "message": "Unknown path components: /page_follows/day",
        "type": "OAuthException",
        "code": 2500,
    }
    assert wire.error("me", fields="id,nonsense")[1] == {
        "message": "(#100) Tried accessing nonexisting field (nonsense) on node type (Page)",
        "type": "OAuthException",
        "code": 100,
    }
    assert wire.error("me/nonsense")[1]["code"] == 100


@pytest.mark.parametrize("fields", ["id,comments.limit(0", "id,{", "id,,name", "id)", "a{b", "a."])
def test_a_mistake_in_fields_is_a_syntax_error(wire, fields):
    status, error = wire.error("me", fields=fields)
    assert (status, error["code"]) == (400, 2500)
    assert error["message"].startswith("Syntax error ")


def test_the_field_syntax_is_read_whole():
    fields = parse_fields(
        "id, comments.limit(0).summary(true){message,from{id}}, "
        'insights.metric(["a","b(c)"]).period(lifetime).as(x)'
    )
    assert [field.key for field in fields] == ["id", "comments", "x"]
    comments, insights = fields[1:]
    assert comments.modifiers == {"limit": "0", "summary": "true"}
    assert [below.name for below in comments.fields] == ["message", "from"]
    assert comments.fields[1].fields[0].name == "id"
    assert insights.modifiers["metric"] == '["a","b(c)"]'
    with pytest.raises(GraphError):
        parse_fields("")


def test_writing_is_not_supported(wire):
    for method in ("POST", "DELETE"):
        answer = wire.send(method, f"/facebook/v26.0/me?access_token={wire.page.token}")
        assert answer.json()["error"]["message"].startswith(f"Unsupported {method.lower()} request")


def test_a_body_that_is_no_json_object(wire):
    for body in ("{", "[]"):
        headers = {"Content-Type": "application/json"}
        answer = wire.send("POST", "/facebook/v26.0/", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_a_post_with_method_get_reads(wire):
    form = {"access_token": wire.page.token, "method": "get", "fields": "id"}
    assert wire.send("POST", "/facebook/v26.0/me", data=form).json() == {"id": wire.page_id}


def test_labels_in_the_log(wire):
    ig = wire.behind.platform_account_id
    asked = {
        f"{wire.page_id}": "page",
        f"{wire.page_id}/published_posts": "published posts",
        f"{wire.page_id}/posts": "published posts",
        f"{wire.page_id}/feed": "feed",
        f"{wire.page_id}/video_reels": "reels",
        f"{wire.page_id}/videos": "videos",
        f"{wire.page_id}/insights": "page insights",
        f"{wire.posts('text')[0].id}": "post",
        f"{wire.posts('text')[0].id}/insights": "insights",
        f"{wire.post('reel').id}": "video",
        f"{wire.post('reel').id}/video_insights": "video insights",
        f"{ig}": "profile",
        f"{ig}/media": "media",
        f"{ig}/stories": "stories",
        f"{ig}/insights": "profile insights",
    }
    for path in asked:
        wire.get(path, token=wire.behind.token)
    assert [r.label for r in wire.world.journal.requests] == list(asked.values())
