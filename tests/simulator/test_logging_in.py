"""Logging in over a real socket, at every platform, with what `Simulator.settings` tells."""

import base64
import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import pytest

from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.server import serving
from analytics_sync.simulator.services._x.apps import s256
from analytics_sync.simulator.services._x.oauth1 import signature
from analytics_sync.simulator.world import World

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BACK = "http://127.0.0.1:8765/callback"
VERIFIER = "v" * 64
SCOPES = {
    "x": "tweet.read users.read offline.access",
    "linkedin": "openid r_basicprofile rw_organization_admin",
    "facebook": "pages_show_list,pages_read_engagement",
    "instagram": "instagram_business_basic",
}


class Scene:
    """All platforms at one address, with an ordinary client before them."""

    def __init__(self, simulator: Simulator, origin: str, client: httpx.Client) -> None:
        self.simulator = simulator
        self.client = client
        self.settings = simulator.settings(origin)

    def setting(self, platform: str, name: str) -> str:
        return self.settings[f"ANALYTICS_SYNC_PLATFORMS__{platform.upper()}__{name}"]

    def page(self, platform: str) -> httpx.Response:
        asked = {
            "client_id": self.setting(platform, "CLIENT_ID"),
            "redirect_uri": BACK,
            "response_type": "code",
            "state": 'st"&<ate',
            "scope": SCOPES[platform],
        }
        if platform == "x":
            asked |= {"code_challenge": s256(VERIFIER), "code_challenge_method": "S256"}
        address = f"{self.setting(platform, 'AUTHORIZE_URL')}?{urlencode(asked)}"
        return self.client.get(address)

    def allowed(self, platform: str) -> dict[str, str]:
        """What the app is told after the first person on the page said yes."""
        page = self.page(platform)
        assert page.status_code == 200, page.text
        action = re.search(r'<form method="post" action="([^"]*)"', page.text)
        person = re.search(r'name="person" id="person-[^"]*" value="([^"]*)" checked', page.text)
        assert action is not None
        assert person is not None
        answer = self.client.post(
            urljoin(str(page.url), html.unescape(action[1])),
            data={"person": html.unescape(person[1]), "decision": "allow"},
        )
        assert answer.status_code == 302, answer.text
        address = answer.headers["location"]
        assert address.startswith(BACK + "?")
        return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

    def exchange(self, platform: str, code: str) -> httpx.Response:
        form: dict[str, Any] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
        }
        return self.ask_for_token(platform, form | {"code_verifier": VERIFIER})

    def ask_for_token(self, platform: str, form: dict[str, Any]) -> httpx.Response:
        secret = self.setting(platform, "CLIENT_SECRET")
        app = {"client_id": self.setting(platform, "CLIENT_ID"), "client_secret": secret}
        headers = {}
        if platform == "x":
            pair = f"{app['client_id']}:{secret}".encode()
            headers, app = {"authorization": f"Basic {base64.b64encode(pair).decode()}"}, {}
        address = self.setting(platform, "TOKEN_URL")
        return self.client.post(address, data={**form, **app}, headers=headers)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    simulator = Simulator(World(SimulatedClock(NOW)))
    simulator.populate({1: "One", 2: "Two"}, 1)
    with serving(simulator) as origin, httpx.Client(base_url=origin) as client:
        yield Scene(simulator, origin, client)


@pytest.mark.parametrize("platform", SCOPES)
def test_a_browser_and_an_app_come_to_a_token(scene: Scene, platform: str) -> None:
    answer = scene.allowed(platform)
    assert answer["state"] == 'st"&<ate'
    told = scene.exchange(platform, answer["code"])
    assert told.status_code == 200, told.text
    token = scene.simulator.world.tokens[told.json()["access_token"]]
    first = scene.simulator.services[platform].people()[0]
    assert token.subject == first.id
    assert scene.exchange(platform, answer["code"]).status_code == 400


def test_the_page_loads_nothing_and_is_not_kept(scene: Scene) -> None:
    page = scene.page("facebook")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r'(src|href)="', page.text)


