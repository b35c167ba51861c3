"""Opens what is imported: a file or standard input, CSV or JSON Lines."""

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from analytics_sync.errors import WrongUsage
from analytics_sync.files.lines import Lines, Stream
from analytics_sync.files.outcome import Refusal
from analytics_sync.files.records import Record, csv_records, json_records

STANDARD_INPUT: Final = "-"
JSON_ENDINGS: Final = frozenset([".jsonl", ".ndjson", ".json"])


@contextmanager
def opened(name: str) -> Iterator[Stream]:
    """The bytes of a file, or of standard input for `-`.

    :raises WrongUsage: it can't be opened or read; says why.
    """
    if name == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with _open(Path(name)) as stream:
        yield stream


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except IsADirectoryError:
        words = f"{path} is a folder, not a file."
    except OSError as error:
        words = f"{path} can't be read: {error.strerror}."
    raise WrongUsage(words, hint="Name a file, or - for standard input.", code="file_unreadable")


def records(
    stream: Stream,
    name: str,
    known: Collection[str],
    check: Callable[[Collection[str]], None],
) -> Iterator[Record | Refusal]:
    """Records of a file in the format that its ending or its first character tells.

    :raises WrongUsage: it is CSV without a header that can be used.
    """
    lines = Lines(stream)
    if _is_json(lines, name):
        return json_records(lines)
    return csv_records(lines, known, check)


def _is_json(lines: Lines, name: str) -> bool:
    if Path(name).suffix.lower() in JSON_ENDINGS:
        return True
    passed = []
    for line in lines:
        passed.append(line)
        if line.problem is not None or not line.text.isspace():
            break
    lines.give_back(passed)
    return bool(passed) and passed[-1].text.lstrip().startswith("{")
