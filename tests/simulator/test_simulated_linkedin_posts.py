"""Posts, reactions, organisations and roles of the simulated LinkedIn."""

import pytest

from analytics_sync.clock import to_milliseconds
from support.linkedin_wire import FINDER, Wire, bad_input, encoded, refused, restli_list, shares_of


@pytest.fixture
def wire():
    return Wire(posts=23)


def page(wire, start=0, count=10, sort="&sortBy=CREATED"):
    finder = FINDER.format(encoded(wire.organization))
    answer = wire.get(f"{finder}&start={start}&count={count}{sort}")
    assert answer.status == 200
    return [element["id"] for element in answer.json()["elements"]]


def test_pages_end_with_a_short_one(wire):
    pages = [page(wire, start) for start in (0, 10, 20)]
    assert [len(each) for each in pages] == [10, 10, 3]
    assert [urn for each in pages for urn in each] == [post.id for post in wire.posts()]
    assert page(wire, 23) == []


def test_an_exact_multiple_costs_an_empty_page():
    wire = Wire(posts=20)
    assert [len(page(wire, start)) for start in (0, 10, 20)] == [10, 10, 0]


def test_paging_is_an_echo_without_a_total(wire):
    finder = FINDER.format(encoded(wire.organization))
    assert wire.get(f"{finder}&start=5&count=7").json()["paging"] == {
        "start": 5,
        "count": 7,
        "links": [],
    }
    assert wire.get(finder).json()["paging"] == {"start": 0, "count": 10, "links": []}


@pytest.mark.parametrize(
    ("more", "field"),
    [("count=101", "count"), ("count=0", "count"), ("start=x", "start"), ("sortBy=NEW", "sortBy")],
)
def test_pages_have_bounds(wire, more, field):
    finder = FINDER.format(encoded(wire.organization))
    bad_input(wire.get(f"{finder}&{more}"), "FIELD_INVALID", field)


def test_the_default_order_is_by_last_change(wire):
    created, modified = page(wire, count=100), page(wire, count=100, sort="")
    assert sorted(created) == sorted(modified)
    assert created != modified
    assert modified == page(wire, count=100, sort="&sortBy=LAST_MODIFIED")


def test_posts_have_the_documented_shape(wire):
    finder = FINDER.format(encoded(wire.organization))
    elements = wire.get(f"{finder}&count=100").json()["elements"]
    posts = {post.id: post for post in wire.posts()}
    kinds = set()
    for element in elements:
        post = posts[element["id"]]
        milliseconds = int(element["id"].rpartition(":")[2]) >> 22
        assert milliseconds == element["createdAt"] == element["publishedAt"]
        assert milliseconds == to_milliseconds(post.published_at)
        assert element["lastModifiedAt"] >= milliseconds
        assert element["author"] == wire.organization
        assert element["lifecycleState"] == "PUBLISHED"
        kinds.add((post.kind, kind_of(element)))
    assert {shown for _, shown in kinds} >= {"article", "image", "video", "document", None}
    assert len(kinds) == 5
    assert {"share", "ugcPost"} == {element["id"].split(":")[2] for element in elements}


def kind_of(element):
    content = element.get("content") or {}
    if "media" in content:
        return content["media"]["id"].split(":")[2]
    return "article" if "article" in content else None


def test_a_post_published_between_two_pages_is_seen_twice(wire):
    wire.switch(page_drift="publish")
    first, second = page(wire), page(wire, 10)
    assert first[-1] == second[0]
    assert len(wire.posts()) == 24


def test_a_post_deleted_between_two_pages_hides_another(wire):
    wire.switch(page_drift="delete")
    expected = [post.id for post in wire.posts()]
    first, second = page(wire), page(wire, 10)
    assert first + second == expected[:10] + expected[11:21]
    refused(wire.get(f"/rest/posts/{encoded(expected[0])}"), 404, code="NOT_FOUND")


def test_a_single_post_is_the_finders_element(wire):
    urn = wire.posts()[0].id
    one = wire.get(f"/rest/posts/{encoded(urn)}").json()
    finder = FINDER.format(encoded(wire.organization))
    assert one in wire.get(f"{finder}&count=100").json()["elements"]


