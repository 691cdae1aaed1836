"""The cache of a leaderboard depends on all code that scores, and keeps every field."""

import ast
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
from fake_runs import steady, write_run

import robustbench_seg as rs
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.boards import entry, entry_cache

PACKAGE = Path(rs.__file__).parent


def imported(path):
    """The files of the package that a file imports, at whatever depth of the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    for name in names:
        package, *parts = name.split(".")
        if package == PACKAGE.name:
            for count in range(1, len(parts) + 1):
                place = PACKAGE.joinpath(*parts[:count])
                yield from filter(Path.is_file, (place.with_suffix(".py"), place / "__init__.py"))


def test_the_code_that_identifies_an_entry_is_all_that_scores_it():
    found, waiting = set(), [Path(entry.__file__)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += imported(path)
    found.remove(PACKAGE / "reporting/__init__.py")  # it has no code
    inside = [path.relative_to(PACKAGE).parts for path in found]
    rooms = {"/".join(parts[: 2 if parts[0] == "reporting" else 1]) for parts in inside}
    assert rooms == set(entry_cache._SOURCES)


def test_every_field_of_an_entry_is_read_as_it_was(tmp_path):
    folders = [write_run(tmp_path / "runs", "alpha", steady)]
    scores = entry.entry_scores(folders, load_protocol())
    (tmp_path / "a.npz").write_bytes(entry_cache._bytes(scores))
    found = entry_cache._read(tmp_path / "a.npz")
    for field in fields(scores):
        one, other = getattr(scores, field.name), getattr(found, field.name)
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other, check_dtype=False)
        else:
            np.testing.assert_equal(other, one)
