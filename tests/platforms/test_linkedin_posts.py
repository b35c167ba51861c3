"""Finding posts: pages that shift, drafts, kinds, and single posts."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics_sync.clock import to_milliseconds
from analytics_sync.domain.records import FoundPost, Horizon
from analytics_sync.errors import AnswerNotUnderstood, Refused, WrongUsage
from analytics_sync.platforms.linkedin import PLATFORM
from support.fake_clock import START
from support.linkedin_script import (
    PAGE,
    PERSON,
    collect,
    collect_until_raised,
    context,
    refusal,
    share,
    ugc,
)

EVER = Horizon(datetime(2020, 1, 1, tzinfo=UTC))


def element(urn: str, age: timedelta = timedelta(0), **facts: Any) -> dict[str, Any]:
    milliseconds = to_milliseconds(START - age)
    return {
        "id": urn,
        "author": PAGE,
        "lifecycleState": "PUBLISHED",
        "createdAt": milliseconds,
        "publishedAt": milliseconds,
        "lastModifiedAt": milliseconds,
        "commentary": "words that are not kept",
        **facts,
    }


def listing(elements: list[dict[str, Any]]) -> Any:
    """A finder that pages through `elements`."""

    def answer(call: Any) -> Any:
        start = int(re.findall("start=([0-9]+)", call.url)[0])
        page = elements[start : start + 100]
        return {"paging": {"start": start, "count": 100, "links": []}, "elements": page}

    return answer


def discovered(answer: Any, horizon: Horizon = EVER) -> tuple[list[list[FoundPost]], list[str]]:
    made, sender = context(answer)
    return collect(PLATFORM.discover(made, "posts", horizon)), sender.targets


def test_the_finder_on_the_wire():
    made, sender = context(listing([]))
    assert collect(PLATFORM.discover(made, "posts", EVER)) == [[]]
    (target,) = sender.targets
    assert target == (
        "/rest/posts?q=author&author=urn%3Ali%3Aorganization%3A1000"
        "&start=0&count=100&sortBy=CREATED"
    )
    assert sender.calls[0].headers["X-RestLi-Method"] == "FINDER"


def test_a_found_post_keeps_no_text():
    ((found,),), _ = discovered(listing([element(share(5))]))
    assert found == FoundPost(
        share(5),
        START,
        kind="text",
        permalink="https://www.linkedin.com/feed/update/urn:li:share:5/",
    )


def test_a_page_shorter_than_asked_for_is_the_last():
    elements = [element(share(n), timedelta(hours=n)) for n in range(1, 251)]
    pages, targets = discovered(listing(elements))
    assert [len(page) for page in pages] == [100, 100, 50]
    assert [re.findall("start=([0-9]+)", target) for target in targets] == [["0"], ["100"], ["200"]]


def test_an_exact_multiple_costs_an_empty_page():
    elements = [element(share(n), timedelta(hours=n)) for n in range(1, 101)]
    pages, targets = discovered(listing(elements))
    assert [len(page) for page in pages] == [100, 0]
    assert len(targets) == 2


def test_paging_ends_where_posts_are_older_than_the_horizon():
    elements = [element(share(n), timedelta(hours=n)) for n in range(1, 501)]
    pages, targets = discovered(listing(elements), Horizon(START - timedelta(hours=150)))
    assert [len(page) for page in pages] == [100, 50]
    assert len(targets) == 2


def test_paging_ends_with_the_newest_post_already_known():
    elements = [element(share(n), timedelta(hours=n)) for n in range(1, 501)]
    pages, targets = discovered(listing(elements), Horizon(EVER.since, newest_known_id=share(120)))
    assert sum(map(len, pages)) == 200
    assert len(targets) == 2


def test_posts_that_shifting_pages_repeat_come_once():
    elements = [element(share(n), timedelta(hours=n)) for n in range(1, 151)]
    page_one = listing(elements)

    def answer(call: Any) -> Any:
        if "start=0&" in call.url:
            return page_one(call)
        return listing([element(share(n + 900)) for n in range(3)] + elements)(call)

    pages, _ = discovered(answer)
    ids = [post.platform_post_id for page in pages for post in page]
    assert len(ids) == len(set(ids)) == 150


def test_a_listing_that_never_ends_is_left():
    same = [element(share(n)) for n in range(1, 101)]
    pages, targets = discovered(lambda _: {"elements": same})
    assert [len(page) for page in pages] == [100, 0]
    assert len(targets) == 2


def test_drafts_and_other_things_are_not_posts():
    elements: list[Any] = [
        element(share(1), lifecycleState="DRAFT"),
        element(share(2), lifecycleState="PUBLISH_REQUESTED"),
        element("urn:li:activity:3"),
        {"lifecycleState": "PUBLISHED"},
        "noise",
        element(ugc(4)),
    ]
    pages, _ = discovered(listing(elements))
    assert [post.platform_post_id for page in pages for post in page] == [ugc(4)]


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({}, "text"),
        ({"content": {}}, "text"),
        ({"content": {"media": {"id": "urn:li:image:C4E1"}}}, "image"),
        ({"content": {"media": {"id": "urn:li:video:C4E1", "title": "x"}}}, "video"),
        ({"content": {"media": {"id": "urn:li:document:C4E1"}}}, "document"),
        ({"content": {"media": {"id": "urn:li:hologram:C4E1"}}}, None),
        ({"content": {"media": {}}}, None),
        ({"content": {"article": {"source": "https://example.com"}}}, "link"),
        ({"content": {"multiImage": {"images": []}}}, "album"),
        ({"content": {"carousel": {"cards": []}}}, "carousel"),
        ({"content": {"poll": {"question": "?"}}}, None),
        ({"content": "new"}, None),
        ({"reshareContext": {"parent": "urn:li:share:1"}}, None),
        ({"commentary": ""}, None),
    ],
)
def test_the_kind_is_what_the_content_tells(facts: dict[str, Any], kind: str | None):
    ((found,),), _ = discovered(listing([element(share(5), **facts)]))
    assert found.kind == kind


@pytest.mark.parametrize(
    ("facts", "moment"),
    [
        ({"publishedAt": 1763600000123, "createdAt": 1763500000000}, 1763600000123),
        ({"publishedAt": None, "createdAt": 1763500000000}, 1763500000000),
        ({"publishedAt": 10**18, "createdAt": True}, 1669000000000),
    ],
)
def test_when_a_post_was_published(facts: dict[str, Any], moment: int):
    urn = share(1669000000000 << 22)
    ((found,),), _ = discovered(listing([element(urn, **facts)]))
    assert to_milliseconds(found.published_at) == moment


def test_a_post_that_tells_no_time_is_not_taken():
    elements = [element(share(5), publishedAt=None, createdAt=None)]
    assert discovered(listing(elements))[0] == [[]]


def test_a_listing_without_elements_is_not_understood():
    made, _ = context(lambda _: {})
    _, failure = collect_until_raised(PLATFORM.discover(made, "posts", EVER))
    assert isinstance(failure, AnswerNotUnderstood)


def test_a_listing_without_the_right_is_one_refused_call():
    made, _ = context(lambda _: refusal(403, "ACCESS_DENIED"))
    _, failure = collect_until_raised(PLATFORM.discover(made, "posts", EVER))
    assert isinstance(failure, Refused)


def test_members_posts_are_not_asked_for():
    made, sender = context(listing([]), PERSON)
    assert collect(PLATFORM.discover(made, "posts", EVER)) == []
    assert sender.calls == []


def test_one_post_is_looked_up():
    made, sender = context(lambda _: element(ugc(8), content={"article": {}}))
    found = asyncio.run(PLATFORM.look_up(made, ugc(8)))
    assert sender.targets == ["/rest/posts/urn%3Ali%3AugcPost%3A8"]
    assert (found.platform_post_id, found.published_at, found.kind) == (ugc(8), START, "link")
    assert found.text is None


def test_a_post_that_is_not_there_is_refused():
    made, _ = context(lambda _: refusal(404, "NOT_FOUND"))
    with pytest.raises(Refused):
        asyncio.run(PLATFORM.look_up(made, share(8)))


def test_somebody_elses_post_is_not_looked_up():
    made, _ = context(lambda _: element(share(8), author="urn:li:organization:9"))
    with pytest.raises(WrongUsage, match="urn:li:organization:9"):
        asyncio.run(PLATFORM.look_up(made, share(8)))


def test_a_members_post_is_known_by_its_number_alone():
    made, sender = context(lambda _: {}, PERSON)
    urn = share(1669000000000 << 22)
    found = asyncio.run(PLATFORM.look_up(made, urn))
    assert to_milliseconds(found.published_at) == 1669000000000
    assert sender.calls == []
    with pytest.raises(WrongUsage, match="published"):
        asyncio.run(PLATFORM.look_up(made, share(8)))
