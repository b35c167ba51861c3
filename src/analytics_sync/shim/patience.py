"""Connections that are not kept open by callers that send or read slowly, or nothing at all."""

from asyncio import BaseTransport, TimerHandle
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# Seconds for a whole request, from the connection or from its first byte.
REQUEST_SECONDS: Final = 20.0
# Seconds in which a caller must read something of an answer.
READ_SECONDS: Final = 30.0
# Seconds to read why the connection ends.
LAST_SECONDS: Final = 2.0
TOO_SLOW: Final = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 30\r\nConnection: close\r\n\r\nThe request came too slowly.\r\n"
)


class Patience(H11Protocol):
    """HTTP/1.1 with a time limit for each request and for each reader.

    The server's own limits begin after the first answer, and end with the next byte.
    """

    request_seconds = REQUEST_SECONDS
    read_seconds = READ_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._sending: TimerHandle | None = None
        self._reading: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_sending()
        self._stop_reading()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading = self.loop.call_later(self.read_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_reading()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self.loop.call_later(self.read_seconds, self.transport.abort)

    def _watch(self) -> None:
        """Have the clock run while a request has begun and not all of it has come."""
        if not self._waits():
            self._stop_sending()
        elif self._sending is None:
            self._sending = self.loop.call_later(self.request_seconds, self._too_slow)

    def _waits(self) -> bool:
        if self.transport.is_closing():
            return False
        if self.conn.their_state is h11.IDLE:
            return self.cycle is None or bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.SEND_BODY

    def _too_slow(self) -> None:
        if self.cycle is None or not self.cycle.response_started:
            self.transport.write(TOO_SLOW)
        self.transport.close()
        self.loop.call_later(LAST_SECONDS, self.transport.abort)

    def _stop_sending(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
