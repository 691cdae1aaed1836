"""A class map: maps the classes of a model to the classes of a dataset."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.classes.label_table import IGNORE
from robustbench_seg.errors import ModelError
from robustbench_seg.records.runs.class_map_record import IGNORED, ClassMapFacts, ClassMapRecord


@dataclass(frozen=True, eq=False)
class ClassMap:
    """A class map.

    Attributes:
        facts: Its name, and its reasons.
        record: The target of each class of the model.
        dataset_classes: The classes of the dataset, in the order of the class indices.
    """

    facts: ClassMapFacts
    record: ClassMapRecord
    dataset_classes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.facts.name

    @property
    def model_classes(self) -> tuple[str, ...]:
        """The classes that the model predicts, in the order of its label indices."""
        return self.record.classes

    def labels(self, predicted: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Map the labels of the model to those of the dataset.

        Args:
            predicted: uint8, any shape: indices of the model's classes.

        Returns:
            uint8 of the same shape, the indices of the dataset's classes. IGNORE (255) marks
            predicted classes that the map ignores.

        Raises:
            ModelError: A label is not a class of the model.
        """
        count = len(self.model_classes)
        if predicted.size and int(predicted.max()) >= count:
            raise ModelError(
                f"predictions up to {predicted.max()}, but the class map {self.name} is for "
                f"{count} classes; choose a class map for this model"
            )
        labels: NDArray[np.uint8] = self._table[predicted]
        return labels

    def truth(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Set the true pixels of the classes that are left out to IGNORE (255).

        Args:
            labels: uint8, any shape: indices of the dataset's classes; IGNORE is kept.

        Returns:
            uint8 of the same shape.
        """
        left_out = [self.dataset_classes.index(name) for name in self.record.left_out]
        if not left_out:
            return labels
        table = np.arange(256, dtype=np.uint8)
        table[left_out] = IGNORE
        scored: NDArray[np.uint8] = table[labels]
        return scored

    @cached_property
    def _table(self) -> NDArray[np.uint8]:
        """uint8 256: maps the index of a class of the model to that of its target, or to IGNORE."""
        table = np.full(256, IGNORE, np.uint8)
        for index, target in enumerate(self.record.targets):
            if target != IGNORED:
                table[index] = self.dataset_classes.index(target)
        return table
