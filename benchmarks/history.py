"""A sync into a long history against the same sync into an empty one, in one run."""

import argparse
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from homes import prepare
from measure import Usage, heading, in_turn, line, program, run
from world import running

OLDEST_MS = 1_600_000_000_000
HOUR_MS = 3_600_000
POSTS = 10_000
# One reading of one post a row; the numbers are as wide as those of a well-read post.
FILL = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :readings - 1)
    INSERT INTO snapshot (post_id, captured_at, impressions, likes, comments, shares, extra)
    SELECT 1000000 + i % :posts, :oldest + (i / :posts) * :hour, 1000 + i, i % 500, i % 50, i % 9, '{}'
    FROM n
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=1_000_000, help="design: 10,000,000")
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running("x", posts=100) as world:
        empty = prepare(Path(folder, "empty"), world)
        full = prepare(Path(folder, "full"), world)
        size = fill(Path(folder, "full", "analytics-sync.db"), asked.readings)
        print(f"\n{asked.readings:,} readings of history: {size / 2**20:,.0f} MiB\n")
        command = [program(), "sync", "--json"]

        def sync(environ: dict[str, str]) -> Usage:
            world.pass_time(3600)
            return run(command, environ)

        pair = in_turn(lambda: sync(empty), lambda: sync(full), asked.pairs)
        heading("floor", "ours", "ratio")
        line("a sync into that history, wall", pair.wall, "1.2x")
        line("a sync into that history, CPU", pair.cpu, "")


def fill(database: Path, readings: int) -> int:
    """Lay `readings` rows into the history; returns the file's size."""
    with closing(sqlite3.connect(database)) as connection:
        values = {"readings": readings, "posts": POSTS, "oldest": OLDEST_MS, "hour": HOUR_MS}
        connection.execute(FILL, values)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size


if __name__ == "__main__":
    main()
