"""Platforms of other packages are found wherever they are installed, without slowing every start."""

import sys
from zipfile import ZipFile

import pytest

from analytics_sync.platforms import all_platforms

DECLARED = """[console_scripts]
mastodon-cli = acme_mastodon:main

[analytics_sync.platforms]
mastodon = acme_mastodon:PLATFORM
"""
MODULE = """
from analytics_sync.platforms.x import X

class Mastodon(X):
    name = "mastodon"

PLATFORM = Mastodon()
"""
FILES = {
    "acme_mastodon.py": MODULE,
    "acme_mastodon-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-mastodon\nVersion: 1.0\n",
    "acme_mastodon-1.0.dist-info/entry_points.txt": DECLARED,
}


@pytest.fixture(autouse=True)
def looked_for_anew():
    all_platforms.cache_clear()
    yield
    all_platforms.cache_clear()
    sys.modules.pop("acme_mastodon", None)


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_a_package_may_bring_a_platform(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    assert list(all_platforms()) == ["facebook", "instagram", "linkedin", "x", "mastodon"]


def test_a_package_in_a_zip_file_too(folder, tmp_path, monkeypatch):
    packed = tmp_path / "packed.zip"
    with ZipFile(packed, "w") as archive:
        for name in FILES:
            archive.write(folder / name, name)
    monkeypatch.syspath_prepend(packed)
    assert "mastodon" in all_platforms()


def test_none_of_ours_is_replaced(folder, monkeypatch):
    module = folder / "acme_mastodon.py"
    module.write_text(MODULE.replace('"mastodon"', '"x"'))
    monkeypatch.syspath_prepend(folder)
    assert type(all_platforms()["x"]).__module__ == "analytics_sync.platforms.x"


def test_places_that_are_not_there_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "gone")
    monkeypatch.syspath_prepend("")
    assert list(all_platforms()) == ["facebook", "instagram", "linkedin", "x"]
