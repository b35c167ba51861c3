"""The Rest.li 2.0 parser, with the cases that the official clients' encoders are tested with."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_sync.simulator.services._linkedin.restli import (
    OldSyntax,
    RestliSyntaxError,
    parse_key,
    parse_query,
    parse_value,
)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("abc123", "abc123"),
        ("''", ""),
        ("123.5", "123.5"),
        ("urn%3Ali%3Ashare%3A1", "urn:li:share:1"),
        ("List()", []),
        ("List(1,2,foobar)", ["1", "2", "foobar"]),
        ("List('',a)", ["", "a"]),
        ("()", {}),
        ("(key1:val1,key2:val2)", {"key1": "val1", "key2": "val2"}),
        (
            "(k1:v1,k2:urn%3Ali%3Aapp%3A123,k3:List(1,2),k4:(k41:foobar))",
            {"k1": "v1", "k2": "urn:li:app:123", "k3": ["1", "2"], "k4": {"k41": "foobar"}},
        ),
        (
            "List((k1:v1),List(v2,%20t%3F%27%3A%2C%2A%21))",
            [{"k1": "v1"}, ["v2", " t?':,*!"]],
        ),
        (
            "(key1:urn%3Ali%3Aapp%3A%281%2C2%29,key%3A2:foobar)",
            {"key1": "urn:li:app:(1,2)", "key:2": "foobar"},
        ),
        ("List(List(abc,def),ghi)", [["abc", "def"], "ghi"]),
        # Encoded parentheses are text, not a list: what `params=` of an HTTP client makes.
        ("List%28a%2Cb%29", "List(a,b)"),
        # Encoded twice, decoded once.
        ("urn%253Ali", "urn%3Ali"),
        ("Listen", "Listen"),
    ],
)
def test_values_are_read_as_the_official_encoder_writes_them(raw, value):
    assert parse_value(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "urn:li:share:1",
        "List(a",
        "List(a,)",
        "List(,a)",
        "List(a)b",
        "List(a))",
        "(a:b",
        "(a)",
        "(a:)",
        "(:b)",
        "(a:b,a:c)",
        "a,b",
        "a(b)",
        "it's",
        "%",
        "%zz",
        "%e4",
        "a b",
        "\xe4",
        "(" * 50,
        "List(" * 50 + ")" * 50,
    ],
)
def test_what_is_not_restli_is_refused(raw):
    with pytest.raises(RestliSyntaxError):
        parse_value(raw)


def test_a_query_has_named_values():
    raw = "q=author&author=urn%3Ali%3Aorganization%3A1&ids=List(1,2)&pr%20op%3A1=%26%2B"
    assert parse_query(raw) == {
        "q": "author",
        "author": "urn:li:organization:1",
        "ids": ["1", "2"],
        "pr op:1": "&+",
    }
    assert parse_query("") == {}


@pytest.mark.parametrize(
    ("raw", "parameter"),
    [("q=a&q=b", "q"), ("ids=List(1", "ids"), ("entity=urn:li:share:1", "entity"), ("q=", "q")],
)
def test_a_refused_query_names_the_parameter(raw, parameter):
    with pytest.raises(RestliSyntaxError) as caught:
        parse_query(raw)
    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("raw", "name", "base"),
    [
        ("shares[0]=urn%3Ali%3Ashare%3A1", "shares[0]", "shares"),
        ("shares%5B0%5D=urn%3Ali%3Ashare%3A1", "shares[0]", "shares"),
        ("timeIntervals.timeRange.start=1", "timeIntervals.timeRange.start", "timeIntervals"),
    ],
)
def test_protocol_one_is_told_apart(raw, name, base):
    with pytest.raises(OldSyntax) as caught:
        parse_query(raw)
    assert (caught.value.parameter, caught.value.base) == (name, base)


def test_path_keys_are_encoded_once():
    assert parse_key("urn%3Ali%3Ashare%3A1") == "urn:li:share:1"
    assert parse_key("1000") == "1000"
    for raw in ("", "urn:li:share:1", "(a)", "%4"):
        with pytest.raises(RestliSyntaxError):
            parse_key(raw)


_TEXTS = st.text(max_size=8)
_VALUES = st.recursive(
    _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


def _encoded(value):
    if isinstance(value, list):
        return f"List({','.join(map(_encoded, value))})"
    if isinstance(value, dict):
        return f"({','.join(f'{_encoded(k)}:{_encoded(v)}' for k, v in value.items())})"
    if value == "":
        return "''"
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}"
        for byte in value.encode()
    )


@settings(max_examples=150, deadline=None)
@given(_VALUES)
def test_whatever_is_encoded_comes_back(value):
    assert parse_value(_encoded(value)) == value


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="List(),:'%aA0&=[].", max_size=30))
def test_any_text_is_read_or_refused(raw):
    try:
        read = parse_query(raw)
    except RestliSyntaxError:
        return
    assert len(read) <= raw.count("&") + 1
