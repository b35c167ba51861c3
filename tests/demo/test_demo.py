"""The real thing: `analytics-sync demo` as a user starts it, in environments good and bad."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys

import pytest

PROGRAM = [sys.executable, "-m", "analytics_sync"]
TOKEN = re.compile(r"EAA\w{8}|IGAA\w{8}|Bearer|access_token|gAAAA")
# Settings of a real installation, and a machine on which little works.
HOSTILE = {
    "HOME": "/nonexistent",
    "ANALYTICS_SYNC_HOME": "/nonexistent/home",
    "ANALYTICS_SYNC_DATABASE_URL": "postgresql://user:password@nowhere.invalid/x",
    "ANALYTICS_SYNC_PLATFORMS__X__BASE_URL": "https://api.x.com",
    "ANALYTICS_SYNC_NO_SUCH_SETTING": "1",
    "ANALYTICS_SYNC_KEY": "none",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
}


def environment(temporary, **more):
    temporary.mkdir(exist_ok=True)
    kept = {
        name: os.environ[name] for name in ("PATH", "PYTHONPYCACHEPREFIX") if name in os.environ
    }
    return {**kept, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1", **more}


def demo(temporary, *arguments, cwd="/", **more):
    return subprocess.run(
        [*PROGRAM, "demo", *arguments],
        env=environment(temporary, **more),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A demo with `--json --keep`, on a machine that is set up for something else."""
    folder = tmp_path_factory.mktemp("kept")
    done = demo(
        folder / "tmp", "--json", "--keep", "deep/er home", cwd=str(folder), **HOSTILE
    )  # fmt: skip
    return folder, done


