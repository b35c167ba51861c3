"""What is set where, and which place wins."""

import subprocess
import sys
from datetime import timedelta

import pytest

from analytics_sync.domain.cadence import Cadence
from analytics_sync.settings.load import Origin, Settings
from analytics_sync.settings.sources import Source
from support.settings_doubles import CHIRP, Desk

BASE = "ANALYTICS_SYNC_PLATFORMS__CHIRP__BASE_URL"


def origin(settings: Settings, key: str) -> Origin:
    return next(one for one in settings.origins if one.key == key)


def test_without_a_file_everything_has_its_default(desk: Desk) -> None:
    settings = desk.load()
    assert settings.database_url == f"sqlite:///{desk.home.database}"
    assert settings.max_run == timedelta(minutes=10)
    assert settings.enabled is True
    assert settings.key_command == ()
    assert settings.log_level is None
    assert settings.cadence == Cadence.usual()
    chirp = settings.platforms["chirp"]
    assert chirp.base_url == "https://api.chirp.example"
    assert (chirp.posts_per_sync, chirp.max_calls_per_hour, chirp.client_id) == (100, None, None)
    assert chirp.own == {s.name: s.default for s in CHIRP.settings}
    assert settings.platforms["pages"].discover_every == timedelta(hours=6)
    assert {one.source for one in settings.origins} == {Source.DEFAULT}


def test_the_file_sets_common_and_platform_settings(desk: Desk) -> None:
    settings = desk.load(
        """
        database_url = "postgresql://me:hunter2@db/name"
        max_run = "1h30m"
        enabled = false
        key_command = ["pass", "show", "analytics sync"]
        log_level = "debug"
        [platforms.chirp]
        client_id = 12345
        client_secret = "hunter2-hunter2-1234"
        posts_per_sync = 50
        max_calls_per_hour = 200
        discover_every = "30m"
        dialect = "new"
        budget = 0
        price = 1
        strict = true
        """
    )
    assert settings.database_url == "postgresql://me:hunter2@db/name"
    assert settings.max_run == timedelta(minutes=90)
    assert settings.enabled is False
    assert settings.key_command == ("pass", "show", "analytics sync")
    assert settings.log_level == "debug"
    chirp = settings.platforms["chirp"]
    assert chirp.client_id == "12345"
    assert chirp.client_secret == "hunter2-hunter2-1234"
    assert (chirp.posts_per_sync, chirp.max_calls_per_hour) == (50, 200)
    assert chirp.discover_every == timedelta(minutes=30)
    assert {**chirp.own} | {"proof": ""} == {
        "dialect": "new",
        "budget": 0,
        "price": 1.0,
        "strict": True,
        "proof": "",
    }


def test_the_stronger_place_wins_and_is_remembered(desk: Desk) -> None:
    config = '[platforms.chirp]\nbase_url = "https://file.example"\nposts_per_sync = 1'
    environ = {BASE: "https://environment.example", "ANALYTICS_SYNC_MAX_RUN": "5m"}
    settings = desk.load(config, environ, max_run="2m")
    assert settings.platforms["chirp"].base_url == "https://environment.example"
    assert settings.max_run == timedelta(minutes=2)
    assert origin(settings, "max_run") == Origin("max_run", "2m", Source.OPTION, "the command line")
    base = origin(settings, "platforms.chirp.base_url")
    assert (base.source, base.where) == (Source.ENVIRONMENT, BASE)
    posts = origin(settings, "platforms.chirp.posts_per_sync")
    assert (posts.value, posts.source, posts.where) == (1, Source.CONFIG, str(desk.home.config))


def test_variables_that_set_something_are_named(desk: Desk) -> None:
    settings = desk.load(
        "", {BASE: "https://a.example", "ANALYTICS_SYNC_HOME": "/x", "PATH": "/bin"}
    )
    assert settings.environment == (BASE,)


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("POSTS_PER_SYNC", "7", lambda s: s.posts_per_sync == 7),
        ("PRICE", "0.25", lambda s: s.own["price"] == 0.25),
        ("STRICT", "Yes", lambda s: s.own["strict"] is True),
        ("STRICT", "0", lambda s: s.own["strict"] is False),
        (
            "CLIENT_SECRET",
            " padded-by-a-newline\n",
            lambda s: s.client_secret == "padded-by-a-newline",
        ),
        ("DISCOVER_EVERY", "1d12h", lambda s: s.discover_every == timedelta(hours=36)),
        ("POSTS_PER_SYNC", "", lambda s: s.posts_per_sync == 100),
    ],
)
def test_the_environment_says_everything_as_text(desk: Desk, variable, text, read) -> None:
    settings = desk.load("", {f"ANALYTICS_SYNC_PLATFORMS__CHIRP__{variable}": text})
    assert read(settings.platforms["chirp"])


