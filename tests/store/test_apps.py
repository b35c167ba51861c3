"""Apps as stored: which one is behind accounts, and what people gave to it."""

from datetime import UTC, datetime

import pytest

from analytics_sync.errors import WrongUsage
from analytics_sync.store import accounts, apps, businesses, credentials
from analytics_sync.store.credentials import Facts
from analytics_sync.store.database import Database

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_the_app_behind_accounts_and_what_people_gave_to_it(database: Database) -> None:
    with database.write() as connection:
        businesses.add(connection, "Acme", timezone="UTC", now=NOW)
        first, second = (
            apps.add(connection, platform="linkedin", name=name, client_id=name, now=NOW)
            for name in ("first", "second")
        )

        def consent(app_id: int | None, subject_id: str | None, *scopes: str) -> int:
            facts = Facts(subject_id=subject_id, scopes=scopes)
            return credentials.add(
                connection, platform="linkedin", app_id=app_id, facts=facts, now=NOW
            )

        def put(id: str, credential_id: int) -> None:
            accounts.put(
                connection,
                business_id=1,
                platform="linkedin",
                platform_account_id=id,
                kind=None,
                name=None,
                credential_id=credential_id,
                now=NOW,
            )

        ada = consent(first, "ada", "a", "b")
        put("1", ada)
        assert apps.used_by(connection, 1, "linkedin") == first
        put("2", consent(None, None, "of-a-token-from-elsewhere"))
        assert apps.used_by(connection, 1, "linkedin") == first
        put("3", consent(second, "bob", "c"))
        assert apps.used_by(connection, 1, "linkedin") is None, "two: nothing tells which"
        assert apps.used_by(connection, 1, "x") is None
        consent(first, "eve", "b", "d")
        assert apps.scopes_of(connection, "linkedin", first) == ("a", "b", "d")
        assert apps.scopes_of(connection, "linkedin", None) == ()
        assert [one.credentials for one in apps.listed(connection, "linkedin")] == [2, 1]
        with pytest.raises(WrongUsage, match=f"used by the credentials {ada}"):
            apps.remove(connection, first)
