"""Opens an evaluation: the data and the models of a specification, loaded and checked."""

from collections.abc import Sequence
from dataclasses import replace

from robustbench_seg.corruption import check_corruptions
from robustbench_seg.datasets import (
    ClassMap,
    Dataset,
    EvaluationDataset,
    load_class_map,
    open_dataset,
)
from robustbench_seg.errors import DatasetError
from robustbench_seg.evaluation.inputs.attack_settings import load_surrogate, open_attacks
from robustbench_seg.evaluation.inputs.checks import check_evaluation
from robustbench_seg.evaluation.inputs.computed_conditions import computed_conditions
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.inputs.train_split import unscored_train_split
from robustbench_seg.evaluation.outputs.prediction_folder import check_images
from robustbench_seg.evaluation.outputs.server_formats import file_format
from robustbench_seg.measures import select_measures
from robustbench_seg.records.cards.protocol import Protocol, check_name, load_protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.segmenter import EvaluatedModel, Segmenter, SegmenterOptions, load_named


def options_on_data(
    spec: EvaluationSpec, data: EvaluationDataset, class_map: ClassMap | None
) -> SegmenterOptions:
    """Select the options for loading the models that a specification names.

    Args:
        spec: The specification.
        data: The images that are scored.
        class_map: Maps the models' classes to the dataset's. None: they are the same.

    Raises:
        DatasetError: Calibration images are needed, but all images are scored.
    """
    classes = class_map.model_classes if class_map else tuple(data.classes)
    return SegmenterOptions.of(spec, classes=classes, calibration=_calibration(spec, data))


def _calibration(spec: EvaluationSpec, data: EvaluationDataset) -> Dataset | None:
    """The calibration images for quantised networks; None: networks are not quantised."""
    if spec.precision != "int8":
        return None
    train = unscored_train_split(spec, data, "to calibrate int8")
    if train is None:
        raise DatasetError(
            f"{data.name} {data.split}: precision int8 needs images that are not scored, but "
            "there is no train split; leave out precision"
        )
    return train


def open_evaluation(
    spec: EvaluationSpec,
    *,
    segmenters: Sequence[Segmenter] = (),
    dataset: EvaluationDataset | None = None,
    protocol: Protocol | None = None,
) -> Evaluation:
    """Open the data and load the models of a specification.

    The backend "auto" is torch here, because it loads quickly; see backend_choice.py.

    Args:
        spec: The specification.
        segmenters: Segmenters to use instead of those that it names.
        dataset: A dataset to use instead of the one that it names.
        protocol: A protocol to use instead of the one that it names.

    Raises:
        RobustsegError: A protocol, dataset or model does not exist, or they do not fit together; or
            two images would have the same file name for saved predictions.
    """
    measures = select_measures(spec.measures)
    protocol = protocol or load_protocol(spec.protocol)
    check_name(protocol)
    if spec.corrupted is None:
        check_corruptions(protocol)
    conditions = computed_conditions(protocol, spec.conditions(protocol))
    data = dataset or open_dataset(spec.dataset, spec.data, spec.split)
    data = data.first(spec.limit) if spec.limit else data
    if spec.save_predictions:
        check_images(file_format(spec.prediction_format), data)
    if spec.save_attacks:
        check_images(file_format("indices"), data, "attacked image")
    class_map = None if spec.class_map is None else load_class_map(spec.class_map)
    attacks = open_attacks(spec, protocol, conditions, data)
    loaded = segmenters or _load(spec, options_on_data(spec, data, class_map))
    settings = replace(attacks, surrogate=load_surrogate(spec, data))
    evaluation = Evaluation(
        spec, data, protocol, conditions, measures, tuple(loaded), settings, class_map
    )
    check_evaluation(evaluation)
    return evaluation


def _load(spec: EvaluationSpec, options: SegmenterOptions) -> list[EvaluatedModel]:
    if options.backend == "auto":
        options = replace(options, backend="torch")
    return [load_named(model, options) for model in spec.models]
