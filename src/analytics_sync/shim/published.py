"""Posts that the application has just published: taken up as one line of `post import`."""

import io
import json
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import BeforeValidator, ConfigDict, Field
from starlette.responses import Response

from analytics_sync.errors import WrongUsage
from analytics_sync.files.posts import import_posts
from analytics_sync.shim import answers
from analytics_sync.shim.bounds import LARGEST_ID, PlatformName
from analytics_sync.shim.described import responses
from analytics_sync.shim.desk import opened
from analytics_sync.shim.route import Route
from analytics_sync.shim.shapes import Imported, Shape

LONGEST: Final = 1_000
LONGEST_TEXT: Final = 100_000

router = APIRouter(route_class=Route, tags=["posts"])


def _number(value: Any) -> Any:
    """A number as JSON has it: neither true nor "1"."""
    if isinstance(value, bool | str):
        raise ValueError("Input should be a number")  # noqa: TRY004 - pydantic's way
    return value


class Published(Shape):
    """A post, with the names of the columns of `post import`."""

    model_config = ConfigDict(extra="forbid")

    business_id: Annotated[int, BeforeValidator(_number), Field(ge=1, le=LARGEST_ID)]
    platform: PlatformName
    platform_account_id: str | None = Field(default=None, max_length=LONGEST)
    platform_post_id: str = Field(min_length=1, max_length=LONGEST)
    published_at: str = Field(
        max_length=100,
        description="With a zone: 2026-11-23T14:00:00Z",
        json_schema_extra={"format": "date-time"},
    )
    kind: str | None = Field(default=None, max_length=100)
    text: str | None = Field(default=None, max_length=LONGEST_TEXT)
    permalink: str | None = Field(default=None, max_length=LONGEST)


@router.post(
    "/api/v1/posts",
    status_code=201,
    summary="Tell of a new post",
    responses=responses(Imported, 404, statuses=(200, 201)),
)
def publish(post: Published) -> Response:
    """Tell of a post, so that the next sync reads its numbers; telling twice changes nothing."""
    from analytics_sync.store import businesses

    line = json.dumps(post.model_dump(exclude_none=True)).encode()
    with opened() as installation:
        with installation.database.read() as connection:
            businesses.find(connection, str(post.business_id))
        outcome = import_posts(
            installation.database, io.BytesIO(line), "post.jsonl", now=installation.clock.now()
        )
    if outcome.refused:
        refusal = outcome.refusals[0]
        named = refusal.field is None or refusal.field in refusal.message
        raise WrongUsage(
            refusal.message if named else f"{refusal.field}: {refusal.message}",
            hint="Nothing was taken up; the columns of `post import` say what is wanted.",
            code="post_invalid",
        )
    document = {"imported": outcome.imported, "unchanged": outcome.unchanged}
    return answers.success(document, 201 if outcome.imported else 200)
