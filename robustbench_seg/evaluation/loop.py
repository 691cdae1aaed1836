"""The loop of an evaluation: images stream through the segmenters into their run folders.

Making an image, segmenting it and scoring it are three stages that overlap. A row depends only on
its image, condition and segmenter, so the number of workers and of interrupted starts does not
change it.
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from robustbench_seg.corruption.compiling import announce_compiling
from robustbench_seg.errors import IncompleteError
from robustbench_seg.evaluation.hardest_pictures import keep_hardest
from robustbench_seg.evaluation.image_bar import ImageBar
from robustbench_seg.evaluation.images.image_maker import ImageMaker, SourceImage
from robustbench_seg.evaluation.images.image_watch import UnchangedImages, UnreadableImages
from robustbench_seg.evaluation.inputs.corrupted_tree import corrupted_tree
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.model_run import ModelRun
from robustbench_seg.evaluation.run_opening import open_runs
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import clean_gap_warnings, unit_of_image

log = logging.getLogger(__name__)

FLUSH_SECONDS = 45.0
"""A block that takes longer is written in several parts, so that a kill loses at most a minute."""

Wanted = tuple[SourceImage, Condition]


def run_evaluation(evaluation: Evaluation, *, progress: bool = False) -> list[Path]:
    """Run every segmenter on every image, clean and under every condition.

    Only missing results are computed. Each image is decoded once for all its conditions, and each
    corrupted image is made once for all segmenters that lack it. If a segmenter has a published
    clean score to compare with, the clean images of the whole split run first.

    A segmenter that fails on several images in a row gets no more images; the others continue.

    Args:
        evaluation: What to run.
        progress: Show a bar with the time left on stderr.

    Returns:
        The run folders, one for each segmenter. Warnings (logging) name clean scores far from the
        published ones, corrupted images that equal their clean image, and images left out.
        Finished rows are kept whatever is raised.

    Raises:
        ModelError: A segmenter failed on too many images in a row. Raised at the end.
        DatasetError: Several images in a row cannot be read.
        TreeError: The corrupted images on disk are not those asked for.
        ResultsError: A folder holds something else or cannot be written; the frames of a video
            have no numbers; or other libraries give other pixels or labels than when the run began.
        IncompleteError: Images were left out. Raised at the end.
    """
    data = evaluation.dataset
    unit_of_image(data.ids, data.clip)  # fails now, not after hours, if frames have no numbers
    if progress:
        announce_compiling()
    tree = corrupted_tree(evaluation)
    with (
        ExitStack() as at_work,
        ThreadPoolExecutor(1) as scorer,
        ImageMaker(evaluation, tree) as maker,
    ):
        runs = open_runs(evaluation, tree, maker, scorer, at_work)
        paths = [run.folder.path for run in runs]
        with _bar(evaluation, runs, shown=progress) as bar:
            loop = _Loop(evaluation, runs, maker, bar)
            for phase in evaluation.phases:
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
    reasons = tuple(dict.fromkeys(reason for run in runs for reason in run.outcomes.reasons))
    for reason in reasons:
        log.warning("left out: %s", reason)
    if reasons:
        raise left_out_error(reasons, paths)
    return paths


def left_out_error(reasons: tuple[str, ...], paths: Sequence[Path]) -> IncompleteError:
    """Build the error for images that were left out; each reason has been logged already."""
    more = f" (and {len(reasons) - 1} more, named above)" if len(reasons) > 1 else ""
    return IncompleteError(
        f"left out: {reasons[0]}{more}; all else is done and kept in "
        f"{', '.join(map(str, paths))}: fix it and evaluate again",
        reasons,
    )


class _Loop:
    """Blocks of images through all runs."""

    def __init__(
        self,
        evaluation: Evaluation,
        runs: Sequence[ModelRun],
        maker: ImageMaker,
        bar: ImageBar,
    ) -> None:
        self.unchanged = UnchangedImages()
        self._unreadable = UnreadableImages()
        self._evaluation, self._runs = evaluation, runs
        self._maker, self._bar = maker, bar

    def run(self, conditions: Sequence[Condition]) -> None:
        """Run all blocks under these conditions."""
        for block in self._evaluation.blocks:
            self._run_block(block, conditions)

    def _run_block(self, block: range, conditions: Sequence[Condition]) -> None:
        runs = self._runs
        with ExitStack() as at_end:
            for run in runs:
                at_end.callback(run.flush, block)  # every run, even where another one fails
            wanted = _wanted(self._evaluation, block, conditions, runs)
            for item in self._maker.all(wanted):
                self.unchanged.take(item)
                self._unreadable.take(item)
                for run in _missing(runs, item.source, item.condition):
                    run.take(item)
                    run.flush(block, after=FLUSH_SECONDS)
                    self._bar.update()
        self._bar.update()  # the last ones are scored when they are written


def _wanted(
    evaluation: Evaluation,
    block: range,
    conditions: Sequence[Condition],
    runs: Sequence[ModelRun],
) -> Iterator[Wanted]:
    """What at least one run lacks of a block."""
    for index in block:
        source = SourceImage(evaluation.dataset, index, evaluation.class_map)
        for condition in conditions:
            if _missing(runs, source, condition):
                yield source, condition


def _missing(runs: Sequence[ModelRun], source: SourceImage, condition: Condition) -> list[ModelRun]:
    return [run for run in runs if run.lacks(source, condition)]


def _bar(evaluation: Evaluation, runs: Sequence[ModelRun], *, shown: bool) -> ImageBar:
    conditions = evaluation.all_conditions
    total = len(runs) * sum(map(len, evaluation.blocks)) * len(conditions)
    todo = sum(
        len(_missing(runs, source, condition))
        for block in evaluation.blocks
        for source, condition in _wanted(evaluation, block, conditions, runs)
    )
    return ImageBar(total, total - todo, runs, shown=shown)
