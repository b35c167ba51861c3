"""The simulated LinkedIn behind its API: who administers what, and what each post's numbers are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._linkedin.content import make_post
from analytics_sync.simulator.services._linkedin.resource import Asked
from analytics_sync.simulator.services._linkedin.wire import JSON, Refusal, access_denied
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, Token, World

PLATFORM = "linkedin"
ADMINISTRATOR = "ADMINISTRATOR"
Numbers = dict[str, int]


@dataclass
class Site:
    """The world, as far as LinkedIn shows it.

    `people`: names of members by their URN; `roles`: their roles by the URN of the organisation.
    """

    world: World
    people: dict[str, str] = field(default_factory=dict)
    roles: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def switch(self, name: str) -> object:
        return self.world.switches.get(f"{PLATFORM}.{name}")

    def organization(self, urn: str) -> SimulatedAccount | None:
        account = self.world.account(PLATFORM, urn)
        return account if account is not None and account.kind == "organization" else None

    def roles_of(self, token: Token) -> dict[str, str]:
        """The member's roles on pages, lost ones left out; by the organisation's URN."""
        lost = cast("Iterable[str]", self.switch("lost_roles") or ())
        return {
            urn: role
            for urn, role in self._all_roles(token).items()
            if urn not in lost and self.organization(urn)
        }

    def administered(self, token: Token) -> list[str]:
        """The organisations whose ADMINISTRATOR the token's member is now."""
        return [urn for urn, role in self.roles_of(token).items() if role == ADMINISTRATOR]

    def _all_roles(self, token: Token) -> dict[str, str]:
        by_token = cast("list[str]", token.facts.get("administers", []))
        return {**dict.fromkeys(by_token, ADMINISTRATOR), **self.roles.get(token.subject, {})}

    def may_read(self, asked: Asked, organization: str) -> bool:
        """Whether the member has the page's role; False asks for an empty answer.

        A role that was lost is refused like any other, or answered with nothing when the switch
        `linkedin.lost_role_answer` is "empty": both have been seen.

        :raises Refusal: 403.
        """
        if organization in self.administered(asked.token):
            return True
        if (
            organization in self._all_roles(asked.token)
            and self.switch("lost_role_answer") == "empty"
        ):
            return False
        raise access_denied(f"{asked.operation} on {organization}")

    def post(self, urn: str) -> SimulatedPost | None:
        return self.world.post(PLATFORM, urn)

    def posts_of(self, account_id: str) -> list[SimulatedPost]:
        account = self.world.account(PLATFORM, account_id)
        return [] if account is None else self.world.posts_of(account)

    def owns(self, token: Token, post: SimulatedPost) -> bool:
        return post.account_id == token.subject or post.account_id in self.administered(token)

    def publish(self, account_id: str) -> SimulatedPost:
        """A new post, now."""
        account = self.world.accounts[PLATFORM, account_id]
        return self.world.add_post(make_post(self.world.seed, account, self.now))

    def number(self, post: SimulatedPost, metric: str, moment: datetime | None = None) -> int:
        """What the world counts of a post; nobody is reached without an impression."""
        at = moment or self.now
        if at < post.published_at:
            return 0
        value = self.world.value(post, metric, at)
        if metric == "reach":
            return min(value, self.world.value(post, "impressions", at))
        return value

    def change(self, post: SimulatedPost, metric: str, start: datetime, end: datetime) -> int:
        """By how much a number grew in a span of time; negative where people took back."""
        return self.number(post, metric, end) - self.number(post, metric, start)

    def shuffled(self, found: list[JSON]) -> list[JSON]:
        """In an order that has nothing to do with the question, and differs from time to time."""
        seed, now = self.world.seed, self.now
        return sorted(found, key=lambda element: fraction(seed, now, element))

    def extended(self, element: JSON) -> JSON:
        """With a field that no documentation names, when the switch `unknown_fields` is on."""
        if not self.switch("unknown_fields"):
            return element
        return {**element, "notYetDocumented": {"value": 1, "kinds": ["NEW"]}}


def batch(results: dict[str, JSON | Refusal], *, encode: bool) -> JSON:
    """A BATCH_GET answer: what was found with its status, and what was refused with its error."""
    answer: JSON = {"results": {}, "statuses": {}, "errors": {}}
    for key, result in results.items():
        name = key.replace(":", "%3A") if encode else key
        if isinstance(result, Refusal):
            answer["errors"][name] = result.body
        else:
            answer["results"][name] = result
            answer["statuses"][name] = 200
    return answer
