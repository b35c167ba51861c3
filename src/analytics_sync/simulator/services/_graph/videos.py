"""Bare videos, Reels and photos as nodes. A Video has `video_insights` and no `insights`."""

from typing import Any

from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import Answer
from analytics_sync.simulator.services._graph.fields import Asked
from analytics_sync.simulator.services._graph.post_insights import video_insights
from analytics_sync.simulator.services._graph.posts import PageNode
from analytics_sync.simulator.services._graph.time import written
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost


class Video(PageNode):
    """A Reel, or the video of a video post (which it names in `post_id`)."""

    type_name = "Video"
    label = "video"
    known = frozenset(
        "ad_breaks admin_creator audio_isrc backdated_time backdated_time_granularity "
        "boost_eligibility_info content_category content_tags copyright "
        "copyright_check_information copyright_monitoring_status created_time custom_labels "
        "description embed_html embeddable event expiration format from icon id "
        "is_crosspost_video is_crossposting_eligible is_episode is_instagram_eligible "
        "is_reference_only length live_audience_count live_status music_video_copyright "
        "permalink_url picture place post_id post_views premiere_living_room_status privacy "
        "published scheduled_publish_time source spherical status title universal_video_id "
        "updated_time views".split()
    )
    edges = frozenset({"video_insights"})
    usual = ("description", "updated_time", "id")

    def __init__(self, call: Call, page: SimulatedAccount, post: SimulatedPost) -> None:
        super().__init__(call, page, object_id(post))
        self.post = post

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        is_reel = self.post.kind == "reel"
        match asked.name:
            case "created_time" | "updated_time":
                return written(self.post.published_at)
            case "description":
                return self.post.text or None
            case "permalink_url":
                folder = "/reel/" if is_reel else f"/{self.page.id}/videos/"
                return f"{folder}{self.id}/"
            case "post_id":
                return None if is_reel else self.post.id
            case "from":
                return {"id": self.page.id, "name": self.page.name}
            case "published":
                return True
            case "views":
                return self.call.world.value(self.post, "video_views")
            case _:
                return None

    def edge(self, name: str, options: Options) -> Answer | None:
        return video_insights(self.call, self.page, self.post, options)


class Photo(PageNode):
    """The picture of a photo post under its own id. It has no insights."""

    type_name = "Photo"
    label = "photo"
    known = frozenset(
        "album alt_text created_time from height icon id images link name page_story_id picture "
        "place updated_time width".split()
    )
    usual = ("created_time", "name", "id")

    def __init__(self, call: Call, page: SimulatedAccount, post: SimulatedPost) -> None:
        super().__init__(call, page, object_id(post))
        self.post = post

    def plain(self, asked: Asked, *, listed: bool) -> Any:
        match asked.name:
            case "created_time" | "updated_time":
                return written(self.post.published_at)
            case "name":
                return self.post.text or None
            case "link":
                return f"https://www.facebook.com/photo.php?fbid={self.id}"
            case "page_story_id":
                return self.post.id
            case _:
                return None


def object_id(post: SimulatedPost) -> str:
    """The bare id of a Reel, a video or a photo."""
    return str(post.facts.get("object_id", post.id))
