"""What holds on every Graph host: versions, parameters, tokens, batches, call budgets, faults."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from graph_wire import IDS_REFUSED, START, Wire, error_of, gone, pages, values

from analytics_sync.simulator.services._graph_errors import GraphError
from analytics_sync.simulator.services._graph_fields import parse_fields
from analytics_sync.simulator.services._graph_tokens import proof_of

VERSIONS = ["v21.0", "v22.0", "v23.0", "v24.0", "v25.0", "v26.0"]


@pytest.fixture
def wire():
    return Wire(posts=12, media=12)


# Versions and protocol


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
    assert wire.error("nobody")[1]["code"] == 803
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


def test_a_post_with_method_get_reads(wire):
    form = {"access_token": wire.page.token, "method": "get", "fields": "id"}
    assert wire.send("POST", "/facebook/v26.0/me", data=form).json() == {"id": wire.page_id}


# Tokens


def test_tokens_come_by_parameter_form_or_header(wire):
    token = wire.page.token
    path = "/facebook/v26.0/me"
    by = [
        wire.send("GET", path, params={"access_token": token}),
        wire.send("GET", path, headers={"Authorization": f"Bearer {token}"}),
        wire.send("GET", path, headers={"Authorization": f"OAuth {token}"}),
        wire.send("POST", path, data={"access_token": token, "method": "GET"}),
        wire.send("POST", path, json={"access_token": token, "method": "GET"}),
        wire.send("POST", path, files={"access_token": (None, token), "method": (None, "GET")}),
    ]
    assert [answer.json().get("id") for answer in by] == [wire.page_id] * len(by)


def test_a_call_without_a_token(wire):
    assert wire.error(wire.page_id, token=None) == (
        400,
        {
            "message": "An access token is required to request this resource.",
            "type": "OAuthException",
            "code": 104,
        },
    )
    assert wire.error("me", token=None)[1]["code"] == 2500
    assert wire.error("me", token="")[1]["code"] == 2500


def test_unknown_tokens_and_tokens_of_the_other_host(wire):
    wanted = (
        400,
        {
            "message": "Invalid OAuth access token - Cannot parse access token",
            "type": "OAuthException",
            "code": 190,
        },
    )
    assert wire.error("me", token="EAANonsense") == wanted
    assert wire.error("me", token=wire.direct.token) == wanted
    assert wire.error("me", token=wire.page.token, host="instagram") == wanted


def test_an_expired_token(wire):
    token = wire.token("page", wire.page_id, "x", expires_at=START + timedelta(hours=1))
    assert wire.get("me", token=token).status_code == 200
    wire.advance(hours=1)
    status, error = wire.error("me", token=token)
    assert status == 400
    assert error.pop("message").startswith(
        "Error validating access token: Session has expired on Monday, 23-Nov-26 15:00:00 UTC."
    )
    assert error == {"type": "OAuthException", "code": 190, "error_subcode": 463}


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467, 492])
def test_a_revoked_token_says_why(wire, subcode):
    wire.world.tokens[wire.page.token].revoked = str(subcode)
    status, error = wire.error("me")
    assert (status, error["type"], error["code"]) == (400, "OAuthException", 190)
    assert error["error_subcode"] == subcode
    assert error["message"].startswith("Error validating access token: ")


def test_a_dead_token_may_have_no_subcode_or_code_102_or_status_401(wire):
    token = wire.world.tokens[wire.page.token]
    token.revoked = "some reason"
    assert "error_subcode" not in wire.error("me")[1]
    wire.switch(facebook__token_status=401)
    assert wire.error("me")[0] == 401
    token.revoked = "102"
    assert wire.error("me")[1]["code"] == 102


def test_refusals_carry_a_challenge(wire):
    wire.world.tokens[wire.page.token].revoked = "460"
    challenge = wire.get("me").headers["www-authenticate"]
    assert challenge.startswith('OAuth "Facebook Platform" "invalid_token" "Error validating')


def test_the_proof_of_the_documentation():
    assert (
        proof_of("appsecret", "TOKEN")
        == "5ce7e27778ee701854c15400a27248a17dca845fae4a6a40efc6de3c6e504067"
    )


def proof(secret, token):
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("host", ["facebook", "instagram"])
def test_a_required_proof_must_belong_to_the_token(wire, host):
    token = wire.page.token if host == "facebook" else wire.direct.token
    wire.switch(**{f"{host}__require_proof": "s3cret"})
    status, error = wire.error("me", host=host)
    assert (status, error["code"], error["type"]) == (400, 100, "GraphMethodException")
    assert error["message"] == "API calls from the server require an appsecret_proof argument"
    for wrong in (
        proof("other", token),
        proof("s3cret", "other"),
        "x",
        proof("s3cret", token).upper(),
    ):
        error = wire.error("me", host=host, appsecret_proof=wrong)[1]
        assert error["message"] == "Invalid appsecret_proof provided in the API argument"
        assert error["code"] == 100
    right = wire.get("me", host=host, appsecret_proof=proof("s3cret", token))
    assert right.status_code == 200


def test_a_proof_that_is_not_required_is_checked_when_the_secret_is_known(wire):
    assert wire.get("me", appsecret_proof="anything").status_code == 200
    wire.switch(facebook__app_secret="s3cret")
    assert wire.error("me", appsecret_proof="anything")[1]["code"] == 100
    assert wire.get("me").status_code == 200


def test_every_item_with_its_own_token_needs_its_own_proof(wire):
    wire.switch(facebook__require_proof="s3cret")
    own, other = wire.page.token, wire.behind.token
    answer = wire.batch(
        "me?fields=id",
        f"me?fields=id&access_token={other}",
        f"me?fields=id&access_token={other}&appsecret_proof={proof('s3cret', other)}",
        token=own,
        appsecret_proof=proof("s3cret", own),
    )
    assert [item["code"] for item in answer.json()] == [200, 400, 200]


def test_an_application_token(wire):
    assert wire.error("me", token="42|appsecret")[1]["code"] == 2500
    assert wire.error(wire.page_id, token="42|appsecret")[1]["code"] == 10
    assert wire.error("me", token="42|wrong")[1]["code"] == 190


# Token endpoints


def exchange(wire, host="facebook", path="v26.0/oauth/access_token", method="GET", **params):
    where = {"data" if method == "POST" else "params": params}
    return wire.send(method, f"/{host}/{path}", **where)


APP = {"client_id": "42", "client_secret": "appsecret"}


def consent(wire, host, path, **more):
    params = {
        "client_id": "42",
        "redirect_uri": "http://127.0.0.1:9/back",
        "response_type": "code",
        "state": "s1",
        **more,
    }
    return wire.send("GET", f"/{host}/{path}", params=params)


def code_of(answer):
    assert answer.status_code == 302
    address, _, rest = answer.headers["location"].partition("?code=")
    assert address == "http://127.0.0.1:9/back"
    code, _, state = rest.partition("&state=")
    assert state in {"s1#_=_", "s1#_"}
    return code


def test_a_consent_becomes_a_short_then_a_long_token_then_a_page_token(wire):
    scope = "pages_show_list,pages_read_engagement,read_insights"
    code = code_of(consent(wire, "facebook", "v26.0/dialog/oauth", scope=scope))
    ask = {**APP, "redirect_uri": "http://127.0.0.1:9/back", "code": code}
    short = exchange(wire, **ask).json()
    assert short["token_type"] == "bearer"
    assert short["expires_in"] == 7200
    long = exchange(
        wire, grant_type="fb_exchange_token", fb_exchange_token=short["access_token"], **APP
    ).json()
    assert long["expires_in"] == 5_184_000
    rows = wire.get("me/accounts", token=long["access_token"], fields="id,access_token").json()
    page_token = wire.world.tokens[rows["data"][0]["access_token"]]
    assert (page_token.kind, page_token.expires_at) == ("page", None)
    assert page_token.scopes == frozenset(scope.split(","))
    rows = wire.get("me/accounts", token=short["access_token"], fields="id,access_token").json()
    assert wire.world.tokens[rows["data"][0]["access_token"]].expires_at is not None


def test_what_an_exchange_refuses(wire):
    code = code_of(consent(wire, "facebook", "v26.0/dialog/oauth"))
    back = "http://127.0.0.1:9/back"

    def refused(**params):
        return exchange(wire, **params).json()["error"]

    assert refused(client_id="42", client_secret="wrong", code=code)["code"] == 1
    assert refused(client_id="43", client_secret="appsecret", code=code)["code"] == 101
    assert refused(client_id="42", code=code)["code"] == 100
    assert refused(**APP, code=code, redirect_uri="http://elsewhere/")["error_subcode"] == 36008
    assert refused(**APP, code="AQnonsense", redirect_uri=back)["error_subcode"] == 36009
    assert refused(**APP, grant_type="nonsense")["code"] == 100
    wire.advance(minutes=11)
    assert refused(**APP, code=code, redirect_uri=back)["error_subcode"] == 36007


def test_a_code_works_once(wire):
    code = code_of(consent(wire, "facebook", "v26.0/dialog/oauth"))
    ask = {**APP, "redirect_uri": "http://127.0.0.1:9/back", "code": code}
    assert exchange(wire, method="POST", **ask).status_code == 200
    again = exchange(wire, **ask).json()["error"]
    assert (again["code"], again["error_subcode"]) == (100, 36009)


def test_a_person_may_refuse(wire):
    wire.switch(facebook__refuses_consent=True)
    location = consent(wire, "facebook", "v26.0/dialog/oauth").headers["location"]
    assert "error=access_denied" in location
    assert "state=s1" in location
    assert consent(wire, "facebook", "v26.0/dialog/oauth", client_id="1").status_code == 400


def test_an_expired_token_cannot_be_exchanged(wire):
    user = wire.token("user", "77", expires_at=START)
    ask = {**APP, "grant_type": "fb_exchange_token", "fb_exchange_token": user}
    error = exchange(wire, **ask).json()["error"]
    assert (error["code"], error["error_subcode"]) == (190, 463)


def test_client_credentials_give_the_application_token(wire):
    answer = exchange(wire, grant_type="client_credentials", **APP)
    assert answer.json() == {"access_token": "42|appsecret", "token_type": "bearer"}


def test_debug_token_of_a_page_token(wire):
    data = wire.get("debug_token", token="42|appsecret", input_token=wire.page.token).json()["data"]
    assert data["is_valid"] is True
    assert (data["app_id"], data["type"], data["expires_at"]) == ("42", "PAGE", 0)
    assert data["profile_id"] == wire.page_id
    assert data["scopes"] == sorted(wire.world.tokens[wire.page.token].scopes)
    assert {"scope": "read_insights", "target_ids": [wire.page_id]} in data["granular_scopes"]
    assert data["data_access_expires_at"] > data["issued_at"]


def test_debug_token_of_instagram_permissions_names_the_account(wire):
    data = wire.get("debug_token", token="42|appsecret", input_token=wire.behind.token).json()[
        "data"
    ]
    granted = {"scope": "instagram_basic", "target_ids": [wire.behind.platform_account_id]}
    assert granted in data["granular_scopes"]


def test_debug_token_of_dead_and_unknown_tokens(wire):
    wire.world.tokens[wire.page.token].revoked = "460"
    data = wire.get("debug_token", token="42|appsecret", input_token=wire.page.token).json()["data"]
    assert data["is_valid"] is False
    assert (data["error"]["code"], data["error"]["subcode"]) == (190, 460)
    data = wire.get("debug_token", token="42|appsecret", input_token="x").json()["data"]
    assert (data["is_valid"], data["error"]["code"]) == (False, 190)
    assert wire.error("debug_token", token="42|appsecret")[1]["code"] == 100
    assert wire.error("debug_token", token="42|no", input_token="x")[1]["code"] == 190


def test_instagram_login_from_consent_to_sixty_days(wire):
    answer = consent(
        wire,
        "instagram",
        "oauth/authorize",
        scope="instagram_business_basic,instagram_business_manage_insights",
    )
    form = {
        **APP,
        "grant_type": "authorization_code",
        "redirect_uri": "http://127.0.0.1:9/back",
        "code": code_of(answer),
    }
    first = exchange(wire, "instagram", "oauth/access_token", "POST", **form).json()
    assert set(first) == {"access_token", "user_id", "permissions"}
    assert wire.world.account("instagram", first["user_id"]) is not None
    short = first["access_token"]
    assert wire.world.tokens[short].expires_at == START + timedelta(hours=1)
    ask = {"grant_type": "ig_exchange_token", "client_secret": "appsecret", "access_token": short}
    long = exchange(wire, "instagram", "access_token", **ask).json()
    assert (long["token_type"], long["expires_in"]) == ("bearer", 5_184_000)
    again = exchange(
        wire, "instagram", "access_token", **{**ask, "access_token": long["access_token"]}
    )
    assert again.json()["error"]["code"] == 100


def refresh(wire, token):
    ask = {"grant_type": "ig_refresh_token", "access_token": token}
    return exchange(wire, "instagram", "refresh_access_token", **ask)


def test_an_instagram_token_is_refreshed_after_a_day_and_before_its_end(wire):
    fresh = refresh(wire, wire.direct.token).json()
    assert fresh["expires_in"] == 5_184_000
    assert fresh["permissions"] == "instagram_business_basic,instagram_business_manage_insights"
    assert wire.get("me", host="instagram", token=fresh["access_token"]).status_code == 200
    error = refresh(wire, fresh["access_token"]).json()["error"]
    assert (error["code"], error["type"]) == (100, "IGApiException")
    assert "24 hours" in error["message"]
    wire.advance(hours=24)
    assert refresh(wire, fresh["access_token"]).status_code == 200
    wire.advance(days=60)
    error = refresh(wire, fresh["access_token"]).json()["error"]
    assert (error["code"], error["error_subcode"]) == (190, 463)


def test_refreshing_needs_the_basic_permission_and_the_right_grant(wire):
    bare = wire.token("ig", wire.direct.platform_account_id, host="instagram")
    assert refresh(wire, bare).json()["error"]["code"] == 10
    ask = {"grant_type": "other", "access_token": wire.direct.token}
    for path in ("refresh_access_token", "access_token"):
        assert exchange(wire, "instagram", path, **ask).json()["error"]["code"] == 100


# Batches


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


# Call budgets


def business_usage(answer):
    return json.loads(answer.headers["x-business-use-case-usage"])


def entry_of(answer, kind="pages"):
    entries = [e for owner in business_usage(answer).values() for e in owner if e["type"] == kind]
    return entries[0]


def test_usage_headers_appear_after_some_calls_and_grow(wire):
    wire.switch(facebook__page_quota=10)
    answers = [wire.get("me") for _ in range(5)]
    assert "x-app-usage" not in answers[0].headers
    assert "x-business-use-case-usage" not in answers[1].headers
    assert [entry_of(answer)["call_count"] for answer in answers[2:]] == [30, 40, 50]
    assert set(json.loads(answers[4].headers["x-app-usage"])) == {
        "call_count",
        "total_cputime",
        "total_time",
    }
    assert set(entry_of(answers[4])) == {
        "type",
        "call_count",
        "total_cputime",
        "total_time",
        "estimated_time_to_regain_access",
    }


def test_business_usage_is_keyed_by_a_business_and_has_several_entries(wire):
    wire.switch(facebook__silent_calls=0)
    usage = business_usage(wire.get("me"))
    assert list(usage) == [wire.account(wire.page).facts["business_id"]]
    (entries,) = usage.values()
    assert [entry["type"] for entry in entries] == ["messenger", "pages"]


def test_entries_and_fields_of_usage_by_switch(wire):
    more = {"998877": [{"type": "pages", "call_count": 91}]}
    wire.switch(facebook__silent_calls=0, facebook__business_usage=more)
    wire.switch(facebook__usage={"total_cputime": 96})
    answer = wire.get("me")
    assert business_usage(answer)["998877"] == more["998877"]
    assert entry_of(answer)["total_cputime"] == 96
    assert json.loads(answer.headers["x-app-usage"])["total_cputime"] == 96


def test_a_spent_page_is_refused_until_the_clock_passes(wire):
    wire.switch(facebook__page_quota=3)
    for _ in range(3):
        assert wire.get("me").status_code == 200
    answer = wire.get("me")
    assert error_of(answer) == (
        400,
        {
            "message": "(#80001) There have been too many calls to this Page account. Wait a bit "
            "and try again. For more info, please refer to "
            "https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
            "type": "OAuthException",
            "code": 80001,
        },
    )
    assert entry_of(answer)["estimated_time_to_regain_access"] == 60
    assert entry_of(answer)["call_count"] == 100
    wire.advance(minutes=60)
    assert wire.get("me").status_code == 200


def test_calling_on_makes_the_refusal_longer(wire):
    wire.switch(facebook__page_quota=1, facebook__throttle_minutes=10)
    wire.get("me")
    wire.get("me")
    answer = [wire.get("me") for _ in range(3)][-1]
    assert entry_of(answer)["estimated_time_to_regain_access"] == 25
    wire.advance(minutes=20)
    assert wire.error("me")[1]["code"] == 80001
    wire.advance(minutes=10)
    assert wire.get("me").status_code == 200


def test_other_pages_and_accounts_go_on(wire):
    other = wire.facebook.populate(3, "Other", 1)
    wire.switch(facebook__page_quota=1)
    wire.get("me")
    assert wire.error("me")[1]["code"] == 80001
    assert wire.get("me", token=other.token).status_code == 200
    assert wire.get(wire.behind.platform_account_id, token=wire.behind.token).status_code == 200


def test_a_spent_page_makes_the_rest_of_a_batch_fail(wire):
    wire.switch(facebook__page_quota=2)
    items = wire.batch(*["me"] * 4).json()
    assert [item["code"] for item in items] == [200, 200, 400, 400]
    assert json.loads(items[3]["body"])["error"]["code"] == 80001


def test_old_calls_leave_the_rolling_window(wire):
    wire.switch(facebook__page_quota=2, facebook__silent_calls=0)
    wire.get("me")
    wire.advance(hours=23)
    assert entry_of(wire.get("me"))["call_count"] == 100
    wire.advance(hours=2)
    assert entry_of(wire.get("me"))["call_count"] == 100
    assert wire.error("me")[1]["code"] == 80001


@pytest.mark.parametrize("host", ["facebook", "instagram"])
def test_a_spent_instagram_account(wire, host):
    handle = wire.behind if host == "facebook" else wire.direct
    wire.switch(**{f"{host}__account_quota": 1, f"{host}__silent_calls": 0})
    path = handle.platform_account_id
    assert entry_of(wire.get(path, host=host, token=handle.token), "instagram")["call_count"] == 100
    status, error = wire.error(path, host=host, token=handle.token)
    assert (status, error["code"]) == (400, 80002)
    assert "this Instagram account" in error["message"]


def test_a_persons_token_has_the_persons_budget(wire):
    person = wire.facebook.add_person([wire.page_id]).value
    wire.switch(facebook__user_quota=2, facebook__silent_calls=0)
    assert "x-business-use-case-usage" not in wire.get(wire.page_id, token=person).headers
    wire.get("me", token=person)
    assert wire.error(wire.page_id, token=person)[1]["code"] == 32
    wire.advance(hours=1, minutes=5)
    wire.get("me", token=person)
    wire.get("me", token=person)
    assert wire.error("me", token=person)[1] == {
        "message": "(#17) User request limit reached",
        "type": "OAuthException",
        "is_transient": True,
        "code": 17,
    }


def test_a_system_users_token_counts_on_the_page(wire):
    system = wire.facebook.add_person([wire.page_id], kind="system")
    wire.switch(facebook__page_quota=1)
    assert system.expires_at is None
    wire.get(wire.page_id, token=system.value)
    assert wire.error(wire.page_id, token=system.value)[1]["code"] == 80001


def test_a_spent_application(wire):
    wire.switch(facebook__app_quota=1)
    wire.get("me")
    assert wire.error("me") == (
        400,
        {
            "message": "(#4) Application request limit reached",
            "type": "OAuthException",
            "is_transient": True,
            "code": 4,
        },
    )


def test_throttles_may_have_another_status_and_no_headers(wire):
    wire.switch(facebook__page_quota=0, facebook__throttle_status=403)
    wire.switch(facebook__throttle_headers=False, facebook__silent_calls=0)
    answer = wire.get("me")
    assert answer.status_code == 403
    assert "x-business-use-case-usage" not in answer.headers


def test_refused_tokens_are_charged_to_nobody(wire):
    wire.error("me", token="x")
    assert wire.world.journal.requests[-1].charged == 0
    wire.error("4711")
    assert wire.world.journal.requests[-1].charged == 1


# Faults


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


# Paging


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