def test_a_command_in_one_text_is_split_like_a_shell(desk: Desk) -> None:
    settings = desk.load("", {"ANALYTICS_SYNC_KEY_COMMAND": "pass show 'analytics sync'"})
    assert settings.key_command == ("pass", "show", "analytics sync")


def test_options_that_were_not_given_change_nothing(desk: Desk) -> None:
    assert desk.load("", {}, max_run=None).max_run == timedelta(minutes=10)


def test_a_closing_slash_of_an_address_is_dropped(desk: Desk) -> None:
    assert desk.load("", {BASE: "https://a.example/x/"}).platforms["chirp"].base_url == (
        "https://a.example/x"
    )


class TestAddressesThatFollow:
    """`token_url` and `authorize_url` move with `base_url`."""

    def test_where_nothing_is_set_they_are_the_platforms_own(self, desk: Desk) -> None:
        chirp = desk.load().platforms["chirp"]
        assert (chirp.token_url, chirp.authorize_url) == (CHIRP.token_url, CHIRP.authorize_url)

    def test_they_go_where_the_base_address_goes(self, desk: Desk) -> None:
        settings = desk.load("", {BASE: "http://127.0.0.1:8080/chirp/"})
        chirp = settings.platforms["chirp"]
        assert chirp.token_url == "http://127.0.0.1:8080/chirp/2/oauth2/token"
        assert chirp.authorize_url == "http://127.0.0.1:8080/chirp/i/authorize"
        assert origin(settings, "platforms.chirp.token_url").where == "follows base_url"

    def test_unless_they_are_set(self, desk: Desk) -> None:
        config = (
            '[platforms.chirp]\nbase_url = "https://b.example"\ntoken_url = "https://t.example/t"'
        )
        chirp = desk.load(config).platforms["chirp"]
        assert chirp.token_url == "https://t.example/t"
        assert chirp.authorize_url == "https://b.example/i/authorize"

    def test_a_platform_that_names_none_has_none(self, desk: Desk) -> None:
        assert desk.load().platforms["pages"].token_url == ""


def test_siblings_are_the_other_platforms(desk: Desk) -> None:
    settings = desk.load('[platforms.chirp]\nclient_secret = "of-chirp"')
    siblings = settings.platforms["pages"].siblings
    assert set(siblings) == {"chirp"}
    assert siblings["chirp"].client_secret == "of-chirp"


