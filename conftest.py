"""What the examples in docstrings use: names, and a folder with a dataset and two runs."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

import robustbench_seg as rs

# Tests and the commands that they start remember nothing in the user's cache.
os.environ["ROBUSTSEG_CACHE"] = tempfile.mkdtemp(prefix="robustseg-tests-")
atexit.register(shutil.rmtree, os.environ["ROBUSTSEG_CACHE"], ignore_errors=True)


@pytest.fixture(scope="session")
def example_folder(tmp_path_factory):
    """A folder with what docs/reference/python.md promises: `city`, and two runs in `runs`."""
    folder = tmp_path_factory.mktemp("examples")
    rs.write_minicity(folder / "city", "val", count=2)
    city = rs.open_dataset("minicity")
    for index, name in {0: "all-road", 2: "all-building"}.items():
        rs.evaluate(
            model=lambda image, index=index: np.full(image.shape[:2], index, np.uint8),
            name=name,
            classes=city.classes,
            version="1",
            dataset=city,
            corruptions=["contrast"],
            measures=["confusion"],
            limit=2,
            out=folder / "runs",
        )
    return folder


@pytest.fixture(autouse=True)
def example(request, monkeypatch):
    """Run each example of the interface in a copy of that folder."""
    item = request.node
    if isinstance(item, pytest.DoctestItem) and "rs." in item.dtest.docstring:
        request.getfixturevalue("doctest_namespace").update(rs=rs, np=np, torch=torch, Path=Path)
        folder = request.getfixturevalue("tmp_path") / "example"
        shutil.copytree(request.getfixturevalue("example_folder"), folder)
        monkeypatch.chdir(folder)
