"""Two platforms that exist for tests of settings alone, and a home to load from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from analytics_sync.domain.cadence import Cadence
from analytics_sync.settings.declare import Setting
from analytics_sync.settings.home import Home
from analytics_sync.settings.load import Settings, load


@dataclass(frozen=True)
class Declared:
    name: str
    base_url: str
    settings: tuple[Setting, ...] = ()
    cadence: Cadence = field(default_factory=Cadence.usual)
    listings: Mapping[str, timedelta] = field(default_factory=lambda: {"posts": timedelta(hours=1)})
    aliases: tuple[str, ...] = ()
    token_url: str = ""
    authorize_url: str = ""


CHIRP = Declared(
    "chirp",
    "https://api.chirp.example",
    (
        Setting("dialect", "legacy", "Which names are sent.", choices=("legacy", "new")),
        Setting("budget", 2000, "Posts a day.", least=0, most=5000),
        Setting("price", 0.005, "Dollars a post.", least=0),
        Setting("strict", False, "Refuse what is unknown."),
        Setting("proof", "0123456789abcdef", "A secret of its own.", secret=True),
    ),
    Cadence(((timedelta(days=2), timedelta(0)), (timedelta(days=30), timedelta(days=1))), None),
    aliases=("tweeter",),
    token_url="https://api.chirp.example/2/oauth2/token",
    authorize_url="https://chirp.example/i/authorize",
)
PAGES = Declared(
    "pages",
    "https://graph.pages.example",
    (Setting("version", "v26.0", "API version.", pattern=r"v\d+\.\d", form="such as v26.0"),),
    listings={"posts": timedelta(hours=6)},
)
DECLARATIONS = {"chirp": CHIRP, "pages": PAGES}


class Desk:
    """A home whose `config.toml` and environment a test writes."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.home.create()

    def load(
        self, config: str = "", environ: Mapping[str, str] | None = None, **options: object
    ) -> Settings:
        if config:
            self.home.config.write_text(config, encoding="utf-8")
        dotted = {key.replace("__", "."): value for key, value in options.items()}
        return load(self.home, environ or {}, dotted, DECLARATIONS)
