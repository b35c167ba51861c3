"""Who exists in the simulated world: accounts, tokens and posts of all platforms."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.faults import Faults
from analytics_sync.simulator.growth import FINAL, fraction, grown
from analytics_sync.simulator.journal import Journal


@dataclass
class SimulatedPost:
    """A post. `fixed` numbers win over grown ones; `facts` holds what only its platform knows.

    `versions`: where editing makes a new post with a new id, the replaced ones, oldest first. They
    keep their own numbers but are no posts of their account any more.
    """

    id: str
    platform: str
    account_id: str
    published_at: datetime
    kind: str = "text"
    text: str = ""
    size: float = 1.0
    deleted_at: datetime | None = None
    fixed: dict[str, int] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    versions: "tuple[SimulatedPost, ...]" = ()


@dataclass
class SimulatedAccount:
    """A page, profile or channel. `facts` holds what only its platform knows."""

    id: str
    platform: str
    name: str
    kind: str = ""
    followers: int = 1000
    facts: dict[str, object] = field(default_factory=dict)
    posts: dict[str, SimulatedPost] = field(default_factory=dict)


@dataclass
class Token:
    """An access token of one platform. `kind`: app, user, page, ig, member...; `subject`: whose."""

    value: str
    platform: str
    kind: str
    subject: str
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    revoked: str | None = None
    facts: dict[str, object] = field(default_factory=dict)


@dataclass
class World:
    """Everything that the simulated platforms share. Deterministic from `seed` and the clock."""

    clock: SimulatedClock
    seed: int = 1
    accounts: dict[tuple[str, str], SimulatedAccount] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    # Switches of each platform's behaviour, by "platform.name"; documented where they are read.
    switches: dict[str, object] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    # By platform: how a person there takes back what an app (None: any) was given.
    withdrawing: dict[str, Callable[[str, str | None], int]] = field(default_factory=dict)
    # Every post by the ids of all its versions, so that a look-up need not walk the accounts.
    _known: dict[tuple[str, str], SimulatedPost] = field(
        default_factory=dict, init=False, repr=False
    )

    def add_account(self, account: SimulatedAccount) -> SimulatedAccount:
        self.accounts[account.platform, account.id] = account
        return account

    def add_post(self, post: SimulatedPost) -> SimulatedPost:
        """Add a post, or put an edited one in the place of its older version."""
        posts = self.accounts[post.platform, post.account_id].posts
        for version in (*post.versions, post):
            posts.pop(version.id, None)
            self._known[post.platform, version.id] = post
        posts[post.id] = post
        return post

    def add_unlisted(self, post: SimulatedPost) -> SimulatedPost:
        """Add a post that can be looked up, but is no content of its account's own (a repost)."""
        self._known[post.platform, post.id] = post
        return post

    def add_token(self, token: Token) -> Token:
        self.tokens[token.value] = token
        return token

    def of(self, platform: str) -> Iterator[SimulatedAccount]:
        return (account for (name, _), account in self.accounts.items() if name == platform)

    def account(self, platform: str, account_id: str) -> SimulatedAccount | None:
        return self.accounts.get((platform, account_id))

    def post(self, platform: str, post_id: str) -> SimulatedPost | None:
        """A post by its platform's id, deleted ones and posts of the future left out."""
        post = self.newest(platform, post_id)
        return post if post is not None and post.id == post_id else None

    def newest(self, platform: str, post_id: str) -> SimulatedPost | None:
        """As `post`, but the id may be that of a version which an edit has replaced."""
        post = self._known.get((platform, post_id)) or self._unlisted(platform, post_id)
        if post is None or not visible(post, self.clock.now()):
            return None
        return post

    def _unlisted(self, platform: str, post_id: str) -> SimulatedPost | None:
        """A post that was put into its account without `add_post`."""
        held = (account.posts.get(post_id) for account in self.of(platform))
        return next((post for post in held if post is not None), None)

    def knows(self, platform: str, post_id: str) -> bool:
        """Whether this id was ever given to a post that was added, or to a version of one."""
        return (platform, post_id) in self._known

    def posts_of(self, account: SimulatedAccount) -> list[SimulatedPost]:
        """Visible posts, newest first."""
        now = self.clock.now()
        return sorted(
            (post for post in account.posts.values() if visible(post, now)),
            key=lambda post: (post.published_at, post.id),
            reverse=True,
        )

    def value(self, post: SimulatedPost, metric: str, moment: datetime | None = None) -> int:
        """A number of `growth.FINAL` for this post, now or at `moment`."""
        if metric in post.fixed:
            return post.fixed[metric]
        return grown(
            self.seed,
            post.id,
            metric,
            size=post.size,
            published=post.published_at,
            now=moment or self.clock.now(),
        )

    def followers(self, account: SimulatedAccount, moment: datetime | None = None) -> int:
        """Grows by a few each day, and sometimes falls. Now, or at `moment`."""
        days = ((moment or self.clock.now()) - datetime(2026, 1, 1, tzinfo=UTC)).days
        drift = sum(int(fraction(self.seed, account.id, day) * 9) - 2 for day in range(days))
        return max(0, account.followers + drift)

    def values(self, post: SimulatedPost) -> dict[str, int]:
        return {metric: self.value(post, metric) for metric in FINAL}


def visible(post: SimulatedPost, now: datetime) -> bool:
    """Published, and not deleted yet."""
    return post.published_at <= now and (post.deleted_at is None or now < post.deleted_at)
