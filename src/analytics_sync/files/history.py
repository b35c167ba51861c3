"""Imports posts and past readings of an old installation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from analytics_sync.domain.past import PastReading
from analytics_sync.domain.records import FoundPost
from analytics_sync.files import values
from analytics_sync.files.directory import post_id
from analytics_sync.files.outcome import Outcome, Refused, shown
from analytics_sync.files.owners import Owners
from analytics_sync.files.posts import EditedPosts, read_post
from analytics_sync.files.records import Record
from analytics_sync.store import imports, past
from analytics_sync.store.imports import NewPost, Place

# Posts whose ids are remembered: a history sorted by time names the same ones again and again.
REMEMBERED: Final = 50_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reading that waits for the end of its batch; `post`: what its line tells of the post."""

    line: int
    place: Place
    reading: PastReading
    post: FoundPost | None


class History:
    """Collects the posts and readings of a batch and stores them together."""

    def __init__(
        self, owners: Owners, edited: EditedPosts, outcome: Outcome, now: datetime
    ) -> None:
        self._owners = owners
        self._edited = edited
        self._outcome = outcome
        self._now = now
        self._posts: list[tuple[int, NewPost]] = []
        self._posted: set[Place] = set()
        self._readings: list[Waiting] = []
        self._ids: dict[Place, int] = {}

    def post_line(self, record: Record) -> None:
        account = self._owners.of(record.fields)
        found = read_post(record.fields, account, self._now)
        new = NewPost(account.id, found, values.id_of(record.fields, "id"))
        if self._edited.holds(new):
            self._outcome.take(1, 0)
        else:
            self._posts.append((record.line, new))
            self._posted.add((account.id, found.platform_post_id))

    def snapshot_line(self, connection: Connection, record: Record) -> None:
        """A reading; its post is made where the line says when it was published."""
        account = self._owners.of(record.fields)
        given = post_id(account, record.fields)
        place = (account.id, self._edited.newest_id(account.id, given))
        reading = PastReading(
            captured_at=_to_millisecond(values.moment(record.fields, "captured_at", self._now)),
            columns=values.numbers(record.fields),
            extra=values.own_numbers(record.fields),
        )
        post = None
        if values.word(record.fields, "published_at") is not None:
            post = FoundPost(place[1], values.moment(record.fields, "published_at", self._now))
        elif not self._is_known(connection, place):
            words = f"There is no post {shown(given)}, nor a line before this for it."
            raise Refused("platform_post_id", words)
        if reading.columns or reading.extra:
            self._readings.append(Waiting(record.line, place, reading, post))
        else:
            # Nothing said is no change.
            self._outcome.take(1, 0)

    def flush(self, connection: Connection) -> None:
        """Store what was collected."""
        self._flush_posts(connection)
        self._flush_readings(connection)
        if len(self._ids) > REMEMBERED:
            self._ids.clear()

    def _is_known(self, connection: Connection, place: Place) -> bool:
        if place in self._posted or place in self._ids:
            return True
        self._ids |= imports.post_ids(connection, [place])
        return place in self._ids

    def _flush_posts(self, connection: Connection) -> None:
        new = self._with_free_ids(connection, self._posts)
        self._posts, self._posted = [], set()
        self._outcome.take(len(new), imports.add_posts(connection, new, self._now))

    def _with_free_ids(
        self, connection: Connection, lines: Sequence[tuple[int, NewPost]]
    ) -> list[NewPost]:
        """Posts that can be added; one whose id another post has is refused.

        A post that is known already keeps the id that it has.
        """
        given = {new.id for _, new in lines if new.id is not None}
        owners = imports.owners(connection, given)
        with_ids = [(n.account_id, n.found.platform_post_id) for _, n in lines if n.id is not None]
        known = imports.post_ids(connection, with_ids)
        free = []
        for line, new in lines:
            place = (new.account_id, new.found.platform_post_id)
            if new.id is None or place in known:
                free.append(replace(new, id=None))
            elif owners.setdefault(new.id, place) == place:
                known[place] = new.id
                free.append(new)
            else:
                words = f"The id {new.id} belongs to the post {owners[new.id][1]}."
                self._outcome.refuse(line, "id", words)
        return free

    def _flush_readings(self, connection: Connection) -> None:
        waiting, self._readings = self._readings, []
        self._find_or_make(connection, waiting)
        entries = []
        for found in waiting:
            if found.place in self._ids:
                entries.append((self._ids[found.place], found.reading))
            else:
                words = f"The post {found.place[1]} was refused, so its reading has no place."
                self._outcome.refuse(found.line, "platform_post_id", words)
        self._outcome.take(len(entries), past.add_readings(connection, entries))

    def _find_or_make(self, connection: Connection, waiting: Sequence[Waiting]) -> None:
        """Learn the ids of the readings' posts; unknown posts are made as the lines tell them."""
        places = {found.place for found in waiting} - self._ids.keys()
        self._ids |= imports.post_ids(connection, places)
        missing: dict[Place, NewPost] = {}
        for found in waiting:
            if found.post is not None and found.place not in self._ids:
                missing.setdefault(found.place, NewPost(found.place[0], found.post))
        if missing:
            imports.add_posts(connection, list(missing.values()), self._now)
            self._ids |= imports.post_ids(connection, missing.keys())


def _to_millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
