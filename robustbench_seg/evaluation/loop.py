"""The loop of an evaluation: the segmenters process the images and write to their run folders.

Creating an image, segmenting it and scoring it are three overlapping stages. A row depends only on
its image, condition and segmenter, so the number of workers and of interrupted starts does not
change it.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType

from robustbench_seg.corruption.compiling import announce_compiling
from robustbench_seg.errors import IncompleteError
from robustbench_seg.evaluation.block_loop import BlockLoop, lacking, wanted_images
from robustbench_seg.evaluation.hardest_pictures import keep_hardest
from robustbench_seg.evaluation.image_bar import ImageBar
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.model_run import ModelRun
from robustbench_seg.evaluation.other_processes import OtherProcesses
from robustbench_seg.evaluation.run_opening import opened_runs
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results import clean_gap_warnings, unit_of_image

log = logging.getLogger(__name__)


class LeftOutError(IncompleteError):
    """Images were left out; see `left_out_error`."""

    def __init__(
        self, message: str, reasons: Mapping[str, bool] = MappingProxyType({})
    ) -> None:  # the default is for pickle
        """Make an error.

        Args:
            message: One line.
            reasons: Why images were left out: each reason, and whether it is a failure of a
                segmenter. If not, the image or its label is the cause.
        """
        super().__init__(message, tuple(reasons))
        self.is_failure = reasons


def run_evaluation(evaluation: Evaluation, *, progress: bool = False) -> list[Path]:
    """Run every segmenter on every image, clean and under every condition.

    Only missing results are computed. Each image is decoded once for all its conditions, and each
    corrupted image is created once for all segmenters that lack it. If a segmenter has a published
    clean score to compare with, the clean images of the whole split run first.

    A segmenter that fails on several images in a row gets no more images; the others continue.

    Args:
        evaluation: The evaluation.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The run folders, one for each segmenter. Warnings (logging) name clean scores far from the
        published ones, corrupted images that equal their clean image, and images left out. Finished
        rows are kept in case of an error.

    Raises:
        ModelError: A segmenter failed on too many images in a row. Raised at the end.
        DatasetError: Several images in a row cannot be used.
        TreeError: The corrupted images on disk are not the requested ones.
        ResultsError: A folder has other contents or cannot be written; the frames of a video have
            no numbers; or other libraries give other pixels or labels than when the run began.
        LeftOutError: Images were left out. Raised at the end.
    """
    data = evaluation.dataset
    unit_of_image(data.ids, data.clip)  # fail now, not after hours, if frames have no numbers
    if progress:
        announce_compiling()
    several = evaluation.spec.processes > 1
    with (
        opened_runs(evaluation) as (runs, maker),
        OtherProcesses(evaluation) if several else nullcontext() as others,
    ):
        paths = [run.folder.path for run in runs]
        with _bar(evaluation, runs, shown=progress) as bar:
            loop = BlockLoop(evaluation, runs, maker, bar.update)
            for phase in evaluation.phases:
                if others:
                    loop.unchanged.add(others.compute(phase, runs, bar.show_others))
                loop.run(phase)
                if phase == (CLEAN,):
                    for gap in clean_gap_warnings(paths):
                        log.warning("%s", gap)
        for run in runs:
            if run.is_complete(data.ids, (CLEAN, *evaluation.scored_conditions)):
                keep_hardest(run, evaluation, maker)
    loop.unchanged.warn()
    failed = [run.outcomes.given_up for run in runs if run.outcomes.given_up]
    if failed:
        raise failed[0]
    if reasons := dict(each for run in runs for each in run.outcomes.reasons.items()):
        raise left_out_error(reasons, paths, evaluation.spec.dataset)
    return paths


def left_out_error(
    reasons: Mapping[str, bool], paths: Sequence[Path], dataset: str
) -> LeftOutError:
    """Build the error for images that were left out. It names one reason; the others are logged.

    Args:
        reasons: Why images were left out, as for LeftOutError; at least one.
        paths: The run folders.
        dataset: Name of the dataset, or its TOML file.
    """
    first, *others = reasons
    for reason in others:
        log.warning("left out: %s", reason)
    more = f" (and {len(others)} more, named above)" if others else ""
    advice = "fix the model and evaluate again"
    if not all(reasons.values()):
        advice = (
            "fix the cause and evaluate again (a changed image or label of the dataset starts a "
            "new run; delete the old folder then)"
        )
        if dataset.endswith(".toml"):
            advice += f"; or list the other images in a file and give its path as list in {dataset}"
    return LeftOutError(
        f"left out: {first}{more}; the rest is finished and kept in "
        f"{', '.join(map(str, paths))}. No score is shown until all images have results: {advice}",
        reasons,
    )


def _bar(evaluation: Evaluation, runs: Sequence[ModelRun], *, shown: bool) -> ImageBar:
    conditions = evaluation.all_conditions
    total = len(runs) * sum(map(len, evaluation.blocks)) * len(conditions)
    todo = sum(
        len(lacking(runs, original, condition))
        for block in evaluation.blocks
        for original, condition in wanted_images(evaluation, block, conditions, runs)
    )
    return ImageBar(total, total - todo, runs, shown=shown)
