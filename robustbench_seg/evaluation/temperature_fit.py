"""The temperature of a run: given, or fitted on clean images that the run does not score.

The temperature minimises the negative log-likelihood (Guo et al., "On calibration of modern neural
networks", ICML 2017) and is the same for every condition. It is fitted on the train split if this
can be read. Otherwise each half of the scored split gets the temperature fitted on the other half.
Fitted temperatures are kept in RUNS/temperatures, so that later starts, shards and machines reuse
them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.codec import from_table, to_table
from robustbench_seg.datasets import EvaluationDataset, evenly_spaced
from robustbench_seg.errors import CardError, DatasetError, ResultsError
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.inputs.train_split import unscored_train_split
from robustbench_seg.evaluation.predictions.adaptation_images import clean_segmenter
from robustbench_seg.evaluation.run_records import dataset_record
from robustbench_seg.files import digest_json, read_json, write_json
from robustbench_seg.records.runs.temperature_record import TemperatureRecord, first_half
from robustbench_seg.segmenter import ConfidentSegmenter, EvaluatedModel

log = logging.getLogger(__name__)

GRID = 2.0 ** np.arange(-1, 3.01, 0.25)
"""The temperatures at which the NLL is computed."""

MAX_FIT_IMAGES = 50
"""Maximum number of images, evenly spaced, to fit a temperature."""

_DECIMALS = 2
"""Decimals of a fitted temperature; differences between machines are smaller."""


def run_temperature(evaluation: Evaluation, segmenter: EvaluatedModel) -> TemperatureRecord | None:
    """Return the temperature of a segmenter's run, fitted if the specification requests it.

    Args:
        evaluation: What is evaluated.
        segmenter: The segmenter.

    Returns:
        The record. None: no scaled confidence is counted.

    Raises:
        DatasetError: There are no images for fitting it.
        ResultsError: A temperature that was fitted earlier cannot be read.
    """
    temperature = evaluation.spec.temperature
    scaled = any(
        measure.needs_confidence == "scaled" for measure in evaluation.measures_of(segmenter)
    )
    if temperature is None or not scaled or not isinstance(segmenter, ConfidentSegmenter):
        return None
    if temperature != "fit":
        return TemperatureRecord((float(temperature),))
    scored = dataset_record(evaluation.dataset)
    digest = digest_json([to_table(segmenter.record), to_table(scored)])
    path = evaluation.spec.out / "temperatures" / f"{digest[:16]}.json"
    if not path.exists():
        write_json(path, to_table(_fit_temperature(evaluation, segmenter)))
    return _read(path)


def _read(path: Path) -> TemperatureRecord:
    try:
        return from_table(TemperatureRecord, read_json(path), str(path))
    except (OSError, ValueError, CardError) as error:
        raise ResultsError(f"{path} cannot be read ({error}); remove this file") from error


def _fit_temperature(evaluation: Evaluation, segmenter: ConfidentSegmenter) -> TemperatureRecord:
    scored = evaluation.dataset
    train = unscored_train_split(evaluation.spec, scored, "to fit a temperature on")
    data = train or scored
    half, count = first_half(len(data)), len(data)
    halves = [range(count)] if train else [range(half, count), range(half)]
    if not all(halves):
        raise DatasetError(
            f"{data.name} {data.split}: {count} image and no train split to fit a temperature on; "
            "give it as a number"
        )
    confident = clean_segmenter(segmenter, evaluation.dataset)
    assert isinstance(confident, ConfidentSegmenter)
    log.info("%s: its temperature is fitted on %s %s", segmenter.name, data.name, data.split)
    fits = [_fit(confident, data, places) for places in halves]
    return TemperatureRecord(
        tuple(fit.temperature for fit in fits), data.split, tuple(fit.images for fit in fits)
    )


@dataclass(frozen=True)
class _Fit:
    """A temperature, and the ids of the images on which it was fitted."""

    temperature: float
    images: tuple[str, ...]


def _fit(segmenter: ConfidentSegmenter, data: EvaluationDataset, places: Sequence[int]) -> _Fit:
    """Fit a temperature on some of the images at `places` of a dataset."""
    losses, images = np.zeros(len(GRID)), list[str]()
    reason: DatasetError | None = None
    for place in evenly_spaced(len(places), MAX_FIT_IMAGES):
        try:
            sample = data[places[place]]
        except DatasetError as error:
            reason = error
            continue
        _, found = segmenter.with_confidence(sample.image, sample.labels, GRID.tolist())
        losses += [one.nll or 0.0 for one in found]
        images.append(sample.id)
    if not images or not losses.any():
        why = reason or "no pixel is scored"
        raise DatasetError(
            f"{data.name} {data.split}: no image to fit a temperature on ({why}); give it as a "
            "number"
        )
    return _Fit(best_temperature(losses), tuple(images))


def best_temperature(losses: NDArray[np.float64]) -> float:
    """Find the temperature with the lowest loss, from the losses at the temperatures of GRID.

    A polynomial is fitted to the lowest one and two neighbours on each side.
    """
    start = int(np.clip(losses.argmin() - 2, 0, len(GRID) - 5))
    near, steps = np.log2(GRID[start : start + 5]), np.arange(5)
    curve = np.polynomial.Polynomial.fit(steps, losses[start : start + 5], 4)
    fine = np.linspace(0, 4, 2001)
    best = fine[int(np.argmin(curve(fine)))]
    return round(float(2.0 ** np.interp(best, steps, near)), _DECIMALS)
