"""Numbers of Instagram's posts against an account that refuses as the Graph API does."""

from collections.abc import Callable
from urllib.parse import quote, unquote_plus

import pytest

from analytics_sync.domain.records import Account
from analytics_sync.errors import AccountRefused, CredentialRefused, RateLimited, Temporary
from analytics_sync.platforms._graph.requests import appsecret_proof
from support.fake_clock import START
from support.graph_doubles import GONE, Answer, ListMemory, batch_of, error, form_of
from support.instagram_double import (
    ACCOUNT_ID,
    BEFORE_CONVERSION,
    BEHIND_PAGE,
    DIRECT,
    DIRECT_TOKEN,
    FEED_SET,
    FEW_VIEWERS,
    KNOWN,
    NOT_ALLOWED,
    PAGE_TOKEN,
    REELS_SET,
    SECRET,
    STORY_SET,
    Gram,
    Media,
    post,
    read,
)

BOTH = pytest.mark.parametrize("account", [DIRECT, BEHIND_PAGE], ids=lambda one: str(one.kind))


# Exact requests


def test_one_post_on_instagrams_host_is_one_get_with_the_token_in_its_header() -> None:
    told = read(Gram({"901": Media()}), [post("901")])
    (call,) = told.sender.calls
    assert call.method == "GET"
    assert call.url == (
        "https://graph.instagram.com/v26.0/901/insights?metric=views,reach,likes,comments,saved,"
        "shares,total_interactions,profile_visits,follows"
    )
    assert call.headers["Authorization"] == f"Bearer {DIRECT_TOKEN}"
    assert call.body is None
    assert call.buckets == (
        f"instagram:account:{ACCOUNT_ID}",
        "instagram:credential:8",
        "instagram:app:6",
    )


def test_posts_behind_a_page_are_one_batch_with_proof_of_facebooks_secret() -> None:
    gram = Gram({"901": Media(), "902": Media("REELS", "VIDEO")})
    told = read(gram, [post("901"), post("902", "reel")], BEHIND_PAGE)
    (call,) = told.sender.calls
    assert (call.method, call.url) == ("POST", "https://graph.facebook.com/v26.0/")
    assert call.charge == 2
    form = form_of(call)
    assert form["access_token"] == PAGE_TOKEN
    assert form["appsecret_proof"] == appsecret_proof(SECRET, PAGE_TOKEN)
    assert batch_of(call) == [
        f"901/insights?metric={','.join(FEED_SET)}",
        f"902/insights?metric={','.join(REELS_SET)}",
    ]
    assert PAGE_TOKEN not in call.url


def test_no_proof_goes_to_instagrams_own_host() -> None:
    told = read(Gram({"901": Media()}), [post("901")])
    assert "appsecret_proof" not in told.sender.calls[0].url


def test_fifty_posts_behind_a_page_are_one_request() -> None:
    ids = [str(number) for number in range(100, 150)]
    told = read(Gram({i: Media() for i in ids}), [post(i) for i in ids], BEHIND_PAGE)
    assert len(told.sender.calls) == 1
    assert len(told.results) == 50


def test_stories_count_twice_when_batches_are_filled() -> None:
    ids = [str(number) for number in range(100, 196)]
    gram = Gram({**{i: Media() for i in ids}, "901": Media("STORY"), "902": Media("STORY")})
    posts = [post("901", "story"), post("902", "story"), *(post(i) for i in ids)]
    told = read(gram, posts, BEHIND_PAGE)
    assert [len(batch) for batch in told.sender.batches] == [50, 50]
    assert len(told.results) == 98


# What the answers come to


@BOTH
def test_columns_of_a_post_and_of_a_reel(account: Account) -> None:
    reel = Media("REELS", "VIDEO", values={"ig_reels_video_view_total_time": 99000})
    feed = Media(values={"views": 2257, "reach": 900, "likes": 31, "saved": 4})
    told = read(Gram({"901": feed, "902": reel}), [post("901"), post("902", "reel")], account)
    assert told.stopped is None
    assert told.reading("901").columns == {
        "impressions": {"views": 2257},
        "reach": {"reach": 900},
        "likes": {"likes": 31},
        "comments": {"comments": 7},
        "shares": {"shares": 7},
        "saves": {"saved": 4},
    }
    assert told.reading("901").extra["profile_visits"] == 7
    assert told.reading("902").columns["watch_time_ms"] == {"ig_reels_video_view_total_time": 99000}
    assert told.reading("902").extra["ig_reels_avg_watch_time"] == 7
    assert set(told.reading("902").extra) == set(REELS_SET)