def test_what_populate_made_is_reached_by_logging_in(scene: Scene) -> None:
    """One person has all of Facebook's and LinkedIn's; elsewhere each account has its own."""
    services = scene.simulator.services
    for platform in ("x", "instagram"):
        made = {h.platform_account_id for _, h in scene.simulator.handles if h.platform == platform}
        assert made == {person.id for person in services[platform].people()}
    token = scene.exchange("facebook", scene.allowed("facebook")["code"]).json()["access_token"]
    rows = scene.client.get(
        "/facebook/v26.0/me/accounts", headers={"authorization": f"Bearer {token}"}
    )
    made = {h.platform_account_id for _, h in scene.simulator.handles if h.platform == "facebook"}
    assert {row["id"] for row in rows.json()["data"]} == made
    detail = {person.name: person.detail for person in services["linkedin"].people()}
    assert detail == {"Admin One": "1 pages", "Sim Person": "2 pages", "Admin Two": "1 pages"}


@pytest.mark.parametrize("kind", ["lost", "clipped", "late"])
def test_a_refresh_may_happen_and_its_answer_be_lost(scene: Scene, kind: str) -> None:
    told = scene.exchange("x", scene.allowed("x")["code"]).json()
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    fault = Fault(kind, "x", match="^/2/oauth2/token", seconds=60)
    scene.simulator.world.faults.add(fault)
    scene.client.timeout = httpx.Timeout(0.3 if kind == "late" else 5)
    with pytest.raises(httpx.TransportError):
        scene.ask_for_token("x", form)
    scene.client.timeout = httpx.Timeout(5)
    facts = scene.simulator.services["x"].grants()[-1]
    assert (facts.rotations, facts.refused) == (1, 0)
    assert scene.ask_for_token("x", form).status_code == 400
    assert scene.simulator.services["x"].grants()[-1].refused == 1
    assert facts.refresh_token != told["refresh_token"]


def test_a_person_may_withdraw_in_the_middle(scene: Scene) -> None:
    token = scene.exchange("linkedin", scene.allowed("linkedin")["code"]).json()["access_token"]
    subject = scene.simulator.world.tokens[token].subject
    fault = Fault("withdraw", "linkedin", match="^/v2/me", skip=2, facts={"subject": subject})
    scene.simulator.world.faults.add(fault)

    def ask() -> int:
        headers = {"authorization": f"Bearer {token}"}
        return scene.client.get("/linkedin/v2/me", headers=headers).status_code

    assert [ask() for _ in range(4)] == [200, 200, 401, 401]


def test_signatures_cover_the_address_that_was_really_called(scene: Scene) -> None:
    service: Any = scene.simulator.services["x"]
    keys = service.oauth1(service.people()[0].id)
    address = f"{scene.setting('x', 'BASE_URL')}/2/users/me"

    def ask(signed: str, nonce: str) -> int:
        said = {
            "oauth_consumer_key": keys["consumer_key"],
            "oauth_nonce": nonce,
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(NOW.timestamp())),
            "oauth_token": keys["token"],
        }
        made = signature(
            "GET",
            signed,
            [*said.items(), ("user.fields", "a b,c")],
            keys["consumer_secret"],
            keys["token_secret"],
        )
        quoted = [f'{k}="{httpx.QueryParams({"v": v}).__str__()[2:]}"' for k, v in said.items()]
        quoted.append(f'oauth_signature="{urlencode({"v": made})[2:]}"')
        headers = {"authorization": f"OAuth {', '.join(quoted)}"}
        query = {"user.fields": "a b,c"}
        return scene.client.get(address, params=query, headers=headers).status_code

    assert ask(address, "1") == 200
    assert ask(address.replace("/x/", "/"), "2") == 401


def test_people_consents_and_codes_through_the_controls(scene: Scene) -> None:
    people = scene.client.get("/_sim/people").json()
    assert people["facebook"]["app"] == {"client_id": "42", "client_secret": "appsecret"}
    assert people["facebook"]["people"][0]["name"] == "Sim Person"
    answer = scene.allowed("linkedin")
    assert scene.client.delete("/_sim/codes").json()["expired"] >= 1
    assert scene.exchange("linkedin", answer["code"]).status_code == 400
    scene.exchange("linkedin", scene.allowed("linkedin")["code"])
    consents = scene.client.get("/_sim/consents").json()["consents"]
    mine = [one for one in consents if one["platform"] == "linkedin"][-1]
    assert mine["alive"] is True
    who = {"platform": "linkedin", "subject": mine["subject"], "client_id": mine["client_id"]}
    assert scene.client.post("/_sim/consents", json=who).json()["withdrawn"] >= 1
    assert scene.client.post("/_sim/consents", json=who).json() == {"withdrawn": 0}
