"""A panel: models that were scored on the same images under one protocol.

Published results rank in a panel with the same dataset, images and protocol. If none does, a panel
has those of the benchmark's own table for reference. All other results on the dataset are in a list
with the reasons why they are not ranked.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import pandas as pd

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.panels.degradation_rows import degradation_rows
from robustbench_seg.reporting.panels.drop_rows import drop_rows
from robustbench_seg.reporting.panels.panel_warnings import panel_warnings
from robustbench_seg.reporting.ranking.class_grid import class_grid
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.reporting.ranking.model_group import ModelGroup
from robustbench_seg.results import (
    ScoreDifference,
    SubsetScore,
    Verdict,
    are_comparable,
    is_measured,
    shared_ranks,
    verdicts,
)
from robustbench_seg.text import counted


@dataclass(frozen=True, eq=False)
class Panel(ModelGroup[MeasuredModel]):
    """One group of a report, ranked by the mean mIoU. All scores are in percent.

    Its tables follow from its models. ranking/table_columns.py, degradation_rows.py and
    drop_rows.py define their columns.

    Attributes:
        subsets: The scores of the subsets of the models' datasets, and the drops from reference
            images.
        reference: The reference of CD and rCD, a measured or a published model. None: there are no
            CD and rCD.
    """

    subsets: tuple[SubsetScore, ...] = ()
    reference: str | None = None

    @cached_property
    def degradation(self) -> pd.DataFrame:
        """The rows of tables/degradation.csv, indexed as `miou`; none without a `reference`.

        Columns MIOU_COLUMNS, reference, CD_<perturbation> for each averaged one, DEGRADATION_MEANS
        and runs.
        """
        models = {model.name: model for model in self.models}
        return degradation_rows(self.miou, models, self.protocol, self.reference)

    @cached_property
    def drops(self) -> pd.DataFrame:
        """The rows of tables/drops.csv; none unless reference images were also scored.

        Columns DROP_COLUMNS.
        """
        return drop_rows(self.models, self.subsets, self.protocol)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Facts that a reader must know before comparing rows, a sentence or two each."""
        return panel_warnings(self.models, self.qualifier, self.protocol)

    @property
    def extent(self) -> str:
        """The numbers of runs, images and classes, and the protocol, in one line."""
        runs = sum(len(model.folders) for model in self.models)
        return (
            f"{counted(runs, 'measured run')}, {counted(self.images, 'image')}, "
            f"{counted(len(self.classes), 'class', 'classes')}{self._scored_classes}, protocol "
            f"{self.protocol.name} version {self.protocol.version}{self.class_maps}"
        )

    @property
    def _scored_classes(self) -> str:
        """The number of classes in an mIoU, as text, if it is not all of them."""
        counts = sorted({n for model in self.models for n in model.scored.scored_classes.values()})
        if not counts or counts[0] == len(self.classes):
            return ""
        return f" ({' to '.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} scored)"

    @property
    def sampling_unit(self) -> str:
        """The sampling unit: images or clips, and trainings if a row has several."""
        unit = self.models[0].scores.unit
        several = any(model.scores.trainings > 1 for model in self.models)
        return f"{unit} and trainings" if several else unit

    @property
    def complete(self) -> tuple[MeasuredModel, ...]:
        """The measured models that have a clean score and a mean, the most robust first."""
        return tuple(m for m in self.models if not math.isnan(m.miou[CLEAN.name] + m.mean))

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        """The rank of each row of `miou`, such as "1" or "2="; empty without a mean.

        Rows after the first of a rank share it unless the first is significantly better (see
        `verdict`). All of them are marked: "2=". Published results share no rank, because their
        images are not available.
        """
        names = self.miou["model"].where(is_measured(self.miou)).tolist()

        def is_tied(first: int, second: int) -> bool:
            verdict = self._verdicts.get((names[first], names[second]))
            return verdict is not None and not verdict.is_established

        pairs = zip(shared_ranks(len(names), is_tied), self.miou["mean"], strict=True)
        return tuple("" if pd.isna(mean) else rank for rank, mean in pairs)

    def verdict(self, first: str, second: str) -> Verdict | None:
        """Return the verdict about the difference of the means of two complete models.

        Args:
            first: Name of a model of `complete`.
            second: Name of one that is less robust, whose mean is subtracted.

        Returns:
            The verdict; None if the two cannot be compared in pairs.
        """
        return self._verdicts.get((first, second))

    @cached_property
    def _verdicts(self) -> Mapping[tuple[str, str], Verdict]:
        """A verdict for each pair of complete models; all pairs are one family."""
        family = dict[tuple[str, str], ScoreDifference]()
        for a, b in combinations(self.complete, 2):
            if are_comparable(a.record, a.scores.sample, b.record, b.scores.sample):
                family[a.name, b.name] = ScoreDifference.of(
                    a.scores, b.scores, a.scores.mean, b.scores.mean
                )
        return dict(zip(family, verdicts([*family.values()]), strict=True))

    def class_grid(self, name: str) -> pd.DataFrame:
        """Return the IoU of each class of a measured row; see ranking/class_grid.py."""
        rows = self.per_class[self.per_class["model"] == name]
        return class_grid(rows, self.protocol, self.classes)
