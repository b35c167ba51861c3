"""LinkedIn's OAuth 2.0: consents, tokens of 60 days, refresh tokens of a fixed year."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from analytics_sync.simulator.service import GrantFacts
from analytics_sync.simulator.services._linkedin.apps import (
    DEFAULT_APPLICATION,
    Application,
    Consent,
    OAuthRefusal,
)
from analytics_sync.simulator.services._linkedin.content import word
from analytics_sync.simulator.services._linkedin.wire import (
    JSON,
    Refusal,
    expired_token,
    invalid_token,
    revoked_token,
)
from analytics_sync.simulator.world import Token, World

ACCESS_LIFETIME = timedelta(days=60)
CODE_LIFETIME = timedelta(minutes=30)
_TOKEN_LENGTH = 480


@dataclass
class Authority:
    """Gives out, refreshes, judges and revokes tokens. All times are the world's.

    Switches: `linkedin.refresh_settling`, seconds in which a just refreshed token is still refused
    as revoked (0); `linkedin.rotate_refresh_tokens` (off, as on LinkedIn).
    """

    world: World
    applications: dict[str, Application] = field(default_factory=dict)
    consents: list[Consent] = field(default_factory=list)
    codes: dict[str, tuple[Consent, str, datetime]] = field(default_factory=dict)
    made: int = 0
    # By refresh token: how often it gave an access token, and how often it was refused.
    rotations: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.add_application(DEFAULT_APPLICATION)

    def add_application(self, application: Application) -> Application:
        self.applications[application.client_id] = application
        return application

    def consent(
        self,
        member: str,
        scopes: frozenset[str],
        *,
        administers: list[str] | None = None,
        application: Application = DEFAULT_APPLICATION,
    ) -> Consent:
        """The member agrees; earlier tokens for another set of scopes become invalid."""
        for earlier in self.consents:
            same = (earlier.application, earlier.member) == (application, member)
            if same and earlier.scopes != scopes:
                self.withdraw(earlier)
        given = Consent(
            application,
            member,
            scopes,
            self.world.clock.now(),
            administers if administers is not None else [],
            self._word("AQW") if application.refreshes else None,
        )
        self.consents.append(given)
        return given

    def issue(self, consent: Consent, *, settling: float = 0) -> Token:
        """A new access token. For `settling` seconds it is refused as revoked."""
        now = self.world.clock.now()
        token = Token(
            value=self._word("AQX"),
            platform="linkedin",
            kind="member",
            subject=consent.member,
            scopes=consent.scopes,
            expires_at=now + ACCESS_LIFETIME,
            facts={
                "app": consent.application.client_id,
                "administers": consent.administers,
                "created_at": now,
                "authorized_at": consent.given_at,
                "settled_at": now + timedelta(seconds=settling),
            },
        )
        consent.tokens.append(token)
        return self.world.add_token(token)

    def code(self, consent: Consent, redirect_uri: str) -> str:
        """An authorisation code, good for half an hour and once."""
        code = self._word("AQT")
        self.codes[code] = (consent, redirect_uri, self.world.clock.now() + CODE_LIFETIME)
        return code

    def exchange(self, application: Application, code: str, redirect_uri: str) -> JSON:
        """:raises OAuthRefusal: the code is unknown, used, too old, or was made for another."""
        consent, wanted, until = self.codes.pop(code, (None, "", self.world.clock.now()))
        if consent is None or consent.application != application or wanted != redirect_uri:
            raise _invalid_grant()
        if self.world.clock.now() >= until or consent.revoked:
            raise _invalid_grant()
        return self._answer(consent, self.issue(consent))

    def expire_codes(self) -> int:
        """Codes that were not exchanged yet are too old from now on; returns how many."""
        now = self.world.clock.now()
        self.codes = {code: (*kept[:2], now) for code, kept in self.codes.items()}
        return len(self.codes)

    def facts(self, consent: Consent) -> GrantFacts:
        """What is known here of one consent."""
        dead = [*consent.used, consent.refresh_token or ""]
        return GrantFacts(
            consent.member,
            consent.application.client_id,
            tuple(sorted(consent.scopes)),
            not consent.revoked,
            consent.tokens[-1].value if consent.tokens else "",
            consent.refresh_token,
            consent.refreshed,
            sum(self.refusals[value] for value in dead),
        )

    def refresh(self, application: Application, refresh_token: str) -> JSON:
        """A new access token; normally the same refresh token, with less time left.

        :raises OAuthRefusal: unknown, of another application, revoked or older than a year.
        """
        consent = self._consent_of(refresh_token)
        if consent is None or not self._may_refresh(consent, application):
            self.refusals[refresh_token] += 1
            raise _invalid_grant()
        self.rotations[refresh_token] += 1
        consent.refreshed += 1
        if self.world.switches.get("linkedin.rotate_refresh_tokens"):
            consent.used.append(refresh_token)
            consent.refresh_token = self._word("AQW")
        settling = float(cast("float", self.world.switches.get("linkedin.refresh_settling", 0)))
        return self._answer(consent, self.issue(consent, settling=settling))

    def _may_refresh(self, consent: Consent, application: Application) -> bool:
        timely = self.world.clock.now() < consent.refreshable_until
        return timely and consent.application == application and not consent.revoked

    def judge(self, value: str) -> Token:
        """The living token behind a value.

        :raises Refusal: 401 with 65600 unknown, 65601 revoked or not settled, 65602 expired.
        """
        token = self.world.tokens.get(value)
        if token is None or token.platform != "linkedin":
            raise invalid_token()
        refusal = self._state(token)[1]
        if refusal is not None:
            raise refusal
        return token

    def introspect(self, application: Application, value: str) -> JSON:
        """What LinkedIn tells an application of its own tokens, access or refresh."""
        consent = self._consent_of(value)
        token = self.world.tokens.get(value)
        if consent is not None and consent.application == application:
            return self._described_refresh(consent)
        if token is None or token.facts.get("app") != application.client_id:
            return {"active": False}
        status = self._state(token)[0]
        created = _fact(token, "created_at", self.world.clock.now())
        return {
            "active": status == "active",
            "status": status,
            "client_id": application.client_id,
            "scope": ",".join(sorted(token.scopes)),
            "created_at": _seconds(created),
            "authorized_at": _seconds(_fact(token, "authorized_at", created)),
            "expires_at": _seconds(token.expires_at or created + ACCESS_LIFETIME),
            "auth_type": "3L",
        }

    def revoke(self, application: Application, value: str) -> None:
        """Revoke an access token, or with its refresh token a whole consent."""
        consent = self._consent_of(value)
        token = self.world.tokens.get(value)
        if consent is not None and consent.application == application:
            self.withdraw(consent)
        elif token is not None and token.facts.get("app") == application.client_id:
            token.revoked = "by the application"

    def withdraw(self, consent: Consent) -> None:
        """The member takes the consent back."""
        consent.revoked = True
        for token in consent.tokens:
            token.revoked = "by the member"

    def withdraw_all(self, member: str, client_id: str | None) -> int:
        """The same for all that a member gave an application (None: any); returns how many."""
        ended = [
            consent
            for consent in self.consents
            if consent.member == member
            and not consent.revoked
            and client_id in {None, consent.application.client_id}
        ]
        for consent in ended:
            self.withdraw(consent)
        return len(ended)

    def _state(self, token: Token) -> tuple[str, Refusal | None]:
        now = self.world.clock.now()
        if token.revoked is not None:
            return "revoked", revoked_token()
        if token.expires_at is not None and now >= token.expires_at:
            return "expired", expired_token()
        if now < _fact(token, "settled_at", now):
            return "active", revoked_token()
        return "active", None

    def _described_refresh(self, consent: Consent) -> JSON:
        expired = self.world.clock.now() >= consent.refreshable_until
        status = "revoked" if consent.revoked else "expired" if expired else "active"
        return {
            "active": status == "active",
            "status": status,
            "client_id": consent.application.client_id,
            "scope": ",".join(sorted(consent.scopes)),
            "created_at": _seconds(consent.given_at),
            "authorized_at": _seconds(consent.given_at),
            "expires_at": _seconds(consent.refreshable_until),
            "auth_type": "3L",
        }

    def _answer(self, consent: Consent, token: Token) -> JSON:
        answer: JSON = {
            "access_token": token.value,
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "scope": ",".join(sorted(consent.scopes)),
        }
        if consent.refresh_token is not None:
            left = consent.refreshable_until - self.world.clock.now()
            answer["refresh_token"] = consent.refresh_token
            answer["refresh_token_expires_in"] = int(left.total_seconds())
        return answer

    def _consent_of(self, refresh_token: str) -> Consent | None:
        return next((c for c in self.consents if c.refresh_token == refresh_token), None)

    def _word(self, prefix: str) -> str:
        self.made += 1
        return prefix + word(_TOKEN_LENGTH, self.world.seed, "token", self.made)


def _invalid_grant() -> OAuthRefusal:
    return OAuthRefusal(
        400,
        "invalid_request",
        "The provided authorization grant or refresh token is invalid, expired or revoked",
    )


def _fact(token: Token, name: str, default: datetime) -> datetime:
    return cast("datetime", token.facts.get(name, default))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