def test_several_posts_come_with_statuses_and_errors(wire):
    foreign = wire.service.add_organization("Foreign", 2, number=5000)
    mine, theirs = wire.posts()[0].id, wire.posts(foreign.id)[0].id
    gone, unknown = wire.posts()[1], "urn:li:share:7000000000000000001"
    gone.deleted_at = wire.world.clock.now()
    answer = wire.get(f"/rest/posts?ids={restli_list([mine, theirs, gone.id, unknown])}").json()
    assert answer.keys() == {"results", "statuses", "errors"}
    assert answer["results"][mine]["id"] == mine
    assert answer["statuses"] == {mine: 200}
    assert {urn: error["status"] for urn, error in answer["errors"].items()} == {
        theirs: 403,
        gone.id: 404,
        unknown: 404,
    }


def test_keys_of_batches_may_come_back_encoded(wire):
    wire.switch(encoded_keys=True)
    found, unknown = wire.posts()[0].id, "urn:li:share:7000000000000000001"
    for resource in ("posts", "socialMetadata", "socialActions"):
        answer = wire.get(f"/rest/{resource}?ids={restli_list([found, unknown])}").json()
        assert list(answer["results"]) == list(answer["statuses"]) == [encoded(found)]
        assert list(answer["errors"]) == [encoded(unknown)]


def test_posts_of_a_member_are_closed(wire):
    member = wire.service.populate_member("Ann Author", 3)
    finder = FINDER.format(encoded(member.platform_account_id))
    answer = wire.get(finder, token=member.token)
    refused(answer, 403, serviceErrorCode=100)
    wire.world.tokens[member.token].scopes |= {"r_organization_social"}
    answer = wire.get(finder, token=member.token)
    refused(answer, 400, message="Member permissions must be used when using member as author")
    post = wire.posts(member.platform_account_id)[0]
    refused(wire.get(f"/rest/posts/{encoded(post.id)}", token=member.token), 403)
    wire.world.tokens[member.token].scopes |= {"r_member_social"}
    assert len(wire.get(finder, token=member.token).json()["elements"]) == 3
    assert wire.get(f"/rest/posts/{encoded(post.id)}", token=member.token).status == 200


def test_the_development_tier_has_no_batches(wire):
    wire.switch(tier="development")
    urn = wire.posts()[0].id
    for resource in ("posts", "socialMetadata", "socialActions"):
        answer = wire.get(f"/rest/{resource}?ids={restli_list([urn])}")
        refused(
            answer,
            403,
            code="ACCESS_DENIED",
            serviceErrorCode=100,
            message=f"Not enough permissions to access: {resource}.BATCH_GET.20260701",
        )
        assert wire.get(f"/rest/{resource}/{encoded(urn)}").status == 200
    assert wire.statistics(shares=shares_of(wire.posts())).status == 200


def test_reactions_add_up_to_the_likes(wire):
    for post in wire.posts():
        answer = wire.get(f"/rest/socialMetadata/{encoded(post.id)}").json()
        truth = wire.service.truth(post)
        summaries = answer["reactionSummaries"]
        assert sum(kind["count"] for kind in summaries.values()) == truth["likes"]
        assert all(kind["count"] > 0 for kind in summaries.values())
        assert all(name == kind["reactionType"] for name, kind in summaries.items())
        assert answer["commentSummary"]["count"] == truth["comments"]
        assert answer["commentSummary"]["topLevelCount"] <= truth["comments"]
        assert (answer["entity"], answer["commentsState"]) == (post.id, "OPEN")


def test_social_actions_tell_the_same_totals(wire):
    posts = wire.posts()[:5]
    answer = wire.get(f"/rest/socialActions?ids={restli_list(post.id for post in posts)}").json()
    for post in posts:
        truth, found = wire.service.truth(post), answer["results"][post.id]
        assert found["likesSummary"]["totalLikes"] == truth["likes"]
        assert found["likesSummary"]["aggregatedTotalLikes"] == truth["likes"]
        assert found["commentsSummary"]["aggregatedTotalComments"] == truth["comments"]


