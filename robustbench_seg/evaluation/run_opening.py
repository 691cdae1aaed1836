"""Opens the runs of an evaluation and checks their folders before the first image."""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from robustbench_seg.analysis import image_macs
from robustbench_seg.datasets import EvaluationDataset
from robustbench_seg.errors import RobustsegError
from robustbench_seg.evaluation.images.attacker import Attacker
from robustbench_seg.evaluation.images.image_maker import ImageMaker
from robustbench_seg.evaluation.images.outcomes import Outcomes
from robustbench_seg.evaluation.inputs.corrupted_tree import corrupted_tree
from robustbench_seg.evaluation.inputs.evaluation import BLOCK, Evaluation
from robustbench_seg.evaluation.model_run import ModelRun
from robustbench_seg.evaluation.outputs.prediction_folder import PredictionFolder
from robustbench_seg.evaluation.outputs.server_formats import file_format
from robustbench_seg.evaluation.predictions.adaptation import AdaptedPredictions
from robustbench_seg.evaluation.predictions.predictions import Predictions, open_predictions
from robustbench_seg.evaluation.probe import check_probe
from robustbench_seg.evaluation.run_records import run_record
from robustbench_seg.evaluation.scoring_queue import ScoringQueue
from robustbench_seg.evaluation.temperature_fit import run_temperature
from robustbench_seg.machine.locks import registered
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.shard import WHOLE
from robustbench_seg.segmenter import EvaluatedModel, NetworkSegmenter, why_no_confidence
from robustbench_seg.store import RunFolder, recorded_protocol

log = logging.getLogger(__name__)


@contextmanager
def opened_runs(evaluation: Evaluation) -> Iterator[tuple[list[ModelRun], ImageMaker]]:
    """Open the run of every segmenter of an evaluation, for the duration of the block.

    Args:
        evaluation: The evaluation.

    Yields:
        The runs, and the maker of their images.

    Raises:
        ModelError: A segmenter supports none of the measures.
        ResultsError: A folder has other contents, a prediction file has changed, or other libraries
            give other pixels or labels than when the run began.
        TreeError: The corrupted images on disk are not the requested ones, or the manifest of a
            folder of predictions cannot be read.
        CardError: That manifest is wrong.
    """
    with (
        ExitStack() as at_work,
        ThreadPoolExecutor(1) as scoring_pool,
        ImageMaker(evaluation, corrupted_tree(evaluation)) as maker,
    ):
        opener = _RunOpener(evaluation, maker, scoring_pool, at_work)
        yield [opener.open(segmenter) for segmenter in evaluation.segmenters], maker


