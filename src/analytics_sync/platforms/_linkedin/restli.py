"""The Rest.li 2.0 encoding of query strings and path keys, by hand, as LinkedIn wants it.

The `List(`, `(`, `:`, `,` and `)` that give a value its shape stay raw, and every text within is
percent-encoded exactly once (LinkedIn docs: Protocol Versions). No HTTP client's parameter encoder
does both.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote, unquote

Value: TypeAlias = "str | int | Sequence[Value] | Mapping[str, Value]"


def query_string(parameters: Iterable[tuple[str, Value]]) -> str:
    """The parameters in the order given, ready for the wire; empty when there are none."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in parameters)


def encode(value: Value) -> str:
    """One value: text, whole number, flag, list or object, nested at will."""
    if isinstance(value, str):
        return _encode_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        fields = (f"{encode(name)}:{encode(inner)}" for name, inner in value.items())
        return f"({','.join(fields)})"
    return f"List({','.join(encode(item) for item in value)})"


def decode_key(key: str) -> str:
    """A key of a BATCH_GET answer, which may come back percent-encoded."""
    return unquote(key)


def _encode_text(text: str) -> str:
    # The empty text has a form of its own: nothing at all would be a missing value.
    return quote(text, safe="") if text else "''"
