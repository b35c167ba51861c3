"""Cuts a stream of bytes into numbered lines of text, none of them longer than a bound."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol, Self

LONGEST_LINE: Final = 1_048_576
UTF8_MARK: Final = b"\xef\xbb\xbf"


class Stream(Protocol):
    """What is read from: a file, or standard input."""

    def readline(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end, counted from 1. `problem`: why its text can't be used."""

    number: int
    text: str
    problem: str | None = None


class Lines:
    """The lines of a stream; those that were read too far can be given back.

    Lines end with LF; a carriage return stays in the text. A byte order mark at the beginning is
    left out.
    """

    def __init__(self, stream: Stream, longest: int = LONGEST_LINE) -> None:
        self._stream = stream
        self._longest = longest
        self._number = 0
        self._returned: deque[Line] = deque()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Line:
        if self._returned:
            return self._returned.popleft()
        raw = self._stream.readline(self._longest + 1)
        if not raw:
            raise StopIteration
        self._number += 1
        if self._number == 1:
            raw = raw.removeprefix(UTF8_MARK)
        if len(raw) > self._longest:
            self._skip_rest(raw)
            return Line(self._number, "", f"is longer than {self._longest:,} bytes")
        return self._decoded(raw)

    def give_back(self, lines: Iterable[Line]) -> None:
        """Let these lines come again, before all others."""
        self._returned.extendleft(reversed(list(lines)))

    def _decoded(self, raw: bytes) -> Line:
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            return Line(self._number, "", f"is not UTF-8 (byte {error.start + 1} of the line)")
        if "\0" in text:
            return Line(self._number, "", "holds a NUL byte")
        return Line(self._number, text)

    def _skip_rest(self, raw: bytes) -> None:
        while raw and not raw.endswith(b"\n"):
            raw = self._stream.readline(self._longest)
