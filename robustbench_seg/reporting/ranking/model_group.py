"""The common base of a panel of a report and a board of a leaderboard."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_record import RunRecord, class_maps_text
from robustbench_seg.reporting.literature.published_results import (
    PublishedResults,
    published_results,
)
from robustbench_seg.reporting.ranking.ranked_model import Model
from robustbench_seg.reporting.ranking.ranking_row import RankingRow
from robustbench_seg.results import MEASURED, category_means, miou_columns


@dataclass(frozen=True, eq=False)
class ModelGroup(ABC, Generic[Model]):
    """Models that were scored on the same images under one protocol.

    There are two kinds. A `Panel` has all scores and draws of a few models, because the page of a
    report shows them by condition, class and image. A `Board` ranks many models by any score, and
    has only the cached scores of a leaderboard.

    Attributes:
        protocol: The protocol of the models.
        qualifier: Text that distinguishes the images and classes from those of another group of the
            same dataset, split and protocol, such as "50 images"; empty if there is no other.
        models: The measured models, the most robust first, those without a mean last.
    """

    protocol: Protocol
    qualifier: str
    models: tuple[Model, ...]

    @property
    @abstractmethod
    def ranks(self) -> Sequence[str]:
        """The rank of each row of `miou`, such as "1" or "2="; empty without a mean."""

    @property
    def record(self) -> RunRecord:
        """The content of run.json of the first model."""
        return self.models[0].record

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.record.dataset

    @property
    def split(self) -> str:
        """Its split."""
        return self.record.split

    @property
    def images(self) -> int:
        """Number of images of the evaluation, scored or not."""
        return self.record.images

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the dataset's classes."""
        return self.record.classes

    @property
    def class_maps(self) -> str:
        """Text such as ", class map cityscapes-to-camvid"; empty if no model has a class map."""
        return class_maps_text(model.record for model in self.models)

    @property
    def name(self) -> str:
        """Dataset, split, qualifier if there is one, and protocol, as headings show them."""
        qualifier = f", {self.qualifier}" if self.qualifier else ""
        return f"{self.dataset} {self.split}{qualifier} ({self.protocol.name})"

    @cached_property
    def published(self) -> PublishedResults:
        """Published results: those that rank with the models, and the others on the dataset."""
        return published_results(
            self.dataset,
            self.split,
            self.protocol,
            self.images,
            all_classes=not self.record.left_out_classes,
        )

    @cached_property
    def miou(self) -> pd.DataFrame:
        """The rows of tables/miou.csv, the most robust first, incomplete rows last.

        Columns MIOU_COLUMNS, clean, each perturbation in protocol order, mean, retention and runs.
        Published results that rank are among the rows.
        """
        tables = [model.score_row for model in self.models]
        if len(self.published.ranked):
            tables.append(self.published.ranked)
        rows = pd.concat(tables, ignore_index=True)
        rows = rows.sort_values(["mean", "model"], ascending=[False, True], kind="stable")
        return rows.reset_index(drop=True)

    @cached_property
    def per_severity(self) -> pd.DataFrame:
        """The rows of tables/per_severity.csv. Columns SEVERITY_COLUMNS."""
        return pd.concat([model.severity_rows for model in self.models], ignore_index=True)

    @cached_property
    def per_class(self) -> pd.DataFrame:
        """The rows of tables/per_class.csv. Columns CLASS_COLUMNS."""
        return pd.concat([model.class_rows for model in self.models], ignore_index=True)

    @cached_property
    def category_means(self) -> Mapping[str, NDArray[np.float64]]:
        """Maps a category to the mean over its perturbations, for each row of `miou`."""
        perturbations = {name: self.miou[name].to_numpy(float) for name in self.protocol.names}
        return category_means(perturbations, self.protocol)

    @cached_property
    def ranking(self) -> tuple[RankingRow[Model], ...]:
        """The ranking by the mean: a row for each of `miou`, in the same order."""
        columns, by_category = miou_columns(self.protocol), self.category_means
        rows = zip(self.miou.to_dict("records"), self.ranks, strict=True)
        return tuple(
            RankingRow(
                index=index,
                rank=rank,
                name=cells["model"],
                scores={name: float(cells[name]) for name in columns},
                categories={name: float(means[index]) for name, means in by_category.items()},
                model=self.model(cells["model"]) if cells["source"] == MEASURED else None,
            )
            for index, (cells, rank) in enumerate(rows)
        )

    def model(self, name: str) -> Model:
        """Return the measured model of a name."""
        return next(model for model in self.models if model.name == name)
