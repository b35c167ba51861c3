"""Reads what containers are made of, and does on this machine what building and starting one does."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy/container"
PLACE = "/opt/analytics-sync"
PAGE = ROOT / "docs/container.md"


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions in turn, each with what follows its word."""
    text = (DEPLOY / "Containerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    pairs = (line.partition(" ") for line in text.splitlines() if line.strip())
    return [(word, " ".join(rest.split())) for word, _, rest in pairs]


def compose() -> dict[str, Any]:
    """The compose file, anchors merged."""
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def shell(words: list[str]) -> list[str]:
    """A command of compose as the engine gets it: `$$` stands for one `$`."""
    return [word.replace("$$", "$") for word in words]


def told_steps() -> str:
    """What the page says to type before Docker is needed: how the secrets are made."""
    told = re.search(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert told is not None
    return told[1].partition("docker compose build")[0].partition("cd deploy/container\n")[2]


def make_secrets(folder: Path) -> Path:
    subprocess.run(["sh", "-ec", told_steps()], cwd=folder, check=True)
    return folder / "secrets"


def build(place: Path) -> None:
    """Do the build stage's steps into a folder of this machine instead of /opt.

    :raises subprocess.CalledProcessError: as the build would fail.
    """
    source = place.with_name("source")
    source.mkdir()
    for word, rest in _first_stage():
        if word == "COPY":
            _copy(rest, source)
        elif word == "RUN":
            script = rest.replace(PLACE, shlex.quote(str(place))).replace(
                "python -m venv", f"{shlex.quote(python())} -m venv"
            )
            subprocess.run(["sh", "-ec", script], cwd=source, check=True, capture_output=True)


def python() -> str:
    """A Python for the image's user: the one of the tests, unless only its owner reaches that."""
    usable = [one for one in (sys.executable, "/usr/bin/python3") if reachable(Path(one))]
    probe = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    for one in usable:
        if subprocess.run([one, "-c", probe], check=False, capture_output=True).returncode == 0:
            return one
    return sys.executable


def reachable(path: Path) -> bool:
    """Whether every user may reach a file."""
    return all(up.stat().st_mode & 1 for up in path.resolve().parents)


def _first_stage() -> Iterator[tuple[str, str]]:
    stages = 0
    for word, rest in instructions():
        stages += word == "FROM"
        if stages == 1:
            yield word, rest


def _copy(rest: str, source: Path) -> None:
    *what, where = rest.split()
    for one in what:
        if (ROOT / one).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / one, source / where, ignore=ignored)
        else:
            shutil.copy(ROOT / one, source / where)


def environment(service: Mapping[str, Any], secrets: Path) -> dict[str, str]:
    """What a service's process finds in its environment, with the secrets in another folder."""
    return {
        name: str(value).replace("/run/secrets", str(secrets))
        for name, value in service.get("environment", {}).items()
    }
