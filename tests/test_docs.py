"""Pages are correct: every command line parses, every link has a target."""

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest

from robustbench_seg.cli.main import main

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def commands(text: str) -> list[str]:
    """The robustseg command lines of a page: in code blocks, continued lines joined, and inline."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    text_lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines = [TORCHRUN.sub("robustseg ", line) for line in text_lines]
    inline = re.findall(r"`(robustseg [^`]*)`", text)
    starts = [line.partition("#")[0].strip() for line in lines if line.startswith("robustseg ")]
    return starts + [line for line in inline if "..." not in line]


TORCHRUN = re.compile(r"^torchrun .*? -m robustbench_seg ")

# The changelog also names commands of earlier versions.
CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]
FOUND = [(page, line) for page in CURRENT for line in commands(page.read_text())]


def test_there_are_commands_to_check():
    assert {page.name for page, _ in FOUND} >= {"README.md", "models.md", "tutorial.md"}
    block = "```\ntorchrun --nproc-per-node 8 -m robustbench_seg train --out x\n```"
    assert commands(block) == ["robustseg train --out x"]


@pytest.mark.parametrize(("page", "line"), FOUND, ids=lambda value: str(value)[-60:])
def test_every_command_on_a_page_parses(page, line):
    _, name, *arguments = shlex.split(line.replace("$SLURM_ARRAY_TASK_ID", "1"))
    assert name in main.commands, f"{page.name}: {line}"
    if not arguments:
        return  # the command is mentioned, not run
    # Prose may omit required options; code blocks may not.
    inline = f"`{line}`" in page.read_text()
    with contextlib.suppress(click.exceptions.Exit, *[click.MissingParameter] * inline):
        main.commands[name].make_context(name, arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_files_of_the_repository_that_a_page_names_exist(page):
    for name in re.findall(r"`((?:tests|robustbench_seg)/[\w/.-]*)`", page.read_text()):
        assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_the_table_of_commands_has_every_command():
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    table = page.partition("| environment variable |")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.M)) == set(main.commands)


def test_contributing_stays_short():
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) < 70


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_a_decision_has_a_number_a_context_a_decision_and_consequences(page):
    text = page.read_text()
    number = DECISIONS.index(page) + 1
    title = re.match(rf"# {number}\. (.*)\n", text)
    assert title
    assert page.name.startswith(f"{number:03}-")
    assert re.findall(r"^## (.*)$", text, re.M) == ["Context", "Decision", "Consequences"]
    index = (page.parent / "index.md").read_text()
    assert f"| {number} | [{title[1]}]({page.name}) |" in index
