"""Planted tokens must turn up in no exception, no repr and no log record, at any level."""

import logging
import traceback
from typing import Any

import pytest

from analytics_sync.transport.call import Call
from analytics_sync.transport.client import Transport
from support.fault_server import FaultServer, drips, head, never, raw, resets, says
from support.transport_doubles import StatusRules

TOKEN = "planted-token-9e1f"
ANSWERS = {
    "ok": says(),
    "unauthorized": says(401, TOKEN.encode()),
    "forbidden": says(403, TOKEN.encode()),
    "limited": says(429, retry_after=3600),
    "trouble": says(503),
    "redirect": says(302, location=f"https://evil.example/?token={TOKEN}"),
    "bad redirect": says(302, location=f"https://[{TOKEN}"),
    "not http": raw(TOKEN.encode() + b"\r\n\r\n", close=True),
    "bad header": raw(b"HTTP/1.1 200 OK\r\n" + TOKEN.encode() + b"\x00: 1\r\n\r\n", close=True),
    "bad length": raw(f"HTTP/1.1 200 OK\r\nContent-Length: {TOKEN}\r\n\r\n".encode(), close=True),
    "cut": raw(head(200, content_length=9) + b"x", close=True),
    "reset": resets(),
    "packed": says(body=TOKEN.encode(), content_encoding="gzip"),
    "drip": drips(b"HTTP/1.1 200 OK\r\n", every=0.005),
    "silence": never(),
}
CALLS: dict[str, dict[str, Any]] = {
    "header and body": {
        "headers": {"Authorization": f"Bearer {TOKEN}"},
        "method": "POST",
        "body": f"refresh_token={TOKEN}".encode(),
    },
    "line break": {"headers": {"Authorization": f"Bearer {TOKEN}\n"}},
    "not ascii": {"headers": {"Authorization": f"Bearer {TOKEN}\N{SNOWMAN}"}},
}


def _chain(error: BaseException | None) -> str:
    """All that could be printed of an error: words, repr, and whatever hangs on it."""
    if error is None:
        return ""
    words = [repr(error), str(error), *traceback.format_exception(error), str(vars(error))]
    return "\n".join([*words, _chain(error.__cause__), _chain(error.__context__)])


@pytest.mark.parametrize("fields", CALLS.values(), ids=[*CALLS])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=[*ANSWERS])
def test_a_planted_token_turns_up_nowhere(
    play: Any, caplog: pytest.LogCaptureFixture, answer: Any, fields: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []

    async def scenario(transport: Transport, server: FaultServer) -> None:
        call = Call(url=f"{server.origin}/2?key={TOKEN}", label="posts", **fields)
        try:
            reply = await transport.send(call, StatusRules())
            shown.append(repr(reply))
        except Exception as error:  # noqa: BLE001
            shown.append(_chain(error))
        shown.extend([repr(transport), repr(transport.for_account())])

    play(scenario, answer, deadline=0.03)
    shown.extend(record.getMessage() + str(record.exc_text) for record in caplog.records)
    assert len(shown) >= 3
    assert TOKEN not in "\n".join(shown)
