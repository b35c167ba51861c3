"""When API versions end (LinkedIn docs: LinkedIn Marketing API Versioning, Migrations)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

# LinkedIn answers 426 from this day on; its answers do not foretell it.
VERSION_ENDS: Final[Mapping[str, datetime]] = {
    "202511": datetime(2026, 11, 16, tzinfo=UTC),
    "202601": datetime(2027, 1, 15, tzinfo=UTC),
    "202602": datetime(2027, 2, 15, tzinfo=UTC),
    "202603": datetime(2027, 3, 16, tzinfo=UTC),
    "202604": datetime(2027, 4, 15, tzinfo=UTC),
    "202605": datetime(2027, 5, 15, tzinfo=UTC),
    "202606": datetime(2027, 6, 15, tzinfo=UTC),
    "202607": datetime(2027, 7, 15, tzinfo=UTC),
}

WARNED: Final = timedelta(days=60)


def version_warning(version: str, now: datetime) -> str | None:
    """What to tell a person whose API version has ended or ends within 60 days."""
    end = VERSION_ENDS.get(version)
    if end is None or now < end - WARNED:
        return None
    verb = "ended" if now >= end else "ends"
    return (
        f"LinkedIn's API version {version} {verb} on {end:%Y-%m-%d}: set a newer `version` under "
        "[platforms.linkedin]"
    )
