"""Who is who: the member behind a token, their page roles, and organisations by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics_sync.simulator.services._linkedin.resource import (
    Asked,
    Method,
    Resource,
    elements,
)
from analytics_sync.simulator.services._linkedin.site import Site, batch
from analytics_sync.simulator.services._linkedin.statistics import (
    ADMINISTRATION,
    ANY_ORGANIZATION_SCOPE,
)
from analytics_sync.simulator.services._linkedin.wire import (
    JSON,
    Refusal,
    access_denied,
    field_invalid,
    not_found,
)
from analytics_sync.simulator.world import SimulatedAccount, Token

_ROLES = frozenset(
    "ADMINISTRATOR ANALYST CONTENT_ADMINISTRATOR DIRECT_SPONSORED_CONTENT_POSTER "
    "RECRUITING_POSTER LEAD_GEN_FORMS_MANAGER".split()
)
_ROLES_SINCE = 1_735_689_600_000  # 2025-01-01
_STATES = frozenset({"APPROVED", "REJECTED", "REQUESTED", "REVOKED"})
# Unversioned; any one of the scopes opens them.
IDENTITY_SCOPES: Mapping[str, frozenset[str]] = {
    "userinfo": frozenset({"openid"}),
    "me": frozenset({"r_basicprofile", "r_liteprofile"}),
}


@dataclass(frozen=True)
class Profiles:
    """Handlers over one site."""

    site: Site

    def resources(self) -> list[Resource]:
        roles = frozenset({"role", "state", "start", "count"})
        return [
            Resource(
                "organizationAcls",
                [
                    Method(
                        "FINDER-roleAssignee",
                        "organization roles",
                        self.roles,
                        roles,
                        ADMINISTRATION,
                    )
                ],
            ),
            Resource(
                "organizations",
                [
                    Method("GET", "organization", self.one, scopes=ANY_ORGANIZATION_SCOPE),
                    Method(
                        "BATCH_GET",
                        "organizations batch",
                        self.several,
                        scopes=ANY_ORGANIZATION_SCOPE,
                    ),
                ],
            ),
        ]

    def roles(self, asked: Asked) -> JSON:
        """The pages on which the member has a role; `role` and `state` choose among them."""
        role = asked.choice("role", _ROLES) if asked.has("role") else None
        state = asked.choice("state", _STATES, "APPROVED")
        start, count = asked.page()
        roles = self.site.roles_of(asked.token).items() if state == "APPROVED" else []
        chosen = [(urn, held) for urn, held in roles if role in {None, held}]
        found = [self._role(asked.token, *one) for one in chosen[start : start + count]]
        return elements(found, start, count)

    def _role(self, token: Token, organization: str, role: str) -> JSON:
        stamp = {"actor": token.subject, "time": _ROLES_SINCE}
        return {
            "role": role,
            "state": "APPROVED",
            "roleAssignee": token.subject,
            "organization": organization,
            "created": stamp,
            "lastModified": stamp,
        }

    def one(self, asked: Asked) -> JSON:
        found = self._organization(asked.token, asked.key)
        if isinstance(found, Refusal):
            raise found
        return found

    def several(self, asked: Asked) -> JSON:
        return batch(
            {key: self._organization(asked.token, key) for key in asked.texts("ids")}, encode=False
        )

    def _organization(self, token: Token, key: str) -> JSON | Refusal:
        """An organisation by its number: all of it for administrators, its name for others."""
        if not (key.isascii() and key.isdigit()):
            raise field_invalid("id", f"{key!r} is not the number of an organization")
        account = self.site.organization(f"urn:li:organization:{key}")
        if account is None:
            return not_found(f"Could not find entity {key}")
        shown: JSON = {"id": int(key), **_names(account)}
        if account.id in self.site.administered(token):
            shown |= {
                "$URN": account.id,
                "organizationType": "PRIVATELY_HELD",
                "staffCountRange": "SIZE_2_TO_10",
                "versionTag": "1",
                "defaultLocale": {"country": "US", "language": "en"},
            }
        return self.site.extended(shown)

    def identity(self, name: str, token: Token) -> JSON:
        """`/v2/userinfo` or `/v2/me`.

        :raises Refusal: 403, a scope is missing.
        """
        if not token.scopes & IDENTITY_SCOPES[name]:
            raise access_denied(f"{name}.GET.NO_VERSION")
        full_name = self.site.people.get(token.subject, "Sam Ulated")
        given, _, family = full_name.partition(" ")
        number = token.subject.rpartition(":")[2]
        if name == "me":
            return {
                "id": number,
                "localizedFirstName": given,
                "localizedLastName": family,
                "vanityName": full_name.lower().replace(" ", "-"),
            }
        return {
            "sub": number,
            "name": full_name,
            "given_name": given,
            "family_name": family,
            "locale": {"country": "US", "language": "en"},
        }


def _names(account: SimulatedAccount) -> JSON:
    return {
        "localizedName": account.name,
        "name": {
            "localized": {"en_US": account.name},
            "preferredLocale": {"country": "US", "language": "en"},
        },
        "vanityName": account.name.lower().replace(" ", "-"),
    }
