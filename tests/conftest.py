import atexit
import os
import shutil
import tempfile

import pytest
import torch
from matplotlib.figure import Figure

# Two test processes of one thread each are faster than two that spin on the same cores.
torch.set_num_threads(1)

# Tests and the commands that they start remember nothing in the user's cache.
os.environ["ROBUSTSEG_CACHE"] = tempfile.mkdtemp(prefix="robustseg-tests-")
atexit.register(shutil.rmtree, os.environ["ROBUSTSEG_CACHE"], ignore_errors=True)


@pytest.fixture(scope="session")
def blank():
    """A function that leaves the figures of reports empty while a monkeypatch lasts."""

    def patched(patch, names=("severity_curves", "class_heatmap", "cost_scatter")):
        for name in names:
            drawn = f"robustbench_seg.reporting.page.figures.{name}"
            patch.setattr(drawn, lambda *_, **__: Figure())

    return patched


@pytest.fixture
def blank_figures(monkeypatch, blank):
    """Reports whose figures are empty, for tests of everything else: drawing takes seconds."""
    blank(monkeypatch)
