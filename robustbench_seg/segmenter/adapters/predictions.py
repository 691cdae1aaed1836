"""predictions:FOLDER reads predictions of another program (see PredictionManifest)."""

from pathlib import Path

from robustbench_seg.codec import read_toml
from robustbench_seg.datasets import described_facts
from robustbench_seg.errors import ModelError
from robustbench_seg.files import digest_bytes
from robustbench_seg.records.cards.prediction_manifest import FILE, TEMPLATE, PredictionManifest
from robustbench_seg.records.runs.segmenter_record import PREDICTIONS, ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions
from robustbench_seg.segmenter.stored_predictions import StoredPredictions

PREDICTIONS_LAW = 1
"""Increment when the reading of files of predictions changes."""

ACCEPTS = ("name", "batch")
"""Nothing runs, so it has no batches; an evaluation gives all models a batch."""


def load(location: str, options: SegmenterOptions) -> StoredPredictions:
    """Open predictions for the images of a dataset.

    Args:
        location: A folder with predictions.toml.
        options: The name of the model.

    Returns:
        The predictions, named as in predictions.toml.

    Raises:
        ModelError: The folder or its predictions.toml is missing.
        CardError: predictions.toml is wrong.
        DatasetError: predictions.toml names an unknown dataset.
    """
    where, folder = f"predictions:{location}", Path(location)
    if not folder.is_dir():
        raise ModelError(f"{where}: there is no such folder")
    path = folder / FILE
    if not path.exists():
        raise ModelError(
            f"{where}: it has no {FILE}, which describes its files; create one from this template:",
            example=TEMPLATE.format(name=folder.resolve().name),
        )
    manifest = read_toml(PredictionManifest, path, "manifest of predictions")
    classes, table = manifest.classes or (), None
    if manifest.dataset is not None:
        own = manifest.dataset.endswith(".toml")
        facts = described_facts(folder / manifest.dataset if own else manifest.dataset)
        classes, table = facts.classes, facts.table if manifest.ids == "label ids" else None
    stated = {"name": manifest.name, "ids": manifest.ids, "version": manifest.version}
    return StoredPredictions(
        folder,
        manifest,
        table,
        name=options.name or manifest.name,
        classes=class_spelling(classes, options.classes),
        record=SegmenterRecord(
            architecture=PREDICTIONS,
            config=None if table is None else digest_bytes(table.tobytes()),
            runtime=PREDICTIONS,
            laws={"predictions": PREDICTIONS_LAW},
            own={key: value for key, value in stated.items() if value is not None},
        ),
        about=ModelFacts(location=where),
    )
