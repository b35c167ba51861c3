"""What the platforms declare about themselves."""

from collections.abc import Mapping

from analytics_sync.domain.cadence import Cadence
from analytics_sync.domain.spans import format_span
from analytics_sync.platforms import all_platforms
from analytics_sync.platforms._contract import Platform
from analytics_sync.settings.cadences import name_of, steps_of
from analytics_sync.settings.values import EVERY_RUN, show_cadence
from docparts import Maker, code, table


def ours() -> list[Platform]:
    """The platforms of this package; what else is installed is not for these pages."""
    package = "analytics_sync.platforms."
    return [one for one in all_platforms().values() if type(one).__module__.startswith(package)]


def platform_named(name: str) -> Platform:
    """:raises ValueError: there is no such platform."""
    found = {one.name: one for one in ours()}
    if name not in found:
        raise ValueError(f"there is no platform {name!r}; there are {', '.join(found)}")
    return found[name]


def overview(_: str) -> str:
    """All platforms in one table."""
    return table(
        ("platform", "accounts are given by", "looks for new posts", "reads a post again"),
        [
            (
                f"[{one.title}](docs/platforms/{one.name}.md)",
                one.account_id_help,
                _listings(one),
                _rhythm(one.cadence),
            )
            for one in ours()
        ],
    )


def facts(name: str) -> str:
    """What one platform declares."""
    one = platform_named(name)
    aliases = [*one.aliases, *([one.family] if one.family else [])]
    rows = [
        ("name on the command line", ", ".join(map(code, [one.name, *aliases]))),
        ("account id (`--platform-account-id`)", one.account_id_help),
        ("account kinds (`--kind`)", ", ".join(map(code, one.account_kinds))),
        ("looks for new posts", _listings(one)),
        ("reads a post again", _rhythm(one.cadence)),
        ("can be read only so long", _lifetimes(one)),
        ("charges for posts read", "yes" if one.charges_reads else "no"),
    ]
    return table(("what", "here"), rows)


def _listings(one: Platform) -> str:
    return ", ".join(
        f"{'' if name == 'posts' else name + ': '}every {format_span(every)}"
        for name, every in one.listings.items()
    )


def _lifetimes(one: Platform) -> str:
    return ", ".join(f"{kind}: {format_span(span)}" for kind, span in one.lifetimes.items())


def _rhythm(cadence: Cadence) -> str:
    """`under 7 days every run, under 30 days every 6h, ..., older never`."""
    return ", ".join(
        f"{name_of(age).replace('_', ' ')} {_every(show_cadence(every))}"
        for age, every in steps_of(cadence).items()
    )


def _every(shown: str) -> str:
    if shown == EVERY_RUN:
        return shown
    return "never" if shown == "off" else f"every {shown}"


MAKERS: Mapping[str, Maker] = {"platforms": overview, "platform": facts}
