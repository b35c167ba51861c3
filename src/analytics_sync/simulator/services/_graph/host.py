"""One of Meta's hosts in the world: its switches, the trace of each answer, and its secrets."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analytics_sync.simulator.world import World

# The made-up application, unless the switches `<host>.app_id` and `<host>.app_secret` say else.
APP_ID = "42"
APP_SECRET = "appsecret"


@dataclass
class Grant:
    """What an authorization code stands for."""

    redirect_uri: str
    scopes: frozenset[str]
    expires_at: datetime
    used: bool = False


@dataclass
class Host:
    """`name`: "facebook" (graph.facebook.com) or "instagram" (graph.instagram.com).

    Switches are read as `<name>.<switch>`. Those of this module:
    `app_id`, `app_secret`: the application; `require_proof`: True or the secret itself, then every
    call must carry `appsecret_proof`; `default_version`: for calls without one;
    `token_status`: the HTTP status of error 190 (400).
    """

    world: World
    name: str
    codes: dict[str, Grant] = field(default_factory=dict)
    traced: int = 0

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def switch(self, name: str) -> object:
        return self.world.switches.get(f"{self.name}.{name}")

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.switch(name)
        return default if value is None else bool(value)

    def number(self, name: str, default: int) -> int:
        value = self.switch(name)
        return int(value) if isinstance(value, (int, float, str)) else default

    def text(self, name: str, default: str) -> str:
        value = self.switch(name)
        return value if isinstance(value, str) else default

    def names(self, name: str) -> frozenset[str]:
        return names_in(self.switch(name))

    @property
    def app_id(self) -> str:
        return self.text("app_id", APP_ID)

    @property
    def app_secret(self) -> str:
        required = self.switch("require_proof")
        return required if isinstance(required, str) else self.text("app_secret", APP_SECRET)

    def trace(self) -> str:
        """The next `fbtrace_id`."""
        self.traced += 1
        seed = f"{self.world.seed}|{self.name}|{self.traced}"
        return "A" + hashlib.blake2b(seed.encode(), digest_size=11).hexdigest()

    def secret(self, prefix: str, *parts: object) -> str:
        """A made-up token or code that depends on the world's seed and `parts` alone."""
        seed = "|".join(map(str, (self.world.seed, self.name, prefix, *parts)))
        return prefix + hashlib.blake2b(seed.encode(), digest_size=24).hexdigest()


def names_in(value: object) -> frozenset[str]:
    """A switch that holds names: one text, or a list of them."""
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        return frozenset()
    return frozenset(map(str, value))