@pytest.fixture(scope="module")
def facts(kept):
    _, done = kept
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A demo for people, on a pipe that takes ASCII only; its lines."""
    folder = tmp_path_factory.mktemp("shown")
    done = demo(folder / "tmp", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert list((folder / "tmp").iterdir()) == []
    return done.stdout.splitlines()


def test_one_document_tells_of_three_businesses_on_four_platforms(facts):
    assert (facts["businesses"], facts["accounts"]) == (3, 12)
    assert 690 <= facts["posts"] <= 720
    places = [(row["business"], row["platform"]) for row in facts["totals"]]
    assert len(set(places)) == len(places) == 12
    assert {platform for _, platform in places} == {"facebook", "instagram", "linkedin", "x"}
    assert sum(row["posts"] for row in facts["totals"]) == facts["posts"]


def test_the_stored_numbers_are_the_platforms_own(facts):
    check = facts["check"]
    assert check["differing"] == 0
    assert check["posts"] > 650
    assert check["numbers"] > 5 * check["posts"]


def test_the_server_counted_as_many_requests_as_the_client(facts):
    requests = facts["requests"]
    assert requests["sent"] == sum(run["requests"] for run in facts["syncs"])
    assert requests["sent"] == sum(run["arrived"] for run in facts["syncs"])
    assert requests["sent"] == sum(requests["by_platform"].values())
    read = sum(run["posts"]["synced"] + run["posts"]["failed"] for run in facts["syncs"])
    assert requests["posts_read"] == read > 3 * requests["sent"]


def test_a_whole_day_was_synced(facts):
    kinds = [run["kind"] for run in facts["syncs"]]
    assert kinds == ["first", *["due"] * 3, "again", *["due"] * 2, "last"]
    first, last = facts["syncs"][0], facts["syncs"][-1]
    assert first["discovered"] == first["posts"]["synced"] > 650
    assert last["outcome"] == "complete"
    assert (first["started_at"], last["started_at"]) == (facts["since"], facts["until"])


def test_posts_published_in_the_day_were_found(facts):
    found = facts["new_posts"]
    assert len(found) == 7
    assert len(found) == sum(run["discovered"] for run in facts["syncs"][1:])
    assert all(facts["since"] < one["published_at"] < one["found_at"] for one in found)
    assert {one["platform"] for one in found} == {"facebook", "instagram", "linkedin", "x"}


def test_the_fastest_posts_grew_as_their_histories_say(facts):
    growth = [one["grown_by"] for one in facts["fastest"]]
    assert growth == sorted(growth, reverse=True)
    assert min(growth) > 0
    for one in facts["fastest"]:
        said = [value for value in one["history"] if value is not None]
        assert said[-1] == one["impressions"]
        if one["history"][0] is not None:
            assert one["grown_by"] == said[-1] - said[0]
    assert any(len(set(one["history"])) == len(one["history"]) == 7 for one in facts["fastest"])


def test_each_kind_of_trouble_was_met_and_handled(facts):
    handled = {one["kind"]: one["facts"] for one in facts["handled"]}
    runs = {run["run_id"]: run for run in facts["syncs"]}
    deleted = handled["deleted_post"]
    assert (deleted["code"], deleted["state"], deleted["missed"]) == ("post_gone", "gone", 3)
    limit = handled["rate_limit"]
    assert (limit["outcome"], limit["requests_meanwhile"]) == ("rate_limited", 0)
    assert runs[limit["run_id"]]["started_at"] < limit["not_before"]
    assert runs[limit["went_on_in_run"]]["started_at"] > limit["not_before"]
    assert limit["synced_then"] >= limit["deferred"] > 0
    refused = handled["refused_token"]
    assert (refused["outcome"], refused["exit_status"]) == ("credential_refused", 77)
    assert refused["accounts_read"] == 11
    assert refused["synced_after_new_token"] > 0
    assert handled["server_error"]["synced"] == handled["server_error"]["selected"] > 0
    assert len(handled["edited_post"]["older_ids"]) == 1
    assert handled["edited_post"]["readings"] > 1
    assert handled["fallen_number"]["after"] < handled["fallen_number"]["before"]


def test_a_kept_home_is_there_and_nothing_else(kept, facts):
    folder, _ = kept
    home = folder / "deep" / "er home"
    assert facts["home"] == str(home)
    assert sorted(one.name for one in folder.iterdir()) == ["deep", "tmp"]
    assert list((folder / "tmp").iterdir()) == []
    names = {one.name for one in home.iterdir()}
    assert {"config.toml", "key", "analytics-sync.db", "logs", "locks"} <= names
    assert not any(name.endswith(("-wal", "-shm")) for name in names)
    assert home.stat().st_mode & 0o077 == 0


def test_the_three_commands_work_in_the_kept_home(kept, facts):
    folder, _ = kept
    assert len(facts["next"]) == 3
    outputs = []
    for line in facts["next"]:
        variable, program, *arguments = shlex.split(line)
        name, _, value = variable.partition("=")
        assert (name, program) == ("ANALYTICS_SYNC_HOME", "analytics-sync")
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env=environment(folder / "tmp", ANALYTICS_SYNC_HOME=value),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        outputs.append(done.stdout)
    runs, eventful, stats = outputs
    assert runs.count("complete") == sum(run["outcome"] == "complete" for run in facts["syncs"])
    assert "rate_limited" in eventful
    assert re.search(rf"post +{facts['posts']}\b", stats)


def test_no_made_up_token_can_leave_a_kept_home(kept):
    folder, _ = kept
    config = (folder / "deep" / "er home" / "config.toml").read_text()
    addresses = re.findall(r'base_url = "(.*)"', config)
    assert len(addresses) == 4
    assert all(address.startswith("http://127.0.0.1:9/") for address in addresses)


def test_no_token_is_written_anywhere_in_clear(kept, shown):
    folder, done = kept
    assert not TOKEN.search(done.stdout)
    assert not TOKEN.search("\n".join(shown))
    log = folder / "deep" / "er home" / "logs" / "analytics-sync.log"
    assert "complete" in log.read_text()
    assert not TOKEN.search(log.read_text())


def test_people_see_the_same_numbers(shown, facts):
    text = "\n".join(shown)
    if facts["until"][11:16] not in text:
        pytest.skip("the hour ended between the two demos, so the numbers are others")
    for row in facts["totals"]:
        for name in ("impressions", "likes", "comments"):
            assert f"{row['numbers'][name]:,}" in text
            assert f"{row['growth'][name]:+,}" in text
    for one in facts["fastest"]:
        assert f"{one['impressions']:,}   {one['grown_by']:+,} " in re.sub(" +", "   ", text)


def test_what_people_see_fits_into_80_columns_of_ascii(shown):
    assert all(len(line.rstrip()) <= 80 for line in shown)
    text = "\n".join(shown)
    assert text.isascii()
    assert "\x1b" not in text
    assert "Traceback" not in text
    assert "#" in text


def test_people_are_told_what_to_type_next(shown):
    place = shown.index("Next, with your own data")
    commands = [line.strip() for line in shown[place + 1 : place + 4]]
    assert commands == [
        "analytics-sync init",
        'analytics-sync business add "My business"',
        "analytics-sync account add 1 x --token-file token.txt",
    ]


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    done = demo(tmp_path / "tmp", "--keep", str(tmp_path / "mine"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not empty" in done.stderr
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def _started(temporary, *arguments, until):
    """A demo that has printed a line with these words."""
    running = subprocess.Popen(
        [*PROGRAM, "demo", *arguments],
        env=environment(temporary),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs these tests in the background ignores Ctrl-C, and so would the demo.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    for line in running.stdout:
        if until in line:
            return running
    raise AssertionError(running.communicate())


@pytest.mark.parametrize(
    ("number", "until"),
    [
        (signal.SIGINT, "each token tried"),
        (signal.SIGINT, "Home:"),
        (signal.SIGTERM, "simulated at"),
    ],
)
def test_who_is_asked_to_stop_leaves_nothing_behind(tmp_path, number, until):
    folder = tmp_path / "home"
    running = _started(tmp_path / "tmp", "--keep", str(folder), until=until)
    running.send_signal(number)
    output, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (130, "")
    assert "Traceback" not in output
    assert "After a day" not in output
    assert not folder.exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_first_line_is_there_before_anything_heavy_is_loaded(tmp_path):
    script = (
        "import sys\n"
        "from analytics_sync.cli import demo\n"
        "def tell(home, audience):\n"
        "    heavy = {'sqlmodel', 'httpx', 'starlette', 'uvicorn', 'alembic'} & set(sys.modules)\n"
        "    raise SystemExit(f'too early: {heavy}' if heavy else 0)\n"
        "class Story:\n"
        "    pass\n"
        "story = Story()\n"
        "story.tell = tell\n"
        "sys.modules['analytics_sync.demo.story'] = story\n"
        "demo.demo()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(tmp_path / "tmp"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("analytics-sync demo")
