"""What goes wrong on the wire, and the consequence that the client draws from it."""

import asyncio
import datetime as dt
import ipaddress
import ssl
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from analytics_sync.errors import (
    AnswerNotUnderstood,
    ConfigurationInvalid,
    PlatformStopped,
    Temporary,
)
from analytics_sync.transport.call import Call, Reply
from analytics_sync.transport.client import Transport
from support.fake_clock import FakeClock
from support.fault_server import (
    FaultServer,
    drips,
    gzip_bomb,
    head,
    never,
    raw,
    resets,
    says,
)
from support.transport_doubles import StatusRules

RULES = StatusRules()


async def fetch(transport: Transport, server: FaultServer) -> Reply:
    return await transport.send(Call(url=server.origin + "/2?secret=planted", label="posts"), RULES)


async def fetch_once(transport: Transport, server: FaultServer) -> Reply:
    call = Call(url=server.origin + "/2?secret=planted", label="posts", repeatable=False)
    return await transport.send(call, RULES)


def test_a_body_that_drips_ends_at_the_deadline(play: Any) -> None:
    with pytest.raises(
        Temporary, match=r"posts: 127\.0\.0\.1 did not answer in full within 0.05 s"
    ):
        play(fetch_once, drips(head(200, content_length=1000), every=0.005), deadline=0.05)


def test_headers_that_drip_end_at_the_deadline(play: Any) -> None:
    with pytest.raises(Temporary, match="in full within"):
        play(fetch_once, drips(b"HTTP/1.1 200 OK\r\nX-Long:", every=0.005), deadline=0.05)


def test_silence_ends_at_the_deadline_and_is_tried_again(play: Any) -> None:
    assert play(fetch, never(), says(body=b"[1]"), deadline=0.1).body == b"[1]"


@pytest.mark.parametrize(
    "answer",
    [
        raw(b"", close=True),
        raw(b"HTTP/1.1 200 OK\r\nContent-Len", close=True),
        raw(head(200, content_length=100) + b"half", close=True),
        raw(head(200, transfer_encoding="chunked") + b"5\r\nab", close=True),
        raw(head(200, transfer_encoding="chunked") + b"nonsense\r\n", close=True),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=True),
        raw(b"HTTP/1.1 200 OK\r\nX-Bad\x00Name: 1\r\n\r\n", close=True),
        resets(),
        resets(head(200, content_length=100) + b"half"),
    ],
    ids="closed half-head cut cut-chunk bad-chunk not-http bad-header reset reset-body".split(),
)
def test_a_broken_answer_is_temporary(play: Any, fake_clock: FakeClock, answer: Any) -> None:
    with pytest.raises(Temporary, match=r"answer of 127\.0\.0\.1 was cut off or is not HTTP"):
        play(fetch_once, answer)
    assert play(fetch, answer, says(body=b"[1]")).body == b"[1]"


