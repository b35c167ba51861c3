"""What every platform keeps. Platforms are found by listing the folder, so a new one is held to it
as soon as its file is there.
"""

import pkgutil
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync import platforms
from analytics_sync.domain.records import POST_KINDS, Account
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.platforms import all_platforms
from analytics_sync.platforms._contract import Platform
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.settings.fields import COMMON, platform_fields
from analytics_sync.settings.values import read
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.services import all_services
from analytics_sync.simulator.world import World
from analytics_sync.transport.call import Call, Limit, Reply

NAMES = sorted(
    module.name
    for module in pkgutil.iter_modules(platforms.__path__)
    if not module.name.startswith("_")
)
TESTS = Path(__file__).parent
ROOT = TESTS.parent.parent
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HEAVY = ("alembic", "httpx", "pydantic", "rich", "sqlalchemy", "sqlmodel", "starlette", "typer")
GARBAGE = ("", " ", "acme", "@acme", "https://example.org/acme", "urn:li:nothing:x", "½", "１２")

every_platform = pytest.mark.parametrize("name", NAMES)


def settings_of(platform: Platform) -> PlatformSettings:
    own = {setting.name: setting.default for setting in platform.settings}
    found = PlatformSettings(base_url=platform.base_url, client_secret="s" * 32, own=own)
    return PlatformSettings(
        base_url=found.base_url, own=own, siblings=dict.fromkeys(all_platforms(), found)
    )


def account_of(platform: Platform, kind: str | None = None) -> Account:
    return Account(7, 1, platform.name, "1001", kind, credential_id=3, app_id=2)


def test_there_are_platforms_to_hold():
    assert {"facebook", "instagram", "linkedin", "x"} <= set(NAMES) == set(all_platforms())


@every_platform
def test_the_module_says_what_it_is_and_holds_its_platform(name):
    module = import_module(f"analytics_sync.platforms.{name}")
    assert module.__doc__
    assert isinstance(module.PLATFORM, Platform)
    assert module.PLATFORM.name == name
    assert module.PLATFORM.title.strip()
    assert module.PLATFORM.account_id_help.strip()


def test_no_word_means_two_platforms():
    words = [
        word for platform in all_platforms().values() for word in (platform.name, *platform.aliases)
    ]
    families = {platform.family for platform in all_platforms().values()}
    assert len(words) == len(set(words))
    assert not families & set(words)
    assert all(word == word.lower().strip() for word in words)


@every_platform
def test_the_address_is_https_and_ends_before_the_version(name):
    address = urlsplit(all_platforms()[name].base_url)
    assert (address.scheme, address.path, address.query) == ("https", "", "")


@every_platform
def test_settings_have_names_of_their_own_and_defaults_that_are_allowed(name):
    platform = all_platforms()[name]
    fields = list(platform_fields(platform))
    keys = [field.key for field in (*COMMON, *fields)]
    assert len(keys) == len(set(keys))
    for setting, field in zip(platform.settings, fields[-len(platform.settings) :], strict=True):
        assert field.key == f"platforms.{name}.{setting.name}"
        assert read(field, setting.default) == setting.default
        assert re.fullmatch(r"[a-z][a-z0-9_]*", setting.name)
        assert setting.help.strip() == " ".join(setting.help.split())
        assert not setting.pattern or setting.form, "a pattern alone tells people nothing"


@every_platform
def test_rhythms_are_spans_that_grow_with_a_posts_age(name):
    platform = all_platforms()[name]
    ages = [age for age, _ in platform.cadence.steps]
    times = [every for _, every in platform.cadence.steps]
    assert ages == sorted(set(ages))
    assert times == sorted(times)
    assert min(times) >= timedelta(0) < min(ages)
    assert "posts" in platform.listings
    assert all(every > timedelta(0) for every in platform.listings.values())
    assert all(span > timedelta(0) for span in platform.lifetimes.values())
    assert set(platform.lifetimes) <= POST_KINDS


@every_platform
def test_account_kinds_are_kept_as_said_or_told_by_the_id(name):
    platform = all_platforms()[name]
    assert len(set(platform.account_kinds)) == len(platform.account_kinds)
    for kind in platform.account_kinds:
        assert platform.account_kind("", kind) == kind
    told = platform.account_kind("1001", None)
    assert told in {None, *platform.account_kinds}


@every_platform
@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_no_id_and_the_words_say_what_is_wanted(name, garbage):
    platform = all_platforms()[name]
    for parse in (platform.parse_account_id, platform.parse_post_id):
        with pytest.raises(ValueError) as refusal:
            parse(garbage)
        words = str(refusal.value).replace(repr(garbage), "")
        assert platform.title in words
        assert re.search("digits|number|[0-9]", words), "an example, or what it is made of"


IDS = st.one_of(
    st.text(max_size=60),
    st.text("0123456789_", max_size=40),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(
            [
                "urn:li:share:",
                "urn:li:organization:",
                "https://x.com/acme/status/",
                "https://www.linkedin.com/feed/update/urn:li:ugcPost:",
                "https://www.facebook.com/1110001/posts/",
                "https://www.facebook.com/watch/?v=",
                "https://www.instagram.com/p/",
                "facebook.com/profile.php?id=",
                " ",
                "%31",
                "http://[",
            ]
        ),
        st.text("0123456789abc/?&=:%._-", max_size=25),
        st.sampled_from(["", "/", "\n", "?x=1", " "]),
    ),
)


