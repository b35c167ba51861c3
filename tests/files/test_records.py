"""Records of CSV and JSON Lines: whatever was written is read, whatever is broken is named."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.errors import WrongUsage
from analytics_sync.files import records as module
from analytics_sync.files.lines import Lines
from analytics_sync.files.outcome import Refusal
from analytics_sync.files.records import Record, csv_records, json_records

KNOWN = ("id", "text", "other")


def any_header(_):
    return None


def from_csv(raw, known=KNOWN):
    if isinstance(raw, str):
        raw = raw.encode()
    return list(csv_records(Lines(io.BytesIO(raw)), known, any_header))


def from_json(raw):
    if isinstance(raw, str):
        raw = raw.encode()
    return list(json_records(Lines(io.BytesIO(raw))))


def fields(found):
    return [dict(record.fields) for record in found]


# What UTF-8 and CSV can carry: no half characters, no NUL.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.tuples(texts, texts)), st.sampled_from(["\n", "\r\n"]), st.sampled_from(",;\t|"))
def test_any_text_that_the_csv_module_writes_is_read_again(rows, end, delimiter):
    written = io.StringIO()
    # Without CR in the line's end, the module's writer leaves one in a text without quotes.
    quoting = csv.QUOTE_ALL if end == "\n" else csv.QUOTE_MINIMAL
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(("id", "text"))
    writer.writerows(rows)
    expected = [
        {name: cell for name, cell in zip(("id", "text"), row, strict=True) if cell}
        for row in rows
        if any(cell.strip() for cell in row)
    ]
    assert fields(from_csv(written.getvalue())) == expected


@given(st.binary(max_size=500))
def test_no_bytes_below_a_header_raise(raw):
    for found in from_csv(b"id,text\n" + raw):
        assert isinstance(found, Record | Refusal)


@given(st.lists(st.sampled_from(['"', "a", ",", "\n", "\r\n", "\r", ";", "é", '""', " "])))
def test_no_play_of_quotes_and_line_ends_raises_or_loses_count(parts):
    raw = "id,text\n" + "".join(parts)
    numbers = [found.line for found in from_csv(raw)]
    assert all(2 <= number <= raw.count("\n") + 1 for number in numbers)


@given(st.binary(max_size=300))
def test_no_bytes_as_a_whole_file_raise_anything_but_usage(raw):
    mistake = None
    try:
        from_csv(raw)
    except WrongUsage as error:
        mistake = error
    assert mistake is None or (mistake.message and mistake.hint)


@given(st.binary(max_size=300))
def test_no_bytes_as_json_lines_raise(raw):
    for found in from_json(raw):
        assert isinstance(found, Record | Refusal)


@given(st.lists(st.dictionaries(texts, texts | st.integers() | st.booleans(), min_size=1)))
def test_json_lines_are_read_as_they_were_written(rows):
    raw = "".join(json.dumps(row) + "\n" for row in rows)
    assert fields(from_json(raw)) == rows


def test_the_header_may_be_in_any_order_case_and_form():
    assert fields(from_csv(' Other ,"TEXT",unheard,I-D,id\nx,y,z,q,1\n')) == [
        {"other": "x", "text": "y", "id": "1"}
    ]
    assert module.usual_name(" Platform Post-ID ") == "platform_post_id"


def test_records_are_numbered_by_the_line_in_which_they_begin():
    found = from_csv('id,text\n1,"a\nb\nc"\n\n2,x\n')
    assert [(record.line, record.fields.get("text")) for record in found] == [
        (2, "a\nb\nc"),
        (6, "x"),
    ]


def test_a_header_on_a_later_line_counts_too():
    assert [record.line for record in from_csv("\n\nid,text\n1,a\n")] == [4]


def test_a_quote_that_is_never_closed_costs_one_record():
    found = from_csv('id,text\n1,"a\n2,b\n3,c\n')
    assert [record.line for record in found] == [2, 3, 4]
    assert isinstance(found[0], Refusal)
    assert "never closed" in found[0].message
    assert fields(found[1:]) == [{"id": "2", "text": "b"}, {"id": "3", "text": "c"}]


def test_a_quote_that_is_not_closed_for_thousands_of_lines_does_not_swallow_them():
    many = "".join(f"{n},x\n" for n in range(module.LONGEST_RECORD + 10))
    found = from_csv(f'id,text\n1,"a\n{many}')
    assert "does not end" in found[0].message
    assert len(found) == module.LONGEST_RECORD + 11


def test_a_broken_line_inside_of_a_quoted_text_names_both():
    found = from_csv(b'id,text\n1,"a\n\xff\n2,b\n')
    assert [(record.line, isinstance(record, Refusal)) for record in found] == [
        (2, True),
        (3, True),
        (4, False),
    ]


def test_text_after_a_closing_quote_is_refused_not_mended():
    (found,) = from_csv('id,text\n1,"a"b\n')
    assert "after a closing quote" in found.message


def test_old_line_ends_are_named():
    (found,) = from_csv("id,text\n1,a\r2,b\r")
    assert "carriage return" in found.message


def test_a_row_with_too_many_fields_is_refused_and_one_with_too_few_is_not():
    found = from_csv("id,text\n1,a,b\n2\n3,c,,\n")
    assert found[0] == Refusal(2, None, "The record has 3 fields, the header names 2.")
    assert fields(found[1:]) == [{"id": "2"}, {"id": "3", "text": "c"}]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("id,text,ID\n", "column id twice"),
        ('"id\n', "header can't be read"),
        (b"\xff\xfei\0d\0", "not UTF-8"),
        (b"id\0,text\n", "NUL"),
    ],
)
def test_a_header_that_can_not_be_used_refuses_the_file(raw, words):
    with pytest.raises(WrongUsage, match=words):
        from_csv(raw)


def test_the_header_is_checked_before_the_first_record():
    seen = []
    stream = csv_records(Lines(io.BytesIO(b"Text,zzz\n1,2\n")), KNOWN, seen.append)
    next(stream)
    assert seen == [{"text"}]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("nonsense", "not JSON"),
        ('{"a": 1', "not JSON"),
        ("[1]", "not an object"),
        ('"text"', "not an object"),
        ('{"a": NaN}', "not JSON"),
        ('{"a": Infinity}', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"a": ' + "9" * 5_000 + "}", "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
    ],
)
def test_a_json_line_that_can_not_be_used_is_named_and_the_next_is_read(raw, words):
    raw = raw.encode() if isinstance(raw, str) else raw
    refusal, record = from_json(raw + b'\n{"ok": 1}\n')
    assert (refusal.line, refusal.field) == (1, None)
    assert words in refusal.message
    assert record == Record(2, {"ok": 1})


def test_null_is_absent_and_blank_lines_are_passed_over():
    assert from_json('\n{"a": null, "b": 0}\n  \n') == [Record(2, {"b": 0})]


def test_a_record_never_shows_its_fields():
    assert "secret" not in repr(Record(1, {"token": "secret"}))
