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
DIRECT_APP = {"client_id": "4242", "client_secret": "instagram-appsecret"}
BACK = "http://127.0.0.1:9/callback"
DIALOG = {"facebook": "v26.0/dialog/oauth", "instagram": "oauth/authorize"}
DIRECT_SCOPES = "instagram_business_basic,instagram_business_manage_insights"


def dialog(wire, host, form=None, **more):
    """What the dialog answers: its page, or to the form that was sent."""
    params = {
        "client_id": (APP if host == "facebook" else DIRECT_APP)["client_id"],
        "redirect_uri": BACK,
        "response_type": "code",
        "state": "s1",
        **more,
    }
    shown = {name: value for name, value in params.items() if value is not None}
    where = {"params": shown, "data": form} if form else {"params": shown}
    return wire.send("POST" if form else "GET", f"/{host}/{DIALOG[host]}", **where)


def consent(wire, host, person, pages=None, scopes=(), **more):
    form = {"decision": "allow", "person": person}
    if pages is not None:
        form |= {"chosen": "1", "page": list(pages), "scope": list(scopes)}
    return dialog(wire, host, form, **more)


def owner(wire):
    return wire.account(wire.page).facts["owner"]


def code_of(answer):
    assert answer.status_code == 302
    address, _, rest = answer.headers["location"].partition("?code=")
    assert address == BACK
    code, _, state = rest.partition("&state=")
    assert state in {"s1#_=_", "s1#_"}
    return code


def exchanged(wire, person, **more):
    """A person's long-lived token."""
    code = code_of(consent(wire, "facebook", person, **more))
    short = exchange(wire, **APP, redirect_uri=BACK, code=code).json()["access_token"]
    ask = {"grant_type": "fb_exchange_token", "fb_exchange_token": short}
    return exchange(wire, **APP, **ask).json()["access_token"]


def test_a_consent_becomes_a_short_then_a_long_token_then_a_page_token(wire):
    scope = "pages_show_list,pages_read_engagement,read_insights"
    code = code_of(consent(wire, "facebook", owner(wire), scope=scope))
    ask = {**APP, "redirect_uri": BACK, "code": code}
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
    assert page_token.scopes == {*scope.split(","), "public_profile"}
    rows = wire.get("me/accounts", token=short["access_token"], fields="id,access_token").json()
    assert wire.world.tokens[rows["data"][0]["access_token"]].expires_at is not None


def test_what_an_exchange_refuses(wire):
    code = code_of(consent(wire, "facebook", owner(wire)))
    wire.facebook.add_app("Other", "43", "other")

    def refused(**params):
        return exchange(wire, **params).json()["error"]

    assert refused(client_id="42", client_secret="wrong", code=code)["code"] == 1
    assert refused(client_id="44", client_secret="appsecret", code=code)["code"] == 101
    other = {"client_id": "43", "client_secret": "other"}
    assert refused(**other, code=code, redirect_uri=BACK)["error_subcode"] == 36009
    assert refused(client_id="42", code=code)["code"] == 100
    assert refused(**APP, code=code, redirect_uri="http://elsewhere/")["error_subcode"] == 36008
    assert refused(**APP, code="AQnonsense", redirect_uri=BACK)["error_subcode"] == 36009
    assert refused(**APP, grant_type="nonsense")["code"] == 100
    wire.advance(minutes=11)
    assert refused(**APP, code=code, redirect_uri=BACK)["error_subcode"] == 36007


def test_a_code_works_once(wire):
    code = code_of(consent(wire, "facebook", owner(wire)))
    ask = {**APP, "redirect_uri": BACK, "code": code}
    assert exchange(wire, method="POST", **ask).status_code == 200
    again = exchange(wire, **ask).json()["error"]
    assert (again["code"], again["error_subcode"]) == (100, 36009)


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


def direct_code(wire, **more):
    person = wire.direct.platform_account_id
    return code_of(consent(wire, "instagram", person, scope=DIRECT_SCOPES, **more))


def direct_form(code):
    return {
        **DIRECT_APP,
        "grant_type": "authorization_code",
        "redirect_uri": BACK,
        "code": code,
    }


