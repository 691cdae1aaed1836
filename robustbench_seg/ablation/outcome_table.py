"""The table of an ablation: its scores next to the paper's."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.training import Training
from robustbench_seg.reporting.panels import read_panels


def ablation_table(runs: Path, expected: Mapping[str, float | None], paper: str) -> pd.DataFrame:
    """Tabulate the scores of the models of an ablation, clean and corrupted, in percent.

    The trainings of one model share a row with their mean.

    Args:
        runs: The folder that contains the run folders.
        expected: Name of a model -> the paper's score in percent, or None; in the order of rows.
        paper: Heading of the paper's column, which names its dataset.

    Returns:
        Columns model; params M; GMAC; seeds; steps; encoder from; images; clean; mean; low and high
        (95 % interval of the mean); retention; and the paper's score.

    Raises:
        ResultsError: A model has no run, or several that are not trainings of one recipe.
    """
    measured = [model for panel in read_panels([runs]) for model in panel.models]
    rows = []
    for name, published in expected.items():
        found = [model for model in measured if model.scored.name == name]
        if len(found) != 1:
            raise ResultsError(
                f"{runs}: {len(found)} models called {name}, but the table needs exactly one; "
                "remove the other runs, or give another folder"
            )
        (model,) = found
        low, high = model.mean_interval
        rows.append(
            {
                "model": name,
                "params M": None if model.parameters is None else model.parameters / 1e6,
                "GMAC": model.gmacs,
                **_how_trained(model.records),
                "images": model.images,
                "clean": model.miou["clean"],
                "mean": model.mean,
                "low": low,
                "high": high,
                "retention": model.miou["retention"],
                paper: published,
            }
        )
    return pd.DataFrame(rows)


def _how_trained(records: Sequence[RunRecord]) -> Mapping[str, object]:
    """Seeds and steps of the trainings of a model, and the weights its encoder started from."""
    training = records[0].about.training
    return {
        "seeds": ", ".join(str(record.training_seed) for record in records),
        "steps": training.iterations if training else None,
        "encoder from": _encoder(training),
    }


def _encoder(training: Training | None) -> str:
    """The weights that an encoder started from, with the digest of their file."""
    if training is None or training.encoder is None:
        return "nothing"
    digest = training.encoder_sha256
    return f"{training.encoder} (sha256 {digest})" if digest else training.encoder
