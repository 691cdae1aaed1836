"""What a study runs, and what makes one run differ from another."""

import importlib.metadata
import logging
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from robustbench_seg.analysis import count_image
from robustbench_seg.corruption import FAST_STREAM_VERSION, STREAMS
from robustbench_seg.datasets import VAL_IMAGES, Dataset
from robustbench_seg.errors import (
    CorruptionError,
    ModelError,
    ResultsError,
    RobustsegError,
    unknown,
)
from robustbench_seg.machine.hardware import hardware
from robustbench_seg.records.protocol import CLEAN, Condition, Protocol
from robustbench_seg.records.shard import WHOLE, Shard
from robustbench_seg.results import file_name
from robustbench_seg.segmenter import Segmenter
from robustbench_seg.trees.manifest import read_manifest
from robustbench_seg.trees.record import TreeRecord, tree_record

log = logging.getLogger(__name__)

BLOCK = 4
"""Consecutive images of the split whose rows are written together."""


@dataclass(frozen=True)
class Study:
    """Every segmenter on every image under every condition; clean is always one of them.

    corrupted: a tree written by generate-cityscapes-c to read corrupted images from; None: make
        them in memory. Both give the same numbers.
    shard: the part of the blocks that is run here, for other machines to run the rest.
    """

    dataset: Dataset
    protocol: Protocol
    conditions: tuple[Condition, ...]
    stream: str = "fast"
    seed: int = 0
    corrupted: Path | None = None
    shard: Shard = WHOLE

    def __post_init__(self) -> None:
        if self.stream not in STREAMS:
            raise CorruptionError(unknown("stream", self.stream, STREAMS))
        if not 0 <= self.seed < 2**32:
            raise CorruptionError(f"seed {self.seed}: an integer of 0 to 2^32 - 1 is wanted")

    @property
    def all_conditions(self) -> tuple[Condition, ...]:
        """Clean, then the others in their order."""
        return (CLEAN, *(c for c in self.conditions if c != CLEAN))

    def phases(self, segmenters: Sequence[Segmenter]) -> Sequence[tuple[Condition, ...]]:
        """The conditions in the order in which they are run over all images.

        All at once, so that each image is decoded once. But where a published clean score can
        show that something is wrong, clean goes first: better to learn that before the long part.
        """
        if self.shard == WHOLE and any(map(self.published, segmenters)):
            return [(CLEAN,), self.all_conditions]
        return [self.all_conditions]

    def published(self, segmenter: Segmenter) -> Mapping[str, Any] | None:
        """The published clean score of a segmenter, if it is of these very images."""
        data, score = self.dataset, segmenter.about.get("published")
        whole = data.split == "val" and len(data) == VAL_IMAGES.get(data.name)
        return score if score and whole and score.get("dataset") == data.name else None

    def blocks(self) -> Sequence[range]:
        """Indices of the images of each block of the shard."""
        count = len(self.dataset)
        starts = range(0, count, BLOCK)
        return self.shard.of([range(start, min(start + BLOCK, count)) for start in starts])

    def recipe(self) -> TreeRecord:
        """How the corrupted images come about: here and now, or as the tree's manifest says.

        Raises ResultsError if the tree was made otherwise than this study asks for, or lacks one
        of its conditions.
        """
        data = self.dataset
        how = self.protocol, self.stream, self.seed, data.name, data.split
        wanted = tree_record(*how, self.conditions)
        if self.corrupted is None:
            return wanted
        made = read_manifest(self.corrupted)
        differing = made.differences(wanted)
        if differing:
            raise ResultsError(
                f"{self.corrupted} does not hold the images asked for: {'; '.join(differing)}. "
                "Ask for what it holds, or leave out --corrupted"
            )
        for condition in self.all_conditions[1:]:
            if not (self.corrupted / condition.folder).is_dir():
                raise ResultsError(
                    f"{self.corrupted} has no {condition.name} at severity "
                    f"{condition.severity}; generate it, or choose others with --corruption"
                )
        return made

    def record(self, segmenter: Segmenter, how: TreeRecord) -> dict[str, Any]:
        """What run.json is to hold. Its `key` holds exactly what changes a number.

        The protocol's name is no part of the key: it chooses and averages conditions, and only
        its severity tables change an image. Nor is anything of which the results are independent:
        workers, paths, the way the corrupted images came in, which conditions were asked for.
        """
        data = self.dataset
        versions = {name: importlib.metadata.version(name) for name in ("numpy", "pillow", "torch")}
        return {
            "model": segmenter.name,
            "dataset": data.name,
            "split": data.split,
            "images": len(data),
            "clip": data.clip,
            "stream": self.stream,
            "seed": self.seed,
            "protocol": self.protocol.name,
            "protocol_version": self.protocol.version,
            "key": {
                "segmenter": dict(segmenter.facts),
                "dataset": {
                    "name": data.name,
                    "split": data.split,
                    "classes": list(data.classes),
                    "fingerprint": dict(data.fingerprint),
                },
                "corruption": {
                    "stream": how.stream,
                    "seed": how.seed,
                    "severities": how.severities_digest,
                    "versions": {**how.libraries, "fast stream": str(FAST_STREAM_VERSION)},
                },
                "versions": versions,
            },
            "published": self.published(segmenter),
            "about": {**segmenter.about, "macs": _macs(segmenter, data)},
            "hardware": hardware(segmenter.about.get("device", "cpu")),
            "classes": list(data.classes),
            "palette": [list(colour) for colour in data.palette],
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": command_line(),
        }


def _macs(segmenter: Segmenter, data: Dataset) -> int | None:
    """Multiply-accumulates for an image of the size of the first one, where they can be counted."""
    if not {"architecture", "variant", "inference"} <= segmenter.facts.keys():
        return None
    try:
        height, width = data[0].image.shape[:2]
        return count_image(segmenter.facts, len(segmenter.classes), (height, width))
    except RobustsegError as error:
        log.info("%s: operations not counted: %s", segmenter.name, error)
        return None


def command_line() -> str:
    """The command that this process was started with."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def check_segmenters(segmenters: Sequence[Segmenter], dataset: Dataset) -> None:
    """ModelError if a segmenter does not predict the dataset's classes, or two have one name."""
    for segmenter in segmenters:
        if tuple(segmenter.classes) != tuple(dataset.classes):
            raise ModelError(
                f"{segmenter.name} predicts {_listed(segmenter.classes)}; {dataset.name} has "
                f"{_listed(dataset.classes)}: choose a model trained on this dataset's classes"
            )
    names = [file_name(segmenter.name) for segmenter in segmenters]
    for name in names:
        if names.count(name) > 1:
            raise ModelError(f"two models are called {name}; run them apart, or with --name")


def _listed(classes: Sequence[str]) -> str:
    return f"{len(classes)} classes ({', '.join(classes)})"
