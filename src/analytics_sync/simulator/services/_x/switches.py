"""The simulated X's switches, all of them, with what they are when nobody has set them."""

from datetime import datetime

from analytics_sync.simulator.world import World

# What each does, for `World.switches` and `/_sim/switches`; the names begin with "x.".
SWITCHES = {
    "dialect": '"legacy" or "new": how requests are answered that name neither (legacy)',
    "unknown_fields": '"drop" unknown fields and expansions in silence, or "refuse" them (drop)',
    "withheld_fields": "list of fields that are treated as unknown (none)",
    "duplicate_ids": '"collapse", "refuse" or "repeat" an id given twice in `ids` (collapse)',
    "old_private": '"refuse" private metrics past 30 days with errors, or "omit" them (refuse)',
    "result_count": "whether `meta.result_count` is there (true)",
    "account_counts": '"full", "null" or "missing" like_count and media_count of users (full)',
    "usage_numbers": '"strings" or "integers" in /2/usage/tweets (strings)',
    "openapi_version": "what /2/openapi.json calls itself (2.170)",
    "rate_headers": "whether answers carry x-rate-limit-* headers (true)",
    "rate_body": '"problem" or "errors": the body of a 429 (problem)',
    "limit.ENDPOINT": "calls in 15 minutes: tweets, tweet, timeline, me, user, usage, credits",
    "day_limit.app": "calls in 24 hours of an endpoint through an application; adds headers (none)",
    "day_limit.user": "the same by a user's token (none)",
    "credits": "prepaid dollars; when they are spent, 402 (no end)",
    "credits_body": '"new" or "old": the body of a 402 (new)',
    "spending_limit": "dollars in a billing cycle; past that, 403 (none)",
    "usage_cap": "posts read in a billing cycle; past that, 429 (3,000,000)",
    "enrolled": "whether the application belongs to a project (true)",
    "app_owner": "user id that owns the application: own timeline at a fifth of the price (none)",
    "check_timestamps": "whether OAuth 1.0a signatures older than 5 minutes are refused (true)",
    "token_lifetime": "seconds that made-up accounts' tokens live (no end, no refresh token)",
}


class Switches:
    """Typed access to the switches of one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        return self._world.clock.now()

    def text(self, name: str, default: str) -> str:
        return str(self._get(name, default))

    def flag(self, name: str, default: bool) -> bool:
        return bool(self._get(name, default))

    def number(self, name: str) -> float | None:
        value = self._get(name, None)
        return None if value is None else float(str(value))

    def words(self, name: str) -> frozenset[str]:
        value = self._get(name, ())
        return frozenset(map(str, value)) if isinstance(value, list | tuple) else frozenset()

    def _get(self, name: str, default: object) -> object:
        value = self._world.switches.get(f"x.{name}")
        return default if value is None else value
