import socket

import pytest

from analytics_sync.errors import ConfigurationInvalid, CredentialRefused, Temporary
from analytics_sync.transport.call import Call
from analytics_sync.transport.words import check_headers, could_not_connect, unusable_address

BAD_VALUES = [
    "planted\n",
    " planted",
    "planted ",
    "pla\r\nnted: 1",
    "plänted",
    "pla\x00nted",
    "\x7f",
]


def _call(**headers: str) -> Call:
    return Call(url="https://api.x.com/2?secret=planted", label="posts", headers=headers)


@pytest.mark.parametrize("value", ["Bearer abc.DEF-_~+/=", "a b\tc", "", "x"])
def test_what_http_can_carry_is_let_through(value: str) -> None:
    check_headers(_call(Authorization=value))


@pytest.mark.parametrize("value", BAD_VALUES)
def test_a_token_that_http_can_not_carry_is_refused_unquoted(value: str) -> None:
    with pytest.raises(CredentialRefused, match="posts: the token can't be sent") as caught:
        check_headers(_call(authorization=value))
    assert "planted" not in repr(caught.value)


@pytest.mark.parametrize("value", BAD_VALUES)
def test_another_header_is_named_but_not_quoted(value: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="posts: the header 'X-Key'") as caught:
        check_headers(_call(**{"X-Key": value}))
    assert "planted" not in repr(caught.value)


def test_a_header_name_with_a_space_is_refused() -> None:
    with pytest.raises(ConfigurationInvalid, match="the header 'X Key'"):
        check_headers(_call(**{"X Key": "1"}))


def test_reasons_are_found_below_groups_and_wrappers() -> None:
    inner = ExceptionGroup("all", [ConnectionRefusedError(111, "Connect call failed"), OSError()])
    outer = RuntimeError("wrapper")
    outer.__cause__ = inner
    assert could_not_connect(_call(), outer).args[0].endswith("api.x.com: Connection refused")


def test_a_name_that_was_not_found_points_to_the_address_and_the_network() -> None:
    outer = RuntimeError("wrapper")
    outer.__context__ = socket.gaierror(-2, "Name or service not known")
    failure = could_not_connect(_call(), outer)
    assert isinstance(failure, Temporary)
    assert failure.message == "posts: the name api.x.com was not found"
    assert "base_url" in failure.hint


def test_a_time_out_and_an_unknown_failure_have_words_too() -> None:
    assert could_not_connect(_call(), TimeoutError()).args[0].endswith("api.x.com: no answer")
    assert could_not_connect(_call(), RuntimeError("?")).args[0].endswith("com: RuntimeError")


def test_a_chain_of_causes_that_bites_its_tail_ends() -> None:
    one, other = OSError("1"), OSError("2")
    one.__cause__, other.__cause__ = other, one
    assert "could not connect" in str(could_not_connect(_call(), one))


def test_an_address_that_libraries_refuse_is_named_by_its_host() -> None:
    assert str(unusable_address(_call())) == "base_url: posts: 'api.x.com' can't be called"
