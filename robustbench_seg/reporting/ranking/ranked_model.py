"""The common base of a measured model of a panel and an entry of a leaderboard."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.results import Interval


@dataclass(frozen=True, eq=False)
class RankedModel(ABC):
    """A model with its runs, which may be several trainings and seeds.

    A `MeasuredModel` of a panel has all scores and draws. An `Entry` of a board has only the cached
    scores.

    Attributes:
        name: Its name, unique within its group.
    """

    name: str

    @property
    @abstractmethod
    def folders(self) -> tuple[Path, ...]:
        """Its run folders, one for each training and seed of the corruptions."""

    @property
    @abstractmethod
    def records(self) -> tuple[RunRecord, ...]:
        """The content of run.json of each run."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """Its mIoU averaged over the perturbations, in percent; nan while it lacks conditions."""

    @property
    @abstractmethod
    def mean_interval(self) -> Interval:
        """The 95 % interval of its mean; nan if there is none."""

    @property
    @abstractmethod
    def trainings(self) -> int:
        """Number of trainings that its scores average over."""

    @property
    @abstractmethod
    def seconds(self) -> float:
        """Median seconds from an image to its labels, as the first run measured; nan: unknown."""

    @property
    @abstractmethod
    def score_row(self) -> pd.DataFrame:
        """Its row of tables/miou.csv: MIOU_COLUMNS, the scores and the runs."""

    @property
    @abstractmethod
    def severity_rows(self) -> pd.DataFrame:
        """Its rows of tables/per_severity.csv, in protocol order: SEVERITY_COLUMNS."""

    @property
    @abstractmethod
    def class_rows(self) -> pd.DataFrame:
        """Its rows of tables/per_class.csv: CLASS_COLUMNS."""

    @property
    def folder(self) -> Path:
        """The folder of the first run."""
        return self.folders[0]

    @property
    def record(self) -> RunRecord:
        """The content of run.json of the first run."""
        return self.records[0]

    @property
    def parameters(self) -> int | None:
        """Number of parameters of the network, if the run states it."""
        return self.record.about.params

    @property
    def gmacs(self) -> float:
        """10^9 multiply-accumulates for one image; nan if the run does not state them."""
        macs = self.record.about.macs
        return math.nan if macs is None else macs / 1e9

    @property
    def speed(self) -> float:
        """Images per second; nan if unknown."""
        return 1 / self.seconds if self.seconds > 0 else math.nan

    @property
    def tag(self) -> str | None:
        """The text after its name: its trainings, seeds and augmentation. None: no text."""
        seeds = len({record.seed for record in self.records})
        tags = [f"{self.trainings} trainings"] if self.trainings > 1 else []
        tags += [f"{seeds} seeds"] if seeds > 1 else []
        training = self.record.about.training
        if training and training.augment:
            tags.append(f"trained with {training.augment}")
        return ", ".join(tags) or None


Model = TypeVar("Model", bound=RankedModel)


def by_robustness(models: Iterable[Model]) -> tuple[Model, ...]:
    """Sort models by their mean, the most robust first, then by name; those without one last."""

    def key(model: RankedModel) -> tuple[bool, float, str]:
        incomplete = math.isnan(model.mean)
        return incomplete, 0.0 if incomplete else -model.mean, model.name

    return tuple(sorted(models, key=key))
