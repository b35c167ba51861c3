"""What happens in the demo's day: new posts, an edit, and failures of the common kinds."""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from analytics_sync.demo.place import Place
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.service import Handle
from analytics_sync.simulator.world import SimulatedPost

MINUTES: Final = timedelta(minutes=1)
BLOCKED_FOR: Final = timedelta(minutes=60)
# Meta: subcode of error 190.
PASSWORD_CHANGED: Final = "460"


@dataclass(frozen=True, slots=True)
class Where:
    """An account of the demo."""

    business: int
    platform: str


EDITED: Final = Where(1, "x")
DELETED: Final = Where(3, "x")
OUT_OF_ORDER: Final = Where(2, "linkedin")
LIMITED: Final = Where(2, "facebook")
REFUSED: Final = Where(1, "instagram")
# Who publishes what, between which two syncs.
NEWS: Final = {
    1: (Where(1, "x"), Where(2, "facebook")),
    3: (Where(3, "linkedin"), Where(2, "instagram")),
    5: (Where(3, "facebook"), Where(1, "linkedin"), Where(2, "x")),
}


@dataclass
class Trouble:
    """What was done to the world, as far as one must know it to see what became of it."""

    place: Place
    deleted: SimulatedPost | None = None
    edited: SimulatedPost | None = None
    published: list[SimulatedPost] = field(default_factory=list)

    def before(self, step: int) -> None:
        """What happens in the hours before a sync; the sync's own time is set afterwards."""
        match step:
            case 2:
                self._edit()
                self._break_down()
            case 3:
                self._delete()
                self._limit()
            case 4:
                self.place.world.tokens[self._handle(REFUSED).token].revoked = PASSWORD_CHANGED
            case _:
                pass
        for where in NEWS.get(step, ()):
            self.published.append(self.place.publish(where.business, where.platform))

    def renewed_token(self) -> str:
        """The token that a person gets who logs in again where the old one was refused."""
        world = self.place.world
        old = world.tokens[self._handle(REFUSED).token]
        return world.add_token(replace(old, value=f"{old.value}Again", revoked=None)).value

    def _delete(self) -> None:
        """Somebody deletes a post of the last day that a plain look-up finds no more."""
        account = self.place.world.accounts["x", self._handle(DELETED).platform_account_id]
        posts = [post for post in self.place.world.posts_of(account) if not post.versions]
        self.deleted = posts[1]
        self.deleted.deleted_at = self.place.world.clock.now()

    def _edit(self) -> None:
        """X allows it within 30 minutes, and gives the post a new id."""
        post = next(post for post in self.published if post.platform == EDITED.platform)
        self.place.go_to(post.published_at + 20 * MINUTES)
        self.edited = self.place.service(EDITED.platform).edit(post.id)

    def _break_down(self) -> None:
        """One call for this organisation is answered with 503."""
        number = self._handle(OUT_OF_ORDER).platform_account_id.rpartition(":")[2]
        self.place.world.faults.add(
            Fault("status", platform=OUT_OF_ORDER.platform, match=rf"{number}\b", status=503)
        )

    def _limit(self) -> None:
        """The Page's call budget is spent: an hour in which each further call makes it longer."""
        page = self._handle(LIMITED).platform_account_id
        self.place.world.faults.add(
            Fault(
                "throttle",
                platform=LIMITED.platform,
                match=re.escape(page),
                facts={"minutes": BLOCKED_FOR // MINUTES},
            )
        )

    def _handle(self, where: Where) -> Handle:
        return self.place.handle(where.business, where.platform)
