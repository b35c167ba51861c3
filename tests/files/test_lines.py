"""Lines of a stream: numbered, bounded, and never a failure."""

import io

from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.files.lines import Lines


def read(raw, longest=20):
    return list(Lines(io.BytesIO(raw), longest))


def test_lines_are_numbered_and_keep_their_ends():
    assert [(line.number, line.text) for line in read(b"a\r\n\nb")] == [
        (1, "a\r\n"),
        (2, "\n"),
        (3, "b"),
    ]


def test_a_mark_at_the_beginning_is_left_out():
    assert [line.text for line in read(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n")] == ["a\n", "\ufeffb\n"]


def test_a_line_that_is_too_long_is_passed_over_and_the_next_one_is_read():
    long, following = read(b"x" * 1_000 + b"\nok\n")
    assert (long.number, long.problem) == (1, "is longer than 20 bytes")
    assert (following.number, following.text, following.problem) == (2, "ok\n", None)


def test_a_line_of_just_the_length_is_read():
    assert read(b"x" * 19 + b"\n")[0].problem is None


def test_a_line_that_is_not_utf8_is_named_with_the_byte():
    bad, good = read(b"ab\xff\nok\n")
    assert bad.problem == "is not UTF-8 (byte 3 of the line)"
    assert good.text == "ok\n"


def test_a_nul_byte_is_named():
    assert read(b"a\0b\n")[0].problem == "holds a NUL byte"


def test_lines_that_are_given_back_come_again_first():
    lines = Lines(io.BytesIO(b"a\nb\nc\n"))
    first, second = next(lines), next(lines)
    lines.give_back([first, second])
    assert [line.text for line in lines] == ["a\n", "b\n", "c\n"]


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_give_lines_without_a_gap_in_the_numbers(raw, longest):
    found = read(raw, longest)
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    assert len(found) == raw.count(b"\n") + (not raw.endswith(b"\n") and bool(raw))
    assert all(len(line.text.encode()) <= longest for line in found)
