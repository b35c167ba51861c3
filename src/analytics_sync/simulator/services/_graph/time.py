"""Times as the Graph API writes and reads them, and the Pacific days of Page insights."""

import re
from datetime import UTC, date, datetime, timedelta

from analytics_sync.simulator.services._graph.errors import bad_parameter

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def written(moment: datetime) -> str:
    """`2026-11-23T08:00:00+0000`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def spoken(moment: datetime) -> str:
    """As error messages say it: `Monday, 23-Nov-26 08:00:00 UTC`."""
    return moment.astimezone(UTC).strftime("%A, %d-%b-%y %H:%M:%S UTC")


def read_moment(name: str, text: str) -> datetime:
    """Unix seconds, an ISO 8601 time, or a date (the beginning of that Pacific day).

    :raises GraphError: code 100, anything else.
    """
    try:
        if re.fullmatch(r"\d{1,11}", text):
            return datetime.fromtimestamp(int(text), UTC)
        if DATE.fullmatch(text):
            return pacific_midnight(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_parameter(f"{name} must be a valid date or a unix timestamp") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def pacific_midnight(day: date) -> datetime:
    """When a Pacific day begins: 07:00 UTC in summer, 08:00 UTC in winter."""
    summer = _sunday(day.year, 3, 2) < day <= _sunday(day.year, 11, 1)
    return datetime(day.year, day.month, day.day, 7 if summer else 8, tzinfo=UTC)


def pacific_day(moment: datetime) -> date:
    """The Pacific day that an instant lies in."""
    day = moment.astimezone(UTC).date()
    return day if moment >= pacific_midnight(day) else day - DAY


def _sunday(year: int, month: int, number: int) -> date:
    """The first, second, ... Sunday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) + 7 * (number - 1))
