"""Logging in with Facebook and Instagram: pages, choices, denials, and what they lead to."""

import pytest

from support.graph_wire import Wire, pages

APP = {"client_id": "42", "client_secret": "appsecret"}
BACK = "http://127.0.0.1:9/callback"
SCOPES = "pages_show_list,pages_read_engagement,read_insights"
PATHS = {"facebook": "v26.0/dialog/oauth", "instagram": "oauth/authorize"}
BOTH = pytest.mark.parametrize("host", PATHS)


@pytest.fixture
def wire():
    return Wire(posts=2, media=2)


def dialog(wire, form=None, host="facebook", path=None, **more):
    """The dialog's page, or what it answers to a form."""
    params = {
        "client_id": "42" if host == "facebook" else "4242",
        "redirect_uri": BACK,
        "response_type": "code",
        "state": "s1",
        "scope": SCOPES if host == "facebook" else "instagram_business_basic",
        **more,
    }
    asked = {name: value for name, value in params.items() if value is not None}
    method = "GET" if form is None else "POST"
    return wire.send(method, f"/{host}/{path or PATHS[host]}", params=asked, data=form)


def allow(wire, person, **more):
    """The long-lived token of a person who agrees to everything, or to what is ticked."""
    ticks = {name: more.pop(name) for name in ("page", "tick") if name in more}
    form = {"decision": "allow", "person": person}
    if ticks:
        form |= {"chosen": "1", "page": ticks.get("page", []), "scope": ticks.get("tick", [])}
    answer = dialog(wire, form, **more)
    assert answer.status_code == 302, answer.text
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    path = "/facebook/v26.0/oauth/access_token"
    ask = {**APP, "redirect_uri": BACK, "code": code}
    short = wire.send("GET", path, params=ask).json()["access_token"]
    ask = {**APP, "grant_type": "fb_exchange_token", "fb_exchange_token": short}
    return wire.send("GET", path, params=ask).json()["access_token"]


def listed(wire, token, path="me/accounts", fields="id,name,access_token,tasks"):
    return [row for page in pages(wire, path, token=token, fields=fields) for row in page]


def debugged(wire, token):
    return wire.get("debug_token", token="42|appsecret", input_token=token).json()["data"]


def test_the_page_lists_people_with_their_pages_and_what_is_asked(wire):
    wire.facebook.add_user("Ann & Co", pages=2)
    text = dialog(wire).text
    for part in ("Ann &amp; Co", "2 Pages", "Sim Person", "Owner of Bakery", "acme"):
        assert part in text
    for identity in ("scope-read_insights", "allow", "choose", "cancel"):
        assert f'id="{identity}"' in text


@pytest.mark.parametrize("path", ["dialog/oauth", "v21.0/dialog/oauth", "v26.0/dialog/oauth/"])
def test_the_dialog_of_any_version_is_the_same(wire, path):
    assert 'id="allow"' in dialog(wire, path=path).text


def test_one_can_choose_pages_and_take_out_permissions(wire):
    ann = wire.facebook.add_user("Ann", pages=3)
    text = dialog(wire, {"decision": "choose", "person": ann.id}).text
    for page in ann.pages:
        assert (
            f'<input type="checkbox" name="page" id="page-{page}" value="{page}" checked>' in text
        )
    assert 'id="scope-read_insights" value="read_insights" checked>' in text
    assert 'value="public_profile" checked disabled>' in text
    first, second, _ = ann.pages
    token = allow(wire, ann.id, page=[first, second], tick=["pages_show_list"])
    assert [row["id"] for row in listed(wire, token)] == [first, second]
    granted = {"pages_show_list", "public_profile"}
    assert wire.world.tokens[token].scopes == granted
    rows = wire.get("me/permissions", token=token).json()["data"]
    assert {row["permission"]: row["status"] for row in rows} == {
        "pages_show_list": "granted",
        "public_profile": "granted",
        "pages_read_engagement": "declined",
        "read_insights": "declined",
    }
    told = {"scope": "pages_show_list", "target_ids": sorted([first, second])}
    assert told in debugged(wire, token)["granular_scopes"]


