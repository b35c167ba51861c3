"""The lock files alone say what is installed, so no release of tomorrow can break an installation."""

import re
import shlex
import subprocess
import tomllib

import pytest

from support.container import DEPLOY, ROOT, instructions

LOCKS = {
    "requirements.lock": ROOT / "requirements.lock",
    "requirements-dev.lock": ROOT / "requirements-dev.lock",
    "container": DEPLOY / "requirements.lock",
}


def made(target: str) -> list[str]:
    """The commands that `make` would run for the target on a bare machine."""
    command = ["make", "--dry-run", "--always-make", "--no-print-directory", target]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.replace("\\\n", " ").splitlines()


def from_locks(commands: list[str]) -> list[list[str]]:
    return [words for words in map(shlex.split, commands) if "install" in words and "-r" in words]


def test_make_installs_what_the_locks_pin_and_looks_for_nothing_else():
    installs = from_locks(made("install"))
    assert [words[-1] for words in installs] == ["requirements.lock", "requirements-dev.lock"]
    assert all({"--require-hashes", "--no-deps"} <= set(words) for words in installs)
    assert any(line.split()[1:4] == ["-m", "pip", "check"] for line in made("install"))


def test_the_image_installs_what_its_lock_pins_and_looks_for_nothing_else():
    runs = [rest for word, rest in instructions() if word == "RUN"]
    (words,) = from_locks(runs)
    assert {"--require-hashes", "--no-deps"} <= set(words)
    assert any("pip check" in rest for rest in runs)


@pytest.mark.parametrize("name", LOCKS)
def test_each_library_of_a_lock_is_pinned_by_hash(name):
    blocks = re.split(r"^(?=[a-z])", LOCKS[name].read_text(), flags=re.MULTILINE)[1:]
    assert blocks
    for block in blocks:
        assert re.match(r"[a-z0-9-]+==\S+", block), block
        assert "--hash=sha256:" in block, block


def test_the_lock_of_development_holds_what_the_program_is_tested_with():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    pinned = set(
        re.findall(r"^([a-z0-9-]+)==", LOCKS["requirements-dev.lock"].read_text(), re.MULTILINE)
    )
    assert {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in named} <= pinned
