"""What a sync of much work takes: requests, wall time, CPU and memory.

(a) requests per sync: what the platforms' batch sizes allow, counted by the server
(b) 1,000 posts at 50 ms a request: the wall time of a bare script with the same batches, four at
    a time, and that of one request and one commit a post
(c) 1,000 businesses in one process: CPU per business, memory at its peak
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

import bare
from homes import prepare
from measure import HERE, MEBIBYTE, Usage, heading, in_turn, line, program, run
from world import Running, running

from analytics_sync.clock import SystemClock, from_milliseconds

BARE = [sys.executable, str(HERE / "bare.py")]
HOUR = 3600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=9, help="pairs of runs of (b)")
    parser.add_argument("--posts", type=int, default=1000, help="of (b)")
    parser.add_argument("--businesses", type=int, default=1000, help="of (c)")
    wanted = parser.parse_args()
    count_requests()
    many_posts(wanted.posts, wanted.pairs)
    many_businesses(wanted.businesses)


# (a) Requests.


@dataclass(frozen=True)
class Post:
    """What decides in which batches a post is read. `ids`: its own and those of older versions."""

    kind: str
    age: timedelta
    ids: int


# What the server calls the requests, by what they are for.
LABELS = {
    "x": (["timeline"], ["user"], ["tweets lookup"]),
    "linkedin": (["posts finder"], ["network size"], ["share statistics"]),
    "facebook": (["published posts", "reels"], ["page"], ["batch"]),
    "instagram": (["media", "stories"], ["profile"], ["insights"]),
}


def count_requests(posts: int = 100) -> None:
    print(f"\nRequests of a first sync of {posts} posts, as the server counted them\n")
    print(f"{'':12}{'read':>6}{'new posts':>12}{'totals':>9}{'numbers':>10}{'least':>8}   others")
    for platform in LABELS:
        with tempfile.TemporaryDirectory() as folder, running(platform, posts=posts) as world:
            environ = prepare(Path(folder, "home"), world)
            world.requests()
            _sync(environ)
            known = _known_posts(Path(folder, "home"))
            print(_requests_line(platform, known, world.requests()), flush=True)


def _requests_line(platform: str, known: Sequence[Post], told: Mapping[str, int]) -> str:
    counted = {name.removeprefix(f"{platform} "): number for name, number in told.items()}
    new, totals, numbers = (
        sum(counted.pop(label, 0) for label in labels) for labels in LABELS[platform]
    )
    # What stands in a batch was counted with it.
    others = {k: v for k, v in counted.items() if not k.startswith("batch item")}
    least = LEAST[platform](known)
    return (
        f"{platform:12}{len(known):>6}{new:>12}{totals:>9}{numbers:>10}{least:>8}   "
        f"{others or 'none'}"
    )


def _known_posts(home: Path) -> list[Post]:
    now: datetime = SystemClock().now()
    query = "SELECT kind, published_at, json_array_length(versions) FROM post"
    return [
        Post(kind or "", now - from_milliseconds(published), 1 + versions)
        for kind, published, versions in _rows(home, query)
    ]


def _least_of_x(posts: Sequence[Post]) -> int:
    """Look-ups of 100 ids; apart those that are young enough for private metrics."""
    ids = [0, 0]
    for post in posts:
        ids[post.age < timedelta(days=29)] += post.ids
    return sum(ceil(number / 100) for number in ids)


def _least_of_linkedin(posts: Sequence[Post]) -> int:
    """Lists of 20, as the setting `list_size` says."""
    return ceil(len(posts) / 20)


def _least_of_facebook(posts: Sequence[Post]) -> int:
    """Batches of 50: a post and its insights, for a video also its own; a Reel's insights."""
    items = {"reel": 1, "video": 3}
    return ceil(sum(items.get(post.kind, 2) for post in posts) / 50)


def _least_of_instagram(posts: Sequence[Post]) -> int:
    """One by one, as Instagram Login knows no batches; taps on a story are asked apart."""
    return sum(2 if post.kind == "story" else 1 for post in posts)


LEAST = {
    "x": _least_of_x,
    "linkedin": _least_of_linkedin,
    "facebook": _least_of_facebook,
    "instagram": _least_of_instagram,
}


# (b) Many posts.


def many_posts(posts: int, pairs: int) -> None:
    """Whole processes, start and end included; before each all numbers have grown."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(posts=posts, even=True, delay=0.05) as world,
    ):
        home = Path(folder, "home")
        environ = prepare(home, world, PLATFORMS__X__POSTS_PER_SYNC=str(posts))
        _sync(environ)
        ids = [row[0] for row in _rows(home, "SELECT platform_post_id FROM post")]
        if len(ids) != posts:
            raise RuntimeError(f"{len(ids)} posts were found, not {posts}")
        database = str(Path(folder, "bare.db"))
        bare.prepare(database, ids)
        _compare_many_posts(world, environ, database, pairs)


def _compare_many_posts(
    world: Running, environ: Mapping[str, str], database: str, pairs: int
) -> None:
    place = [database, f"{world.origin}/x", world.accounts[0]["token"]]

    def run_later(*command: str) -> Usage:
        world.pass_time(HOUR)
        return run(command, environ)

    def ours() -> Usage:
        return run_later(program(), "sync", "--no-discover")

    heading("floor", "ours", "ratio")
    ours()
    world.requests()
    found = in_turn(lambda: run_later(*BARE, "batches", *place), ours, pairs)
    line("1,000 posts at 50 ms a request, wall", found.wall, "1.5x")
    line("1,000 posts at 50 ms a request, CPU", found.cpu, "")
    alone = run_later(*BARE, "singly", *place).wall
    what = f"one request and commit a post: {alone:.1f} s"
    print(f"{what:44}{'':>24}{alone / found.wall.ours:>11.1f}x   90x")


# (c) Many businesses.


def many_businesses(businesses: int) -> None:
    """Each business has an account on X with 25 posts; the whole process counts, start and end."""
    print(f"\n{'':44}{'CPU each':>12}{'peak':>12}   aim: 10 ms, 100 MiB, flat")
    for number in (businesses // 4, businesses):
        with (
            tempfile.TemporaryDirectory() as folder,
            running(businesses=number, posts=25) as world,
        ):
            environ = prepare(Path(folder, "home"), world)
            for what, arguments in {
                "first sync: new posts, numbers, totals": [],
                "later sync: numbers": ["--no-discover"],
            }.items():
                world.pass_time(HOUR)
                usage = run([program(), "sync", *arguments], environ)
                each = f"{usage.cpu / number * 1000:.1f} ms"
                peak = f"{usage.peak / MEBIBYTE:.0f} MiB"
                print(f"{f'{number:,} businesses, {what}':44}{each:>12}{peak:>12}", flush=True)


def _sync(environ: Mapping[str, str]) -> None:
    command = [program(), "sync", "--json"]
    told = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    if json.loads(told.stdout)["outcome"] != "complete":
        raise RuntimeError(told.stdout + told.stderr)


def _rows(home: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(home / "analytics-sync.db") as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


if __name__ == "__main__":
    main()