def test_what_was_declined_is_asked_again_only_on_request(wire):
    ann = wire.facebook.add_user("Ann", pages=1)
    allow(wire, ann.id, page=list(ann.pages), tick=["pages_show_list"])
    token = allow(wire, ann.id)
    assert "read_insights" not in wire.world.tokens[token].scopes
    assert "scope-read_insights" not in dialog(wire, {"decision": "choose", "person": ann.id}).text
    token = allow(wire, ann.id, auth_type="rerequest")
    assert "read_insights" in wire.world.tokens[token].scopes


def test_a_permission_for_everything_names_no_targets(wire):
    ann = wire.facebook.add_user("Ann", pages=2)
    assert {"scope": "read_insights"} in debugged(wire, allow(wire, ann.id))["granular_scopes"]


def test_choosing_again_without_a_page_takes_it_away(wire):
    ann = wire.facebook.add_user("Ann", pages=2)
    first, second = ann.pages
    before = {row["id"]: row["access_token"] for row in listed(wire, allow(wire, ann.id))}
    allow(wire, ann.id, page=[second], tick=SCOPES.split(","))
    assert wire.error("me", token=before[first])[1]["code"] == 190
    assert wire.get("me", token=before[second]).status_code == 200


@BOTH
def test_cancelling_leads_back_with_the_denial(wire, host):
    answer = dialog(wire, {"decision": "cancel"}, host)
    location = answer.headers["location"]
    assert location.startswith(f"{BACK}?error=access_denied&")
    assert "error_reason=user_denied" in location
    assert "&state=s1" in location
    assert ("error_code=200" in location) == (host == "facebook")
    assert location.endswith("#_=_" if host == "facebook" else "#_")


@BOTH
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"client_id": "1"}, "Invalid App ID"),
        ({"client_id": None}, "Invalid App ID"),
        ({"redirect_uri": "http://127.0.0.1:9/back"}, "URL blocked"),
        ({"redirect_uri": None}, "URL blocked"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": "everything"}, "Invalid Scopes: everything"),
    ],
)
def test_a_wrong_request_leads_nowhere(wire, host, wrong, words):
    person = wire.facebook.people()[0].id if host == "facebook" else wire.direct.platform_account_id
    for form in (None, {"decision": "allow", "person": person}):
        answer = dialog(wire, form, host, **wrong)
        assert answer.status_code == 400
        assert words in answer.text
        assert "location" not in answer.headers


@BOTH
def test_nobody_logs_in_who_does_not_exist(wire, host):
    assert dialog(wire, {"decision": "allow", "person": "1"}, host).status_code == 400


def test_apps_may_have_access_to_less_and_addresses_of_their_own(wire):
    back = "https://agency.example/back"
    wire.facebook.add_app("Agency", "77", "s", redirect_uris=(back,), scopes=["pages_show_list"])
    asked = {"client_id": "77", "redirect_uri": back}
    assert "Invalid Scopes: pages_read_engagement, read_insights" in dialog(wire, **asked).text
    assert dialog(wire, **asked, scope="pages_show_list").status_code == 200
    assert dialog(wire, redirect_uri=back).status_code == 400


def test_a_person_with_forty_pages_gets_them_page_by_page(wire):
    ann = wire.facebook.add_user("Ann", pages=40, without_analyze=2, instagram=3)
    token = allow(wire, ann.id, scope=f"{SCOPES},instagram_basic")
    sizes = [len(page) for page in pages(wire, "me/accounts", token=token)]
    assert sizes == [25, 15]
    rows = listed(wire, token, fields="id,tasks,instagram_business_account{id,username}")
    assert len({row["id"] for row in rows}) == 40
    assert [("ANALYZE" in row["tasks"]) for row in rows] == [True] * 38 + [False] * 2
    behind = [row["instagram_business_account"] for row in rows[:3]]
    assert all(account.keys() == {"id", "username"} for account in behind)
    assert not any("instagram_business_account" in row for row in rows[3:])


