"""OAuth 1.0a: the documented examples, every text encoded as the RFC says, and a strict server."""

import asyncio
import json
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.credentials import App, OAuth1, Token
from analytics_sync.domain.records import Account, Horizon, Post
from analytics_sync.errors import AccountRefused, CredentialRefused
from analytics_sync.logs import redacted
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._x.login import LOGIN
from analytics_sync.platforms._x.oauth1 import (
    SignedHeaders,
    authorization,
    base_string,
    base_uri,
    encode,
    signature,
)
from analytics_sync.platforms.x import PLATFORM
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.service import Handle
from analytics_sync.transport.client import Transport
from support.fake_clock import FakeClock
from support.house import House
from support.linkedin_script import FreeReads, Metrics
from support.login_desk import settings_of, simulated
from support.transport_doubles import OpenBudgets

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
# X docs, Creating a signature.
X_EXAMPLE = OAuth1(
    "xvz1evFS4wEEPTGEFPHBog",
    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
)


# --- documented examples --------------------------------------------------------------------------


def test_the_example_of_x_is_signed_as_documented():
    header = authorization(
        "POST",
        "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
        X_EXAMPLE,
        nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        timestamp=1318622958,
        form=[("status", "Hello Ladies + Gentlemen, a signed OAuth request!")],
    )
    assert header == (
        'OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", '
        'oauth_nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", '
        'oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D", '
        'oauth_signature_method="HMAC-SHA1", oauth_timestamp="1318622958", '
        'oauth_token="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", oauth_version="1.0"'
    )


def test_the_photo_of_the_rfc_is_signed_as_there():
    """RFC 5849, section 1.2."""
    base = base_string(
        "GET",
        "http://photos.example.net/photos?file=vacation.jpg&size=original",
        [
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
        ],
    )
    assert signature(base, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00") == "MdpQcU8iPSUjWoN/UDMsK2sui9I="


def test_the_base_string_of_the_rfc_is_made_as_there():
    """RFC 5849, section 3.4.1.1, with the parameters of section 3.4.1.3.1."""
    made = base_string(
        "post",
        "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
            ("c2", ""),
            ("a3", "2 q"),
        ],
    )
    assert made == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D"
        "%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a"
        "%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh"
        "3k39sjv7"
    )


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("http://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X"),
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("https://api.x.com:443/2/users/me", "https://api.x.com/2/users/me"),
        ("http://127.0.0.1:443/x", "http://127.0.0.1:443/x"),
        ("https://[::1]:8914/x", "https://[::1]:8914/x"),
        ("https://api.x.com", "https://api.x.com/"),
    ],
)
def test_the_address_that_is_signed_has_no_query_and_no_usual_port(url, uri):
    """RFC 5849, section 3.4.1.2."""
    assert base_uri(url) == uri


# --- encoding -------------------------------------------------------------------------------------


@given(st.text())
def test_every_text_is_encoded_byte_for_byte(text):
    """RFC 5849, section 3.6: upper-case hex, nothing but unreserved letters left."""
    wanted = "".join(
        chr(byte) if chr(byte) in UNRESERVED else f"%{byte:02X}" for byte in text.encode()
    )
    assert encode(text) == wanted
    assert unquote(encode(text), errors="strict") == text


pairs = st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=5)


@given(pairs, pairs, st.randoms())
def test_where_a_parameter_stands_and_in_which_order_changes_no_signature(query, form, order):
    """RFC 5849, section 3.4.1.3: the parameters are one sorted list."""

    def base(inside, beside):
        written = "&".join(f"{encode(name)}={encode(value)}" for name, value in inside)
        return base_string("GET", f"https://api.x.com/2/tweets?{written}", beside)

    everything = [*query, *form]
    order.shuffle(everything)
    assert base(query, form) == base(everything, []) == base([], everything)


@given(st.text(), st.text(), st.text(), st.text())
def test_a_header_can_be_sent_whatever_the_secrets_hold(key, secret, token, token_secret):
    oauth1 = OAuth1(key, secret, token, token_secret)
    header = authorization("GET", "https://api.x.com/2/", oauth1, nonce="n", timestamp=1)
    assert header.isascii()
    assert header.isprintable()
    assert unquote(re.search(r'oauth_token="([^"]*)"', header)[1]) == token


# --- headers of one request -----------------------------------------------------------------------


def test_each_reading_of_the_headers_signs_anew_and_tells_no_secret():
    headers = SignedHeaders({"Accept": "a"}, "https://api.x.com/2/users/me", X_EXAMPLE, FakeClock())
    first, second = dict(headers), dict(headers)
    assert sorted(first) == ["Accept", "Authorization"]
    assert first["Accept"] == headers["Accept"] == "a"
    assert first["Authorization"] != second["Authorization"]
    assert len(headers) == 2
    for secret in (X_EXAMPLE.consumer_secret, X_EXAMPLE.token_secret):
        assert secret not in first["Authorization"]
        assert secret not in redacted(f"{secret} {headers!r}")


