"""Makes LinkedIn's calls: addresses, headers and budgets, complete and ready to send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from analytics_sync.domain.records import Account
from analytics_sync.errors import AnswerNotUnderstood
from analytics_sync.platforms._asking import Asking
from analytics_sync.platforms._contract import app_bucket, credential_bucket
from analytics_sync.platforms._linkedin.restli import Value, encode, query_string
from analytics_sync.transport.call import Call, Reply

STATISTICS: Final = "organizationalEntityShareStatistics"
POSTS: Final = "posts"
ROLES: Final = "organizationAcls"
ORGANIZATIONS: Final = "organizations"
NETWORK_SIZES: Final = "networkSizes"
MEMBER_ANALYTICS: Final = "memberCreatorPostAnalytics"
MEMBER_FOLLOWERS: Final = "memberFollowersCount"

# Where the official clients begin to tunnel; too long a URL is a 414.
LONGEST_QUERY: Final = 4000

Parameters = Sequence[tuple[str, Value]]


@dataclass(frozen=True, slots=True)
class Api:
    """The calls of one account.

    LinkedIn docs: Protocol Versions, LinkedIn Marketing API Versioning, Query Tunneling.
    """

    account: Account
    base_url: str
    version: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, context: Asking) -> Self:
        settings = context.settings
        base_url = settings.base_url.rstrip("/")
        return cls(context.account, base_url, settings.text("version"), context.token)

    def finder(self, endpoint: str, finder: str, parameters: Parameters = ()) -> Call:
        """A search: `q` names which, the parameters stay in order."""
        return self._versioned(endpoint, "", "FINDER", [("q", finder), *parameters])

    def get(self, endpoint: str, key: str, parameters: Parameters = ()) -> Call:
        """One thing by its key."""
        return self._versioned(endpoint, f"/{encode(key)}", "GET", parameters)

    def batch_get(self, endpoint: str, keys: Sequence[str]) -> Call:
        """Several things by their keys; not allowed in the Development tier."""
        return self._versioned(endpoint, "", "BATCH_GET", [("ids", keys)])

    def unversioned(self, path: str) -> Call:
        """`/v2/userinfo` and `/v2/me`, which know neither versions nor Rest.li."""
        return Call(
            url=f"{self.base_url}/v2/{path}",
            label=f"{path} of the token's member",
            headers={"Authorization": f"Bearer {self.token}"},
            buckets=buckets(self.account, path),
        )

    def _versioned(self, endpoint: str, key: str, method: str, parameters: Parameters) -> Call:
        url = f"{self.base_url}/rest/{endpoint}{key}"
        query = query_string(parameters)
        tunnelled = len(query) > LONGEST_QUERY
        return Call(
            url=f"{url}?{query}" if query and not tunnelled else url,
            label=f"{endpoint} of {self.account.platform_account_id or 'the token'}",
            method="POST" if tunnelled else "GET",
            headers={**self._headers(method), **(_TUNNEL if tunnelled else {})},
            body=query.encode("ascii") if tunnelled else None,
            buckets=buckets(self.account, endpoint),
        )

    def _headers(self, method: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "LinkedIn-Version": self.version,
            "X-Restli-Protocol-Version": "2.0.0",
            "X-RestLi-Method": method,
        }


_TUNNEL: Final = {
    "X-HTTP-Method-Override": "GET",
    "Content-Type": "application/x-www-form-urlencoded",
}


def buckets(account: Account, endpoint: str) -> tuple[str, ...]:
    """LinkedIn counts each endpoint twice: for each member's token, and for the whole app."""
    member, app = credential_bucket(account), app_bucket(account)
    return (f"{member}:{endpoint}", f"{app}:{endpoint}", member, app)


def endpoint_of(call: Call) -> str:
    return call.buckets[0].rpartition(":")[2]


def elements_of(call: Call, reply: Reply) -> list[Mapping[str, Any]]:
    """The `elements` of a finder's answer that are objects.

    :raises AnswerNotUnderstood: there is no such list.
    """
    elements = object_of(call, reply).get("elements")
    if not isinstance(elements, list):
        raise AnswerNotUnderstood(f"{call.label}: the answer has no list `elements`")
    return [element for element in elements if isinstance(element, dict)]


def object_of(call: Call, reply: Reply) -> Mapping[str, Any]:
    """The answer as a JSON object.

    :raises AnswerNotUnderstood: it is something else.
    """
    answer = reply.json()
    if not isinstance(answer, dict):
        raise AnswerNotUnderstood(f"{call.label}: the answer is not a JSON object")
    return answer
