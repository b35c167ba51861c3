"""Mistakes are all named at once, each with its key, its place and what is allowed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from analytics_sync.errors import ConfigurationInvalid, ExitStatus
from support.settings_doubles import Desk


def problems(desk: Desk, config: str = "", environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigurationInvalid) as caught:
        desk.load(config, environ)
    assert caught.value.exit_status is ExitStatus.CONFIGURATION
    return list(caught.value.problems)


def the_problem(desk: Desk, config: str = "", environ: dict[str, str] | None = None) -> str:
    (only,) = problems(desk, config, environ)
    return only


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('max_run = "5"', "max_run = '5' ({file}): must be a span such as 90m, 24h or 1d12h, from 10s to 1d"),
        ('max_run = "1s"', "from 10s to 1d"),
        ("max_run = 600", "max_run = 600 ({file}): must be a span such as 90m, 24h or 1d12h, from 10s to 1d, in quotes"),
        ('enabled = "yes"', "enabled = 'yes' ({file}): must be true or false"),
        ("enabled = 1", "must be true or false"),
        ('log_level = "loud"', "log_level = 'loud' ({file}): must be one of debug, info, warning, error"),
        ("key_command = 3", "must be a command, or a list of its words"),
        ("key_command = []", "must be a command, or a list of its words"),
        ("key_command = [1]", "must be a command, or a list of its words"),
        ("key_command = \"pass 'show\"", "can't be split into words"),
        ('database_url = "mysql://h/d"', "must be sqlite:////absolute/path.db or postgresql://"),
        ('database_url = "sqlite://"', "names no file"),
        ('database_url = "sqlite:///:memory:"', "names no file"),
        ('database_url = "postgresql://"', "names no server"),
        ("[platforms.chirp]\nposts_per_sync = 0", "platforms.chirp.posts_per_sync = 0 ({file}): must be a whole number, from 1 to 100,000"),
        ("[platforms.chirp]\nposts_per_sync = 1.5", "must be a whole number"),
        ("[platforms.chirp]\nposts_per_sync = true", "platforms.chirp.posts_per_sync = true ({file}): must be a whole number"),
        ('[platforms.chirp]\nposts_per_sync = "100"', "must be a whole number"),
        ("[platforms.chirp]\nbudget = 5001", "must be a whole number, from 0 to 5,000"),
        ("[platforms.chirp]\nprice = -0.1", "must be a number, at least 0"),
        ("[platforms.chirp]\nprice = inf", "must be a number, at least 0"),
        ("[platforms.chirp]\nprice = nan", "must be a number, at least 0"),
        ('[platforms.chirp]\ndialect = "modern"', "must be one of legacy, new"),
        ('[platforms.chirp]\nclient_id = ""', "must be a text that is not empty"),
        ('[platforms.chirp]\ndiscover_every = "59s"', "from 1m to 30d"),
        ('[platforms.pages]\nversion = "26"', "platforms.pages.version = '26' ({file}): must be such as v26.0"),
        ('[cadence]\nolder = "5"', "cadence.older = '5' ({file}): must be 'every run', 'off' or a span"),
        ('[cadence]\nolder = "30s"', "must be at least 1m, or 'every run'"),
        ("[cadence]\nolder = 7", "must be 'every run', 'off' or a span"),
        ('[cadence]\nunder_30_days = "off"', 'cadence.under_30_days = "off" ({file}): a later step would read posts again'),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_what_is_allowed(desk: Desk, line: str, words: str) -> None:
    assert words.format(file=desk.home.config) in the_problem(desk, line)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://api.chirp.example", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://127.0.0.256", "plain http"),
        ("ftp://api.chirp.example", "must be an address"),
        ("api.chirp.example", "must be an address"),
        ("https://", "must be an address"),
        ("https://a b.example", "must be an address"),
        ("https://a..example", "must be an address"),
        ("https://exämple.com", "must be an address"),
        ("https://a.example/ä", "must be an address"),
        ("https://a.example/ b", "must be an address"),
        ("https://a.example:99999", "must be an address"),
        ("https://[::1", "must be an address"),
        ("https://me:hunter2@a.example", "user or password"),
        ("https://a.example/?a=b", "must end before"),
        ("https://a.example/#a", "must end before"),
    ],
)
def test_an_address_that_would_not_do_is_refused(desk: Desk, url: str, words: str) -> None:
    for name in ("base_url", "token_url", "authorize_url"):
        problem = the_problem(desk, f'[platforms.chirp]\n{name} = "{url}"')
        assert words in problem
        assert "hunter2" not in problem


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1", "http://127.1.2.3:80", "http://[::1]:8080", "http://localhost/x"]
)
def test_plain_http_to_this_machine_is_taken(desk: Desk, url: str) -> None:
    config = f'[platforms.chirp]\nbase_url = "{url}"'
    assert desk.load(config).platforms["chirp"].base_url == url


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('max_rum = "5m"', "max_rum ({file}): there is no such setting; did you mean max_run?"),
        ("frobnicate = 1", "there is no such setting; allowed: database_url, max_run, enabled"),
        ("[platforms.chirp]\npost_per_sync = 1", "did you mean platforms.chirp.posts_per_sync?"),
        ("[platforms.chirp]\nzzz = 1", "allowed: base_url, token_url, authorize_url"),
        ("[platforms.chrip]\nbase_url = 'x'", "no platform called 'chrip' is installed; did you mean chirp?; install"),
        ("[platforms.Chirp]\na = 1", "did you mean chirp?"),
        ("[platforms.mastodon]\na = 1\nb = 2", "no platform called 'mastodon' is installed; install the package that adds it, or remove the table (installed: chirp, pages)"),
        ("[platforms.tweeter]\na = 1", "platforms.tweeter ({file}): the platform is called 'chirp' here"),
        ("[cadence.tweeter]\nolder = 'off'", "the platform is called 'chirp' here"),
        ("[cadence]\nunder_7_day = '1d'", "did you mean cadence.under_7_days?"),
        ("[cadence.chirp]\nyoung = '1d'", "allowed: under_<N>_days, under_<N>_hours, older"),
        ("cadence = 3", "cadence ({file}): must be a table, [cadence]"),
        ("platforms = 'x'", "platforms ({file}): must be a table, [platforms]"),
        ("[platforms]\nchirp = 1", "platforms.chirp ({file}): must be a table, [platforms.chirp]"),
        ("[max_run]\nx = 1", "max_run = {{'x': 1}} ({file}): must be a span"),
        ("[platforms.chirp.client_secret]\nx = 1", "platforms.chirp.client_secret = **** ({file}): must be a text"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_named_with_the_one_meant(desk: Desk, line: str, words: str) -> None:
    assert words.format(file=desk.home.config) in the_problem(desk, line)


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("ANALYTICS_SYNC_HOM", "did you mean ANALYTICS_SYNC_HOME?"),
        ("ANALYTICS_SYNC_MAXRUN", "did you mean ANALYTICS_SYNC_MAX_RUN?"),
        ("ANALYTICS_SYNC_PLATFORMS__CHIRP__BASEURL", "did you mean ANALYTICS_SYNC_PLATFORMS__CHIRP__BASE_URL?"),
        ("ANALYTICS_SYNC_ZZZ", "parted by two underscores"),
        ("ANALYTICS_SYNC_CADENCE__MASTODON__OLDER", "(environment): there is no such setting"),
        ("ANALYTICS_SYNC_max_run", "did you mean ANALYTICS_SYNC_MAX_RUN?"),
    ],
)  # fmt: skip
def test_an_unknown_variable_is_a_mistake(desk: Desk, variable: str, words: str) -> None:
    problem = the_problem(desk, "", {variable: "hunter2"})
    assert problem.startswith(f"{variable} (environment)")
    assert words in problem
    assert "hunter2" not in problem


def test_a_wrong_variable_is_named_by_its_own_name(desk: Desk) -> None:
    problem = the_problem(desk, "", {"ANALYTICS_SYNC_MAX_RUN": "soon"})
    assert problem.startswith("max_run = 'soon' (ANALYTICS_SYNC_MAX_RUN): must be a span")


def test_variables_that_are_not_settings_are_let_be(desk: Desk) -> None:
    desk.load(
        "", {"ANALYTICS_SYNC_HOME": "/x", "ANALYTICS_SYNC_KEY": "k", "_ANALYTICS_SYNC_X": "1"}
    )


def test_all_mistakes_of_all_places_come_at_once(desk: Desk) -> None:
    named = problems(
        desk,
        'max_run = "soon"\nfoo = 1\n[platforms.chirp]\nbudget = -1\n[platforms.mastodon]\nx = 1',
        {"ANALYTICS_SYNC_ENABLED": "perhaps", "ANALYTICS_SYNC_FOO": "1"},
    )
    assert [problem.split()[0] for problem in named] == [
        "max_run",
        "foo",
        "platforms.chirp.budget",
        "platforms.mastodon",
        "enabled",
        "ANALYTICS_SYNC_FOO",
    ]


def test_a_mistake_counts_also_where_something_stronger_is_right(desk: Desk) -> None:
    assert "max_run = 'soon'" in the_problem(
        desk, 'max_run = "soon"', {"ANALYTICS_SYNC_MAX_RUN": "5m"}
    )


class TestFile:
    """What can be wrong with the file as a whole. Its text is never shown."""

    def test_a_syntax_error_is_told_with_its_line(self, desk: Desk) -> None:
        problem = the_problem(desk, 'enabled = true\nclient_secret = "hunter2\n')
        assert str(desk.home.config) in problem
        assert "line 2" in problem
        assert "hunter2" not in problem

    def test_other_places_are_still_looked_at(self, desk: Desk) -> None:
        assert len(problems(desk, "= 3", {"ANALYTICS_SYNC_FOO": "1"})) == 2

    def test_not_utf8(self, desk: Desk) -> None:
        desk.home.config.write_bytes(b"enabled = true\n# caf\xe9\n")
        problem = the_problem(desk)
        assert problem == f"{desk.home.config}, line 2: not UTF-8; save the file as UTF-8"

    def test_a_byte_order_mark_does_no_harm(self, desk: Desk) -> None:
        desk.home.config.write_bytes(b"\xef\xbb\xbfenabled = false\n")
        assert desk.load().enabled is False

    def test_a_folder(self, desk: Desk) -> None:
        desk.home.config.mkdir()
        assert the_problem(desk) == f"{desk.home.config} is not a file"

    def test_unreadable(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        desk.home.config.write_text("")

        def refuse(path: Path) -> bytes:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "read_bytes", refuse)
        assert the_problem(desk) == f"{desk.home.config} can't be read: Permission denied"

    def test_nested_without_end(self, desk: Desk) -> None:
        assert "nested too deep" in the_problem(desk, "a = " + "[" * 5000 + "]" * 5000)

    def test_an_empty_file_sets_nothing(self, desk: Desk) -> None:
        desk.home.config.write_text("")
        assert desk.load().enabled is True


@pytest.mark.parametrize(
    "line",
    [
        'platforms.chirp.client_secret = ["hunter2"]',
        "platforms.chirp.client_secret = {a = 'hunter2'}",
        'platforms.chirp.client_secrett = "hunter2"',
        "[platforms.chirp]\nproof = {a = 'hunter2'}",
        'database_url = "me:hunter2@host"',
        'database_url = "mysql://me:hunter2@host/d"',
        'database_url = ["postgresql://me:hunter2@host"]',
        'platforms.chirp.base_url = "me:hunter2@host"',
        'platforms.chirp.base_url = "https://me:hunter2@host"',
    ],
)
def test_no_mistake_shows_a_secret(desk: Desk, line: str) -> None:
    assert "hunter2" not in "\n".join(problems(desk, line))


def test_a_long_value_is_shown_shortened(desk: Desk) -> None:
    assert len(the_problem(desk, f'log_level = "{"x" * 10_000}"')) < 400


@example_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.recursive(
        st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    ),
    st.sampled_from(
        "max_run enabled key_command log_level database_url cadence cadence.older cadence.x "
        "platforms platforms.chirp platforms.chirp.base_url platforms.chirp.budget "
        "platforms.chirp.price platforms.chirp.dialect platforms.chirp.discover_every x".split()
    ),
)
def test_any_value_anywhere_is_taken_or_refused_in_words(desk: Desk, raw: object, key: str) -> None:
    named: tuple[str, ...] = ()
    try:
        desk.load("", {}, **{key.replace(".", "__"): raw})
    except ConfigurationInvalid as refused:
        named = refused.problems
    assert all(problem.startswith(key) for problem in named)
