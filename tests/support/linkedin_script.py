"""LinkedIn by script: what is sent is kept word for word, what comes back is told by the test."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from analytics_sync.domain.records import Account, Post, PostFailure, Reading
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms.linkedin import PLATFORM
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.transport.call import Call, Limit, Reply, Rules
from support.fake_clock import FakeClock

PAGE = "urn:li:organization:1000"
PERSON = "urn:li:person:AbC-12_x"
BASE = "https://api.linkedin.com"
PUBLISHED = datetime(2026, 11, 1, tzinfo=UTC)

Answer = Reply | Exception | dict[str, Any]


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"content-type": "application/json", **names}, raw)


def refusal(status: int, code: str = "", service: int | None = None, message: str = "no") -> Reply:
    body: dict[str, Any] = {"status": status, "message": message}
    if code:
        body["code"] = code
    if service is not None:
        body["serviceErrorCode"] = service
    return reply(body, status)


def input_refusal(path: str, code: str = "FIELD_INVALID") -> Reply:
    at_fault = {"code": code, "input": {"inputPath": {"fieldPath": path}}}
    body = {"status": 400, "message": "no", "errorDetails": {"inputErrors": [at_fault]}}
    return reply(body, 400)


@dataclass
class ScriptedSender:
    """Answers each call with what `answer` says, judged by the rules as the transport does."""

    answer: Callable[[Call], Answer]
    clock: FakeClock
    calls: list[Call] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)

    async def send(self, call: Call, rules: Rules) -> Reply:
        self.calls.append(call)
        await asyncio.sleep(0)
        answer = self.answer(call)
        if isinstance(answer, Exception):
            raise answer
        got = answer if isinstance(answer, Reply) else reply(answer)
        now = self.clock.now()
        self.limits += rules.limits(call, got, now)
        failure = rules.failure(call, got, now)
        if failure is not None:
            raise failure
        return got

    @property
    def targets(self) -> list[str]:
        """What was asked for, in order, below the base address."""
        return [call.url.removeprefix(BASE) for call in self.calls]


class Metrics:
    """Retired metrics, in memory."""

    def __init__(self, *retired: str) -> None:
        self.names = set(retired)
        self.told: list[tuple[str, str, str]] = []

    def retired(self, scope: str) -> frozenset[str]:
        return frozenset(self.names)

    def retire(self, scope: str, metric: str, reason: str) -> None:
        self.names.add(metric)
        self.told.append((scope, metric, reason))


class FreeReads:
    async def take(self, wanted: int) -> int:
        return wanted

    async def give_back(self, unused: int) -> None:
        pass

    def spent_until(self) -> datetime:
        return PUBLISHED


def settings(**own: str | int) -> PlatformSettings:
    values = {setting.name: setting.default for setting in PLATFORM.settings}
    return PlatformSettings(base_url=BASE, own={**values, **own})


def context(
    answer: Callable[[Call], Answer],
    account_id: str = PAGE,
    *,
    kind: str | None = None,
    metrics: Metrics | None = None,
    **own: str | int,
) -> tuple[Context, ScriptedSender]:
    """A context over a scripted sender, and that sender."""
    clock = FakeClock()
    sender = ScriptedSender(answer, clock)
    account = Account(3, 1, "linkedin", account_id, kind=kind, credential_id=7, app_id=2)
    values = settings(**own)
    rules = PLATFORM.rules(account, values)
    made = Context(
        account, "TOKEN", values, clock, sender, metrics or Metrics(), FreeReads(), rules
    )
    return made, sender


def share(number: int) -> str:
    return f"urn:li:share:{number}"


def ugc(number: int) -> str:
    return f"urn:li:ugcPost:{number}"


def post(urn: str, **facts: Any) -> Post:
    return Post(1, urn, PUBLISHED, **facts)


def posts(*urns: str) -> list[Post]:
    return [post(urn) for urn in urns]


def read(made: Context, wanted: Sequence[Post]) -> list[Reading | PostFailure]:
    return collect(PLATFORM.read(made, wanted))


def collect(results: AsyncIterator[Any]) -> list[Any]:
    async def gathered() -> list[Any]:
        return [result async for result in results]

    return asyncio.run(gathered())


def collect_until_raised(
    results: AsyncIterator[Any],
) -> tuple[list[Any], AnalyticsSyncError | None]:
    """What came, and what ended it."""
    came: list[Any] = []

    async def gathered() -> AnalyticsSyncError | None:
        try:
            async for result in results:
                came.append(result)  # noqa: PERF401 - what came before a failure counts
        except AnalyticsSyncError as error:
            return error
        return None

    return came, asyncio.run(gathered())


def columns(reading: Reading) -> dict[str, int]:
    return {column: next(iter(said.values())) for column, said in reading.columns.items()}