class _RunOpener:
    """Opens the runs of one evaluation, one by one."""

    def __init__(
        self, evaluation: Evaluation, maker: ImageMaker, scoring_pool: Executor, at_work: ExitStack
    ) -> None:
        """Store the objects that the runs share.

        Args:
            evaluation: The evaluation.
            maker: Creates the images, also those to which networks are adapted.
            scoring_pool: A pool of one thread, which scores images.
            at_work: Registers the presence of this process in the folders.
        """
        self._evaluation, self._maker = evaluation, maker
        self._scoring_pool, self._at_work = scoring_pool, at_work
        self._attacker = Attacker(evaluation.attack_settings)

    def open(self, segmenter: EvaluatedModel) -> ModelRun:
        """Open the run of a segmenter; see `opened_runs`."""
        evaluation = self._evaluation
        temperature = run_temperature(evaluation, segmenter)
        macs = _macs(segmenter, evaluation.dataset)
        record = run_record(evaluation, segmenter, self._maker.tree, temperature, macs)
        blocks = {block.start // BLOCK for block in evaluation.blocks}
        measures = evaluation.measures_of(segmenter)
        folder = RunFolder.open(evaluation.spec.out, record, measures, blocks)
        # Register before writing, because other processes remove files of unregistered processes.
        self._enter(folder.path)
        _warn_of_what_stays(folder.path, record)
        predictions = self._predictions(segmenter, folder, record)
        self._check_probe(segmenter, folder)
        saved = self._open_saved_predictions(segmenter, record)
        self._open_saved_attacks(segmenter, record)
        outcomes = Outcomes(segmenter.name)
        palette, pool = evaluation.dataset.palette, self._scoring_pool
        return ModelRun(
            evaluation=evaluation,
            segmenter=segmenter,
            predictions=predictions,
            folder=folder,
            saved=saved,
            temperature=temperature,
            attacker=self._attacker,
            measures=measures,
            scoring=ScoringQueue(folder, saved, palette, pool, outcomes),
            outcomes=outcomes,
        )

    def _enter(self, folder: Path) -> None:
        """Register this process in a folder until the end, and remove leftovers of killed ones."""
        sweep = self._at_work.enter_context(registered(folder))
        if self._evaluation.spec.shard == WHOLE:
            sweep()

    def _predictions(
        self, segmenter: EvaluatedModel, folder: RunFolder, record: RunRecord
    ) -> Predictions:
        if record.key.segmenter.adaptation and isinstance(segmenter, NetworkSegmenter):
            return AdaptedPredictions(self._evaluation, segmenter, record, self._maker)
        return open_predictions(self._evaluation, segmenter, folder, self._maker.tree)

    def _check_probe(self, segmenter: EvaluatedModel, folder: RunFolder) -> None:
        """Check that the run continues with the same results, unless no image is missing."""
        missing = _missing_conditions(self._evaluation, folder)
        if missing:
            conditions = [condition for condition in missing if condition != CLEAN]
            tree = self._maker.tree
            check_probe(folder.path, self._evaluation, segmenter, conditions, tree)

    def _open_saved_predictions(
        self, segmenter: EvaluatedModel, record: RunRecord
    ) -> PredictionFolder | None:
        spec = self._evaluation.spec
        if spec.save_predictions is None:
            return None
        confident = spec.save_confidence and why_no_confidence(segmenter) is None
        form = file_format(spec.prediction_format, confidence=confident)
        saved = PredictionFolder.open(spec.save_predictions, segmenter.name, record, form)
        self._enter(saved.folder)
        return saved

    def _open_saved_attacks(self, segmenter: EvaluatedModel, record: RunRecord) -> None:
        folder = self._evaluation.spec.save_attacks
        if folder and (saved := self._attacker.open_folder(folder, segmenter, record.key)):
            self._enter(saved.folder)


def _macs(segmenter: EvaluatedModel, data: EvaluationDataset) -> int | None:
    """Multiply-accumulates for an image of the size of the first one, if they can be counted."""
    if segmenter.about.card is None:
        return segmenter.about.macs
    try:
        height, width = data[0].image.shape[:2]
        return image_macs(segmenter.record, len(segmenter.classes), (height, width))
    except RobustsegError as error:
        log.info("%s: cannot count its operations: %s", segmenter.name, error)
        return None


def _missing_conditions(evaluation: Evaluation, folder: RunFolder) -> list[Condition]:
    ids = evaluation.dataset.ids
    return [
        condition
        for condition in evaluation.all_conditions
        if any(
            folder.missing_measures(ids[i], condition) for block in evaluation.blocks for i in block
        )
    ]


def _warn_of_what_stays(folder: Path, record: RunRecord) -> None:
    """Warn if this start differs from run.json, which never changes."""
    standing = read_record(folder)
    began, now = recorded_protocol(standing), recorded_protocol(record)
    if standing.protocol != record.protocol:
        log.warning(
            *(
                "%s keeps the protocol %s, under which it began; report and compare it under %s",
                folder,
            ),
            *(standing.protocol, record.protocol),
        )
    elif began and now and (name := began.first_difference(now)):
        log.warning(
            "%s keeps the protocol %s as it was at its start (%s differs); give the new file to "
            "report and compare, or remove the folder to start again",
            *(folder, standing.protocol, name),
        )
    if standing.clip != record.clip:
        kept = f"clip {standing.clip} and keeps it instead of {record.clip}"
        log.warning("%s began with %s; remove the folder to start again", folder, kept)
