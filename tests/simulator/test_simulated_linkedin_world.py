"""What `populate` makes up for LinkedIn, and that it is the same each time."""

from datetime import timedelta

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.simulator.services.linkedin import SERVICE
from support.linkedin_wire import START, Wire, ugc_posts_of


def test_two_worlds_of_one_seed_are_alike():
    one, other = Wire(), Wire()
    assert one.handle == other.handle
    assert [post.id for post in one.posts()] == [post.id for post in other.posts()]
    answers = [wire.statistics(ugc_posts=ugc_posts_of(wire.posts())).body for wire in (one, other)]
    assert answers[0] == answers[1]


def test_populate_makes_an_organization_of_mixed_ages_and_kinds():
    wire = Wire(posts=40)
    assert wire.handle.platform == "linkedin"
    assert wire.handle.kind == "organization"
    assert wire.organization == "urn:li:organization:1001"
    posts = wire.posts()
    ages = [START - post.published_at for post in posts]
    assert timedelta(hours=1) <= ages[0] < timedelta(hours=1, seconds=1)
    assert timedelta(days=120) <= ages[-1] < timedelta(days=120, seconds=1)
    assert sum(age < timedelta(days=7) for age in ages) > 20
    assert {post.kind for post in posts} == {"text", "link", "image", "video", "document"}
    assert len({post.id for post in posts}) == 40
    assert sum(bool(post.fixed) for post in posts) == 5


def test_businesses_share_nothing():
    wire = Wire(posts=2)
    handles = [wire.handle, *(wire.service.populate(n, f"Shop {n}", 2) for n in (2, 3, 3))]
    assert len({handle.platform_account_id for handle in handles}) == 4
    assert len({handle.token for handle in handles}) == 4
    assert len({wire.world.tokens[handle.token].subject for handle in handles}) == 4


def test_single_and_no_posts():
    assert len(Wire(posts=1).posts()) == 1
    assert Wire(posts=0).posts() == []


def test_the_truth_has_every_column():
    wire = Wire()
    member = wire.service.populate_member("Ann Author", 12)
    for account_id in (wire.organization, member.platform_account_id):
        for post in wire.posts(account_id):
            assert wire.service.truth(post).keys() == set(COLUMNS)


def test_the_module_offers_its_service():
    assert SERVICE.name == "linkedin"


def test_publishing_is_seen_at_once():
    wire = Wire()
    post = wire.service.publish(wire.organization)
    assert wire.posts()[0] is post
    assert post.published_at == START
    assert int(post.id.rpartition(":")[2]) >> 22 == int(START.timestamp() * 1000)
