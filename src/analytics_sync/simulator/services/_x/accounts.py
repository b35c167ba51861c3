"""Makes up X accounts and posts, and numbers them as X does, by time."""

from datetime import UTC, datetime, timedelta

from analytics_sync.clock import from_milliseconds, to_milliseconds
from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, World

# Snowflake ids begin at this millisecond.
TWITTER_EPOCH = 1_288_834_974_657
JOINED = datetime(2021, 3, 1, tzinfo=UTC)
YOUNGEST = timedelta(hours=1)
OLDEST = timedelta(days=120)
EDIT_WINDOW = timedelta(minutes=30)
MOST_EDITS = 5
REPOSTS = 3
# Room for ids of one account in one second.
PER_SECOND = 8

# How often each kind of post comes.
KINDS = (("text", 0.3), ("link", 0.3), ("photo", 0.2), ("video", 0.12), ("reply", 0.08))
SUBJECTS = "the autumn range|our new opening hours|a visit to the workshop|the price list".split(
    "|"
)


def snowflake(moment: datetime, number: int) -> str:
    """An id that tells its time to the millisecond; `number` keeps ids of one instant apart."""
    return str(((to_milliseconds(moment) - TWITTER_EPOCH) << 22) | (number & 0x3FFFFF))


def time_of(snowflake_id: str) -> datetime:
    return from_milliseconds((int(snowflake_id) >> 22) + TWITTER_EPOCH)


def whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def make_account(world: World, business: int, name: str) -> SimulatedAccount:
    """An account without posts. Its id is beyond 2^53, as those of all newer accounts."""
    account_id = snowflake(JOINED + timedelta(hours=business), business)
    handle = "".join(letter for letter in name if letter.isascii() and letter.isalnum())
    return world.add_account(
        SimulatedAccount(
            id=account_id,
            platform="x",
            name=name,
            followers=int(300 + 9000 * fraction(world.seed, "x", business, "followers")),
            facts={
                "number": business,
                "username": f"{handle or 'account'}{business}"[-15:],
                "read_by": "user",
            },
        )
    )


def make_posts(world: World, account: SimulatedAccount, posts: int) -> None:
    """Posts from an hour to 120 days old, the more the younger; some edited, and a few reposts."""
    now = whole_second(world.clock.now())
    for place in reversed(range(posts)):
        share = (place + fraction(world.seed, account.id, place, "age")) / max(1, posts)
        post = make_post(world, account, now - YOUNGEST - (OLDEST - YOUNGEST) * share**2)
        if fraction(world.seed, post.id, "edited") < 0.1 or place == 2:
            post = _edited_since(world, post)
        world.add_post(post)
    account.facts["reposts"] = tuple(
        world.add_unlisted(_repost(world, account, now - timedelta(days=2 * number + 1)))
        for number in range(REPOSTS if posts else 0)
    )


def make_post(
    world: World, account: SimulatedAccount, moment: datetime, kind: str | None = None
) -> SimulatedPost:
    """A post of that time, not yet added to the world."""
    published = whole_second(moment)
    number = len(account.posts)
    chance = fraction(world.seed, account.id, number, "kind")
    kind = kind or _kind(chance)
    subject = SUBJECTS[number % len(SUBJECTS)]
    facts: dict[str, object] = {}
    if kind == "reply":
        parent = snowflake(published - timedelta(hours=1), 1)
        facts = {"replied_to": parent, "replied_to_user": snowflake(JOINED, 1)}
    linked = kind == "link" or (kind == "reply" and chance > 0.97)
    return SimulatedPost(
        id=_free_id(world, account, published),
        platform="x",
        account_id=account.id,
        published_at=published,
        kind=kind,
        text=f"Post {number} about {subject}" + (" https://t.co/aB3dE5fG7h" if linked else ""),
        size=0.2 + 2.6 * fraction(world.seed, account.id, number, "size") ** 3,
        facts={**facts, "link": linked},
    )


def make_edit(world: World, post: SimulatedPost, moment: datetime) -> SimulatedPost:
    """A new version of a post, made at that time: a new id, and numbers that begin at 0 again.

    The old version is on nobody's screen any more: its numbers stay as they are.

    :raises LookupError: X allows 5 edits, within 30 minutes.
    """
    first = (*post.versions, post)[0]
    if moment - first.published_at > EDIT_WINDOW or len(post.versions) >= MOST_EDITS:
        raise LookupError(f"x: {post.id!r} can be edited 5 times within 30 minutes, not now")
    account = world.accounts["x", post.account_id]
    published = whole_second(moment)
    post.fixed = world.values(post)
    return SimulatedPost(
        id=_free_id(world, account, published),
        platform="x",
        account_id=post.account_id,
        published_at=published,
        kind=post.kind,
        text=f"{post.text} (edited)",
        size=post.size,
        facts=dict(post.facts),
        versions=(*post.versions, post),
    )


def _edited_since(world: World, post: SimulatedPost) -> SimulatedPost:
    """The post after one or two edits in its first half hour; few saw the first versions."""
    edits = 1 + (fraction(world.seed, post.id, "edits") < 0.4)
    size = post.size
    for number in range(edits):
        old = post
        post = make_edit(world, old, old.published_at + timedelta(minutes=4 + 7 * number))
        old.size, old.fixed = size * 0.15, {}
    return post


def _repost(world: World, account: SimulatedAccount, moment: datetime) -> SimulatedPost:
    original = snowflake(moment - timedelta(hours=3), 2)
    return SimulatedPost(
        id=_free_id(world, account, moment),
        platform="x",
        account_id=account.id,
        published_at=moment,
        kind="repost",
        text="RT @somebody: news from elsewhere",
        facts={"reposted": original},
    )


def _kind(chance: float) -> str:
    for kind, share in KINDS:
        chance -= share
        if chance < 0:
            return kind
    return "text"


def _free_id(world: World, account: SimulatedAccount, published: datetime) -> str:
    """Ids of one instant differ by account, and rise within an account."""
    number = int(str(account.facts.get("number", 0))) * PER_SECOND
    while world.knows("x", snowflake(published, number)):
        number += 1
    return snowflake(published, number)
