"""The monthly versions of LinkedIn's API: which exist, and when each stops answering."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

from analytics_sync.simulator.services._linkedin.wire import version_gone, version_missing

# LinkedIn Marketing API Versioning, "Migrations": version and the day of its sunset. The days of
# the last two are not announced; they follow the rule of about twelve months. There was no 202512.
SUNSETS = {
    202504: date(2026, 4, 15),
    202505: date(2026, 5, 15),
    202506: date(2026, 6, 15),
    202507: date(2026, 7, 15),
    202508: date(2026, 8, 17),
    202509: date(2026, 9, 15),
    202510: date(2026, 10, 15),
    202511: date(2026, 11, 16),
    202601: date(2027, 1, 15),
    202602: date(2027, 2, 15),
    202603: date(2027, 3, 16),
    202604: date(2027, 4, 15),
    202605: date(2027, 5, 15),
    202606: date(2027, 6, 15),
    202607: date(2027, 7, 15),
    202608: date(2027, 8, 16),
    202609: date(2027, 9, 15),
}
_FORM = re.compile(r"20\d{2}(0[1-9]|1[0-2])", re.ASCII)


def checked_version(header: str | None, now: datetime, more: Mapping[str, str]) -> int:
    """The version that a request asks for. `more`: further versions with their days of sunset.

    :raises Refusal: 400 when there is none, 426 when it has gone or never existed.
    """
    if not header:
        raise version_missing()
    if not _FORM.fullmatch(header):
        raise version_gone(header)
    last_day = _sunset(header, more)
    if last_day is None or now.astimezone(UTC).date() >= last_day:
        raise version_gone(header)
    return int(header)


def _sunset(version: str, more: Mapping[str, str]) -> date | None:
    if version in more:
        return date.fromisoformat(more[version])
    return SUNSETS.get(int(version))