def test_a_batch_of_social_metadata_separates_what_it_did_not_find(wire):
    found, unknown = wire.posts()[-1].id, "urn:li:share:7000000000000000002"
    answer = wire.get(f"/rest/socialMetadata?ids={restli_list([found, unknown])}").json()
    assert answer["statuses"] == {found: 200}
    assert answer["errors"][unknown] == {"status": 404, "code": "NOT_FOUND", "message": "Not Found"}
    refused(wire.get(f"/rest/socialMetadata/{encoded(unknown)}"), 404, code="NOT_FOUND")


def test_social_counts_of_strangers_are_denied(wire):
    wire.service.add_organization("Foreign", 1, number=5000)
    theirs = wire.posts("urn:li:organization:5000")[0].id
    refused(wire.get(f"/rest/socialMetadata/{encoded(theirs)}"), 403, code="ACCESS_DENIED")
    batch = wire.get(f"/rest/socialActions?ids={restli_list([theirs])}").json()
    assert batch["errors"][theirs]["status"] == 403


def test_social_counts_need_their_own_scope(wire):
    wire.token.scopes -= {"r_organization_social_feed"}
    urn = encoded(wire.posts()[0].id)
    refused(wire.get(f"/rest/socialMetadata/{urn}"), 403, code="ACCESS_DENIED")


ACLS = "/rest/organizationAcls?q=roleAssignee"


def test_roles_name_the_administered_pages(wire):
    (role,) = wire.get(f"{ACLS}&role=ADMINISTRATOR&state=APPROVED").json()["elements"]
    assert (role["organization"], role["role"], role["state"]) == (
        wire.organization,
        "ADMINISTRATOR",
        "APPROVED",
    )
    assert role["roleAssignee"] == wire.token.subject
    assert wire.get(f"{ACLS}&role=ANALYST").json()["elements"] == []
    bad_input(wire.get(f"{ACLS}&role=KING"), "FIELD_INVALID", "role")


def test_one_person_may_administer_many_pages(wire):
    others = [wire.service.add_organization(f"Shop {n}", 1, number=6000) for n in range(12)]
    wire.token.facts["administers"] += [other.id for other in others]
    first, second = (
        wire.get(f"{ACLS}&role=ADMINISTRATOR&start={start}&count=10").json()["elements"]
        for start in (0, 10)
    )
    assert (len(first), len(second)) == (10, 3)
    finder = FINDER.format(encoded(others[-1].id))
    assert len(wire.get(finder).json()["elements"]) == 1


def test_organizations_are_found_by_number(wire):
    number = wire.organization.rpartition(":")[2]
    mine = wire.get(f"/rest/organizations/{number}").json()
    assert (mine["id"], mine["localizedName"], mine["$URN"]) == (
        int(number),
        "Bakery",
        wire.organization,
    )
    wire.service.add_organization("Foreign", 1, number=5000)
    theirs = wire.get("/rest/organizations/5000").json()
    assert theirs["localizedName"] == "Foreign"
    assert "$URN" not in theirs
    refused(wire.get("/rest/organizations/77"), 404, code="NOT_FOUND")
    bad_input(wire.get(f"/rest/organizations/{encoded(wire.organization)}"), "FIELD_INVALID", "id")
    several = wire.get(f"/rest/organizations?ids=List({number},77)").json()
    assert list(several["results"]) == [number]
    assert several["errors"]["77"]["status"] == 404


def test_identity_is_unversioned(wire):
    bare = {"linkedin-version", "x-restli-protocol-version"}
    person = wire.token.subject.rpartition(":")[2]
    userinfo = wire.get("/v2/userinfo", without=bare).json()
    assert (userinfo["sub"], userinfo["name"]) == (person, "Admin Bakery")
    assert wire.get("/v2/me", without=bare).json()["id"] == person
    refused(wire.get("/v2/userinfo", token="AQXnobody"), 401, serviceErrorCode=65600)
    wire.token.scopes = frozenset()
    for name in ("userinfo", "me"):
        refused(
            wire.get(f"/v2/{name}"),
            403,
            message=f"Not enough permissions to access: {name}.GET.NO_VERSION",
        )
