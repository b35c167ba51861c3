"""What is sent, what comes back, and the interfaces that the transport asks others through."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from analytics_sync.errors import AnswerNotUnderstood


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request, complete and encoded by its platform.

    `url` is sent byte for byte and must hold no secret: tokens travel in `headers` or `body`.
    `buckets`: call budgets it draws on, narrowest first. `charge`: how many calls the platform
    counts for it (a Graph batch counts each of its items). `repeatable`: False for requests that
    must never be sent twice blindly. `label`: names it in logs and errors.
    """

    url: str
    label: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    buckets: tuple[str, ...] = ()
    charge: int = 1
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer read to its end. `headers` have lower-case names; `body` is decoded bytes.

    `label`: of the call that it answers.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    label: str = ""

    def json(self) -> Any:
        """The body as JSON.

        :raises AnswerNotUnderstood: not JSON, nested too deep, or with NaN or Infinity.
        """
        try:
            return read_json(self.body)
        except (ValueError, RecursionError) as error:
            kind = self.headers.get("content-type", "no content type")[:80]
            raise AnswerNotUnderstood(
                f"{self.label or 'Platform'}: the answer (HTTP {self.status}, {kind}, "
                f"{len(self.body)} bytes) is not JSON: {error}",
                hint="The platform or a proxy in between sent something else; tried again next run.",
            ) from error


# Half a surrogate pair, as of an emoji that was cut in the middle, and NUL: no database keeps them
# in a text. The pairs and the other escapes are named first, so that they stay as they are.
_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<unusable>u(?:[dD][89a-fA-F][0-9a-fA-F]{2}|0000))|.)"
)
_SUSPECT = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")


def read_json(body: bytes) -> Any:
    """JSON in UTF-8, whose texts hold only what can be stored.

    :raises ValueError: not JSON, or with NaN or Infinity.
    :raises RecursionError: nested too deep.
    """
    text = body.decode("utf-8-sig")
    if _SUSPECT.search(text):
        text = _ESCAPES.sub(lambda found: r"\ufffd" if found["unusable"] else found[0], text)
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A call budget as an answer's headers told it.

    `stop_until`: start nothing more in this bucket before then. `slow_down`: seconds to leave
    between calls of this bucket for the rest of the run. `reason`: why to stop, where it is not that
    the limit is used up.
    """

    bucket: str
    limit: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None
    stop_until: datetime | None = None
    slow_down: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cap:
    """A ceiling of our own: at most `calls` in each `period`, counted from 1970-01-01T00:00Z."""

    bucket: str
    calls: int
    period: timedelta


class Rules(Protocol):
    """How one platform says no, and how it tells its limits."""

    def failure(self, call: Call, reply: Reply, now: datetime) -> Exception | None:
        """The failure that this answer is, by consequence; None when it is an answer to read."""

    def limits(self, call: Call, reply: Reply, now: datetime) -> Iterable[Limit]:
        """The call budgets told in this answer's headers, on success and failure alike."""


class Budgets(Protocol):
    """Call budgets that outlive the process. Wiring fills it with the database."""

    async def admit(self, call: Call) -> float:
        """Take `call.charge` from each bucket; return seconds to wait first (0 or a slow-down).

        :raises NotYet: a bucket is spent or must not be used yet; nothing was taken.
        """

    def observe(self, limit: Limit) -> None:
        """Remember what an answer told."""


class Sender(Protocol):
    """The one request function, as platforms see it."""

    async def send(self, call: Call, rules: Rules) -> Reply:
        """Send `call`, retrying what may work in a moment; return an answer worth reading.

        :raises AnalyticsSyncError: by consequence, as `rules` and the transport sort it.
        """
