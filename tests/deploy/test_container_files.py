"""The files for containers name only what exists, and settings that the program takes."""

import json
import re

import pytest

from analytics_sync.cli.app import command
from analytics_sync.settings.database import passwords
from analytics_sync.vault import find_keys
from analytics_sync.wiring import installation
from support.container import (
    DEPLOY,
    PAGE,
    PLACE,
    ROOT,
    compose,
    environment,
    instructions,
    make_secrets,
    shell,
)

PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def composed():
    return compose()


def test_every_library_is_the_same_as_without_a_container():
    pinned = dict(PINNED.findall((DEPLOY / "requirements.lock").read_text()))
    usual = dict(PINNED.findall((ROOT / "requirements.lock").read_text()))
    assert usual.items() <= pinned.items()
    assert set(pinned) - set(usual) <= {"psycopg", "psycopg-binary", "tzdata"}


def test_what_the_image_is_made_of_exists():
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for path in rest.split()[:-1]:
                assert (ROOT / path).exists(), path
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    for path in (line.removeprefix("!") for line in ignored if line.startswith("!")):
        assert (ROOT / path).exists(), path


def test_the_last_stage_is_the_program_and_nothing_to_build_with():
    words = instructions()
    last = words[max(index for index, (word, _) in enumerate(words) if word == "FROM") :]
    assert ("ENTRYPOINT", '["analytics-sync"]') in last
    assert ("COPY", f"--from=build {PLACE} {PLACE}") in last
    assert not any("pip" in rest or "apt" in rest for _, rest in last)
    (user,) = [rest for word, rest in last if word == "USER"]
    assert user.split(":")[0] not in {"0", "root"}
    (volume,) = [rest for word, rest in last if word == "VOLUME"]
    assert any(f"ANALYTICS_SYNC_HOME={volume}" in rest for word, rest in last if word == "ENV")
    (default,) = [json.loads(rest) for word, rest in last if word == "CMD"]
    assert default[0] in command().commands


def test_the_compose_file_calls_commands_that_exist(composed):
    assert composed["services"]["upgrade"]["command"] == ["db", "upgrade"]
    called = re.findall(r"analytics-sync ([a-z]+)", json.dumps(composed["services"]["tick"]))
    assert called == ["tick", "status"]
    assert {"db", *called} <= set(command().commands)


def test_each_secret_and_volume_of_a_service_is_declared(composed):
    home = dict(instructions())["VOLUME"]
    for name, service in composed["services"].items():
        assert set(service.get("secrets", ())) <= set(composed["secrets"]), name
        volumes = dict(one.split(":")[:2] for one in service.get("volumes", ()))
        assert set(volumes) <= set(composed["volumes"]), name
        assert name == "database" or volumes["home"] == home
        assert set(service.get("depends_on", ())) <= set(composed["services"]), name
        if "build" in service:
            assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
            assert (ROOT / service["build"]["dockerfile"]).exists()


def test_the_program_takes_the_secrets_as_the_page_makes_them(composed, tmp_path):
    secrets = make_secrets(tmp_path)
    assert {f"./secrets/{path.name}" for path in secrets.iterdir()} == {
        one["file"] for one in composed["secrets"].values()
    }
    for service in ("upgrade", "tick", "cli"):
        environ = environment(composed["services"][service], secrets)
        with installation({**environ, "ANALYTICS_SYNC_HOME": str(tmp_path / "home")}) as found:
            url = found.settings.database_url
        assert url.startswith("postgresql://analytics_sync:")
        assert url.endswith("@database/analytics_sync")
        assert (secrets / "database-password").read_text().strip() in passwords(url)
        keys = find_keys(tmp_path / "key", environ)
        assert keys is not None
        assert keys.where.startswith(str(secrets))
    database = composed["services"]["database"]["environment"]
    assert {database["POSTGRES_USER"], database["POSTGRES_DB"]} == {"analytics_sync"}


def test_services_that_the_page_names_exist(composed):
    told = set(re.findall(r"^\| `([a-z]+)` \|", PAGE.read_text(), re.MULTILINE))
    assert told == set(composed["services"])
    called = r"docker compose run (?:--entrypoint sh |-\S+ )*([a-z]+)"
    run = re.findall(called, PAGE.read_text())
    assert set(run) == {"cli"}


def test_nothing_of_a_service_is_secret_in_its_environment(composed):
    for service in composed["services"].values():
        for name, value in service.get("environment", {}).items():
            assert value.startswith("/run/secrets") or name in {"POSTGRES_DB", "POSTGRES_USER"}


def test_the_loop_that_ticks_is_a_script_that_sh_reads(composed):
    tick = composed["services"]["tick"]
    script = shell(tick["command"])[0]
    assert tick["entrypoint"] == ["/bin/sh", "-c"]
    assert "$$" not in script
    assert "wait $!" in script