@every_platform
@given(text=IDS)
def test_an_id_that_is_taken_is_in_its_stored_form(name, text):
    platform = all_platforms()[name]
    account = account_of(platform)
    for parse in (
        platform.parse_account_id,
        platform.parse_post_id,
        lambda said: platform.parse_post_id(said, account),
    ):
        try:
            stored = parse(text)
        except ValueError:
            continue
        assert isinstance(stored, str)
        assert stored == stored.strip() != ""
        assert stored.isprintable()
        assert parse(stored) == stored


@every_platform
@given(text=IDS)
def test_a_stored_post_id_tells_a_time_with_a_zone_or_none(name, text):
    platform = all_platforms()[name]
    try:
        stored = platform.parse_post_id(text)
    except ValueError:
        return
    moment = platform.published_from_id(stored)
    assert moment is None or moment.utcoffset() == timedelta(0)


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "retry-after",
            "x-rate-limit-remaining",
            "x-rate-limit-reset",
            "x-app-usage",
            "x-business-use-case-usage",
            "date",
        ]
    ),
    st.one_of(
        st.text(max_size=20),
        st.integers(-(10**20), 10**20).map(str),
        st.sampled_from(["{}", "[]", '{"1":[{"type":"pages"}]}', '{"call_count":"x"}', "null"]),
    ),
)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"{}",
            b"[]",
            b"null",
            b"1",
            b'{"error":null}',
            b'{"error":{"code":190}}',
            b'{"error":{"code":"x","message":7}}',
            b'{"errors":[1]}',
            b'{"errors":{"a":1}}',
            b'{"status":"x","code":[],"message":{}}',
            b'{"title":7,"type":[],"detail":{}}',
            b"<html>",
            b"[" * 5000,
        ]
    ),
)


@every_platform
@given(status=st.integers(200, 599), headers=HEADERS, body=BODIES)
def test_whatever_is_answered_becomes_a_failure_by_its_consequence(name, status, headers, body):
    platform = all_platforms()[name]
    settings = settings_of(platform)
    for kind in platform.account_kinds or (None,):
        account = account_of(platform, kind)
        rules = platform.rules(account, settings)
        buckets = (f"{name}:credential:3:posts", f"{name}:credential:3", f"{name}:app:2")
        call = Call(url=f"{platform.base_url}/posts", label="posts", buckets=buckets)
        reply = Reply(status, headers, body)
        failure = rules.failure(call, reply, NOW)
        assert failure is None or isinstance(failure, AnalyticsSyncError)
        assert failure is not None or 200 <= status < 300
        for limit in rules.limits(call, reply, NOW):
            assert isinstance(limit, Limit)
            assert limit.bucket.startswith(f"{name}:")
            assert limit.stop_until is None or limit.stop_until.utcoffset() == timedelta(0)
            assert limit.slow_down >= 0


@every_platform
def test_ceilings_of_our_own_are_on_the_applications_calls(name):
    platform = all_platforms()[name]
    plain = settings_of(platform)
    told = PlatformSettings(
        base_url=plain.base_url, own=plain.own, max_calls_per_hour=10, max_calls_per_day=100
    )
    for kind in platform.account_kinds or (None,):
        caps = platform.caps(account_of(platform, kind), told)
        app = {cap.period: cap.calls for cap in caps if cap.bucket == f"{name}:app:2"}
        assert app[timedelta(hours=1)] == 10
        assert app[timedelta(days=1)] == 100
        assert all(cap.bucket.startswith(f"{name}:") and cap.calls > 0 for cap in caps)


@every_platform
def test_what_reading_takes_grows_with_the_posts_and_is_nothing_without(name):
    platform = all_platforms()[name]
    settings = settings_of(platform)
    assert list(platform.read_apart_at) == sorted(set(platform.read_apart_at))
    for kind in platform.account_kinds or (None,):
        account = account_of(platform, kind)
        costs = [platform.read_cost(account, settings, posts) for posts in range(300)]
        assert (costs[0].requests, costs[0].counted) == (0, 0)
        for before, after in pairwise(costs):
            assert after.requests >= before.requests
            assert after.counted >= max(before.counted, after.requests)
        for listing in platform.listings:
            listed = platform.listing_cost(account, listing, 0)
            assert 1 <= listed.requests <= listed.counted


@every_platform
def test_importing_it_loads_nothing_heavy(name):
    code = f"""
import sys, analytics_sync.platforms.{name}
print(*sorted(set(sys.modules) & set({HEAVY!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


@every_platform
def test_it_has_tests_a_page_and_a_made_up_service(name):
    page = ROOT / "docs" / "platforms" / f"{name}.md"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (TESTS / f"test_{name}.py").exists()
    assert page.exists()
    assert f"(docs/platforms/{name}.md)" in readme
    text = page.read_text(encoding="utf-8")
    assert f"<!-- generated: platform {name} -->" in text
    assert f"<!-- generated: settings {name} -->" in text
    assert name in all_services(World(SimulatedClock(NOW)))
