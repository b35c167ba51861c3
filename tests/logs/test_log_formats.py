"""How records are written."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.logs import redact
from analytics_sync.logs.formats import FileFormat, JournalFormat, PlainFormat


def record(
    message: object, *args: object, level: int = logging.INFO, error: BaseException | None = None
) -> logging.LogRecord:
    trace = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("analytics_sync.x", level, __file__, 1, str(message), args, trace)
    made.created, made.process = 1_795_442_400.1236, 4711
    return made


def raised() -> Exception:
    with pytest.raises(ValueError) as caught:
        raise ValueError("GET https://x.example?access_token=s3cret-token failed")
    return caught.value


def test_a_line_of_the_file() -> None:
    assert (
        FileFormat().format(record("Business %s", 1))
        == "2026-11-23T14:00:00.123Z INFO 4711 Business 1"
    )


def test_whole_seconds_have_milliseconds_too() -> None:
    whole = record("x")
    whole.created = 0.0
    assert FileFormat().format(whole).startswith("1970-01-01T00:00:00.000Z ")


def test_further_lines_are_indented_so_that_no_message_makes_a_record() -> None:
    text = FileFormat().format(record("one\n2026-11-23T14:00:00.123Z INFO 1 forged"))
    assert text.split("\n")[1] == "    2026-11-23T14:00:00.123Z INFO 1 forged"


def test_the_documented_lines_come_word_for_word_on_a_terminal() -> None:
    line = "Business 1 sync complete: 45/50 posts synced"
    assert PlainFormat(trace=False).format(record(line)) == line


@pytest.mark.parametrize(
    ("level", "start"), [(logging.WARNING, "WARNING: "), (logging.ERROR, "ERROR: ")]
)
def test_what_is_wrong_says_so(level: int, start: str) -> None:
    assert PlainFormat(trace=False).format(record("x", level=level)) == f"{start}x"


@pytest.mark.parametrize(
    ("level", "priority"), [(10, 7), (15, 7), (20, 6), (25, 6), (30, 4), (40, 3), (50, 2)]
)
def test_journald_is_told_the_priority_of_each_line(level: int, priority: int) -> None:
    text = JournalFormat(trace=False).format(record("one\ntwo", level=level))
    assert text == f"<{priority}>one\n<{priority}>two"


def test_a_traceback_is_in_the_file_and_only_when_wanted_elsewhere() -> None:
    broken = record("It broke", error=raised())
    assert "Traceback" in FileFormat().format(broken)
    assert "Traceback" in PlainFormat(trace=True).format(broken)
    assert PlainFormat(trace=False).format(broken) == "It broke"
    assert JournalFormat(trace=False).format(broken) == "<6>It broke"


@pytest.mark.parametrize(
    "format_", [FileFormat(), PlainFormat(trace=True), JournalFormat(trace=True)]
)
def test_secrets_go_from_messages_arguments_and_tracebacks(format_: logging.Formatter) -> None:
    redact("told-secret")
    broken = record("token %s and %s", "told-secret", {"client_secret": "s3cret"}, error=raised())
    broken.stack_info = "Stack: refresh_token=s3cret"
    text = format_.format(broken)
    assert "s3cret" not in text
    assert "told-secret" not in text
    assert "ValueError: GET https://x.example?access_token=[redacted]" in text


def test_terminal_commands_of_a_platforms_text_do_nothing() -> None:
    text = PlainFormat(trace=False).format(record("title \x1b[31mred\x1b[0m\r\x07\x9b\t."))
    assert text == "title \\x1b[31mred\\x1b[0m\\x0d\\x07\\x9b\t."


def test_a_wrong_log_call_is_logged_as_it_is() -> None:
    assert PlainFormat(trace=False).format(record("%d posts", "many")) == "%d posts ('many',)"


@given(st.text())
def test_every_record_begins_one_line_of_the_file(message: str) -> None:
    head, *further = FileFormat().format(record("%s", message)).split("\n")
    assert head.startswith("2026-11-23T14:00:00.123Z INFO 4711 ")
    assert all(line.startswith("    ") for line in further)
    assert not any(character in head for character in "\r\x1b\x00")


def test_the_kind_of_an_exception_survives() -> None:
    text = FileFormat().format(record("m", error=KeyError("x")))
    assert text.endswith("\n    KeyError: 'x'")
