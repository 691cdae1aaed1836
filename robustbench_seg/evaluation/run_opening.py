"""Opens the runs of an evaluation and checks their folders before the first image."""

import logging
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path

from robustbench_seg.analysis import image_macs
from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import RobustsegError
from robustbench_seg.evaluation.images.attacker import Attacker
from robustbench_seg.evaluation.images.image_maker import ImageMaker
from robustbench_seg.evaluation.inputs.corrupted_tree import Tree
from robustbench_seg.evaluation.inputs.evaluation import BLOCK, Evaluation
from robustbench_seg.evaluation.model_run import ModelRun, RunInputs
from robustbench_seg.evaluation.outputs.prediction_folder import PredictionFolder
from robustbench_seg.evaluation.outputs.server_formats import file_format
from robustbench_seg.evaluation.predictions.adaptation import AdaptedPredictions
from robustbench_seg.evaluation.predictions.predictions import Predictions, open_predictions
from robustbench_seg.evaluation.probe import check_probe
from robustbench_seg.evaluation.run_records import run_record
from robustbench_seg.evaluation.temperature_fit import run_temperature
from robustbench_seg.machine.locks import registered
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.shard import WHOLE
from robustbench_seg.segmenter import NetworkSegmenter, Segmenter, why_no_confidence
from robustbench_seg.store import RunFolder

log = logging.getLogger(__name__)


def open_runs(
    evaluation: Evaluation,
    tree: Tree | None,
    maker: ImageMaker,
    scorer: Executor,
    at_work: ExitStack,
) -> list[ModelRun]:
    """Open the run of every segmenter of an evaluation.

    Args:
        evaluation: The evaluation.
        tree: The tree with the images; None: they are created in memory.
        maker: Creates the images to which networks are adapted.
        scorer: A pool of one thread, which the runs share.
        at_work: Registers the presence of this process in the folders.

    Raises:
        ModelError: A segmenter supports none of the measures.
        ResultsError: A folder has other contents, a prediction file has changed, or other libraries
            give other pixels or labels than when the run began.
        TreeError: The manifest of a folder of predictions cannot be read.
        CardError: That manifest is wrong.
    """
    attacker = Attacker(evaluation.attack_settings)
    return [
        ModelRun(_inputs(evaluation, segmenter, tree, maker, attacker, at_work), scorer)
        for segmenter in evaluation.segmenters
    ]


def _inputs(
    evaluation: Evaluation,
    segmenter: Segmenter,
    tree: Tree | None,
    maker: ImageMaker,
    attacker: Attacker,
    at_work: ExitStack,
) -> RunInputs:
    spec, data = evaluation.spec, evaluation.dataset
    temperature = run_temperature(evaluation, segmenter)
    record = run_record(evaluation, segmenter, tree, temperature, _macs(segmenter, data))
    blocks = {block.start // BLOCK for block in evaluation.blocks}
    measures = evaluation.measures_of(segmenter)
    folder = RunFolder.open(spec.out, record, measures, blocks)
    # Register before writing, because other processes remove files of unregistered processes.
    _enter(folder.path, spec, at_work)
    _warn_of_what_stays(folder.path, record)
    predictions = _predictions(evaluation, segmenter, folder, record, tree, maker)
    _check_probe(evaluation, segmenter, folder, tree)
    saved = _open_saved_predictions(spec, segmenter, record, at_work)
    _open_saved_attacks(spec, segmenter, record, attacker, at_work)
    return RunInputs(
        segmenter=segmenter,
        predictions=predictions,
        folder=folder,
        saved=saved,
        dataset=data,
        measures=measures,
        temperature=temperature,
        attacker=attacker,
        class_map=evaluation.class_map,
    )


def _macs(segmenter: Segmenter, data: Dataset) -> int | None:
    """Multiply-accumulates for an image of the size of the first one, if they can be counted."""
    if segmenter.about.card is None:
        return segmenter.about.macs
    try:
        height, width = data[0].image.shape[:2]
        return image_macs(segmenter.record, len(segmenter.classes), (height, width))
    except RobustsegError as error:
        log.info("%s: operations not counted: %s", segmenter.name, error)
        return None


def _predictions(
    evaluation: Evaluation,
    segmenter: Segmenter,
    folder: RunFolder,
    record: RunRecord,
    tree: Tree | None,
    maker: ImageMaker,
) -> Predictions:
    if record.key.segmenter.adaptation and isinstance(segmenter, NetworkSegmenter):
        return AdaptedPredictions(evaluation, segmenter, record, maker)
    return open_predictions(evaluation, segmenter, folder, tree)


def _check_probe(
    evaluation: Evaluation, segmenter: Segmenter, folder: RunFolder, tree: Tree | None
) -> None:
    """Check that the run continues with the same results, unless no image is missing."""
    missing = _missing_conditions(evaluation, folder)
    if missing:
        conditions = [condition for condition in missing if condition != CLEAN]
        tree_probe = None if tree is None else tree.probe
        check_probe(folder.path, evaluation, segmenter, conditions, tree_probe)


def _open_saved_predictions(
    spec: EvaluationSpec, segmenter: Segmenter, record: RunRecord, at_work: ExitStack
) -> PredictionFolder | None:
    if spec.save_predictions is None:
        return None
    confident = spec.save_confidence and why_no_confidence(segmenter) is None
    form = file_format(spec.prediction_format, confidence=confident)
    saved = PredictionFolder.open(spec.save_predictions, segmenter.name, record, form)
    _enter(saved.folder, spec, at_work)
    return saved


def _open_saved_attacks(
    spec: EvaluationSpec,
    segmenter: Segmenter,
    record: RunRecord,
    attacker: Attacker,
    at_work: ExitStack,
) -> None:
    if spec.save_attacks is None:
        return
    if attacks := attacker.open_folder(spec.save_attacks, segmenter, record.key):
        _enter(attacks.folder, spec, at_work)


def _enter(folder: Path, spec: EvaluationSpec, at_work: ExitStack) -> None:
    """Register this process in a folder until the end, and remove leftovers of killed processes."""
    sweep = at_work.enter_context(registered(folder))
    if spec.shard == WHOLE:
        sweep()


def _missing_conditions(evaluation: Evaluation, folder: RunFolder) -> list[Condition]:
    ids = evaluation.dataset.ids
    return [
        condition
        for condition in evaluation.all_conditions
        if any(folder.missing(ids[i], condition) for block in evaluation.blocks for i in block)
    ]


def _warn_of_what_stays(folder: Path, record: RunRecord) -> None:
    """Warn if this start differs from run.json, which never changes."""
    standing = read_record(folder)
    if standing.protocol != record.protocol:
        began = standing.protocol
        log.warning(
            "%s began under %s; report and compare it under %s", folder, began, record.protocol
        )
    if standing.clip != record.clip:
        kept = f"clip {standing.clip} and keeps it instead of {record.clip}"
        log.warning("%s began with %s; remove the folder to start again", folder, kept)
