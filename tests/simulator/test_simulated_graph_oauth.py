"""The token endpoints: consent, exchanges, refreshes and debug_token."""

from datetime import timedelta

import pytest

from support.graph_wire import START, Wire


@pytest.fixture
def wire():
    return Wire(posts=12, media=12)


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