class TestCadence:
    def test_a_platform_without_its_own_follows_the_general_one(self, desk: Desk) -> None:
        settings = desk.load('[cadence]\nunder_7_days = "1h"')
        assert settings.platforms["pages"].cadence.at(timedelta(days=1)) == timedelta(hours=1)
        assert settings.platforms["pages"].cadence == settings.cadence

    def test_a_platform_with_its_own_does_not(self, desk: Desk) -> None:
        settings = desk.load('[cadence]\nunder_7_days = "1h"')
        assert settings.platforms["chirp"].cadence == CHIRP.cadence

    def test_its_own_table_changes_single_steps(self, desk: Desk) -> None:
        settings = desk.load('[cadence.chirp]\nunder_36_hours = "every run"\nolder = "30d"')
        assert settings.platforms["chirp"].cadence == Cadence(
            (
                (timedelta(hours=36), timedelta(0)),
                (timedelta(days=2), timedelta(0)),
                (timedelta(days=30), timedelta(days=1)),
            ),
            timedelta(days=30),
        )

    def test_a_table_of_a_platform_is_laid_over_the_general_one(self, desk: Desk) -> None:
        settings = desk.load(
            '[cadence]\nolder = "14d"\n[cadence.pages]\nunder_7_days = "2h"\nunder_48_hours = "1h"'
        )
        cadence = settings.platforms["pages"].cadence
        assert cadence.at(timedelta(days=1)) == timedelta(hours=1)
        assert cadence.at(timedelta(days=3)) == timedelta(hours=2)
        assert cadence.at(timedelta(days=400)) == timedelta(days=14)

    def test_off_from_some_age_on(self, desk: Desk) -> None:
        settings = desk.load('[cadence]\nunder_90_days = "off"\nolder = "off"')
        assert settings.cadence == Cadence(
            ((timedelta(days=7), timedelta(0)), (timedelta(days=30), timedelta(hours=6))), None
        )

    def test_the_environment_sets_steps_too(self, desk: Desk) -> None:
        settings = desk.load(
            '[cadence.chirp]\nolder = "7d"', {"ANALYTICS_SYNC_CADENCE__CHIRP__OLDER": "off"}
        )
        assert settings.platforms["chirp"].cadence.older is None
        assert origin(settings, "cadence.chirp.older").value == "off"

    def test_all_steps_are_shown_with_where_they_came_from(self, desk: Desk) -> None:
        settings = desk.load('[cadence.pages]\nunder_48_hours = "1h"')
        steps = {
            o.key: (o.value, o.source)
            for o in settings.origins
            if o.key.startswith("cadence.pages")
        }
        assert steps == {
            "cadence.pages.under_2_days": ("1h", Source.CONFIG),
            "cadence.pages.under_7_days": ("every run", Source.DEFAULT),
            "cadence.pages.under_30_days": ("6h", Source.DEFAULT),
            "cadence.pages.under_90_days": ("1d", Source.DEFAULT),
            "cadence.pages.older": ("7d", Source.DEFAULT),
        }


class TestSecrets:
    CONFIG = """
        database_url = "postgresql://me:pa%2Fssword@db/name"
        [platforms.chirp]
        client_secret = "0123456789-client-secret"
        proof = "0123456789-proof"
        """

    def test_they_are_masked_where_settings_are_shown(self, desk: Desk) -> None:
        settings = desk.load(self.CONFIG)
        assert origin(settings, "database_url").value == "postgresql://me:****@db/name"
        assert origin(settings, "platforms.chirp.client_secret").value == "****cret"
        assert origin(settings, "platforms.chirp.proof").value == "****roof"
        assert origin(settings, "platforms.pages.client_secret").value is None

    def test_no_repr_shows_them(self, desk: Desk) -> None:
        settings = desk.load('[platforms.chirp]\nclient_secret = "0123456789-client-secret"')
        assert "client-secret" not in repr(settings) + repr(settings.platforms["pages"])

    def test_they_are_handed_to_the_log(self, desk: Desk) -> None:
        assert set(desk.load(self.CONFIG).secrets) == {
            "pa%2Fssword",
            "pa/ssword",
            "0123456789-client-secret",
            "0123456789-proof",
        }


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("sqlite:////srv/other.db", "sqlite:////srv/other.db"),
        ("sqlite:///other.db", "sqlite:///{home}/other.db"),
        ("sqlite:///a/other.db?timeout=5", "sqlite:///{home}/a/other.db?timeout=5"),
        ("postgresql+psycopg://db/name", "postgresql+psycopg://db/name"),
    ],
)
def test_a_relative_database_file_lies_in_the_home(desk: Desk, url: str, stored: str) -> None:
    settings = desk.load("", {"ANALYTICS_SYNC_DATABASE_URL": url})
    assert settings.database_url == stored.format(home=desk.home.path)


def test_loading_imports_nothing_heavy(desk: Desk) -> None:
    """Loading is on the path of every command, also of those that must be quick."""
    desk.home.config.write_text("[cadence]\n")
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from analytics_sync.settings.home import find_home\n"
        "from analytics_sync.settings.load import load\n"
        "load(find_home({'ANALYTICS_SYNC_HOME': sys.argv[1]}), {}, {}, {})\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(desk.home.path)],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"asyncio", "difflib", "logging", "platformdirs", "pydantic", "sqlmodel", "subprocess"}
    assert not heavy & set(ran.stdout.split())


def test_the_same_settings_are_equal(desk: Desk) -> None:
    assert desk.load().platforms == desk.load().platforms
