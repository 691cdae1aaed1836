"""Chooses the backends of the networks of an evaluation, if the option is "auto".

The backend is part of a run's key. An existing run of the same network on the same images therefore
decides the backend, so that installing or removing a package does not start a new run.
"""

import logging
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path

from robustbench_seg.datasets import EvaluationDataset
from robustbench_seg.errors import ModelError, OptionError, ResultsError
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.inputs.image_sizes import sample_sizes
from robustbench_seg.evaluation.run_records import dataset_record
from robustbench_seg.files import file_name
from robustbench_seg.records.runs.run_file import RUN_FILE, read_record
from robustbench_seg.records.values.choices import BACKENDS, Backend
from robustbench_seg.segmenter import EvaluatedModel, SegmenterOptions, load_named
from robustbench_seg.segmenter.loading.backends import (
    automatic_backend,
    takes_backends,
    with_backend,
)

log = logging.getLogger(__name__)


def choose_backends(evaluation: Evaluation) -> Evaluation:
    """Choose the backend of each network, if the option is "auto".

    Args:
        evaluation: An opened evaluation whose models the specification names.

    Returns:
        The evaluation with the networks on their backends.

    Raises:
        RobustsegError: A network cannot be loaded; or the backend of a run is not available here.
    """
    if evaluation.spec.backend != "auto":
        return evaluation
    loaded = zip(evaluation.spec.models, evaluation.segmenters, strict=True)
    chosen = tuple(_with_own_backend(evaluation, model, one) for model, one in loaded)
    return replace(evaluation, segmenters=chosen)


def _with_own_backend(
    evaluation: Evaluation, model: str, segmenter: EvaluatedModel
) -> EvaluatedModel:
    """Load a model once more if torch is not its backend.

    Args:
        evaluation: The evaluation.
        model: The model's name in the specification.
        segmenter: The model in torch.
    """
    if not takes_backends(segmenter) or evaluation.needs_gradients:
        return segmenter
    options = SegmenterOptions.of(evaluation.spec, classes=tuple(segmenter.classes))
    best = automatic_backend(options) if _have_one_size(evaluation.dataset) else "torch"
    standing = _standing_run(evaluation, segmenter)
    backend = standing.backend if standing else best
    if standing and backend != best:
        log.warning(
            "%s began with the backend %s and continues with it; a new run would use %s",
            *(standing.folder, backend, best),
        )
    if backend == "torch":
        return segmenter
    try:
        return load_named(model, replace(options, backend=backend))
    except (ModelError, OptionError) as error:
        if standing is None:
            log.info("torch runs %s: %s", segmenter.name, error)
            return segmenter
        raise ModelError(
            f"{standing.folder} began with the backend {backend}, which cannot continue "
            f"({error}); give the backend torch to compute the run again"
        ) from error


def _have_one_size(data: EvaluationDataset) -> bool:
    """Whether the first, the middle and the last image have the same size.

    OpenVINO compiles a network for each size, which takes longer than one image.
    """
    return len({*sample_sizes(data).values()}) <= 1


@dataclass(frozen=True)
class _Run:
    """An existing run.

    Attributes:
        folder: Its folder.
        backend: The backend that computes it.
        is_other: Whether its corrupted images differ from those of the evaluation.
        created: When it began, in ISO 8601, UTC.
    """

    folder: Path
    backend: Backend
    is_other: bool
    created: str


def _standing_run(evaluation: Evaluation, segmenter: EvaluatedModel) -> _Run | None:
    """Find the run of a network on the same images, with any backend.

    Of several runs, it is the one with the same corrupted images, then the oldest one.

    Args:
        evaluation: The evaluation.
        segmenter: The network in torch.
    """
    data, spec = evaluation.dataset, evaluation.spec
    records = {backend: with_backend(segmenter.record, backend) for backend in BACKENDS}
    prefix = "-".join(map(file_name, (segmenter.name, data.name, data.split)))
    found = []
    for path in spec.out.glob(f"{escape(prefix)}-*/{RUN_FILE}"):
        try:
            record = read_record(path.parent)
        except ResultsError:  # reported when the run is opened
            continue
        key = record.key
        backend = next((name for name, one in records.items() if one == key.segmenter), None)
        if backend is None or key.dataset != dataset_record(data):
            continue
        own = spec.stream, evaluation.seed, evaluation.protocol.severities_digest
        other = own != (
            key.corruption.stream,
            key.corruption.seed,
            key.corruption.severities_digest,
        )
        found.append(_Run(path.parent, backend, other, record.created))
    return min(found, key=lambda run: (run.is_other, run.created, run.folder), default=None)
