"""A Graph API in a function: each request and each item of a batch is put to it."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from analytics_sync.domain.records import Account
from analytics_sync.platforms._contract import Context, Platform
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.transport.call import Call, Limit, Reply, Rules
from support.fake_clock import FakeClock

TOKEN = "EAAPagetoken123456"


@dataclass
class Answer:
    """What a Graph node says: a body, its HTTP status and headers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


# A path below the version ("1_900/insights") and its parameters; None is a `null` item.
Node = Callable[[str, dict[str, str]], Answer | Exception | None]


def error(code: int, message: str = "no", *, status: int = 400, **more: Any) -> Answer:
    """An error envelope; `subcode` stands for `error_subcode`."""
    told = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    if "subcode" in more:
        told["error_subcode"] = more.pop("subcode")
    return Answer({"error": {**told, **more}}, status)


GONE = error(
    100,
    "Unsupported get request. Object with ID 'x' does not exist, cannot be loaded due to missing "
    "permissions, or does not support this operation",
    subcode=33,
)
NOT_A_METRIC = error(100, "(#100) The value must be a valid insights metric")
NO_INSIGHTS_ON_VIDEO = error(
    100, "(#100) Tried accessing nonexisting field (insights) on node type (Video)"
)


def insights(**values: Any) -> Answer:
    """The answer of an insights edge; what is None is left out."""
    rows = [
        {"name": name, "period": "lifetime", "values": [{"value": value}], "id": f"x/{name}"}
        for name, value in values.items()
        if value is not None
    ]
    return Answer({"data": rows, "paging": {"next": "https://graph.example/endless?after=x"}})


class GraphSender:
    """Sends to a `Node`, judging as the transport does; keeps what it sent and what it learned."""

    def __init__(self, node: Node, clock: FakeClock) -> None:
        self.node = node
        self.clock = clock
        self.calls: list[Call] = []
        self.limits: list[Limit] = []
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def send(self, call: Call, rules: Rules) -> Reply:
        self.calls.append(call)
        answer = self._batch(call) if call.method == "POST" else self._one(call.url)
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        reply = Reply(answer.status, {k.lower(): v for k, v in answer.headers.items()}, body)
        now: datetime = self.clock.now()
        self.limits += rules.limits(call, reply, now)
        if (failure := rules.failure(call, reply, now)) is not None:
            raise failure
        return reply

    def _one(self, url: str) -> Answer | Exception | None:
        target = urlsplit(url)
        path = target.path.strip("/").removeprefix("v26.0/")
        params = {name: values[-1] for name, values in parse_qs(target.query).items()}
        self.asked.append((path, params))
        return self.node(path, params)

    def _batch(self, call: Call) -> Answer | Exception:
        whole = self.node("batch", form_of(call))
        if whole is not None:
            return whole
        items: list[Any] = []
        for item in batch_of(call):
            answer = self._one(item)
            if isinstance(answer, Exception):
                return answer
            items.append(None if answer is None else _as_item(answer))
        return Answer(items)

    @property
    def batches(self) -> list[list[str]]:
        """The relative URLs of each batch POST."""
        return [batch_of(call) for call in self.calls if call.method == "POST"]

    def asked_of(self, ending: str) -> list[dict[str, str]]:
        """The parameters of every request whose path ends so."""
        return [params for path, params in self.asked if path.endswith(ending)]


def _as_item(answer: Answer) -> dict[str, Any]:
    headers = [{"name": name, "value": value} for name, value in answer.headers.items()]
    return {"code": answer.status, "headers": headers, "body": json.dumps(answer.body)}


def form_of(call: Call) -> dict[str, str]:
    assert call.body is not None
    return {name: values[-1] for name, values in parse_qs(call.body.decode()).items()}


def batch_of(call: Call) -> list[str]:
    items = json.loads(form_of(call)["batch"])
    assert all(item["method"] == "GET" for item in items)
    return [item["relative_url"] for item in items]


class ListMemory:
    """Metric memory in a dictionary; `told` lists what a person would hear."""

    def __init__(self, known: Iterable[tuple[str, str]] = ()) -> None:
        self.known = set(known)
        self.told: list[tuple[str, str, str]] = []

    def retired(self, scope: str) -> frozenset[str]:
        return frozenset(metric for known, metric in self.known if known == scope)

    def retire(self, scope: str, metric: str, reason: str) -> None:
        self.known.add((scope, metric))
        self.told.append((scope, metric, reason))


def context_for(
    platform: Platform,
    sender: Any,
    clock: FakeClock,
    account: Account,
    *,
    memory: ListMemory | None = None,
    settings: PlatformSettings | None = None,
    token: str = TOKEN,
) -> Context:
    """A context whose only unreal parts are the sender, the clock and the metric memory."""
    used = settings or PlatformSettings(
        base_url=platform.base_url, own={s.name: s.default for s in platform.settings}
    )
    return Context(
        account=account,
        token=token,
        settings=used,
        clock=clock,
        sender=sender,
        metrics=memory or ListMemory(),
        reads=FreeReads(),
        rules=platform.rules(account, used),
    )


class FreeReads:
    """No charge for reads."""

    async def take(self, wanted: int) -> int:
        return wanted

    async def give_back(self, unused: int) -> None: ...

    def spent_until(self) -> datetime:
        raise AssertionError("never spent")
