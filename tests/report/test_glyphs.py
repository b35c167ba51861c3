"""Which signs are drawn: those that the stream's encoding can carry."""

import io

import pytest

from analytics_sync.report.glyphs import ASCII, UNICODE, glyphs_for


def stream(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


@pytest.mark.parametrize("environ", [{}, {"LANG": "de_AT.UTF-8"}, {"LANG": "C.UTF-8"}])
def test_a_stream_of_unicode_gets_all_signs(environ):
    assert glyphs_for(stream("utf-8"), environ) == UNICODE


@pytest.mark.parametrize(
    "environ", [{"LANG": "C"}, {"LC_ALL": "POSIX"}, {"LANG": "de_AT.UTF-8", "LC_ALL": "C"}]
)
def test_who_names_the_c_locale_gets_ascii(environ):
    assert glyphs_for(stream("utf-8"), environ) == ASCII


def test_a_locale_of_unicode_goes_before_an_older_c():
    assert glyphs_for(stream("utf-8"), {"LANG": "C", "LC_ALL": "C.UTF-8"}) == UNICODE


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_what_an_encoding_lacks_is_not_drawn(encoding):
    found = glyphs_for(stream(encoding), {})
    assert found.is_ascii
    assert (found.bars + found.unknown + found.ellipsis + found.dot).isascii()


def test_texts_keep_what_the_encoding_has():
    assert glyphs_for(stream("latin-1"), {}).plain("Grüße ▁") == "Grüße ?"
    assert glyphs_for(stream("ascii"), {}).plain("Grüße") == "Gr??e"
    assert UNICODE.plain("Grüße ▁") == "Grüße ▁"


def test_a_stream_without_an_encoding_gets_ascii():
    assert glyphs_for(io.StringIO(), {}).is_ascii


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_short_text_fits_and_tells_that_it_was_cut(glyphs):
    assert glyphs.short("Poetry night: who reads with us?", 40).endswith("with us?")
    cut = glyphs.short("Poetry night: who reads with us?", 24)
    assert len(cut) <= 24
    assert cut.endswith(glyphs.ellipsis)


def test_a_text_can_neither_break_a_line_nor_command_the_terminal():
    assert UNICODE.plain("one\ntwo\tthree \x1b[31mred\x07") == "one two three ?[31mred?"
