"""The encoder against a decoder written from the protocol's grammar, not from the encoder."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.platforms._linkedin.restli import Value, decode_key, encode, query_string

TEXTS = st.text(max_size=12)
SCALARS = TEXTS | st.integers() | st.booleans()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)

TOKEN = re.compile(r"List\(|\(|\)|,|:|''|(?:%[0-9A-F]{2}|[A-Za-z0-9_.~-])+")


def decode(raw: str):
    """Text, lists and objects out of one encoded value; every scalar comes back as text."""
    tokens = TOKEN.findall(raw)
    assert "".join(tokens) == raw, f"not on the wire: {raw!r}"
    value = take(tokens)
    assert not tokens
    return value


def take(tokens: list[str]):
    token = tokens.pop(0)
    if token == "List(":
        return list(take_items(tokens, take))
    if token == "(":
        return dict(take_items(tokens, take_field))
    assert token not in {")", ",", ":"}
    return "" if token == "''" else unquote_to_bytes(token).decode()


def take_items(tokens: list[str], one):
    if tokens[0] == ")":
        tokens.pop(0)
        return
    while True:
        yield one(tokens)
        mark = tokens.pop(0)
        if mark == ")":
            return
        assert mark == ","


def take_field(tokens: list[str]):
    name = take(tokens)
    assert tokens.pop(0) == ":"
    return name, take(tokens)


def as_text(value):
    if isinstance(value, dict):
        return {name: as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(VALUES)
def test_a_strict_decoder_reads_back_what_was_encoded(value: Value):
    assert decode(encode(value)) == as_text(value)


@given(TEXTS)
def test_nothing_but_unreserved_characters_and_escapes_stands_raw_in_a_text(text: str):
    assert re.fullmatch(r"''|(?:%[0-9A-F]{2}|[A-Za-z0-9_.~-])+", encode(text))


@given(st.lists(st.tuples(TEXTS.filter(bool), VALUES), max_size=4))
def test_a_query_string_splits_back_into_its_parameters_in_order(parameters):
    raw = query_string(parameters)
    pairs = [pair.split("=") for pair in raw.split("&")] if raw else []
    assert [(decode(name), decode(value)) for name, value in pairs] == as_text_pairs(parameters)


def as_text_pairs(parameters):
    return [(name, as_text(value)) for name, value in parameters]


@given(st.text(min_size=1))
def test_a_key_that_comes_back_encoded_is_read_once(text: str):
    assert decode_key(encode(text)) == text


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("abc123", "abc123"),
        (123, "123"),
        (-5, "-5"),
        (True, "true"),
        (False, "false"),
        ("", "''"),
        ([], "List()"),
        ("urn:li:share:1", "urn%3Ali%3Ashare%3A1"),
        (["urn:li:share:1", "urn:li:share:2"], "List(urn%3Ali%3Ashare%3A1,urn%3Ali%3Ashare%3A2)"),
        ({"share": "urn:li:share:1"}, "(share:urn%3Ali%3Ashare%3A1)"),
        ({"ugc": "urn:li:ugcPost:1"}, "(ugc:urn%3Ali%3AugcPost%3A1)"),
        (
            {
                "timeRange": {"start": 1763596800000, "end": 1764201600000},
                "timeGranularityType": "DAY",
            },
            "(timeRange:(start:1763596800000,end:1764201600000),timeGranularityType:DAY)",
        ),
        (
            {"k1": "v1", "k2": "urn:li:app:123", "k3": [1, 2], "k4": {"k41": "foobar"}},
            "(k1:v1,k2:urn%3Ali%3Aapp%3A123,k3:List(1,2),k4:(k41:foobar))",
        ),
        ([{"k1": "v1"}, ["v2", " t?':,*!"]], "List((k1:v1),List(v2,%20t%3F%27%3A%2C%2A%21))"),
        ("100%3A", "100%253A"),
        ("a+b&c=d#e/f", "a%2Bb%26c%3Dd%23e%2Ff"),
        ("é", "%C3%A9"),
    ],
)
def test_known_forms(value: Value, wire: str):
    assert encode(value) == wire


def test_names_of_parameters_are_encoded_too():
    assert query_string([("pr op:1", " t?':,*!&+")]) == "pr%20op%3A1=%20t%3F%27%3A%2C%2A%21%26%2B"
    assert query_string([]) == ""
