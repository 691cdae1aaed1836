"""The demo: the whole study on the dataset and the weights that are included in the package."""

from importlib import resources
from pathlib import Path

from robustbench_seg.evaluation import evaluate
from robustbench_seg.reporting.page_report import Report

MODELS = ("segformer-b0-minicity", "deeplabv3plus-mobilenetv2-minicity")
"""The models that ship with weights."""


def run_demo(out: Path, *, limit: int | None = None, progress: bool = False) -> Report:
    """Evaluate the included models on minicity and write the report.

    The report also includes the recorded runs, which are trainings with other seeds. A second call
    computes only what is missing.

    Args:
        out: Folder of the run folders (`runs`) and the report (`report`).
        limit: Number of images to score, the first ones. The recorded runs, which cover all images,
            are then left out. None means all.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The report.

    Raises:
        RobustsegError: What an evaluation or a report raises.
    """
    runs = evaluate(
        model=MODELS, dataset="minicity", limit=limit, out=out / "runs", progress=progress
    )
    recorded = [recorded_runs()] if limit is None else []
    return Report.write([*(run.path for run in runs), *recorded], out / "report")


def recorded_runs() -> Path:
    """Return the folder of the recorded runs: further trainings of MODELS, without their weights.

    They are runs on minicity val, as docs/studies/minicity.md describes. Each has the name of an
    included model and another training seed, so that a run of the included weights and the recorded
    runs count as trainings of one model.
    """
    return Path(str(resources.files("robustbench_seg.content.reports"))) / "recorded"
