"""The recall of objects, by their size.

An object is a connected region of the truth: pixels of one class that touch, also at their corners.
If a dataset has instances, each instance is one object, even in several pieces. All objects count
equally, whereas the IoU weights them by their pixels. The recall of an object is the share of its
pixels whose predicted class is correct.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import IGNORE
from robustbench_seg.measures.counts import Counts, ScoreArray, class_mean, percent
from robustbench_seg.measures.measure import AdditiveMeasure
from robustbench_seg.measures.prediction import Prediction, Truth
from robustbench_seg.measures.regions import Regions, connected_regions, hits_of_regions
from robustbench_seg.measures.score_info import ScoreInfo

SIZES = ("small", "medium", "large")

BOUNDS = (1 / 2048, 9 / 2048)
"""The smallest medium and the smallest large object, as shares of the image's pixels: 32^2 and 96^2
at 1024x2048.
"""


_CHIEF = {"small": 3, "large": 4}
"""The order of the chief scores; see ScoreInfo."""


@dataclass(frozen=True, eq=False)
class TruthObjects:
    """The objects of an image.

    Attributes:
        regions: int32 HxW: the object number of each pixel; -1 for pixels without an object.
        areas: int64 (R,): the pixels of each.
        cells: int64 (R,): 256 times the number of its size, plus its class.
    """

    regions: Regions
    areas: NDArray[np.int64]
    cells: NDArray[np.int64]


class Objects(AdditiveMeasure):
    """The recall of objects, as the mean over the classes of the mean over a class's objects."""

    name = "objects"
    column = "objects"
    law = 1
    infos = (
        ScoreInfo(
            "object_recall",
            "recall of objects",
            "Mean over the classes of the mean over their objects (connected regions, or "
            "instances where the dataset has them) of the share of their pixels that are "
            "correct, in percent.",
            section="failures",
        ),
        *(
            ScoreInfo(
                f"object_recall_{size}",
                f"recall of {size} objects",
                "Mean over the classes of the mean over their objects of the share of their pixels "
                f"that are correct, in percent; only objects of {extent} of the image's pixels.",
                section="failures",
                chief=_CHIEF.get(size),
            )
            for size, extent in zip(
                SIZES, ("less than 1/2048", "1/2048 to 9/2048", "9/2048 and more"), strict=True
            )
        ),
    )

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return (sizes, 3, K): objects, the sum of their recalls 0..1, and the missed ones."""
        return (len(SIZES), 3, classes)

    def prepare(self, truth: Truth) -> TruthObjects:
        """Find the objects."""
        labels = truth.labels
        regions = _regions(labels, truth.read_instances())
        has_region = regions >= 0
        areas = np.bincount(regions[has_region])
        classes = np.zeros(len(areas), np.int64)
        classes[regions[has_region]] = labels[has_region]
        sizes = np.digitize(areas / labels.size, BOUNDS)
        return TruthObjects(regions, areas, 256 * sizes + classes)

    def observe(self, prepared: TruthObjects, prediction: Prediction) -> NDArray[np.float64]:
        """Return float64 sizes x 3 x K; an object is missed if less than half is found."""
        classes = len(prediction.matrix)  # also checks the labels
        areas, count = prepared.areas, len(prepared.areas)
        hits = hits_of_regions(prepared.regions, count, prediction.truth, prediction.labels)
        columns = [
            np.bincount(prepared.cells, weights, len(SIZES) * 256).reshape(-1, 256)[:, :classes]
            for weights in (np.ones(count), hits / areas, (2 * hits < areas).astype(float))
        ]
        return np.stack(columns, axis=1)

    def pooled(self, observed: Counts) -> Counts:
        """Return the objects and the sum of their recalls: ... x sizes x 2 x K."""
        return observed[..., :2, :]

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the recall of all objects, and of those of each size."""
        by_size = {size: counts[..., number, :, :] for number, size in enumerate(SIZES)}
        return {
            "object_recall": _mean_recall(counts.sum(axis=-3)),
            **{f"object_recall_{size}": _mean_recall(each) for size, each in by_size.items()},
        }


OBJECTS = Objects()


def _mean_recall(counts: Counts) -> ScoreArray:
    """The mean over the classes with objects of the mean recall, from ...x2xK."""
    objects, recall = np.moveaxis(counts, -2, 0)
    return class_mean(percent(recall, objects))


def _regions(truth: NDArray[np.uint8], instances: NDArray[np.int32] | None) -> Regions:
    """Instances by number and class; connected regions of the other pixels."""
    if instances is None:
        return connected_regions(truth)
    inside = (instances > 0) & (truth != IGNORE)
    regions = connected_regions(np.where(inside, np.uint8(IGNORE), truth))
    first = int(regions.max(initial=-1)) + 1
    # Renumber without gaps, and without sorting all pixels.
    number, label = instances[inside], truth[inside].astype(np.int64)
    place = np.cumsum(np.bincount(number) > 0)[number] - 1
    pairs = 256 * place + label
    dense = np.cumsum(np.bincount(pairs) > 0) - 1 if len(pairs) else pairs
    regions[inside] = first + dense[pairs]
    return regions
