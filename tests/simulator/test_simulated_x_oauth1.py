"""The simulated X: requests that are signed by OAuth 1.0a."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from analytics_sync.simulator.services._x.oauth1 import signature
from support.simulated_x import AskedX


def test_the_example_of_the_documentation() -> None:
    """X docs: Creating a signature."""
    signed = signature(
        "post",
        "https://api.twitter.com/1/statuses/update.json",
        [
            ("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
            ("include_entities", "true"),
            ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
            ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1318622958"),
            ("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
            ("oauth_version", "1.0"),
        ],
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    )
    assert signed == "tnnArxj06cWHq44gCs1OSKk/jLY="


class Signer:
    """A client's own signing, written apart from the simulator's."""

    def __init__(self, x: AskedX) -> None:
        self.x = x
        self.keys = x.service.oauth1(x.user)
        self.used = 0

    def header(self, path: str, query: dict[str, str], **changed: Any) -> str:
        self.used += 1
        said = {
            "oauth_consumer_key": self.keys["consumer_key"],
            "oauth_nonce": f"n{self.used}",
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(self.x.world.clock.now().timestamp())),
            "oauth_token": self.keys["token"],
            "oauth_version": "1.0",
            **changed,
        }
        said = {name: value for name, value in said.items() if value is not None}
        everything = sorted(
            (quote(k, safe="~"), quote(v, safe="~")) for k, v in {**said, **query}.items()
        )
        text = quote("&".join(f"{k}={v}" for k, v in everything), safe="~")
        base = f"GET&{quote(f'http://x{path}', safe='~')}&{text}"
        key = f"{self.keys['consumer_secret']}&{self.keys['token_secret']}"
        made = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest())
        said.setdefault("oauth_signature", made.decode())
        return "OAuth " + ", ".join(f'{k}="{quote(v, safe="~")}"' for k, v in said.items())

    def ask(self, path: str, header: str = "", **query: str) -> httpx.Response:
        header = header or self.header(path, query)
        return self.x.ask(path, headers={"authorization": header}, **query)


def test_a_signed_request_is_the_users_own_and_never_expires() -> None:
    x = AskedX(posts=3)
    signer = Signer(x)
    assert signer.ask("/2/users/me").json()["data"]["id"] == x.user
    x.later(days=400)
    ids = ",".join(post.id for post in x.posts)
    found = signer.ask("/2/tweets", ids=ids)
    assert len(found.json()["data"]) == 3
    assert signer.ask(f"/2/users/{x.user}/tweets", max_results="5").status_code == 200
    assert signer.ask(f"/2/users/{x.user}").status_code == 200


def test_a_user_token_is_of_no_use_where_only_the_app_is_let_in() -> None:
    assert Signer(AskedX()).ask("/2/usage/tweets").status_code == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"oauth_signature": "bm8="},
        {"oauth_signature_method": "PLAINTEXT"},
        {"oauth_consumer_key": "other"},
        {"oauth_token": "other"},
        {"oauth_token": None},
        {"oauth_nonce": None},
        {"oauth_nonce": ""},
        {"oauth_timestamp": "soon"},
        {"oauth_timestamp": None},
        {"oauth_version": "2.0"},
    ],
)
def test_what_is_not_signed_rightly_is_refused(changed: dict[str, Any]) -> None:
    x = AskedX()
    signer = Signer(x)
    answer = signer.ask("/2/users/me", signer.header("/2/users/me", {}, **changed))
    assert answer.status_code == 401
    assert answer.json() == {
        "title": "Unauthorized",
        "type": "about:blank",
        "status": 401,
        "detail": "Unauthorized",
    }


def test_a_signature_covers_the_path_and_every_parameter() -> None:
    x = AskedX(posts=2)
    signer = Signer(x)
    header = signer.header("/2/tweets", {"ids": x.posts[0].id})
    assert signer.ask("/2/tweets", header, ids=x.posts[1].id).status_code == 401
    assert signer.ask("/2/users/me", header).status_code == 401
    assert signer.ask("/2/tweets", header, ids=x.posts[0].id).status_code == 200


def test_a_nonce_works_once() -> None:
    signer = Signer(AskedX())
    header = signer.header("/2/users/me", {})
    assert signer.ask("/2/users/me", header).status_code == 200
    assert signer.ask("/2/users/me", header).status_code == 401


def test_the_version_may_be_left_out_and_a_parameter_not_be_there_twice() -> None:
    signer = Signer(AskedX())
    header = signer.header("/2/users/me", {}, oauth_version=None)
    assert signer.ask("/2/users/me", header).status_code == 200
    header = signer.header("/2/users/me", {})
    assert signer.ask("/2/users/me", header + ', oauth_nonce="x"').status_code == 401
    assert signer.ask("/2/users/me", "OAuth nonsense").status_code == 401


@pytest.mark.parametrize(("away", "status"), [(-300, 200), (-301, 401), (300, 200), (301, 401)])
def test_the_time_may_be_five_minutes_off(away: int, status: int) -> None:
    x = AskedX()
    signer = Signer(x)
    stamp = str(int(x.world.clock.now().timestamp()) + away)
    header = signer.header("/2/users/me", {}, oauth_timestamp=stamp)
    assert signer.ask("/2/users/me", header).status_code == status


def test_a_world_with_a_clock_of_its_own_may_ignore_times() -> None:
    x = AskedX(check_timestamps=False)
    header = Signer(x).header("/2/users/me", {}, oauth_timestamp="1")
    assert x.ask("/2/users/me", headers={"authorization": header}).status_code == 200


def test_signing_keys_are_no_bearer_tokens_and_can_be_withdrawn() -> None:
    x = AskedX()
    signer = Signer(x)
    assert x.ask("/2/users/me", signer.keys["token"]).status_code == 401
    assert x.service.withdraw(x.user) == 2
    assert signer.ask("/2/users/me").status_code == 401


def test_signing_keys_come_as_a_token_file_too() -> None:
    x = AskedX()
    told = json.loads(x.service.oauth1_file(x.user))
    assert set(told) == {"consumer_key", "consumer_secret", "access_token", "access_token_secret"}
    assert told["access_token"].startswith(f"{x.user}-")


def test_faults_meet_signed_requests_too() -> None:
    x = AskedX()
    x.fault("unauthorized")
    signer = Signer(x)
    assert signer.ask("/2/users/me").status_code == 401
    assert signer.ask("/2/users/me").status_code == 200
