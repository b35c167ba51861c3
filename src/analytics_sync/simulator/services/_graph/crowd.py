"""Makes Pages, Instagram accounts, their posts and tokens, from the world's seed alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._graph.access import ALL_TASKS
from analytics_sync.simulator.services._graph.host import Host
from analytics_sync.simulator.services._graph.oauth import LONG, PERSON
from analytics_sync.simulator.services._graph.society import Business, Resident
from analytics_sync.simulator.services._graph.time import DAY
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, Token, World

PAGE_SCOPES = frozenset(
    "pages_show_list pages_read_engagement read_insights pages_read_user_content".split()
)
INSTAGRAM_SCOPES = frozenset({"instagram_basic", "instagram_manage_insights"})
DIRECT_SCOPES = frozenset({"instagram_business_basic", "instagram_business_manage_insights"})

PAGE_KINDS = ("photo", "link", "reel", "text", "video", "album")
MEDIA_KINDS = ("image", "reel", "carousel", "video")
# Where made-up ids begin. Posts' and media's are above 2**53, as the real ones are.
FIRST_PAGE = 100_000_000_000_000
FIRST_ACCOUNT = 17_841_400_000_000_000
FIRST_POST = 122_100_000_000_000_000
FIRST_OBJECT = 1_200_000_000_000_000
FIRST_MEDIA = 17_900_000_000_000_000
FIRST_CHILD = 18_000_000_000_000_000
ROOM = 1_000_000
FIRST_OWNER = 20_000_001
# Who has a role on every made-up business's Page, as an agency's person would.
EVERYWHERE = "Sim Person"

YOUNGEST = timedelta(hours=1)
OLDEST = timedelta(days=120)
LIVE_STORIES = (timedelta(hours=3), timedelta(hours=12))
EXPIRED_STORIES = (timedelta(hours=30), timedelta(hours=80))
TOPICS = ("Opening hours", "Behind the scenes", "New in the shop", "Grüße aus Wien", "Thank you")


def page_account(world: World, business: int, name: str) -> SimulatedAccount:
    return _account(
        world,
        "facebook",
        FIRST_PAGE,
        business,
        name,
        {"category": "Local business", "business_id": f"55{business:08d}"},
    )


def instagram_account(
    world: World, business: int, name: str, *, kind: str, page: SimulatedAccount | None = None
) -> SimulatedAccount:
    username = "".join(c for c in name.lower() if c.isascii() and c.isalnum()) or "account"
    account = _account(
        world, "instagram", FIRST_ACCOUNT, business, name, {"username": username}, kind
    )
    if page is not None:
        account.facts |= {"page_id": page.id, "business_id": page.facts.get("business_id", page.id)}
        page.facts["instagram_id"] = account.id
    return account


def _account(
    world: World,
    platform: str,
    first: int,
    business: int,
    name: str,
    facts: dict[str, object],
    kind: str = "",
) -> SimulatedAccount:
    number = first + business * 1000
    while world.account(platform, str(number)) is not None:
        number += 1
    identity = str(number)
    followers = 800 + int(6000 * fraction(world.seed, identity, "followers"))
    serial: dict[str, object] = {"serial": number - first, "business_number": business}
    return world.add_account(
        SimulatedAccount(identity, platform, name, kind, followers, {**serial, **facts})
    )


def ages(count: int) -> list[timedelta]:
    """From an hour to 120 days, denser towards now."""
    last = max(1, count - 1)
    seconds = (OLDEST - YOUNGEST).total_seconds()
    return [YOUNGEST + timedelta(seconds=int(seconds * (n / last) ** 2)) for n in range(count)]


def add_posts(world: World, page: SimulatedAccount, count: int) -> None:
    """Posts of all kinds, and in the feed one of a visitor and one that is not published."""
    now = world.clock.now().replace(microsecond=0)
    for number, age in enumerate(ages(count)):
        _add_post(world, page, PAGE_KINDS[number % len(PAGE_KINDS)], now - age)
    page.facts["feed"] = [
        _extra(page, 1, now - 2 * DAY, {"from": {"id": "20000002", "name": "A Visitor"}}),
        _extra(page, 2, now - 3 * DAY, {"unpublished": True}),
    ]


def _extra(
    page: SimulatedAccount, number: int, at: datetime, facts: dict[str, object]
) -> SimulatedPost:
    """Something that only the feed lists."""
    identity = f"{page.id}_{FIRST_POST + _serial(page, ROOM - number)}"
    return SimulatedPost(identity, "facebook", page.id, at, text="I was here!", facts=facts)


def publish_post(world: World, page: SimulatedAccount) -> SimulatedPost:
    kind = PAGE_KINDS[len(page.posts) % len(PAGE_KINDS)]
    return _add_post(world, page, kind, world.clock.now().replace(microsecond=0))


def _add_post(world: World, page: SimulatedAccount, kind: str, at: datetime) -> SimulatedPost:
    serial = _serial(page, len(page.posts))
    bare = str(FIRST_OBJECT + serial)
    identity = bare if kind == "reel" else f"{page.id}_{FIRST_POST + serial}"
    facts: dict[str, object] = {"object_id": bare} if kind in {"photo", "video"} else {}
    return world.add_post(_post(world, page, identity, kind, at, facts))


def add_media(world: World, account: SimulatedAccount, count: int) -> None:
    """`count` visible media, up to two of them live stories, and two expired stories."""
    now = world.clock.now().replace(microsecond=0)
    live = LIVE_STORIES[: count // 6]
    for number, age in enumerate(ages(count - len(live))):
        _add_media(world, account, MEDIA_KINDS[number % len(MEDIA_KINDS)], now - age)
    for age in (*live, *EXPIRED_STORIES):
        _add_media(world, account, "story", now - age)


def publish_media(world: World, account: SimulatedAccount) -> SimulatedPost:
    kind = MEDIA_KINDS[len(account.posts) % len(MEDIA_KINDS)]
    return _add_media(world, account, kind, world.clock.now().replace(microsecond=0))


def add_story(world: World, account: SimulatedAccount) -> SimulatedPost:
    """A story published now; it is gone after 24 hours."""
    return _add_media(world, account, "story", world.clock.now().replace(microsecond=0))


def _add_media(world: World, account: SimulatedAccount, kind: str, at: datetime) -> SimulatedPost:
    serial = _serial(account, len(account.posts))
    facts: dict[str, object] = {}
    if kind == "carousel":
        facts["children"] = [str(FIRST_CHILD + serial * 10 + child) for child in range(3)]
    if kind == "story":
        facts["moving"] = serial % 2 == 1
    post = _post(world, account, str(FIRST_MEDIA + serial), kind, at, facts)
    if kind == "story":
        post.deleted_at = at + DAY
    return world.add_post(post)


def _serial(account: SimulatedAccount, number: int) -> int:
    """A number that no other account's posts have; hand-made accounts get theirs by chance."""
    by_chance = int(100_000 * fraction(account.platform, account.id))
    return int(str(account.facts.get("serial", by_chance))) * ROOM + number


