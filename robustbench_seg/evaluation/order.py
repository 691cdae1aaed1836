"""A study in words: all that a process, on this machine or another, needs to do its part."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch

from robustbench_seg.datasets import Dataset, open_dataset
from robustbench_seg.evaluation.plan import Study, check_segmenters
from robustbench_seg.evaluation.run import evaluate
from robustbench_seg.records.protocol import Condition, Protocol, load_protocol
from robustbench_seg.records.shard import WHOLE, Shard
from robustbench_seg.results import RunFolder
from robustbench_seg.segmenter import Segmenter, load_segmenter


@dataclass(frozen=True)
class Order:
    """Models by name, data by path; the fields are the options of `robustseg evaluate`.

    corruptions, severities: which of the protocol's; none named: all; "clean" is always run
    threads: CPU threads of a network; None: as many as torch takes
    folder:  what relative paths are relative to
    argv:    the command that was given
    """

    models: tuple[str, ...]
    out: Path
    data: Path | None = None
    dataset: str = "cityscapes"
    split: str = "val"
    limit: int | None = None
    weights: str | None = None
    name: str | None = None
    inference: Literal["whole", "slide"] | None = None
    device: str = "cpu"
    precision: str = "float32"
    backend: Literal["torch", "onnxruntime", "openvino"] = "torch"
    batch: int = 1
    protocol: str = "cityscapes-c"
    corruptions: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    stream: str = "fast"
    seed: int = 0
    corrupted: Path | None = None
    predictions: Path | None = None
    workers: int = 1
    threads: int | None = None
    folder: Path = field(default_factory=Path.cwd)
    argv: tuple[str, ...] = field(default_factory=lambda: tuple(sys.argv))

    def open(self) -> "OpenOrder":
        """Open the data and load the models; whatever is wrong with them is raised here."""
        return OpenOrder(self)


class OpenOrder:
    """An order with its data open and its models loaded; see the fields of `evaluate`."""

    def __init__(self, order: Order) -> None:
        if order.threads is not None:
            torch.set_num_threads(order.threads)
        self.order = order
        self.protocol: Protocol = load_protocol(order.protocol)
        self.conditions = _conditions(self.protocol, order.corruptions, order.severities)
        dataset = open_dataset(order.dataset, order.data, order.split)
        self.dataset: Dataset = dataset.first(order.limit) if order.limit else dataset
        self.segmenters: Sequence[Segmenter] = [
            load_segmenter(
                model,
                weights=order.weights,
                name=order.name,
                inference=order.inference,
                device=order.device,
                precision=order.precision,
                classes=self.dataset.classes,
                backend=order.backend,
                batch=order.batch,
            )
            for model in order.models
        ]

    @cached_property
    def study(self) -> Study:
        """The plan of all of it."""
        order = self.order
        made = (order.stream, order.seed, order.corrupted)
        return Study(self.dataset, self.protocol, self.conditions, *made)

    def folders(self) -> list[Path]:
        """Where the run folders are, or will be: whoever runs a part of the order makes them."""
        check_segmenters(self.segmenters, self.dataset)
        how = self.study.recipe()
        records = [self.study.record(segmenter, how) for segmenter in self.segmenters]
        return [RunFolder.path_of(self.order.out, record) for record in records]

    def evaluate(self, shard: Shard = WHOLE, progress: bool = False) -> list[Path]:
        """Run a part of it, or all; see study.evaluate."""
        order = self.order
        return evaluate(
            self.segmenters,
            self.dataset,
            self.protocol,
            self.conditions,
            order.out,
            stream=order.stream,
            seed=order.seed,
            corrupted=order.corrupted,
            shard=shard,
            workers=order.workers,
            predictions=order.predictions,
            progress=progress,
        )


def _conditions(
    protocol: Protocol, corruptions: Sequence[str], severities: Sequence[int]
) -> tuple[Condition, ...]:
    named = [corruption for corruption in corruptions if corruption != "clean"]
    return () if corruptions and not named else protocol.conditions(named, severities)
