"""Measures: the counts for an image, their addition, and the scores of sums.

An evaluation counts MEASURES, in this order. The first one ranks the models.
"""

from collections.abc import Mapping, Sequence

from robustbench_seg.errors import OptionError, unknown
from robustbench_seg.measures.boundary import Boundary
from robustbench_seg.measures.boundary_iou import BoundaryIoU
from robustbench_seg.measures.confidence import CONFIDENCE, SCALED_CONFIDENCE, ConfidenceMeasure
from robustbench_seg.measures.confidence_infos import LIKELIHOOD_SCORES
from robustbench_seg.measures.confusion import CONFUSION
from robustbench_seg.measures.confusion_matrix import confusion_matrix
from robustbench_seg.measures.counts import Counts, ScoreArray
from robustbench_seg.measures.derived import derived_scores
from robustbench_seg.measures.group_iou import GroupIoU
from robustbench_seg.measures.image_miou import IMAGE_MIOU
from robustbench_seg.measures.iou import class_counts, iou_of_counts, mean_iou, miou_of_counts
from robustbench_seg.measures.measure import Measure, Scorer
from robustbench_seg.measures.missed_objects import MissedObjects
from robustbench_seg.measures.objects import OBJECTS
from robustbench_seg.measures.pixel_accuracy import PIXEL_ACCURACY
from robustbench_seg.measures.prediction import Confidence, Prediction, Truth
from robustbench_seg.measures.reliability import COVERAGES, Reliability
from robustbench_seg.measures.score_info import ScoreInfo, Section
from robustbench_seg.measures.worst_images import LEAST_IMAGES, WORST_SHARE, WorstImages

__all__ = [
    "CONFIDENCE",
    "CONFUSION",
    "COVERAGES",
    "IMAGE_MIOU",
    "LEAST_IMAGES",
    "LIKELIHOOD_SCORES",
    "MEASURES",
    "OBJECTS",
    "PIXEL_ACCURACY",
    "SCALED_CONFIDENCE",
    "WORST_SHARE",
    "Confidence",
    "ConfidenceMeasure",
    "Counts",
    "GroupIoU",
    "Measure",
    "MissedObjects",
    "Prediction",
    "Reliability",
    "ScoreArray",
    "ScoreInfo",
    "Scorer",
    "Section",
    "Truth",
    "WorstImages",
    "class_counts",
    "confusion_matrix",
    "derived_scores",
    "iou_of_counts",
    "mean_iou",
    "miou_of_counts",
    "score_infos",
    "select_measures",
]

MEASURES: tuple[Measure, ...] = (
    *(CONFUSION, IMAGE_MIOU, Boundary(), BoundaryIoU(), OBJECTS),
    *(CONFIDENCE, SCALED_CONFIDENCE),
)


def score_infos() -> Mapping[str, ScoreInfo]:
    """Return every score of every measure, by its name."""
    return {info.name: info for measure in MEASURES for info in measure.infos}


def select_measures(names: Sequence[str]) -> tuple[Measure, ...]:
    """Select measures by name.

    Args:
        names: Names of measures; all measures if empty.

    Returns:
        The measures, in the order of MEASURES.

    Raises:
        OptionError: No measure has one of the names.
    """
    by_name = {measure.name: measure for measure in MEASURES}
    for name in names:
        if name not in by_name:
            raise OptionError(unknown("measure", name, by_name))
    return tuple(measure for measure in MEASURES if not names or measure.name in names)
