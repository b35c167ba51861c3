"""Who is let in: local programs and holders of a token; no page of another site."""

import pytest

from analytics_sync.shim.gate import Rules
from analytics_sync.shim.service import build
from analytics_sync.wiring.callers import add_token, caller, revoke_token
from support.asgi import Caller

PATH = "/api/v1/scheduler/jobs"


@pytest.fixture
def token(house):
    with house.opened() as found:
        return add_token(found, "web")[1]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Host": "evil.example"}, 421, "host_unknown"),
        ({"Host": "127.0.0.1.evil.example:8003"}, 421, "host_unknown"),
        ({"Host": ""}, 421, "host_unknown"),
        ({"Origin": "https://evil.example"}, 403, "origin_refused"),
        ({"Origin": "null"}, 403, "origin_refused"),
        ({"Origin": "http://127.0.0.1:8004"}, 403, "origin_refused"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "cross_site"),
        ({"Sec-Fetch-Site": "same-site"}, 403, "cross_site"),
        ({"Authorization": "Bearer wrong"}, 401, "token_unknown"),
    ],
)
@pytest.mark.parametrize("path", [PATH, "/docs", "/openapi.json", "/healthz"])
def test_what_a_strange_page_sends_is_refused_everywhere(ask, path, headers, status, code):
    answer = ask.get(path, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:1"},
        {"Host": "LOCALHOST"},
        {"Host": "[::1]:8003"},
        {"Origin": "http://127.0.0.1:8003", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Authorization": "Basic bmdpbng6cHJveHk="},
    ],
)
def test_local_programs_and_our_own_pages_are_let_in(ask, headers):
    assert ask.get(PATH, headers=headers).status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1", "testclient"])
def test_another_machine_needs_a_token_whatever_it_says_of_itself(ask_house, house, address, token):
    far = Caller(build(), address=address)
    refused = far.get(PATH, headers={"Host": "127.0.0.1:8003"})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert "after the word `Bearer`; `analytics-sync serve token add" in refused.text
    let_in = {"Authorization": f"Bearer {token}", "Host": "sync.example:8003"}
    assert far.get(PATH, headers=let_in).status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_token_may_be_asked_of_local_programs_too(ask_house, address, token):
    ask = Caller(build(Rules(needs_token=True)), address=address)
    assert ask.get(PATH).status_code == 401
    assert ask.get(PATH, headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_a_revoked_token_opens_nothing(ask_house, house, token):
    headers = {"Authorization": f"Bearer {token}"}
    assert ask_house.get(PATH, headers=headers).status_code == 200
    with house.opened() as found:
        revoke_token(found, "web")
    assert ask_house.get(PATH, headers=headers).status_code == 401


def test_only_the_digest_of_a_token_is_kept(house, token):
    with house.opened() as found:
        assert caller(found, token) == "web"
        assert caller(found, token[:-1]) is None
    bare = token.removeprefix("ast_").encode()
    for file in house.home.path.rglob("*"):
        assert not file.is_file() or bare not in file.read_bytes()


def test_ones_own_frontend_may_ask_and_read(ask_house):
    mine = "https://app.example"
    ask = Caller(build(Rules(origins=frozenset([mine]))))
    asked = ask(
        "OPTIONS", PATH, headers={"Origin": mine, "Access-Control-Request-Method": "DELETE"}
    )
    assert asked.status_code == 204
    assert "DELETE" in asked.headers["access-control-allow-methods"]
    answer = ask.get(PATH, headers={"Origin": mine, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == mine
    assert answer.headers["vary"] == "Origin"
    other = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET"}
    assert ask("OPTIONS", PATH, headers=other).status_code == 403


def test_a_proxy_may_ask_by_its_own_name(ask_house):
    ask = Caller(build(Rules(hosts=frozenset(["sync.example"]))))
    headers = {"Host": "sync.example", "Origin": "https://sync.example"}
    assert ask.get(PATH, headers=headers).status_code == 200
    assert ask.get(PATH, headers={"Host": "other.example"}).status_code == 421


def test_nothing_may_frame_or_run_what_is_answered(ask):
    answer = ask.get(PATH)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_a_body_that_grows_or_says_itself_that_it_is_too_large_is_not_read(ask):
    async def endless():
        for _ in range(40):
            yield b" " * 65_536

    for body in (b" " * 2_000_000, endless()):
        answer = ask.post(
            "/api/v1/posts", content=body, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
