"""What people read is true: against the code that it tells of, and within itself."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path

import pytest

from analytics_sync.cli.app import command
from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.errors import ExitStatus
from analytics_sync.platforms import all_platforms
from analytics_sync.settings.fields import COMMON, NOTIFY, platform_fields
from analytics_sync.store.exports import EXPORT_COLUMNS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "analytics_sync"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
SHELLS = {"sh", "crontab", "ini"}
# The program at the beginning of a line, or behind a prompt, settings, a pipe, times, a folder.
SHELL = re.compile(r"^(?:\S+ )*?(?:\S*/|ExecStart=\S*/)?analytics-sync( .*)$")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def commands() -> dict[str, object]:
    """Every command by its words; groups too."""
    return dict(walk(command(), ""))


def walk(found, words) -> Iterator[tuple[str, object]]:
    yield words, found
    for name, child in getattr(found, "commands", {}).items():
        yield from walk(child, f"{words} {name}".strip())


def is_only_a_group(found) -> bool:
    return bool(getattr(found, "commands", None)) and not found.invoke_without_command


def options_of(found) -> set[str]:
    names = (name for param in found.params for name in (*param.opts, *param.secondary_opts))
    return {name for name in names if name.startswith("-")} | {"--help"}


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Code blocks with their languages."""
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE):
        yield match[1], match[2]


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them of its headings."""
    plain = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


def test_what_is_made_from_the_code_is_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "docs.py", "--check"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_check_shows_what_differs_and_fails(tmp_path):
    """Run on a copy whose page is changed by hand."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT / "tools")!r})
