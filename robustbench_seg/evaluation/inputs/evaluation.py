"""An evaluation: a specification with opened data and loaded models."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from robustbench_seg.datasets import (
    ClassMap,
    EvaluationDataset,
    published_images,
)
from robustbench_seg.errors import ModelError
from robustbench_seg.evaluation.inputs.attack_settings import AttackSettings
from robustbench_seg.evaluation.inputs.computed_conditions import computed_conditions
from robustbench_seg.measures import Measure
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.published_score import Published
from robustbench_seg.records.values.shard import WHOLE
from robustbench_seg.results import random_perturbations
from robustbench_seg.segmenter import (
    EvaluatedModel,
    StoredPredictions,
    why_no_confidence,
    why_no_scaling,
)

BLOCK = 4
"""Number of consecutive images whose rows are written together."""

GPU_WORKERS = 8
"""A network that takes 20 ms per image needs four more cores to corrupt its images
(docs/scale.md).
"""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every segmenter on every image, clean and under every condition.

    Attributes:
        spec: The specification.
        dataset: The images, up to the specification's limit.
        protocol: The protocol with the conditions and their parameters.
        conditions: The requested conditions in protocol order, without clean.
        measures: The measures of each image.
        segmenters: The models, which may also be predictions in files; each has its own run.
        attack_settings: The settings of the attacks.
        class_map: Maps the models' classes to the dataset's. None: they are the same.
    """

    spec: EvaluationSpec
    dataset: EvaluationDataset
    protocol: Protocol
    conditions: tuple[Condition, ...]
    measures: tuple[Measure, ...]
    segmenters: tuple[EvaluatedModel, ...]
    attack_settings: AttackSettings
    class_map: ClassMap | None = None

    @property
    def needs_gradients(self) -> bool:
        """Whether the scored networks themselves are attacked."""
        return bool(self.attacks) and self.attack_settings.surrogate is None

    @property
    def attacks(self) -> Sequence[str]:
        """Names of the attacks among the conditions."""
        return [each.name for each in self.conditions if self.protocol.is_attack(each)]

    @property
    def stored_predictions(self) -> Sequence[StoredPredictions]:
        """The models whose predictions are files."""
        return [one for one in self.segmenters if isinstance(one, StoredPredictions)]

    @property
    def seed(self) -> int:
        """Seed of the corruptions' random numbers: the first one if there are several."""
        return self.spec.seeds[0]

    def by_seed(self) -> Sequence["Evaluation"]:
        """Split it into one evaluation, with one run of each model, for each seed.

        The first evaluation has every condition. The others have only the random corruptions and
        attacks, because the seed does not change other images.
        """
        first, *others = self.spec.seeds
        evaluations = [replace(self, spec=replace(self.spec, seeds=(first,)))]
        names = tuple(dict.fromkeys(c.name for c in self.random_conditions))
        for seed in others:
            spec = replace(self.spec, seeds=(seed,), corruptions=names)
            attacks = replace(self.attack_settings, seed=seed)
            changed = replace(self, spec=spec, conditions=self.random_conditions)
            evaluations.append(replace(changed, attack_settings=attacks))
        return evaluations

    @property
    def random_conditions(self) -> tuple[Condition, ...]:
        """The conditions that draw random numbers."""
        random = random_perturbations(self.protocol)
        return tuple(condition for condition in self.conditions if condition.name in random)

    @property
    def all_conditions(self) -> tuple[Condition, ...]:
        """Clean, then the others in their order."""
        return (CLEAN, *self.conditions)

    @property
    def scored_conditions(self) -> tuple[Condition, ...]:
        """The conditions from which the scored ones of the protocol are computed."""
        return computed_conditions(self.protocol, self.protocol.scored_conditions)

    @cached_property
    def phases(self) -> Sequence[tuple[Condition, ...]]:
        """The conditions in the order in which they are run over all images.

        By default all conditions run together, so that each image is decoded once. If there is a
        published clean score to compare with, the clean images run first, so that mistakes show
        early.
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
        """Threads that create images ahead of the segmenters; 1 means no extra thread."""
        on_gpu = self.spec.device.startswith("cuda")
        return self.spec.workers or (GPU_WORKERS if on_gpu else 1)

    def measures_of(self, segmenter: EvaluatedModel) -> tuple[Measure, ...]:
        """List the measures that a segmenter supports.

        Raises:
            ModelError: It supports none of the requested measures.
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
            raise ModelError(
                f"{segmenter.name} does not support {name} ({reason}); choose other measures"
            )
        return given

    def published(self, segmenter: EvaluatedModel) -> Published | None:
        """Return the published clean score of a segmenter, if it was measured in the same way."""
        data, about, record = self.dataset, segmenter.about, segmenter.record
        if self.class_map or record.adaptation or record.augment or record.calibration:
            return None
        whole = data.split == "val" and len(data) == published_images(data.name)
        return about.published if whole and about.published_on == data.name else None
