"""Answers with posts: what may be seen of them, what goes into `errors`, and what it costs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._x import ledger as prices
from analytics_sync.simulator.services._x.dialects import Dialect
from analytics_sync.simulator.services._x.objects import (
    PRIVATE,
    PRIVATE_AGE,
    Objects,
    Version,
    media_key,
    version_of,
)
from analytics_sync.simulator.services._x.problems import Entries
from analytics_sync.simulator.services._x.switches import Switches
from analytics_sync.simulator.world import SimulatedAccount, Token, World


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that was let in: by whom, in which words, for what."""

    token: Token
    dialect: Dialect
    query: dict[str, Any]
    target: str

    def words(self, parameter: str) -> frozenset[str]:
        found: frozenset[str] = self.query.get(parameter, frozenset())
        return found

    def is_of(self, account: SimulatedAccount) -> bool:
        """Whether the token is that of this account's user."""
        return self.token.kind == "user" and self.token.subject == account.id


@dataclass
class Answer:
    """The parts of an answer, and what was returned in them (for the bill)."""

    data: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    includes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    # By kind ("post", "user"): the ids that are charged.
    billed: dict[str, list[str]] = field(default_factory=dict)
    post_price: int = prices.POST

    def include(self, kind: str, thing: dict[str, Any]) -> None:
        things = self.includes.setdefault(kind, [])
        if thing not in things:
            things.append(thing)

    def bill(self, kind: str, resource_id: str) -> None:
        self.billed.setdefault(kind, []).append(resource_id)

    def body(self, *, single: bool = False) -> dict[str, Any]:
        """The answer without `meta`; keys that hold nothing are not there."""
        data = self.data[0] if single and self.data else self.data
        parts = {"data": data, "includes": self.includes, "errors": self.errors}
        return {name: part for name, part in parts.items() if part}