import docs
from pathlib import Path
docs.ROOT = Path({str(tmp_path)!r})
docs.pages = lambda: [docs.ROOT / "page.md"]
page = docs.ROOT / "page.md"
print("checked:", docs.main(["--check"]), flush=True)
print("written:", docs.main([]), docs.main(["--check"]))
print(page.read_text())
page.write_text("<!-- generated: nothing-of-the-kind -->\\n<!-- end -->\\n")
print("unknown:", docs.main(["--check"]))
"""
    page = tmp_path / "page.md"
    page.write_text("Before\n<!-- generated: export-columns -->\nold\n<!-- end -->\nAfter\n")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    refused, _, rest = done.stdout.partition("checked: 1\n")
    assert "-old" in refused
    assert "make docs" in done.stderr
    wrote, _, text = rest.partition("written: 0 0\n")
    assert "wrote page.md" in wrote
    assert text.startswith("Before\n<!-- generated: export-columns -->\n\n`business_id`")
    assert text.endswith("<!-- end -->\nAfter\n\nunknown: 2\n")
    assert "nobody makes" in done.stderr


def test_every_command_has_a_section_with_its_help():
    page = DOCS / "commands.md"
    for words, found in commands().items():
        if is_only_a_group(found):
            continue
        assert words.replace(" ", "-") in headings(page), words
        assert f"<!-- generated: help {words} -->" in text_of(page)
        assert found.help.strip(), "a command without help"
        for option in options_of(found):
            assert option in text_of(page)


def test_nothing_else_has_a_section_of_a_command():
    told = re.findall(
        r"^<!-- generated: help (.+) -->$", text_of(DOCS / "commands.md"), re.MULTILINE
    )
    assert len(told) == len(set(told))
    assert set(told) <= set(commands())


def test_every_error_code_has_a_section_and_no_other_word_has():
    page = DOCS / "errors.md"
    listed = re.findall(r"^### `(\w+)`$", text_of(page), re.MULTILINE)
    linked = re.findall(r"\[`(\w+)`\]\(#\1\)", text_of(page))
    assert listed == [*dict.fromkeys(linked)]
    assert [code for code in listed if code in set(ErrorCode)] == list(ErrorCode)


def test_every_setting_is_told_with_its_default():
    page = text_of(DOCS / "settings.md")
    platforms = [f for one in all_platforms().values() for f in platform_fields(one)]
    for field in (*COMMON, *NOTIFY, *platforms):
        assert f"| `{field.key.rpartition('.')[2]}` |" in page, field.key
    for name in all_platforms():
        assert f"[platforms.{name}]" in page


def test_every_column_and_exit_status_is_told():
    for name in COLUMNS:
        assert f"| `{name}`" in text_of(DOCS / "data.md")
    for name in EXPORT_COLUMNS:
        assert f"`{name}`" in text_of(DOCS / "data.md")
    for status in ExitStatus:
        assert f"| {int(status)} |" in text_of(DOCS / "commands.md")


LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")


@every_page
def test_every_link_between_our_pages_leads_somewhere(page):
    plain = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    for target in LINK.findall(plain):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        if anchor:
            assert anchor in headings(found), target


def test_every_page_is_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        targets = (target.partition("#")[0] for target in LINK.findall(text_of(page)))
        found = {(page.parent / t).resolve() for t in targets if t.endswith(".md")}
        waiting += [one for one in found if one.exists() and one not in seen]
    assert set(PAGES) <= seen


def told_commands(page: Path) -> Iterator[str]:
    """What follows the program's name in blocks of the shell, and between backticks."""
    for language, block in blocks(page):
        for line in block.replace("\\\n", " ").splitlines():
            typed = language in SHELLS or (language == "console" and line.startswith("$ "))
            if typed and (match := SHELL.match(line)):
                yield match[1]
    prose = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`analytics-sync( [^`]+)`", prose)


@every_page
def test_commands_that_are_told_exist_with_their_options(page):
    for said in told_commands(page):
        check_command(said)


def check_command(said: str) -> None:
    """The words lead to a command, and every option is one of it or of the program."""
    lexer = shlex.shlex(said, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    words = list(takewhile(lambda word: word[0] not in "|&;<>(", lexer))
    own = options_of(commands()[""])
    path = ""
    rest = [word for word in words if word not in own]
    while rest and f"{path} {rest[0]}".strip() in commands():
        path = f"{path} {rest.pop(0)}".strip()
    is_group = is_only_a_group(commands()[path])
    assert not (is_group and rest), f"there is no command in: analytics-sync{said}"
    known = options_of(commands()[path]) | own
    for word in words:
        if re.match(r"--?[a-z]", word):
            assert word.partition("=")[0] in known, f"{word} in: analytics-sync{said}"


def test_the_check_of_commands_finds_mistakes():
    for wrong in (" sink", " sync --quickly", " business ad x", " account add 1 x --token abc"):
        with pytest.raises(AssertionError):
            check_command(wrong)
    check_command(' -q sync --business "My business" --wait 30s')


def test_commands_in_hints_and_messages_exist():
    """Of the strings in the source those between backticks or behind a colon."""
    said = re.compile(r"`analytics-sync ([a-z][^`\"{}]*)[`{]|: analytics-sync ([a-z][a-z ]*)")
    for path in sorted(SOURCE.rglob("*.py")):
        joined = re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8"))
        for match in said.finditer(joined):
            words = (match[1] or match[2]).replace("\\", " ").split()
            first = next(
                (" ".join(words[:n]) for n in (3, 2, 1) if " ".join(words[:n]) in commands()), None
            )
            assert first, f"{path.relative_to(ROOT)}: analytics-sync {' '.join(words)}"
            assert not is_only_a_group(commands()[first]), f"{path}: {first} alone"


@every_page
def test_json_and_toml_blocks_can_be_read(page):
    import tomllib

    for language, block in blocks(page):
        if language == "toml":
            tomllib.loads(block)
        if language == "json":
            documents = block.splitlines() if block.startswith('{"type"') else [block]
            for document in documents:
                json.loads(document)


def test_files_that_are_named_in_the_architecture_are_there():
    for name in re.findall(r"`((?:\w+/)*\w+\.(?:py|md))`", text_of(DOCS / "architecture.md")):
        if "pebble" in name:
            continue
        places = (SOURCE, ROOT, SOURCE / "platforms", SOURCE / "simulator", DOCS / "platforms")
        assert any((place / name).exists() for place in places), name


def test_the_readme_fits_on_a_few_screens():
    lines = text_of(ROOT / "README.md").splitlines()
    assert 80 <= len(lines) <= 150
    assert "![" not in text_of(ROOT / "README.md"), "no badges"


@pytest.mark.slow
def test_the_demo_of_the_readme_is_what_the_demo_prints(tmp_path):
    """Its headings, columns and sentences; rows and numbers are of the day."""
    said = next(block for _, block in blocks(ROOT / "README.md") if "analytics-sync demo" in block)
    done = subprocess.run(
        [sys.executable, "-m", "analytics_sync", "demo"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "COLUMNS": "100", "LANG": "C.UTF-8"},
    )
    printed = {shape(line) for line in done.stdout.splitlines()}
    lines = [line for line in said.splitlines()[1:] if not ROW.match(line)]
    assert len(lines) > 10
    for line in lines:
        assert shape(line) in printed, line


# Rows of tables, what was left out, and sentences that break where their numbers let them.
ROW = re.compile(r"…|  |(Mon|Tue|Wed|Thu|Fri|Sat|Sun) |.*[▁-█]|Requests ")


def shape(line: str) -> str:
    """A line without what changes from day to day."""
    return " ".join(re.sub("[0-9][0-9,.:]*", "N", re.sub("─+", "─", line)).split())


def test_every_switch_and_fault_of_metas_hosts_is_told():
    """Those of X and LinkedIn are in the page by their own modules' words."""
    folder = SOURCE / "simulator" / "services" / "_graph"
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    switches = {
        *re.findall(r'host\.(?:switch|flag|number|text)\(\s*"(\w+)"', source),
        *re.findall(r'switches\.get\(\s*f?"[\w{}.]+\.(\w+)"', source),
        *re.findall(r'_setting\([\w.]+, "(\w+)"', source),
    }
    asked = {
        *re.findall(r'\.fault\("(\w+)"', source),
        *re.findall(r"\basks\(.*\"(\w+)\"\)", source),
    }
    assert len(switches) > 20
    assert len(asked) > 8
    page = text_of(DOCS / "simulator.md")
    for name in switches:
        assert re.search(rf"`(?:HOST|facebook|instagram)\.{name}`", page), name
    for name in asked:
        assert f"`{name}`" in page, name
