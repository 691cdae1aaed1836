"""Recorded runs: further trainings of the demo's models, which ship without their weights."""

from importlib import resources
from pathlib import Path


def recorded_runs() -> Path:
    """Return the folder of the recorded run folders.

    They are runs on minicity val, made as docs/studies/minicity.md describes. Each has the name of
    a shipped model and another seed of training, so that a run of the shipped weights and the
    recorded ones are trainings of one model.
    """
    return Path(str(resources.files("robustbench_seg.content.reports"))) / "recorded"
