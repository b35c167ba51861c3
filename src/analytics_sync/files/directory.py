"""Finds the account that a line means: by business, platform and the platform's own id."""

from collections.abc import Iterable, Mapping
from typing import Any

from analytics_sync.domain.records import Account
from analytics_sync.errors import WrongUsage
from analytics_sync.files import values
from analytics_sync.files.outcome import Refused, shown
from analytics_sync.platforms import all_platforms, platform_named
from analytics_sync.platforms._contract import Platform
from analytics_sync.store import accounts, businesses
from analytics_sync.store.businesses import BusinessRow
from analytics_sync.store.database import Database

# Answers that are remembered; a file may name any number of places.
REMEMBERED = 10_000


class Directory:
    """The businesses and accounts there are, and what fills columns that a file leaves out."""

    def __init__(self, business: str | None = None, platform: str | None = None) -> None:
        self._business = business
        self._platform = platform
        self._by_id: dict[int, BusinessRow] = {}
        self._by_name: dict[str, BusinessRow] = {}
        self._accounts: dict[int, dict[str, dict[str, Account]]] = {}
        self._account_by_id: dict[int, Account] = {}
        self._remembered: dict[tuple[str | None, ...], Account | Refused] = {}

    @classmethod
    def of(
        cls, database: Database, business: str | None = None, platform: str | None = None
    ) -> "Directory":
        made = cls(business, platform)
        with database.read() as connection:
            made.add_businesses(businesses.listed(connection))
            made.add_accounts(accounts.listed(connection))
        return made

    def add_businesses(self, found: Iterable[BusinessRow]) -> None:
        for business in found:
            self._by_id[business.id] = business
            self._by_name[business.name] = business
        self._remembered.clear()

    def add_accounts(self, found: Iterable[Account]) -> None:
        for account in found:
            self._account_by_id[account.id] = account
            on_platform = self._accounts.setdefault(account.business_id, {})
            on_platform.setdefault(account.platform, {})[account.platform_account_id] = account
        self._remembered.clear()

    def known_business(self, id: int | None, name: str) -> BusinessRow | None:
        """The business of this id, or of this name where no id is said."""
        return self._by_name.get(name) if id is None else self._by_id.get(id)

    def known_account(
        self, business_id: int, platform: str, platform_account_id: str
    ) -> Account | None:
        return self._accounts.get(business_id, {}).get(platform, {}).get(platform_account_id)

    def account_by_id(self, id: int) -> Account | None:
        return self._account_by_id.get(id)

    def business(self, fields: Mapping[str, Any]) -> BusinessRow:
        """The business that `business_id` or `business` names, by id or name."""
        name = next((n for n in ("business_id", "business") if values.word(fields, n)), None)
        said = values.needed(fields, name) if name else self._business
        name = name or "business_id"
        if said is None:
            raise Refused(name, f"{name} is missing.")
        if said.isascii() and said.isdigit():
            found = self._by_id.get(int(said)) if len(said) <= 10 else None
        else:
            found = self._by_name.get(said)
        if found is None:
            raise Refused(name, f"There is no business {shown(said)}.")
        return found

    def platform(self, fields: Mapping[str, Any]) -> Platform:
        said = values.word(fields, "platform") or self._platform
        if said is None:
            raise Refused("platform", "platform is missing.")
        try:
            return platform_named(said)
        except WrongUsage as error:
            raise Refused("platform", f"{error.message} {error.hint}") from None

    def account(self, fields: Mapping[str, Any]) -> Account:
        """The account of this line; without an account's id, the only one of its platform."""
        names = ("business_id", "business", "platform", "platform_account_id")
        key = tuple(values.word(fields, name) for name in names)
        found = self._remembered.get(key)
        if found is None:
            try:
                found = self._look_up(fields)
            except Refused as refused:
                found = refused
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = found
        if isinstance(found, Refused):
            raise Refused(found.field, found.message)
        return found

    def _look_up(self, fields: Mapping[str, Any]) -> Account:
        business, platform = self.business(fields), self.platform(fields)
        known = self._accounts.get(business.id, {}).get(platform.name, {})
        if values.word(fields, "platform_account_id") is None:
            return _only(known, business, platform)
        wanted = account_id(platform, fields)
        if wanted not in known:
            words = f"Business {business.id} ({business.name}) has no {platform.title} account"
            raise Refused("platform_account_id", f"{words} {shown(wanted)}.{_others(known)}")
        return known[wanted]


def account_id(platform: Platform, fields: Mapping[str, Any]) -> str:
    """The account's id in its stored form."""
    said = values.needed(fields, "platform_account_id")
    try:
        return platform.parse_account_id(said)
    except ValueError as error:
        raise Refused("platform_account_id", str(error)) from None


def post_id(account: Account, fields: Mapping[str, Any]) -> str:
    """The post's id in its stored form, from an id or a web address."""
    said = values.needed(fields, "platform_post_id")
    platform = all_platforms().get(account.platform)
    if platform is None:
        raise Refused("platform", f"There is no platform {shown(account.platform)}.")
    try:
        return platform.parse_post_id(said, account)
    except ValueError as error:
        raise Refused("platform_post_id", str(error)) from None


def _only(known: Mapping[str, Account], business: BusinessRow, platform: Platform) -> Account:
    if len(known) == 1:
        return next(iter(known.values()))
    has = (
        f"has {len(known)} {platform.title} accounts"
        if known
        else f"has no {platform.title} account"
    )
    words = f"platform_account_id is missing, and business {business.id} ({business.name}) {has}."
    raise Refused("platform_account_id", words + _others(known))


def _others(known: Mapping[str, Account]) -> str:
    some = sorted(known)[:3]
    return f" It has: {', '.join(some)}{', …' if len(known) > len(some) else ''}." if some else ""