def test_a_body_cut_short_without_a_length_is_half_a_json(play: Any) -> None:
    reply = play(fetch, raw(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"data": [', close=True))
    with pytest.raises(AnswerNotUnderstood, match="is not JSON"):
        reply.json()


def test_a_length_that_is_too_short_is_half_a_json(play: Any) -> None:
    reply = play(fetch, says(body=b'{"data": []}', content_length=5))
    with pytest.raises(AnswerNotUnderstood, match="is not JSON"):
        reply.json()


def test_html_is_not_understood(play: Any) -> None:
    reply = play(fetch, says(body=b"<!doctype html>", content_type="text/html"))
    with pytest.raises(AnswerNotUnderstood, match="HTTP 200, text/html, 15 bytes"):
        reply.json()


@pytest.mark.parametrize("location", ["/elsewhere?token=planted", "https://[no-address"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(play: Any, status: int, location: str) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> list[bytes]:
        with pytest.raises(AnswerNotUnderstood, match=f"redirect .HTTP {status}.*not followed"):
            await fetch(transport, server)
        return server.targets

    assert play(scenario, says(status, location=location), says()) == [b"/2?secret=planted"]


def test_a_redirect_is_a_failure_even_where_a_platform_overlooks_it(play: Any) -> None:
    class Lenient(StatusRules):
        def failure(self, *_: Any) -> None:
            return None

    async def scenario(transport: Transport, server: FaultServer) -> Reply:
        return await transport.send(Call(url=server.origin, label="posts"), Lenient())

    with pytest.raises(AnswerNotUnderstood, match="redirect"):
        play(scenario, says(302, location="/"))
    assert play(scenario, says(404)).status == 404


def test_a_bomb_costs_little_memory(play: Any) -> None:
    bomb = gzip_bomb(512)
    tracemalloc.start()
    try:
        with pytest.raises(AnswerNotUnderstood, match="posts: the answer is larger than 8 MiB"):
            play(fetch, says(body=bomb, content_encoding="gzip"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 * 1024 * 1024


def test_an_endless_body_is_too_large(play: Any) -> None:
    endless = raw(head(200), *[bytes(1024 * 1024)] * 9, close=True)
    with pytest.raises(AnswerNotUnderstood, match="larger than 8 MiB"):
        play(fetch, endless)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_body_that_can_not_be_unpacked_names_the_call(play: Any, encoding: str) -> None:
    with pytest.raises(
        AnswerNotUnderstood, match=r"^posts: the answer('s gzip data ends| is packed)"
    ):
        play(fetch, says(body=b"\x1f\x8b\x08", content_encoding=encoding))


def test_the_status_of_an_unreadable_failure_still_counts(play: Any) -> None:
    assert play(fetch, says(503, b"?", content_encoding="br"), says(body=b"[1]")).body == b"[1]"


def test_nobody_listens(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> None:
        with pytest.raises(Temporary, match=r"could not connect to 127\.0\.0\.1: .*refused"):
            await transport.send(Call(url="http://127.0.0.1:1/", label="posts"), RULES)
        assert (transport.requests, transport.retries) == (0, 0)

    play(scenario, says())


@pytest.mark.parametrize("host", ["xn--a", "[::1.2]"])
def test_a_host_name_that_can_not_exist_is_a_mistake_in_the_configuration(
    play: Any, host: str
) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> None:
        await transport.send(Call(url=f"https://{host}/", label="posts"), RULES)

    with pytest.raises(ConfigurationInvalid, match="base_url: posts: "):
        play(scenario, says())


def test_plain_http_to_another_machine_is_refused(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> None:
        await transport.send(Call(url="http://api.x.com/", label="posts"), RULES)

    with pytest.raises(ConfigurationInvalid, match="base_url: posts: plain http to api"):
        play(scenario, says())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = dt.datetime(2020, 1, 1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


def _over_tls(certificate: Path, play: Any) -> Reply:
    async def scenario(transport: Transport, _: FaultServer) -> Reply:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        async with FaultServer(says(body=b"[1]"), tls=context) as server:
            return await fetch(transport, server)

    reply: Reply = play(scenario, says())
    return reply


def test_a_certificate_that_nobody_signed_stops_the_platform(
    play: Any, certificate: Path, fake_clock: FakeClock
) -> None:
    with pytest.raises(PlatformStopped, match=r"certificate of 127.*not trusted: self") as caught:
        _over_tls(certificate, play)
    assert "SSL_CERT_FILE" in caught.value.hint
    assert fake_clock.slept == []


def test_a_certificate_named_in_the_environment_is_trusted(
    play: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert _over_tls(certificate, play).body == b"[1]"


def test_tls_spoken_to_a_server_that_speaks_none(play: Any) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    async def scenario(transport: Transport, _: FaultServer) -> None:
        async with await asyncio.start_server(greet, "127.0.0.1", 0) as mail:
            port = mail.sockets[0].getsockname()[1]
            call = Call(url=f"https://127.0.0.1:{port}/", label="posts", repeatable=False)
            with pytest.raises(Temporary, match=r"could not connect to 127\.0\.0\.1: TLS: WRONG"):
                await transport.send(call, RULES)

    play(scenario, says())


def test_a_kept_connection_that_the_server_closed_is_made_anew(play: Any) -> None:
    async def scenario(transport: Transport, server: FaultServer) -> int:
        await fetch_once(transport, server)
        await server.until_all_closed()
        await asyncio.sleep(0.005)
        await fetch_once(transport, server)
        return server.connections

    assert play(scenario, raw(head(200, content_length=2) + b"{}", close=True), says()) == 2
