import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.errors import AnswerNotUnderstood
from analytics_sync.transport.body import MAX_BODY_BYTES, read_body
from support.fault_server import gzip_bomb


async def _pieces(raw: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), size):
        yield raw[start : start + size]


def _read(
    raw: bytes, encoding: str = "", *, size: int = 65536, limit: int = MAX_BODY_BYTES
) -> bytes:
    return asyncio.run(read_body(_pieces(raw, size), encoding, limit=limit))


def _raw_deflate(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush()


PACKERS = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "identity, gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate ": _raw_deflate,
}


@pytest.mark.parametrize("encoding", PACKERS)
@pytest.mark.parametrize("size", [1, 7, 65536])
def test_a_body_is_unpacked_however_it_is_cut(encoding: str, size: int) -> None:
    text = b'{"data": "' + b"numbers " * 500 + b'"}'
    assert _read(PACKERS[encoding](text), encoding, size=size) == text


@given(
    text=st.binary(max_size=3000), size=st.integers(1, 200), encoding=st.sampled_from([*PACKERS])
)
def test_any_bytes_survive_packing(text: bytes, size: int, encoding: str) -> None:
    assert _read(PACKERS[encoding](text), encoding, size=size) == text


@pytest.mark.parametrize("encoding", PACKERS)
def test_no_bytes_at_all_are_an_empty_body(encoding: str) -> None:
    assert _read(b"", encoding) == b""


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_body_may_be_just_as_large_as_allowed(encoding: str) -> None:
    text = b"ab" * 500
    assert _read(PACKERS[encoding](text), encoding, size=10, limit=1000) == text
    with pytest.raises(AnswerNotUnderstood, match="larger than"):
        _read(PACKERS[encoding](text), encoding, size=10, limit=999)


def test_packed_bytes_are_limited_too() -> None:
    # Empty stored blocks: bytes that unpack to nothing.
    raw = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 1000
    with pytest.raises(AnswerNotUnderstood, match="larger than"):
        _read(raw, "gzip", limit=4000)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "\x00"])
def test_unknown_packing_is_refused(encoding: str) -> None:
    with pytest.raises(AnswerNotUnderstood, match="packed in a way that was not asked for"):
        _read(b"abc", encoding)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_data_that_ends_in_the_middle_is_refused(encoding: str) -> None:
    packed = PACKERS[encoding](b"numbers " * 50)
    for end in range(1, len(packed)):
        with pytest.raises(AnswerNotUnderstood, match="ends in the middle"):
            _read(packed[:end], encoding)


def test_a_wrong_checksum_is_refused() -> None:
    packed = bytearray(gzip.compress(b"numbers"))
    packed[-8] ^= 1
    with pytest.raises(AnswerNotUnderstood, match="but is not"):
        _read(bytes(packed), "gzip")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_words_in_place_of_packed_data_are_refused(encoding: str) -> None:
    with pytest.raises(AnswerNotUnderstood, match="but is not"):
        _read(b"<html>Sorry, we are closed.</html>", encoding)


@pytest.mark.parametrize("size", [1, 65536])
def test_bytes_after_the_end_are_refused(size: int) -> None:
    with pytest.raises(AnswerNotUnderstood, match="goes on after the end"):
        _read(gzip.compress(b"{}") + gzip.compress(b"{}"), "gzip", size=size)


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    bomb = gzip_bomb(512)
    assert 400_000 < len(bomb) < 700_000
    tracemalloc.start()
    try:
        with pytest.raises(AnswerNotUnderstood, match="larger than 8 MiB"):
            _read(bomb, "gzip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 * 1024 * 1024