@BOTH
def test_a_storys_replies_are_its_comments_and_its_taps_are_flattened(account: Account) -> None:
    gram = Gram({"901": Media("STORY", "IMAGE", values={"replies": 3, "navigation": 25})})
    told = read(gram, [post("901", "story")], account)
    reading = told.reading("901")
    assert reading.columns["comments"] == {"replies": 3}
    assert "likes" not in reading.columns
    assert reading.extra["navigation"] == 25
    assert reading.extra["navigation.tap_forward"] == 5
    assert reading.extra["navigation.tap_exit"] == 2
    asked = told.sender.asked_of("901/insights")
    assert [one.get("breakdown") for one in asked] == [None, "story_navigation_action_type"]
    assert told.metrics_asked("901") == [list(STORY_SET)]


def test_a_refused_breakdown_costs_nothing_but_the_taps_and_is_not_asked_again() -> None:
    def no_breakdown(path: str, params: dict[str, str]) -> Answer | None:
        return error(100, "(#100) breakdown is not supported") if "breakdown" in params else None

    told = read(Gram({"901": Media("STORY")}, special=no_breakdown), [post("901", "story")])
    reading = told.reading("901")
    assert reading.extra["navigation"] == 7
    assert reading.refused == {"story_navigation_action_type"}
    again = read(Gram({"901": Media("STORY")}), [post("901", "story", refused=reading.refused)])
    assert len(again.sender.calls) == 1


def test_total_value_goes_before_values_and_the_first_value_before_later_ones() -> None:
    rows = [
        {
            "name": "views",
            "period": "lifetime",
            "values": [{"value": 1}],
            "total_value": {"value": 2},
        },
        {"name": "reach", "period": "lifetime", "values": [{"value": 3}, {"value": 4}]},
        {"name": "likes", "period": "lifetime", "values": []},
        {"name": "saved", "period": "lifetime", "values": [{"value": None}]},
    ]
    told = read(Gram({"901": Media(answers=[Answer({"data": rows})])}), [post("901")])
    assert told.reading("901").columns == {"impressions": {"views": 2}, "reach": {"reach": 3}}


@BOTH
def test_empty_data_says_nothing_and_is_no_zero(account: Account) -> None:
    gram = Gram({"901": Media(answers=[Answer({"data": []})])})
    reading = read(gram, [post("901")], account).reading("901")
    assert (reading.columns, reading.extra, reading.confirmed) == ({}, {}, True)
    assert reading.refused == frozenset()


# Kinds


def test_kinds_of_imported_posts_come_from_one_listing_on_instagrams_host() -> None:
    gram = Gram({"901": Media(), "902": Media("REELS", "VIDEO")})
    told = read(gram, [post("901", None), post("902", None)])
    paths = [path for path, _ in told.sender.asked]
    assert paths == [f"{ACCOUNT_ID}/media", "901/insights", "902/insights"]
    assert told.sender.calls[0].url == (
        f"https://graph.instagram.com/v26.0/{ACCOUNT_ID}/media?fields=id,media_type,"
        f"media_product_type&since={int(START.timestamp()) - 4 * 86400}"
        f"&until={int(START.timestamp()) - 2 * 86400}&limit=100"
    )
    assert told.reading("901").kind == "image"
    assert told.reading("902").kind == "reel"
    assert told.metrics_asked("902") == [list(REELS_SET)]


def test_a_post_that_no_listing_shows_is_asked_by_itself() -> None:
    def no_listing(path: str, params: dict[str, str]) -> Answer | None:
        return Answer({"data": []}) if path.endswith("/media") else None

    gram = Gram({"901": Media("STORY"), "902": Media()}, special=no_listing)
    told = read(gram, [post("901", None), post("902", None)])
    assert told.reading("901").kind == "story"
    assert told.reading("902").kind == "image"
    fields = told.sender.asked_of("901")[0]
    assert fields == {"fields": "id,media_type,media_product_type"}


