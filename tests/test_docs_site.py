"""The documentation as a site: it builds without a warning and knows every command and function."""

import html
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import robustbench_seg
from robustbench_seg.cli.main import main

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    # Warnings are errors: orphan pages, broken links, missing names.
    out = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(DOCS), str(out)]
    result = subprocess.run(build, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return out


def text(page):
    return html.unescape(re.sub(r"<[^>]*>", "", page.read_text()))


def test_every_command_and_option_is_in_the_reference(site):
    page = text(site / "reference" / "commands.html")
    for name, command in main.commands.items():
        context = click.Context(command, info_name=name)
        assert f"robustseg {name} [OPTIONS]" in page
        assert command.help.splitlines()[0] in page
        for parameter in command.params:
            argument = isinstance(parameter, click.Argument)
            shown = [parameter.make_metavar(context)] if argument else parameter.opts
            assert all(word in page for word in shown), (name, parameter.name)


def test_every_function_is_in_the_reference(site):
    page = text(site / "reference" / "python.html")
    for name in robustbench_seg.__all__:
        assert f"robustbench_seg.{name}" in page
        first = getattr(robustbench_seg, name).__doc__.splitlines()[0].replace("`", "")
        assert first in page


def test_the_site_needs_no_network(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|link|img)[^>]* (?:src|href)="(https?:[^"]+)"', page.read_text()
        )
        assert not loaded, page.name
