"""Runs that ship: further trainings of the demo's models, whose weights do not."""

from importlib import resources
from pathlib import Path


def recorded_runs() -> Path:
    """The folder of run folders on minicity val, made as docs/studies/minicity.md says.

    Each is of the model name of a shipped model, with another seed of its training, so that they
    and a run of the shipped weights are trainings of one model.
    """
    return Path(str(resources.files("robustbench_seg.content.reports"))) / "recorded"