def test_instagram_login_from_consent_to_sixty_days(wire):
    form = direct_form(direct_code(wire) + "#_")
    first = exchange(wire, "instagram", "oauth/access_token", "POST", **form).json()
    assert set(first) == {"access_token", "user_id", "permissions"}
    assert first["user_id"] == wire.direct.platform_account_id
    short = first["access_token"]
    assert wire.world.tokens[short].expires_at == START + timedelta(hours=1)
    ask = {
        "grant_type": "ig_exchange_token",
        "client_secret": DIRECT_APP["client_secret"],
        "access_token": short,
    }
    long = exchange(wire, "instagram", "access_token", **ask).json()
    assert (long["token_type"], long["expires_in"]) == ("bearer", 5_184_000)
    again = exchange(
        wire, "instagram", "access_token", **{**ask, "access_token": long["access_token"]}
    )
    assert again.json()["error"]["code"] == 100
    wrong = exchange(wire, "instagram", "access_token", **{**ask, "client_secret": "appsecret"})
    assert wrong.json()["error"]["code"] == 1


def test_instagram_refuses_codes_in_its_older_envelope(wire):
    code = direct_code(wire)

    def refused(method="POST", **more):
        form = {**direct_form(code), **more}
        answer = exchange(wire, "instagram", "oauth/access_token", method, **form)
        body = answer.json()
        assert answer.status_code == 400
        assert (body["error_type"], body["code"]) == ("OAuthException", 400)
        return body["error_message"]

    assert "POST" in refused(method="GET")
    assert "application" in refused(client_id="42")
    assert "secret" in refused(client_secret="appsecret")
    assert "grant_type" in refused(grant_type="other")
    assert "redirect_uri" in refused(redirect_uri=BACK.replace("9", "8"))
    assert "format" in refused(code="AQnonsense")
    assert wire.instagram.expire_codes() == 1
    assert "expired" in refused()
    wire.advance(minutes=1)
    code = direct_code(wire)
    form = direct_form(code)
    assert exchange(wire, "instagram", "oauth/access_token", "POST", **form).status_code == 200
    assert "used" in refused()


def test_instagrams_codes_live_an_hour(wire):
    soon, late = direct_form(direct_code(wire)), direct_form(direct_code(wire))
    wire.advance(minutes=59, seconds=59)
    assert exchange(wire, "instagram", "oauth/access_token", "POST", **soon).status_code == 200
    wire.advance(seconds=1)
    answer = exchange(wire, "instagram", "oauth/access_token", "POST", **late)
    assert "expired" in answer.json()["error_message"]


def test_instagrams_answer_may_be_wrapped_as_documented(wire):
    wire.switch(instagram__wrapped_answer=True)
    form = direct_form(direct_code(wire))
    body = exchange(wire, "instagram", "oauth/access_token", "POST", **form).json()
    (row,) = body["data"]
    assert row["permissions"] == DIRECT_SCOPES


def test_an_instagram_account_may_remove_the_app(wire):
    person = wire.direct.platform_account_id
    (facts,) = wire.instagram.grants()
    assert (facts.subject, facts.client_id, facts.alive) == (person, "4242", True)
    assert wire.instagram.withdraw(person, "other") == 0
    assert wire.instagram.withdraw(person) == 1
    assert wire.error("me", host="instagram", token=wire.direct.token)[1]["code"] == 190
    assert not wire.instagram.grants()[0].alive


def refresh(wire, token):
    ask = {"grant_type": "ig_refresh_token", "access_token": token}
    return exchange(wire, "instagram", "refresh_access_token", **ask)


def test_an_instagram_token_is_refreshed_after_a_day_and_before_its_end(wire):
    fresh = refresh(wire, wire.direct.token).json()
    assert fresh["expires_in"] == 5_184_000
    assert fresh["permissions"] == "instagram_business_basic,instagram_business_manage_insights"
    assert wire.get("me", host="instagram", token=fresh["access_token"]).status_code == 200
    assert wire.instagram.grants()[0].rotations == 1
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
