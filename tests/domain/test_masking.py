"""How secrets are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.masking import mask, mask_path, mask_url


def test_a_long_secret_keeps_its_last_four_characters() -> None:
    assert mask("abcdefghijklmnop") == "****mnop"


def test_a_short_secret_keeps_nothing() -> None:
    assert mask("hunter2") == "****"


@given(st.text())
def test_at_most_four_characters_are_ever_shown(secret: str) -> None:
    assert len(mask(secret)) <= 8


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:hunter2@host/db", "postgresql://me:****@host/db"),
        ("postgresql://me:p@ss/word@host/db", "postgresql://me:****@host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        (
            "postgresql://host/db?user=me&password=hunter2",
            "postgresql://host/db?user=me&password=****",
        ),
        ("sqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("no address", "no address"),
    ],
)
def test_only_the_password_of_an_address_is_hidden(url: str, shown: str) -> None:
    assert mask_url(url) == shown


@given(st.text(alphabet="abc:/@?=&%", max_size=10))
def test_no_password_survives_however_it_is_written(noise: str) -> None:
    assert "hunter2" not in mask_url(f"postgresql://me:{noise}hunter2{noise}@host/db")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://hc-ping.com/4c1f2e9a/x?create=1", "https://hc-ping.com/****"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/****"),
        ("4c1f2e9a-no-address", "****"),
    ],
)
def test_of_an_address_whose_path_is_a_secret_only_the_host_is_shown(address, shown):
    assert mask_path(address) == shown
