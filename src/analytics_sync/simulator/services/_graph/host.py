"""One of Meta's hosts in the world: its switches, the trace of each answer, and its secrets."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analytics_sync.simulator.services._graph.apps import Application, Code
from analytics_sync.simulator.services._graph.society import Society
from analytics_sync.simulator.world import Token, World

# The first application of each host, unless the switches `<host>.app_id` and `<host>.app_secret`
# say else.
FIRST = {"facebook": ("42", "appsecret"), "instagram": ("4242", "instagram-appsecret")}
# Instagram sends nobody to plain http, so what comes back is pasted.
REGISTERED = {"facebook": (), "instagram": ("https://localhost:8914/callback",)}


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
    applications: dict[str, Application] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    # By account and app: how often a token was refreshed.
    rotations: Counter[tuple[str, str]] = field(default_factory=Counter)
    traced: int = 0
    society: Society = field(init=False)

    def __post_init__(self) -> None:
        self.society = Society(self.world)

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
        return self.text("app_id", FIRST[self.name][0])

    @property
    def app_secret(self) -> str:
        required = self.switch("require_proof")
        if isinstance(required, str):
            return required
        return self.text("app_secret", FIRST[self.name][1])

    def add_application(
        self,
        name: str,
        client_id: str,
        client_secret: str,
        redirect_uris: tuple[str, ...],
        scopes: Iterable[str] | None,
    ) -> None:
        """An app beside the first; `scopes`: what it has access to (None: all)."""
        allowed = None if scopes is None else frozenset(scopes)
        self.applications[client_id] = Application(
            client_id, client_secret, name, redirect_uris, allowed
        )

    def application(self, client_id: str) -> Application | None:
        """An app by its id: the first one, or one that was added."""
        if client_id == self.app_id:
            registered = REGISTERED[self.name]
            return Application(client_id, self.app_secret, redirect_uris=registered)
        return self.applications.get(client_id)

    def application_of(self, token: Token) -> Application:
        """The app through which a token was given; tokens made by hand are the first app's."""
        found = self.application(str(token.facts.get("app_id", self.app_id)))
        return found or Application(self.app_id, self.app_secret)

    def expire_codes(self) -> int:
        """Every code that was not exchanged yet is too old from now on; returns how many."""
        waiting = [code for code in self.codes.values() if not code.used]
        for code in waiting:
            code.expires_at = self.now
        return len(waiting)

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
