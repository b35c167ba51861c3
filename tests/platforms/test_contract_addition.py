"""A platform is added by one file: the template of the architecture page, taken out of it and run."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from analytics_sync import platforms
from analytics_sync.cli.frame import run
from analytics_sync.connect.accounts import NewAccount, add_account
from analytics_sync.connect.posts import add_posts
from analytics_sync.platforms import all_platforms, names_meant
from analytics_sync.platforms._contract import Platform
from analytics_sync.store import businesses
from analytics_sync.store.exports import Wanted, rows
from analytics_sync.sync.run import Order
from analytics_sync.sync.work import Choice
from analytics_sync.tokens import parse_token
from analytics_sync.wiring import installation, sync
from support.fake_clock import FakeClock

PAGE = Path(__file__).parent.parent.parent / "docs" / "architecture.md"
HEARTS = 7


def template() -> str:
    text = PAGE.read_text(encoding="utf-8")
    return next(
        code
        for code in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        if "PLATFORM = " in code
    )


@pytest.fixture
def forget():
    """Platforms are found once in a process; here they are looked for anew."""
    all_platforms.cache_clear()
    yield
    all_platforms.cache_clear()
    for name in [name for name in sys.modules if name.rpartition(".")[2] == "pebble"]:
        del sys.modules[name]
    vars(platforms).pop("pebble", None)


@pytest.fixture
def one_file(tmp_path, monkeypatch, forget):
    """The folder of platforms has one file more."""
    folder = tmp_path / "platforms"
    folder.mkdir()
    (folder / "pebble.py").write_text(template(), encoding="utf-8")
    monkeypatch.setattr(platforms, "__path__", [*platforms.__path__, str(folder)])


@pytest.fixture
def one_package(tmp_path, monkeypatch, forget):
    """Another package is installed, which adds a platform by an entry point."""
    folder = tmp_path / "site"
    package = folder / "my_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "pebble.py").write_text(template(), encoding="utf-8")
    about = folder / "my_package-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        dedent(
            """\
            [analytics_sync.platforms]
            pebble = my_package.pebble:PLATFORM
            """
        )
    )
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture(params=["one_file", "one_package"])
def added(request):
    request.getfixturevalue(request.param)


def pebble(request: httpx.Request) -> httpx.Response:
    """The made-up service of the template."""
    if request.headers.get("authorization") != "Bearer right":
        return _answer({}, 401)
    query = request.url.params
    match request.url.path.removeprefix("/v1/").split("/"):
        case ["me"]:
            return _answer({"id": 1001, "name": "Ada", "followers": 12})
        case ["channels", "1001", "posts"]:
            page = int(query["page"] or 0)
            rows = [_post(f"{number}") for number in range(page * 50 + 1, page * 50 + 51)]
            return _answer({"posts": rows, "next": None if page else "1"})
        case ["posts"]:
            rows = [_post(id) for id in query["ids"].split(",") if id != "404"]
            return _answer({"posts": rows})
        case ["statistics"]:
            ids = query["ids"].split(",")
            assert len(ids) <= 50
            told = [{"id": id, "hearts": HEARTS, "views": None, "claps": 3} for id in ids[::-1]]
            return _answer({"statistics": [r for r in told if r["id"] != "13"]})
    return _answer({}, 404)


def _answer(told: dict[str, object], status: int = 200) -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(json.dumps(told).encode()))


def _post(id: str) -> dict[str, str]:
    return {"id": id, "published_at": "2026-11-20T09:00:00Z", "text": "Hello"}


def test_it_is_found_with_nothing_else_edited(added):
    assert isinstance(all_platforms()["pebble"], Platform)
    assert {"facebook", "instagram", "linkedin", "x", "pebble"} == set(all_platforms())
    assert names_meant("pebble") == ("pebble",)


def test_its_settings_are_known_and_checked(added, monkeypatch, capsys):
    monkeypatch.setenv("ANALYTICS_SYNC_PLATFORMS__PEBBLE__API_VERSION", "3")
    assert run(["config", "show", "--json"]) == 0
    assert '"platforms.pebble.api_version", "value": 3' in capsys.readouterr().out
    monkeypatch.setenv("ANALYTICS_SYNC_PLATFORMS__PEBBLE__API_VERSION", "10")
    assert run(["config", "check"]) == 78
    assert "from 1 to 9" in capsys.readouterr().err


def test_it_syncs(added, tmp_path):
    environ = {"ANALYTICS_SYNC_HOME": str(tmp_path / "home")}
    clock = FakeClock()
    with installation(environ, clock=clock) as opened:
        opened.network = httpx.MockTransport(pebble)
        with opened.database.write() as connection:
            owner = businesses.add(connection, "Acme", timezone="UTC", now=clock.now()).id
        token = parse_token("right", "the test")
        new = NewAccount(business_id=owner, platform="pebble", token=token)
        account = asyncio.run(add_account(opened.parts(), opened.vault, new, check=True)).account
        assert (account.platform_account_id, account.name) == ("1001", "Ada")
        (taken,) = asyncio.run(
            add_posts(
                opened.parts(), ["https://pebble.example/p/500"], business_id=None, platform=None
            )
        )
        assert (taken.platform_post_id, taken.new) == ("500", True)
        record = sync(opened, Order(Choice(clock.now(), limit=200)))
        told = {row["platform_post_id"]: row for row in rows(opened.database, Wanted())}
    assert (record.outcome, record.total("discovered")) == ("complete", 100)
    assert (record.total("synced"), record.total("failed")) == (100, 1)
    assert len(told) == 100
    assert "13" not in told
    assert {row["likes"] for row in told.values()} == {HEARTS}
    assert {row["impressions"] for row in told.values()} == {None}
    assert told["500"]["extra"] == {"hearts": HEARTS, "claps": 3}


def test_ours_are_not_replaced_by_those_of_other_packages(tmp_path, monkeypatch, forget):
    folder = tmp_path / "site"
    about = folder / "other-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[analytics_sync.platforms]\nx = other_pebble:PLATFORM\n"
    )
    (folder / "other_pebble.py").write_text(
        template().replace('name = "pebble"', 'name = "x"'), encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(folder))
    assert type(all_platforms()["x"]).__module__ == "analytics_sync.platforms.x"


def test_the_template_is_formatted_and_typed_like_our_own(tmp_path):
    path = tmp_path / "pebble.py"
    path.write_text(template(), encoding="utf-8")
    root = PAGE.parent.parent
    for command in (
        ["ruff", "check", "--quiet", "--ignore", "INP001"],
        ["ruff", "format", "--quiet", "--check"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command, "--config", root / "pyproject.toml", path],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
