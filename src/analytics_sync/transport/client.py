"""The one request function: budgets, a gate per host, a deadline, a bounded body, and retries."""

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from analytics_sync.clock import Clock
from analytics_sync.errors import (
    AnalyticsSyncError,
    AnswerNotUnderstood,
    Interrupted,
)
from analytics_sync.transport import words
from analytics_sync.transport._httpx import httpx
from analytics_sync.transport.address import Address, address_of
from analytics_sync.transport.body import read_body
from analytics_sync.transport.call import Budgets, Call, Reply, Rules
from analytics_sync.transport.connection import ExactURL, new_client
from analytics_sync.transport.retry import Patience
from analytics_sync.transport.statuses import redirected

# Failures before anything left this machine; they count no request.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Counts:
    """HTTP requests really sent (further tries included), and how many of them were such tries."""

    requests: int = 0
    retries: int = 0

    def add_call(self, sent: int) -> None:
        """Count one call for which `sent` requests were made."""
        self.requests += sent
        self.retries += max(0, sent - 1)


class AccountSender(Counts):
    """A `Sender` that shares everything of its `Transport` but counts by itself."""

    __slots__ = ("_transport",)

    def __init__(self, transport: "Transport") -> None:
        super().__init__()
        self._transport = transport

    async def send(self, call: Call, rules: Rules) -> Reply:
        """As `Transport.send`."""
        return await self._transport.send(call, rules, self)


class Transport(Counts):
    """All HTTP of one run.

    `deadline`: seconds, real ones, for one request in all, from the connection to the last byte.
    `per_host`: requests at once to one host. `stop_at`: what `clock.monotonic()` shows when the
    run's time is over; nothing starts then, no wait reaches past it, and a repeatable request under
    way is given up. `longest_wait`: seconds that one call may wait for a rate limit. `transport`:
    an httpx transport in place of the network.

    Proxies (HTTPS_PROXY, ALL_PROXY, NO_PROXY) and certificates (SSL_CERT_FILE, SSL_CERT_DIR) are
    taken from the environment; a .netrc never is, and plain http, which only goes to this machine,
    goes there directly.
    """

    def __init__(
        self,
        *,
        budgets: Budgets,
        clock: Clock,
        deadline: float = 30.0,
        per_host: int = 4,
        stop_at: float | None = None,
        longest_wait: float = 90.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__()
        self._budgets = budgets
        self._clock = clock
        self._deadline = deadline
        self._stop_at = stop_at
        self._patience = Patience(clock, stop_at, longest_wait)
        self._transport = transport
        self._gates: defaultdict[str, asyncio.Semaphore] = defaultdict(
            partial(asyncio.Semaphore, per_host)
        )
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()

    def for_account(self) -> AccountSender:
        """A sender with counts of its own; what it sends is counted here too."""
        return AccountSender(self)

    async def send(self, call: Call, rules: Rules, account: Counts | None = None) -> Reply:
        """Send `call`, again where that may help; return an answer worth reading.

        :raises NotYet: a budget is spent, or the platform's limit outlasts our patience.
        :raises Interrupted: the run's time is over.
        :raises PlatformStopped: the host shows a TLS certificate that is not trusted.
        :raises ConfigurationInvalid: the address or a header can't be used.
        :raises AnalyticsSyncError: else by consequence, as `rules` sorts the answer.
        """
        address = address_of(call)
        words.check_headers(call)
        sent = Counts()
        try:
            return await self._patience.send(
                call, partial(self._attempt, call, rules, address, sent)
            )
        finally:
            self.add_call(sent.requests)
            if account is not None:
                account.add_call(sent.requests)

    async def _attempt(self, call: Call, rules: Rules, address: Address, sent: Counts) -> Reply:
        self._check_time_left(0.0)
        wait = await self._budgets.admit(call)
        if wait > 0:
            self._check_time_left(wait)
            await self._clock.sleep(wait)
        async with self._gates[address.origin]:
            self._check_time_left(0.0)
            reply, unreadable = await self._exchange(call, address, sent)
        return self._judge(call, rules, reply, unreadable)

    def _check_time_left(self, seconds: float) -> None:
        if not self._patience.allows(seconds):
            raise _time_is_over()

    def _judge(
        self, call: Call, rules: Rules, reply: Reply, unreadable: AnswerNotUnderstood | None
    ) -> Reply:
        now = self._clock.now()
        for limit in rules.limits(call, reply, now):
            self._budgets.observe(limit)
        if 300 <= reply.status < 400:
            raise redirected(call, reply)
        if unreadable is not None and reply.status < 300:
            raise unreadable
        failure = rules.failure(call, reply, now)
        if failure is not None:
            raise failure
        return reply

    async def _exchange(
        self, call: Call, address: Address, sent: Counts
    ) -> tuple[Reply, AnswerNotUnderstood | None]:
        """One HTTP request and its answer, within the deadline."""
        client = self._client(address.scheme)
        seconds = self._seconds_for(call)
        try:
            async with asyncio.timeout(seconds):
                return await _fetch(client, call, address, sent)
        except TimeoutError:
            failure: AnalyticsSyncError = (
                words.over_deadline(call, seconds) if seconds >= self._deadline else _time_is_over()
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            failure = _sorted(call, error)
        # Raised out here, so that no library's error, which may quote what was sent, hangs on it.
        raise failure

    def _seconds_for(self, call: Call) -> float:
        """The deadline, or less where the run ends before; a call that can't be repeated (a token
        refresh) is always let to its end, because its answer can't be asked for again.
        """
        if self._stop_at is None or not call.repeatable:
            return self._deadline
        return min(self._deadline, self._stop_at - self._clock.monotonic())

    def _client(self, scheme: str) -> httpx.AsyncClient:
        """One client for https and, only for this machine, one for http: made at the first use,
        because loading the trusted certificates alone takes 30 ms.
        """
        if scheme not in self._clients:
            self._clients[scheme] = new_client(scheme, self._transport)
        return self._clients[scheme]


async def _fetch(
    client: httpx.AsyncClient, call: Call, address: Address, sent: Counts
) -> tuple[Reply, AnswerNotUnderstood | None]:
    request = client.build_request(
        call.method,
        call.url,
        headers=call.headers,
        content=call.body,
    )
    request.url = ExactURL(request.url, address.target)
    response = await _send(client, request, sent)
    unreadable = None
    try:
        encoding = response.headers.get("content-encoding", "")
        body = await read_body(response.aiter_raw(), encoding)
    except AnswerNotUnderstood as error:
        unreadable, body = _labelled(call, error), b""
    finally:
        await response.aclose()
    _log.debug("%s: HTTP %d, %d bytes", call.label, response.status_code, len(body))
    reply = Reply(response.status_code, dict(response.headers.items()), body, call.label)
    return reply, unreadable


async def _send(client: httpx.AsyncClient, request: httpx.Request, sent: Counts) -> httpx.Response:
    sent.requests += 1
    try:
        return await client.send(request, stream=True)
    except _NEVER_SENT:
        sent.requests -= 1
        raise


def _labelled(call: Call, error: AnswerNotUnderstood) -> AnswerNotUnderstood:
    return AnswerNotUnderstood(f"{call.label}: {error.message}", hint=error.hint)


def _sorted(call: Call, error: Exception) -> AnalyticsSyncError:
    match error:
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | UnicodeError():
            return words.unusable_address(call)
        case httpx.ProxyError():
            return words.proxy_refused(call, str(error))
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return words.could_not_connect(call, error)
        case _:
            return words.broken_off(call)


def _time_is_over() -> Interrupted:
    return Interrupted("The run's time is over.", hint="What was left comes next run.")
