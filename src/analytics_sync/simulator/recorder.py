"""Between the server and a platform: writes the request log and carries out transport faults."""

import traceback
from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics_sync.clock import iso
from analytics_sync.simulator.faults import TRANSPORT_KINDS, Fault
from analytics_sync.simulator.journal import Request
from analytics_sync.simulator.trouble import CLOSING, ConnectionCut, carry_out
from analytics_sync.simulator.world import World

__all__ = ["ConnectionCut", "Recorder", "note"]

# A service sets these in `scope["state"]` before it answers.
LABEL = "simulator_label"
CHARGED = "simulator_charged"


def note(scope: Scope, label: str, charged: int = 1) -> None:
    """Name the request in the log, and say how many calls the platform counts for it."""
    state = scope.setdefault("state", {})
    state[LABEL], state[CHARGED] = label, charged


class Recorder:
    """Wraps one platform's application."""

    def __init__(self, world: World, platform: str, app: ASGIApp) -> None:
        self.world = world
        self.platform = platform
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})
        fault = self.world.faults.take(self.platform, target_of(scope), TRANSPORT_KINDS)
        recorded = False

        def record(status: int) -> None:
            nonlocal recorded
            if not recorded:
                self._record(scope, status, fault)
            recorded = True

        async def sending(message: Message) -> None:
            # Recorded first: who has an answer finds it in the log.
            if message["type"] == CLOSING:
                record(0)
                return
            if message["type"] == "http.response.start":
                record(message["status"])
                message["headers"] = self._dated(message.get("headers", []))
            await send(message)

        try:
            if fault is not None and fault.kind == "withdraw":
                facts = fault.facts
                self.world.withdrawing[self.platform](facts["subject"], facts.get("client_id"))
                await self.app(scope, receive, sending)
            elif fault is None:
                await self.app(scope, receive, sending)
            else:
                await carry_out(fault, self.app, scope, receive, sending)
        except ConnectionCut:
            raise
        except Exception:
            self.world.journal.crashes.append(traceback.format_exc())
            raise
        finally:
            record(0)

    def _dated(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        date = format_datetime(self.world.clock.now(), usegmt=True).encode()
        return [*(line for line in headers if line[0].lower() != b"date"), (b"date", date)]

    def _record(self, scope: Scope, status: int, fault: Fault | None) -> None:
        state = scope["state"]
        path, _, query = target_of(scope).partition("?")
        self.world.journal.note(
            Request(
                at=iso(self.world.clock.now()),
                platform=self.platform,
                method=scope["method"],
                path=path,
                query=query,
                status=status,
                label=state.get(LABEL, fault.kind if fault else path),
                charged=state.get(CHARGED, 0 if fault else 1),
            )
        )


def target_of(scope: Scope) -> str:
    """The request's path below the platform's base address, `?` and its query: what faults match."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return f"{path}?{scope.get('query_string', b'').decode('latin-1')}"
