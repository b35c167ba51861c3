"""Reads records from CSV with a header and from JSON Lines, a line at a time."""

import csv
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Never

from analytics_sync.errors import WrongUsage
from analytics_sync.files.lines import LONGEST_LINE, Line, Lines
from analytics_sync.files.outcome import Refusal

DELIMITERS: Final = ",;\t|"
LONGEST_RECORD: Final = 10_000
# Words for what the csv module says in terms of Python.
CSV_TROUBLE: Final = {
    "unexpected end of data": "has a quote that is never closed",
    "new-line character seen": "holds a carriage return outside of quotes; "
    "save the file with LF or CRLF at the ends of lines",
    "expected after": "goes on after a closing quote; a quote inside of a text is written twice",
    "field larger": f"has a field longer than {LONGEST_LINE:,} characters",
}


@dataclass(frozen=True, slots=True)
class Record:
    """What one line says, by column name; what is empty or null is absent."""

    line: int
    fields: Mapping[str, Any] = field(repr=False)


def json_records(lines: Lines) -> Iterator[Record | Refusal]:
    """One JSON object a line; blank lines are passed over."""
    for line in lines:
        if line.problem is not None:
            yield Refusal(line.number, None, f"The line {line.problem}.")
        elif not line.text.isspace():
            yield _json_record(line)


def _json_record(line: Line) -> Record | Refusal:
    try:
        told = json.loads(line.text.lstrip("\ufeff"), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        words = f"The line is not JSON: {error.msg} at character {error.pos + 1}."
        return Refusal(line.number, None, words)
    except (ValueError, RecursionError):
        return Refusal(line.number, None, "The line is not JSON that can be read.")
    if not isinstance(told, dict):
        return Refusal(line.number, None, "The line is JSON, but not an object in braces.")
    return Record(line.number, {name: value for name, value in told.items() if value is not None})


def _no_number(word: str) -> Never:
    raise ValueError(f"{word} is not a number in JSON")


def csv_records(
    lines: Lines, known: Collection[str], check: Callable[[Collection[str]], None]
) -> Iterator[Record | Refusal]:
    """Records below a header of column names, in any order; columns not `known` are passed over.

    `check` gets the names in the header and refuses the whole file by raising.

    :raises WrongUsage: there is no header, or it can't be read.
    """
    feed = _Feed(lines)
    reader, names = _header(feed, known)
    check({name for name in names if name in known})
    for row in _rows(reader, feed):
        if isinstance(row, Refusal):
            yield row
        elif any(cell.strip() for cell in row):
            yield _csv_record(feed.first, names, row, known)


def _csv_record(
    line: int, names: list[str], row: list[str], known: Collection[str]
) -> Record | Refusal:
    if len(row) > len(names) and any(row[len(names) :]):
        words = f"The record has {len(row)} fields, the header names {len(names)}."
        return Refusal(line, None, words)
    cells = zip(names, row, strict=False)
    return Record(line, {name: cell for name, cell in cells if cell and name in known})


def _header(feed: "_Feed", known: Collection[str]) -> "tuple[Any, list[str]]":
    """A reader that stands below the header, and the header's names in their usual form."""
    first = next((line for line in feed.lines if line.problem or not line.text.isspace()), None)
    if first is None:
        raise WrongUsage("The file is empty.", hint="Its first line must name the columns.")
    feed.lines.give_back([first])
    # Each field may be as long as a line; the limit is one for the whole process.
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(feed, delimiter=_delimiter(first.text, known), strict=True)
    found = next(_rows(reader, feed), None)
    if not isinstance(found, list):
        problem = found.message if found else "The line is empty."
        raise WrongUsage(f"The header can't be read: {problem}", hint=_columns(known))
    names = [usual_name(name) for name in found]
    twice = sorted({name for name in names if name in known and names.count(name) > 1})
    if twice:
        raise WrongUsage(f"The header names the column {twice[0]} twice.", hint="Keep one of them.")
    return reader, names


def usual_name(name: str) -> str:
    """A column's name as it is known: `Platform Post-ID ` is `platform_post_id`."""
    return "_".join(name.strip().lower().replace("-", " ").split())


def _columns(known: Collection[str]) -> str:
    return f"The first line names the columns: {', '.join(known)}."


def _delimiter(header: str, known: Collection[str]) -> str:
    """What stands between the names: spreadsheets of many countries write semicolons."""

    def recognised(delimiter: str) -> int:
        names = (name.strip().strip('"') for name in header.split(delimiter))
        return sum(usual_name(name) in known for name in names)

    return max(DELIMITERS, key=recognised)


def _rows(reader: Any, feed: "_Feed") -> Iterator[list[str] | Refusal]:
    """Rows of a reader; one that can't be read is refused, and reading goes on below its first line."""
    while True:
        feed.begin()
        try:
            yield next(reader)
        except StopIteration:
            return
        except (csv.Error, _Unreadable) as error:
            feed.lines.give_back(feed.taken[1:])
            yield Refusal(feed.first, None, f"The record {_csv_trouble(error)}.")


def _csv_trouble(error: Exception) -> str:
    said = str(error)
    return next((words for part, words in CSV_TROUBLE.items() if part in said), said)


class _Unreadable(Exception):
    """A line that the csv module must not see."""


class _Feed:
    """Gives lines to the csv module and remembers those of the record that is being read.

    One record is bounded, so that a quote that is never closed does not swallow the file.
    """

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.taken: list[Line] = []
        self._size = 0

    @property
    def first(self) -> int:
        """The number of the line in which the record begins."""
        return self.taken[0].number

    def begin(self) -> None:
        """The next record begins."""
        self.taken = []
        self._size = 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.taken.append(line)
        self._size += len(line.text)
        if line.problem is not None:
            raise _Unreadable(line.problem)
        if self._size > LONGEST_LINE or len(self.taken) > LONGEST_RECORD:
            raise _Unreadable("does not end; is a quote not closed?")
        return line.text