def test_a_refused_listing_of_kinds_is_no_failure() -> None:
    def no_listing(path: str, params: dict[str, str]) -> Answer | None:
        return NOT_ALLOWED if path.endswith("/media") else None

    gram = Gram({"901": Media(), "902": Media()}, special=no_listing)
    assert len(read(gram, [post("901", None), post("902", None)]).results) == 2


def listing_of(pages: int, wanted: dict[int, str]) -> Callable[..., Answer | None]:
    """A listing of so many pages, with one post in each, wanted ones on these pages."""
    given: list[int] = []

    def answer(path: str, params: dict[str, str]) -> Answer | None:
        if not path.endswith("/media"):
            return None
        number = len(given)
        given.append(number)
        row = {"id": wanted.get(number, "1"), "media_type": "IMAGE", "media_product_type": "FEED"}
        paging = {"cursors": {"after": str(number)}, "next": "https://graph.example/next"}
        return Answer({"data": [row], **({"paging": paging} if number < pages - 1 else {})})

    return answer


@pytest.mark.parametrize(
    ("wanted", "pages_read"),
    [({0: "901", 1: "902", 2: "903", 3: "904"}, 2), ({}, 2)],
    ids=["some found", "none found"],
)
def test_the_listing_of_kinds_costs_at_most_half_of_asking_for_each(
    wanted: dict[int, str], pages_read: int
) -> None:
    ids = ["901", "902", "903", "904"]
    gram = Gram({i: Media() for i in ids}, special=listing_of(9, wanted))
    told = read(gram, [post(i, None) for i in ids])
    paths = [path for path, _ in told.sender.asked]
    assert paths.count(f"{ACCOUNT_ID}/media") == pages_read
    assert sum(paths.count(i) for i in ids) == 4 - min(len(wanted), pages_read)
    assert {told.reading(i).kind for i in ids} == {"image"}


def test_the_listing_of_kinds_ends_when_all_are_found() -> None:
    ids = ["901", "902", "903", "904", "905", "906"]
    rows = [{"id": i, "media_type": "IMAGE", "media_product_type": "FEED"} for i in ids]
    paging = {"cursors": {"after": "x"}, "next": "https://graph.example/next"}

    def listing(path: str, params: dict[str, str]) -> Answer | None:
        return Answer({"data": rows, "paging": paging}) if path.endswith("/media") else None

    told = read(Gram({i: Media() for i in ids}, special=listing), [post(i, None) for i in ids])
    assert [path for path, _ in told.sender.asked].count(f"{ACCOUNT_ID}/media") == 1


def test_behind_a_page_no_listing_is_needed() -> None:
    gram = Gram({"901": Media(), "902": Media()})
    told = read(gram, [post("901", None), post("902", None)], BEHIND_PAGE)
    assert [call.method for call in told.sender.calls] == ["POST", "POST"]


def test_a_limit_on_the_listing_of_kinds_stops_before_any_post() -> None:
    def limited(path: str, params: dict[str, str]) -> Answer | None:
        return error(80002, "(#80002) limit") if path.endswith("/media") else None

    gram = Gram({"901": Media(), "902": Media()}, special=limited)
    told = read(gram, [post("901", None), post("902", None)])
    assert isinstance(told.stopped, RateLimited)
    assert told.results == {}
    assert len(told.sender.calls) == 1


def test_kinds_behind_a_page_are_asked_in_the_batch_of_the_others_numbers() -> None:
    gram = Gram({"901": Media(), "902": Media("REELS", "VIDEO")})
    told = read(gram, [post("901"), post("902", None)], BEHIND_PAGE)
    assert [[url.partition("?")[0] for url in batch] for batch in told.sender.batches] == [
        ["901/insights", "902"],
        ["902/insights"],
    ]
    assert told.reading("902").kind == "reel"
    assert told.reading("901").kind is None


@pytest.mark.parametrize(
    ("product", "media_type", "kind", "metrics"),
    [
        ("FEED", "IMAGE", "image", FEED_SET),
        ("FEED", "VIDEO", "video", FEED_SET),
        ("FEED", "CAROUSEL_ALBUM", "carousel", FEED_SET),
        ("REELS", "VIDEO", "reel", REELS_SET),
        ("STORY", "IMAGE", "story", STORY_SET),
    ],
)
def test_kinds_and_their_metric_sets(
    product: str, media_type: str, kind: str, metrics: tuple[str, ...]
) -> None:
    told = read(Gram({"901": Media(product, media_type)}), [post("901", None)])
    assert told.reading("901").kind == kind
    assert told.metrics_asked("901") == [list(metrics)]