class Posts:
    """Looks up posts for one request."""

    def __init__(self, world: World, switches: Switches, asked: Asked) -> None:
        self.world = world
        self.switches = switches
        self.asked = asked
        self.dialect = asked.dialect
        self.objects = Objects(world, asked.dialect)
        self.wanted = self._wanted()

    def _wanted(self) -> frozenset[str]:
        """Fields of posts: those asked for, those that always come, those of expansions."""
        dialect = self.dialect
        fields = self.asked.words("tweet.fields") | self.asked.words("post.fields")
        brought = {
            "author_id": "author_id",
            "in_reply_to_user_id": "in_reply_to_user_id",
            "attachments.media_keys": "attachments",
            dialect.history: dialect.history,
            dialect.references_expansion: dialect.references,
        }
        expanded = {brought[name] for name in self.asked.words("expansions") if name in brought}
        withheld = self.switches.words("withheld_fields")
        return (fields | expanded | set(dialect.always)) - withheld

    def look_up(self, ids: Iterable[str], parameter: str) -> Answer:
        """The posts with these ids, `data` in no particular order."""
        answer = Answer()
        entries = Entries(self.dialect, self.dialect.resource, parameter)
        unmentioned = self._meant_by_fault("unmentioned", ids)
        for post_id in ids:
            if post_id in unmentioned:
                continue
            version = version_of(self.world, post_id)
            if version is None:
                answer.errors.append(entries.not_found(post_id))
            else:
                self.add(answer, version, entries)
        answer.data.sort(key=lambda row: fraction(self.world.seed, "order", row["id"]))
        self.finish(answer)
        return answer

    def add(self, answer: Answer, version: Version, entries: Entries) -> None:
        """Put a post into `data`, or say in `errors` why it is not there."""
        if self._hidden(version.author):
            answer.errors.append(entries.not_authorized(version.shown.id))
            return
        fields, refused = self.allowed(version)
        if refused:
            answer.errors.extend(
                entries.field_refused(version.shown.id, f"{group}.{name}")
                for group in refused
                for name in self.objects.private_fields(group)
            )
            return
        answer.data.append(self.objects.post(version, fields))
        answer.versions.append(version)
        answer.bill("post", version.shown.id)

    def _hidden(self, author: SimulatedAccount) -> bool:
        if author.facts.get("suspended"):
            return True
        return bool(author.facts.get("protected")) and not self.asked.is_of(author)

    def allowed(self, version: Version) -> tuple[frozenset[str], list[str]]:
        """The fields that will be filled, and the groups whose refusal costs the whole post."""
        private = [group for group in PRIVATE if group in self.wanted]
        if not self.asked.is_of(version.author) or version.newest.kind == "repost":
            return self.wanted, private
        if self.too_old(version):
            if self.switches.text("old_private", "refuse") == "omit":
                return self.wanted - set(private), []
            return self.wanted, private
        promoted = bool(version.newest.facts.get("promoted"))
        return self.wanted, [g for g in private if g == "promoted_metrics" and not promoted]

    def too_old(self, version: Version) -> bool:
        """Whether private metrics are over for this version."""
        return self.switches.now() - version.shown.published_at > PRIVATE_AGE

    def finish(self, answer: Answer) -> None:
        """Add what the expansions bring, and take away what could not be hydrated."""
        known = {version.shown.id for version in answer.versions}
        for version in list(answer.versions):
            self._expand(answer, version, known)
        fault = self._fault("hydration_failure")
        if fault is None:
            return
        field_name = str(fault.facts.get("field", "public_metrics"))
        ids = fault.facts.get("ids")
        for row in answer.data:
            if (ids is None or row["id"] in ids) and row.pop(field_name, None) is not None:
                entries = Entries(self.dialect, self.dialect.resource, "ids")
                answer.errors.append(entries.not_hydrated(field_name))

    def _expand(self, answer: Answer, version: Version, known: set[str]) -> None:
        expansions = self.asked.words("expansions")
        if "author_id" in expansions:
            counts = self.switches.text("account_counts", "full")
            fields = self.asked.words("user.fields")
            answer.include("users", self.objects.user(version.author, fields, counts))
            answer.bill("user", version.author.id)
        if "attachments.media_keys" in expansions and media_key(version):
            self._include_media(answer, version)
        if self.dialect.history in expansions:
            for post_id in version.chain:
                self._include_post(answer, post_id, self.dialect.history, known)
        if self.dialect.references_expansion in expansions:
            for reference in self.objects.post(version, [self.dialect.references]).values():
                for one in reference:
                    parameter = self.dialect.references_expansion
                    self._include_post(answer, one["id"], parameter, known)

    def _include_post(self, answer: Answer, post_id: str, parameter: str, known: set[str]) -> None:
        if post_id in known:
            return
        known.add(post_id)
        entries = Entries(self.dialect, self.dialect.resource, parameter, "includes")
        version = version_of(self.world, post_id)
        if version is None:
            answer.errors.append(entries.not_found(post_id))
            return
        found = Answer()
        self.add(found, version, entries)
        answer.errors.extend(found.errors)
        for row in found.data:
            answer.include(self.dialect.included, row)
            answer.bill("post", post_id)

    def _include_media(self, answer: Answer, version: Version) -> None:
        wanted = self.asked.words("media.fields")
        private = [group for group in PRIVATE if group in wanted]
        if private and (not self.asked.is_of(version.author) or self.too_old(version)):
            entries = Entries(self.dialect, "media", "attachments.media_keys", "includes")
            key = str(media_key(version))
            answer.errors.extend(entries.field_refused(key, group) for group in private)
            return
        answer.include("media", self.objects.media(version, wanted))

    def _meant_by_fault(self, kind: str, ids: Iterable[str]) -> frozenset[str]:
        fault = self._fault(kind)
        return frozenset() if fault is None else frozenset(fault.facts.get("ids", ids))

    def _fault(self, kind: str) -> Any:
        return self.world.faults.asks("x", self.asked.target, kind)