def test_pages_of_a_business_are_missing_from_accounts(wire):
    ann = wire.facebook.add_user("Ann", pages=1, owned_pages=2, client_pages=1)
    scope = f"{SCOPES},business_management"
    token = allow(wire, ann.id, scope=scope)
    assert [row["id"] for row in listed(wire, token)] == list(ann.pages)
    (business,) = listed(wire, token, "me/businesses", "id,name")
    assert business["name"] == "Ann's Business"
    owned = listed(wire, token, f"{business['id']}/owned_pages", "id,access_token")
    client = listed(wire, token, f"{business['id']}/client_pages", "id,access_token")
    assert [row["id"] for row in owned + client] == list(ann.shared)
    for row in owned + client:
        insights = wire.get(
            f"{row['id']}/insights", token=row["access_token"], metric="page_follows", period="day"
        )
        assert insights.status_code == 200
    error = wire.error(f"{business['id']}/owned_pages", token=token, fields="id,tasks")[1]
    assert (
        error["message"] == "(#100) Tried accessing nonexisting field (tasks) on node type (Page)"
    )
    stranger = allow(wire, wire.facebook.people()[0].id, scope=scope)
    assert wire.error(business["id"], token=stranger)[1]["error_subcode"] == 33


def test_businesses_need_their_permission(wire):
    ann = wire.facebook.add_user("Ann", owned_pages=1)
    token = allow(wire, ann.id)
    error = wire.error("me/businesses", token=token)[1]
    assert (error["code"], "business_management" in error["message"]) == (200, True)
    business = ann.businesses[0].id
    assert wire.error(f"{business}/owned_pages", token=token)[1]["code"] == 200


def test_instagram_behind_a_page_of_a_business_takes_more_permissions(wire):
    account = wire.account(wire.behind).id
    ann = wire.facebook.add_user("Ann", owned_pages={wire.page_id: ["ANALYZE"]})
    scope = f"{SCOPES},instagram_basic,business_management"
    fields = "instagram_business_account,access_token"
    few = wire.get(wire.page_id, token=allow(wire, ann.id, scope=scope), fields=fields).json()
    assert "instagram_business_account" not in few
    assert wire.error(account, token=few["access_token"], fields="username")[1]["code"] == 10
    scope += ",ads_management,ads_read"
    all_ = wire.get(wire.page_id, token=allow(wire, ann.id, scope=scope), fields=fields).json()
    assert all_["instagram_business_account"] == {"id": account}
    assert wire.get(account, token=all_["access_token"], fields="username").status_code == 200


def test_a_page_without_a_task_has_no_token(wire):
    ann = wire.facebook.add_user("Ann", pages={wire.page_id: []})
    (row,) = listed(wire, allow(wire, ann.id))
    assert "access_token" not in row
    assert row["tasks"] == []


