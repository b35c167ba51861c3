"""X's operations: their paths, limits and parameters, and what each does."""

from collections.abc import Mapping
from typing import Any

from analytics_sync.simulator.services._x import ledger as prices
from analytics_sync.simulator.services._x import usage
from analytics_sync.simulator.services._x.dialects import (
    MEDIA_FIELDS,
    PLACE_FIELDS,
    POLL_FIELDS,
    USAGE_FIELDS,
    Dialect,
)
from analytics_sync.simulator.services._x.gate import Endpoint, Gate
from analytics_sync.simulator.services._x.lookup import Answer, Asked, Posts
from analytics_sync.simulator.services._x.objects import Objects
from analytics_sync.simulator.services._x.problems import Entries
from analytics_sync.simulator.services._x.query import (
    Check,
    identifier,
    identifiers,
    instant,
    whole,
    words,
)
from analytics_sync.simulator.services._x.timeline import Timeline

__all__ = ["Endpoint", "endpoints"]


def endpoints(gate: Gate) -> dict[str, Endpoint]:
    """Every GET operation by its path (limits: X docs, Rate limits)."""
    operations = _Operations(gate)
    return {
        "/2/tweets": Endpoint(
            key="tweets",
            label="tweets lookup",
            limits={"app": 3500, "user": 5000},
            parameters=operations.for_posts,
            work=operations.tweets,
            required=("ids",),
        ),
        "/2/tweets/{id}": Endpoint(
            key="tweet",
            label="tweet lookup",
            limits={"app": 450, "user": 900},
            parameters=operations.for_post,
            work=operations.tweet,
            path_id="id",
        ),
        "/2/users/me": Endpoint(
            key="me",
            label="me",
            limits={"user": 75},
            parameters=operations.for_users,
            work=operations.me,
        ),
        "/2/users/{id}": Endpoint(
            key="user",
            label="user",
            limits={"app": 300, "user": 900},
            parameters=operations.for_user,
            work=operations.user,
            path_id="id",
        ),
        "/2/users/{id}/tweets": Endpoint(
            key="timeline",
            label="timeline",
            limits={"app": 10_000, "user": 900},
            parameters=operations.for_timeline,
            work=operations.timeline,
            path_id="id",
        ),
        "/2/usage/tweets": Endpoint(
            key="usage",
            label="usage",
            limits={"app": 50},
            parameters=operations.for_usage,
            work=lambda asked: usage.usage(gate, asked),
            free=True,
        ),
        "/2/usage/credits": Endpoint(
            key="credits",
            label="credits",
            limits={"app": 30},
            parameters=lambda _: {},
            work=lambda asked: usage.credits_left(gate, asked),
            free=True,
        ),
    }


class _Operations:
    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.world = gate.world
        self.switches = gate.switches

    # Parameters, in the order in which X names them.

    def for_posts(self, dialect: Dialect) -> Mapping[str, Check]:
        ids = identifiers(self.switches.text("duplicate_ids", "collapse"))
        return {"ids": ids, **self._fields(dialect)}

    def for_post(self, dialect: Dialect) -> Mapping[str, Check]:
        return {"id": identifier, **self._fields(dialect)}

    def for_timeline(self, dialect: Dialect) -> Mapping[str, Check]:
        return {
            "id": identifier,
            "max_results": whole(5, 100),
            "pagination_token": lambda _, text: (text, []),
            "exclude": words(("replies", "retweets"), drop=False),
            "start_time": instant,
            "end_time": instant,
            "since_id": identifier,
            "until_id": identifier,
            **self._fields(dialect),
        }

    def for_user(self, dialect: Dialect) -> Mapping[str, Check]:
        return {"id": identifier, **self.for_users(dialect)}

    def for_users(self, dialect: Dialect) -> Mapping[str, Check]:
        fields = self._fields(dialect)
        names = ("tweet.fields", "post.fields", "user.fields")
        expansions = {"expansions": self._words(dialect.user_expansions)}
        return expansions | {name: fields[name] for name in names}

    def for_usage(self, _: Dialect) -> Mapping[str, Check]:
        return {"days": whole(1, 90), "usage.fields": self._words(USAGE_FIELDS)}

    def _fields(self, dialect: Dialect) -> Mapping[str, Check]:
        posts = self._words(dialect.fields)
        return {
            "expansions": self._words(dialect.expansions, dialect.synonyms),
            "tweet.fields": posts,
            "post.fields": posts,
            "media.fields": self._words(MEDIA_FIELDS),
            "poll.fields": self._words(POLL_FIELDS),
            "place.fields": self._words(PLACE_FIELDS),
            "user.fields": self._words(dialect.user_fields),
        }

    def _words(self, allowed: tuple[str, ...], synonyms: Mapping[str, str] | None = None) -> Check:
        drop = self.switches.text("unknown_fields", "drop") != "refuse"
        withheld = self.switches.words("withheld_fields")
        return words(allowed, drop=drop, withheld=withheld, synonyms=synonyms)

    # Answers.

    def tweets(self, asked: Asked) -> dict[str, Any]:
        answer = Posts(self.world, self.switches, asked).look_up(asked.query["ids"], "ids")
        self.gate.charge(asked, answer)
        body = answer.body()
        if self.switches.flag("result_count", True):
            body["meta"] = {"result_count": len(answer.data)}
        return body

    def tweet(self, asked: Asked) -> dict[str, Any]:
        answer = Posts(self.world, self.switches, asked).look_up([asked.query["id"]], "id")
        self.gate.charge(asked, answer)
        return answer.body(single=True)

    def me(self, asked: Asked) -> dict[str, Any]:
        return self._profile(asked, asked.token.subject)

    def user(self, asked: Asked) -> dict[str, Any]:
        return self._profile(asked, asked.query["id"])

    def _profile(self, asked: Asked, account_id: str) -> dict[str, Any]:
        answer = Answer()
        entries = Entries(asked.dialect, "user", "id")
        account = self.world.account("x", account_id)
        if account is None:
            answer.errors.append(entries.not_found(account_id))
        elif account.facts.get("suspended"):
            answer.errors.append(entries.suspended(account_id))
        else:
            counts = self.switches.text("account_counts", "full")
            objects = Objects(self.world, asked.dialect)
            answer.data.append(objects.user(account, asked.words("user.fields"), counts))
            answer.bill("user", account.id)
        self.gate.charge(asked, answer)
        return answer.body(single=True)

    def timeline(self, asked: Asked) -> dict[str, Any]:
        account_id = asked.query["id"]
        entries = Entries(asked.dialect, "user", "id")
        account = self.world.account("x", account_id)
        if account is None:
            return {"errors": [entries.not_found(account_id)]}
        hidden = account.facts.get("protected") and not asked.is_of(account)
        if account.facts.get("suspended") or hidden:
            return {"errors": [entries.not_authorized(account_id)]}
        answer, meta = Timeline(Posts(self.world, self.switches, asked), account).page()
        if asked.is_of(account) and self.switches.text("app_owner", "") == account.id:
            answer.post_price = prices.OWN_POST
        self.gate.charge(asked, answer)
        if not self.switches.flag("result_count", True):
            del meta["result_count"]
        return {**answer.body(), "meta": meta}
