"""What a simulated platform is, for the server, the demo and the tests.

A service is one module of the folder `services` whose name does not begin with an underscore and
which names its subclass of `Service` in `SERVICE`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from starlette.types import ASGIApp

from analytics_sync.simulator.world import SimulatedPost, World


@dataclass(frozen=True, slots=True)
class Handle:
    """What a user would type into `account add` for a made-up account."""

    platform: str
    platform_account_id: str
    name: str
    kind: str | None
    token: str


class Service(ABC):
    """One platform's HTTP interface over the world. `app` gets paths below its `base_url`."""

    name: ClassVar[str]

    def __init__(self, world: World) -> None:
        self.world = world

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