def _post(
    world: World,
    account: SimulatedAccount,
    identity: str,
    kind: str,
    at: datetime,
    facts: dict[str, object],
) -> SimulatedPost:
    topic = TOPICS[int(len(TOPICS) * fraction(world.seed, identity, "topic"))]
    size = 0.3 + 2 * fraction(world.seed, identity, "size")
    text = f"{topic} ({account.name})"
    return SimulatedPost(
        identity, account.platform, account.id, at, kind, text, round(size, 3), facts=facts
    )


def token_of_page(host: Host, page: SimulatedAccount, scopes: frozenset[str]) -> Token:
    """A Page token without an end, as its owner has it."""
    value = host.secret("EAAP", "page", page.id, *sorted(scopes))
    owner = str(page.facts.get("owner", PERSON))
    return _token(host, value, "page", page.id, scopes, {"user_id": owner})


def settle_owner(host: Host, page: SimulatedAccount) -> None:
    """Someone who owns this Page alone; and one person has a role on all such Pages."""
    society = host.society
    owner = society.add(
        Resident(str(FIRST_OWNER + len(society.residents)), f"Owner of {page.name}")
    )
    page.facts["owner"] = owner.id
    everywhere = society.residents.get(PERSON) or society.add(Resident(PERSON, EVERYWHERE))
    owner.pages[page.id] = everywhere.pages[page.id] = ALL_TASKS


def settle(
    host: Host,
    name: str,
    pages: Mapping[str, Iterable[str]],
    owned: Mapping[str, Iterable[str]],
    client: Mapping[str, Iterable[str]],
) -> Resident:
    """A new person with these Pages (id -> tasks), some of them through one Business."""
    society = host.society
    identity = str(FIRST_OWNER + len(society.residents))
    businesses = []
    if owned or client:
        businesses = [Business(f"7{identity}", f"{name}'s Business", tuple(owned), tuple(client))]
    return society.add(
        Resident(
            identity,
            name,
            {page: tuple(tasks) for page, tasks in pages.items()},
            {page: tuple(tasks) for page, tasks in {**owned, **client}.items()},
            businesses,
        )
    )


def token_of_person(
    host: Host, page_ids: Iterable[str], scopes: frozenset[str], kind: str = "user"
) -> Token:
    """A long-lived token of a person (60 days), or of a system user (no end)."""
    pages = list(page_ids)
    value = host.secret("EAAB", kind, *pages, *sorted(scopes))
    token = _token(host, value, kind, PERSON, scopes, {"pages": pages, "long_lived": True})
    token.expires_at = None if kind == "system" else host.now + LONG
    return token


def instagram_token(host: Host, account: SimulatedAccount) -> Token:
    """An Instagram Login token that has lived ten of its sixty days."""
    value = host.secret("IGAA", "account", account.id)
    token = _token(host, value, "ig", account.id, DIRECT_SCOPES, {})
    token.facts["issued_at"] = host.now - 10 * DAY
    token.expires_at = host.now + 50 * DAY
    return token


def _token(
    host: Host,
    value: str,
    kind: str,
    subject: str,
    scopes: frozenset[str],
    facts: dict[str, object],
) -> Token:
    told = {"app_id": host.app_id, "issued_at": host.now - DAY, **facts}
    return host.world.add_token(Token(value, host.name, kind, subject, scopes, facts=told))
