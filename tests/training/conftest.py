from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image
from torch import nn

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.datasets import Sample
from robustbench_seg.records.cards.model_card import ModelCard
from robustbench_seg.records.cards.weights_source import WeightsSource
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.training import InitialNetwork
from robustbench_seg.training import fit as fit_to_spec


@dataclass
class Blocks:
    """Images of coloured blocks, one colour per class: what a pixel's colour decides."""

    count: int = 7
    size: tuple[int, int] = (48, 64)
    classes: tuple[str, ...] = ("red", "green", "blue")
    name: str = "blocks"

    @property
    def fingerprint(self):
        return {"count": self.count, "size": self.size}

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        height, width = self.size
        coarse = rng.integers(0, 3, (height // 8, width // 8), np.uint8)
        labels = np.kron(coarse, np.ones((8, 8), np.uint8))
        image = np.eye(3, dtype=np.uint8)[labels] * 200 + rng.integers(0, 50, (height, width, 3))
        labels[0, 0] = 255
        return Sample(f"{index}.png", image.astype(np.uint8), labels)

    def __iter__(self):
        return (self[index] for index in range(self.count))


class Small(SegmentationNetwork):
    """The smallest network: a backbone, a head, and logits at 1/4."""

    def __init__(self, classes=3):
        super().__init__()
        conv = nn.Conv2d(3, 8, 4, stride=4, bias=False)
        self.backbone = nn.Sequential(conv, nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(8, classes, 1))

    def forward(self, images):
        return self.head(self.backbone(images))


DESCRIPTION = """
name = "stripes"
images = "{split}/*.jpg"
labels = "{split}/*.png"
classes = ["dark", "bright"]
"""


def fit_network(network, images, validation, recipe, card, **options):
    """`fit` of a network without an encoder; options are fields of TrainingSpec."""
    spec = TrainingSpec(card.name, recipe=recipe, **options)
    return fit_to_spec(spec, InitialNetwork(network, card, None), images, validation)


@pytest.fixture
def fit():
    return fit_network


@pytest.fixture
def blocks():
    return Blocks()


@pytest.fixture
def small():
    return Small


@pytest.fixture
def card():
    """A card: ImageNet's normalisation, whole images at their own size."""
    return ModelCard(
        "small",
        "blocks",
        3,
        WeightsSource("none"),
        Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        Inference("whole"),
    )


@pytest.fixture
def stripes(tmp_path):
    """A dataset of one's own: dark above, bright below."""
    for split in ("train", "val"):
        (tmp_path / split).mkdir()
        for i in range(3):
            labels = np.zeros((40, 64), np.uint8)
            labels[15 + 5 * i :] = 1
            image = np.repeat(labels[..., None] * np.uint8(150) + np.uint8(40), 3, axis=2)
            Image.fromarray(image).save(tmp_path / split / f"{i}.jpg")
            Image.fromarray(labels).save(tmp_path / split / f"{i}.png")
    (tmp_path / "stripes.toml").write_text(DESCRIPTION)
    return str(tmp_path / "stripes.toml")
