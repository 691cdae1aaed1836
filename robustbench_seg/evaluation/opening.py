"""Opening the runs of an evaluation: their folders, checked before the first image is made."""

import logging
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path

from robustbench_seg.evaluation.adaptation import AdaptedPredictions
from robustbench_seg.evaluation.attacker import Attacker
from robustbench_seg.evaluation.corrupted_tree import Tree
from robustbench_seg.evaluation.evaluation import BLOCK, Evaluation
from robustbench_seg.evaluation.image_maker import ImageMaker
from robustbench_seg.evaluation.model_run import ModelRun, RunInputs
from robustbench_seg.evaluation.prediction_folder import PredictionFolder
from robustbench_seg.evaluation.predictions import Predictions, open_predictions
from robustbench_seg.evaluation.probe import check_probe
from robustbench_seg.evaluation.run_records import run_record
from robustbench_seg.evaluation.server_formats import layout_of
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
        evaluation: What is evaluated.
        tree: The tree that images are read from; None: they are made in memory.
        maker: Makes the images that networks are adapted to.
        scorer: A pool of one thread, which the runs share.
        at_work: Where the presence of this process in the folders is registered.

    Raises:
        ModelError: A segmenter can give none of the measures.
        ResultsError: A folder holds something else, a file of predictions has changed, or other
            libraries give other pixels or labels than when the run began.
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
    spec = evaluation.spec
    record = run_record(evaluation, segmenter, tree)
    blocks = {block.start // BLOCK for block in evaluation.blocks}
    measures = evaluation.measures_of(segmenter)
    folder = RunFolder.open(spec.out, record, measures, blocks)
    # Register before anything is written: other processes sweep what unregistered ones leave.
    _enter(folder.path, spec, at_work)
    _warn_of_what_stays(folder.path, record)
    predictions: Predictions
    if record.key.segmenter.adaptation and isinstance(segmenter, NetworkSegmenter):
        predictions = AdaptedPredictions(evaluation, segmenter, record, maker)
    else:
        predictions = open_predictions(evaluation, segmenter, folder, tree)
    lacking = _conditions_lacking(evaluation, folder)
    tree_probe = None if tree is None else tree.probe
    if lacking:
        conditions = [condition for condition in lacking if condition != CLEAN]
        check_probe(folder.path, evaluation, segmenter, conditions, tree_probe)
    saved = None
    if root := spec.save_predictions:
        confident = spec.save_confidence and why_no_confidence(segmenter) is None
        layout = layout_of(spec.prediction_format, confident)
        saved = PredictionFolder.open(root, segmenter.name, record, layout)
    if saved:
        _enter(saved.folder, spec, at_work)
    if spec.save_attacks:
        attacks = attacker.open_folder(spec.save_attacks, segmenter, record.key)
        if attacks:
            _enter(attacks.folder, spec, at_work)
    return RunInputs(
        segmenter=segmenter,
        predictions=predictions,
        folder=folder,
        saved=saved,
        dataset=evaluation.dataset,
        measures=measures,
        temperature=record.key.temperature,
        attacker=attacker,
        class_map=evaluation.class_map,
    )


def _enter(folder: Path, spec: EvaluationSpec, at_work: ExitStack) -> None:
    """Register this process in a folder until the end, and remove leftovers of killed processes."""
    sweep = at_work.enter_context(registered(folder))
    if spec.shard == WHOLE:
        sweep()


def _conditions_lacking(evaluation: Evaluation, folder: RunFolder) -> list[Condition]:
    ids = evaluation.dataset.ids
    return [
        condition
        for condition in evaluation.all_conditions
        if any(folder.lacking(ids[i], condition) for block in evaluation.blocks for i in block)
    ]


def _warn_of_what_stays(folder: Path, record: RunRecord) -> None:
    """Warn where run.json, which is never changed, describes an earlier start differently."""
    standing = read_record(folder)
    if standing.protocol != record.protocol:
        began = standing.protocol
        log.warning(
            "%s began under %s: report and compare it under %s", folder, began, record.protocol
        )
    if standing.clip != record.clip:
        kept = f"clip {standing.clip} and keeps it, not {record.clip}"
        log.warning("%s began with %s; remove the folder to start again", folder, kept)