@pytest.mark.parametrize("kind", ["photo", "album", "text", "carousel", "image"])
def test_imported_kinds_are_posts_of_the_feed_and_keep_their_name(kind: str) -> None:
    told = read(Gram({"901": Media()}), [post("901", kind)])
    assert told.metrics_asked("901") == [list(FEED_SET)]
    assert told.reading("901").kind is None


@BOTH
def test_a_video_that_turns_out_as_a_reel_is_read_as_one(account: Account) -> None:
    told = read(Gram({"901": Media("REELS", "VIDEO")}), [post("901", "video")], account)
    reading = told.reading("901")
    assert reading.kind == "reel"
    assert reading.refused == frozenset()
    assert "watch_time_ms" in reading.columns
    assert told.metrics_asked("901") == [list(FEED_SET), list(REELS_SET)]


def test_an_old_video_of_the_feed_stays_one() -> None:
    gram = Gram({"901": Media("FEED", "VIDEO", refused=("shares",))})
    reading = read(gram, [post("901", "video")]).reading("901")
    assert (reading.kind, reading.refused) == (None, {"shares"})


def test_an_unknown_post_that_is_not_there_is_a_sighting() -> None:
    told = read(Gram({"902": Media()}), [post("901", None), post("902")])
    assert told.failure("901").sighting


# Refused metrics


@BOTH
@pytest.mark.parametrize("new_style", [True, False], ids=["IGApiException", "(#100)"])
@pytest.mark.parametrize("staged", [True, False], ids=["one at a time", "all at once"])
def test_refused_metrics_are_dropped_in_stages_for_this_post_alone(
    account: Account, *, staged: bool, new_style: bool
) -> None:
    odd = Media(refused=("profile_visits", "shares"))
    gram = Gram({"901": odd, "902": Media()}, staged=staged, new_style=new_style)
    memory = ListMemory()
    told = read(gram, [post("901"), post("902")], account, memory)
    assert told.reading("901").refused == {"profile_visits", "shares"}
    assert "shares" not in told.reading("901").columns
    assert told.reading("902").refused == frozenset()
    assert told.reading("902").columns["shares"] == {"shares": 7}
    assert len(told.metrics_asked("901")) == (3 if staged else 2)
    assert told.metrics_asked("902") == [list(FEED_SET)]
    assert memory.told == []


@BOTH
def test_what_a_post_refused_is_left_out_from_then_on(account: Account) -> None:
    gram = Gram({"901": Media(refused=("shares",))})
    told = read(gram, [post("901", refused=frozenset({"shares", "follows"}))], account)
    asked = [name for name in FEED_SET if name not in {"shares", "follows"}]
    assert told.metrics_asked("901") == [asked]
    assert told.reading("901").refused == frozenset()


@BOTH
def test_many_stages_still_end_with_what_is_left(account: Account) -> None:
    refused = ("views", "likes", "saved", "shares", "profile_visits", "follows")
    gram = Gram({"901": Media(refused=refused)}, staged=True)
    reading = read(gram, [post("901")], account).reading("901")
    assert reading.refused == set(refused)
    assert set(reading.columns) == {"reach", "comments"}


@BOTH
@pytest.mark.parametrize("silent", [True, False], ids=["names nothing", "must be one of"])
def test_a_retired_metric_is_found_once_and_for_all_posts(
    account: Account, *, silent: bool
) -> None:
    ids = [str(number) for number in range(100, 120)]
    gram = Gram({i: Media() for i in ids}, unknown={"saved"}, silent=silent)
    memory = ListMemory()
    told = read(gram, [post(i) for i in ids], account, memory)
    assert memory.known == {("post", "saved")}
    assert len(memory.told) == 1
    for i in ids:
        assert told.reading(i).columns["likes"] == {"likes": 7}
        assert told.reading(i).refused == frozenset()
    if account is BEHIND_PAGE:
        assert len(told.sender.calls) == (3 if silent else 2)
    else:
        # Those that were under way together learn it once each, all others not at all.
        assert len(told.sender.calls) <= len(ids) + 4 + (10 if silent else 0)


