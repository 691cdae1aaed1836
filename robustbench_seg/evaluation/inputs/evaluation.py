"""An evaluation: a specification with its data open and its models loaded."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from robustbench_seg.datasets import (
    ClassMap,
    Dataset,
    load_class_map,
    open_dataset,
    published_images,
)
from robustbench_seg.errors import ModelError, OptionError, ResultsError
from robustbench_seg.evaluation.inputs.attack_settings import AttackSettings, open_attacks
from robustbench_seg.evaluation.inputs.class_checks import check_class_map, check_classes
from robustbench_seg.evaluation.inputs.computed_conditions import computed_conditions
from robustbench_seg.evaluation.outputs.prediction_folder import check_images
from robustbench_seg.evaluation.outputs.server_formats import file_format
from robustbench_seg.files import file_name
from robustbench_seg.measures import Measure, select_measures
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.published_score import Published
from robustbench_seg.records.values.shard import WHOLE
from robustbench_seg.results import random_perturbations
from robustbench_seg.segmenter import (
    Segmenter,
    SegmenterOptions,
    StoredPredictions,
    load_named,
    why_no_confidence,
    why_no_scaling,
)

BLOCK = 4
"""Consecutive images of the split whose rows are written together."""

GPU_WORKERS = 8
"""A network that takes 20 ms needs four more cores to make its images (docs/scale.md)."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every segmenter on every image, clean and under every condition.

    Attributes:
        spec: What was asked for.
        dataset: The images, cut to the specification's limit.
        protocol: Where conditions and their parameters come from.
        conditions: Those asked for, in the protocol's order, without clean.
        measures: What is counted for each image.
        segmenters: The models, each for a run of its own.
        attack_settings: The settings of the attacks.
        class_map: Maps the models' classes to the dataset's. None: they are the same.
    """

    spec: EvaluationSpec
    dataset: Dataset
    protocol: Protocol
    conditions: tuple[Condition, ...]
    measures: tuple[Measure, ...]
    segmenters: tuple[Segmenter, ...]
    attack_settings: AttackSettings
    class_map: ClassMap | None = None

    def __post_init__(self) -> None:
        check_classes(self.dataset, self.segmenters, self.class_map)
        if self.class_map:
            check_class_map(self.class_map, self._attacks, self.spec.prediction_format)
        names = [file_name(segmenter.name) for segmenter in self.segmenters]
        for name in names:
            if names.count(name) > 1:
                raise ModelError(
                    f"two models are called {name}; evaluate them one by one, or name one"
                )
        stored = self.stored_predictions
        if stored and len(self.spec.seeds) > 1:
            raise ResultsError(
                f"{stored[0].folder} holds the predictions for the images of one seed; evaluate "
                "each seed by itself, with predictions of its own"
            )
        if stored:
            check_images(file_format("indices"), self.dataset)
        self._check_adaptation()
        if len(self.spec.seeds) > 1 and not self._random_conditions:
            raise OptionError(
                f"none of these {self.protocol.noun}s draws random numbers; give one seed"
            )

    @property
    def needs_gradients(self) -> bool:
        """Whether the scored networks themselves are attacked."""
        return bool(self._attacks) and self.attack_settings.source is None

    @property
    def _attacks(self) -> Sequence[str]:
        """Names of the attacks among the conditions."""
        listed = {spec.name for spec in self.protocol.perturbations if spec.is_attack}
        return [condition.name for condition in self.conditions if condition.name in listed]

    def _check_adaptation(self) -> None:
        attacks = self._attacks
        for segmenter in self.segmenters if attacks else ():
            if segmenter.record.adaptation:
                raise ModelError(
                    f"{segmenter.name} cannot be adapted to {attacks[0]}: attacked images depend "
                    "on the network; leave out adapt or the attacks"
                )

    @property
    def stored_predictions(self) -> Sequence[StoredPredictions]:
        """The segmenters that read their predictions from files."""
        return [one for one in self.segmenters if isinstance(one, StoredPredictions)]

    @property
    def seed(self) -> int:
        """Seed of the corruptions' random numbers: the first one if there are several."""
        return self.spec.seeds[0]

    def by_seed(self) -> Sequence["Evaluation"]:
        """Split it into an evaluation, and so a run of each model, for each seed.

        The first evaluation has every condition. The others have the random corruptions and
        attacks only, because the seed does not change other images.
        """
        first, *others = self.spec.seeds
        draws = [replace(self, spec=replace(self.spec, seeds=(first,)))]
        names = tuple(dict.fromkeys(c.name for c in self._random_conditions))
        for seed in others:
            spec = replace(self.spec, seeds=(seed,), corruptions=names)
            attacks = replace(self.attack_settings, seed=seed)
            drawn = replace(self, spec=spec, conditions=self._random_conditions)
            draws.append(replace(drawn, attack_settings=attacks))
        return draws

    @property
    def _random_conditions(self) -> tuple[Condition, ...]:
        random = random_perturbations(self.protocol)
        return tuple(condition for condition in self.conditions if condition.name in random)

    @property
    def all_conditions(self) -> tuple[Condition, ...]:
        """Clean, then the others in their order."""
        return (CLEAN, *(c for c in self.conditions if c != CLEAN))

    @property
    def scored_conditions(self) -> tuple[Condition, ...]:
        """The conditions that the scored ones of the protocol are computed from."""
        return computed_conditions(self.protocol, self.protocol.scored_conditions)

    @cached_property
    def phases(self) -> Sequence[tuple[Condition, ...]]:
        """The conditions in the order in which they are run over all images.

        By default all conditions run together, so that each image is decoded once. If a published
        clean score can reveal a mistake, the clean images run first, before the long part.
        """
        if self.spec.shard == WHOLE and any(map(self.published, self.segmenters)):
            return [(CLEAN,), self.all_conditions]
        return [self.all_conditions]

    @cached_property
    def blocks(self) -> Sequence[range]:
        """Indices of the images of each block of the specification's shard."""
        count = len(self.dataset)
        starts = range(0, count, BLOCK)
        return self.spec.shard.of([range(start, min(start + BLOCK, count)) for start in starts])

    @property
    def workers(self) -> int:
        """Threads that make images ahead of the segmenters; 1 means no extra thread."""
        on_gpu = self.spec.device.startswith("cuda")
        return self.spec.workers or (GPU_WORKERS if on_gpu else 1)

    def check_confidence(self) -> None:
        """Check that every segmenter gives what the format of the saved predictions needs.

        Raises:
            ModelError: The format needs confidence, and a segmenter gives none.
        """
        form = self.spec.prediction_format
        for segmenter in self.segmenters if file_format(form).confidence else ():
            if reason := why_no_confidence(segmenter):
                raise ModelError(
                    f"{segmenter.name} gives no confidence ({reason}), which the prediction format "
                    f"{form} needs; use another format"
                )

    def measures_of(self, segmenter: Segmenter) -> tuple[Measure, ...]:
        """List the measures that a segmenter can give.

        Raises:
            ModelError: It can give none of those that are asked for.
        """
        reasons = {}
        for measure in self.measures:
            scaled = measure.needs_confidence == "scaled"
            if scaled and self.spec.temperature is None:
                reasons[measure.name] = "no temperature is given"
            elif measure.needs_confidence and (
                reason := (why_no_scaling if scaled else why_no_confidence)(segmenter)
            ):
                reasons[measure.name] = reason
        given = tuple(measure for measure in self.measures if measure.name not in reasons)
        if not given:
            (name, reason), *_ = reasons.items()
            raise ModelError(f"{segmenter.name} gives no {name} ({reason}); ask for other measures")
        return given

    def published(self, segmenter: Segmenter) -> Published | None:
        """Return the published clean score of a segmenter, if it was measured in the same way."""
        data, about, record = self.dataset, segmenter.about, segmenter.record
        if self.class_map or record.adaptation or record.augment:
            return None
        whole = data.split == "val" and len(data) == published_images(data.name)
        return about.published if whole and about.published_on == data.name else None


