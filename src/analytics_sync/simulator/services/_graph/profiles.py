"""Instagram professional accounts as nodes, on both hosts."""

from collections.abc import Iterable
from typing import Any

from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import Answer
from analytics_sync.simulator.services._graph.fields import Asked
from analytics_sync.simulator.services._graph.insights import followers
from analytics_sync.simulator.services._graph.media import (
    DirectMedia,
    Media,
    instagram_budget,
    list_media,
)
from analytics_sync.simulator.services._graph.nodes import Node
from analytics_sync.simulator.services._graph.profile_insights import profile_insights
from analytics_sync.simulator.services._graph.usage import Budget
from analytics_sync.simulator.world import SimulatedAccount


class Profile(Node):
    """An account as graph.facebook.com shows it: `id` is the professional account's id."""

    type_name = "IGUser"
    label = "profile"
    known = frozenset(
        "biography business_discovery followers_count follows_count has_profile_pic id ig_id "
        "is_published legacy_instagram_user_id media_count mentioned_comment mentioned_media name "
        "owner_business profile_picture_url shopping_product_tag_eligibility "
        "shopping_review_status username website".split()
    )
    edges = frozenset({"media", "stories", "insights"})
    media_type: type[Media] = Media

    def __init__(self, call: Call, account: SimulatedAccount) -> None:
        super().__init__(call, account.id)
        self.account = account

    def permit(self, names: Iterable[str]) -> None:
        if any(name != "id" for name in names):
            self.call.access.need_instagram()

    def budget(self) -> Budget:
        return instagram_budget(self.account)

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        facts = self.account.facts
        match asked.name:
            case "username":
                return facts.get("username", self.account.name)
            case "name":
                return self.account.name
            case "followers_count":
                return followers(self.call.world, self.account)
            case "follows_count":
                return self.account.followers // 7
            case "media_count":
                posts = self.call.world.posts_of(self.account)
                return sum(1 for post in posts if post.kind != "story")
            case "profile_picture_url":
                return f"https://cdn.example/{self.account.id}/picture"
            case _:
                return facts.get(asked.name)

    def edge(self, name: str, options: Options) -> Answer | None:
        if name == "insights":
            return profile_insights(self.call, self.account, options)
        stories = name == "stories"
        return list_media(self.call, self.account, options, self.media_type, stories=stories)


class DirectProfile(Profile):
    """The same on graph.instagram.com: `user_id` is the account's id, `id` belongs to the app."""

    known = frozenset(
        "account_type biography followers_count follows_count id media_count name "
        "profile_picture_url user_id username website".split()
    )
    media_type = DirectMedia

    def __init__(self, call: Call, account: SimulatedAccount) -> None:
        super().__init__(call, account)
        self.id = app_scoped_id(account)

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        match asked.name:
            case "user_id":
                return self.account.id
            case "account_type":
                return self.account.facts.get("account_type", "BUSINESS")
            case _:
                return super().plain(asked, listed=listed)


def app_scoped_id(account: SimulatedAccount) -> str:
    return str(account.facts.get("app_scoped_id", f"9{account.id[1:]}"))


def find_profile(call: Call, identity: str, kind: type[Profile]) -> Profile | None:
    """An account that the token reaches, by either of its ids where it has two."""
    for account in call.access.instagram():
        names = {account.id, app_scoped_id(account) if kind is DirectProfile else account.id}
        if identity in names:
            return kind(call, account)
    return None
