"""What a sync of much work takes: requests, wall time, CPU and memory.

(a) requests of a sync: what the platforms' batch sizes allow, counted by the server
(b) 1,000 posts at 50 ms a request: the wall time of a bare script with the same batches, four at
    a time, and that of one request and one commit a post
(c) 1,000 businesses in one process: CPU for each, memory at its peak
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from measure import HERE, MEBIBYTE, Usage, heading, in_turn, line, program, run
from scene import World, prepare, rows, running, sync

BARE = [sys.executable, str(HERE / "bare.py")]
HOUR = 3600
DAY_MS = 86_400_000


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
    days: float
    ids: int


# What the server calls requests for new posts, totals and numbers.
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
            home = Path(folder, "home")
            environ = prepare(home, world)
            world.requests()
            sync(environ)
            print(requests_line(platform, known_posts(home), world.requests()), flush=True)


def requests_line(platform: str, known: Sequence[Post], told: Mapping[str, int]) -> str:
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


def known_posts(home: Path) -> list[Post]:
    now = time.time() * 1000
    query = "SELECT kind, published_at, json_array_length(versions) FROM post"
    return [
        Post(kind or "", (now - published) / DAY_MS, 1 + versions)
        for kind, published, versions in rows(home, query)
    ]


def least_of_x(posts: Sequence[Post]) -> int:
    """Look-ups of 100 ids; apart those that are young enough for private metrics."""
    ids = [0, 0]
    for post in posts:
        ids[post.days < 29] += post.ids
    return sum(ceil(number / 100) for number in ids)


def least_of_linkedin(posts: Sequence[Post]) -> int:
    """Lists of 20, as the setting `list_size` says."""
    return ceil(len(posts) / 20)


def least_of_facebook(posts: Sequence[Post]) -> int:
    """Batches of 50: a post and its insights, for a video also its own; a Reel's insights."""
    items = {"reel": 1, "video": 3}
    return ceil(sum(items.get(post.kind, 2) for post in posts) / 50)


def least_of_instagram(posts: Sequence[Post]) -> int:
    """One by one, as Instagram Login knows no batches; taps on a story are asked apart."""
    return sum(2 if post.kind == "story" else 1 for post in posts)


LEAST = {
    "x": least_of_x,
    "linkedin": least_of_linkedin,
    "facebook": least_of_facebook,
    "instagram": least_of_instagram,
}


# (b) Many posts.


def many_posts(posts: int, pairs: int) -> None:
    """Whole processes, start and end included; before each all numbers have grown."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(posts=posts, even=True, delay=0.05) as world,
    ):
        home, bare = Path(folder, "home"), Path(folder, "bare.db")
        environ = prepare(home, world, PLATFORMS__X__POSTS_PER_SYNC=str(posts))
        read = sync(environ)["posts"]["synced"]
        if read != posts:
            raise RuntimeError(f"{read} posts were read, not {posts}")
        with closing(sqlite3.connect(bare)) as database, database:
            database.execute("CREATE TABLE post (id TEXT PRIMARY KEY)")
            ids = rows(home, "SELECT platform_post_id FROM post ORDER BY published_at DESC")
            database.executemany("INSERT INTO post VALUES (?)", ids)
        compare_many_posts(world, environ, bare, pairs)


def compare_many_posts(world: World, environ: Mapping[str, str], bare: Path, pairs: int) -> None:
    place = [str(bare), f"{world.origin}/x", world.accounts[0]["token"]]

    def run_later(*command: str) -> Usage:
        world.pass_time(HOUR)
        return run(command, environ)

    def ours() -> Usage:
        return run_later(program(), "sync", "--no-discover")

    heading("floor", "ours", "ratio")
    found = in_turn(lambda: run_later(*BARE, "batches", *place), ours, pairs)
    line("1,000 posts at 50 ms a request, wall", found.wall, "1.5x")
    line("1,000 posts at 50 ms a request, CPU", found.cpu, "")
    alone = run_later(*BARE, "singly", *place).wall
    what = f"one request and one commit a post: {alone:.1f} s"
    print(f"{what:44}{'':>24}{alone / found.wall.ours:>11.1f}x   90x")


# (c) Many businesses.


def many_businesses(businesses: int) -> None:
    """Each has an account on X with 25 posts: one request for their numbers, one for new posts."""
    print(f"\n{'':52}{'CPU each':>12}{'peak':>12}   aim: 10 ms; 100 MiB, flat")
    for number in (businesses // 4, businesses):
        with (
            tempfile.TemporaryDirectory() as folder,
            running(businesses=number, posts=25, even=True) as world,
        ):
            environ = prepare(Path(folder, "home"), world)
            tell_businesses(number, "a first sync", run([program(), "sync"], environ))
            world.pass_time(HOUR)
            later = run([program(), "sync", "--no-discover"], environ)
            tell_businesses(number, "a later sync of numbers", later)


def tell_businesses(number: int, what: str, usage: Usage) -> None:
    each, peak = f"{usage.cpu / number * 1000:.1f} ms", f"{usage.peak / MEBIBYTE:.0f} MiB"
    print(f"{f'{number:,} businesses, {what}':52}{each:>12}{peak:>12}", flush=True)


if __name__ == "__main__":
    main()
