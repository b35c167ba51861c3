"""Who lives on Facebook: persons, their roles on Pages, Businesses, and what they gave to apps.

Sources: Meta, "Facebook Login", "Permissions", "Business Manager": a person grants an app single
permissions, for single Pages; granting again replaces the choice of Pages.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analytics_sync.simulator.world import Token, World

# Everyone gives this; it cannot be taken out.
ALWAYS = "public_profile"
REMOVED = "458"
LOST_ROLE = "492"
# An app lost a Page because its person chose again without it.
DESELECTED = "deselected"


@dataclass(frozen=True, slots=True)
class Business:
    """A Business portfolio: Pages of its own, and Pages of clients that it works on."""

    id: str
    name: str
    owned: tuple[str, ...] = ()
    client: tuple[str, ...] = ()


@dataclass
class Resident:
    """A person. `pages`: tasks on Pages by the Page's id; `shared`: the same through Businesses."""

    id: str
    name: str
    pages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shared: dict[str, tuple[str, ...]] = field(default_factory=dict)
    businesses: list[Business] = field(default_factory=list)

    def roles(self) -> dict[str, tuple[str, ...]]:
        return {**self.shared, **self.pages}


@dataclass
class Consent:
    """What a person has granted an app. `pages` None: all that there are and will be."""

    person: Resident
    client_id: str
    granted: frozenset[str] = frozenset()
    declined: frozenset[str] = frozenset()
    pages: frozenset[str] | None = None
    given_at: datetime | None = None
    ended: bool = False
    tokens: list[Token] = field(default_factory=list)

    def covers(self, page_id: str) -> bool:
        return self.pages is None or page_id in self.pages


class Reached(Mapping[str, tuple[str, ...]]):
    """Page id -> tasks of a consent's person there, as of now. `facts["pages"]` of its tokens."""

    def __init__(self, consent: Consent) -> None:
        self.consent = consent

    def _now(self) -> dict[str, tuple[str, ...]]:
        roles = self.consent.person.roles()
        return {page: tasks for page, tasks in roles.items() if self.consent.covers(page)}

    def __getitem__(self, page_id: str) -> tuple[str, ...]:
        return self._now()[page_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def directly(self, page_id: str) -> bool:
        """Whether the role is the person's own, not one through a Business."""
        return page_id in self.consent.person.pages


@dataclass
class Society:
    """The residents of one world and their consents."""

    world: World
    residents: dict[str, Resident] = field(default_factory=dict)
    consents: dict[tuple[str, str], Consent] = field(default_factory=dict)

    def add(self, resident: Resident) -> Resident:
        self.residents[resident.id] = resident
        return resident

    def business(self, identity: str) -> Business | None:
        known = (one for resident in self.residents.values() for one in resident.businesses)
        return next((one for one in known if one.id == identity), None)

    def declined(self, person: str, client_id: str) -> frozenset[str]:
        """What this person said no to; it is not asked again without `auth_type=rerequest`."""
        consent = self.consents.get((person, client_id))
        return frozenset() if consent is None or consent.ended else consent.declined

    def grant(
        self,
        person: str,
        client_id: str,
        scopes: Iterable[str],
        declined: Iterable[str],
        pages: frozenset[str] | None,
    ) -> Consent:
        """The person agrees. Permissions add up; the choice of Pages replaces the earlier one."""
        key = (person, client_id)
        earlier = self.consents.get(key)
        if earlier is None or earlier.ended:
            earlier = self.consents[key] = Consent(self.residents[person], client_id)
        said_no = frozenset(declined)
        earlier.granted = (earlier.granted | frozenset(scopes) | {ALWAYS}) - said_no
        earlier.declined = (earlier.declined | said_no) - earlier.granted
        earlier.pages = pages
        earlier.given_at = self.world.clock.now()
        self._settle(earlier)
        return earlier

    def _settle(self, consent: Consent) -> None:
        """Tokens have what is granted now, and Pages that are left out are lost."""
        for token in consent.tokens:
            token.scopes = consent.granted
            if token.kind == "page" and not consent.covers(token.subject):
                token.revoked = token.revoked or DESELECTED

    def take_back(self, consent: Consent, permission: str) -> bool:
        """One permission of a consent; whether it was there."""
        found = permission in consent.granted
        consent.granted -= {permission}
        consent.declined |= {permission} if found else frozenset()
        self._settle(consent)
        return found

    def end(self, consent: Consent, reason: str = REMOVED) -> None:
        """The person removes the app: every token of it dies."""
        consent.ended = True
        for token in consent.tokens:
            token.revoked = token.revoked or reason

    def withdraw(self, person: str, client_id: str | None, reason: str = REMOVED) -> int:
        """A person removes an app (None: all); returns how many consents end."""
        ended = [
            consent
            for consent in self.consents.values()
            if consent.person.id == person
            and not consent.ended
            and client_id in {None, consent.client_id}
        ]
        for consent in ended:
            self.end(consent, reason)
        by_hand = [
            token
            for token in self.world.tokens.values()
            if token.platform == "facebook"
            and token.facts.get("user_id", token.subject) == person
            and client_id in {None, token.facts.get("app_id")}
            and token.revoked is None
        ]
        for token in by_hand:
            token.revoked = reason
        return len(ended) or bool(by_hand)

    def lose_role(self, person: str, page_id: str) -> None:
        """The person is no longer on the Page's team: the Page's tokens of this person die."""
        resident = self.residents[person]
        resident.pages.pop(page_id, None)
        resident.shared.pop(page_id, None)
        for token in self.world.tokens.values():
            mine = token.kind == "page" and token.facts.get("user_id") == person
            if mine and token.subject == page_id:
                token.revoked = token.revoked or LOST_ROLE

    def consent_of(self, token: Token) -> Consent | None:
        """The consent that a token came from; None for tokens made by hand."""
        found = token.facts.get("consent")
        return found if isinstance(found, Consent) else None
