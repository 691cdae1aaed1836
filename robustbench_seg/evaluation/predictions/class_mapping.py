"""Maps predictions from the classes of a model to those of a dataset."""

from dataclasses import replace

from robustbench_seg.datasets import ClassMap
from robustbench_seg.measures import Confidence, Prediction


def map_classes(prediction: Prediction, class_map: ClassMap | None) -> Prediction:
    """Map a prediction to the classes of the dataset.

    The confidence remains that of the predicted class before classes are merged. The two losses are
    dropped: if several classes are merged, the probability of the true class is unknown.

    Args:
        prediction: Labels in the model's classes, truth in the dataset's.
        class_map: The map. None: the classes are the same.

    Returns:
        The prediction.

    Raises:
        ModelError: A label is not a class of the map.
    """
    if class_map is None:
        return prediction
    return replace(
        prediction,
        labels=class_map.labels(prediction.labels),
        confidence=_of_labels(prediction.confidence),
        scaled=_of_labels(prediction.scaled),
        no_class=bool(class_map.record.ignored),
    )


def _of_labels(confidence: Confidence | None) -> Confidence | None:
    return confidence and Confidence(confidence.doubt)
