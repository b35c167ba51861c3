"""A sync into a long history against the same sync into an empty one, in one run.

The history is of 10,000 posts, those that are synced among them, read every hour. Only readings
in which a number differs are kept: one in seven, as young and old posts of real accounts have it.
"""

import argparse
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from measure import MEBIBYTE, Usage, heading, in_turn, line, program, run
from scene import prepare, running, sync

POSTS = 10_000
KEPT = 7
HOUR = 3600
ADD_POSTS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :posts)
    INSERT INTO post (account_id, platform_post_id, published_at, state, sightings, versions,
        refused, found_at)
    SELECT (SELECT max(id) FROM account), 9000000 + i, :oldest, 'gone', 3, '[]', '[]', :oldest
    FROM n
"""
ADD_READINGS = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :rows - 1)
    INSERT INTO snapshot (post_id, captured_at, impressions, likes, comments, shares, saves, extra)
    SELECT post.id, :oldest + i * :step, 1000 + i, i % 500, i % 50, i % 9, i % 12,
        json_object('impression_count', 1000 + i, 'like_count', i % 500)
    FROM post, n ORDER BY post.id, i
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--readings",
        type=int,
        default=10_000_000,
        help="a minute or two to lay down; fewer: faster",
    )
    parser.add_argument("--pairs", type=int, default=9)
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(businesses=2, posts=100, even=True) as world,
    ):
        homes = {name: Path(folder, name) for name in ("empty", "full")}
        environs = {name: prepare(home, world) for name, home in homes.items()}
        for environ in environs.values():
            sync(environ)
        size = fill(homes["full"] / "analytics-sync.db", wanted.readings)
        heading("empty", "full", "ratio")

        def sync_later(name: str) -> Usage:
            world.pass_time(HOUR)
            command = [program(), "sync", "--no-discover", "--business", "1"]
            return run(command, environs[name])

        found = in_turn(lambda: sync_later("empty"), lambda: sync_later("full"), wanted.pairs)
        what = f"{wanted.readings:,} readings, {size / MEBIBYTE:,.0f} MiB"
        line(f"{what}, wall", found.wall, "1.2x")
        line(f"{what}, CPU", found.cpu, "")


def fill(database: Path, readings: int) -> int:
    """Lay down a history that ends before the first sync; returns the file's size in bytes."""
    with closing(sqlite3.connect(database)) as connection:
        (known,) = connection.execute("SELECT count(*) FROM post").fetchone()
        (now,) = connection.execute("SELECT min(captured_at) FROM snapshot").fetchone()
        every = KEPT * HOUR * 1000
        each = max(1, readings // KEPT // POSTS)
        oldest = now - (each + 1) * every
        connection.execute(ADD_POSTS, {"posts": POSTS - known, "oldest": oldest})
        connection.execute(ADD_READINGS, {"rows": each, "oldest": oldest, "step": every})
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size


if __name__ == "__main__":
    main()
