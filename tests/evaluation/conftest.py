from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import robustbench_seg as rs
from robustbench_seg.datasets import Sample
from robustbench_seg.errors import DatasetError
from robustbench_seg.evaluation.inputs.attack_settings import AttackSettings
from robustbench_seg.evaluation.inputs.checks import check_evaluation
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.evaluation.loop import run_evaluation
from robustbench_seg.measures import select_measures
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.segmenter import SegmenterOptions, segmenter_of
from robustbench_seg.trees.manifests.tree_record import CorruptionChoice
from robustbench_seg.trees.writing.plan import CleanImage, TreePlan
from robustbench_seg.trees.writing.write_tree import write_tree

CLASSES = ("dark", "middle", "bright")


@dataclass
class Toy:
    """Smooth coloured images; their labels are three levels of red; 255 along one edge."""

    count: int = 6
    broken: tuple[int, ...] = ()
    classes: tuple[str, ...] = CLASSES
    name: str = "toy"
    split: str = "val"
    palette = ((10, 20, 30), (40, 50, 60), (70, 80, 90))
    version: int = 0
    clip: int = 1
    reads: list[int] = field(default_factory=list)

    @property
    def ids(self):
        return tuple(f"val/{i}.png" for i in range(self.count))

    @property
    def fingerprint(self):
        return {"count": self.count, "version": self.version}

    def __len__(self):
        return self.count

    def image(self, index):
        rng = np.random.default_rng(index)
        small = rng.integers(0, 256, (5, 6, 3), np.uint8)
        return np.repeat(np.repeat(small, 8, axis=0), 8, axis=1)

    def __getitem__(self, index):
        self.reads.append(index)
        if index in self.broken:
            raise DatasetError(f"val/{index}.png: the image cannot be read") from OSError()
        image = self.image(index)
        labels = (image[..., 0] // 86).astype(np.uint8)
        labels[0] = 255
        return Sample(self.ids[index], image, labels)

    def first(self, count):
        return replace(self, count=min(count, self.count))


@dataclass
class Reds:
    """Segments by the level of red; counts its calls, and can fail at one of them."""

    name: str = "reds"
    classes: tuple[str, ...] = CLASSES
    facts: dict[str, object] = field(default_factory=lambda: {"shift": 0})
    about: dict[str, object] = field(default_factory=lambda: {"params": 0})
    calls: int = 0
    fails_at: int | None = None
    failure: type[BaseException] = KeyboardInterrupt

    def __post_init__(self):
        self.__qualname__ = "Reds"  # also of subclasses, so that they share one run

    def __call__(self, image):
        if self.calls == self.fails_at:
            raise self.failure
        self.calls += 1
        return np.minimum(image[..., 0] // 86 + self.facts["shift"], 2).astype(np.uint8)


def evaluation(
    segmenters: Sequence[object],
    dataset: object,
    protocol: Protocol,
    conditions: Iterable[Condition],
    out: Path = Path("runs"),
    **options: Any,
) -> Evaluation:
    """An evaluation of objects; the options are fields of EvaluationSpec."""
    loaded = tuple(segmenter_of(segmenter, SegmenterOptions()) for segmenter in segmenters)
    names = tuple(segmenter.name for segmenter in loaded)
    spec = EvaluationSpec(names or ("not asked",), out=out, **options)
    measures = select_measures(spec.measures)
    attacks = AttackSettings(protocol)
    opened = Evaluation(spec, dataset, protocol, tuple(conditions), measures, loaded, attacks)
    check_evaluation(opened)
    return opened


def evaluate(*things: Any, progress: bool = False, **options: Any) -> list[Path]:
    """Run such an evaluation; returns the run folders."""
    return run_evaluation(evaluation(*things, **options), progress=progress)


@pytest.fixture(scope="session")
def protocol():
    return load_protocol()


@pytest.fixture
def conditions(protocol):
    return protocol.conditions(["contrast", "gaussian_noise"], [1, 4])


@pytest.fixture
def toy():
    return Toy


@pytest.fixture
def reds():
    return Reds


@pytest.fixture
def tree(tmp_path, protocol):
    """Write a dataset's corrupted images to disk."""

    def write(dataset, conditions: tuple[Condition, ...], seed: int = 0) -> Path:
        sources = tuple(
            CleanImage(name, partial(dataset.image, index), {})
            for index, name in enumerate(dataset.ids)
        )
        out = tmp_path / "tree"
        write_tree(
            TreePlan(
                out,
                sources,
                conditions,
                CorruptionChoice(protocol, "fast", seed),
                dataset.name,
                dataset.split,
            )
        )
        return out

    return write


SOME = {"corruptions": ("contrast", "gaussian_noise"), "severities": (1, 4)}


class Levels(nn.Module):
    """Logits by the distance of red from three levels."""

    def forward(self, images):
        centres = torch.tensor([0.1, 0.47, 0.733])[:, None, None]
        return -40 * (images[:, :1] - centres).abs()


@pytest.fixture
def levels(toy, tmp_path):
    """Evaluate a network; its predictions are saved in `tmp_path`/p/levels."""

    def run(count=6, **options):
        given = {"classes": CLASSES, "mean": (0.0,) * 3, "std": (1.0,) * 3, "name": "levels"}
        given |= {"save_predictions": tmp_path / "p", "save_confidence": True}
        (found,) = rs.evaluate(
            model=Levels(), dataset=toy(count), out=tmp_path / "net", **(given | SOME | options)
        )
        return found

    return run


@pytest.fixture
def stored(toy, tmp_path):
    """Evaluate the predictions in `tmp_path`/p/levels."""

    def run(count=6, data=None, **options):
        (found,) = rs.evaluate(
            model=f"predictions:{tmp_path / 'p/levels'}",
            dataset=data or toy(count),
            **({"out": tmp_path / "runs"} | SOME | options),
        )
        return found

    return run


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "p/levels"
