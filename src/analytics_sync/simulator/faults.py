"""Faults on demand: which request goes wrong, how, and how often."""

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fault:
    """One kind of trouble for requests whose path and query match `match` (a regular expression).

    `kind`: "status" (answer with `status`, `headers` and `body`), "html", "half_json", "empty",
    "nan", "bomb" (gzip, 512 MiB unpacked), "deep" (nested JSON), "slow" (waits `seconds`, then
    answers as usual), "drip" (a byte each half second), "cut" (closes in the middle of the body),
    "refuse" (closes at once), "lost" (does as asked, but closes without an answer), "clipped" (does
    as asked, but closes in the middle of its answer), "late" (does as asked, and waits `seconds`
    before it answers), "withdraw" (before it answers as usual, the person `facts.subject` takes all
    consents back, or those of the app `facts.client_id`), "redirect" (to `body`); any other word is
    for the platform, which reads it with `Faults.asks`. `times`: how often (None: always); `skip`:
    matching requests left alone first; `facts`: for the platform.
    """

    kind: str
    platform: str = ""
    match: str = ""
    times: int | None = 1
    skip: int = 0
    status: int = 500
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 1.0
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Faults:
    """The faults still to come, in the order in which they were asked for."""

    pending: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.pending.append(fault)

    def clear(self) -> None:
        self.pending.clear()

    def take(self, platform: str, target: str, kinds: frozenset[str]) -> Fault | None:
        """The first fault of these kinds for this request, counted as used."""
        for fault in self.pending:
            if fault.kind not in kinds or fault.platform not in {"", platform}:
                continue
            if not re.search(fault.match, target):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.pending.remove(fault)
            return fault
        return None

    def asks(self, platform: str, target: str, kind: str) -> Fault | None:
        """A fault that the platform itself carries out ("retired_metric", "null_item", ...)."""
        return self.take(platform, target, frozenset({kind}))


# Carried out by the server, before or instead of the platform.
TRANSPORT_KINDS = frozenset(
    "status html half_json empty nan bomb deep slow drip cut refuse lost clipped late withdraw redirect".split()
)
