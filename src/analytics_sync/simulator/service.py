"""What a simulated platform is, for the server, the demo and the tests.

A service is one module of the folder `services` whose name does not begin with an underscore and
which names its subclass of `Service` in `SERVICE`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from starlette.types import ASGIApp

from analytics_sync.simulator.consent import Person
from analytics_sync.simulator.world import SimulatedPost, World


class Client(NamedTuple):
    """An app as its owner knows it; without a secret it is a public one."""

    client_id: str
    client_secret: str | None


class GrantFacts(NamedTuple):
    """What the platform knows of one consent, whatever a client believes.

    `rotations`: how often it was renewed by its refresh token; `refused`: how often a dead refresh
    token of it was tried; `refresh_token`: the one that is good now.
    """

    subject: str
    client_id: str
    scopes: tuple[str, ...]
    alive: bool
    access_token: str
    refresh_token: str | None = None
    rotations: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Handle:
    """What a user would type into `account add` for a made-up account."""

    platform: str
    platform_account_id: str
    name: str
    kind: str | None
    token: str


class Service(ABC):
    """One platform's HTTP interface over the world. `app` gets paths below its `base_url`.

    `authorize_path` and `token_path`: where people log in and tokens are given, below the same.
    """

    name: ClassVar[str]
    authorize_path: ClassVar[str] = ""
    token_path: ClassVar[str] = ""

    def __init__(self, world: World) -> None:
        self.world = world
        world.withdrawing[self.name] = self.withdraw

    @property
    @abstractmethod
    def app(self) -> ASGIApp:
        """The HTTP interface: X's sees `/2/tweets`, LinkedIn's `/rest/...`, Meta's `/v26.0/...`."""

    @abstractmethod
    def populate(self, business: int, name: str, posts: int) -> Handle:
        """Make an account of business number `business` with `posts` posts and a token.

        Ages reach from an hour to 120 days, denser towards now; kinds are mixed. Deterministic
        from the world's seed.
        """

    @abstractmethod
    def publish(self, platform_account_id: str) -> SimulatedPost:
        """A new post of that account, published now."""

    def edit(self, platform_post_id: str) -> SimulatedPost:
        """Edit a post now; where that makes a new post, it takes the old one's place.

        :raises LookupError: no such post, or editing changes no id here.
        """
        raise LookupError(f"{self.name}: editing {platform_post_id!r} would change no id")

    @abstractmethod
    def truth(self, post: SimulatedPost) -> dict[str, int | None]:
        """The canonical columns that a right client would hold for this post now.

        None where the platform does not say the number.
        """

    def client(self) -> Client | None:
        """The app that exists from the beginning; None where people cannot log in."""
        return None

    def people(self) -> list[Person]:
        """Who can log in now."""
        return []

    def grants(self) -> list[GrantFacts]:
        """Every consent that was given, oldest first."""
        return []

    def withdraw(self, subject: str, client_id: str | None = None) -> int:
        """A person takes back what an app (None: any) was given; returns how many consents end."""
        return 0

    def expire_codes(self) -> int:
        """Let every authorization code that was not exchanged yet expire; returns how many."""
        return 0