@BOTH
def test_two_retired_metrics_are_both_found(account: Account) -> None:
    gram = Gram({"901": Media()}, unknown={"saved", "views"}, silent=True)
    memory = ListMemory()
    told = read(gram, [post("901")], account, memory)
    assert memory.known == {("post", "saved"), ("post", "views")}
    assert told.reading("901").columns["reach"] == {"reach": 7}


@BOTH
def test_what_is_retired_and_what_one_post_refuses_are_told_apart(account: Account) -> None:
    gram = Gram({"901": Media(refused=("follows",))}, unknown={"saved"}, silent=True)
    memory = ListMemory()
    told = read(gram, [post("901")], account, memory)
    assert memory.known == {("post", "saved")}
    assert told.reading("901").refused == {"follows"}


def test_a_retired_metric_makes_no_video_a_suspected_reel() -> None:
    told = read(Gram({"901": Media("FEED", "VIDEO")}, unknown={"saved"}), [post("901", "video")])
    assert told.sender.asked_of("901") == []
    assert told.reading("901").columns


def test_an_edge_that_is_not_there_is_no_metrics_fault() -> None:
    words = "(#100) Tried accessing nonexisting field (insights) on node type (Photo)"
    told = read(Gram({"901": Media(always=error(100, words))}), [post("901")])
    assert told.failure("901").code == "post_refused"
    assert len(told.sender.calls) == 1


def test_retired_metrics_are_not_asked_for_and_belong_to_their_kind() -> None:
    memory = ListMemory([("post", "views")])
    gram = Gram({"901": Media(), "902": Media("REELS", "VIDEO")})
    told = read(gram, [post("901"), post("902", "reel")], memory=memory)
    assert told.metrics_asked("901") == [[name for name in FEED_SET if name != "views"]]
    assert told.metrics_asked("902") == [list(REELS_SET)]


def test_a_long_list_of_allowed_names_is_read_to_its_end() -> None:
    """The names that are allowed may come last in the refusal's text."""
    filler = [f"some_metric_of_another_kind_{number}" for number in range(30)]
    first, *others = (name for name in KNOWN if name != "saved")
    allowed = ", ".join([first, *filler, *others])
    words = f"(#100) metric[4] must be one of the following values: {allowed}"
    assert len(words) > 1000
    memory = ListMemory()
    read(Gram({"901": Media(answers=[error(100, words)])}), [post("901")], memory=memory)
    assert memory.known == {("post", "saved")}


@BOTH
def test_when_every_name_is_called_unknown_nothing_is_retired(account: Account) -> None:
    """That is a fault of the answer, which must not silence every account for days."""
    gram = Gram({"901": Media(), "902": Media()}, unknown=set(KNOWN), silent=True)
    memory = ListMemory()
    told = read(gram, [post("901"), post("902")], account, memory)
    assert memory.known == set()
    assert told.failure("901").code == "post_refused"
    assert not told.failure("901").sighting


@BOTH
def test_a_refusal_in_another_language_that_names_nothing_is_searched(account: Account) -> None:
    def spanish(path: str, params: dict[str, str]) -> Answer | None:
        asked = params.get("metric", "").split(",")
        return error(100, "Parámetro no válido") if {"follows", "shares"} & set(asked) else None

    gram = Gram({"901": Media(), "902": Media()}, special=spanish)
    memory = ListMemory()
    told = read(gram, [post("901"), post("902")], account, memory)
    assert told.reading("901").refused == {"follows", "shares"}
    assert "reach" in told.reading("901").columns
    assert memory.known == set()


def test_a_refusal_of_the_post_itself_is_searched_once_in_a_run() -> None:
    ids = [str(number) for number in range(100, 110)]
    refusal = error(100, "Unsupported request - method type: get", type="IGApiException")
    told = read(Gram({i: Media(always=refusal) for i in ids}), [post(i) for i in ids])
    assert {told.failure(i).code for i in ids} == {"post_refused"}
    assert all(told.failure(i).tried for i in ids)
    assert len(told.sender.calls) < 10 + 20


