"""Rate windows: so many calls of an endpoint by a token in 15 minutes, and on demand in 24 hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics_sync.clock import to_milliseconds
from analytics_sync.simulator.services._x.switches import Switches
from analytics_sync.simulator.world import Token

QUARTER = timedelta(minutes=15)
DAY = timedelta(hours=24)


@dataclass
class Window:
    """Calls counted since `start`."""

    start: datetime
    used: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What one call found: the headers of its answer, and whether it was one too many."""

    headers: dict[str, str]
    refused: bool


class Windows:
    """Every window of the simulated X. A window begins with its first call."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._windows: dict[tuple[str, str], Window] = {}

    def take(self, endpoint: str, token: Token, limit: int) -> Standing:
        """Count one call of this endpoint by this token."""
        who = f"{token.kind}:{token.subject}"
        headers: dict[str, str] = {}
        refused = False
        for header, allowed, counted in self._groups(endpoint, token, limit):
            span = QUARTER if header == "x-rate-limit" else DAY
            window = self._window(f"{header} {endpoint}", counted or who, span)
            refused = refused or window.used >= allowed
            window.used += window.used < allowed
            headers |= _told(header, span, allowed, window)
        shown = headers if self._switches.flag("rate_headers", True) else {}
        return Standing(shown, refused)

    def _groups(self, endpoint: str, token: Token, limit: int) -> list[tuple[str, int, str]]:
        """Header, ceiling, and who is counted where that is not the token."""
        number = self._switches.number
        switched = number(f"limit.{endpoint}")
        groups = [("x-rate-limit", limit if switched is None else int(switched), "")]
        by_user, by_app = number("day_limit.user"), number("day_limit.app")
        if by_user is not None and token.kind == "user":
            groups.append(("x-user-limit-24hour", int(by_user), ""))
        if by_app is not None:
            app = str(token.facts.get("application", token.subject))
            groups.append(("x-app-limit-24hour", int(by_app), f"application:{app}"))
        return groups

    def _window(self, endpoint: str, who: str, span: timedelta) -> Window:
        now = self._switches.now()
        window = self._windows.get((endpoint, who))
        if window is None or not timedelta(0) <= now - window.start < span:
            window = self._windows[endpoint, who] = Window(now.replace(microsecond=0))
        return window


def _told(header: str, span: timedelta, allowed: int, window: Window) -> dict[str, str]:
    return {
        f"{header}-limit": str(allowed),
        f"{header}-remaining": str(allowed - window.used),
        f"{header}-reset": str(to_milliseconds(window.start + span) // 1000),
    }
