"""What README and docs say is there: links, commands with their options, make targets, settings, figures' commands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.cli.main import app
from engine.config import Settings

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
COMMAND = typer.main.get_command(app)


def names(page: Path) -> str:
    """How a page is called in a test's name."""
    return str(page.relative_to(ROOT))


def snippets(page: Path) -> list[str]:
    """Everything a page shows as something to type, a line each."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.S | re.M)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))
    return [line for block in (*blocks, *inline) for line in block.replace("\\\n", " ").splitlines()]


def calls(page: Path) -> list[list[str]]:
    """The calls of ``rapport`` a page shows, as words."""
    found = []
    for line in snippets(page):
        for part in re.split(r"[;|&]", line):
            words = shlex.split(part.strip(), comments=True, posix=False) if part.count("'") % 2 == 0 else part.split()
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            if words and words[0] == "rapport":
                found.append(words[1:])
    return found


def below(command: Any) -> dict[str, Any]:
    """The commands of a group by their names; none of a command."""
    return getattr(command, "commands", {})


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and the words behind it."""
    command = COMMAND
    while words and words[0] in below(command):
        command, words = below(command)[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = page if not path else (page.parent / path)
        assert linked.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}, target


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_commands_and_options_exist(page):
    for words in calls(page):
        command, rest = command_of(words)
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert command is not COMMAND or not rest or rest[0].startswith("-"), words
        for word in rest:
            if word.startswith("--") and word.split("=")[0] != "--help":
                assert word.split("=")[0] in options, words


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for line in snippets(page):
        for target in re.findall(r"^make ([a-z-]+)", line):
            assert target in targets, line


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_settings_exist(page):
    known = set(Settings.from_env({}).shown())
    for name in re.findall(r"RAPPORT_[A-Z_]+", page.read_text(encoding="utf-8")):
        assert name in known, name


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_a_table_of_figures_stands_under_the_command_that_prints_it(page):
    sections = re.split(r"^#+ ", page.read_text(encoding="utf-8"), flags=re.M)
    for section in sections:
        if len(re.findall(r"\|\s*0?\.\d{3,}", section)) >= 2:
            assert re.search(r"`(rapport|make|python -m) ", section), section[:80]


def leaves(command: Any) -> Iterator[Any]:
    """The commands below a group."""
    if not below(command):
        yield command
    for one in below(command).values():
        yield from leaves(one)


def test_every_command_has_help_with_an_example():
    for command in leaves(COMMAND):
        assert "Example" in (command.help or ""), command.name
