"""Answers become JSON whose texts can be stored, or a failure in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.errors import AnswerNotUnderstood
from analytics_sync.transport.call import Reply, read_json


def answer(body: bytes) -> Reply:
    return Reply(200, {"content-type": "text/html"}, body, "X posts lookup")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"cut \ud83d"', "cut �"),
        (rb'"\udc4d cut"', "� cut"),
        (rb'"a\u0000b"', "a�b"),
        (rb'"\ud83d\ud83d\udc4d"', "�👍"),
        (rb'"\uD83D\uDC4D stays"', "👍 stays"),
        (rb'"\\ud83d is a backslash"', r"\ud83d is a backslash"),
        (rb'"\\\ud83d"', "\\�"),
    ],
)
def test_half_an_emoji_and_nul_become_a_mark_that_can_be_stored(body: bytes, text: str) -> None:
    assert read_json(body) == text


@given(st.recursive(st.text() | st.integers() | st.none(), lambda s: st.lists(s, max_size=3)))
def test_what_can_be_stored_comes_as_it_is(value: object) -> None:
    stored = json.loads(json.dumps(value).replace("\\u0000", "\\ufffd"))
    assert read_json(json.dumps(value).encode()) == stored
    assert read_json(json.dumps(stored, ensure_ascii=False).encode()) == stored


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"a": NaN}', b"[" * 100_000, b'"\xff"', b"1" * 5000, b'"\xed\xa0\xbd"'],
)
def test_what_is_no_json_is_a_failure_that_names_the_call(body: bytes) -> None:
    with pytest.raises(AnswerNotUnderstood, match=r"X posts lookup: .*HTTP 200, text/html"):
        answer(body).json()
