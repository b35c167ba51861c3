"""Reads an answer's body to its end, unpacked, and never more of it than allowed."""

import zlib
from collections.abc import AsyncIterator
from typing import Protocol

from analytics_sync.errors import AnswerNotUnderstood

MAX_BODY_BYTES = 8 * 1024 * 1024

# What we ask for in Accept-Encoding, and all that we can unpack in bounded memory.
ACCEPTED_ENCODINGS = "gzip, deflate"

_GZIP = 16 + zlib.MAX_WBITS
_HINT = "The platform or a proxy in between sent something else; tried again next run."


class _Unpacker(Protocol):
    """Turns raw bytes into at most `room` bytes and one: the one tells that it was too much."""

    def feed(self, raw: bytes, room: int) -> bytes: ...

    def finish(self) -> None: ...


class _Plain:
    """No content encoding."""

    def feed(self, raw: bytes, room: int) -> bytes:
        return raw[: room + 1]

    def finish(self) -> None:
        pass


class _Packed:
    """gzip or deflate."""

    def __init__(self, name: str, window_bits: int) -> None:
        self._name = name
        self._window_bits = window_bits
        self._stream: zlib._Decompress | None = None

    def feed(self, raw: bytes, room: int) -> bytes:
        if self._stream is None:
            self._stream = zlib.decompressobj(self._bits(raw))
        try:
            unpacked = self._stream.decompress(raw, room + 1)
        except zlib.error as error:
            raise AnswerNotUnderstood(
                f"the answer says that it is {self._name}, but is not: {error}", hint=_HINT
            ) from None
        if self._stream.unused_data:
            raise AnswerNotUnderstood(
                f"the answer goes on after the end of its {self._name} data", hint=_HINT
            )
        return unpacked

    def _bits(self, raw: bytes) -> int:
        # Some servers send "deflate" without the zlib header that RFC 9110 asks for.
        has_header = raw[:1] and raw[0] & 0x0F == zlib.DEFLATED
        return self._window_bits if self._window_bits == _GZIP or has_header else -zlib.MAX_WBITS

    def finish(self) -> None:
        # No byte at all is an empty body (204, or an answer to a probe), not a broken one.
        if self._stream is not None and not self._stream.eof:
            raise AnswerNotUnderstood(
                f"the answer's {self._name} data ends in the middle", hint=_HINT
            )


async def read_body(
    chunks: AsyncIterator[bytes], content_encoding: str, *, limit: int = MAX_BODY_BYTES
) -> bytes:
    """Join and unpack the raw `chunks` of a body.

    Both the raw and the unpacked size end at `limit` bytes; what a small bomb would unpack to is
    never made. The caller closes the connection.

    :raises AnswerNotUnderstood: too large, packed in an unknown way, or broken.
    """
    unpacker = _unpacker(content_encoding)
    parts: list[bytes] = []
    raw_size = size = 0
    async for raw in chunks:
        raw_size += len(raw)
        part = unpacker.feed(raw, limit - size)
        size += len(part)
        if raw_size > limit or size > limit:
            raise AnswerNotUnderstood(
                f"the answer is larger than {limit // (1024 * 1024)} MiB", hint=_HINT
            )
        parts.append(part)
    unpacker.finish()
    return b"".join(parts)


def _unpacker(content_encoding: str) -> _Unpacker:
    names = [name.strip().lower() for name in content_encoding.split(",")]
    match [name for name in names if name not in {"", "identity"}]:
        case []:
            return _Plain()
        case ["gzip" | "x-gzip"]:
            return _Packed("gzip", _GZIP)
        case ["deflate"]:
            return _Packed("deflate", zlib.MAX_WBITS)
        case _:
            raise AnswerNotUnderstood(
                f"the answer is packed in a way that was not asked for: {content_encoding[:40]!r}",
                hint=_HINT,
            )
