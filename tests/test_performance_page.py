"""docs/performance.md has the figures of the result files, and no other page has benchmarks."""

import ast
import csv
import importlib
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "performance.md").read_text()
BENCHMARKS = ROOT / "benchmarks"
RESULTS = BENCHMARKS / "results"


def cells(line: str) -> list[str]:
    return [cell.strip().strip("*") for cell in line.strip("|").split("|")]


def test_every_script_and_every_result_is_on_the_page():
    linked = set(re.findall(r"\]\(\.\./benchmarks/([^)]+)\)", PAGE))
    imported = {"small_transformers.py", "synthetic_runs.py"}
    scripts = {path.name for path in BENCHMARKS.glob("*.py")} - imported
    results = {f"results/{path.name}" for path in RESULTS.iterdir()}
    simulated = {"results/seeds.json", "results/verdicts.json"}
    assert linked == scripts | results - simulated


@pytest.mark.parametrize("script", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.name)
def test_what_a_script_imports_from_the_program_exists(script):
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("robustbench_seg"):
            room = importlib.import_module(str(node.module))
            for alias in node.names:
                if not hasattr(room, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")


def test_only_the_simulations_of_scores_are_on_another_page():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        if page.name in ("performance.md", "CHANGELOG.md"):
            continue
        linked = re.findall(r"\bbenchmarks/(?:results/)?(\w+)\.(?:py|json|csv)", page.read_text())
        allowed = {"seeds", "verdicts"} if page.name == "scores.md" else set()
        assert set(linked) <= allowed, page.name


def test_estimates_of_a_study_use_the_time_of_the_result_file():
    stages = json.loads((RESULTS / "evaluate.json").read_text())["stages_ms"]
    for name in ("scale.md", "how-to/reproduce.md"):
        (stated,) = re.findall(r"\bc = (\d+) ms", (ROOT / "docs" / name).read_text())
        measured = stages["corrupt"] + stages["label"] + stages["score"]
        assert int(stated) == pytest.approx(measured, abs=5), name


def test_the_times_of_corruptions_are_those_of_the_result_file():
    result = json.loads((RESULTS / "corruptions.json").read_text())
    for name, times in result["sum_of_5"].items():
        memory = result["memory"][name]
        expected = [f"{times[f'{side}_ms']:.0f}" for side in ("fork", "fast", "reference")]
        expected += [f"{times[f'fork_over_{side}']:.1f}" for side in ("fast", "reference")]
        expected += [f"{memory[side]:.1f}" for side in ("fork", "fast", "reference")]
        (line,) = re.findall(rf"^\| {name} \|.*", PAGE, re.M)
        assert cells(line) == [name, *expected]


def test_the_costs_of_models_are_those_of_the_result_file():
    with (RESULTS / "cost.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["size"] == "1024x2048"]
    for row in rows:
        expected = [f"{float(row['params_m']):.1f}", f"{float(row['gmacs']):.0f}"]
        expected += [f"{float(row['images_per_s']):.2g}"]
        paper = row["paper_images_per_s"]
        expected += [f"{float(paper):.1f}" if paper else "", f"{float(row['peak_mb']):.0f}"]
        (line,) = re.findall(rf"^\| `{row['model']}` \|.*", PAGE, re.M)
        assert cells(line) == [f"`{row['model']}`", *expected]


def test_the_tables_of_simulated_studies_are_those_of_the_result_files():
    page = (ROOT / "docs" / "scores.md").read_text()
    rows = defaultdict(list)
    for row in json.loads((RESULTS / "verdicts.json").read_text())["pairs"]:
        digits = 1 if row["difference"] == 0 else 0
        share = f"{row['established_percent']:.{digits}f}"
        rows[f"{row['trainings']}", f"{row['difference']}"].append(share)
    for row in json.loads((RESULTS / "seeds.json").read_text())["simulated"]:
        share = f"{row['held_percent']:.1f}"
        rows[f"{100 * row['noise']:.0f} points", f"{row['seeds']}"].append(share)
    for (first, second), shares in rows.items():
        (line,) = re.findall(rf"^\| {first} \| {second} \|.*", page, re.M)
        assert cells(line) == [first, second, *shares]