def test_no_header_that_is_not_there_is_made_up():
    headers = SignedHeaders({}, "https://api.x.com/", X_EXAMPLE, FakeClock())
    assert "Cookie" not in headers


# --- a strict server ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk():
    with simulated("x") as made:
        yield made


class Signing:
    """An account whose user signs, and what the platform does for it."""

    def __init__(self, desk, **wrong):
        self.desk = desk
        self.service = desk.simulator.services["x"]
        self.user = self.service.populate(1, "Acme", 12).platform_account_id
        told = {**self.service.oauth1(self.user), **wrong}
        self.oauth1 = OAuth1(
            told["consumer_key"], told["consumer_secret"], told["token"], told["token_secret"]
        )

    def context(self, transport, clock):
        account = Account(1, 1, "x", self.user, credential_id=1)
        settings = settings_of("x", f"{self.desk.origin}/x")
        rules = PLATFORM.rules(account, settings)
        return Context(
            account, "", settings, clock, transport, Metrics(), FreeReads(), rules, self.oauth1
        )

    def ask(self, work, clock=None):
        clock = clock or self.desk.clock

        async def run():
            async with Transport(budgets=OpenBudgets(), clock=clock) as transport:
                return await work(self.context(transport, clock))

        return asyncio.run(run())


async def everything(context):
    """All that X's client does for an account."""
    identity = await PLATFORM.identify(context)
    horizon = Horizon(context.clock.now() - timedelta(days=120))
    pages = [page async for page in PLATFORM.discover(context, "posts", horizon)]
    found = [post for page in pages for post in page]
    one = await PLATFORM.look_up(context, found[0].platform_post_id)
    asked = [
        Post(number, post.platform_post_id, post.published_at, versions=post.versions)
        for number, post in enumerate(found)
    ]
    readings = [reading async for reading in PLATFORM.read(context, asked)]
    return identity, one, readings, await PLATFORM.totals(context)


def test_all_that_is_asked_of_x_is_asked_by_signed_requests(desk):
    identity, one, readings, totals = Signing(desk).ask(everything)
    assert "clicks" in " ".join(identity.may_read)
    assert one.platform_post_id
    assert totals.followers is not None
    assert len(readings) == 12
    assert any("user_profile_clicks" in reading.extra for reading in readings)


def test_a_token_file_of_four_values_is_enough_for_a_whole_sync(tmp_path):
    house = House(tmp_path)
    house.add_business()
    service = house.simulator.services["x"]
    user = service.populate(1, "Acme", 12).platform_account_id
    told = service.oauth1(user)
    secrets = {name: told[name] for name in ("consumer_key", "consumer_secret")}
    secrets |= {"access_token": told["token"], "access_token_secret": told["token_secret"]}
    account = house.add_account(Handle("x", None, "Acme", None, json.dumps(secrets)), 1)
    assert account.platform_account_id == user
    assert house.sync().outcome == "complete"
    latest = house.latest()
    assert latest == {key: said for key, said in house.truth().items() if key in latest}
    assert any(row["clicks"] is not None for row in latest.values())


def test_a_try_after_trouble_is_signed_anew(desk):
    """The server takes no nonce twice."""
    signing = Signing(desk)
    desk.world.faults.add(Fault("lost", "x"))
    desk.world.journal.clear()
    identity = signing.ask(PLATFORM.identify)
    assert identity.platform_account_id == signing.user
    assert desk.labels()["x me"] == 2


@pytest.mark.parametrize("name", ["consumer_secret", "token_secret", "token", "consumer_key"])
def test_a_wrong_secret_is_a_refused_credential(desk, name):
    signing = Signing(desk, **{name: "something else entirely"})
    with pytest.raises(CredentialRefused) as caught:
        signing.ask(PLATFORM.identify)
    assert "something else" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_wrong_clock_is_told_from_a_refused_credential(desk, minutes):
    clock = FakeClock(desk.clock.now() + timedelta(minutes=minutes))
    with pytest.raises(AccountRefused, match="this machine's clock shows") as caught:
        Signing(desk).ask(PLATFORM.identify, clock)
    assert caught.value.code == "configuration"


def test_a_signing_token_is_inspected_but_neither_renewed_nor_revoked(desk):
    signing = Signing(desk)
    token = Token(signing.oauth1.token, oauth1=signing.oauth1)
    app = App("x", "unused")
    found = desk.talk(app, lambda talk: LOGIN.inspect(talk, token, None))
    assert (found.alive, found.subject_id, found.missing) == (True, signing.user, ())
    assert not LOGIN.renews(token)
    assert LOGIN.renew_at(token) is None
    with pytest.raises(Exception, match="not revoked from here") as caught:
        desk.talk(app, lambda talk: LOGIN.revoke(talk, token))
    assert "Connected apps" in caught.value.hint


def test_the_signature_depends_on_each_secret():
    base = base_string("GET", "https://api.x.com/", [("a", "b")])
    made = {signature(base, c, t) for c in ("one", "two", "") for t in ("one", "two", "")}
    assert len(made) == 9
