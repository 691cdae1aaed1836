"""Checks that the specification, the data and the models of an evaluation fit together."""

from collections.abc import Sequence

from robustbench_seg.datasets import ClassMap, EvaluationDataset, fitting_maps
from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.outputs.prediction_folder import check_images
from robustbench_seg.evaluation.outputs.server_formats import file_format
from robustbench_seg.files import file_name
from robustbench_seg.records.values.choices import PredictionFormat
from robustbench_seg.segmenter import EvaluatedModel, why_no_confidence, why_no_gradient


def check_evaluation(evaluation: Evaluation) -> None:
    """Check an evaluation before its first image.

    Args:
        evaluation: The evaluation.

    Raises:
        ModelError: The classes of a model are not those of the dataset, two models have the same
            name, a model is attacked that has no gradients, or one returns no confidence, but the
            format of the saved predictions needs it.
        OptionError: Two options exclude each other for these models.
        DatasetError: Two images would have the same file of a saved or stored prediction.
    """
    spec, class_map = evaluation.spec, evaluation.class_map
    check_classes(evaluation.dataset, evaluation.segmenters, class_map)
    if class_map:
        check_class_map(class_map, evaluation.attacks, spec.prediction_format)
    _check_names(evaluation)
    _check_stored_predictions(evaluation)
    _check_gradients(evaluation)
    _check_adaptation(evaluation)
    _check_calibration(evaluation)
    if len(spec.seeds) > 1 and not evaluation.random_conditions:
        raise OptionError(
            f"none of these {evaluation.protocol.words.noun}s draws random numbers; give one seed"
        )
    _check_confidence(evaluation)


def _check_names(evaluation: Evaluation) -> None:
    names = [file_name(segmenter.name) for segmenter in evaluation.segmenters]
    for name in names:
        if names.count(name) > 1:
            raise ModelError(
                f"two models are called {name}; evaluate them one by one, or give one of them "
                "another name"
            )


def _check_stored_predictions(evaluation: Evaluation) -> None:
    stored = evaluation.stored_predictions
    if stored and len(evaluation.spec.seeds) > 1:
        raise OptionError(
            f"{stored[0].folder} holds predictions for the images of one seed; evaluate each seed "
            "separately, with its own predictions"
        )
    if stored:
        check_images(file_format("indices"), evaluation.dataset)


def _check_gradients(evaluation: Evaluation) -> None:
    """Check that every network that is attacked has gradients."""
    for segmenter in evaluation.segmenters if evaluation.needs_gradients else ():
        if reason := why_no_gradient(segmenter):
            raise ModelError(
                f"{segmenter.name} cannot be attacked: {reason}; attack another network with "
                "attack_from"
            )


def _check_adaptation(evaluation: Evaluation) -> None:
    attacks = evaluation.attacks
    for segmenter in evaluation.segmenters if attacks else ():
        if segmenter.record.adaptation:
            raise OptionError(
                f"{segmenter.name} cannot be adapted to {attacks[0]}: attacked images depend "
                "on the network; leave out adapt or the attacks"
            )


def _check_calibration(evaluation: Evaluation) -> None:
    """Check that no network was quantised with images that are scored."""
    data = evaluation.dataset
    for segmenter in evaluation.segmenters:
        used = segmenter.record.calibration
        if used and (used.dataset, used.split) == (data.name, data.split):
            raise OptionError(
                f"{segmenter.name} was quantised with images of {data.name} {data.split}, which "
                "are scored; calibrate it on another split"
            )


def _check_confidence(evaluation: Evaluation) -> None:
    """Check that every segmenter has confidence, if the format of predictions needs it."""
    form = evaluation.spec.prediction_format
    for segmenter in evaluation.segmenters if file_format(form).confidence else ():
        if reason := why_no_confidence(segmenter):
            raise ModelError(
                f"{segmenter.name} returns no confidence ({reason}), which the prediction format "
                f"{form} needs; use another format"
            )


def check_classes(
    dataset: EvaluationDataset, segmenters: Sequence[EvaluatedModel], class_map: ClassMap | None
) -> None:
    """Check that the classes of each model, mapped or not, are those of the dataset.

    Args:
        dataset: The dataset.
        segmenters: The models.
        class_map: Maps the models' classes to the dataset's. None: they must be the same.

    Raises:
        ModelError: They differ, or have another order.
    """
    if class_map and class_map.dataset_classes != tuple(dataset.classes):
        raise ModelError(
            f"the class map {class_map.name} maps to {_listed(class_map.dataset_classes)}, but "
            f"{dataset.name} has {_listed(dataset.classes)}; choose a map to this dataset's "
            "classes"
        )
    for segmenter in segmenters:
        predicted = tuple(segmenter.classes)
        if class_map and class_map.model_classes != predicted:
            raise ModelError(
                f"{segmenter.name} predicts {_listed(predicted)}, but the class map "
                f"{class_map.name} maps from {_listed(class_map.model_classes)}; choose a map "
                "from this model's classes, in the same order"
            )
        if class_map is None and predicted != tuple(dataset.classes):
            shipped = fitting_maps(predicted, dataset.classes)
            such = f", such as {shipped[0]}" if shipped else ""
            raise ModelError(
                f"{segmenter.name} predicts {_listed(predicted)}, but {dataset.name} has "
                f"{_listed(dataset.classes)}; choose a model trained on this dataset's classes, "
                f"or give a class map{such}"
            )


def check_class_map(
    class_map: ClassMap, attacks: Sequence[str], prediction_format: PredictionFormat
) -> None:
    """Check that an evaluation does not request results that are impossible with its class map.

    Args:
        class_map: The map.
        attacks: Names of the requested attacks.
        prediction_format: The format of saved predictions.

    Raises:
        OptionError: There are attacks; or the map ignores classes, and the format has no value for
            their pixels.
    """
    if attacks:
        raise OptionError(
            f"{attacks[0]} needs the true class among the classes of the model, which is unknown "
            f"with the class map {class_map.name}; leave out the attacks"
        )
    if class_map.record.ignored and prediction_format != "indices":
        raise OptionError(
            f"the class map {class_map.name} ignores {', '.join(class_map.record.ignored)}, "
            f"and the prediction format {prediction_format} has no value for pixels "
            "without a class; use the format indices"
        )


def _listed(classes: Sequence[str]) -> str:
    return f"{len(classes)} classes ({', '.join(classes)})"