def test_when_all_metrics_are_refused_the_medias_own_counts_are_read() -> None:
    media = Media(refused=FEED_SET, fields={"like_count": 3, "comments_count": 1})
    reading = read(Gram({"901": media}), [post("901")]).reading("901")
    assert reading.columns == {"likes": {"like_count": 3}, "comments": {"comments_count": 1}}
    assert reading.refused == set(FEED_SET)


# Posted before the account became professional


@BOTH
@pytest.mark.parametrize(
    "refusal",
    [
        BEFORE_CONVERSION,
        error(100, "Ungültiger Parameter", subcode=2108006, error_user_msg="likes, views, shares"),
    ],
    ids=["IGApiException", "localised"],
)
def test_before_conversion_the_counts_of_the_media_stand_in(
    account: Account, refusal: Answer
) -> None:
    media = Media(always=refusal, fields={"like_count": 12, "comments_count": 0})
    gram = Gram({"901": media, "902": Media()})
    told = read(gram, [post("901"), post("902")], account)
    reading = told.reading("901")
    assert reading.columns == {"likes": {"like_count": 12}, "comments": {"comments_count": 0}}
    assert reading.extra == {"like_count": 12, "comments_count": 0}
    assert reading.refused == set(FEED_SET)
    assert told.sender.asked_of("901")[0] == {"fields": "id,like_count,comments_count"}
    assert told.reading("902").refused == frozenset()

    again = read(gram, [post("901", refused=reading.refused)], account)
    assert [path for path, _ in again.sender.asked] == ["901"]
    assert again.reading("901").columns == reading.columns
    assert again.reading("901").refused == frozenset()


def test_only_what_is_newly_refused_is_told() -> None:
    gram = Gram({"901": Media(always=BEFORE_CONVERSION, fields={"like_count": 1})})
    reading = read(gram, [post("901", refused=frozenset({"shares"}))]).reading("901")
    assert reading.refused == set(FEED_SET) - {"shares"}


def test_counts_that_are_not_told_stay_unsaid() -> None:
    gram = Gram({"901": Media(always=BEFORE_CONVERSION, fields={"comments_count": 2})})
    assert read(gram, [post("901")]).reading("901").columns == {"comments": {"comments_count": 2}}


# Single posts that fail


@BOTH
def test_a_story_with_few_viewers_is_tried_again_later(account: Account) -> None:
    gram = Gram({"901": Media("STORY", always=FEW_VIEWERS), "902": Media()})
    told = read(gram, [post("901", "story"), post("902")], account)
    failure = told.failure("901")
    assert (failure.code, failure.tried, failure.sighting) == ("too_few_viewers", True, False)
    assert told.stopped is None


def test_only_few_viewers_is_no_missing_permission() -> None:
    told = read(Gram({"901": Media("STORY", always=FEW_VIEWERS)}), [post("901", "story")])
    assert told.stopped is None
    assert told.failure("901").code == "too_few_viewers"


def test_a_story_with_few_viewers_proves_that_insights_may_be_read() -> None:
    gram = Gram({"901": Media("STORY", always=FEW_VIEWERS), "902": Media(always=NOT_ALLOWED)})
    told = read(gram, [post("901", "story"), post("902")])
    assert told.stopped is None
    assert told.failure("902").code == "permission_missing"


def test_few_viewers_said_of_a_post_is_the_missing_permission_of_its_code() -> None:
    told = read(
        Gram({"901": Media(always=FEW_VIEWERS), "902": Media()}), [post("901"), post("902")]
    )
    assert told.failure("901").code == "permission_missing"
    assert told.stopped is None


@BOTH
def test_a_missing_object_is_a_sighting_while_others_answer(account: Account) -> None:
    told = read(Gram({"902": Media()}), [post("901"), post("902")], account)
    failure = told.failure("901")
    assert (failure.code, failure.sighting, failure.definite) == ("post_unavailable", True, False)
    assert len(told.sender.asked) == 2


@BOTH
def test_a_missing_object_alone_counts_when_the_account_answers(account: Account) -> None:
    told = read(Gram(nodes={ACCOUNT_ID: {"id": ACCOUNT_ID}}), [post("901")], account)
    assert told.failure("901").sighting
    path, params = told.sender.asked[-1]
    assert (path, params["fields"]) == (ACCOUNT_ID, "id")


