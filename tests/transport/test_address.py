import pytest

from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.transport.address import address_of, host_of, is_loopback
from analytics_sync.transport.call import Call


def _call(url: str) -> Call:
    return Call(url=url, label="posts")


def test_the_target_is_kept_byte_for_byte() -> None:
    target = "/rest/x/../y//z?ids=List(urn%3Ali%3Ashare%3A1,urn%3ali%3Ashare%3A2)&q='a'&b=%zz{}|^"
    address = address_of(_call("https://api.linkedin.com" + target))
    assert address.target == target.encode()
    assert (address.scheme, address.host) == ("https", "api.linkedin.com")


@pytest.mark.parametrize(
    ("url", "target"),
    [("https://h", b"/"), ("https://h?a=1", b"/?a=1"), ("https://h:8443/?", b"/?")],
)
def test_a_target_begins_with_a_slash(url: str, target: bytes) -> None:
    assert address_of(_call(url)).target == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.x.com/2/tweets",
        "ftp://api.x.com/",
        "https://",
        "https:///2/tweets",
        "https://us er/",
        "https://a..b/",
        "https://.a/",
        "https://a-.b/",
        f"https://{'a' * 64}/",
        "https://api.x.com:99999/",
        "https://api.x.com:/",
        "https://api.x.com/a b",
        "https://api.x.com/a\r\nX-Evil: 1",
        "https://api.x.com/ü",
        "https://exämple.com/",
        "https://api.x.com/#part",
        "https://name:secret@api.x.com/",
        "http://127.0.0.1\\@evil.example/",
        "https://api.x.com\x00/",
        "https://[::1/",
    ],
)
def test_what_is_not_surely_one_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="base_url: posts: ") as caught:
        address_of(_call(url))
    assert "secret" not in str(caught.value)
    assert caught.value.exit_status == 78


@pytest.mark.parametrize(
    "url",
    [
        "http://api.x.com/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://127.1/",
        "http://2130706433/",
        "http://localhost.evil.example/",
        "http://[2001:db8::1]/",
    ],
)
def test_plain_http_goes_to_this_machine_only(url: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"base_url: posts: plain http to .* token"):
        address_of(_call(url))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "[::1]"])
def test_this_machine_may_be_called_by_plain_http(host: str) -> None:
    address = address_of(_call(f"http://{host}:8080/2/tweets"))
    assert is_loopback(address.host)
    assert address.origin == f"http://{host.lower()}:8080"


def test_a_message_names_no_query() -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        address_of(_call("https://api.x.com/a b?access_token=secret"))
    assert "'https://api.x.com/a b' can't be called" in caught.value.message


def test_the_host_for_words() -> None:
    assert host_of(_call("https://API.x.com:443/2")) == "api.x.com"
    assert host_of(_call("nonsense")) == "the platform"
