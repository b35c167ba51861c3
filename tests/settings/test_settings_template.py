"""The `config.toml` that `init` writes says the truth."""

import re
import tomllib

from analytics_sync.settings.load import load
from analytics_sync.settings.template import template
from support.settings_doubles import DECLARATIONS, Desk


def flat(table: dict, start: str = "") -> set[str]:
    return {
        key
        for name, value in table.items()
        for key in (flat(value, f"{start}{name}.") if isinstance(value, dict) else {start + name})
    }


def test_as_it_is_it_sets_nothing(desk: Desk) -> None:
    assert desk.load(template(DECLARATIONS)).origins == desk.load("#").origins


def test_with_each_line_uncommented_it_says_the_defaults(desk: Desk) -> None:
    defaults = load(desk.home, {}, {}, DECLARATIONS)
    uncommented = re.sub(r"(?m)^# (\w+ = [^ ])", r"\1", template(DECLARATIONS))
    assert flat(tomllib.loads(uncommented)) > {"max_run", "cadence.older", "platforms.chirp.budget"}
    loaded = desk.load(uncommented)
    assert loaded.platforms == defaults.platforms
    assert (loaded.max_run, loaded.enabled, loaded.cadence) == (
        defaults.max_run,
        defaults.enabled,
        defaults.cadence,
    )


def test_every_setting_stands_in_it(desk: Desk) -> None:
    names = {origin.key.rpartition(".")[2] for origin in desk.load().origins}
    written = set(re.findall(r"(?m)^# +(\w+) =", template(DECLARATIONS)))
    assert names == written


def test_it_shows_the_choices(desk: Desk) -> None:
    text = template(DECLARATIONS)
    assert '# dialect = "legacy"  # Which names are sent. (one of legacy, new)' in text
    assert (
        '[cadence.chirp]\n# under_2_days = "every run"\n# under_30_days = "1d"\n# older = "off"'
        in text
    )
    assert "[cadence.pages]" not in text
    assert "# proof =  # A secret of its own." in text


def test_without_platforms_it_is_still_a_file(desk: Desk) -> None:
    tomllib.loads(template({}))