def test_removing_the_app_kills_all_of_its_tokens(wire):
    ann = wire.facebook.add_user("Ann", pages=1)
    other = wire.facebook.add_user("Other", pages=1)
    token, others = allow(wire, ann.id), allow(wire, other.id)
    page_token = listed(wire, token)[0]["access_token"]
    answer = wire.send("DELETE", f"/facebook/v26.0/{ann.id}/permissions?access_token={token}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    for dead in (token, page_token):
        error = wire.error("me", token=dead)[1]
        assert (error["code"], error["error_subcode"]) == (190, 458)
        assert debugged(wire, dead)["is_valid"] is False
    assert wire.get("me", token=others).status_code == 200
    facts = {one.subject: one.alive for one in wire.facebook.grants()}
    assert facts == {ann.id: False, other.id: True}
    assert wire.world.tokens[allow(wire, ann.id)].revoked is None


def test_one_permission_can_be_taken_back(wire):
    ann = wire.facebook.add_user("Ann", pages=1)
    token = allow(wire, ann.id)
    path = "/facebook/v26.0/me/permissions"
    removed = wire.send("DELETE", f"{path}/read_insights", params={"access_token": token})
    assert removed.json() == {"success": True}
    assert "read_insights" not in debugged(wire, token)["scopes"]
    by_post = {"access_token": token, "method": "delete"}
    assert wire.send("POST", f"{path}/read_insights", data=by_post).status_code == 400
    page_token = listed(wire, token)[0]["access_token"]
    refused = wire.send("DELETE", path, params={"access_token": page_token})
    assert refused.json()["error"]["code"] == 100


def test_the_app_itself_may_end_a_consent(wire):
    ann = wire.facebook.add_user("Ann", pages=1)
    token = allow(wire, ann.id)
    headers = {"authorization": "Bearer 42|appsecret"}
    path = f"/facebook/v26.0/{ann.id}/permissions"
    assert wire.send("DELETE", path, headers=headers).json() == {"success": True}
    assert wire.error("me", token=token)[1]["code"] == 190


def test_tokens_of_populated_pages_end_with_their_owners_consent(wire):
    owner = wire.account(wire.page).facts["owner"]
    assert wire.facebook.withdraw(owner, "other") == 0
    assert wire.facebook.withdraw(owner) == 1
    assert wire.error("me")[1]["error_subcode"] == 458


def test_who_loses_the_role_loses_the_pages_tokens(wire):
    ann = wire.facebook.add_user("Ann", pages=2)
    token = allow(wire, ann.id)
    first, second = listed(wire, token)
    wire.facebook.host.society.lose_role(ann.id, first["id"])
    assert wire.error("me", token=first["access_token"])[1]["error_subcode"] == 492
    assert wire.get("me", token=second["access_token"]).status_code == 200
    assert [row["id"] for row in listed(wire, token)] == [second["id"]]


def test_debug_token_tells_persons_pages_and_system_users_apart(wire):
    ann = wire.facebook.add_user("Ann", pages=1)
    token = allow(wire, ann.id)
    told = debugged(wire, token)
    assert (told["type"], told["user_id"], told["is_valid"]) == ("USER", ann.id, True)
    assert told["expires_at"] - told["issued_at"] == 60 * 86_400
    assert told["data_access_expires_at"] - told["issued_at"] == 90 * 86_400
    page = debugged(wire, listed(wire, token)[0]["access_token"])
    assert (page["type"], page["expires_at"], page["user_id"]) == ("PAGE", 0, ann.id)
    assert page["data_access_expires_at"] == told["data_access_expires_at"]
    system = wire.facebook.add_person([wire.page_id], kind="system")
    assert debugged(wire, system.value)["type"] == "SYSTEM_USER"
    wire.advance(days=60)
    assert debugged(wire, token)["is_valid"] is False
    assert debugged(wire, token)["error"]["subcode"] == 463


def test_another_apps_token_is_none_of_its_business(wire):
    wire.facebook.add_app("Other", "77", "s")
    token = allow(wire, wire.facebook.add_user("Ann", pages=1).id)
    path = "/facebook/v26.0/debug_token"
    headers = {"authorization": "Bearer 77|s"}
    told = wire.send("GET", path, params={"input_token": token}, headers=headers).json()["data"]
    assert (told["is_valid"], told["error"]["code"]) == (False, 100)
    ask = {
        "client_id": "77",
        "client_secret": "s",
        "grant_type": "fb_exchange_token",
        "fb_exchange_token": token,
    }
    answer = wire.send("GET", "/facebook/v26.0/oauth/access_token", params=ask)
    assert answer.json()["error"]["code"] == 190


def test_a_proof_is_made_with_the_secret_of_the_tokens_own_app(wire):
    from analytics_sync.simulator.services._graph.tokens import proof_of

    wire.facebook.add_app("Other", "77", "other secret")
    wire.switch(facebook__require_proof=True)
    token = wire.token("user", "77", facts={"app_id": "77", "pages": []})
    assert wire.error("me", token=token, appsecret_proof=proof_of("appsecret", token))[0] == 400
    proof = proof_of("other secret", token)
    assert wire.get("me", token=token, appsecret_proof=proof).status_code == 200


def test_codes_of_a_consent_that_ended_or_that_were_made_to_expire_are_dead(wire):
    ann = wire.facebook.add_user("Ann", pages=1)

    def exchange(code):
        ask = {**APP, "redirect_uri": BACK, "code": code}
        return wire.send("GET", "/facebook/v26.0/oauth/access_token", params=ask).json()["error"]

    def code():
        answer = dialog(wire, {"decision": "allow", "person": ann.id})
        return answer.headers["location"].partition("code=")[2].partition("&")[0]

    first = code()
    assert wire.facebook.withdraw(ann.id) == 1
    assert exchange(first)["error_subcode"] == 36009
    second = code()
    assert wire.facebook.expire_codes() == 2
    assert exchange(second)["error_subcode"] == 36007
