"""Checks that the classes of models, of a class map and of a dataset fit together."""

from collections.abc import Sequence

from robustbench_seg.datasets import ClassMap, Dataset, fitting_maps
from robustbench_seg.errors import ModelError, ResultsError
from robustbench_seg.records.values.choices import PredictionFormat
from robustbench_seg.segmenter import Segmenter


def check_classes(
    dataset: Dataset, segmenters: Sequence[Segmenter], class_map: ClassMap | None
) -> None:
    """Check that the classes of each model, mapped or not, are those of the dataset.

    Args:
        dataset: The dataset.
        segmenters: The models.
        class_map: Maps the models' classes to the dataset's. None: they must be the same.

    Raises:
        ModelError: They are others, or in another order.
    """
    if class_map and class_map.dataset_classes != tuple(dataset.classes):
        raise ModelError(
            f"the class map {class_map.name} maps to {_listed(class_map.dataset_classes)}; "
            f"{dataset.name} has {_listed(dataset.classes)}: choose a map to this dataset's classes"
        )
    for segmenter in segmenters:
        predicted = tuple(segmenter.classes)
        if class_map and class_map.model_classes != predicted:
            raise ModelError(
                f"{segmenter.name} predicts {_listed(predicted)}; the class map "
                f"{class_map.name} maps from {_listed(class_map.model_classes)}: choose a map "
                "from this model's classes, in their order"
            )
        if class_map is None and predicted != tuple(dataset.classes):
            shipped = fitting_maps(predicted, dataset.classes)
            such = f", such as {shipped[0]}" if shipped else ""
            raise ModelError(
                f"{segmenter.name} predicts {_listed(predicted)}; {dataset.name} has "
                f"{_listed(dataset.classes)}: choose a model trained on this dataset's classes, "
                f"or give a class map{such}"
            )


def check_class_map(
    class_map: ClassMap, attacks: Sequence[str], prediction_format: PredictionFormat
) -> None:
    """Check that an evaluation through a class map asks for nothing that the map cannot give.

    Args:
        class_map: The map.
        attacks: Names of the attacks that are asked for.
        prediction_format: The format of saved predictions.

    Raises:
        ModelError: There are attacks.
        ResultsError: The map ignores classes, and the format has no value for their pixels.
    """
    if attacks:
        raise ModelError(
            f"{attacks[0]} needs the true class among the classes of the model, which the "
            f"class map {class_map.name} does not give; leave out the attacks"
        )
    if class_map.record.ignored and prediction_format != "indices":
        raise ResultsError(
            f"the class map {class_map.name} ignores {', '.join(class_map.record.ignored)}, "
            f"and the prediction format {prediction_format} has no value for pixels "
            "without a class; use the format indices"
        )


def _listed(classes: Sequence[str]) -> str:
    return f"{len(classes)} classes ({', '.join(classes)})"