@BOTH
def test_when_nothing_is_found_at_all_no_post_is_counted_as_missing(account: Account) -> None:
    """Access was lost, or a limit hides behind the same answer."""
    gram = Gram(nodes={ACCOUNT_ID: {"id": ACCOUNT_ID}})
    told = read(gram, [post("901"), post("902")], account)
    assert not told.failure("901").sighting
    assert not told.failure("902").sighting
    assert told.failure("901").code == "post_unavailable"


@BOTH
@pytest.mark.parametrize(
    "trouble",
    [error(1, "An unknown error has occurred"), error(2, "Service temporarily unavailable")],
)
def test_trouble_with_one_post_leaves_it_due(account: Account, trouble: Answer) -> None:
    told = read(
        Gram({"901": Media(always=trouble), "902": Media()}), [post("901"), post("902")], account
    )
    assert not told.failure("901").tried
    assert told.failure("901").code == "platform_unavailable"
    assert told.reading("902").columns


def test_too_much_data_for_one_post_leaves_it_due() -> None:
    words = "Please reduce the amount of data you're asking for, then retry your request"
    gram = Gram({"901": Media(always=error(1, words, status=500))})
    assert not read(gram, [post("901")]).failure("901").tried


def test_html_in_place_of_an_answer_leaves_the_post_due() -> None:
    page = Answer(b"<html>sorry</html>", 200)
    told = read(Gram({"901": Media(answers=[page]), "902": Media()}), [post("901"), post("902")])
    failure = told.failure("901")
    assert (failure.code, failure.tried) == ("answer_not_understood", False)


def test_an_error_body_with_status_200_is_an_error() -> None:
    told = read(
        Gram({"901": Media(always=Answer(GONE.body, 200)), "902": Media()}),
        [post("901"), post("902")],
    )
    assert told.failure("901").sighting


# What stops the account


@BOTH
def test_missing_permission_for_all_posts_is_the_accounts(account: Account) -> None:
    gram = Gram({"901": Media(always=NOT_ALLOWED), "902": Media(always=NOT_ALLOWED)})
    told = read(gram, [post("901"), post("902")], account)
    assert isinstance(told.stopped, AccountRefused)
    assert told.stopped.code == "permission_missing"
    assert "instagram_manage_insights" in told.stopped.hint
    assert {told.failure(i).code for i in ("901", "902")} == {"permission_missing"}


@BOTH
def test_missing_permission_for_one_post_is_that_posts(account: Account) -> None:
    gram = Gram({"901": Media(always=NOT_ALLOWED), "902": Media()})
    told = read(gram, [post("901"), post("902")], account)
    assert told.stopped is None
    assert told.failure("901").code == "permission_missing"


def test_a_missing_permission_is_not_asked_for_again_and_again() -> None:
    ids = [str(number) for number in range(100, 160)]
    told = read(Gram({i: Media(always=NOT_ALLOWED) for i in ids}), [post(i) for i in ids])
    assert isinstance(told.stopped, AccountRefused)
    assert len(told.sender.calls) < 10


@BOTH
@pytest.mark.parametrize("code", [4, 17, 32, 341, 613, 80002])
def test_a_throttle_stops_the_account_and_keeps_what_was_answered(
    account: Account, code: int
) -> None:
    limit = error(code, f"(#{code}) There have been too many calls")
    ids = [str(number) for number in range(101, 120)]
    gram = Gram({"100": Media(), **{i: Media(always=limit) for i in ids}})
    told = read(gram, [post("100"), *(post(i) for i in ids)], account)
    assert isinstance(told.stopped, RateLimited)
    assert list(told.results) == ["100"]
    assert len(told.sender.calls) <= 5
    assert any(limit.stop_until is not None for limit in told.sender.limits)


def test_code_80002_blocks_the_account_and_code_4_the_application() -> None:
    for code, bucket in ((80002, f"instagram:account:{ACCOUNT_ID}"), (4, "instagram:app:6")):
        told = read(Gram({"901": Media(always=error(code, "limit"))}), [post("901")])
        assert isinstance(told.stopped, RateLimited)
        assert told.stopped.bucket == bucket


