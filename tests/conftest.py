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


@pytest.fixture
def blank_figures(monkeypatch):
    """Reports whose figures are empty, for tests of everything else: drawing takes seconds."""
    for name in ("severity_curves", "class_heatmap", "cost_scatter"):
        drawn = f"robustbench_seg.reporting.page.figures.{name}"
        monkeypatch.setattr(drawn, lambda *_, **__: Figure())
