"""The class map of a run: the class of the dataset for each class of the model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from robustbench_seg.codec import to_table
from robustbench_seg.files import digest_json
from robustbench_seg.records.values.ranges import MAX_CLASSES, Positive

IGNORED = "ignore"
"""The target of a model class that corresponds to no class of the dataset."""

CLASS_MAP_LAW = 1
"""Increment when the same map gives different counts."""

NO_LIKELIHOOD = "a class map is used, so the probability of the true class is unknown"
"""Why a run with a class map has no NLL and no Brier score."""


@dataclass(frozen=True)
class ClassMapRecord:
    """Everything in a class map that decides counts. It is part of a run's key.

    Attributes:
        classes: The classes that the model predicts, in the order of its label indices.
        targets: The class of the dataset for each of them, or IGNORED.
        left_out: The classes of the dataset whose pixels are not scored.
        missed: The classes of the dataset to which no class of the model maps. Their pixels are
            scored, and all are misses.
        law: Version of the rules by which pixels are counted.
    """

    classes: tuple[str, ...]
    targets: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    law: Positive = CLASS_MAP_LAW

    def __post_init__(self) -> None:
        if not 1 <= len(self.classes) <= MAX_CLASSES or len(self.classes) != len(self.targets):
            raise ValueError(
                f"{len(self.classes)} classes and {len(self.targets)} targets; give 1 to "
                f"{MAX_CLASSES} classes with one target each"
            )

    @property
    def ignored(self) -> tuple[str, ...]:
        """The classes of the model that map to no class of the dataset."""
        pairs = zip(self.classes, self.targets, strict=True)
        return tuple(name for name, target in pairs if target == IGNORED)

    @property
    def merged(self) -> Mapping[str, tuple[str, ...]]:
        """Maps a class of the dataset to the model's classes that map to it, if any."""
        found = dict[str, tuple[str, ...]]()
        for name, target in zip(self.classes, self.targets, strict=True):
            if target != IGNORED:
                found[target] = (*found.get(target, ()), name)
        return found

    @cached_property
    def digest(self) -> str:
        """sha256 of the record, as 64 hex digits."""
        return digest_json(to_table(self))


@dataclass(frozen=True)
class ClassMapFacts:
    """Facts about a class map for readers; none of them changes a count.

    Attributes:
        name: The name of its file, without .toml.
        about: Its purpose.
        reasons: Why a class of the model or of the dataset is mapped, ignored or missed. The reason
            of IGNORED applies to all ignored classes without their own reason.
    """

    name: str
    about: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)