@BOTH
@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467, 492])
def test_a_dead_token_stops_the_account(account: Account, subcode: int) -> None:
    dead = error(190, "Error validating access token", subcode=subcode)
    told = read(Gram({"901": Media(always=dead)}), [post("901")], account)
    assert isinstance(told.stopped, CredentialRefused)
    assert told.results == {}


@BOTH
def test_a_block_stops_the_account_for_a_day(account: Account) -> None:
    told = read(Gram({"901": Media(always=error(368, "abusive"))}), [post("901")], account)
    assert isinstance(told.stopped, AccountRefused)
    assert told.stopped.code == "account_blocked"


@BOTH
def test_a_stop_between_two_stages_leaves_the_post_due_and_forgets_nothing(
    account: Account,
) -> None:
    gram = Gram()
    limit = error(80002, "(#80002) There have been too many calls")
    refusal = gram.not_supported("follows")
    gram.media = {"901": Media(answers=[refusal, limit])}
    told = read(gram, [post("901")], account)
    assert isinstance(told.stopped, RateLimited)
    assert told.results == {}


def test_a_stop_while_culprits_are_searched_ends_all_asking() -> None:
    limit = error(80002, "(#80002) There have been too many calls")

    def spent(path: str, params: dict[str, str]) -> Answer | None:
        if path != "902/insights":
            return None
        alone = "," not in params["metric"]
        return limit if alone else error(100, "Parámetro no válido")

    memory = ListMemory()
    gram = Gram({"901": Media(), "902": Media()}, special=spent)
    told = read(gram, [post("901", None), post("902")], BEHIND_PAGE, memory)
    assert isinstance(told.stopped, RateLimited)
    assert told.results == {}
    assert [len(batch) for batch in told.sender.batches] == [2, 9]
    assert memory.known == set()


def test_a_stop_before_the_numbers_of_a_learned_kind_leaves_the_post_due() -> None:
    limit = error(80002, "(#80002) There have been too many calls")
    gram = Gram({"901": Media(), "902": Media(always=limit)})
    told = read(gram, [post("901", None), post("902")], BEHIND_PAGE)
    assert isinstance(told.stopped, RateLimited)
    assert told.results == {}


def test_a_stop_at_the_first_of_two_questions_asks_no_second() -> None:
    limit = error(80002, "(#80002) There have been too many calls")
    told = read(Gram({"901": Media("STORY", always=limit)}), [post("901", "story")])
    assert isinstance(told.stopped, RateLimited)
    assert len(told.sender.calls) == 1


def test_a_stop_after_the_storys_numbers_keeps_them() -> None:
    limit = error(80002, "(#80002) There have been too many calls")

    def spent(path: str, params: dict[str, str]) -> Answer | None:
        return limit if "breakdown" in params else None

    told = read(Gram({"901": Media("STORY")}, special=spent), [post("901", "story")])
    assert isinstance(told.stopped, RateLimited)
    assert told.reading("901").extra["navigation"] == 7


# Batches that fail


def test_items_that_timed_out_are_asked_again() -> None:
    gram = Gram({"901": Media(answers=[None]), "902": Media()})
    told = read(gram, [post("901"), post("902")], BEHIND_PAGE)
    assert told.reading("901").columns
    assert told.reading("902").columns
    assert [len(batch) for batch in told.sender.batches] == [2, 1]


def test_a_batch_that_fails_as_a_whole_leaves_its_posts_due() -> None:
    class Down(Gram):
        def __call__(self, path: str, params: dict[str, str]) -> Answer | Exception | None:
            return Temporary("down") if path == "batch" else super().__call__(path, params)

    told = read(Down({"901": Media()}), [post("901")], BEHIND_PAGE)
    assert not told.failure("901").tried
    assert len(told.sender.calls) == 1


def test_the_form_of_a_batch_is_exactly_what_meta_documents() -> None:
    told = read(Gram({"901": Media()}), [post("901")], BEHIND_PAGE)
    body = (told.sender.calls[0].body or b"").decode()
    url = f"901/insights?metric={','.join(FEED_SET)}"
    batch = f'[{{"method":"GET","relative_url":"{url}"}}]'
    assert f"batch={quote(batch, safe='')}" in body.replace("+", "%20")
    assert unquote_plus(body).count(PAGE_TOKEN) == 1
