"""Reads Rest.li 2.0 query strings and path keys as they stand on the wire, strictly."""

import re
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

Value: TypeAlias = str | list["Value"] | dict[str, "Value"]

RESERVED = "(),:'"
DEEPEST = 16
_LIST = "List("
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_ON_THE_WIRE = re.compile(r"[^\x21-\x7e]")
# Protocol 1.0 writes lists as `shares[0]=` and objects as `timeIntervals.timeRange.start=`.
_OLD_NAME = re.compile(r"(\w+)(\[\d+\]|\.\w+).*")


class RestliSyntaxError(ValueError):
    """The text is not Rest.li 2.0. `parameter` names the query parameter; "" for a path key."""

    def __init__(self, message: str, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter


class OldSyntax(RestliSyntaxError):
    """Written in Rest.li 1.0. `base` is the parameter's own name, without index or path."""

    def __init__(self, name: str, base: str) -> None:
        super().__init__(f"{name} is written in Rest.li 1.0", name)
        self.base = base


def parse_query(raw: str) -> dict[str, Value]:
    """The parameters of a raw query string: text, lists and objects, percent-decoded once.

    :raises RestliSyntaxError: a value is malformed, or a parameter comes twice.
    :raises OldSyntax: a name has the form of Rest.li 1.0.
    """
    parameters: dict[str, Value] = {}
    for pair in filter(None, raw.split("&")):
        encoded_name, _, encoded_value = pair.partition("=")
        name = decode(encoded_name)
        old = _OLD_NAME.fullmatch(name)
        if old is not None:
            raise OldSyntax(name, old[1])
        if name in parameters:
            raise RestliSyntaxError("given more than once", name)
        try:
            parameters[name] = parse_value(encoded_value)
        except RestliSyntaxError as error:
            raise RestliSyntaxError(str(error), name) from None
    return parameters


def parse_value(raw: str) -> Value:
    """One value: `List(a,b)`, `(key:value,...)` or text with its reserved characters encoded.

    :raises RestliSyntaxError: malformed.
    """
    reader = _Reader(raw)
    value = reader.value(0)
    if reader.at != len(raw):
        raise RestliSyntaxError(f"unexpected {raw[reader.at]!r} at {reader.at}")
    return value


def parse_key(raw: str) -> str:
    """The text of a path segment, whose reserved characters must be percent-encoded.

    :raises RestliSyntaxError: a reserved character stands raw, or an escape is broken.
    """
    if not raw or any(character in RESERVED for character in raw):
        raise RestliSyntaxError("a path key has its reserved characters percent-encoded")
    return decode(raw)


def decode(raw: str) -> str:
    """Percent-decode once.

    :raises RestliSyntaxError: a broken escape, bytes that are not UTF-8, or raw bytes that a URL
        can't hold.
    """
    if _BROKEN_ESCAPE.search(raw) or _NOT_ON_THE_WIRE.search(raw):
        raise RestliSyntaxError("broken percent-encoding")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RestliSyntaxError("percent-encoded bytes that are not UTF-8") from error


class _Reader:
    """Goes through one value from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def value(self, depth: int) -> Value:
        if depth > DEEPEST:
            raise RestliSyntaxError(f"nested deeper than {DEEPEST}")
        if self.text.startswith(_LIST, self.at):
            return self.list_of_values(depth)
        if self.ahead("("):
            return self.object_of_values(depth)
        return self.string()

    def list_of_values(self, depth: int) -> list[Value]:
        self.at += len(_LIST)
        values: list[Value] = []
        while not self.closes(first=not values):
            values.append(self.value(depth + 1))
        return values

    def object_of_values(self, depth: int) -> dict[str, Value]:
        self.at += 1
        values: dict[str, Value] = {}
        while not self.closes(first=not values):
            key = self.string()
            if key in values:
                raise RestliSyntaxError(f"the key {key!r} comes twice")
            self.expect(":")
            values[key] = self.value(depth + 1)
        return values

    def closes(self, *, first: bool) -> bool:
        """Step over `)` (True), or over the comma before the next item (False)."""
        if self.ahead(")"):
            self.at += 1
            return True
        if not first:
            self.expect(",")
        return False

    def string(self) -> str:
        if self.text.startswith("''", self.at):
            self.at += 2
            return ""
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in RESERVED:
            self.at += 1
        if self.at == start:
            raise RestliSyntaxError(f"a value is missing at {start}; '' is the empty text")
        return decode(self.text[start : self.at])

    def ahead(self, character: str) -> bool:
        return self.text.startswith(character, self.at)

    def expect(self, character: str) -> None:
        if not self.ahead(character):
            raise RestliSyntaxError(f"{character!r} is missing at {self.at}")
        self.at += 1