def segmenter_options(spec: EvaluationSpec, **other: Any) -> SegmenterOptions:
    """Select the options of a specification that a segmenter is built with.

    Args:
        spec: The specification.
        **other: Values in place of its own, and the classes, which it does not have.
    """
    own = {
        each.name: getattr(spec, each.name)
        for each in fields(SegmenterOptions)
        if each.name != "classes"
    }
    return SegmenterOptions(**own | other)


def open_evaluation(
    spec: EvaluationSpec,
    *,
    segmenters: Sequence[Segmenter] = (),
    dataset: Dataset | None = None,
    protocol: Protocol | None = None,
) -> Evaluation:
    """Open the data and load the models of a specification.

    Args:
        spec: The specification.
        segmenters: Segmenters to use instead of those that it names.
        dataset: A dataset to use instead of the one that it names.
        protocol: A protocol to use instead of the one that it names.

    Raises:
        RobustsegError: A protocol, dataset or model does not exist, or they do not fit together;
            or predictions are to be saved and two images would share a file name.
    """
    measures = select_measures(spec.measures)
    protocol = protocol or load_protocol(spec.protocol)
    conditions = computed_conditions(protocol, spec.conditions(protocol))
    data = dataset or open_dataset(spec.dataset, spec.data, spec.split)
    data = data.first(spec.limit) if spec.limit else data
    if spec.save_predictions:
        check_images(file_format(spec.prediction_format), data)
    if spec.save_attacks:
        check_images(file_format("indices"), data, "attacked image")
    class_map = None if spec.class_map is None else load_class_map(spec.class_map)
    classes = class_map.model_classes if class_map else data.classes
    loaded = segmenters or [
        load_named(model, spec.weights, segmenter_options(spec, classes=classes))
        for model in spec.models
    ]
    settings = open_attacks(spec, protocol, conditions, data, loaded)
    evaluation = Evaluation(
        spec, data, protocol, conditions, measures, tuple(loaded), settings, class_map
    )
    evaluation.check_confidence()
    return evaluation
